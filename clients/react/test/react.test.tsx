import type { Insight } from "@samo/client";
import { act, createRef, StrictMode, useState } from "react";
import { createRoot, type Root } from "react-dom/client";
import * as React from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { plugIn } from "../../elements/test/microphone.js";
import {
  EmotionArc,
  EmotionRecorder,
  MoodCalendar,
  type RecorderControls,
  useRecorder,
} from "../src/index.js";

const INSIGHT = {
  arc: [{ text: "One.", start_seconds: null, end_seconds: null, emotions: [{ emotion: "joy", confidence: 0.5 }] }],
  emotion_analysis: { emotion_list: [{ emotion: "joy" }] },
} as unknown as Insight;

let microphone: ReturnType<typeof plugIn>;
let place: HTMLElement;
let root: Root;
beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  microphone = plugIn();
  place = document.body.appendChild(document.createElement("main"));
  root = createRoot(place);
});
afterEach(async () => {
  await act(async () => root.unmount());
  place.remove();
  vi.unstubAllGlobals();
});

const render = (element: React.ReactElement): Promise<void> => act(async () => root.render(element));

test("it is the React of this project's name", ({ task }) => {
  expect(React.version).toMatch(task.file.projectName === "react 18" ? /^18\./ : /^19\./);
});

test("the hook records, for a component in StrictMode", async () => {
  let controls: RecorderControls | undefined;
  function Recorder() {
    controls = useRecorder({ maxSeconds: 60 });
    return <output>{controls.state}</output>;
  }
  await render(<StrictMode><Recorder /></StrictMode>);
  const shown = () => place.textContent;
  expect(shown()).toBe("idle");
  await act(async () => controls?.start());
  expect(shown()).toBe("recording");
  act(() => controls?.pause());
  expect(shown()).toBe("paused");
  act(() => controls?.resume());
  const blob = await act(async () => controls?.stop());
  expect(controls).toMatchObject({ state: "stopped", blob });
  expect(await blob?.text()).toBe("sound");
});

test("the hook says why the microphone cannot be used", async () => {
  function Recorder() {
    const { start, error } = useRecorder();
    return <button onClick={start}>{error?.message ?? "Record"}</button>;
  }
  await render(<Recorder />);
  microphone.fail("NotAllowedError");
  await act(async () => place.querySelector("button")?.click());
  expect(place.textContent).toContain("The microphone is not allowed.");
});

test.each(["hook", "component"])("unmounted while it records, the %s releases the microphone", async (kind) => {
  const ref = createRef<HTMLElementTagNameMap["samo-emotion-recorder"]>();
  let start = async (): Promise<void> => ref.current?.start();
  function Recorder() {
    ({ start } = useRecorder());
    return null;
  }
  await render(kind === "hook" ? <Recorder /> : <EmotionRecorder ref={ref} />);
  await act(async () => start());
  expect(microphone.tracks[0]?.readyState).toBe("live");
  await render(<p />);
  expect(microphone.tracks[0]?.readyState).toBe("ended");
});

test("a recording becomes an insight, the insight an arc, the entry a day", async () => {
  const ref = createRef<HTMLElementTagNameMap["samo-emotion-recorder"]>();
  const client = { analyzeRecording: async () => INSIGHT };
  const chosen: string[] = [];
  function Journal() {
    const [insight, setInsight] = useState<Insight | null>(null);
    const entries = insight ? [{ date: "2026-03-02", insight, moods: { calm: 1 } }] : [];
    return (
      <>
        <EmotionRecorder ref={ref} client={client} onInsight={(event) => setInsight(event.detail.insight)} />
        <EmotionArc insight={insight} />
        <MoodCalendar entries={entries} locale="en-GB" onDay={(event) => chosen.push(event.detail.day)} />
      </>
    );
  }
  await render(<Journal />);
  await act(async () => ref.current?.start());
  await act(async () => ref.current?.stop());
  await vi.waitFor(() =>
    expect(place.querySelector("samo-emotion-arc")?.shadowRoot?.querySelector(".legend")?.textContent).toContain("joy"),
  );
  const calendar = place.querySelector("samo-mood-calendar")?.shadowRoot;
  calendar?.querySelector<HTMLElement>("[data-day='2026-03-02']")?.click();
  expect(chosen).toEqual(["2026-03-02"]);
});
