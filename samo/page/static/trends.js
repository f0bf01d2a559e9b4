// How moods and tone go over weeks and months.
import { moodsOf } from "./cards.js";
import { lineChart } from "./charts.js";
import { addDays, dateOf, h, percent, today } from "./dom.js";
import { chip, tint } from "./palette.js";
import { list } from "./store.js";

const RANGES = [["30", "30 days"], ["90", "90 days"], ["365", "A year"]];
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LINES = 4;
const FEWEST_DAYS = 3;

export async function trendsView({ query }) {
  const chosen = query.get("days") ?? "30";
  const entries = (await list(addDays(today(), 1 - Number(chosen)), today())).filter((entry) => entry.insight?.emotion_analysis);
  const days = daily(entries);
  const ranges = h("div", { class: "segments", role: "group", "aria-label": "Period" }, RANGES.map(([value, label]) =>
    h("a", { href: `#/trends?days=${value}`, "aria-current": value === chosen ? "true" : null }, label)));
  return {
    title: "Trends",
    content: [
      h("div", { class: "head row spread" }, h("h1", {}, "Trends"), ranges),
      days.length < FEWEST_DAYS
        ? h("div", { class: "empty" }, h("p", { class: "big" }, "Not enough entries yet."), h("p", {}, `Trends are drawn from entries on ${FEWEST_DAYS} days or more; this period has ${days.length}.`))
        : [tone(days), moods(days, entries), weekdays(entries)],
    ],
  };
}

/** Means of each day, oldest first: [{day, positive, negative, intensity, moods: Map}]. */
function daily(entries) {
  const byDay = new Map();
  for (const entry of entries) byDay.set(entry.day, [...(byDay.get(entry.day) ?? []), entry]);
  return [...byDay].sort(([one], [other]) => one.localeCompare(other)).map(([day, own]) => {
    const mean = (value) => own.reduce((sum, entry) => sum + value(entry), 0) / own.length;
    const analysis = (entry) => entry.insight.emotion_analysis;
    return {
      day, count: own.length,
      positive: mean((entry) => analysis(entry).sentiments.positive ?? 0),
      negative: mean((entry) => analysis(entry).sentiments.negative ?? 0),
      intensity: mean((entry) => analysis(entry).intensity),
      mood: (name) => mean((entry) => analysis(entry).moods[name] ?? 0),
    };
  });
}

const seconds = (days) => days.map(({ day }) => dateOf(day).getTime() / 1000);

const panel = (id, title, ...content) => h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, title), content);

function tone(days) {
  const mean = (name) => days.reduce((sum, one) => sum + one[name], 0) / days.length;
  const lines = ["positive", "negative"].map((name) => ({ name, values: days.map((one) => one[name]), fill: true }));
  return panel("tone", "Tone by day",
    h("div", { class: "chips" }, lines.map(({ name }) => chip(name, mean(name)))),
    lineChart({ x: seconds(days), lines, time: true, smooth: false, label:
      `Share of positive and negative emotions on ${days.length} days: on average ${percent(mean("positive"))} positive, ${percent(mean("negative"))} negative.` }));
}

function moods(days, entries) {
  const sums = new Map();
  for (const { emotion, confidence } of entries.flatMap(moodsOf)) sums.set(emotion, (sums.get(emotion) ?? 0) + confidence);
  const names = [...sums].sort((one, other) => other[1] - one[1]).slice(0, LINES).map(([name]) => name);
  return panel("moods", "Moods by day",
    h("div", { class: "chips" }, names.map((name) => chip(name))),
    lineChart({ x: seconds(days), time: true, smooth: false,
      lines: names.map((name) => ({ name, values: days.map((one) => one.mood(name)) })),
      label: `Confidence of the moods ${names.join(", ")} on ${days.length} days.` }));
}

function weekdays(entries) {
  const rows = WEEKDAYS.map((name, index) => {
    const own = entries.filter((entry) => (dateOf(entry.day).getDay() + 6) % 7 === index);
    const share = own.length ? own.reduce((sum, entry) => sum + (entry.insight.emotion_analysis.sentiments.positive ?? 0), 0) / own.length : null;
    return h("tr", {}, h("th", { scope: "row" }, name),
      h("td", { class: "tint", vars: { ...tint("positive"), "--value": String(share ?? 0) } }, h("span", { class: "track" }, h("span", { class: "fill" }))),
      h("td", { class: "figure" }, share === null ? "–" : percent(share)), h("td", { class: "figure" }, String(own.length)));
  });
  return panel("weekdays", "Days of the week", h("table", { class: "weekdays" },
    h("thead", {}, h("tr", {}, ["Day", "Positive share", "", "Entries"].map((name) => (name ? h("th", { scope: "col" }, name) : h("td"))))),
    h("tbody", {}, rows)),
  h("p", { class: "hint" }, "With few entries a difference between days may be chance."));
}
