import { ApiError, ConnectionFailed, type Insight } from "@samo/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EmotionRecorderElement, ErrorDetail, InsightDetail } from "../src/index.js";
import "../src/index.js";
import { plugIn } from "./microphone.js";

const INSIGHT = { arc: [] } as unknown as Insight;
type Analyze = EmotionRecorderElement["client"] extends infer C | undefined
  ? C extends { analyzeRecording: infer F }
    ? F
    : never
  : never;

let microphone: ReturnType<typeof plugIn>;
let element: EmotionRecorderElement;
let phases: string[];
beforeEach(() => {
  microphone = plugIn();
  element = document.createElement("samo-emotion-recorder");
  phases = [];
  element.addEventListener("phase", () => phases.push(element.phase));
  document.body.append(element);
});
afterEach(() => {
  element.remove();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const answering = (analyzeRecording: Analyze): void => {
  element.client = { analyzeRecording };
};
const refusing = (status: number, retryAfter: number | null = null): void =>
  answering(async () => {
    throw new ApiError(`Refused with ${status}.`, {
      status, code: `code_${status}`, details: {}, requestId: null, retryAfter,
    });
  });

async function shown(): Promise<string> {
  await element.updateComplete;
  return element.shadowRoot?.querySelector(".base")?.textContent?.replace(/\s+/g, " ").trim() ?? "";
}
async function button(name: string): Promise<HTMLButtonElement> {
  await element.updateComplete;
  const buttons = [...(element.shadowRoot?.querySelectorAll("button") ?? [])];
  const found = buttons.find((one) => one.textContent?.trim().startsWith(name));
  if (!found) throw new Error(`no button ${name} among ${buttons.map((one) => one.textContent?.trim())}`);
  return found;
}
async function recorded(): Promise<void> {
  await element.start();
  await element.stop();
  await vi.waitFor(() => expect(["done", "failed", "cancelled", "sending"]).toContain(element.phase));
  await new Promise((resolve) => setTimeout(resolve));
}

test("from the first click to the insight", async () => {
  const recordings: Blob[] = [];
  answering(async (recording, options) => {
    recordings.push(recording);
    options?.onProgress?.(1, 2);
    options?.onProgress?.(2, 2);
    return INSIGHT;
  });
  const insight = new Promise<InsightDetail>((resolve) =>
    element.addEventListener("insight", (event) => resolve((event as CustomEvent<InsightDetail>).detail)),
  );
  (await button("Record")).click();
  await vi.waitFor(() => expect(element.phase).toBe("recording"));
  (await button("Pause")).click();
  expect(await shown()).toContain("Paused");
  (await button("Resume")).click();
  (await button("Stop")).click();
  expect(await insight).toMatchObject({ insight: INSIGHT, recording: recordings[0] });
  expect(phases).toEqual([
    "starting", "recording", "paused", "recording", "stopping", "sending", "analysing", "done",
  ]);
  expect(await shown()).toContain("Done");
});

test("the second click of a double click does not stop", async () => {
  const record = await button("Record");
  record.dispatchEvent(new MouseEvent("click", { detail: 1 }));
  await vi.waitFor(() => expect(element.phase).toBe("recording"));
  record.dispatchEvent(new MouseEvent("click", { detail: 2 }));
  await element.updateComplete;
  expect(element.phase).toBe("recording");
  expect(microphone.getUserMedia).toHaveBeenCalledOnce();
});

test("a microphone that is not allowed is explained, and can be tried again", async () => {
  const errors: ErrorDetail[] = [];
  element.addEventListener("error", (event) => errors.push((event as CustomEvent<ErrorDetail>).detail));
  microphone.fail("NotAllowedError");
  await element.start();
  expect(element.phase).toBe("failed");
  expect(await shown()).toContain("The microphone is not allowed. Allow it");
  expect(errors).toMatchObject([{ error: { code: "permission_denied" }, recording: null }]);
  await element.start();
  expect(await shown()).not.toContain("not allowed");
});

test("a service that is down: the recording is kept and sent again", async () => {
  answering(async () => {
    throw new ConnectionFailed("The service cannot be reached at http://x.");
  });
  await recorded();
  expect(await shown()).toContain("cannot be reached");
  const sent: Blob[] = [];
  answering(async (recording) => {
    sent.push(recording);
    return INSIGHT;
  });
  (await button("Send again")).click();
  await vi.waitFor(() => expect(element.phase).toBe("done"));
  expect(await sent[0]?.text()).toBe("sound");
});

test.each([400, 413, 415, 422])("status %d is not worth another try", async (status) => {
  refusing(status);
  await recorded();
  expect(await shown()).toContain(`Refused with ${status}.`);
  await expect(button("Send again")).rejects.toThrow("no button");
});

test("429 with Retry-After: the button waits", async () => {
  refusing(429, 1.2);
  await recorded();
  const again = await button("Send again (in 2 s)");
  expect(again.getAttribute("aria-disabled")).toBe("true");
  again.click();
  expect(element.phase).toBe("failed");
  answering(async () => INSIGHT);
  await vi.waitFor(async () => expect((await button("Send again")).textContent?.trim()).toBe("Send again"), {
    timeout: 4000,
  });
  (await button("Send again")).click();
  await vi.waitFor(() => expect(element.phase).toBe("done"));
});

test("cancelled while it is sent", async () => {
  let signal: AbortSignal | undefined;
  answering((_recording, options) => {
    signal = options?.signal;
    return new Promise(() => {});
  });
  await recorded();
  const errors: unknown[] = [];
  element.addEventListener("error", (event) => errors.push(event));
  (await button("Cancel")).click();
  expect(signal?.aborted).toBe(true);
  expect(element.phase).toBe("cancelled");
  expect(await shown()).toContain("The recording is kept");
  expect(errors).toEqual([]);
});

test("removed while it records, it releases the microphone", async () => {
  await element.start();
  element.remove();
  expect(microphone.tracks[0]?.readyState).toBe("ended");
  expect(element.phase).toBe("idle");
});

test("removed while it sends, it aborts the request and stays silent", async () => {
  let signal: AbortSignal | undefined;
  answering((_recording, options) => {
    signal = options?.signal;
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
  });
  await recorded();
  const events: string[] = [];
  for (const name of ["error", "insight"]) element.addEventListener(name, () => events.push(name));
  element.remove();
  await new Promise((resolve) => setTimeout(resolve));
  expect([signal?.aborted, events]).toEqual([true, []]);
});

test("an address that is none is an error, not an exception", async () => {
  element.baseUrl = "localhost:3000";
  await recorded();
  expect(await shown()).toContain("baseUrl must be an address");
});

test("a limit that is no number is the default", async () => {
  element.setAttribute("max-seconds", "soon");
  await element.start();
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(element.phase).toBe("recording");
});

test("labels replace texts, errors by their code", async () => {
  element.labels = { record: "Aufnehmen", errors: { permission_denied: "Nicht erlaubt." } };
  await button("Aufnehmen");
  microphone.fail("NotAllowedError");
  await element.start();
  expect(await shown()).toContain("Nicht erlaubt.");
});

test("the focus stays when its button disappears", async () => {
  await element.start();
  const discard = await button("Discard");
  discard.focus();
  discard.click();
  await element.updateComplete;
  expect(element.shadowRoot?.activeElement).toBe(await button("Record"));
});
