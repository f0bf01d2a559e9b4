// Send a request, and send it again if the service is busy or the connection broke.
import { apiError, ConnectionFailed, TimedOut } from "./errors.js";
import { fetchWithProgress } from "./upload.js";

/** @typedef {import("./upload.js").OnProgress} OnProgress */

/**
 * @typedef {object} RetryOptions
 * @property {typeof fetch} fetch
 * @property {number} timeout seconds for a response
 * @property {number} maxRetries how often a request is sent again
 * @property {number} maxRetryWait seconds; an error that asks for a longer wait is thrown at once
 */

// The service, or a proxy in front of it, did not process the request.
const RETRIED = new Set([429, 502, 503]);
const FIRST_BACKOFF_SECONDS = 0.5;
const MAX_BACKOFF_SECONDS = 8;

/**
 * A successful response. Throws a `SamoError`, or the signal's reason if the caller aborts.
 *
 * Every request only computes something, so it may be repeated even if the service received it.
 * @param {Request} request
 * @param {RetryOptions} options
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Response>}
 */
export async function send(request, options, onProgress) {
  for (let attempt = 0; ; attempt++) {
    const error = await attemptOnce(request, options, onProgress).catch((reason) => {
      if (request.signal.aborted) throw request.signal.reason;
      if (reason?.name === "TimeoutError") throw new TimedOut("The service did not answer in time.");
      return new ConnectionFailed("The service cannot be reached.", { cause: reason });
    });
    if (error instanceof Response) return error;
    const wait = retryWait(error, attempt, options);
    if (wait === null) throw error;
    await sleep(wait, request.signal);
  }
}

/**
 * @param {Request} request
 * @param {RetryOptions} options
 * @param {OnProgress} [onProgress]
 */
async function attemptOnce(request, { fetch, timeout }, onProgress) {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout * 1000)]);
  const copy = new Request(request.clone(), { signal });
  const response = await (onProgress ? fetchWithProgress(fetch, copy, onProgress) : fetch(copy));
  return response.ok ? response : apiError(response);
}

/**
 * Seconds to wait before the next attempt; null if there is none.
 * @param {ConnectionFailed | import("./errors.js").ApiError} error
 * @param {number} attempt from 0
 * @param {RetryOptions} options
 */
function retryWait(error, attempt, { maxRetries, maxRetryWait }) {
  if (attempt >= maxRetries) return null;
  if (!(error instanceof ConnectionFailed)) {
    if (!RETRIED.has(error.status)) return null;
    if (error.retryAfter !== null) return error.retryAfter <= maxRetryWait ? error.retryAfter : null;
  }
  const ceiling = Math.min(FIRST_BACKOFF_SECONDS * 2 ** attempt, MAX_BACKOFF_SECONDS);
  // at a random time, so that many clients do not come back at the same moment
  return ceiling * (0.5 + Math.random() / 2);
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
