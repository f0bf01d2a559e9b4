// Successful responses, and which request each one answers.
import { UnexpectedResponse } from "./errors.js";

/**
 * The X-Request-ID of the responses, for feedback.
 * @type {WeakMap<object, string>}
 */
const requestIds = new WeakMap();

/**
 * The id of the request that an object answers; undefined if it is no response of the client.
 * @param {object} response
 */
export function requestIdOf(response) {
  return requestIds.get(response);
}

/**
 * The body of a successful response; `send` throws an error for any other.
 * @template T
 * @param {Promise<{ data?: T, response?: Response }>} sent
 * @returns {Promise<T>}
 */
export async function data(sent) {
  const result = await sent.catch((error) => {
    if (error instanceof SyntaxError) return { data: undefined, response: undefined };
    throw error;
  });
  if (typeof result.data === "object" && result.data !== null) {
    const requestId = result.response?.headers.get("x-request-id");
    if (requestId) requestIds.set(result.data, requestId);
    return result.data;
  }
  throw new UnexpectedResponse("The response is not SAMO's JSON: check baseUrl and the versions.");
}
