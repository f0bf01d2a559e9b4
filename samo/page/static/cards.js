// An entry in a list.
import { dateOf, h, icon, timeOfDay } from "./dom.js";
import { chip, scores, tint } from "./palette.js";

/** The moods of an entry; its emotions where it has none. */
export function moodsOf(entry) {
  const analysis = entry.insight?.emotion_analysis;
  const moods = scores(analysis?.moods);
  return moods.length ? moods : scores(analysis?.emotions);
}

/** The mood that stands for several entries: the one with the highest confidences together. */
export function mainMood(entries) {
  const sums = new Map();
  for (const { emotion, confidence } of entries.flatMap((entry) => moodsOf(entry))) {
    sums.set(emotion, (sums.get(emotion) ?? 0) + confidence);
  }
  return [...sums].sort((one, other) => other[1] - one[1])[0]?.[0] ?? null;
}

/** What a list shows of an entry: a link to it. */
export function card(entry, { withDay = true } = {}) {
  const moods = moodsOf(entry).slice(0, 3);
  const created = new Date(entry.created);
  const day = dateOf(entry.day).toLocaleDateString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  return h(
    "a",
    { class: "card tint", href: `#/entry/${entry.id}`, vars: tint(moods[0]?.emotion ?? "neutral") },
    h(
      "span",
      { class: "when" },
      withDay ? `${day}, ` : "",
      timeOfDay(created),
      entry.kind === "spoken" ? icon("mic") : null,
    ),
    h("span", { class: "excerpt" }, entry.insight?.summary?.summary || entry.text || "Not analysed yet"),
    h(
      "span",
      { class: "chips" },
      moods.map(({ emotion }) => chip(emotion)),
    ),
  );
}
