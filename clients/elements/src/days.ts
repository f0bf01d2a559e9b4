// Days as "2026-03-02". They are counted in UTC, so that no change of clocks moves a day.

const DAY_MILLISECONDS = 86_400_000;
const WRITTEN = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

const toDate = (day: string): Date => new Date(`${day}T00:00:00Z`);
const toDay = (date: Date): string => date.toISOString().slice(0, 10);

export const addDays = (day: string, count: number): string =>
  toDay(new Date(toDate(day).getTime() + count * DAY_MILLISECONDS));

/** The same day of another month, or that month's last day. */
export function addMonths(day: string, count: number): string {
  const months = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + count;
  const month = `${String(Math.floor(months / 12)).padStart(4, "0")}-${String((months % 12) + 1).padStart(2, "0")}`;
  const last = addDays(`${toDay(new Date(toDate(`${month}-01`).getTime() + 31 * DAY_MILLISECONDS)).slice(0, 7)}-01`, -1);
  const wanted = `${month}-${day.slice(8)}`;
  return wanted < last ? wanted : last;
}

/** From 1 for Monday to 7 for Sunday. */
export const weekday = (day: string): number => toDate(day).getUTCDay() || 7;

/** The weeks of a month such as "2026-03", each seven days, from `firstWeekday` (1 to 7). */
export function weeksOf(month: string, firstWeekday: number): string[][] {
  const first = `${month}-01`;
  const weeks: string[][] = [];
  let start = addDays(first, -((weekday(first) - firstWeekday + 7) % 7));
  do {
    weeks.push(Array.from({ length: 7 }, (_, index) => addDays(start, index)));
    start = addDays(start, 7);
  } while (start.startsWith(month));
  return weeks;
}

export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

/**
 * The day of a moment, or null if it is none.
 *
 * With `timeZone`, the day there. Without one, the day as it is written: a text with an offset is in the
 * writer's own time. "Z" has no offset of the writer's (RFC 9557), and neither has a `Date`: they are taken in
 * the browser's time zone.
 */
export function dayOf(moment: string | Date, timeZone?: string): string | null {
  if (moment instanceof Date) return Number.isNaN(moment.getTime()) ? null : dayIn(moment, timeZone);
  const match = WRITTEN.exec(moment.trim());
  const [, day, time, offset] = match ?? [];
  if (!day || !isDay(day)) return null;
  if (!time || !offset) return day; // nothing to convert from
  const parsed = new Date(`${day}T${time}${offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset}`);
  if (Number.isNaN(parsed.getTime())) return null;
  return timeZone || offset.toUpperCase() === "Z" ? dayIn(parsed, timeZone) : day;
}

const isDay = (day: string): boolean =>
  !Number.isNaN(toDate(day).getTime()) && toDay(toDate(day)) === day; // not 31 April

/** The day of a moment in a time zone, the browser's by default. Throws RangeError for an unknown one. */
export function dayIn(moment: Date, timeZone?: string): string {
  const format = new Intl.DateTimeFormat("en", {
    calendar: "iso8601",
    numberingSystem: "latn",
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  return `${String(parts["year"]).padStart(4, "0")}-${parts["month"]}-${parts["day"]}`;
}

/** Texts of a day in a locale. The calendar is Gregorian in every locale, as its grid is. */
export function dayFormats(locale: string | undefined): {
  month: (day: string) => string;
  number: (day: string) => string;
  long: (day: string) => string;
  weekday: (day: string, width: "short" | "long") => string;
} {
  const formats = new Map<string, Intl.DateTimeFormat>();
  const text = (day: string, options: Intl.DateTimeFormatOptions): string => {
    const key = JSON.stringify(options);
    const format =
      formats.get(key) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC", calendar: "gregory" });
    formats.set(key, format);
    return format.format(toDate(day));
  };
  const numbers = new Intl.NumberFormat(locale, { useGrouping: false });
  return {
    month: (day) => text(day, { month: "long", year: "numeric" }),
    number: (day) => numbers.format(Number(day.slice(8))),
    long: (day) => text(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    weekday: (day, width) => text(day, { weekday: width }),
  };
}

interface LocaleInfo {
  getWeekInfo?: () => { firstDay: number };
  weekInfo?: { firstDay: number };
  getTextInfo?: () => { direction: string };
  textInfo?: { direction: string };
}

/** Whether a locale is written correctly, such as "en-GB"; "en_GB" is not. */
export function isLocale(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

/** First weekday (1 to 7) and direction of a locale; Monday and null where the browser does not know. */
export function localeInfo(locale: string): { firstWeekday: number; direction: "ltr" | "rtl" | null } {
  const info = new Intl.Locale(locale) as LocaleInfo;
  const direction = (info.getTextInfo?.() ?? info.textInfo)?.direction;
  return {
    firstWeekday: (info.getWeekInfo?.() ?? info.weekInfo)?.firstDay ?? 1,
    direction: direction === "rtl" || direction === "ltr" ? direction : null,
  };
}
