/**
 * A successful response. Throws a `SamoError`, or the signal's reason if the caller aborts.
 *
 * Every request only computes something, so it may be repeated even if the service received it.
 * @param {Request} request
 * @param {RetryOptions} options
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Response>}
 */
export function send(request: Request, options: RetryOptions, onProgress?: OnProgress): Promise<Response>;
export type OnProgress = import("./upload.js").OnProgress;
export type RetryOptions = {
    fetch: typeof fetch;
    /**
     * seconds for a response
     */
    timeout: number;
    /**
     * how often a request is sent again
     */
    maxRetries: number;
    /**
     * seconds; an error that asks for a longer wait is thrown at once
     */
    maxRetryWait: number;
};
