// The dashboard: what the address says -> the API's answers -> figures, chart and table.
import { chart, plain, svg } from "./chart.js";
import { forecasts } from "./forecasts.js";
import { portfolio } from "./portfolio.js";
import { quality } from "./quality.js";

const $ = (id) => document.getElementById(id);
const FUELS = [["elec", "Electricity"], ["gas", "Gas"], ["district_heating", "District heat"]];
const DIRECTIONS = [["consumption", "Consumption"], ["import", "Import"], ["export", "Export"], ["production", "Production"]];
const SCALES = [["PT1H", "Hours"], ["P1D", "Days"], ["P1M", "Months"]];
// What hours are told from where the home has no week of its own.
const BASES = {
  similar_homes: ", told from similar homes: it has no week of readings yet",
  profile: ", told from all homes of the country: it has no week of readings yet",
};
const MOST_HOMES = 6;
const MONTHS = Array.from({ length: 12 }, (_, m) =>
  new Intl.DateTimeFormat(undefined, { month: "short", timeZone: "UTC" }).format(Date.UTC(2025, m, 15)));

let token = null, homes = [], cursor = null, shown = null, at = -1, asked = 0;
const state = { homes: [], fuel: "", direction: "", scale: "P1D", day: "" };

class Problem extends Error {}

async function get(path, isRetry = false) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 401 && !isRetry && (await session())) return get(path, true);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    if (answer.status === 401 || answer.status === 403) askForToken();
    throw new Problem([body.detail ?? `The server answered ${answer.status}.`, body.cure].filter(Boolean).join(" "));
  }
  return body;
}

async function session() {
  const given = await (await fetch("/session")).json();
  token = given.token ?? sessionStorage.getItem("token");
  return given.token;
}

// The token says so itself; the server looks at its signature.
function isOperator() {
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return !claims.partner_id && claims.scope.split(" ").includes("insights.read.all");
  } catch {
    return false;
  }
}

function askForToken() {
  sessionStorage.removeItem("token");
  $("token-form").hidden = false;
  $("view").hidden = true;
}

// --- the address -----------------------------------------------------------------------------
function readAddress() {
  const query = new URLSearchParams(location.search);
  state.homes = query.getAll("home").slice(0, MOST_HOMES);
  state.fuel = query.get("fuel") ?? "";
  state.direction = query.get("direction") ?? "";
  state.scale = SCALES.some(([s]) => s === query.get("by")) ? query.get("by") : "P1D";
  state.day = /^\d{4}-\d\d-\d\d$/.test(query.get("at") ?? "") ? query.get("at") : "";
}

function writeAddress() {
  const query = new URLSearchParams(state.homes.map((h) => ["home", h]));
  for (const [key, value] of [["fuel", state.fuel], ["direction", state.direction], ["by", state.scale], ["at", state.day]])
    query.set(key, value);
  if (`?${query}` !== location.search) history.replaceState(null, "", `?${query}`);
}

// --- local days, as plain dates ------------------------------------------------------------------
const utc = (day) => new Date(`${day}T00:00:00Z`);
const said = (date) => date.toISOString().slice(0, 10);
function moved(day, { days = 0, months = 0 }) {
  const d = utc(day);
  if (months) d.setUTCMonth(d.getUTCMonth() + months, 1);
  d.setUTCDate(d.getUTCDate() + days);
  return said(d);
}
function span() {
  const day = state.day;
  if (state.scale === "PT1H") return [day, moved(day, { days: 2 })];
  if (state.scale === "P1D") return [`${day.slice(0, 7)}-01`, moved(`${day.slice(0, 7)}-01`, { months: 1 })];
  return [`${day.slice(0, 4)}-01-01`, `${Number(day.slice(0, 4)) + 1}-01-01`];
}
function title() {
  const write = (day, options) => new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" }).format(utc(day));
  if (state.scale === "PT1H") {
    const short = { day: "numeric", month: "short" };
    return `${write(state.day, short)} – ${write(moved(state.day, { days: 1 }), { ...short, year: "numeric" })}`;
  }
  return state.scale === "P1D" ? write(state.day, { month: "long", year: "numeric" }) : state.day.slice(0, 4);
}
function step(by) {
  const far = { PT1H: { days: by }, P1D: { months: by }, P1M: { months: 12 * by } }[state.scale];
  const next = moved(state.day, far);
  if (next > "1970-01-31" && next < "2199-01-01") { state.day = next; draw(); }
}
const clock = (instant) => `${instant.slice(8, 10)} ${MONTHS[Number(instant.slice(5, 7)) - 1]} ${instant.slice(11, 16)}`;
function label(instant) {
  if (state.scale === "PT1H") return instant.slice(11, 13);
  return state.scale === "P1D" ? String(Number(instant.slice(8, 10))) : MONTHS[Number(instant.slice(5, 7)) - 1];
}
function when(e) {
  if (state.scale === "PT1H") return `${clock(e.starts_at)}–${e.ends_at.slice(11, 16)} (UTC${e.starts_at.slice(19)})`;
  if (state.scale === "P1M") return `${MONTHS[Number(e.starts_at.slice(5, 7)) - 1]} ${e.starts_at.slice(0, 4)}`;
  return new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(utc(e.starts_at.slice(0, 10)));
}

// --- choices -------------------------------------------------------------------------------------
const keyOf = (home) => `${home.partner_id}/${home.location_id}`;
const chosen = () => state.homes.map((key) => homes.find((h) => keyOf(h) === key)).filter(Boolean);

async function findHomes({ more = false } = {}) {
  const query = new URLSearchParams({ search: $("search").value, limit: 40 });
  if (more && cursor) query.set("cursor", cursor);
  const page = await get(`/v1/locations?${query}`);
  cursor = page.next_cursor;
  const kept = more ? homes : chosen();
  homes = [...kept, ...page.items.filter((h) => !kept.some((k) => keyOf(k) === keyOf(h)))];
  showHomes();
}

function showHomes() {
  const focused = document.activeElement?.dataset?.key;
  $("homes").replaceChildren(...homes.map((home) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: state.homes.includes(keyOf(home)) });
    box.dataset.key = keyOf(home);
    box.addEventListener("change", () => choose(home, box.checked));
    const name = document.createElement("label");
    name.append(box, home.location_id);
    if (home.is_simulated) name.append(Object.assign(document.createElement("em"), { textContent: "simulated" }));
    return name;
  }));
  if (!homes.length) $("homes").textContent = "No home has such an id.";
  if (focused) [...$("homes").querySelectorAll("input")].find((i) => i.dataset.key === focused)?.focus();
  $("more").hidden = !cursor;
}

function choose(home, isChosen) {
  const key = keyOf(home);
  state.homes = isChosen ? [...state.homes, key].slice(-MOST_HOMES) : state.homes.filter((k) => k !== key);
  showHomes();
  draw();
}

function segments(id, options, current, has, changed) {
  const box = document.createElement("div");
  box.append(...options.map(([value, text]) => {
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: id, value, checked: value === current, disabled: !has(value) });
    radio.addEventListener("change", () => changed(value));
    const name = document.createElement("label");
    name.append(radio, text);
    return name;
  }));
  const focused = $(id).contains(document.activeElement);
  $(id).querySelector("div")?.remove();
  $(id).append(box);
  if (focused) box.querySelector(":checked")?.focus();
}

// Takes what the chosen homes have where the address says nothing, or what they have not.
function settle() {
  const series = chosen().flatMap((h) => h.series);
  const fuels = new Set(series.map((s) => s.fuel));
  if (!fuels.has(state.fuel)) state.fuel = FUELS.map(([f]) => f).find((f) => fuels.has(f)) ?? "elec";
  const directions = new Set(series.filter((s) => s.fuel === state.fuel).map((s) => s.direction));
  if (!directions.has(state.direction)) state.direction = DIRECTIONS.map(([d]) => d).find((d) => directions.has(d)) ?? "consumption";
  if (!state.day) state.day = newest();
  segments("fuel", FUELS, state.fuel, (f) => fuels.has(f), (f) => { state.fuel = f; draw(); });
  segments("direction", DIRECTIONS, state.direction, (d) => directions.has(d), (d) => { state.direction = d; draw(); });
  segments("scale", SCALES, state.scale, () => true, (s) => { state.scale = s; draw(); });
}

function newest() {
  const ends = chosen().map((h) => h.data_until).filter(Boolean).sort((a, b) => Date.parse(a) - Date.parse(b));
  // The end is excluded: midnight belongs to the day before.
  return ends.length ? moved(ends.at(-1).slice(0, 10), { days: ends.at(-1).slice(11, 19) === "00:00:00" ? -1 : 0 }) : said(new Date());
}

// --- the picture -----------------------------------------------------------------------------------
async function draw() {
  const mine = ++asked;
  settle();
  writeAddress();
  $("period").textContent = title();
  document.body.classList.add("busy");
  const picked = chosen();
  portfolio(get, { partner: picked[0]?.partner_id, fuel: state.fuel, direction: state.direction, month: state.day.slice(0, 7) });
  forecasts(get, { partner: picked[0]?.partner_id, fuel: state.fuel, direction: state.direction });
  quality(get, { partner: picked[0]?.partner_id, isOperator: isOperator() });
  try {
    const [from, to] = span();
    const answers = await Promise.all(picked.map((h) => get(address(h, state.direction, { from, to, include: "cost,temperature,peak" }))));
    const forecast = picked.length === 1 && to > (answers[0].data_until ?? to).slice(0, 10)
      ? await get(address(picked[0], "forecast", { direction: state.direction })) : null;
    if (mine !== asked) return;
    shown = model(picked, answers, forecast);
    at = -1;
    render();
    tell(picked.length ? "" : homes.length ? "Choose a home above." : "There are no homes here yet. `lake register` and `lake ingest` bring some in.");
  } catch (error) {
    if (mine === asked) tell(error instanceof Problem ? error.message : "The server cannot be reached. Try again in a moment.");
  } finally {
    if (mine === asked) document.body.classList.remove("busy");
  }
}

function address(home, resource, query) {
  const all = new URLSearchParams({ partner_id: home.partner_id, fuel: state.fuel, resolution: state.scale, ...query });
  return `/v1/locations/${encodeURIComponent(home.location_id)}/${resource}?${all}`;
}

function model(picked, answers, forecast) {
  const series = answers.map((a, i) => {
    const own = picked[i].series.find((s) => s.fuel === state.fuel && s.direction === state.direction);
    const untilMs = a.data_until ? Date.parse(a.data_until) : -Infinity;
    const sinceMs = own ? Date.parse(own.data_from) : -Infinity;
    // Before its first reading and after its last one a home has no gaps.
    const covers = (e) => Date.parse(e.starts_at) < untilMs && Date.parse(e.ends_at) > sinceMs;
    return { home: picked[i], ...a, untilMs, sinceMs, covers };
  });
  const elements = series[0]?.elements ?? [];
  const index = new Map(elements.map((e, i) => [Date.parse(e.starts_at), i]));
  const expected = (forecast?.elements ?? [])
    .map((f) => ({ ...f, at: index.get(Date.parse(f.starts_at)) ?? -1 }))
    .filter((f) => f.at >= 0 && elements[f.at].energy_kwh === null && Date.parse(f.starts_at) >= series[0].untilMs);
  return { series, forecast: expected, refusal: forecast?.refusal ?? null, issued: forecast?.issued_at, basis: forecast?.basis };
}

function tell(message) {
  const isEmpty = !shown?.series.length || Boolean(message);
  $("state").textContent = message;
  $("state").hidden = !message;
  $("view").hidden = !homes.length && isEmpty;
  document.querySelector("section.card").hidden = isEmpty;
}

function render() {
  const { series, forecast } = shown;
  if (!series.length) return;
  document.querySelector("section.card").hidden = $("view").hidden = false;
  const hasTemperature = series.length === 1 && series[0].elements.some((e) => e.temperature_c !== null);
  const width = Math.max(260, Math.round($("chart").clientWidth || 640));
  shown.chart = chart({ width, series, forecast, hasTemperature, labels: series[0].elements.map((e) => label(e.starts_at)) });
  $("chart").replaceChildren(shown.chart.node);
  const names = series.map((s) => s.home.location_id).join(", ");
  $("chart").setAttribute("aria-label", `${state.direction} of ${names}, ${title()}, in kWh`);
  point(at);
  figures();
  legend(hasTemperature);
  table(hasTemperature);
  note();
  $("who").textContent = `${homes.length}${cursor ? "+" : ""} homes`;
  $("credit").textContent = credit();
}

function figures() {
  const past = shown.series.flatMap((s) => s.elements.filter(s.covers));
  const known = past.filter((e) => e.energy_kwh !== null);
  const sum = (list, key) => list.reduce((total, e) => total + (e[key] ?? 0), 0);
  const peak = known.reduce((best, e) => (e.peak_kw > (best?.peak_kw ?? 0) ? e : best), null);
  const money = new Set(known.map((e) => e.currency));
  const whole = sum(past, "expected_intervals");
  const until = shown.series.map((s) => s.data_until).filter(Boolean).sort((a, b) => Date.parse(a) - Date.parse(b)).at(0);
  const estimated = sum(known.map((e) => ({ n: e.estimated_share * e.observed_intervals })), "n") / (sum(known, "observed_intervals") || 1);
  const rows = [["total", "Total", known.length ? plain(sum(known, "energy_kwh")) : "–", "kWh", ""]];
  if (known.length && money.size === 1 && !money.has(null))
    rows.push(["cost", "Cost at spot price", plain(sum(known, "cost")), [...money][0], ""]);
  if (peak) rows.push(["peak", "Peak power", plain(peak.peak_kw), "kW", clock(peak.peak_at)]);
  rows.push(["complete", "Completeness", whole ? plain((100 * sum(past, "observed_intervals")) / whole, 1) : "–", "%",
             estimated > 0 ? `${plain(100 * estimated, 1)} % of it estimated` : ""]);
  rows.push(["until", "Data until", until ? clock(until) : "–", "", until ? until.slice(0, 4) : ""]);
  $("figures").replaceChildren(...rows.map(([id, name, value, unit, below]) => {
    const box = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.id = `figure-${id}`;
    dd.append(value, " ", Object.assign(document.createElement("small"), { textContent: unit }));
    if (below) dd.append(Object.assign(document.createElement("small"), { className: "below", textContent: below }));
    box.append(dt, dd);
    return box;
  }));
}

function legend(hasTemperature) {
  const items = shown.series.map((s, n) => [svg("rect", { class: `bar c${n}`, width: 18, height: 10 }), s.home.location_id, s.home.is_simulated]);
  if (hasTemperature) items.push([svg("path", { class: "warm", d: "M1,5H18" }), "Temperature (°C)"]);
  if (shown.forecast.length) items.push([svg("g", {}, [svg("rect", { class: "near", width: 18, height: 10 }), svg("path", { class: "median", d: "M0,5H18" })]), "Forecast: median, 50 % and 80 % of cases"]);
  items.push([svg("rect", { class: "gap", x: 0.5, y: 0.5, width: 17, height: 9 }), "Missing readings"]);
  $("legend").replaceChildren(...items.map(([mark, text, isSimulated]) => {
    const li = document.createElement("li");
    li.append(svg("svg", { viewBox: "0 0 18 10", "aria-hidden": "true" }, [mark]), text);
    if (isSimulated) li.append(Object.assign(document.createElement("span"), { className: "badge", textContent: "simulated home" }));
    return li;
  }));
}

function note() {
  const notes = [];
  if (shown.series.every((s) => s.elements.every((e) => e.energy_kwh === null))) notes.push("There are no readings in this period.");
  if (shown.refusal && shown.refusal.code !== "not_issued") notes.push(`No forecast: ${shown.refusal.description}`);
  if (shown.forecast.length) notes.push(`Forecast issued ${clock(shown.issued)}${BASES[shown.basis] ?? ""}.`);
  $("note").textContent = notes.join(" ");
}

function credit() {
  const sources = new Set(shown.series.map((s) => s.home.data_source ?? `readings of partner ${s.home.partner_id}`));
  const simulated = shown.series.some((s) => s.home.is_simulated) ? " Homes marked as simulated never existed." : "";
  return `Data: ${[...sources].join("; ")}. Times are the home's own (${shown.series[0].time_zone}).${simulated}`;
}

function table(hasTemperature) {
  const heads = ["Period", ...shown.series.flatMap((s) => [`${s.home.location_id} (kWh)`, "Complete (%)"])];
  if (hasTemperature) heads.push("Temperature (°C)");
  if (shown.forecast.length) heads.push("P10 (kWh)", "P50 (kWh)", "P90 (kWh)");
  const cell = (v, digits = 3) => (v === null || v === undefined ? "" : plain(v, digits));
  const rows = shown.series[0].elements.map((e, i) => {
    const f = shown.forecast.find((one) => one.at === i);
    return [when(e), ...shown.series.flatMap((s) => [cell(s.elements[i]?.energy_kwh), cell(percent(s.elements[i]), 1)]),
            ...(hasTemperature ? [cell(e.temperature_c, 1)] : []),
            ...(shown.forecast.length ? [cell(f?.p10_kwh), cell(f?.p50_kwh), cell(f?.p90_kwh)] : [])];
  });
  const row = (values, tag) => {
    const tr = document.createElement("tr");
    tr.append(...values.map((v, i) => {
      const node = Object.assign(document.createElement(i ? tag : "th"), { textContent: v });
      if (node.tagName === "TH") node.scope = tag === "th" ? "col" : "row";
      return node;
    }));
    return tr;
  };
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(row(heads, "th"));
  body.append(...rows.map((r) => row(r, "td")));
  $("table").replaceChildren(head, body);
}

const percent = (e) => (e?.completeness === null || e?.completeness === undefined ? null : 100 * e.completeness);

// --- pointing at a period, by mouse, finger or key ------------------------------------------------
function point(i) {
  at = i;
  shown?.chart?.node.querySelector(".cursor")?.remove();
  $("tip").hidden = i < 0;
  if (i < 0 || !shown) return;
  const { node, x, step: width, top, bottom } = shown.chart;
  node.prepend(svg("rect", { class: "cursor", x: x(i) - width / 2, y: top, width, height: bottom - top, rx: 3 }));
  const text = words(i);
  $("tip").textContent = text;
  $("spoken").textContent = text.replaceAll("\n", ", ");
  const scale = $("chart").clientWidth / node.viewBox.baseVal.width;
  const middle = $("chart").offsetLeft + x(i) * scale;
  const most = document.querySelector("section.card").clientWidth - $("tip").offsetWidth - 6;
  // Beside the period, on the side with more room, so that it hides neither figures nor the period.
  const away = (width * scale) / 2 + 10;
  const beside = middle > $("chart").offsetLeft + $("chart").clientWidth / 2 ? middle - away - $("tip").offsetWidth : middle + away;
  $("tip").style.left = `${Math.max(6, Math.min(beside, most))}px`;
  $("tip").style.top = `${$("chart").offsetTop + top * scale}px`;
}

function words(i) {
  const first = shown.series[0].elements[i];
  const lines = [when(first)];
  for (const s of shown.series) {
    const e = s.elements[i];
    if (!e) continue;
    const name = shown.series.length > 1 ? `${s.home.location_id}: ` : "";
    const isFuture = Date.parse(e.starts_at) >= s.untilMs;
    const isBefore = Date.parse(e.ends_at) <= s.sinceMs;
    if (e.energy_kwh === null) lines.push(name + (isFuture ? "not yet measured" : isBefore ? "before the first reading" : "no readings"));
    else lines.push(`${name}${plain(e.energy_kwh, 3)} kWh${e.completeness < 1 ? `, ${plain(percent(e), 1)} % complete` : ", complete"}${e.estimated_share ? `, ${plain(100 * e.estimated_share, 0)} % estimated` : ""}`);
  }
  if (shown.series.length === 1 && first.temperature_c !== null) lines.push(`${plain(first.temperature_c, 1)} °C`);
  const f = shown.forecast.find((one) => one.at === i);
  if (f) lines.push(`Forecast ${plain(f.p50_kwh)} kWh`, `80 %: ${plain(f.p10_kwh)} to ${plain(f.p90_kwh)} kWh`);
  return lines.join("\n");
}

function follow(event) {
  const box = $("chart").getBoundingClientRect();
  const { chart: c, series } = shown ?? {};
  if (!c) return;
  const scale = box.width / c.node.viewBox.baseVal.width;
  const i = Math.floor(((event.clientX - box.left) / scale - (c.x(0) - c.step / 2)) / c.step);
  point(i >= 0 && i < series[0].elements.length ? i : -1);
}

function keys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, summary, .scroll")) return;
  const far = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const isChart = event.target === $("chart") && !event.shiftKey && shown?.series.length;
  if (event.key === "Escape") point(-1);
  else if (isChart && ["Home", "End"].includes(event.key)) point(event.key === "Home" ? 0 : shown.series[0].elements.length - 1);
  else if (far && isChart) {
    const last = shown.series[0].elements.length - 1;
    point(at < 0 ? (far > 0 ? 0 : last) : Math.max(0, Math.min(last, at + far)));
  } else if (far) step(far);
  else return;
  event.preventDefault();
}

async function start() {
  try {
    await session();
    if (!token) { askForToken(); $("state").hidden = true; return; }
    $("token-form").hidden = true;
    readAddress();
    await findHomes();
    for (const key of state.homes.filter((k) => !homes.some((h) => keyOf(h) === k))) {
      const [partner, ...id] = key.split("/");
      await get(`/v1/locations/${encodeURIComponent(id.join("/"))}?partner_id=${encodeURIComponent(partner)}`).then((h) => homes.unshift(h), () => {});
    }
    state.homes = state.homes.filter((k) => homes.some((h) => keyOf(h) === k));
    const first = homes.find((h) => h.series.length) ?? homes[0];
    if (!state.homes.length && first) state.homes = [keyOf(first)];
    $("view").hidden = false;
    showHomes();
    await draw();
  } catch (error) {
    tell(error instanceof Problem ? error.message : "The server cannot be reached. Try again in a moment.");
  }
}

let typing;
$("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => findHomes().catch((e) => tell(e.message)), 200); });
$("more").addEventListener("click", () => findHomes({ more: true }).catch((e) => tell(e.message)));
$("back").addEventListener("click", () => step(-1));
$("forward").addEventListener("click", () => step(1));
$("newest").addEventListener("click", () => { state.day = newest(); draw(); });
$("chart").addEventListener("pointermove", follow);
$("chart").addEventListener("pointerdown", follow);
$("chart").addEventListener("pointerleave", () => point(-1));
$("chart").addEventListener("blur", () => point(-1));
$("token-form").addEventListener("submit", (event) => { event.preventDefault(); sessionStorage.setItem("token", $("token").value.trim()); start(); });
document.addEventListener("keydown", keys);
window.addEventListener("popstate", () => { readAddress(); draw(); });
new ResizeObserver(() => { if (shown?.series.length && $("chart").clientWidth) render(); }).observe(document.querySelector("main"));
start();
