/** @typedef {import("../types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["InsightResponse"]} Insight */
/** @typedef {Schemas["TrendsEntry"]} TrendsEntry */
/**
 * An environment variable that is not empty; browsers have none.
 * @param {string} name
 * @returns {string | undefined}
 */
export function variable(name: string): string | undefined;
/**
 * @param {Blob} recording
 * @param {Record<string, string | number | boolean | undefined>} fields
 */
export function toForm(recording: Blob, fields: Record<string, string | number | boolean | undefined>): FormData;
/**
 * @param {TrendsEntry | { date: string, insight: Insight }} entry
 * @returns {TrendsEntry | null}
 */
export function dated(entry: TrendsEntry | {
    date: string;
    insight: Insight;
}): TrendsEntry | null;
export type Schemas = import("../types/api.js").components["schemas"];
export type Insight = Schemas["InsightResponse"];
export type TrendsEntry = Schemas["TrendsEntry"];
