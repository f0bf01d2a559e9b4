/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all, those of the
 * form around the recording included.
 * @typedef {(sent: number, total: number) => void} OnProgress
 */
/**
 * `fetch` for a request with a body.
 * @param {typeof fetch} fetch
 * @param {Request} request
 * @param {OnProgress} onProgress
 * @returns {Promise<Response>}
 */
export function fetchWithProgress(fetch: typeof globalThis.fetch, request: Request, onProgress: OnProgress): Promise<Response>;
/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all, those of the
 * form around the recording included.
 */
export type OnProgress = (sent: number, total: number) => void;
