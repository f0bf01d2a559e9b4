// Runs in the audio thread: gathers the microphone's samples, 16 bits each, and posts 100 ms at a time.
registerProcessor(
  "samo-pcm",
  class extends AudioWorkletProcessor {
    #samples = new Int16Array(sampleRate / 10);
    #count = 0;

    process([[channel]]) {
      for (const sample of channel ?? []) {
        this.#samples[this.#count++] = Math.max(-1, Math.min(1, sample)) * 32767;
        if (this.#count === this.#samples.length) {
          this.port.postMessage(this.#samples.slice());
          this.#count = 0;
        }
      }
      return true;
    }
  },
);
