// What the methods take, in the form of the API.

/** @typedef {import("../types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["InsightResponse"]} Insight */
/** @typedef {Schemas["TrendsEntry"]} TrendsEntry */

/**
 * An environment variable that is not empty; browsers have none.
 * @param {string} name
 * @returns {string | undefined}
 */
export function variable(name) {
  const { process } = /** @type {{ process?: { env?: Record<string, string> } }} */ (globalThis);
  return process?.env?.[name] || undefined;
}

/**
 * @param {Blob} recording
 * @param {Record<string, string | number | boolean | undefined>} fields
 */
export function toForm(recording, fields) {
  const form = new FormData();
  form.append("audio_file", recording, "recording");
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, String(value));
  }
  return form;
}

/**
 * @param {TrendsEntry | { date: string, insight: Insight }} entry
 * @returns {TrendsEntry | null}
 */
export function dated(entry) {
  if (!("insight" in entry)) return entry;
  const analysis = entry.insight.emotion_analysis;
  return analysis && { date: entry.date, emotions: analysis.emotions, moods: analysis.moods };
}
