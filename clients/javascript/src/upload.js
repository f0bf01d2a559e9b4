// Send a form and report how much of its recording was sent. fetch cannot do that in browsers.
import { send } from "./retries.js";

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
export function uploadRequest(form, fetch, options, { onProgress, signal }) {
  return {
    body: /** @type {any} */ (form), // the description has the fields of the form, not FormData
    bodySerializer: () => form,
    fetch: /** @param {Request} request */ (request) =>
      send((limited) => sendForm(fetch, request, form, limited, onProgress), request, options),
    signal,
  };
}

/**
 * Send a form; each call reads the recording again.
 * @param {typeof fetch} fetch
 * @param {Request} request its address and headers
 * @param {FormData} form
 * @param {AbortSignal} signal
 * @param {OnProgress} [onProgress]
 * @returns {Promise<Response>}
 */
async function sendForm(fetch, request, form, signal, onProgress) {
  const headers = new Headers(request.headers);
  headers.delete("content-type"); // the form's own has its boundary
  const total = /** @type {Blob} */ (form.get("audio_file")).size;
  const report = onProgress && untilComplete(onProgress, total);
  if (!report) return fetch(new Request(request.url, { method: "POST", headers, body: form, signal }));
  if (typeof XMLHttpRequest === "function") return sendByXhr(request.url, headers, form, signal, report);
  const encoded = new Response(form);
  headers.set("content-type", encoded.headers.get("content-type") ?? "");
  let sent = 0;
  const counter = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      report((sent += chunk.byteLength));
    },
  });
  const body = /** @type {ReadableStream} */ (encoded.body).pipeThrough(counter);
  const duplex = { duplex: "half" }; // Node.js asks for it
  return fetch(new Request(request.url, { method: "POST", headers, body, signal, ...duplex }));
}

/**
 * Reports the bytes of the recording: a form is longer, and its end is not reported again.
 * @param {OnProgress} onProgress
 * @param {number} total
 * @returns {(sent: number) => void}
 */
function untilComplete(onProgress, total) {
  let isComplete = false;
  return (sent) => {
    if (isComplete) return;
    isComplete = sent >= total;
    onProgress(Math.min(sent, total), total);
  };
}

/**
 * @param {string} url
 * @param {Headers} headers
 * @param {FormData} form
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} report
 * @returns {Promise<Response>}
 */
function sendByXhr(url, headers, form, signal, report) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.responseType = "blob";
    headers.forEach((value, name) => xhr.setRequestHeader(name, value));
    xhr.upload.onprogress = ({ loaded }) => report(loaded);
    xhr.onload = () => {
      const lines = xhr.getAllResponseHeaders().trim().split(/\r?\n/);
      const received = lines.map((line) => /** @type {[string, string]} */ (line.split(/:\s*(.*)/s, 2)));
      resolve(new Response(xhr.response, { status: xhr.status, headers: received }));
    };
    xhr.onerror = () => reject(new TypeError("The connection failed."));
    xhr.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => xhr.abort());
    if (signal.aborted) reject(signal.reason);
    else xhr.send(form);
  });
}
