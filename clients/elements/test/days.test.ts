import { expect, test } from "vitest";
import { addDays, addMonths, dayFormats, dayOf, isLocale, isMonth, localeInfo, weekday, weeksOf } from "../src/days.js";

test.each([
  ["2026-03-02", undefined, "2026-03-02"],
  ["2026-03-02T23:30:00+01:00", undefined, "2026-03-02"], // the writer's own day
  ["2026-03-02T23:30:00+01:00", "Asia/Tokyo", "2026-03-03"],
  ["2026-03-02T01:30+0100", "America/New_York", "2026-03-01"],
  ["2026-03-02T23:30:00Z", "Europe/Berlin", "2026-03-03"],
  ["2026-03-02 21:15", "Asia/Tokyo", "2026-03-02"], // no offset: nothing to convert from
  ["2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29"], // the night that has no hour from 2 to 3
  ["2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25"], // the night that has it twice
  ["2026-10-25T22:59:00Z", "Europe/Berlin", "2026-10-25"],
  ["2026-10-25T23:00:00Z", "Europe/Berlin", "2026-10-26"],
  ["2011-12-30T12:00:00Z", "Pacific/Apia", "2011-12-31"], // a day that Samoa left out
  ["2026-02-30", undefined, null],
  ["2026-03-02T25:00Z", undefined, null],
  ["yesterday", undefined, null],
  ["", undefined, null],
])("%s in %s is %s", (moment, timeZone, day) => {
  expect(dayOf(moment, timeZone)).toBe(day);
});

test("a Date is on a day of the given time zone", () => {
  const moment = new Date("2026-03-02T23:30:00Z");
  expect(dayOf(moment, "Asia/Kathmandu")).toBe("2026-03-03");
  expect(dayOf(new Date(Number.NaN))).toBeNull();
  expect(() => dayOf(moment, "Mars/Base")).toThrow(RangeError);
});

test("days and months are counted without clocks", () => {
  expect([addDays("2026-03-28", 1), addDays("2026-03-29", 1)]).toEqual(["2026-03-29", "2026-03-30"]);
  expect(addDays("2024-02-28", 1)).toBe("2024-02-29");
  expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
  expect(addMonths("2026-01-31", -1)).toBe("2025-12-31");
  expect(addMonths("2024-02-29", 12)).toBe("2025-02-28");
  expect([weekday("2026-03-01"), weekday("2026-03-02")]).toEqual([7, 1]);
  expect(["2026-03", "2026-13", "03/2026"].map(isMonth)).toEqual([true, false, false]);
});

test("weeks begin on the first weekday and contain the whole month once", () => {
  for (const first of [1, 6, 7]) {
    for (const month of ["2026-02", "2026-03", "2024-02", "2023-10", "2026-12"]) {
      const weeks = weeksOf(month, first);
      expect(weeks.every((week) => week.length === 7 && weekday(week[0] ?? "") === first)).toBe(true);
      const days = weeks.flat().filter((day) => day.startsWith(month));
      expect(days).toEqual([...new Set(days)].sort());
      expect(days.length).toBe(Number(addMonths(`${month}-31`, 0).slice(8)));
      expect(weeks.every((week) => week.some((day) => day.startsWith(month)))).toBe(true);
    }
  }
});

test("texts are in the locale, in the Gregorian calendar", () => {
  expect(dayFormats("de").month("2026-03-01")).toBe("März 2026");
  expect(dayFormats("fa").month("2026-03-01")).toMatch(/۲۰۲۶/);
  expect(dayFormats("ar-EG").number("2026-03-09")).toBe("٩");
  expect(dayFormats("en-GB").long("2026-03-02")).toContain("Monday");
  expect(localeInfo("en-US").firstWeekday).toBe(7);
  expect(localeInfo("ar-EG")).toEqual({ firstWeekday: 6, direction: "rtl" });
  expect(["en-GB", "en_GB", ""].map(isLocale)).toEqual([true, false, false]);
});
