// Vue components of the custom elements, and a composable that records.
import type {
  ArcInsight,
  ArcLabels,
  CalendarEntry,
  CalendarLabels,
  DayDetail,
  ErrorDetail,
  InsightDetail,
  MonthDetail,
  PhaseDetail,
  RecorderLabels,
  RecordingClient,
  RecordingDetail,
} from "@samo/elements";
import "@samo/elements"; // defines them
import { defineComponent, type PropType } from "vue";
import { wrap } from "./wrap.js";

export type {
  ArcInsight,
  ArcLabels,
  CalendarEntry,
  CalendarLabels,
  DayDetail,
  ErrorDetail,
  InsightDetail,
  MonthDetail,
  PhaseDetail,
  RecorderLabels,
  RecorderPhase,
  RecordingDetail,
} from "@samo/elements";
export {
  RecorderError,
  type RecorderErrorCode,
  type RecorderOptions,
  type RecorderState,
} from "@samo/elements/recorder";
export { type RecorderControls, useRecorder } from "./use-recorder.js";

/** Records an entry, sends it to the service and emits `insight`. `element` of a ref has start, stop and others. */
export const EmotionRecorder = defineComponent({
  name: "EmotionRecorder",
  props: {
    baseUrl: String,
    language: String,
    maxSeconds: Number,
    apiKey: String,
    client: Object as PropType<RecordingClient>,
    labels: Object as PropType<Partial<RecorderLabels>>,
  },
  emits: {
    recording: (_: RecordingDetail) => true,
    insight: (_: InsightDetail) => true,
    error: (_: ErrorDetail) => true,
    phase: (_: PhaseDetail) => true,
  },
  setup(props, { emit, expose }) {
    const { element, render } = wrap("samo-emotion-recorder", props, {
      recording: (detail: RecordingDetail) => emit("recording", detail),
      insight: (detail: InsightDetail) => emit("insight", detail),
      error: (detail: ErrorDetail) => emit("error", detail),
      phase: (detail: PhaseDetail) => emit("phase", detail),
    });
    expose({ element });
    return render;
  },
});

/** Draws the emotions of `insight` over time. */
export const EmotionArc = defineComponent({
  name: "EmotionArc",
  props: {
    insight: Object as PropType<ArcInsight | null>,
    lines: Number,
    labels: Object as PropType<Partial<ArcLabels>>,
  },
  setup: (props) => wrap("samo-emotion-arc", props, {}).render,
});

/** Shows a month of `entries` in the colours of their moods. */
export const MoodCalendar = defineComponent({
  name: "MoodCalendar",
  props: {
    entries: Array as PropType<readonly CalendarEntry[]>,
    month: String,
    day: String,
    timeZone: String,
    locale: String,
    labels: Object as PropType<Partial<CalendarLabels>>,
  },
  emits: {
    day: (_: DayDetail) => true,
    month: (_: MonthDetail) => true,
  },
  setup: (props, { emit }) =>
    wrap("samo-mood-calendar", props, {
      day: (detail: DayDetail) => emit("day", detail),
      month: (detail: MonthDetail) => emit("month", detail),
    }).render,
});
