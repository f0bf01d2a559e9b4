// Plays a kept recording, or a part of it, and gives its waveform.

const SAMPLE_RATE = 24000; // enough for speech; five minutes take 29 MB

/**
 * A decoded recording. Its seconds are seconds of sound, as in the service's answers: the pauses
 * that a recorder leaves in a file's timeline are not in the decoded sound.
 * Events: "play", "position" (detail: seconds), "stop".
 */
export class Player extends EventTarget {
  /** Decode a Blob; rejects where the browser does not read its format. */
  static async of(recording) {
    const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE);
    return new Player(await decoder.decodeAudioData(await recording.arrayBuffer()));
  }

  #source = null;

  constructor(buffer) {
    super();
    this.buffer = buffer;
    this.duration = buffer.duration;
  }

  get playing() {
    return this.#source !== null;
  }

  async play(from = 0, to = this.duration) {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.stop();
    const source = new AudioBufferSourceNode(this.context, { buffer: this.buffer });
    source.connect(this.context.destination);
    source.addEventListener("ended", () => {
      if (this.#source === source) this.stop();
    });
    const started = this.context.currentTime;
    source.start(0, from, Math.max(0.05, to - from));
    this.#source = source;
    this.dispatchEvent(new CustomEvent("play"));
    const follow = () => {
      if (this.#source !== source) return;
      const detail = Math.min(to, from + this.context.currentTime - started);
      this.dispatchEvent(new CustomEvent("position", { detail }));
      requestAnimationFrame(follow);
    };
    follow();
  }

  stop() {
    if (!this.#source) return;
    const source = this.#source;
    this.#source = null;
    source.stop();
    this.dispatchEvent(new CustomEvent("stop"));
  }

  close() {
    this.stop();
    this.context?.close();
  }

  /** The loudest sample in each of `count` equal parts, scaled so that the loudest of all is 1. */
  peaks(count) {
    const samples = this.buffer.getChannelData(0);
    const size = samples.length / count;
    const peaks = Array.from({ length: count }, (_, part) => {
      let peak = 0;
      for (let at = Math.floor(part * size); at < (part + 1) * size; at += 1)
        peak = Math.max(peak, Math.abs(samples[at]));
      return peak;
    });
    const loudest = Math.max(...peaks, 0.01);
    return peaks.map((peak) => peak / loudest);
  }
}
