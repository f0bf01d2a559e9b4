// The parts of an insight that are not its course: the summary, the whole, how it was made.
import { button, confirmed, h, percent } from "./dom.js";
import { bars, chip, scores } from "./palette.js";
import { removeRecording } from "./store.js";

const METHODS = {
  generated: "Written by the model from the entry's own sentences.",
  extracted: "The entry's own sentences, without fillers.",
  verbatim: "The entry is short: this is all of it.",
};

/** What the entry comes to: its summary and its moods. */
export function core(summary, analysis) {
  const moods = scores(analysis?.moods).map(({ emotion, confidence }) => chip(emotion, confidence));
  return h(
    "section",
    { class: "panel core", "aria-labelledby": "core" },
    h("h2", { id: "core", class: "eyebrow" }, "What it comes to"),
    summary ? h("blockquote", {}, summary.summary) : h("p", { class: "hint" }, "No summary was made."),
    summary ? h("p", { class: "hint" }, METHODS[summary.method]) : null,
    moods.length ? h("div", { class: "chips" }, moods) : null,
  );
}

/** The emotions of the whole entry. */
export function whole(analysis) {
  return h(
    "section",
    { class: "panel", "aria-labelledby": "emotions" },
    h("h2", { id: "emotions" }, "Emotions of the entry"),
    bars(analysis.emotion_list),
    h(
      "dl",
      { class: "facts" },
      fact("Intensity", `${analysis.emotional_intensity} (${percent(analysis.intensity)})`),
      fact("Tone", analysis.mixed ? `${analysis.sentiment}, mixed` : analysis.sentiment),
      fact(
        "In Ekman's groups",
        scores(analysis.ekman)
          .map(({ emotion, confidence }) => `${emotion} ${percent(confidence)}`)
          .join(", "),
      ),
    ),
    h(
      "p",
      { class: "hint" },
      "A percentage says how sure the model is that the emotion is there, not how strong it is.",
    ),
  );
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

const STEPS = {
  transcription: "Transcription",
  emotion: "Emotions",
  summary: "Summary",
  decoding: "Decoding",
};

/** How the insight was made: the time of each step, what was heard, the models. */
export function made(shown) {
  const { timings_ms: timings, processing_time_ms: total, models } = shown.insight;
  const { transcription: heard } = shown;
  const row = ([name, milliseconds]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, STEPS[name] ?? name),
      h("td", {}, `${Math.round(milliseconds).toLocaleString("en-GB")} ms`),
    );
  return h(
    "details",
    { class: "panel made" },
    h("summary", {}, h("h2", {}, "How it was made")),
    h(
      "div",
      { class: "two" },
      h(
        "table",
        {},
        h("caption", {}, "Time of each step"),
        h("tbody", {}, Object.entries(timings).map(row), row(["Together", total])),
      ),
      h(
        "dl",
        { class: "facts" },
        heard
          ? [
              fact("Language", `${languageName(heard.language)} (${percent(heard.language_probability)})`),
              fact("Sound", `${heard.audio_quality}, ${heard.duration.toFixed(1)} s`),
              fact(
                "Transcript",
                `${percent(heard.confidence)} sure, ${heard.word_count} words, ${Math.round(heard.speaking_rate)} a minute`,
              ),
              heard.unclear.length
                ? fact(
                    "Not understood",
                    heard.unclear
                      .map(({ start, end }) => `${start.toFixed(1)}–${end.toFixed(1)} s`)
                      .join(", "),
                  )
                : null,
            ]
          : null,
        shown.heard ? fact("Corrected", "Yes. Times are those of the words that were kept.") : null,
        Object.entries(models).map(([name, tag]) => fact(`Model: ${name}`, tag)),
      ),
    ),
    shown.hasRecording
      ? h(
          "p",
          {},
          button("Delete the recording, keep the entry", {
            symbol: "trash",
            class: "quiet small",
            on: {
              click: async () => {
                if (
                  !(await confirmed(
                    "Delete the recording? The text and its insight stay.",
                    "Delete recording",
                  ))
                )
                  return;
                await removeRecording(shown);
                location.reload();
              },
            },
          }),
        )
      : null,
  );
}

function languageName(code) {
  if (!code) return "not known";
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(code);
  } catch {
    return code;
  }
}
