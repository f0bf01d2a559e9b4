// Live sessions: send audio, and iterate over events at the same time.
import { TimedOut } from "./errors.js";
import { pieces, toBytes } from "./live-audio.js";
import { openSocket, whyRefused } from "./live-connect.js";
import { audioMessages, Progress, sessionConfig } from "./live-protocol.js";
import { LONGEST_TIMER, retryWait, sleep } from "./retries.js";

/** @typedef {import("./live-connect.js").LiveConnection} LiveConnection */
/** @typedef {import("./live-protocol.js").LiveOptions} LiveOptions */
/** @typedef {import("./live-protocol.js").LiveEvent} LiveEvent */
/** @typedef {import("./live-audio.js").Source} Source */
/** @typedef {import("./live-audio.js").Samples} Samples */

const OPEN = 1;
const CONNECT_SECONDS = 10;
// Bytes that may wait to be sent, about ten seconds of audio, and how often to look.
const MAX_BUFFERED_BYTES = 1_000_000;
const LOOK_SECONDS = 0.02;

/**
 * Open a session; again if the service is busy, or the connection failed.
 * @param {LiveConnection} connection
 * @param {LiveOptions} wished
 * @returns {Promise<LiveSession>}
 */
export async function openLive(connection, wished) {
  const config = sessionConfig(wished);
  for (let attempt = 0; ; attempt++) {
    connection.signal?.throwIfAborted();
    const session = new LiveSession(connection, wished);
    try {
      await session._begin(config);
      return session;
    } catch (error) {
      session.close();
      connection.signal?.throwIfAborted();
      const wait = retryWait(error, attempt, connection.options);
      if (wait === null) throw error;
      await sleep(wait, connection.signal);
    }
  }
}

/**
 * A live session, of `samo.live()`. Events wait until they are read. After an error, what was
 * recognized so far is in `text` and `turns`.
 */
export class LiveSession {
  #connection;
  #format;
  #socket;
  #progress;
  /** @type {LiveEvent[]} */
  #unread = [];
  /** @type {Error | null} why the session ended, or a source failed */
  #error = null;
  #hasEnded = false;
  /** @type {(() => void)[]} */
  #waiting = [];
  #stop = new AbortController(); // ends sources

  /**
   * @param {LiveConnection} connection
   * @param {LiveOptions} options
   */
  constructor(connection, { encoding = "audio/pcm", rate = 24_000 }) {
    const isPcm = encoding === "audio/pcm";
    this.#connection = connection;
    this.#format = { rate: isPcm ? rate : 8000, sampleBytes: isPcm ? 2 : 1 };
    this.#progress = new Progress(connection.baseUrl);
    const { signal } = connection;
    this.#socket = openSocket(connection);
    this.#socket.addEventListener("message", ({ data }) => this.#take(data));
    this.#socket.addEventListener("close", ({ code }) => this.#end(this.#progress.end(code)));
    this.#socket.addEventListener("error", () => {}); // "close" follows
    signal?.addEventListener("abort", () => {
      this.#end(signal.reason);
      this.close();
    });
  }

  /** All that was recognized so far; this text does not change any more. */
  get text() {
    return this.#progress.text;
  }

  /** The completed turns. */
  get turns() {
    return [...this.#progress.turns];
  }

  /** The insight, when the session has ended; null if there was no turn. */
  get insight() {
    return this.#progress.insight;
  }

  /**
   * Send samples, any number of them; waits while many are not sent.
   * @param {Samples} audio
   */
  async send(audio) {
    for (const message of audioMessages(toBytes(audio))) {
      while (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES && !this.#hasEnded) await sleep(LOOK_SECONDS);
      this.#send(message);
    }
  }

  /** End the turn here. */
  commit() {
    this.#send({ type: "input_audio_buffer.commit" });
  }

  /** Forget the audio of the turn that has not ended. */
  clear() {
    this.#send({ type: "input_audio_buffer.clear" });
  }

  /**
   * Change options of the session; a refused one is a "problem", and the session goes on.
   * @param {LiveOptions} options
   */
  update(options) {
    const session = sessionConfig(options);
    if (session) this.#send({ type: "session.update", session });
  }

  /**
   * End the session: what is left is transcribed. Its insight, null without a turn. The last events
   * can still be read.
   */
  async finish() {
    this.#stop.abort();
    if (this.#isOpen) this.#sendClose();
    const { timeout } = this.#connection.options;
    await this.#until(() => this.#hasEnded, timeout, "The insight of the live session did not arrive in time.");
    if (this.#error) throw this.#error;
    return this.insight;
  }

  /** Close the connection without waiting for the insight. */
  close() {
    this.#stop.abort();
    this.#socket.close();
  }

  /**
   * Send a source to its end, finish, and yield the events meanwhile. `finish` ends a microphone.
   * @param {Source} source
   * @param {{ realtime?: boolean }} [options] `realtime`: send no faster than one speaks
   * @returns {AsyncGenerator<LiveEvent>}
   */
  async *stream(source, { realtime = false } = {}) {
    if (this.#hasEnded) throw this.#error ?? this.#progress.failure();
    /** @type {Error | null} */
    let failure = null;
    const stopped = new AbortController();
    const stop = AbortSignal.any([this.#stop.signal, stopped.signal]);
    this.#sendAll(source, realtime, stop).catch((error) => {
      failure = error;
      this.#notify();
    });
    try {
      for (;;) {
        await this.#until(() => this.#unread.length > 0 || this.#hasEnded || failure !== null);
        const event = this.#unread.shift();
        if (event) yield event;
        else if (this.#hasEnded && this.#error) throw this.#error;
        else if (this.#hasEnded) return;
        else if (failure) throw failure;
      }
    } finally {
      stopped.abort();
    }
  }

  /** @returns {AsyncGenerator<LiveEvent>} */
  async *[Symbol.asyncIterator]() {
    for (;;) {
      await this.#until(() => this.#unread.length > 0 || this.#hasEnded);
      const event = this.#unread.shift();
      if (event) yield event;
      else if (this.#error) throw this.#error;
      else return;
    }
  }

  /**
   * Wait until the session has begun, and for its configuration.
   * @param {import("./live-protocol.js").Schemas["SessionConfig"]} [session]
   */
  async _begin(session) {
    const progress = this.#progress;
    const late = `${this.#connection.baseUrl} did not open a live session within ${CONNECT_SECONDS} s.`;
    const wait = (/** @type {() => boolean} */ isDone) =>
      this.#until(() => isDone() || progress.problem !== null || this.#hasEnded, CONNECT_SECONDS, late);
    await wait(() => progress.hasBegun);
    if (session && progress.hasBegun && this.#isOpen) {
      this.#send({ type: "session.update", session });
      await wait(() => progress.isConfigured);
    }
    if (progress.problem) throw progress.failure();
    if (this.#hasEnded) throw progress.hasBegun ? this.#error : await whyRefused(this.#connection);
  }

  get #isOpen() {
    return this.#socket.readyState === OPEN && !this.#hasEnded;
  }

  /**
   * @param {Source} source
   * @param {boolean} realtime
   * @param {AbortSignal} stop
   */
  async #sendAll(source, realtime, stop) {
    const { rate, sampleBytes } = this.#format;
    let due = performance.now();
    for await (const piece of pieces(source, this.#format, stop)) {
      if (stop.aborted || this.#hasEnded) return;
      await this.send(piece);
      if (!realtime) continue;
      due += (piece.length / (rate * sampleBytes)) * 1000;
      await sleep(Math.max(0, due - performance.now()) / 1000);
    }
    if (this.#isOpen && !stop.aborted) this.#sendClose();
  }

  #sendClose() {
    this.#progress.isFinishing = true;
    this.#send({ type: "session.close" });
  }

  /** @param {object} message */
  #send(message) {
    if (!this.#isOpen) throw this.#error ?? this.#progress.failure();
    this.#socket.send(JSON.stringify(message));
  }

  /** @param {unknown} data */
  #take(data) {
    try {
      const event = this.#progress.take(data);
      if (event) this.#unread.push(event);
      this.#notify();
    } catch (error) {
      this.#end(/** @type {Error} */ (error));
      this.close();
    }
  }

  /** @param {Error | null} error */
  #end(error) {
    if (this.#hasEnded) return;
    this.#error = error;
    this.#hasEnded = true;
    this.#stop.abort();
    this.#notify();
  }

  #notify() {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /**
   * Wait for a condition.
   * @param {() => boolean} isDone
   * @param {number} [seconds]
   * @param {string} [late] the message of the error after that time
   */
  async #until(isDone, seconds = Infinity, late = "") {
    let isLate = false;
    const expire = () => {
      isLate = true;
      this.#notify();
    };
    const timer = setTimeout(expire, Math.min(seconds * 1000, LONGEST_TIMER));
    try {
      while (!isDone()) {
        if (isLate && seconds * 1000 <= LONGEST_TIMER) throw new TimedOut(late);
        await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
