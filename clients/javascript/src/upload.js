// Send a request and report how much of its body was sent. fetch cannot do that in browsers.

const CHUNK_BYTES = 64 * 1024;

/**
 * Called while a recording is sent, with the bytes sent so far and the bytes in all, those of the
 * form around the recording included.
 * @typedef {(sent: number, total: number) => void} OnProgress
 */

/**
 * `fetch` for a request with a body.
 * @param {typeof fetch} fetch
 * @param {Request} request
 * @param {OnProgress} onProgress
 * @returns {Promise<Response>}
 */
export async function fetchWithProgress(fetch, request, onProgress) {
  const body = await request.blob();
  if (typeof XMLHttpRequest === "function") return sendByXhr(request, body, onProgress);
  let sent = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(await body.slice(sent, sent + CHUNK_BYTES).arrayBuffer());
      if (chunk.length === 0) return controller.close();
      sent += chunk.length;
      onProgress(sent, body.size);
      controller.enqueue(chunk);
    },
  });
  const { url, method, headers, signal } = request;
  return fetch(url, {
    method,
    headers,
    signal,
    body: stream,
    // @ts-expect-error  Node.js asks for it; TypeScript's types are those of browsers
    duplex: "half",
  });
}

/**
 * @param {Request} request
 * @param {Blob} body
 * @param {OnProgress} onProgress
 * @returns {Promise<Response>}
 */
function sendByXhr(request, body, onProgress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(request.method, request.url);
    xhr.responseType = "blob";
    request.headers.forEach((value, name) => xhr.setRequestHeader(name, value));
    xhr.upload.onprogress = ({ loaded }) => onProgress(loaded, body.size);
    xhr.onload = () => {
      const lines = xhr.getAllResponseHeaders().trim().split(/\r?\n/);
      const headers = new Headers(
        lines.map((line) => /** @type {[string, string]} */ (line.split(/:\s*(.*)/s, 2))),
      );
      resolve(new Response(xhr.response, { status: xhr.status, headers }));
    };
    xhr.onerror = () => reject(new TypeError("The connection failed."));
    xhr.onabort = () => reject(request.signal.reason);
    request.signal.addEventListener("abort", () => xhr.abort());
    if (request.signal.aborted) reject(request.signal.reason);
    else xhr.send(body);
  });
}
