// How moods and tone go over weeks and months.
import { limits, trends } from "./api.js";
import { lineChart } from "./charts.js";
import { addDays, dateOf, h, percent, timeOfDay, today } from "./dom.js";
import { chip, scores, tint } from "./palette.js";
import { list } from "./store.js";

const RANGES = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
];
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LINES = 4;
const FEWEST_DAYS = 3;

export async function trendsView({ query }) {
  const chosen = query.get("days") ?? "30";
  const entries = (await list(addDays(today(), 1 - Number(chosen)), today())).filter(
    (entry) => entry.insight?.emotion_analysis,
  );
  const days = daily(entries);
  const ranges = h(
    "div",
    { class: "segments", role: "group", "aria-label": "Period" },
    RANGES.map(([value, label]) =>
      h("a", { href: `#/trends?days=${value}`, "aria-current": value === chosen ? "true" : null }, label),
    ),
  );
  return {
    title: "Trends",
    content: [
      h("div", { class: "head row spread" }, h("h1", {}, "Trends"), ranges),
      days.length < FEWEST_DAYS
        ? h(
            "div",
            { class: "empty" },
            h("p", { class: "big" }, "Not enough entries yet."),
            h(
              "p",
              {},
              `Trends are drawn from entries on ${FEWEST_DAYS} days or more; this period has ${days.length}.`,
            ),
          )
        : [findings(entries, days), tone(days), weekdays(entries)],
    ],
  };
}

/** Means of each day, oldest first: [{day, positive, negative, intensity, moods: Map}]. */
function daily(entries) {
  const byDay = new Map();
  for (const entry of entries) byDay.set(entry.day, [...(byDay.get(entry.day) ?? []), entry]);
  return [...byDay]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([day, own]) => {
      const mean = (value) => own.reduce((sum, entry) => sum + value(entry), 0) / own.length;
      const analysis = (entry) => entry.insight.emotion_analysis;
      return {
        day,
        count: own.length,
        positive: mean((entry) => analysis(entry).sentiments.positive ?? 0),
        negative: mean((entry) => analysis(entry).sentiments.negative ?? 0),
        intensity: mean((entry) => analysis(entry).intensity),
        mood: (name) => mean((entry) => analysis(entry).moods[name] ?? 0),
      };
    });
}

const seconds = (days) => days.map(({ day }) => dateOf(day).getTime() / 1000);

const panel = (id, title, ...content) =>
  h("section", { class: "panel", "aria-labelledby": id }, h("h2", { id }, title), content);

function tone(days) {
  const mean = (name) => days.reduce((sum, one) => sum + one[name], 0) / days.length;
  const lines = ["positive", "negative"].map((name) => ({
    name,
    values: days.map((one) => one[name]),
    fill: true,
  }));
  return panel(
    "tone",
    "Tone by day",
    h(
      "div",
      { class: "chips" },
      lines.map(({ name }) => chip(name, mean(name))),
    ),
    lineChart({
      x: seconds(days),
      lines,
      axis: "days",
      label: `Share of positive and negative emotions on ${days.length} days: on average ${percent(mean("positive"))} positive, ${percent(mean("negative"))} negative.`,
    }),
  );
}

/** What the service finds in the entries, and the moods that it found it in. */
function findings(entries, days) {
  const place = h("div", { class: "findings" }, moods(days, entries, null));
  ask(entries).then(
    (found) => {
      const list = [...found.change_points.map(changed), ...found.patterns.map(repeated)];
      place.replaceChildren(
        panel(
          "found",
          "What stands out",
          ...(list.length
            ? [h("ul", { class: "found" }, list), inWords(found.text)]
            : [h("p", {}, found.text)]),
          h("p", { class: "hint" }, "Only what is unlikely to be chance is named."),
        ),
        moods(days, entries, found),
      );
    },
    (error) =>
      place.append(h("p", { class: "hint" }, `Changes and patterns were not looked for: ${error.message}`)),
  );
  return place;
}

const inWords = (text) => h("details", {}, h("summary", {}, "In words"), h("p", {}, text));

async function ask(entries) {
  const { max_trends_entries: most } = await limits;
  return trends(
    entries.slice(0, most).map(({ day, created, insight }) => ({
      date: `${day}T${timeOfDay(new Date(created))}`,
      emotions: insight.emotion_analysis.emotions,
      moods: insight.emotion_analysis.moods,
    })),
  );
}

const shortDate = (day) => dateOf(day).toLocaleDateString("en-GB", { day: "numeric", month: "short" });

const changed = ({ emotion, date, from, to, earliest, latest }) =>
  h(
    "li",
    {},
    chip(emotion),
    ` from ${percent(from)} to ${percent(to)} since ${shortDate(date)} (between ${shortDate(earliest)} and ${shortDate(latest)})`,
  );

const repeated = ({ emotion, group, difference }) =>
  h(
    "li",
    {},
    chip(emotion),
    ` ${difference > 0 ? "higher" : "lower"} by ${percent(Math.abs(difference))}: ${group}`,
  );

/** The moods that occur most: as the service smoothed them, or the means of each day. */
function moods(days, entries, found) {
  const sums = new Map();
  const all = entries.flatMap(({ insight }) => scores(insight.emotion_analysis.moods));
  for (const { emotion, confidence } of all) sums.set(emotion, (sums.get(emotion) ?? 0) + confidence);
  const names = [...sums]
    .sort((one, other) => other[1] - one[1])
    .slice(0, LINES)
    .map(([name]) => name);
  const course = found?.course.moods ?? null;
  const smoothed = (name) => course.values[name] ?? course.dates.map(() => 0);
  return panel(
    "moods",
    course ? "The course of moods" : "Moods by day",
    h(
      "div",
      { class: "chips" },
      names.map((name) => chip(name)),
    ),
    lineChart({
      x: seconds(course ? course.dates.map((day) => ({ day })) : days),
      axis: "days",
      lines: names.map((name) => ({
        name,
        points: !course,
        values: course ? smoothed(name) : days.map((one) => one.mood(name)),
      })),
      marks: (found?.change_points ?? [])
        .filter(({ emotion }) => names.includes(emotion))
        .map(({ date, emotion }) => ({ x: dateOf(date).getTime() / 1000, name: emotion })),
      label: `Confidence of the moods ${names.join(", ")} on ${days.length} days.`,
    }),
  );
}

function weekdays(entries) {
  const rows = WEEKDAYS.map((name, index) => {
    const own = entries.filter((entry) => (dateOf(entry.day).getDay() + 6) % 7 === index);
    const share = own.length
      ? own.reduce((sum, entry) => sum + (entry.insight.emotion_analysis.sentiments.positive ?? 0), 0) /
        own.length
      : null;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h(
        "td",
        { class: "tint", vars: { ...tint("positive"), "--value": String(share ?? 0) } },
        h("span", { class: "track" }, h("span", { class: "fill" })),
      ),
      h("td", { class: "figure" }, share === null ? "–" : percent(share)),
      h("td", { class: "figure" }, String(own.length)),
    );
  });
  return panel(
    "weekdays",
    "Days of the week",
    h(
      "table",
      { class: "weekdays" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Day", "Positive share", "", "Entries"].map((name) =>
            name ? h("th", { scope: "col" }, name) : h("td"),
          ),
        ),
      ),
      h("tbody", {}, rows),
    ),
    h("p", { class: "hint" }, "With few entries a difference between days may be chance."),
  );
}
