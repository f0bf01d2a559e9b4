// Emotions and moods as colours, labels and bars.
import { h, percent } from "./dom.js";
import { hueOf } from "./hues.js";

/** The CSS variables of an emotion's colour, for the class `tint`. */
export function tint(name) {
  const { hue, chroma } = hueOf(name);
  return { "--hue": String(hue), "--chroma": String(chroma) };
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
