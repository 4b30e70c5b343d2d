// Series of periods -> an SVG with bars or lines, temperature, completeness and the forecast's band.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 46, TOP = 26, AXIS = 24, STRIP = 7;

export function svg(name, attributes = {}, children = []) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// series: [{elements, untilMs, covers(element): whether readings are due by now}], labels: one a period, forecast: [{at, from, low…}] by period index.
// Returns {node, x(i), step}: the middle of a period and its width in the node's own units.
export function chart({ width, series, labels, forecast, hasTemperature }) {
  const height = width < 560 ? 260 : 330;
  const right = hasTemperature ? 38 : 10;
  const bottom = height - AXIS - (STRIP + 4) * series.length - 6;
  const count = labels.length;
  const step = (width - LEFT - right) / count;
  const x = (i) => LEFT + (i + 0.5) * step;
  const values = series.flatMap((s) => s.elements.map((e) => e.energy_kwh ?? 0));
  const ticks = niceTicks(0, Math.max(1e-9, ...values, ...forecast.map((f) => f.p90_kwh)), 4);
  const y = (v) => bottom - (v / ticks.at(-1)) * (bottom - TOP);
  const parts = [];

  for (const tick of ticks) {
    parts.push(svg("line", { class: "grid", x1: LEFT, x2: width - right, y1: y(tick), y2: y(tick) }));
    parts.push(svg("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, [plain(tick)]));
  }
  parts.push(svg("text", { x: LEFT - 8, y: 10, "text-anchor": "end" }, ["kWh"]));
  parts.push(...times(labels, x, step, height));
  if (forecast.length) parts.push(...band(forecast, x, y, step));
  series.forEach((one, n) => {
    parts.push(...(series.length === 1 ? bars(one, x, y, step, bottom) : lines(one, n, x, y)));
    parts.push(...strip(one, n, x, step, bottom + 6 + n * (STRIP + 4)));
  });
  if (hasTemperature) parts.push(...temperature(series[0], x, width, right, bottom));
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, parts);
  return { node, x, step, top: TOP, bottom };
}

export function plain(number, digits = 2) {
  return number.toLocaleString(undefined, { maximumFractionDigits: digits });
}

function niceTicks(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10);
  const first = Math.floor(low / size + 1e-9), last = Math.ceil(high / size - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * size).toPrecision(12)));
}

function times(labels, x, step, height) {
  const every = [1, 2, 3, 4, 5, 6, 7, 12, 24].find((n) => n * step >= 34) ?? 24;
  return labels.flatMap((label, i) =>
    i % every ? [] : [svg("text", { x: x(i), y: height - 6, "text-anchor": "middle" }, [label])]);
}

function bars(one, x, y, step, bottom) {
  const width = Math.max(1.5, Math.min(step * 0.72, 34));
  return one.elements.flatMap((e, i) => {
    if (e.energy_kwh === null) {
      if (!one.covers(e)) return [];
      return [svg("rect", { class: "gap", x: x(i) - width / 2, y: bottom - 14, width, height: 14, rx: 2 })];
    }
    const top = y(e.energy_kwh);
    const kind = e.completeness !== null && e.completeness < 1 ? "bar partial c0" : "bar c0";
    return [svg("rect", { class: kind, x: x(i) - width / 2, y: top, width, height: Math.max(bottom - top, 0.5),
                          "data-kwh": e.energy_kwh, "data-at": e.starts_at })];
  });
}

function lines(one, n, x, y) {
  const path = broken(one.elements.map((e) => e.energy_kwh), x, y);
  const dots = one.elements.flatMap((e, i) => (e.energy_kwh === null ? [] : [
    svg("circle", { class: `dot c${n}`, cx: x(i), cy: y(e.energy_kwh), r: 2.2,
                    "data-kwh": e.energy_kwh, "data-at": e.starts_at })]));
  return [svg("path", { class: `line c${n}`, d: path }), ...dots];
}

// A path with a hole wherever a value is null.
function broken(values, x, y) {
  return values.map((v, i) => v === null || v === undefined ? "" :
    `${i && values[i - 1] !== null && values[i - 1] !== undefined ? "L" : "M"}${x(i).toFixed(1)},${y(v).toFixed(1)}`).join("");
}

function strip(one, n, x, step, top) {
  const gap = step > 6 ? 1 : 0;
  return one.elements.flatMap((e, i) => {
    if (!one.covers(e)) return [];
    const box = { x: x(i) - step / 2 + gap / 2, y: top, width: step - gap, height: STRIP };
    const share = e.completeness ?? 0;
    const seen = svg("rect", { class: `seen c${n}`, ...box, width: box.width * share });
    return share < 1 ? [svg("rect", { class: "gap", ...box }), seen] : [seen];
  });
}

function temperature(one, x, width, right, bottom) {
  const known = one.elements.map((e) => e.temperature_c ?? null);
  const real = known.filter((v) => v !== null);
  if (!real.length) return [];
  const ticks = niceTicks(Math.min(...real) - 1, Math.max(...real) + 1, 3);
  const [low, high] = [ticks[0], ticks.at(-1)];
  const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - TOP);
  const labels = ticks.map((t) => svg("text", { x: width - right + 8, y: y(t) + 4 }, [plain(t)]));
  const unit = svg("text", { x: width - right + 8, y: 10 }, ["°C"]);
  return [svg("path", { class: "warm", d: broken(known, x, y) }), ...labels, unit];
}

function band(forecast, x, y, step) {
  const area = (low, high) => {
    const edge = (key, list) => list.flatMap((f) => [[x(f.at) - step / 2, y(f[key])], [x(f.at) + step / 2, y(f[key])]]);
    const around = [...edge(high, forecast), ...edge(low, [...forecast]).reverse()];
    return `M${around.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join("L")}Z`;
  };
  const median = forecast.map((f, i) => `${i ? "L" : "M"}${(x(f.at) - step / 2).toFixed(1)},${y(f.p50_kwh).toFixed(1)}h${step.toFixed(1)}`);
  const from = x(forecast[0].at) - step / 2;
  return [
    svg("path", { class: "wide", d: area("p10_kwh", "p90_kwh") }),
    svg("path", { class: "near", d: area("p25_kwh", "p75_kwh") }),
    svg("path", { class: "median", d: median.join("") }),
    svg("line", { class: "until", x1: from, x2: from, y1: TOP, y2: y(0) }),
  ];
}
