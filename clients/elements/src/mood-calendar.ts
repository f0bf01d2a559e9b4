// <samo-mood-calendar>: a month of days in the colours of their moods.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { addDays, addMonths, dayFormats, dayIn, isLocale, isMonth, localeInfo, weekday, weeksOf } from "./days.js";
import { styles } from "./mood-calendar.styles.js";
import { byDay, type CalendarEntry, mainMood } from "./moods.js";
import { tint } from "./palette.js";
import { theme } from "./theme.js";
import { vars } from "./vars.js";

export interface DayDetail {
  /** Such as "2026-03-02". */
  day: string;
  entries: CalendarEntry[];
}
export interface MonthDetail {
  /** Such as "2026-03". */
  month: string;
}

export interface CalendarLabels {
  previous: string;
  next: string;
  /** What a screen reader says of a day; `date` is in the locale. */
  day: (date: string, entries: number, mood: string | null) => string;
  undated: (entries: number) => string;
  /** Other names for the moods. */
  moods: Readonly<Record<string, string>>;
}

const LABELS: CalendarLabels = {
  previous: "Previous month",
  next: "Next month",
  day: (date, entries, mood) => {
    const count = entries === 0 ? "no entry" : entries === 1 ? "1 entry" : `${entries} entries`;
    return `${date}: ${count}${mood ? `, mostly ${mood}` : ""}`;
  },
  undated: (entries) =>
    entries === 1 ? "1 entry has no valid date." : `${entries} entries have no valid date.`,
  moods: {},
};

interface View {
  text: CalendarLabels;
  locale: string;
  days: Map<string, CalendarEntry[]>;
  undated: number;
  today: string;
  month: string;
  firstWeekday: number;
  direction: "ltr" | "rtl" | null;
}

/**
 * Shows `entries` by day. Events: `day` (a day was chosen), `month` (another month is shown).
 * The arrow keys move by days and weeks, Home and End in the week, Page Up and Page Down by months.
 */
export class MoodCalendarElement extends LitElement {
  static override styles = [theme, styles];
  static override properties = {
    entries: { attribute: false },
    month: {},
    day: {},
    timeZone: { attribute: "time-zone" },
    locale: {},
    labels: { attribute: false },
    _cursor: { state: true },
  };

  declare entries: readonly CalendarEntry[];
  /** The month that is shown, such as "2026-03"; that of the last entry by default. */
  declare month: string | undefined;
  /** The chosen day, such as "2026-03-02". */
  declare day: string | undefined;
  /** Such as "Europe/Berlin": the zone whose days are shown. By default an entry is on the day it was written. */
  declare timeZone: string | undefined;
  /** Such as "ar-EG"; the page's language by default. */
  declare locale: string | undefined;
  declare labels: Partial<CalendarLabels>;
  declare protected _cursor: string | null;

  constructor() {
    super();
    this.entries = [];
    this.labels = {};
    this._cursor = null;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // a month from outside: the day under the keyboard is in another one
    if (changed.has("month") && !this._cursor?.startsWith(`${this.month}-`)) this._cursor = null;
  }

  protected override render(): TemplateResult {
    try {
      return this.#month(this.#view());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return html`<p class="error" part="error" role="alert">${error.message}</p>`;
    }
  }

  /** Throws RangeError for a month, locale or time zone that does not exist. */
  #view(): View {
    const { month, timeZone } = this;
    if (month && !isMonth(month)) throw new RangeError(`Not a month such as 2026-03: ${month}`);
    if (this.locale && !isLocale(this.locale)) throw new RangeError(`Not a locale such as en-GB: ${this.locale}`);
    const locale = this.locale || pageLanguage(this) || navigator.language;
    const { firstWeekday, direction } = localeInfo(locale);
    const today = dayIn(new Date(), timeZone || undefined);
    const { days, undated } = byDay(this.entries ?? [], timeZone || undefined);
    const last = [...days.keys()].sort().at(-1);
    return {
      text: { ...LABELS, ...this.labels },
      locale,
      days,
      undated,
      today,
      month: month || (last ?? today).slice(0, 7),
      firstWeekday,
      direction: this.locale ? direction : null, // the page knows its own
    };
  }

  #month(view: View): TemplateResult {
    const { text, month, undated } = view;
    const formats = dayFormats(view.locale);
    const weeks = weeksOf(month, view.firstWeekday);
    return html`<div part="base" lang=${view.locale} dir=${view.direction ?? nothing}>
      <div class="head" part="header">
        <button type="button" class="step" part="button previous" aria-label=${text.previous} @click=${() => this.#show(month, -1)}>
          <span aria-hidden="true">‹</span>
        </button>
        <p class="title" part="title" id="title" aria-live="polite">${formats.month(`${month}-01`)}</p>
        <button type="button" class="step" part="button next" aria-label=${text.next} @click=${() => this.#show(month, 1)}>
          <span aria-hidden="true">›</span>
        </button>
      </div>
      <table role="grid" part="grid" aria-labelledby="title" @keydown=${this.#move}>
        <thead>
          <tr>
            ${weeks[0]?.map(
              (day) => html`<th scope="col" abbr=${formats.weekday(day, "long")}>${formats.weekday(day, "short")}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${weeks.map(
            (week) => html`<tr>
              ${week.map((day) => html`<td>${day.startsWith(month) ? this.#day(day, view, formats) : nothing}</td>`)}
            </tr>`,
          )}
        </tbody>
      </table>
      ${undated > 0 ? html`<p class="note" part="note">${text.undated(undated)}</p>` : nothing}
    </div>`;
  }

  #day(day: string, view: View, formats: ReturnType<typeof dayFormats>): TemplateResult {
    const entries = view.days.get(day) ?? [];
    const mood = mainMood(entries);
    const name = mood && (view.text.moods[mood] ?? mood);
    const isFull = entries.length > 0;
    return html`<button
      type="button"
      class=${isFull ? "day tint full" : "day"}
      part=${isFull ? "day full" : "day"}
      data-day=${day}
      tabindex=${day === this.#tabStop(view) ? 0 : -1}
      aria-label=${view.text.day(formats.long(day), entries.length, name)}
      aria-pressed=${day === this.day}
      aria-current=${day === view.today ? "date" : nothing}
      @click=${() => this.#choose(day, entries)}
      ${vars(tint(mood ?? "neutral"))}
    >
      <span class="number">${formats.number(day)}</span>
      ${name ? html`<span class="mood" part="mood">${name}</span>` : nothing}
    </button>`;
  }

  /** The one day that Tab reaches. */
  #tabStop({ month, today }: View): string {
    const wanted = [this._cursor, this.day, today].find((day) => day?.startsWith(`${month}-`));
    return wanted ?? `${month}-01`;
  }

  #choose(day: string, entries: CalendarEntry[]): void {
    this.day = day;
    this._cursor = day;
    this.#emit("day", { day, entries });
  }

  #show(month: string, step: number): void {
    this._cursor = null;
    this.#setMonth(addMonths(`${month}-01`, step).slice(0, 7));
  }

  #setMonth(month: string): void {
    this.month = month;
    this.#emit("month", { month });
  }

  #move(event: KeyboardEvent): void {
    const from = (event.target as HTMLElement).dataset["day"];
    if (!from || event.ctrlKey || event.altKey || event.metaKey) return;
    const isRtl = getComputedStyle(event.target as HTMLElement).direction === "rtl";
    const to = destination(event, from, isRtl, this.#view().firstWeekday);
    if (!to) return;
    event.preventDefault();
    this._cursor = to;
    if (!to.startsWith(from.slice(0, 7))) this.#setMonth(to.slice(0, 7));
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>(`[data-day="${to}"]`)?.focus(),
    );
  }

  #emit(type: string, detail: DayDetail | MonthDetail): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The day to which a key moves from another; null for other keys. */
function destination({ key, shiftKey }: KeyboardEvent, from: string, isRtl: boolean, first: number): string | null {
  const column = (weekday(from) - first + 7) % 7;
  const forward = isRtl ? -1 : 1;
  switch (key) {
    case "ArrowRight":
      return addDays(from, forward);
    case "ArrowLeft":
      return addDays(from, -forward);
    case "ArrowDown":
      return addDays(from, 7);
    case "ArrowUp":
      return addDays(from, -7);
    case "Home":
      return addDays(from, -column);
    case "End":
      return addDays(from, 6 - column);
    case "PageDown":
      return addMonths(from, shiftKey ? 12 : 1);
    case "PageUp":
      return addMonths(from, shiftKey ? -12 : -1);
    default:
      return null;
  }
}

/**
 * The language of the page around an element, in the reader's variant: "en-GB" for a page in "en". Null where the
 * page names none, or writes it wrongly.
 */
function pageLanguage(element: Element): string | null {
  const language = element.closest("[lang]")?.getAttribute("lang") ?? "";
  if (!isLocale(language)) return null;
  return navigator.languages?.find((variant) => variant.startsWith(`${language}-`)) ?? language;
}

declare global {
  interface HTMLElementTagNameMap {
    "samo-mood-calendar": MoodCalendarElement;
  }
}
