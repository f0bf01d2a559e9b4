// How a live session connects, and why it was refused.
import { apiError, UnexpectedResponse } from "./errors.js";
import { unreachable } from "./retries.js";

/**
 * How to connect.
 * @typedef {object} LiveConnection
 * @property {string} baseUrl of the service
 * @property {string} [key] an API key, or a token of `liveToken`
 * @property {typeof fetch} fetch asks why a connection was refused
 * @property {typeof WebSocket} WebSocket
 * @property {import("./retries.js").RetryOptions} options
 * @property {AbortSignal} [signal] closes the session
 */

const PATH = "/v1/realtime?intent=transcription";
const UPGRADE_REQUIRED = 426;

/**
 * The socket of a session. Browsers cannot set its headers, so the key is a subprotocol.
 * @param {LiveConnection} connection
 */
export function openSocket({ baseUrl, key, WebSocket }) {
  const protocols = ["realtime", ...(key ? [`openai-insecure-api-key.${key}`] : [])];
  return new WebSocket(`${baseUrl.replace(/^http/, "ws")}${PATH}`, protocols);
}

/**
 * Why a connection was refused. A WebSocket does not tell, so a plain request asks.
 * @param {LiveConnection} connection
 */
export async function whyRefused({ baseUrl, key, fetch }) {
  const headers = key ? { Authorization: `Bearer ${key}` } : undefined;
  try {
    const response = await fetch(new Request(`${baseUrl}${PATH}`, { headers }));
    if (!response.ok && response.status !== UPGRADE_REQUIRED) return await apiError(response);
    return new UnexpectedResponse(
      `${baseUrl} opens no live session: check that it is SAMO, that it allows this page's origin ` +
        "(SAMO_CORS_ORIGINS), and that proxies in between pass WebSockets on.",
    );
  } catch (error) {
    return unreachable(baseUrl, error);
  }
}
