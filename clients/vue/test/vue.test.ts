import type { Insight } from "@samo/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type App, createApp, defineComponent, effectScope, h, nextTick, ref, shallowRef, version } from "vue";
import { plugIn } from "../../elements/test/microphone.js";
import { EmotionArc, EmotionRecorder, MoodCalendar, useRecorder } from "../src/index.js";

const INSIGHT = {
  arc: [{ text: "One.", start_seconds: null, end_seconds: null, emotions: [{ emotion: "joy", confidence: 0.5 }] }],
  emotion_analysis: { emotion_list: [{ emotion: "joy" }] },
} as unknown as Insight;

let microphone: ReturnType<typeof plugIn>;
let place: HTMLElement;
let app: App;
beforeEach(() => {
  microphone = plugIn();
  place = document.body.appendChild(document.createElement("main"));
});
afterEach(() => {
  place.remove();
  vi.unstubAllGlobals();
});

test("it is the Vue of this project's name", ({ task }) => {
  expect(task.file.projectName).toBe(`vue ${version.split(".", 2).join(".")}`);
});

test("the composable records, and releases the microphone with its scope", async () => {
  const scope = effectScope();
  const recorder = scope.run(() => useRecorder(() => ({ maxSeconds: 60 })));
  if (!recorder) throw new Error("the scope is inactive");
  expect(recorder.state.value).toBe("idle");
  await recorder.start();
  recorder.pause();
  expect(recorder.state.value).toBe("paused");
  recorder.resume();
  const blob = await recorder.stop();
  expect(recorder.blob.value).toBe(blob);
  await recorder.start();
  scope.stop();
  expect(microphone.tracks.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
});

test("the composable says why the microphone cannot be used", async () => {
  const recorder = effectScope().run(() => useRecorder());
  microphone.fail("NotFoundError");
  await recorder?.start();
  expect(recorder?.error.value?.message).toContain("No microphone was found.");
});

test("a recording becomes an insight, the insight an arc, the entry a day", async () => {
  const insight = shallowRef<Insight | null>(null);
  const recorder = ref<InstanceType<typeof EmotionRecorder> | null>(null);
  const days: string[] = [];
  app = createApp(
    defineComponent(() => () => [
      h(EmotionRecorder, {
        ref: recorder,
        class: "mine",
        client: { analyzeRecording: async () => INSIGHT },
        onInsight: (detail) => {
          insight.value = detail.insight;
        },
      }),
      h(EmotionArc, { insight: insight.value }),
      h(MoodCalendar, {
        entries: insight.value ? [{ date: "2026-03-02", moods: { calm: 1 } }] : [],
        locale: "en-GB",
        onDay: ({ day }) => days.push(day),
      }),
    ]),
  );
  app.mount(place);
  const element = place.querySelector("samo-emotion-recorder");
  expect(element?.className).toBe("mine");
  expect((recorder.value as unknown as { element: unknown }).element).toBe(element);
  await element?.start();
  await element?.stop();
  await vi.waitFor(() =>
    expect(place.querySelector("samo-emotion-arc")?.shadowRoot?.querySelector(".legend")?.textContent).toContain("joy"),
  );
  await nextTick();
  const calendar = place.querySelector("samo-mood-calendar")?.shadowRoot;
  calendar?.querySelector<HTMLElement>("[data-day='2026-03-02']")?.click();
  expect(days).toEqual(["2026-03-02"]);
  await element?.start();
  app.unmount();
  expect(microphone.tracks.at(-1)?.readyState).toBe("ended");
});
