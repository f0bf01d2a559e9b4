// Client of SAMO for browsers and Node.js: emotions, transcripts and summaries of journal entries.
import createClient from "openapi-fetch";
import { dated, toForm, variable } from "./inputs.js";
import { untilDone } from "./jobs.js";
import { openLive } from "./live.js";
import { sessionConfig } from "./live-protocol.js";
import { data, requestIdOf } from "./responses.js";
import { send } from "./retries.js";
import { uploadRequest } from "./upload.js";

export {
  ApiError,
  ConnectionFailed,
  JobFailed,
  SamoError,
  SessionFailed,
  TimedOut,
  UnexpectedResponse,
} from "./errors.js";

/** @typedef {import("../types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["InsightResponse"]} Insight */
/** @typedef {Schemas["TranscriptionResponse"]} Transcription */
/** @typedef {Schemas["TrendsEntry"]} TrendsEntry */
/** @typedef {Schemas["JobResponse"]} Job */
/** @typedef {import("./upload.js").OnProgress} OnProgress */
/** @typedef {import("./live.js").LiveSession} LiveSession */
/** @typedef {import("./live-protocol.js").LiveEvent} LiveEvent */
/** @typedef {import("./live-protocol.js").LiveOptions} LiveOptions */
/** @typedef {import("./options.js").RequestOptions} RequestOptions */
/** @typedef {import("./options.js").InsightOptions} InsightOptions */
/** @typedef {import("./options.js").RecordingOptions} RecordingOptions */
/** @typedef {import("./options.js").SamoOptions} SamoOptions */
/** @typedef {import("./options.js").JobOptions} JobOptions */
/** @typedef {import("./options.js").FeedbackOptions} FeedbackOptions */

/** A client of SAMO. Every method throws a `SamoError`, or the signal's reason if it is aborted. */
export class Samo {
  #api;
  #fetch;
  #options;
  #live;

  /** @param {SamoOptions} [options] */
  constructor({
    baseUrl = variable("SAMO_URL") ?? "http://localhost:3000",
    apiKey = variable("SAMO_API_KEY"),
    timeout = 300,
    maxRetries = 2,
    maxRetryWait = 60,
    fetch = (...request) => globalThis.fetch(...request),
    WebSocket = globalThis.WebSocket,
  } = {}) {
    if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl)) {
      throw new TypeError("baseUrl must be an address such as http://localhost:3000.");
    }
    this.#fetch = fetch;
    this.#options = { timeout, maxRetries, maxRetryWait };
    baseUrl = baseUrl.replace(/\/+$/, "");
    this.#live = { baseUrl, key: apiKey, fetch, WebSocket, options: this.#options };
    this.#api = /** @type {typeof createClient<import("../types/api.js").paths>} */ (createClient)({
      baseUrl,
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
    return data(this.#api.POST("/analyze/voice-journal", uploadRequest(form, this.#fetch, this.#options, { onProgress, signal })));
  }

  /**
   * The transcript of a recording, or its translation into English.
   * @param {Blob} recording in any audio format
   * @param {{ task?: "transcribe" | "translate", words?: boolean } & RecordingOptions & RequestOptions} [options]
   * @returns {Promise<Transcription>}
   */
  async transcribe(recording, { task, words, language, onProgress, signal } = {}) {
    const form = toForm(recording, { language, task, timestamp: words });
    return data(this.#api.POST("/transcribe/voice", uploadRequest(form, this.#fetch, this.#options, { onProgress, signal })));
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
    const upload = uploadRequest(form, this.#fetch, { ...this.#options, repeatable: false }, options);
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
    await untilDone(() => this.getJob(id, { signal }), onUpdate, signal);
    return this.jobResult(id, { signal });
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
   * Open a live session, which transcribes speech while it is spoken.
   * @param {LiveOptions & { token?: string } & RequestOptions} [options] `token`: of `liveToken`, for
   * browsers, instead of an API key; `signal` closes the session
   * @returns {Promise<LiveSession>}
   */
  async live({ token, signal, ...options } = {}) {
    if (!this.#live.WebSocket) {
      throw new TypeError(
        "This runtime has no WebSocket: use Node.js 22, or pass the WebSocket of the package ws as an option of Samo.",
      );
    }
    return openLive({ ...this.#live, key: token ?? this.#live.key, signal }, options);
  }

  /**
   * A token (`value`) with which a browser may open a live session, without your API key.
   * @param {{ seconds?: number } & LiveOptions & RequestOptions} [options] `seconds`: how long sessions may
   * be opened with it, from 10 to 60; the other options are those of its sessions, not `prompt` and `keywords`
   */
  async liveToken({ seconds = 60, signal, ...options } = {}) {
    const expires_after = { anchor: /** @type {const} */ ("created_at"), seconds };
    const session = /** @type {any} */ (sessionConfig(options)); // openapi-fetch takes no null in it
    const body = { expires_after, session };
    return data(this.#api.POST("/v1/realtime/client_secrets", { body, signal }));
  }

  /**
   * Say what was right about a response.
   * @param {object | string} response of `analyze`, `analyzeRecording`, `transcribe`, `predict`,
   * `predictBatch` or `summarize`; or its request id
   * @param {FeedbackOptions & RequestOptions} options
   */
  async sendFeedback(response, { summaryRating, signal, ...said }) {
    const requestId = typeof response === "string" ? response : requestIdOf(response);
    if (!requestId) throw new TypeError("Feedback is about a response of this client, or a request id.");
    const body = { request_id: requestId, summary_rating: summaryRating, item: 0, consent: false, ...said };
    return data(this.#api.POST("/feedback", { body, signal }));
  }

  /**
   * All that is stored about a user, in pages: `next` is the value of `after` for the next one.
   * @param {string} user your own id of the person
   * @param {{ after?: string, limit?: number } & RequestOptions} [options]
   */
  async exportFeedback(user, { signal, ...query } = {}) {
    return data(this.#api.GET("/feedback/{user}", { params: { path: { user }, query }, signal }));
  }

  /**
   * Erase all feedback of a user, with the predictions that it is about.
   * @param {string} user your own id of the person
   * @param {RequestOptions} [options]
   */
  async eraseFeedback(user, { signal } = {}) {
    return data(this.#api.DELETE("/feedback/{user}", { params: { path: { user } }, signal }));
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
}
