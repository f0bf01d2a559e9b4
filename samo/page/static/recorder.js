// The microphone: records, measures the level, pauses.

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
// Whisper learned from unfiltered sound: what browsers remove as noise or echo can take words with it.
const PLAIN_SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };
const QUIET = 0.004; // root mean square; a quiet room gives 0.001 to 0.003

/** Microphones by name. Browsers give names only once one was allowed. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((device) => device.kind === "audioinput" && device.deviceId);
}

/** What to do when a microphone cannot be used. */
export function whyNoMicrophone(error) {
  if (!navigator.mediaDevices || !window.MediaRecorder) {
    return window.isSecureContext
      ? "This browser cannot record. Record with another app and choose the file, or type."
      : "Browsers give the microphone only to pages over https or on localhost. Open the page over https, choose a file, or type.";
  }
  return (
    {
      NotAllowedError:
        "The microphone is not allowed. Allow it for this page in the browser's address bar, then press record again.",
      NotFoundError: "No microphone was found. Connect one and press record again, choose a file, or type.",
      NotReadableError: "The microphone is in use by another program. Close that, then press record again.",
      OverconstrainedError: "The chosen microphone is not connected. Choose another one.",
    }[error?.name] ?? "The microphone could not be started. Choose another one, choose a file, or type."
  );
}

/**
 * A recording in progress. Events: "level" (detail: root mean square, 0 to 1), "quiet" (nothing was
 * heard for three seconds), "limit" (it was stopped at its longest), "lost" (the microphone went).
 */
export class Recording extends EventTarget {
  static async start(deviceId, maxSeconds) {
    if (!navigator.mediaDevices || !window.MediaRecorder) throw new Error("no recorder");
    const audio = { ...PLAIN_SOUND, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
    return new Recording(await navigator.mediaDevices.getUserMedia({ audio }), maxSeconds);
  }

  #parts = [];
  #before = 0; // milliseconds before the last pause
  #since = performance.now();
  #heard = performance.now();

  constructor(stream, maxSeconds) {
    super();
    this.stream = stream;
    this.maxSeconds = maxSeconds;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 64000 });
    this.recorder.addEventListener("dataavailable", (event) => this.#parts.push(event.data));
    this.recorder.start(1000);
    stream.getAudioTracks()[0].addEventListener("ended", () => this.#tell("lost"));
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.timer = setInterval(() => this.#measure(), 50);
  }

  get paused() {
    return this.recorder.state === "paused";
  }

  get seconds() {
    return (this.#before + (this.paused ? 0 : performance.now() - this.#since)) / 1000;
  }

  get deviceId() {
    return this.stream.getAudioTracks()[0].getSettings().deviceId;
  }

  pause() {
    this.#before += performance.now() - this.#since;
    this.recorder.pause();
  }

  resume() {
    this.#since = performance.now();
    this.#heard = this.#since;
    this.recorder.resume();
  }

  /** Stop and give back the sound. */
  async stop() {
    clearInterval(this.timer);
    if (this.recorder.state !== "inactive") {
      const stopped = new Promise((resolve) =>
        this.recorder.addEventListener("stop", resolve, { once: true }),
      );
      this.recorder.stop();
      await stopped;
    }
    for (const track of this.stream.getTracks()) track.stop();
    await this.context.close();
    return new Blob(this.#parts, { type: this.recorder.mimeType.split(";")[0] });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #measure() {
    if (this.paused) return;
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    const level = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    const now = performance.now();
    if (level > QUIET) this.#heard = now;
    this.#tell("level", level);
    if (now - this.#heard > 3000) {
      this.#heard = now;
      this.#tell("quiet");
    }
    if (this.seconds >= this.maxSeconds) this.#tell("limit");
  }
}
