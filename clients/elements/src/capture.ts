// One recording by MediaRecorder, with the level of the microphone.

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const BITS_PER_SECOND = 64_000;
const CHUNK_MILLISECONDS = 1000;
// Whisper was trained on unfiltered sound: what browsers remove as noise or echo can take words with it.
const PLAIN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };

/** A microphone that records. Whoever opened it must call `stop` or `close`, or the microphone stays on. */
export class Capture {
  /** Called once if the microphone is unplugged or the browser stops recording. */
  onLost: () => void = () => {};

  #chunks: Blob[] = [];
  #stream: MediaStream;
  #recorder: MediaRecorder;
  #stopped: Promise<unknown>;
  #context: AudioContext;
  #analyser: AnalyserNode;

  /** Ask for the microphone and start. Throws the DOMException of getUserMedia. */
  static async open(deviceId?: string): Promise<Capture> {
    const audio = { ...PLAIN_SOUND, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      return new Capture(stream);
    } catch (error) {
      release(stream);
      throw error;
    }
  }

  private constructor(stream: MediaStream) {
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#chunks.push(data));
    this.#recorder.addEventListener("error", () => this.onLost());
    // without a microphone it stops by itself, and its last chunk comes before this event
    this.#stopped = new Promise((resolve) => this.#recorder.addEventListener("stop", resolve));
    stream.getAudioTracks()[0]?.addEventListener("ended", () => this.onLost());
    this.#recorder.start(CHUNK_MILLISECONDS);
    this.#context = new AudioContext();
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
  }

  /** Root mean square of the last 1024 samples, 0 to 1. */
  level(): number {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  }

  pause(): void {
    this.#recorder.pause();
  }

  resume(): void {
    this.#recorder.resume();
  }

  /** Release the microphone and return the recording. */
  async stop(): Promise<Blob> {
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#stopped;
    this.close();
    return new Blob(this.#chunks, { type: this.#recorder.mimeType.split(";")[0] });
  }

  /** Release the microphone. */
  close(): void {
    this.onLost = () => {};
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    release(this.#stream);
    if (this.#context.state !== "closed") void this.#context.close();
  }
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
