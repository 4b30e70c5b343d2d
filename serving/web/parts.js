// What the sections below the chart are built of: a table of cells, and a line the size of a word.
import { plain, svg } from "./chart.js";

const WIDE = 96, HIGH = 22;

// rows: cells of text or of a node; the first cell of a row is its head.
export function grid(heads, rows) {
  const line = (cells, tag) => {
    const tr = document.createElement("tr");
    tr.append(...cells.map((cell, i) => {
      const node = document.createElement(i ? tag : "th");
      if (node.tagName === "TH") node.scope = tag === "th" ? "col" : "row";
      node.append(cell);
      return node;
    }));
    return tr;
  };
  const table = document.createElement("table"), head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(line(heads, "th"));
  body.append(...rows.map((cells) => line(cells, "td")));
  table.append(head, body);
  return table;
}

// A gap stays a gap; points: [{at, value}], oldest first.
export function spark(points, unit) {
  const known = points.filter((p) => p.value !== null);
  if (!known.length) return "";
  const most = Math.max(1e-9, ...known.map((p) => p.value));
  const step = WIDE / Math.max(1, points.length);
  const bars = points.flatMap((p, i) => {
    if (p.value === null) return [];
    const height = Math.max(1, (p.value / most) * HIGH);
    const bar = svg("rect", { class: "bar c0", x: i * step, y: HIGH - height, width: Math.max(1, step - 1), height }, [
      svg("title", {}, [`${p.at}: ${plain(p.value)} ${unit}`]),
    ]);
    bar.dataset.value = p.value;
    return [bar];
  });
  const words = `${known[0].at}: ${plain(known[0].value)}, ${known.at(-1).at}: ${plain(known.at(-1).value)} ${unit}`;
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDE} ${HIGH}`, width: WIDE, height: HIGH, role: "img", "aria-label": words }, bars);
}

export function element(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}
