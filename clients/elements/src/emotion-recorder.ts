// <samo-emotion-recorder>: records an entry, sends it to the service and emits its insight.
import { ApiError, type Insight, Samo } from "@samo/client";
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { styles } from "./emotion-recorder.styles.js";
import { clock } from "./format.js";
import { RECORDER_LABELS, type RecorderLabels, type RecorderPhase } from "./recorder-labels.js";
import { Recorder, RecorderError } from "./recorder.js";
import { theme } from "./theme.js";
import { type RecordingClient, Upload } from "./upload.js";
import { vars } from "./vars.js";

export interface RecordingDetail {
  recording: Blob;
  seconds: number;
}
export interface InsightDetail extends RecordingDetail {
  insight: Insight;
}
export interface ErrorDetail {
  error: Error;
  /** What was recorded before; null if the microphone could not be used. */
  recording: Blob | null;
}

export interface PhaseDetail {
  phase: RecorderPhase;
}

const DEFAULT_MAX_SECONDS = 300;
const LAST_SECONDS = 30;
const STARTS_FROM: ReadonlySet<RecorderPhase> = new Set(["idle", "done", "cancelled", "failed"]);
const RECORDS: ReadonlySet<RecorderPhase> = new Set(["recording", "paused"]);
const SENDS: ReadonlySet<RecorderPhase> = new Set(["sending", "analysing"]);
const LEVEL_GAIN = 1.4; // speech has a root mean square of about 0.1
// Somebody waits in front of the page: a longer Retry-After is shown, with a button that waits for it.
const MAX_RETRY_WAIT_SECONDS = 5;

/**
 * A recorder with buttons. Events: `recording` (the recording is complete and about to be sent), `insight`,
 * `error`, `phase`. Removed from the document, it releases the microphone and aborts the request.
 */
export class EmotionRecorderElement extends LitElement {
  static override styles = [theme, styles];
  static override properties = {
    baseUrl: { attribute: "base-url" },
    language: {},
    maxSeconds: { attribute: "max-seconds", type: Number },
    apiKey: { attribute: false },
    client: { attribute: false },
    labels: { attribute: false },
  };

  /** Address of the service; `http://localhost:3000` by default. */
  declare baseUrl: string | undefined;
  /** The language that is spoken, such as "en"; detected by default. */
  declare language: string | undefined;
  declare maxSeconds: number;
  /** For pages that only you can open: whoever opens the page can read it. */
  declare apiKey: string | undefined;
  /** A client of your own, instead of `baseUrl` and `apiKey`. */
  declare client: RecordingClient | undefined;
  declare labels: Partial<RecorderLabels>;

  #recorder = new Recorder();
  #upload = new Upload(() => this.#changed());
  #phase: RecorderPhase = "idle";

  constructor() {
    super();
    this.maxSeconds = DEFAULT_MAX_SECONDS;
    this.labels = {};
    this.#recorder.subscribe(() => this.#followRecorder());
  }

  /** What it does at the moment. */
  get phase(): RecorderPhase {
    const { state, error } = this.#recorder.snapshot;
    if (state === "idle") return error ? "failed" : "idle";
    return state === "stopped" ? this.#upload.state : state;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.discard();
  }

  /** Record; does nothing while it records or sends. */
  async start(): Promise<void> {
    if (!STARTS_FROM.has(this.phase)) return;
    const started = this.#recorder.start({ maxSeconds: this.maxSeconds || DEFAULT_MAX_SECONDS });
    this.#upload.reset();
    await started;
  }

  pause(): void {
    this.#recorder.pause();
  }

  resume(): void {
    this.#recorder.resume();
  }

  /** Stop recording, and send what was recorded. */
  async stop(): Promise<void> {
    await this.#recorder.stop();
  }

  /** Abort the request; the recording can be sent again. */
  cancel(): void {
    this.#upload.cancel();
  }

  /** Send the recording again, if that failed or was cancelled. */
  async retry(): Promise<void> {
    const { kept, wait, state } = this.#upload;
    if (kept && wait === 0 && (state === "failed" || state === "cancelled")) await this.#send(kept);
  }

  /** Forget the recording, abort its request and release the microphone. */
  discard(): void {
    this.#recorder.discard();
    this.#upload.reset();
  }

  #followRecorder(): void {
    const { state, blob, seconds, error } = this.#recorder.snapshot;
    if (state === "stopped" && blob) {
      this.#emit("recording", { recording: blob, seconds });
      void this.#send(blob);
    } else {
      this.#changed();
    }
    if (error) this.#emit("error", { error, recording: blob });
  }

  async #send(recording: Blob): Promise<void> {
    const { seconds } = this.#recorder.snapshot;
    const insight = await this.#upload.send(recording, () => this.#client(), this.language || undefined);
    if (insight) this.#emit("insight", { insight, recording, seconds });
    else if (this.#upload.error) this.#emit("error", { error: this.#upload.error, recording });
  }

  #client(): RecordingClient {
    const { baseUrl, apiKey } = this;
    return this.client ?? new Samo({ baseUrl, apiKey, maxRetryWait: MAX_RETRY_WAIT_SECONDS });
  }

  #changed(): void {
    this.requestUpdate();
    const { phase } = this;
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#emit("phase", { phase });
  }

  #emit(type: string, detail: RecordingDetail | InsightDetail | ErrorDetail | PhaseDetail): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  protected override render(): TemplateResult {
    const text = { ...RECORDER_LABELS, ...this.labels };
    const { phase } = this;
    const { level, error } = this.#recorder.snapshot;
    const problem = error ?? this.#upload.error;
    return html`
      <div class="base ${phase}" part="base ${phase}">
        <div class="row" part="controls">
          ${this.#primary(text)} ${RECORDS.has(phase) ? this.#controls(text) : nothing}
        </div>
        ${RECORDS.has(phase)
          ? html`<div class="level" part="level" aria-hidden="true">
              <div ${vars({ "--level": Math.min(1, Math.sqrt(level) * LEVEL_GAIN).toFixed(3) })}></div>
            </div>`
          : nothing}
        ${SENDS.has(phase)
          ? html`<progress part="progress" max="1" .value=${this.#upload.share} aria-label=${text.sent}></progress>`
          : nothing}
        <p class="status" part="status" role="status">${this.#status(text)}</p>
        <div role="alert">
          ${problem ? html`<p class="error" part="error">${describe(problem, text)}</p>` : nothing}
        </div>
        ${this.#upload.kept && STARTS_FROM.has(phase) ? this.#again(text) : nothing}
      </div>
    `;
  }

  /** One button whose action changes, so that it keeps the keyboard's focus. */
  #primary(text: RecorderLabels): TemplateResult {
    const { phase } = this;
    const [label, action] = SENDS.has(phase)
      ? [text.cancel, () => this.cancel()]
      : RECORDS.has(phase) || phase === "stopping"
        ? [text.stop, () => this.stop()]
        : [text.record, () => this.start()];
    const act = (event: MouseEvent): void => {
      if (event.detail <= 1) void action(); // the second click of a double click would stop at once
    };
    return html`<button
      type="button"
      class="primary"
      part="button primary"
      aria-disabled=${phase === "starting" || phase === "stopping"}
      @click=${act}
    >
      ${SENDS.has(phase) ? nothing : html`<span class="dot" part="dot" aria-hidden="true"></span>`}${label}
    </button>`;
  }

  #controls(text: RecorderLabels): TemplateResult {
    const isPaused = this.phase === "paused";
    const pause = isPaused ? () => this.resume() : () => this.pause();
    const { seconds } = this.#recorder.snapshot;
    return html`
      <button type="button" part="button pause" @click=${pause}>${isPaused ? text.resume : text.pause}</button>
      <button type="button" part="button discard" @click=${this.#andFocus(() => this.discard())}>
        ${text.discard}
      </button>
      <span class="time" part="time" role="timer" aria-label=${text.recorded}>${clock(seconds)}</span>
    `;
  }

  #again(text: RecorderLabels): TemplateResult {
    const { wait } = this.#upload;
    const retry = wait > 0 ? nothing : this.#andFocus(() => void this.retry());
    return html`<button
      type="button"
      class="again"
      part="button retry"
      aria-disabled=${wait > 0}
      @click=${retry}
    >
      ${wait > 0 ? text.retryIn(wait) : text.retry}
    </button>`;
  }

  /** For a button that disappears: the focus goes to the one that stays. */
  #andFocus(action: () => void): () => void {
    return () => {
      action();
      this.renderRoot.querySelector<HTMLElement>(".primary")?.focus();
    };
  }

  #status(text: RecorderLabels): string {
    const left = this.maxSeconds - this.#recorder.snapshot.seconds;
    if (this.phase === "recording" && this.maxSeconds > LAST_SECONDS && left <= LAST_SECONDS) {
      return text.lastSeconds(LAST_SECONDS);
    }
    return text.phases[this.phase] ?? "";
  }
}

function describe(error: Error, { errors }: RecorderLabels): string {
  const code = error instanceof RecorderError || error instanceof ApiError ? error.code : error.name;
  return errors[code] ?? error.message;
}

declare global {
  interface HTMLElementTagNameMap {
    "samo-emotion-recorder": EmotionRecorderElement;
  }
}
