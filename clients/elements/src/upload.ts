// Sends a recording and keeps it until the service has answered, so that it can be sent again.
import { ApiError, type Insight, type Samo } from "@samo/client";

export type UploadState = "idle" | "sending" | "analysing" | "done" | "cancelled" | "failed";

/** The part of a `Samo` that an upload calls. */
export type RecordingClient = Pick<Samo, "analyzeRecording">;

// The service refuses this recording for what it is.
const FINAL_STATUSES = new Set([400, 413, 415, 422]);

export class Upload {
  state: UploadState = "idle";
  error: Error | null = null;
  /** Share of the recording that was sent, 0 to 1. */
  share = 0;
  /** Seconds that the service asks to wait before the recording is sent again. */
  wait = 0;
  /** The recording, while sending it again may help. */
  kept: Blob | null = null;

  #onChange: () => void;
  #request: AbortController | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Send a recording. Returns null if it failed, see `error`, or was cancelled. */
  async send(recording: Blob, client: () => RecordingClient, language?: string): Promise<Insight | null> {
    const request = new AbortController();
    this.#clear();
    this.#request = request;
    this.kept = recording;
    this.#enter("sending");
    try {
      const insight = await client().analyzeRecording(recording, {
        language,
        signal: request.signal,
        onProgress: (sent, total) => this.#progress(request, sent / total),
      });
      if (this.#request !== request) return null;
      this.#request = null;
      this.kept = null;
      this.#enter("done");
      return insight;
    } catch (error) {
      if (this.#request === request) this.#fail(error instanceof Error ? error : new Error(String(error)));
      return null;
    }
  }

  /** Abort the request and keep the recording. */
  cancel(): void {
    if (!this.#request) return;
    this.#request.abort();
    this.#request = null;
    this.#enter("cancelled");
  }

  /** Abort the request and forget the recording. */
  reset(): void {
    this.#clear();
    this.#enter("idle");
  }

  #clear(): void {
    clearInterval(this.#timer);
    this.#request?.abort();
    this.#request = null;
    this.kept = null;
    this.error = null;
    this.share = 0;
    this.wait = 0;
  }

  #progress(request: AbortController, share: number): void {
    if (this.#request !== request) return;
    this.share = share;
    this.#enter(share < 1 ? "sending" : "analysing");
  }

  #fail(error: Error): void {
    this.#request = null;
    this.error = error;
    if (error instanceof ApiError) {
      if (FINAL_STATUSES.has(error.status)) this.kept = null;
      if (error.retryAfter) this.#startWait(Math.ceil(error.retryAfter));
    }
    this.#enter("failed");
  }

  #startWait(seconds: number): void {
    this.wait = seconds;
    this.#timer = setInterval(() => {
      this.wait -= 1;
      if (this.wait <= 0) clearInterval(this.#timer);
      this.#onChange();
    }, 1000);
  }

  #enter(state: UploadState): void {
    this.state = state;
    this.#onChange();
  }
}
