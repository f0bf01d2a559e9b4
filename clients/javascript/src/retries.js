// Send a request, and send it again if the service is busy or the connection broke.
import { ApiError, apiError, ConnectionFailed, SessionFailed, TimedOut } from "./errors.js";

/**
 * @typedef {object} RetryOptions
 * @property {number} timeout seconds for a response
 * @property {number} maxRetries how often a request is sent again
 * @property {number} maxRetryWait seconds; an error that asks for a longer wait is thrown at once
 * @property {boolean} [repeatable] whether it may be sent again after the connection broke
 */

// The service, or a proxy in front of it, did not process the request.
const RETRIED = new Set([429, 502, 503]);
const FIRST_BACKOFF_SECONDS = 0.5;
const MAX_BACKOFF_SECONDS = 8;
/** Milliseconds; a longer timer would end at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * A successful response. Throws a `SamoError`, or the signal's reason if the caller aborts.
 * @param {(signal: AbortSignal) => Promise<Response>} attempt sends the request once
 * @param {Request} request its address and signal
 * @param {RetryOptions} options
 * @returns {Promise<Response>}
 */
export async function send(attempt, request, options) {
  const { signal } = request;
  for (let count = 0; ; count++) {
    const outcome = await attemptOnce(attempt, request, options.timeout);
    if (outcome instanceof Response) return outcome;
    const wait = retryWait(outcome, count, options);
    if (wait === null) throw outcome;
    await sleep(wait, signal);
  }
}

/**
 * A successful response, or an error after which another attempt may succeed.
 * @param {(signal: AbortSignal) => Promise<Response>} attempt
 * @param {Request} request
 * @param {number} timeout
 */
async function attemptOnce(attempt, { signal, url }, timeout) {
  const limit = new AbortController();
  // not AbortSignal.timeout: its timer does not keep Node.js running
  const timer = setTimeout(() => limit.abort(), Math.min(timeout * 1000, LONGEST_TIMER));
  try {
    const response = await attempt(AbortSignal.any([signal, limit.signal]));
    if (!response.ok) return await apiError(response);
    // the whole body, so that the timer holds for it and a connection that breaks here is noticed
    const { status, headers } = response;
    const body = await response.arrayBuffer();
    return new Response(body.byteLength > 0 ? body : null, { status, headers }); // 204 allows none
  } catch (reason) {
    if (signal.aborted) throw signal.reason;
    const { origin } = new URL(url);
    if (limit.signal.aborted) {
      throw new TimedOut(
        `${origin} did not answer within ${timeout} s: raise \`timeout\`, or use a job for a long recording.`,
      );
    }
    return unreachable(origin, reason);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The error if a service cannot be reached, or the connection broke.
 * @param {string} url
 * @param {unknown} cause
 */
export function unreachable(url, cause) {
  const { origin, hostname } = new URL(url);
  // Node.js hides the system's reason in the cause, and browsers give none
  const { code } = /** @type {{ cause?: { code?: string } }} */ (cause)?.cause ?? {};
  const hints = [];
  if (["localhost", "127.0.0.1", "[::1]"].includes(hostname)) hints.push("start the service with `samo serve`");
  if ("document" in globalThis) hints.push("let it allow this page's origin (SAMO_CORS_ORIGINS)");
  hints.push("check baseUrl");
  const message = `The service cannot be reached at ${origin}${code ? ` (${code})` : ""}: ${hints.join(", or ")}.`;
  return new ConnectionFailed(message, { cause });
}

/**
 * Seconds to wait before the next attempt; null if there is none.
 * @param {unknown} error
 * @param {number} attempt from 0
 * @param {RetryOptions} options
 */
export function retryWait(error, attempt, { maxRetries, maxRetryWait, repeatable = true }) {
  if (attempt >= maxRetries) return null;
  if (error instanceof ConnectionFailed) {
    if (!repeatable) return null;
  } else if (error instanceof ApiError) {
    if (!RETRIED.has(error.status)) return null;
    if (error.retryAfter !== null) return error.retryAfter <= maxRetryWait ? error.retryAfter : null;
  } else if (!(error instanceof SessionFailed && error.code === "too_many_sessions")) return null;
  const ceiling = Math.min(FIRST_BACKOFF_SECONDS * 2 ** attempt, MAX_BACKOFF_SECONDS);
  // at a random time, so that many clients do not come back at the same moment
  return ceiling * (0.5 + Math.random() / 2);
}

/**
 * Wait; throws the signal's reason if it aborts.
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export async function sleep(seconds, signal) {
  await new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve(undefined);
    }
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
  signal?.throwIfAborted();
}
