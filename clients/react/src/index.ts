// React components of the custom elements, and a hook that records.
import { createComponent, type EventName } from "@lit/react";
import {
  type DayDetail,
  EmotionArcElement,
  EmotionRecorderElement,
  type ErrorDetail,
  type InsightDetail,
  MoodCalendarElement,
  type MonthDetail,
  type PhaseDetail,
  type RecordingDetail,
} from "@samo/elements";
import * as React from "react";

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

/** Records an entry, sends it to the service and calls `onInsight`. A `ref` has start, stop, discard and others. */
export const EmotionRecorder = createComponent({
  react: React,
  displayName: "EmotionRecorder",
  tagName: "samo-emotion-recorder",
  elementClass: EmotionRecorderElement,
  events: {
    onRecording: "recording" as EventName<CustomEvent<RecordingDetail>>,
    onInsight: "insight" as EventName<CustomEvent<InsightDetail>>,
    onError: "error" as EventName<CustomEvent<ErrorDetail>>,
    onPhase: "phase" as EventName<CustomEvent<PhaseDetail>>,
  },
});

/** Draws the emotions of `insight` over time. */
export const EmotionArc = createComponent({
  react: React,
  displayName: "EmotionArc",
  tagName: "samo-emotion-arc",
  elementClass: EmotionArcElement,
});

/** Shows a month of `entries` in the colours of their moods. */
export const MoodCalendar = createComponent({
  react: React,
  displayName: "MoodCalendar",
  tagName: "samo-mood-calendar",
  elementClass: MoodCalendarElement,
  events: {
    onDay: "day" as EventName<CustomEvent<DayDetail>>,
    onMonth: "month" as EventName<CustomEvent<MonthDetail>>,
  },
});
