// Calls to the service this page came from.
import { button, h } from "./dom.js";

const KEY = "samo.key";

/** A refusal or a failure, with a message that says what to do. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = "unreachable" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The limits of the service: {max_audio_seconds, max_audio_bytes, max_text_characters, ...}. */
export const limits = fetch("/page/limits.json").then((response) => response.json());

export const analyseText = (text) => call("POST", "/analyze/journal", { json: { text } });

export function analyseRecording(recording, options) {
  const form = new FormData();
  form.append("audio_file", recording, "entry");
  return call("POST", "/analyze/voice-journal", { form, ...options });
}

/** A long recording as a job: {id, state, progress, error}. */
export function createJob(recording, options) {
  const form = new FormData();
  form.append("audio_file", recording, "entry");
  return call("POST", "/v1/jobs", { form, ...options });
}

export const jobState = (id) => call("GET", `/v1/jobs/${id}`);
export const jobResult = (id) => call("GET", `/v1/jobs/${id}/result`);
/** Cancel a job, or delete its result. */
export const deleteJob = (id) => call("DELETE", `/v1/jobs/${id}`);

/** Which words carried each emotion of `text`. */
export const explain = (text) => call("POST", "/predict", { json: { text, explain: true } });

export const trends = (entries) => call("POST", "/insights/trends", { json: { entries } });

/** A token that opens a live session during the next minute; fails where the key does not permit it. */
export const liveToken = async () =>
  (await send("POST", "/v1/realtime/client_secrets", { json: {} })).value;

/**
 * Call the service; asks for an API key where it wants one.
 * `onUpload(share)` hears of the upload's progress; `signal` stops the call.
 */
async function call(method, path, options) {
  for (;;) {
    try {
      return await send(method, path, options);
    } catch (error) {
      if (error.status !== 401 || !(await askForKey(error.message))) throw error;
    }
  }
}

function send(method, path, { json, form, onUpload, signal } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open(method, path);
    request.setRequestHeader("accept", "application/json");
    const key = sessionStorage.getItem(KEY);
    if (key) request.setRequestHeader("authorization", `Bearer ${key}`);
    if (json) request.setRequestHeader("content-type", "application/json");
    request.upload.addEventListener("progress", (event) => onUpload?.(event.loaded / event.total));
    request.upload.addEventListener("load", () => onUpload?.(1));
    request.addEventListener("load", () => {
      const body = parsed(request.responseText);
      if (request.status < 300 && body) resolve(body);
      else reject(refusal(request, body));
    });
    request.addEventListener("error", () =>
      reject(
        new ApiError(
          "The service does not answer. Check your connection, and that the service runs; then try again.",
        ),
      ),
    );
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(json ? JSON.stringify(json) : form);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(request, body) {
  const { message, code } = body?.error ?? {};
  const wait = request.getResponseHeader("retry-after");
  const hint = wait ? ` Try again in ${wait} seconds.` : "";
  return new ApiError(
    (message ??
      `The service answered with status ${request.status}. Try again; if it stays so, look into its log.`) +
      hint,
    { status: request.status, code },
  );
}

export const hasKey = () => sessionStorage.getItem(KEY) !== null;
export const forgetKey = () => sessionStorage.removeItem(KEY);

/** Ask for an API key, which this tab keeps until it is closed; resolves to whether one was given. */
export function askForKey(reason) {
  return new Promise((resolve) => {
    const field = h("input", {
      type: "password",
      id: "key",
      autocomplete: "off",
      required: true,
      spellcheck: "false",
    });
    const cancel = button("Cancel", { class: "quiet", on: { click: () => dialog.close() } });
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "key-title" }, "API key"),
      h(
        "p",
        {},
        reason || "The service asks for a key.",
        " Whoever runs the service gives it to you. This tab keeps it until it is closed.",
      ),
      h("label", { for: "key" }, "Key"),
      field,
      h("div", { class: "row end" }, cancel, h("button", { class: "primary" }, "Use this key")),
    );
    const dialog = h("dialog", { "aria-labelledby": "key-title" }, form);
    let given = false;
    form.addEventListener("submit", () => {
      sessionStorage.setItem(KEY, field.value.trim());
      given = true;
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
