// The colour of each emotion and mood: a hue, and how strong it is. Lightness is the theme's.
import { h, percent } from "./dom.js";

const HUES = {
  admiration: 115,
  amusement: 72,
  approval: 140,
  caring: 158,
  desire: 355,
  excitement: 62,
  gratitude: 132,
  joy: 85,
  love: 8,
  optimism: 102,
  pride: 50,
  relief: 168,
  anger: 28,
  annoyance: 40,
  disapproval: 20,
  disgust: 122,
  disappointment: 238,
  embarrassment: 325,
  grief: 272,
  remorse: 288,
  sadness: 252,
  fear: 302,
  nervousness: 314,
  confusion: 192,
  curiosity: 212,
  realization: 180,
  surprise: 200,
  // moods
  anxious: 305,
  calm: 190,
  content: 152,
  excited: 62,
  frustrated: 35,
  grateful: 132,
  happy: 85,
  hopeful: 108,
  overwhelmed: 335,
  proud: 50,
  sad: 252,
  tired: 275,
  // sentiments
  positive: 140,
  negative: 28,
  ambiguous: 200,
};
const FAINT = new Set(["disgust", "tired", "disapproval"]);

/** The CSS variables of an emotion's colour, for the class `tint`. */
export function tint(name) {
  if (!(name in HUES)) return { "--hue": "80", "--chroma": "0.012" };
  return { "--hue": String(HUES[name]), "--chroma": FAINT.has(name) ? "0.07" : "0.14" };
}

/** The colour of an emotion as a canvas takes it. */
export function colour(name, alpha = 1) {
  const lightness = getComputedStyle(document.documentElement).getPropertyValue("--tone").trim();
  const { "--hue": hue, "--chroma": chroma } = tint(name);
  return `oklch(${lightness} ${chroma} ${hue} / ${alpha})`;
}

/** Colour of the theme, such as `--ink-2`, as a canvas takes it. */
export const themeColour = (variable) =>
  getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

/** A mood or emotion as a small label with its colour. */
export function chip(name, confidence) {
  return h(
    "span",
    { class: "chip tint", vars: tint(name) },
    h("i", { class: "dot", "aria-hidden": "true" }),
    name,
    confidence === undefined ? null : h("b", {}, percent(confidence)),
  );
}

/**
 * Emotions as bars, a list of {emotion, confidence, share?}.
 * Each bar is text to a screen reader: its name and its confidence.
 */
export function bars(scores) {
  return h(
    "ul",
    { class: "bars" },
    scores.map(({ emotion, confidence, share }) =>
      h(
        "li",
        { class: "tint", vars: { ...tint(emotion), "--value": String(confidence) } },
        h("span", { class: "name" }, emotion),
        h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill" })),
        h("span", { class: "figure" }, percent(confidence)),
        share === undefined ? null : h("span", { class: "share" }, `in ${percent(share)} of the entry`),
      ),
    ),
  );
}

/** The confidences of an object from name to confidence, highest first. */
export const scores = (byName) =>
  Object.entries(byName ?? {}).map(([emotion, confidence]) => ({ emotion, confidence }));
