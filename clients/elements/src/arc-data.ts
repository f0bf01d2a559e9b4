// What <samo-emotion-arc> draws of an insight, as plain data.
import type { Insight } from "@samo/client";

export type ArcInsight = Pick<Insight, "arc" | "emotion_analysis"> & Partial<Pick<Insight, "transcription">>;

export interface ArcSentence {
  text: string;
  /** Its middle: in seconds of the recording, or its number from 1 for typed text. */
  at: number;
  startSeconds: number | null;
  emotions: { emotion: string; confidence: number }[];
}

export interface ArcData {
  sentences: ArcSentence[];
  /** The strongest emotions of the entry, with their confidence in each sentence. */
  lines: { emotion: string; values: number[] }[];
  isTimed: boolean;
  /** The ends of the horizontal axis, in the unit of `at`. */
  from: number;
  to: number;
}

/** Sentences and lines of an insight; both are empty for an entry without speech or text. */
export function arcData(insight: ArcInsight | null | undefined, maxLines: number): ArcData {
  const arc = insight?.arc ?? [];
  const isTimed = arc.length > 0 && arc.every((point) => point.start_seconds !== null);
  const sentences = arc.map((point, index) => ({
    text: point.text,
    at: isTimed ? ((point.start_seconds ?? 0) + (point.end_seconds ?? 0)) / 2 : index + 1,
    startSeconds: isTimed ? point.start_seconds : null,
    emotions: point.emotions,
  }));
  const lines = strongest(insight, maxLines).map((emotion) => ({
    emotion,
    values: arc.map((point) => point.emotions.find((one) => one.emotion === emotion)?.confidence ?? 0),
  }));
  const last = Math.max(0, ...arc.map((point) => point.end_seconds ?? 0));
  const duration = Math.max(last, insight?.transcription?.duration ?? 0);
  return isTimed
    ? { sentences, lines, isTimed, from: 0, to: duration }
    : { sentences, lines, isTimed, from: 0.5, to: sentences.length + 0.5 };
}

/** The entry's emotions, highest first; those of its sentences where the analysis is missing. */
function strongest(insight: ArcInsight | null | undefined, count: number): string[] {
  const ofEntry = insight?.emotion_analysis?.emotion_list.map(({ emotion }) => emotion);
  if (ofEntry?.length) return ofEntry.slice(0, count);
  const sums = new Map<string, number>();
  for (const { emotion, confidence } of (insight?.arc ?? []).flatMap((point) => point.emotions)) {
    sums.set(emotion, (sums.get(emotion) ?? 0) + confidence);
  }
  return [...sums]
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([emotion]) => emotion);
}
