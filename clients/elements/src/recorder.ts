// A recorder without a user interface: the custom element, the React hook and the Vue composable use it.
import { Capture } from "./capture.js";
import { microphoneError, RecorderError, unavailable } from "./recorder-errors.js";

export { RECORDER_MESSAGES, RecorderError, type RecorderErrorCode } from "./recorder-errors.js";

export type RecorderState = "idle" | "starting" | "recording" | "paused" | "stopping" | "stopped";

export interface RecorderOptions {
  /** Stop after this many seconds; 300 by default, the service's own limit. */
  maxSeconds?: number;
  /** The microphone, by its `deviceId` of `enumerateDevices`; the browser's default otherwise. */
  deviceId?: string;
}

/** What a recorder does at the moment. A change makes a new object. */
export interface RecorderSnapshot {
  readonly state: RecorderState;
  /** Seconds recorded, without pauses. */
  readonly seconds: number;
  /** Root mean square of the sound, 0 to 1; 0 unless it records. */
  readonly level: number;
  /** The recording, in the state `stopped`. */
  readonly blob: Blob | null;
  /** Why it did not start, or has stopped. */
  readonly error: RecorderError | null;
}

export const IDLE: RecorderSnapshot = Object.freeze({
  state: "idle",
  seconds: 0,
  level: 0,
  blob: null,
  error: null,
});
const DEFAULT_MAX_SECONDS = 300;
const TICK_MILLISECONDS = 100;

/**
 * Records from the microphone. The methods never throw and do nothing where they make no sense, such as
 * `start` while it records: bind them to buttons. `discard` releases the microphone.
 */
export class Recorder {
  #snapshot = IDLE;
  #listeners = new Set<() => void>();
  #capture: Capture | null = null;
  #attempt = 0; // a start that was cancelled must not record once the microphone is given
  #timer: ReturnType<typeof setInterval> | undefined;
  #maxSeconds = DEFAULT_MAX_SECONDS;
  #before = 0; // milliseconds recorded before the last pause
  #since = 0;
  #stopping: Promise<Blob | null> | null = null;

  get snapshot(): RecorderSnapshot {
    return this.#snapshot;
  }

  /** Call `listener` after each change, about ten times a second while it records; returns the way back. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Ask for the microphone and record. Resolves once it records, or `snapshot.error` says why not. */
  async start({ maxSeconds = DEFAULT_MAX_SECONDS, deviceId }: RecorderOptions = {}): Promise<void> {
    if (this.#snapshot.state !== "idle" && this.#snapshot.state !== "stopped") return;
    const attempt = ++this.#attempt;
    const error = unavailable();
    if (error) {
      this.#change({ ...IDLE, error });
      return;
    }
    this.#change({ ...IDLE, state: "starting" });
    try {
      const capture = await Capture.open(deviceId);
      if (attempt !== this.#attempt) {
        capture.close();
        return;
      }
      this.#record(capture, maxSeconds);
    } catch (reason) {
      if (attempt === this.#attempt) this.#change({ ...IDLE, error: microphoneError(reason) });
    }
  }

  pause(): void {
    if (this.#snapshot.state !== "recording") return;
    this.#before += performance.now() - this.#since;
    this.#capture?.pause();
    this.#change({ ...this.#snapshot, state: "paused", level: 0 });
  }

  resume(): void {
    if (this.#snapshot.state !== "paused") return;
    this.#since = performance.now();
    this.#capture?.resume();
    this.#change({ ...this.#snapshot, state: "recording" });
  }

  /** Stop, release the microphone and return the recording; null if there is none. */
  async stop(): Promise<Blob | null> {
    if (this.#snapshot.state === "starting") this.discard();
    if (this.#isRecording()) this.#stopping = this.#finish(null);
    return this.#stopping;
  }

  /** Forget the recording and release the microphone. */
  discard(): void {
    this.#attempt++;
    clearInterval(this.#timer);
    this.#capture?.close();
    this.#capture = null;
    this.#stopping = null;
    if (this.#snapshot !== IDLE) this.#change(IDLE);
  }

  #record(capture: Capture, maxSeconds: number): void {
    this.#capture = capture;
    this.#stopping = null;
    this.#maxSeconds = maxSeconds;
    this.#before = 0;
    this.#since = performance.now();
    capture.onLost = () => {
      if (this.#isRecording()) this.#stopping = this.#finish(new RecorderError("microphone_lost"));
    };
    this.#timer = setInterval(() => this.#tick(), TICK_MILLISECONDS);
    this.#change({ ...IDLE, state: "recording" });
  }

  async #finish(error: RecorderError | null): Promise<Blob | null> {
    const attempt = this.#attempt;
    const seconds = this.#seconds();
    const capture = this.#capture;
    clearInterval(this.#timer);
    this.#capture = null;
    this.#change({ ...this.#snapshot, state: "stopping", seconds, level: 0 });
    const blob = (await capture?.stop()) ?? null;
    if (attempt !== this.#attempt) return null; // discarded meanwhile
    this.#change({ state: "stopped", seconds, level: 0, blob, error });
    return blob;
  }

  #tick(): void {
    if (this.#snapshot.state !== "recording" || !this.#capture) return;
    const seconds = this.#seconds();
    this.#change({ ...this.#snapshot, seconds, level: this.#capture.level() });
    if (seconds >= this.#maxSeconds) void this.stop();
  }

  #isRecording(): boolean {
    return this.#snapshot.state === "recording" || this.#snapshot.state === "paused";
  }

  #seconds(): number {
    const running = this.#snapshot.state === "recording" ? performance.now() - this.#since : 0;
    return (this.#before + running) / 1000;
  }

  #change(snapshot: RecorderSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of [...this.#listeners]) listener();
  }
}
