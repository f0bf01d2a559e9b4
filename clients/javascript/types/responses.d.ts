/**
 * The id of the request that an object answers; undefined if it is no response of the client.
 * @param {object} response
 */
export function requestIdOf(response: object): string | undefined;
/**
 * The body of a successful response; `send` throws an error for any other.
 * @template T
 * @param {Promise<{ data?: T, response?: Response }>} sent
 * @returns {Promise<T>}
 */
export function data<T>(sent: Promise<{
    data?: T;
    response?: Response;
}>): Promise<T>;
