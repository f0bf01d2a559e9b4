// Client of SAMO for browsers and Node.js: emotions, transcripts and summaries of journal entries.
import createClient from "openapi-fetch";
import { JobFailed, UnexpectedResponse } from "./errors.js";
import { send, sleep } from "./retries.js";
import { sendForm } from "./upload.js";

export { ApiError, ConnectionFailed, JobFailed, SamoError, TimedOut, UnexpectedResponse } from "./errors.js";

/** @typedef {import("../types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["InsightResponse"]} Insight */
/** @typedef {Schemas["TranscriptionResponse"]} Transcription */
/** @typedef {Schemas["TrendsEntry"]} TrendsEntry */
/** @typedef {Schemas["JobResponse"]} Job */
/** @typedef {import("./upload.js").OnProgress} OnProgress */

/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} [signal] aborts the request
 */

/**
 * @typedef {object} InsightOptions
 * @property {boolean} [summary] if false, the insight has no summary
 * @property {number} [threshold] of all labels; by default each label has its tuned threshold
 */

/**
 * @typedef {object} RecordingOptions
 * @property {string} [language] a code such as "en"; detected by default
 * @property {OnProgress} [onProgress]
 */

/**
 * @typedef {object} SamoOptions
 * @property {string} [baseUrl] of the service; in Node.js by default the variable SAMO_URL, or
 * http://localhost:3000
 * @property {string} [apiKey] in Node.js by default the variable SAMO_API_KEY
 * @property {number} [timeout] seconds for a response
 * @property {number} [maxRetries] how often a request is sent again if the service is busy or the
 * connection broke
 * @property {number} [maxRetryWait] seconds; if the service asks to wait longer, its error is thrown
 * @property {typeof fetch} [fetch] one of your own, for tests and proxies
 */

/**
 * @typedef {object} JobOptions
 * @property {"insight" | "transcription"} [result] what to compute
 * @property {boolean} [summary] for an insight
 * @property {number} [threshold] for an insight
 * @property {"transcribe" | "translate"} [task] for a transcription
 * @property {boolean} [words] for a transcription
 * @property {string} [callbackUrl] called when the job has ended
 */

/**
 * @typedef {object} FeedbackOptions
 * @property {string[]} [labels] the emotions that are right
 * @property {string[]} [moods] the moods that are right
 * @property {number} [summaryRating] from 1 to 5
 * @property {string} [transcript] corrected; needs `consent`
 * @property {string} [text] the entry or sentence that `labels` and `moods` are about; needs `consent`
 * @property {string} [user] your own id of the person
 * @property {boolean} [consent] whether the person agrees that `text` and `transcript` are stored
 * @property {number} [item] which text of `predictBatch`, from 0
 */

/**
 * The X-Request-ID of the responses, for feedback.
 * @type {WeakMap<object, string>}
 */
const requestIds = new WeakMap();

const FIRST_POLL_SECONDS = 0.5;
const POLL_GROWTH = 1.5;
const MAX_POLL_SECONDS = 10;

/** A client of SAMO. Every method throws a `SamoError`, or the signal's reason if it is aborted. */
export class Samo {
  #api;
  #fetch;
  #options;

  /** @param {SamoOptions} [options] */
  constructor({
    baseUrl = variable("SAMO_URL") ?? "http://localhost:3000",
    apiKey = variable("SAMO_API_KEY"),
    timeout = 300,
    maxRetries = 2,
    maxRetryWait = 60,
    fetch = (...request) => globalThis.fetch(...request),
  } = {}) {
    if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl)) {
      throw new TypeError("baseUrl must be an address such as http://localhost:3000.");
    }
    this.#fetch = fetch;
    this.#options = { timeout, maxRetries, maxRetryWait };
    this.#api = /** @type {typeof createClient<import("../types/api.js").paths>} */ (createClient)({
      baseUrl: baseUrl.replace(/\/+$/, ""),
      headers: apiKey ? { Authorization: `Bearer ${apiKey}` } : {},
      fetch: (request) =>
        send((signal) => fetch(new Request(request.clone(), { signal })), request, this.#options),
    });
  }

  /**
   * The insight of a typed entry: emotions, moods, their arc, a summary.
   * @param {string} text 1 to 20,000 characters
   * @param {InsightOptions & RequestOptions} [options]
   * @returns {Promise<Insight>}
   */
  async analyze(text, { summary = true, threshold, signal } = {}) {
    const body = { text, generate_summary: summary, emotion_threshold: threshold };
    return data(this.#api.POST("/analyze/journal", { body, signal }));
  }

  /**
   * The insight of a spoken entry, with its transcript.
   * @param {Blob} recording in any audio format; in Node.js `await fs.openAsBlob(path)`
   * @param {InsightOptions & RecordingOptions & RequestOptions} [options]
   * @returns {Promise<Insight>}
   */
  async analyzeRecording(recording, { summary = true, threshold, language, onProgress, signal } = {}) {
    const form = toForm(recording, {
      language,
      generate_summary: summary,
      emotion_threshold: threshold,
    });
    return data(this.#api.POST("/analyze/voice-journal", this.#upload(form, onProgress, signal)));
  }

  /**
   * The transcript of a recording, or its translation into English.
   * @param {Blob} recording in any audio format
   * @param {{ task?: "transcribe" | "translate", words?: boolean } & RecordingOptions & RequestOptions} [options]
   * @returns {Promise<Transcription>}
   */
  async transcribe(recording, { task, words, language, onProgress, signal } = {}) {
    const form = toForm(recording, { language, task, timestamp: words });
    return data(this.#api.POST("/transcribe/voice", this.#upload(form, onProgress, signal)));
  }

  /**
   * The emotions of a text; with `explain` the words that carried each.
   * @param {string} text
   * @param {{ threshold?: number, topK?: number, groupings?: boolean, explain?: boolean } & RequestOptions} [options]
   */
  async predict(text, { threshold, topK, groupings = false, explain = false, signal } = {}) {
    const body = { text, threshold, top_k: topK, groupings, explain };
    return data(this.#api.POST("/predict", { body, signal }));
  }

  /**
   * The emotions of up to 128 texts; a text that cannot be used has an error instead.
   * @param {string[]} texts
   * @param {{ threshold?: number, topK?: number, groupings?: boolean } & RequestOptions} [options]
   */
  async predictBatch(texts, { threshold, topK, groupings = false, signal } = {}) {
    const body = { texts, threshold, top_k: topK, groupings };
    return data(this.#api.POST("/predict_batch", { body, signal }));
  }

  /**
   * A summary of a text.
   * @param {string} text
   * @param {{ maxSentences?: number, focus?: "core" | "gist" } & RequestOptions} [options]
   */
  async summarize(text, { maxSentences = 2, focus = "core", signal } = {}) {
    const body = { text, max_sentences: maxSentences, focus };
    return data(this.#api.POST("/summarize/text", { body, signal }));
  }

  /**
   * Changes and patterns of a journal's emotions and moods over time.
   * @param {(TrendsEntry | { date: string, insight: Insight })[]} entries insights without emotions
   * are left out; `date` is ISO 8601, with the writer's own time
   * @param {RequestOptions} [options]
   */
  async trends(entries, { signal } = {}) {
    const body = { entries: entries.map(dated).filter((entry) => entry !== null) };
    return data(this.#api.POST("/insights/trends", { body, signal }));
  }

  /**
   * Start a job, for recordings of up to hours; it is computed in the background.
   * @param {Blob} recording in any audio format
   * @param {JobOptions & RecordingOptions & RequestOptions} [options]
   * @returns {Promise<Job>}
   */
  async createJob(recording, options = {}) {
    const { result, language, summary, threshold, task, words, callbackUrl } = options;
    const form = toForm(recording, {
      result,
      language,
      generate_summary: summary,
      emotion_threshold: threshold,
      task,
      timestamp: words,
      callback_url: callbackUrl,
    });
    // after a broken connection nobody knows whether the job exists
    const upload = this.#upload(form, options.onProgress, options.signal, false);
    return data(this.#api.POST("/v1/jobs", upload));
  }

  /**
   * State and progress of a job.
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Job>}
   */
  async getJob(id, { signal } = {}) {
    return data(this.#api.GET("/v1/jobs/{job_id}", { params: { path: { job_id: id } }, signal }));
  }

  /**
   * Wait until a job is done, and return its result. Throws `JobFailed` if it ends without one.
   * @param {string} id
   * @param {{ onUpdate?: (job: Job) => void } & RequestOptions} [options] `onUpdate` is called with the
   * job's state each time it was asked for
   * @returns {Promise<Insight | Transcription>}
   */
  async waitForJob(id, { onUpdate, signal } = {}) {
    for (let wait = FIRST_POLL_SECONDS; ; wait = Math.min(wait * POLL_GROWTH, MAX_POLL_SECONDS)) {
      const job = await this.getJob(id, { signal });
      onUpdate?.(job);
      if (job.state === "done") return this.jobResult(id, { signal });
      if (job.state !== "queued" && job.state !== "running") throw new JobFailed(job);
      await sleep(wait, signal);
    }
  }

  /**
   * The result of a job that is done.
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Insight | Transcription>}
   */
  async jobResult(id, { signal } = {}) {
    return data(this.#api.GET("/v1/jobs/{job_id}/result", { params: { path: { job_id: id } }, signal }));
  }

  /**
   * Cancel a job that waits or runs; delete one that has ended, with its result.
   * @param {string} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Job>}
   */
  async deleteJob(id, { signal } = {}) {
    return data(this.#api.DELETE("/v1/jobs/{job_id}", { params: { path: { job_id: id } }, signal }));
  }

  /**
   * Say what was right about a response.
   * @param {object | string} response of `analyze`, `analyzeRecording`, `transcribe`, `predict`,
   * `predictBatch` or `summarize`; or its request id
   * @param {FeedbackOptions & RequestOptions} options
   */
  async sendFeedback(response, { summaryRating, signal, ...said }) {
    const requestId = typeof response === "string" ? response : requestIds.get(response);
    if (!requestId) throw new TypeError("Feedback is about a response of this client, or a request id.");
    const body = { request_id: requestId, summary_rating: summaryRating, item: 0, consent: false, ...said };
    return data(this.#api.POST("/feedback", { body, signal }));
  }

  /**
   * State of the service.
   * @param {RequestOptions} [options]
   */
  async health({ signal } = {}) {
    return data(this.#api.GET("/health", { signal }));
  }

  /**
   * The service's models, with their metadata.
   * @param {RequestOptions} [options]
   */
  async servedModels({ signal } = {}) {
    return data(this.#api.GET("/models/status", { signal }));
  }

  /**
   * What openapi-fetch takes to send a form and to report its progress.
   * @param {FormData} form
   * @param {OnProgress} [onProgress]
   * @param {AbortSignal} [signal]
   */
  #upload(form, onProgress, signal, repeatable = true) {
    const options = { ...this.#options, repeatable };
    return {
      body: /** @type {any} */ (form), // the description has the fields of the form, not FormData
      bodySerializer: () => form,
      fetch: /** @param {Request} request */ (request) =>
        send(
          (limited) => sendForm(this.#fetch, request, form, limited, onProgress),
          request,
          options,
        ),
      signal,
    };
  }
}

/**
 * An environment variable that is not empty; browsers have none.
 * @param {string} name
 * @returns {string | undefined}
 */
function variable(name) {
  const { process } = /** @type {{ process?: { env?: Record<string, string> } }} */ (globalThis);
  return process?.env?.[name] || undefined;
}

/**
 * @param {Blob} recording
 * @param {Record<string, string | number | boolean | undefined>} fields
 */
function toForm(recording, fields) {
  const form = new FormData();
  form.append("audio_file", recording, "recording");
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, String(value));
  }
  return form;
}

/**
 * @param {TrendsEntry | { date: string, insight: Insight }} entry
 * @returns {TrendsEntry | null}
 */
function dated(entry) {
  if (!("insight" in entry)) return entry;
  const analysis = entry.insight.emotion_analysis;
  return analysis && { date: entry.date, emotions: analysis.emotions, moods: analysis.moods };
}

/**
 * The body of a successful response; `send` throws an error for any other.
 * @template T
 * @param {Promise<{ data?: T, response?: Response }>} sent
 * @returns {Promise<T>}
 */
async function data(sent) {
  const result = await sent.catch((error) => {
    if (error instanceof SyntaxError) return { data: undefined, response: undefined };
    throw error;
  });
  if (typeof result.data === "object" && result.data !== null) {
    const requestId = result.response?.headers.get("x-request-id");
    if (requestId) requestIds.set(result.data, requestId);
    return result.data;
  }
  throw new UnexpectedResponse("The response is not JSON: check baseUrl.");
}
