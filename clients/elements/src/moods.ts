// The mood of a day.
import type { Insight } from "@samo/client";
import { dayOf } from "./days.js";

/** An entry: its date with its moods, or with its insight, as `Samo.trends` takes it too. */
export interface CalendarEntry {
  /** ISO 8601, or a Date. */
  date: string | Date;
  insight?: Pick<Insight, "emotion_analysis"> | null;
  moods?: Readonly<Record<string, number>> | null;
  /** Used where the moods are not known. */
  emotions?: Readonly<Record<string, number>> | null;
}

/** Entries by their day, and how many have a date that is none. */
export function byDay<Entry extends CalendarEntry>(
  entries: readonly Entry[],
  timeZone: string | undefined,
): { days: Map<string, Entry[]>; undated: number } {
  const days = new Map<string, Entry[]>();
  let undated = 0;
  for (const entry of entries) {
    const day = dayOf(entry.date, timeZone);
    if (day === null) undated += 1;
    else days.set(day, [...(days.get(day) ?? []), entry]);
  }
  return { days, undated };
}

/** The mood with the highest confidences together; null without an entry, or where none was found. */
export function mainMood(entries: readonly CalendarEntry[]): string | null {
  const sums = new Map<string, number>();
  for (const [name, confidence] of entries.flatMap((entry) => Object.entries(scores(entry)))) {
    sums.set(name, (sums.get(name) ?? 0) + confidence);
  }
  const [first] = [...sums].sort(([, one], [, other]) => other - one);
  return first?.[0] ?? null;
}

function scores(entry: CalendarEntry): Readonly<Record<string, number>> {
  const analysis = entry.insight?.emotion_analysis;
  const moods = entry.moods ?? analysis?.moods ?? {};
  return Object.keys(moods).length > 0 ? moods : (entry.emotions ?? analysis?.emotions ?? {});
}
