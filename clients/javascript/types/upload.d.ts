/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all.
 * @typedef {(sent: number, total: number) => void} OnProgress
 */
/**
 * Send a form; each call reads the recording again.
 * @param {typeof fetch} fetch
 * @param {Request} request its address and headers
 * @param {FormData} form
 * @param {AbortSignal} signal
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Response>}
 */
export function sendForm(fetch: typeof globalThis.fetch, request: Request, form: FormData, signal: AbortSignal, onProgress?: OnProgress): Promise<Response>;
/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all.
 */
export type OnProgress = (sent: number, total: number) => void;
