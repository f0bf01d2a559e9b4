// The transcript while somebody speaks: sends the microphone's sound to the service's live route.
import { liveToken } from "./api.js";

const RATE = 24000;
const PREFIX = "conversation.item.input_audio_transcription.";
const KEEP_ALIVE = 20000; // milliseconds; the service ends a session that sends nothing for a minute
const LONGEST_END = 15000; // milliseconds to wait for the insight

/**
 * A live session. Event "text": `text` has changed. If anything fails, `finish` gives null, and the
 * recording is uploaded instead.
 */
export class Live extends EventTarget {
  /** Begin with the sound of `stream`; what is said before the service answers is kept and sent. */
  static start(stream) {
    const live = new Live();
    live.#open(stream).catch((error) => live.#fail(error));
    return live;
  }

  #turns = new Map(); // the text of each turn, by its id
  #unsent = [];
  #socket = null;
  #context = null;
  #timer = null;
  #paused = false;
  #failed = false;
  #resolve = null;

  /** All that was heard. */
  get text() {
    return [...this.#turns.values()].filter(Boolean).join(" ");
  }

  pause() {
    this.#paused = true;
    this.#send({ type: "input_audio_buffer.commit" }); // refused where nobody speaks, which is fine
    this.#timer = setInterval(() => this.#send({ type: "input_audio_buffer.clear" }), KEEP_ALIVE);
  }

  resume() {
    clearInterval(this.#timer);
    this.#paused = false;
  }

  /** End the session; its insight as of /analyze/voice-journal, or null. */
  async finish() {
    this.resume();
    const insight = await new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#failed || this.#socket?.readyState !== WebSocket.OPEN) resolve(null);
      else this.#send({ type: "session.close" });
      setTimeout(() => resolve(null), LONGEST_END);
    });
    this.stop();
    return insight?.transcription?.text ? insight : null;
  }

  /** End without an insight. */
  stop() {
    clearInterval(this.#timer);
    this.#context?.close().catch(() => {});
    this.#context = null;
    this.#socket?.close();
  }

  async #open(stream) {
    this.#context = new AudioContext({ sampleRate: RATE }); // browsers resample, or refuse
    const context = this.#context;
    await context.audioWorklet.addModule("/page/pcm-worklet.js");
    const worklet = new AudioWorkletNode(context, "pcm", { channelCount: 1, channelCountMode: "explicit" });
    worklet.port.addEventListener("message", ({ data }) => this.#paused || this.#append(data));
    worklet.port.start();
    context.createMediaStreamSource(stream).connect(worklet);
    const token = await liveToken();
    const url = new URL("/v1/realtime?intent=transcription", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, ["realtime", `openai-insecure-api-key.${token}`]);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(data)));
    socket.addEventListener("close", () => this.#fail());
    socket.addEventListener("open", () => {
      for (const message of this.#unsent.splice(0)) socket.send(message);
    });
  }

  #append(samples) {
    const bytes = String.fromCharCode(...new Uint8Array(samples.buffer));
    this.#send({ type: "input_audio_buffer.append", audio: btoa(bytes) });
  }

  #send(event) {
    const message = JSON.stringify(event);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
    else if (!this.#failed) this.#unsent.push(message);
  }

  #hear(event) {
    if (event.type === "samo.insight") this.#resolve?.(event.insight);
    else if (event.type === `${PREFIX}delta`) {
      this.#turns.set(event.item_id, (this.#turns.get(event.item_id) ?? "") + event.delta);
      this.dispatchEvent(new CustomEvent("text"));
    }
  }

  #fail(error) {
    if (error) console.info("no live transcript:", error.message);
    this.#failed = true;
    this.#unsent = [];
    this.#resolve?.(null);
  }
}
