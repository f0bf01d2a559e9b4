// Audio to send in a live session: pieces of samples from a microphone, a recording or chunks.

const PIECE_SECONDS = 0.1;
const SCALE = 32767;

/** @typedef {ArrayBuffer | ArrayBufferView} Samples 16-bit little-endian samples, mono; or G.711 */

/**
 * A recording as a `Blob`, a microphone's `MediaStream`, samples, or a stream of samples.
 * @typedef {Blob | MediaStream | Samples | Iterable<Samples> | AsyncIterable<Samples>} Source
 */

/**
 * @typedef {object} Format
 * @property {number} rate samples per second
 * @property {number} sampleBytes 2, or 1 for G.711
 */

/**
 * The samples of a source, those of recordings and microphones in pieces of 100 ms.
 * @param {Source} source
 * @param {Format} format
 * @param {AbortSignal} stop ends a microphone
 * @returns {AsyncGenerator<Uint8Array>}
 */
export async function* pieces(source, { rate, sampleBytes }, stop) {
  if (typeof MediaStream === "function" && source instanceof MediaStream) {
    yield* microphone(source, rate, stop);
    return;
  }
  const samples = source instanceof Blob ? await decode(source, rate) : source;
  if (samples instanceof ArrayBuffer || ArrayBuffer.isView(samples)) {
    const bytes = toBytes(samples);
    const size = rate * PIECE_SECONDS * sampleBytes;
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
    return;
  }
  for await (const chunk of /** @type {AsyncIterable<Samples>} */ (samples)) yield toBytes(chunk);
}

/**
 * The bytes of samples, without a copy.
 * @param {Samples} samples
 * @returns {Uint8Array}
 */
export function toBytes(samples) {
  if (ArrayBuffer.isView(samples)) {
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  }
  if (samples instanceof ArrayBuffer) return new Uint8Array(samples);
  throw new TypeError("Audio is an ArrayBuffer or a view of one, such as a Uint8Array or an Int16Array.");
}

/**
 * The sound of a microphone, until its tracks end or `stop` aborts.
 * @param {MediaStream} stream
 * @param {number} rate
 * @param {AbortSignal} stop
 */
async function* microphone(stream, rate, stop) {
  const context = new AudioContext({ sampleRate: rate }); // browsers resample, or refuse
  /** @type {Uint8Array[]} */
  const heard = [];
  let wake = () => {};
  let isOver = stop.aborted;
  const end = () => {
    isOver = true;
    wake();
  };
  try {
    await context.audioWorklet.addModule(new URL("./pcm-worklet.js", import.meta.url));
    const worklet = new AudioWorkletNode(context, "samo-pcm", {
      channelCount: 1,
      channelCountMode: "explicit",
    });
    worklet.port.onmessage = ({ data }) => {
      heard.push(toBytes(data));
      wake();
    };
    stop.addEventListener("abort", end);
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", end);
    context.createMediaStreamSource(stream).connect(worklet);
    while (!isOver) {
      yield* heard.splice(0);
      await new Promise((resolve) => {
        wake = () => resolve(undefined);
        if (isOver || heard.length > 0) wake();
      });
    }
  } finally {
    stop.removeEventListener("abort", end);
    await context.close();
  }
}

/**
 * The samples of a recording, 16 bits each, mono: of any format in a browser, of WAV elsewhere.
 * @param {Blob} recording
 * @param {number} rate
 * @returns {Promise<Samples>}
 */
async function decode(recording, rate) {
  const data = await recording.arrayBuffer();
  if (typeof OfflineAudioContext !== "function") return samplesOfWav(data, rate);
  const audio = await new OfflineAudioContext(1, 1, rate).decodeAudioData(data); // also resamples
  const channels = Array.from({ length: audio.numberOfChannels }, (_, one) => audio.getChannelData(one));
  return Int16Array.from(channels[0], (_, index) => {
    const sum = channels.reduce((total, channel) => total + channel[index], 0);
    return Math.max(-1, Math.min(1, sum / channels.length)) * SCALE;
  });
}

/**
 * The samples of a WAV file.
 * @param {ArrayBuffer} data
 * @param {number} rate
 */
function samplesOfWav(data, rate) {
  const view = new DataView(data);
  /** @param {number} at */
  const name = (at) => String.fromCharCode(...new Uint8Array(data, at, 4));
  let fits = false;
  if (data.byteLength >= 12 && name(0) === "RIFF" && name(8) === "WAVE") {
    for (let at = 12; at + 8 <= data.byteLength; ) {
      const size = view.getUint32(at + 4, true);
      const start = at + 8;
      if (name(at) === "fmt " && start + 16 <= data.byteLength) {
        const [kind, channels, bits] = [0, 2, 14].map((field) => view.getUint16(start + field, true));
        fits = kind === 1 && channels === 1 && bits === 16 && view.getUint32(start + 4, true) === rate;
      } else if (name(at) === "data" && fits) {
        return new Uint8Array(data, start, Math.min(size, data.byteLength - start));
      }
      at = start + size + (size % 2);
    }
  }
  throw new TypeError(
    `Without a browser, a recording must be a WAV file of 16-bit samples, mono, ${rate} a second: convert it, ` +
      "for example with ffmpeg, or upload it with analyzeRecording.",
  );
}
