// The course of an entry: its sound and emotions over time, and its sentences to choose from.
import { explain, limits } from "./api.js";
import { lineChart } from "./charts.js";
import { button, clock, h } from "./dom.js";
import { bars, chip, tint } from "./palette.js";
import { waveform } from "./waveform.js";

const LINES = 4;
const MARKED_SHARE = 0.2; // of the strongest word's weight: weaker ones would mark half of the sentence
const IS_WORD = /[\p{L}\p{N}\p{Extended_Pictographic}]/u; // marks carry something too, but say nothing to a reader

/** `player` may be null: a typed entry, or a recording that is not kept. */
export function course(entry, player) {
  const { arc, emotion_analysis: analysis } = entry.insight;
  const sentences = arc.map((point, index) => sentence(point, () => select(index)));
  const detail = h(
    "div",
    { class: "detail", "aria-live": "polite" },
    h("p", { class: "hint" }, "Choose a sentence to see its emotions and the words that carried them."),
  );
  const timed = arc.length > 0 && arc[0].start_seconds !== null;
  let selected = null;

  async function select(index) {
    selected = index;
    sentences.forEach((one, at) => one.setAttribute("aria-pressed", String(at === index)));
    const point = arc[index];
    detail.replaceChildren(...describe(point, player));
    if (player && point.start_seconds !== null) player.play(point.start_seconds, point.end_seconds);
    const note = h("p", { class: "hint" }, "Looking for the words that carried them …");
    detail.append(note);
    try {
      const marked = await wordsOf(point);
      if (selected !== index) return;
      mark(sentences[index], point, marked);
      note.textContent = marked.length
        ? `Marked in the text: ${marked.map(({ word }) => word).join(", ")}.`
        : "No single word carried them.";
    } catch (error) {
      note.textContent = `The words that carried them are not known: ${error.message}`;
    }
  }

  const names = (analysis?.emotion_list ?? []).map(({ emotion }) => emotion).slice(0, LINES);
  const x = arc.map((point, index) => (timed ? (point.start_seconds + point.end_seconds) / 2 : index + 1));
  const chart =
    arc.length > 1
      ? lineChart({
          x,
          lines: names.map((name) => ({
            name,
            values: arc.map(
              (point) => point.emotions.find(({ emotion }) => emotion === name)?.confidence ?? 0,
            ),
          })),
          label: `Confidence of ${names.join(", ")} over ${arc.length} sentences. The text below gives each sentence's emotions.`,
          axis: timed ? "seconds" : "sentences",
          until: timed ? (player?.duration ?? entry.transcription?.duration) : undefined,
          onSelect: select,
        })
      : null;

  const sound = player ? waveform(player, arc, select) : null;
  return h(
    "section",
    { class: "panel course", "aria-labelledby": "course" },
    h(
      "div",
      { class: "row spread" },
      h("div", { class: "row" }, h("h2", { id: "course" }, "Over the entry"), sound?.controls),
      h(
        "div",
        { class: "chips" },
        names.map((name) => chip(name)),
      ),
    ),
    sound?.wave,
    chart,
    h(
      "div",
      { class: "reading" },
      h(
        "div",
        { class: "transcript", lang: entry.transcription?.language ?? null },
        woven(entry.text, arc, sentences),
      ),
      detail,
    ),
  );
}

function sentence(point, choose) {
  const strongest = point.emotions[0];
  return h(
    "span",
    {
      class: "sentence tint",
      role: "button",
      tabindex: "0",
      "aria-pressed": "false",
      vars: { ...tint(point.primary_emotion), "--value": String(strongest?.confidence ?? 0) },
      on: {
        click: choose,
        keydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          choose();
        },
      },
    },
    point.text,
  );
}

/** The entry's text with its sentences in their places; `start` and `end` count code points. */
function woven(text, arc, sentences) {
  const characters = Array.from(text);
  const parts = [];
  let at = 0;
  arc.forEach((point, index) => {
    parts.push(characters.slice(at, point.start).join(""), sentences[index]);
    at = point.end;
  });
  return [...parts, characters.slice(at).join("")];
}

function describe(point, player) {
  const facts = [];
  if (point.experiencer === "other") facts.push("somebody else's feeling");
  if (point.tense === "past") facts.push("felt in the past");
  if (point.tense === "wished") facts.push("wished or imagined");
  const time =
    point.start_seconds === null ? null : `${clock(point.start_seconds)} – ${clock(point.end_seconds)}`;
  const title = time ?? "This sentence";
  return [
    h(
      "div",
      { class: "row spread" },
      h("h3", {}, title),
      player && time
        ? button("Hear it", {
            symbol: "play",
            class: "quiet small",
            on: { click: () => player.play(point.start_seconds, point.end_seconds) },
          })
        : null,
    ),
    point.emotions.length ? bars(point.emotions) : h("p", {}, "No emotion was found."),
    facts.length
      ? h(
          "p",
          { class: "hint" },
          `${facts.join(", ")}.`.replace(/^./, (first) => first.toUpperCase()),
        )
      : null,
  ].filter(Boolean);
}

const explained = new Map();

/** The words of a sentence that carried its emotions: [{word, start, end, emotion, strength}]. */
async function wordsOf(point) {
  const { max_explained_characters: most } = await limits;
  if (Array.from(point.text).length > most) throw new Error("the sentence is too long.");
  if (!explained.has(point.text)) explained.set(point.text, await explain(point.text));
  const { explanation } = explained.get(point.text);
  const strongest = new Map();
  for (const { emotion, words } of explanation ?? []) {
    if (emotion === "neutral") continue;
    const top = Math.max(0, ...words.map(({ weight }) => weight));
    for (const { word, start, end, weight } of words) {
      if (!IS_WORD.test(word) || weight <= 0 || weight < top * MARKED_SHARE) continue;
      const known = strongest.get(start);
      if (!known || known.weight < weight)
        strongest.set(start, { word, start, end, emotion, weight, strength: weight / top });
    }
  }
  return [...strongest.values()].sort((one, other) => one.start - other.start);
}

function mark(element, point, marked) {
  const characters = Array.from(point.text);
  const parts = [];
  let at = 0;
  for (const { start, end, emotion, strength } of marked) {
    if (start < at) continue;
    parts.push(
      characters.slice(at, start).join(""),
      h(
        "mark",
        { class: "tint", title: emotion, vars: { ...tint(emotion), "--strength": strength.toFixed(2) } },
        characters.slice(start, end).join(""),
      ),
    );
    at = end;
  }
  element.replaceChildren(...parts, characters.slice(at).join(""));
}
