import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Recorder } from "../src/recorder.js";
import { plugIn } from "./microphone.js";

let microphone: ReturnType<typeof plugIn>;
beforeEach(() => {
  vi.useFakeTimers();
  microphone = plugIn();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function recording(options = {}): Promise<Recorder> {
  const recorder = new Recorder();
  await recorder.start(options);
  expect(recorder.snapshot.state).toBe("recording");
  return recorder;
}

test("it records, and releases the microphone", async () => {
  const recorder = await recording();
  vi.advanceTimersByTime(2000);
  expect(recorder.snapshot).toMatchObject({ level: 0.25, seconds: 2 });
  const blob = await recorder.stop();
  expect(recorder.snapshot).toMatchObject({ state: "stopped", seconds: 2, level: 0, error: null, blob });
  expect([blob?.type, await blob?.text()]).toEqual(["audio/webm", "sound"]);
  expect(microphone.tracks.map(({ readyState }) => readyState)).toEqual(["ended"]);
});

test("a pause is not counted", async () => {
  const recorder = await recording();
  vi.advanceTimersByTime(1000);
  recorder.pause();
  vi.advanceTimersByTime(5000);
  expect(recorder.snapshot).toMatchObject({ state: "paused", level: 0 });
  recorder.resume();
  vi.advanceTimersByTime(500);
  expect(recorder.snapshot).toMatchObject({ state: "recording", seconds: 1.5 });
});

test("starting twice asks for one microphone", async () => {
  const recorder = new Recorder();
  await Promise.all([recorder.start(), recorder.start()]);
  await recorder.start();
  expect(microphone.getUserMedia).toHaveBeenCalledOnce();
});

test("stopping twice gives the same recording", async () => {
  const recorder = await recording();
  const [one, other] = await Promise.all([recorder.stop(), recorder.stop()]);
  expect(one).toBe(other);
  expect(await recorder.stop()).toBe(one);
});

test("at its longest it stops by itself", async () => {
  const recorder = await recording({ maxSeconds: 3 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(recorder.snapshot).toMatchObject({ state: "stopped", seconds: 3 });
});

test.each([
  ["NotAllowedError", "permission_denied", "not allowed"],
  ["NotFoundError", "no_microphone", "No microphone"],
  ["OverconstrainedError", "no_microphone", "No microphone"],
  ["NotReadableError", "microphone_busy", "in use"],
  ["AbortError", "microphone_failed", "could not be started"],
])("%s is %s", async (name, code, words) => {
  const recorder = new Recorder();
  microphone.fail(name);
  await recorder.start();
  const { state, error } = recorder.snapshot;
  expect([state, error?.code]).toEqual(["idle", code]);
  expect(error?.message).toContain(words);
  await recorder.start(); // and it may be tried again
  expect(recorder.snapshot).toMatchObject({ state: "recording", error: null });
});

test("a page that is not secure gets the reason", async () => {
  vi.stubGlobal("isSecureContext", false);
  const recorder = new Recorder();
  await recorder.start();
  expect(recorder.snapshot.error?.code).toBe("insecure_context");
  expect(microphone.getUserMedia).not.toHaveBeenCalled();
});

test("a browser without MediaRecorder gets the reason", async () => {
  vi.stubGlobal("MediaRecorder", undefined);
  const recorder = new Recorder();
  await recorder.start();
  expect(recorder.snapshot.error?.code).toBe("unsupported");
});

test("a microphone that is given after the recorder was discarded is released", async () => {
  const recorder = new Recorder();
  const started = recorder.start();
  recorder.discard();
  await started;
  expect(recorder.snapshot.state).toBe("idle");
  expect(microphone.tracks.map(({ readyState }) => readyState)).toEqual(["ended"]);
});

test("stopping before the microphone is given cancels", async () => {
  const recorder = new Recorder();
  const started = recorder.start();
  expect(await recorder.stop()).toBeNull();
  await started;
  expect(microphone.tracks[0]?.readyState).toBe("ended");
});

test("a microphone that is unplugged keeps what was said", async () => {
  const recorder = await recording();
  microphone.tracks[0]?.dispatchEvent(new Event("ended"));
  await vi.advanceTimersByTimeAsync(1);
  expect(recorder.snapshot).toMatchObject({ state: "stopped", error: { code: "microphone_lost" } });
  expect(await recorder.snapshot.blob?.text()).toBe("sound");
});

test("a browser that cannot record this microphone releases it", async () => {
  vi.stubGlobal(
    "AnalyserNode",
    class {
      constructor() {
        throw new DOMException("", "NotSupportedError");
      }
    },
  );
  const recorder = new Recorder();
  await recorder.start();
  expect(recorder.snapshot.error?.code).toBe("microphone_failed");
  expect(microphone.tracks[0]?.readyState).toBe("ended");
});

test("listeners get each change until they leave", async () => {
  const recorder = new Recorder();
  const states: string[] = [];
  const leave = recorder.subscribe(() => states.push(recorder.snapshot.state));
  await recorder.start();
  await recorder.stop();
  leave();
  recorder.discard();
  expect(states).toEqual(["starting", "recording", "stopping", "stopped"]);
});
