// The hue of each emotion, mood and sentiment, and how strong it is. Lightness is the theme's.
// clients/elements bundles this file, so that both draw an emotion in the same colour.

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

/** Hue and chroma of an emotion's colour in oklch; grey for a name without one. */
export function hueOf(name) {
  if (!Object.hasOwn(HUES, name)) return { hue: 80, chroma: 0.012 };
  return { hue: HUES[name], chroma: FAINT.has(name) ? 0.07 : 0.14 };
}
