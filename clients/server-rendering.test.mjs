// The packages as a server imports them, by Node.js itself: without window, document or a microphone.
import assert from "node:assert/strict";
import { test } from "node:test";

test("React renders the components on a server", async () => {
  assert.equal(typeof window, "undefined");
  const { createElement: h } = await import("react");
  const { renderToString } = await import("react-dom/server");
  const { EmotionArc, EmotionRecorder, MoodCalendar, useRecorder } = await import("@samo/react");
  const Recorder = () => h("output", null, useRecorder().state);
  const html = renderToString(
    h("main", null, h(EmotionRecorder, { baseUrl: "http://localhost:3000" }), h(EmotionArc, { insight: null }),
      h(MoodCalendar, { entries: [] }), h(Recorder)),
  );
  assert.match(html, /<samo-emotion-recorder.*<samo-emotion-arc.*<samo-mood-calendar.*<output>idle/);
});

test("Vue renders the components on a server", async () => {
  const { createSSRApp, h } = await import("vue");
  const { renderToString } = await import("vue/server-renderer");
  const { EmotionArc, EmotionRecorder, MoodCalendar, useRecorder } = await import("@samo/vue");
  const Recorder = { setup: () => { const { state } = useRecorder(); return () => h("output", state.value); } };
  const app = createSSRApp({
    render: () => h("main", [h(EmotionRecorder, { baseUrl: "http://localhost:3000" }), h(EmotionArc, { insight: null }),
      h(MoodCalendar, { entries: [{ date: "2026-03-02" }] }), h(Recorder)]),
  });
  const html = await renderToString(app);
  assert.match(html, /<samo-emotion-recorder.*<samo-emotion-arc.*<samo-mood-calendar.*<output>idle/);
  assert.doesNotMatch(html, /object Object|\.entries/); // properties are the browser's
});

test("the recorder alone needs no Lit", async () => {
  const { Recorder } = await import("@samo/elements/recorder");
  assert.equal(new Recorder().snapshot.state, "idle");
});
