/**
 * The socket of a session. Browsers cannot set its headers, so the key is a subprotocol.
 * @param {LiveConnection} connection
 */
export function openSocket({ baseUrl, key, WebSocket }: LiveConnection): WebSocket;
/**
 * Why a connection was refused. A WebSocket does not tell, so a plain request asks.
 * @param {LiveConnection} connection
 */
export function whyRefused({ baseUrl, key, fetch }: LiveConnection): Promise<import("./errors.js").ConnectionFailed | UnexpectedResponse | import("./errors.js").ApiError>;
/**
 * How to connect.
 */
export type LiveConnection = {
    /**
     * of the service
     */
    baseUrl: string;
    /**
     * an API key, or a token of `liveToken`
     */
    key?: string | undefined;
    /**
     * asks why a connection was refused
     */
    fetch: typeof fetch;
    WebSocket: typeof WebSocket;
    options: import("./retries.js").RetryOptions;
    /**
     * closes the session
     */
    signal?: AbortSignal | undefined;
};
import { UnexpectedResponse } from "./errors.js";
