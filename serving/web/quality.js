// What a partner's sources send, which rules their data break, and what the gates found.
import { plain } from "./chart.js";
import { element, grid, spark } from "./parts.js";

const $ = (id) => document.getElementById(id);
const DAYS = 28;
const WAYS = { landing: "files", events: "events" };

let asked = 0, shownFor = null;

const day = (instant, far = 0) => new Date(Date.parse(instant.slice(0, 10)) + far * 86_400_000).toISOString().slice(0, 10);
const noun = (table) => table.split(".").at(-1).replaceAll("_", " ");
const at = (instant) => (instant ? `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC` : "");
const hours = (h) => (h === null ? "" : Math.abs(h) >= 48 ? `${plain(h / 24, 1)} d` : `${plain(h, 1)} h`);
const sum = (list, key) => list.reduce((total, one) => total + (one[key] ?? 0), 0);

// of: {partner, isOperator}; get: path -> the API's answer. Asked once for each partner.
export async function quality(get, of) {
  $("quality").hidden = !of.partner;
  if (!of.partner || of.partner === shownFor) return;
  shownFor = of.partner;
  const mine = ++asked;
  const ask = (resource, from, to) =>
    get(`/v1/portfolio/${resource}?${new URLSearchParams({ partner_id: of.partner, from, to })}`);
  try {
    // Days of receipt, up to the newest one: that need not be today.
    const reach = (await ask("sources", "2000-01-01", "2000-01-02")).data_until;
    const span = reach ? [day(reach, 1 - DAYS), day(reach, 1)] : null;
    const [sent, broken, refused, checks] = await Promise.all([
      span && ask("sources", ...span), span && ask("validation", ...span), span && ask("ingestion-errors", ...span),
      of.isOperator ? get(`/v1/quality/checks?days=${DAYS}`) : null,
    ]);
    if (mine !== asked) return;
    $("quality-note").textContent = span ? `Days of receipt (UTC), ${span[0]} to ${day(reach)}.` : "Nothing has arrived yet.";
    fill("quality-sources", sent && sources(sent.sources));
    fill("quality-rules", broken && rules(broken.broken, span), "No rule was broken.");
    fill("quality-errors", refused && repairs(refused.errors), "Nothing was refused.");
    $("quality-gates").hidden = !checks;
    if (checks) gates(checks);
  } catch (error) {
    if (mine === asked) $("quality-note").textContent = error.message;
  }
}

function fill(id, table, otherwise = "") {
  $(id).replaceChildren(table ?? element("p", otherwise, "quiet"));
}

function sources(all) {
  const rows = all.map((s) => {
    const odd = s.days.filter((d) => d.volume === "high" || d.volume === "low");
    const volume = odd.length
      ? element("span", `${odd.at(-1).volume} on ${odd.at(-1).received_date}${odd.length > 1 ? `, ${odd.length} odd days` : ""}`, "badge")
      : s.days.some((d) => d.volume === "usual") ? "usual" : "too little history";
    const late = s.freshness === "late"
      ? element("span", `late: silent ${hours(s.silent_h)}, usually ${hours(s.usual_gap_h)}`, "badge")
      : (s.freshness ?? "").replaceAll("_", " ");
    const delays = s.days.map((d) => d.median_delay_h).filter((d) => d !== null);
    return [
      `${noun(s.table_name)} (${WAYS[s.source] ?? s.source})`,
      spark(s.days.map((d) => ({ at: d.received_date, value: d.readings })), "readings"),
      at(s.last_received_at), late, volume,
      delays.length ? hours(delays.at(-1)) : "", plain(sum(s.days, "rejected")), plain(sum(s.days, "quarantined")),
    ];
  });
  return rows.length ? grid(["Source", "Readings a day", "Last arrival", "Freshness", "Volume", "Delay", "Rejected", "Quarantined"], rows) : null;
}

function rules(broken, [from]) {
  const days = Array.from({ length: DAYS }, (_, n) => day(from, n));
  const groups = Map.groupBy(broken, (b) => [b.rule, b.stage, b.severity, b.table_name].join("\n"));
  const rows = [...groups.values()].map((of) => {
    const [{ rule, stage, severity, table_name: table }] = of;
    const points = days.map((d) => ({ at: d, value: sum(of.filter((b) => b.received_date === d), "broken_rows") || null }));
    return [rule.replaceAll("_", " "), noun(table), stage, severity, plain(sum(of, "broken_rows")), spark(points, "rows")];
  });
  return rows.length ? grid(["Rule", "Table", "What happened", "Severity", "Rows", "By day"], rows) : null;
}

function repairs(errors) {
  const groups = Map.groupBy(errors, (e) => [e.reason, e.table_name].join("\n"));
  const rows = [...groups.values()].map((of) => {
    const oldest = of.map((e) => e.oldest_waiting_at).filter(Boolean).sort()[0] ?? null;
    const counts = ["waiting", "released", "mended", "dropped", "replayed"].map((state) => plain(sum(of, state)));
    return [of[0].reason.replaceAll("_", " "), noun(of[0].table_name), ...counts, at(oldest)];
  });
  return rows.length ? grid(["Reason", "Table", "Waiting", "Released", "Mended", "Dropped", "Replayed", "Oldest waiting"], rows) : null;
}

function gates({ latest, days }) {
  const tables = Map.groupBy(latest, (r) => r.table_name);
  const rows = [...tables].map(([table, of]) => {
    const worst = of.filter((r) => r.outcome !== "passed");
    const state = worst.length
      ? element("span", worst.map((r) => `${r.rule}${r.column_name === "-" ? "" : ` (${r.column_name})`}: ${r.outcome === "failed" ? `${plain(r.rows_failed)} of ${plain(r.rows_checked)} rows` : "not judged"}, ${r.severity}`).join("; "), "badge wrap")
      : `${of.length} rules hold`;
    const trend = days.filter((d) => d.table_name === table).map((d) => ({ at: d.checked_date, value: d.rows_failed }));
    return [table, state, spark(trend, "rows failed"), at(of.map((r) => r.checked_at).sort().at(-1))];
  });
  fill("quality-checks", rows.length ? grid(["Table", "Latest outcome", "Rows failed a day", "Checked"], rows) : null, "No check has been run yet: lake check gold");
}
