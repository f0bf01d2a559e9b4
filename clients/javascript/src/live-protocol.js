// A live session without its connection: what to send, and what the service's messages mean.
import { ConnectionFailed, SessionFailed, UnexpectedResponse } from "./errors.js";

/** @typedef {import("../types/api.js").components["schemas"]} Schemas */

/**
 * @typedef {object} LiveOptions
 * @property {string} [language] a code such as "en"; detected by default
 * @property {string[]} [languages] those that detection may return; not together with `language`
 * @property {string} [prompt] text that comes before the speech, for its spelling
 * @property {string[]} [keywords] words that may be spoken, such as names
 * @property {boolean} [turnDetection] if false, turns end only where `commit` is called
 * @property {number} [silenceDurationMs] how long a pause ends a turn, from 200 to 10,000
 * @property {number} [prefixPaddingMs] sound before the beginning of speech that belongs to the turn
 * @property {number} [vadThreshold] from 0 to 1; how sure the voice activity detector must be
 * @property {"audio/pcm" | "audio/pcmu" | "audio/pcma"} [encoding] 16-bit PCM, or G.711 at 8 kHz
 * @property {24000 | 16000} [rate] samples per second of PCM, by default 24,000
 * @property {boolean} [logprobs] add the probabilities of the words to each turn
 */

/**
 * What a session yields. The parts of the text of a turn are final and, joined, its transcript. A
 * "problem" says what was refused, or why the session ends.
 * @typedef {{ type: "speech_started" | "speech_stopped", turnId: string, seconds: number }
 *   | { type: "text", turnId: string, text: string }
 *   | { type: "turn", turnId: string, text: string, languages: string[], seconds: number, logprobs: object[] | null }
 *   | { type: "turn_failed", turnId: string, code: string, message: string }
 *   | { type: "emotions", turnId: string, startSeconds: number, endSeconds: number,
 *       emotion_analysis: Schemas["EmotionAnalysis"], arc: Schemas["ArcPoint"][] }
 *   | { type: "insight", insight: Schemas["InsightResponse"] }
 *   | { type: "problem", code: string, message: string, param: string | null }} LiveEvent
 */

/** @typedef {Extract<LiveEvent, { type: "turn" }>} Turn */

const MAX_AUDIO_BYTES = 96_000; // the service takes up to 2 MB of base64 in a message
const CHARACTERS_AT_ONCE = 0x8000; // arguments of one call
// Close codes of a session that the service ends in order: its insight has arrived.
const ORDERLY = [1000, 1012];
const TRANSCRIPTION = "conversation.item.input_audio_transcription.";
const OPTIONS = new Set([
  "language", "languages", "prompt", "keywords", "turnDetection", "silenceDurationMs", "prefixPaddingMs",
  "vadThreshold", "encoding", "rate", "logprobs",
]); // prettier-ignore

/**
 * The configuration to send; undefined if all options are left out.
 * @param {LiveOptions} options
 * @returns {Schemas["SessionConfig"] | undefined}
 */
export function sessionConfig(options) {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) throw new TypeError(`A live session has no option ${name}.`);
  }
  const { language, languages, prompt, keywords, encoding, rate, logprobs, turnDetection = true } = options;
  const detection = present({
    silence_duration_ms: options.silenceDurationMs,
    prefix_padding_ms: options.prefixPaddingMs,
    threshold: options.vadThreshold,
  });
  if (!turnDetection && detection) throw new TypeError("Without turnDetection it has no options.");
  const input = present({
    transcription: present({ language, languages, prompt, keywords }),
    format: present({ type: encoding, rate }),
    turn_detection: turnDetection ? detection && { type: "server_vad", ...detection } : null,
  });
  const include = logprobs ? ["item.input_audio_transcription.logprobs"] : undefined;
  if (!input && !include) return undefined;
  return /** @type {Schemas["SessionConfig"]} */ (
    present({ type: "transcription", audio: input && { input }, include })
  );
}

/** @param {Record<string, unknown>} fields */
function present(fields) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/**
 * Messages with audio, none larger than the service takes.
 * @param {Uint8Array} bytes
 */
export function* audioMessages(bytes) {
  for (let start = 0; start < bytes.length; start += MAX_AUDIO_BYTES) {
    const audio = base64(bytes.subarray(start, start + MAX_AUDIO_BYTES));
    yield { type: "input_audio_buffer.append", audio };
  }
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHARACTERS_AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHARACTERS_AT_ONCE));
  }
  return btoa(text);
}

/** What a session has said so far. It is fed with the service's messages. */
export class Progress {
  /** @type {Turn[]} */
  turns = [];
  /** @type {Schemas["InsightResponse"] | null} */
  insight = null;
  /** @type {Extract<LiveEvent, { type: "problem" }> | null} */
  problem = null;
  hasBegun = false;
  isConfigured = false;
  isFinishing = false; // by the caller
  #isClosed = false;
  #url;
  /** @type {Map<string, string>} the text of each turn */
  #texts = new Map();

  /** @param {string} url of the service, for messages */
  constructor(url) {
    this.#url = url;
  }

  /** The final text of all turns, also of those that are not completed. */
  get text() {
    return [...this.#texts.values()].map((text) => text.trim()).filter(Boolean).join(" ");
  }

  /**
   * The event of a message; null if the message is of no interest, or unknown.
   * @param {unknown} data
   * @returns {LiveEvent | null}
   */
  take(data) {
    let event, message;
    try {
      message = JSON.parse(/** @type {string} */ (data));
      event = toEvent(message);
    } catch {
      // without the cause, which may quote the message
      throw new UnexpectedResponse(`A message from ${this.#url} is not SAMO's: check baseUrl and the versions.`);
    }
    if (message.item_id && !this.#texts.has(message.item_id)) this.#texts.set(message.item_id, "");
    this.hasBegun ||= message.type === "session.created";
    this.isConfigured ||= message.type === "session.updated";
    this.#isClosed ||= message.type === "session.closed";
    if (event) this.#remember(event);
    return event;
  }

  /** @param {LiveEvent} event */
  #remember(event) {
    if (event.type === "text") this.#texts.set(event.turnId, this.#texts.get(event.turnId) + event.text);
    else if (event.type === "turn") {
      this.#texts.set(event.turnId, event.text);
      this.turns.push(event);
    } else if (event.type === "insight") this.insight = event.insight;
    else if (event.type === "problem") this.problem = event;
  }

  /**
   * What to throw when the connection has ended; null if the session ended in order.
   * @param {number} closeCode
   */
  end(closeCode) {
    if (this.#isClosed && ORDERLY.includes(closeCode)) return null;
    if (this.problem && (this.#isClosed || closeCode === 1013)) return new SessionFailed(this.problem);
    return new ConnectionFailed(
      `The connection to ${this.#url} broke (close code ${closeCode}). What was recognized so far is in the ` +
        "session's `text` and `turns`.",
    );
  }

  /** The error for something that is sent after the session has ended, or is refused. */
  failure() {
    const ended = { message: "The session has ended: open another.", code: "session_closed", param: null };
    return new SessionFailed(this.isFinishing ? ended : (this.problem ?? ended));
  }
}

/**
 * @param {any} message
 * @returns {LiveEvent | null}
 */
function toEvent(message) {
  const { type, item_id: turnId } = message;
  switch (type) {
    case "input_audio_buffer.speech_started":
      return { type: "speech_started", turnId, seconds: message.audio_start_ms / 1000 };
    case "input_audio_buffer.speech_stopped":
      return { type: "speech_stopped", turnId, seconds: message.audio_end_ms / 1000 };
    case `${TRANSCRIPTION}delta`:
      return { type: "text", turnId, text: message.delta };
    case `${TRANSCRIPTION}completed`: {
      const { transcript: text, usage, logprobs = null } = message;
      const languages = message.languages.map((/** @type {{ code: string }} */ { code }) => code);
      return { type: "turn", turnId, text, languages, seconds: usage.seconds, logprobs };
    }
    case `${TRANSCRIPTION}failed`:
      return { type: "turn_failed", turnId, code: message.error.code, message: message.error.message };
    case "samo.emotions": {
      const { start_seconds: startSeconds, end_seconds: endSeconds, emotion_analysis, arc } = message;
      return { type: "emotions", turnId, startSeconds, endSeconds, emotion_analysis, arc };
    }
    case "samo.insight":
      return { type: "insight", insight: message.insight };
    case "error": {
      const { code, message: reason, param = null } = message.error;
      return { type: "problem", code, message: reason, param };
    }
    default:
      return null;
  }
}
