/**
 * A successful response. Throws a `SamoError`, or the signal's reason if the caller aborts.
 * @param {(signal: AbortSignal) => Promise<Response>} attempt sends the request once
 * @param {Request} request its address and signal
 * @param {RetryOptions} options
 * @returns {Promise<Response>}
 */
export function send(attempt: (signal: AbortSignal) => Promise<Response>, request: Request, options: RetryOptions): Promise<Response>;
/**
 * The error if a service cannot be reached, or the connection broke.
 * @param {string} url
 * @param {unknown} cause
 */
export function unreachable(url: string, cause: unknown): ConnectionFailed;
/**
 * Seconds to wait before the next attempt; null if there is none.
 * @param {unknown} error
 * @param {number} attempt from 0
 * @param {RetryOptions} options
 */
export function retryWait(error: unknown, attempt: number, { maxRetries, maxRetryWait, repeatable }: RetryOptions): number | null;
/**
 * Wait; throws the signal's reason if it aborts.
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void>;
/** Milliseconds; a longer timer would end at once. */
export const LONGEST_TIMER: number;
export type RetryOptions = {
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
    /**
     * whether it may be sent again after the connection broke
     */
    repeatable?: boolean | undefined;
};
import { ConnectionFailed } from "./errors.js";
