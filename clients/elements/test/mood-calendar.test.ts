import { afterEach, expect, test } from "vitest";
import type { DayDetail, MoodCalendarElement } from "../src/index.js";
import "../src/index.js";
import { mainMood } from "../src/moods.js";

afterEach(() => document.body.replaceChildren());

async function calendar(properties: Partial<MoodCalendarElement>): Promise<{
  element: MoodCalendarElement;
  root: ShadowRoot;
  day: (name: string) => HTMLButtonElement;
}> {
  const element = Object.assign(document.createElement("samo-mood-calendar"), { locale: "en-GB", ...properties });
  document.body.append(element);
  await element.updateComplete;
  const root = element.shadowRoot as ShadowRoot;
  const day = (name: string): HTMLButtonElement => {
    const found = root.querySelector<HTMLButtonElement>(`[data-day="${name}"]`);
    if (!found) throw new Error(`${name} is not shown`);
    return found;
  };
  return { element, root, day };
}
const label = (button: HTMLElement): string | null => button.getAttribute("aria-label");
const ENTRIES = [
  { date: "2026-03-02T07:40+01:00", moods: { calm: 0.6, happy: 0.5 } },
  { date: "2026-03-02T23:05+01:00", moods: { happy: 0.5 } },
  { date: "2026-03-09", insight: { emotion_analysis: { moods: {}, emotions: { neutral: 0.9 } } } as never },
];

test("days have the mood of their entries, empty days have none", async () => {
  const { root, day } = await calendar({ entries: ENTRIES });
  expect(root.querySelector(".title")?.textContent).toBe("March 2026");
  expect(root.querySelectorAll(".day").length).toBe(31);
  expect(label(day("2026-03-02"))).toMatch(/^Monday,? 2 March 2026: 2 entries, mostly happy$/);
  expect(label(day("2026-03-09"))).toMatch(/^Monday,? 9 March 2026: 1 entry, mostly neutral$/);
  expect(label(day("2026-03-03"))).toMatch(/^Tuesday,? 3 March 2026: no entry$/);
  expect(root.querySelectorAll(".full").length).toBe(2);
});

test("the time zone decides on the day", async () => {
  const { day } = await calendar({ entries: ENTRIES.slice(0, 2), timeZone: "Asia/Tokyo" });
  expect(label(day("2026-03-02"))).toContain("1 entry, mostly calm");
  expect(label(day("2026-03-03"))).toContain("1 entry, mostly happy");
});

test.each(["Europe/Berlin", "America/Santiago", "Africa/Cairo"])(
  "each day of a year is shown once in %s, days without midnight included",
  async (timeZone) => {
    const { element, root } = await calendar({ timeZone, month: "2026-01" });
    const days: string[] = [];
    for (let month = 1; month <= 12; month++) {
      element.month = `2026-${String(month).padStart(2, "0")}`;
      await element.updateComplete;
      days.push(...[...root.querySelectorAll<HTMLElement>(".day")].map((one) => one.dataset["day"] ?? ""));
    }
    expect(new Set(days).size).toBe(365);
    expect(days.length).toBe(365);
  },
);

test("one entry, no entries, null", async () => {
  const one = await calendar({ entries: [{ date: "2024-02-29", moods: { tired: 1 } }] });
  expect(one.root.querySelector(".title")?.textContent).toBe("February 2024");
  expect(one.root.querySelectorAll(".day").length).toBe(29);
  const none = await calendar({ entries: null as never });
  expect(none.root.querySelector("[aria-current=date]")).not.toBeNull();
});

test("an entry without a valid date is counted, not shown", async () => {
  const { root } = await calendar({ entries: [...ENTRIES, { date: "2026-02-31" }, { date: "soon" }] });
  expect(root.querySelector(".note")?.textContent).toBe("2 entries have no valid date.");
});

test.each([
  [{ timeZone: "Mars/Base" }, "Mars/Base"],
  [{ locale: "no_such_locale" }, "no_such_locale"],
  [{ month: "2026-13" }, "2026-13"],
])("%o is refused by name", async (properties, name) => {
  const { root } = await calendar({ entries: ENTRIES, ...properties });
  expect(root.querySelector("[role=alert]")?.textContent).toContain(name);
});

test("Arabic: right to left, Saturday first, its own digits, left is forward", async () => {
  const { element, root, day } = await calendar({ entries: ENTRIES, locale: "ar-EG" });
  const base = root.querySelector<HTMLElement>("[part=base]");
  expect([base?.dir, base?.lang]).toEqual(["rtl", "ar-EG"]);
  expect(root.querySelector("th")?.getAttribute("abbr")).toBe("السبت");
  expect(day("2026-03-02").querySelector(".number")?.textContent).toBe("٢");
  day("2026-03-02").style.direction = "rtl"; // happy-dom does not compute it from dir
  press(day("2026-03-02"), "ArrowLeft");
  await element.updateComplete;
  expect((root.activeElement as HTMLElement).dataset["day"]).toBe("2026-03-03");
});

const press = (target: HTMLElement, key: string, options: KeyboardEventInit = {}): void => {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }));
};

test("the keyboard moves by days, weeks and months", async () => {
  const { element, root, day } = await calendar({ entries: ENTRIES, day: "2026-03-02" });
  const months: string[] = [];
  element.addEventListener("month", (event) => months.push((event as CustomEvent).detail.month));
  const stops = root.querySelectorAll("[data-day][tabindex='0']");
  expect([...stops]).toEqual([day("2026-03-02")]);
  day("2026-03-02").focus();
  const path: string[] = [];
  for (const key of ["ArrowDown", "ArrowRight", "End", "Home", "ArrowUp", "ArrowUp", "PageDown", "PageUp"]) {
    press(root.activeElement as HTMLElement, key);
    await element.updateComplete;
    path.push((root.activeElement as HTMLElement).dataset["day"] ?? "");
  }
  expect(path).toEqual([
    "2026-03-09", "2026-03-10", "2026-03-15", "2026-03-09", "2026-03-02", "2026-02-23", "2026-03-23", "2026-02-23",
  ]);
  expect(months).toEqual(["2026-02", "2026-03", "2026-02"]);
  press(root.activeElement as HTMLElement, "ArrowLeft", { altKey: true }); // the browser's own
  expect((root.activeElement as HTMLElement).dataset["day"]).toBe("2026-02-23");
});

test("a chosen day is emitted with its entries", async () => {
  const { element, day } = await calendar({ entries: ENTRIES });
  const chosen: DayDetail[] = [];
  element.addEventListener("day", (event) => chosen.push((event as CustomEvent<DayDetail>).detail));
  day("2026-03-02").click();
  await element.updateComplete;
  expect(chosen).toEqual([{ day: "2026-03-02", entries: ENTRIES.slice(0, 2) }]);
  expect(day("2026-03-02").getAttribute("aria-pressed")).toBe("true");
});

test("the mood of several entries is the one with the highest confidences together", () => {
  expect(mainMood([{ date: "", moods: { sad: 0.6 } }, { date: "", moods: { calm: 0.4, sad: 0.1 } }])).toBe("sad");
  expect(mainMood([])).toBeNull();
});
