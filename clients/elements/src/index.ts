// Defines the custom elements. Without a document, as on a server, importing it only defines classes.
import { EmotionArcElement } from "./emotion-arc.js";
import { EmotionRecorderElement } from "./emotion-recorder.js";
import { MoodCalendarElement } from "./mood-calendar.js";

export type { ArcInsight } from "./arc-data.js";
export { type ArcLabels, EmotionArcElement } from "./emotion-arc.js";
export {
  EmotionRecorderElement,
  type ErrorDetail,
  type InsightDetail,
  type PhaseDetail,
  type RecordingDetail,
} from "./emotion-recorder.js";
export { type CalendarLabels, type DayDetail, type MonthDetail, MoodCalendarElement } from "./mood-calendar.js";
export type { CalendarEntry } from "./moods.js";
export type { RecorderLabels, RecorderPhase } from "./recorder-labels.js";
export type { RecordingClient } from "./upload.js";

const ELEMENTS = {
  "samo-emotion-recorder": EmotionRecorderElement,
  "samo-emotion-arc": EmotionArcElement,
  "samo-mood-calendar": MoodCalendarElement,
};

if (typeof customElements !== "undefined") {
  for (const [name, element] of Object.entries(ELEMENTS)) {
    // two copies of this package on a page: the first one serves both
    if (!customElements.get(name)) customElements.define(name, element);
  }
}
