// A microphone for happy-dom, which has none. The browser tests use Chromium's.
import { vi } from "vitest";

export class FakeTrack extends EventTarget {
  readyState = "live";
  stop(): void {
    this.readyState = "ended";
  }
}

class FakeMediaRecorder extends EventTarget {
  static isTypeSupported = (type: string): boolean => type.startsWith("audio/webm");
  state = "inactive";
  mimeType = "audio/webm;codecs=opus";
  start(): void {
    this.state = "recording";
  }
  pause(): void {
    this.state = "paused";
  }
  resume(): void {
    this.state = "recording";
  }
  stop(): void {
    this.state = "inactive";
    queueMicrotask(() => {
      this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob(["sound"]) }));
      this.dispatchEvent(new Event("stop"));
    });
  }
}

class FakeAudioContext {
  state = "running";
  createMediaStreamSource = (): { connect: () => void } => ({ connect: () => {} });
  close = async (): Promise<void> => {
    this.state = "closed";
  };
}

class FakeAnalyser {
  fftSize = 4;
  getFloatTimeDomainData = (samples: Float32Array): Float32Array => samples.fill(0.25);
}

/** Give the page a microphone. `tracks` are those that were handed out; `fail` makes the next request fail. */
export function plugIn(): {
  tracks: FakeTrack[];
  getUserMedia: ReturnType<typeof vi.fn>;
  fail: (name: string) => void;
} {
  const tracks: FakeTrack[] = [];
  const getUserMedia = vi.fn(async () => {
    const track = new FakeTrack();
    tracks.push(track);
    return { getTracks: () => [track], getAudioTracks: () => [track] };
  });
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("MediaRecorder", FakeMediaRecorder);
  vi.stubGlobal("AudioContext", FakeAudioContext);
  vi.stubGlobal("AnalyserNode", FakeAnalyser);
  Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: { getUserMedia } });
  const fail = (name: string): void => {
    getUserMedia.mockRejectedValueOnce(new DOMException("refused", name));
  };
  return { tracks, getUserMedia, fail };
}
