// How true the forecasts of a partner's homes were: coverage and error by day, lead and model version.
import { plain } from "./chart.js";
import { element, grid, spark } from "./parts.js";

const $ = (id) => document.getElementById(id);
const LEADS = [["day_ahead", "A day ahead"], ["days_3_to_7", "3 to 7 days ahead"], ["days_8_to_13", "8 to 13 days ahead"]];
const DAYS = 28;
const WORDS = {
  none: "holds", too_little: "too few hours to tell", coverage: "drift: coverage", error: "drift: error",
  coverage_and_error: "drift: coverage and error",
};

let asked = 0, shownFor = null;

const moved = (day, far) => new Date(Date.parse(day) + far * 86_400_000).toISOString().slice(0, 10);
const share = (v) => (v === null ? "" : `${plain(100 * v, 0)} %`);

// of: {partner, fuel, direction}; get: path -> the API's answer. Asked once for each of them.
export async function forecasts(get, of) {
  $("forecasts").hidden = !of.partner;
  const key = [of.partner, of.fuel, of.direction].join("\n");
  if (!of.partner || key === shownFor) return;
  shownFor = key;
  const mine = ++asked;
  const ask = (lead, from, to) => get(`/v1/portfolio/forecast-quality?${new URLSearchParams({
    partner_id: of.partner, fuel: of.fuel, direction: of.direction, lead, from, to })}`);
  try {
    // Up to the newest day that came true: that need not be yesterday.
    const reaches = await Promise.all(LEADS.map(([lead]) => ask(lead, "2000-01-01", "2000-01-02")));
    const until = reaches.map((r) => r.data_until).filter(Boolean).sort().at(-1);
    const answers = until ? await Promise.all(LEADS.map(([lead]) => ask(lead, moved(until, 1 - DAYS), moved(until, 1)))) : [];
    if (mine === asked) render(answers, until);
  } catch (error) {
    if (mine === asked) $("forecasts-note").textContent = error.message;
  }
}

function render(answers, until) {
  const rows = answers.flatMap((answer) => {
    const versions = Map.groupBy(answer.elements, (e) => e.model_version);
    return [...versions].map(([version, days]) => line(answer.lead, version, days));
  });
  const heads = ["Forecast", "Model", "Coverage, 14 days", "Newest", "Worst tenth", "Error over naive, 14 days", "Newest", "Homes", "State"];
  $("forecasts-table").replaceChildren(...(rows.length ? [grid(heads, rows)] : []));
  $("forecasts-note").textContent = rows.length
    ? `${DAYS} days to ${until}. Coverage: how often the energy of an hour lay in the band of 80 %, which should be 80 % of the time. Error over naive: below 1 is better than the same hour a week before.`
    : "No forecast of this fuel and direction has come true yet.";
}

function line(lead, version, days) {
  const now = days.at(-1);
  const trend = (key, unit, times = 1) =>
    spark(days.map((d) => ({ at: d.local_date, value: d[key] === null ? null : times * d[key] })), unit);
  const isOff = now.drift !== "none" && now.drift !== "too_little";
  const name = LEADS.find(([l]) => l === lead)[1];
  return [
    name, version.split("/").at(-1),
    trend("coverage_14d", "%", 100), share(now.coverage_14d), share(now.coverage_worst_tenth_14d),
    trend("mae_over_naive_14d", "of the naive error"), now.mae_over_naive_14d === null ? "" : plain(now.mae_over_naive_14d),
    plain(now.homes, 0), isOff ? element("span", WORDS[now.drift], "badge") : WORDS[now.drift],
  ];
}
