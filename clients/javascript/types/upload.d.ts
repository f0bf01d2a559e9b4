/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all.
 * @typedef {(sent: number, total: number) => void} OnProgress
 */
/**
 * What openapi-fetch takes to send a form and to report its progress.
 * @param {FormData} form
 * @param {typeof fetch} fetch
 * @param {import("./retries.js").RetryOptions} options how long to wait, and how often to send it again
 * @param {{ onProgress?: OnProgress, signal?: AbortSignal }} request
 */
export function uploadRequest(form: FormData, fetch: typeof globalThis.fetch, options: import("./retries.js").RetryOptions, { onProgress, signal }: {
    onProgress?: OnProgress;
    signal?: AbortSignal;
}): {
    body: any;
    bodySerializer: () => FormData;
    fetch: (request: Request) => Promise<Response>;
    signal: AbortSignal | undefined;
};
/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all.
 */
export type OnProgress = (sent: number, total: number) => void;
