// A partner's homes together: the year up to the chosen month, by segment.
import { plain } from "./chart.js";
import { element, grid, spark } from "./parts.js";

const $ = (id) => document.getElementById(id);
const KINDS = [["all", "All homes"], ["house_type", "House"], ["heating_type_primary", "Heating"], ["living_area", "Living area"], ["country", "Country"], ["price_zone", "Price zone"]];
const WHY = { too_few_homes: "too few homes", too_dominant: "one home is too much of it", complement: "it would tell another by subtraction" };
const MONTHS = 12;

let kind = "all", last = null, asked = 0;

function month(from, far) {
  const d = new Date(`${from}-01T00:00:00Z`);
  d.setUTCMonth(d.getUTCMonth() + far);
  return d.toISOString().slice(0, 7);
}

// of: {partner, fuel, direction, month}; get: path -> the API's answer.
export async function portfolio(get, of) {
  last = [get, of];
  const mine = ++asked;
  $("portfolio").hidden = !of.partner;
  if (!of.partner) return;
  kinds();
  const query = new URLSearchParams({
    partner_id: of.partner, segment_kind: kind, fuel: of.fuel, direction: of.direction,
    from: month(of.month, 1 - MONTHS), to: month(of.month, 1),
  });
  try {
    const answer = await get(`/v1/portfolio/trends?${query}`);
    if (mine === asked) render(answer, of);
  } catch (error) {
    if (mine === asked) $("portfolio-note").textContent = error.message;
  }
}

function kinds() {
  if ($("portfolio-kind").options.length) return;
  $("portfolio-kind").append(...KINDS.map(([value, text]) => new Option(text, value)));
  $("portfolio-kind").addEventListener("change", (event) => { kind = event.target.value; portfolio(...last); });
}

function render(answer, of) {
  const segments = Map.groupBy(answer.elements, (e) => e.segment);
  const cell = (v, digits = 1) => (v === null ? "" : plain(v, digits));
  const rows = [...segments].map(([segment, elements]) => {
    const now = elements.findLast((e) => e.mean_kwh !== null || e.is_withheld) ?? elements.at(-1);
    const trend = spark(elements.map((e) => ({ at: e.local_month, value: e.mean_kwh })), "kWh a home");
    const name = segment.replaceAll("_", " ");
    if (now.is_withheld) return [name, trend, now.local_month, element("span", `withheld: ${WHY[now.withheld_because]}`, "badge"), "", "", ""];
    const change = now.change_share === null ? "" : `${now.change_share > 0 ? "+" : ""}${plain(100 * now.change_share, 1)} %`;
    return [name, trend, now.local_month, cell(now.homes, 0), cell(now.mean_kwh), cell(now.p50_kwh), change];
  });
  const heads = ["Segment", "Mean a home, 12 months", "Month", "Homes", "Mean (kWh)", "Median (kWh)", "On a year before"];
  $("portfolio-table").replaceChildren(...(rows.length ? [grid(heads, rows)] : []));
  $("portfolio-name").textContent = of.partner;
  $("portfolio-note").textContent = rows.length
    ? `Groups of fewer than ${answer.smallest_group} homes, or of which one home is over ${plain(100 * answer.largest_share, 0)} %, are withheld.`
    : "There is no month of this fuel and direction in these twelve.";
}
