// A month as a grid of days in the colours of their moods, and a week as seven columns.
import { card, mainMood } from "./cards.js";
import { addDays, dateOf, dayOf, h, today } from "./dom.js";
import { tint } from "./palette.js";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** The seven days, from Monday, of the week that `day` is in. */
export function weekOf(day) {
  const monday = addDays(day, -((dateOf(day).getDay() + 6) % 7));
  return WEEKDAYS.map((_name, index) => addDays(monday, index));
}

const group = (entries) =>
  Map.groupBy?.(entries, (entry) => entry.day) ??
  entries.reduce((days, entry) => days.set(entry.day, [...(days.get(entry.day) ?? []), entry]), new Map());

/** A table of the month. The arrow keys move between its days, of which one is a tab stop. */
export function monthCalendar(day, entries, { chosen, onChoose }) {
  const byDay = group(entries);
  const month = day.slice(0, 7);
  const lastDay = dayOf(new Date(dateOf(day).getFullYear(), dateOf(day).getMonth() + 1, 0, 12));
  const weeks = [];
  for (let monday = weekOf(`${month}-01`)[0]; monday <= lastDay; monday = addDays(monday, 7))
    weeks.push(weekOf(monday));
  const stop = chosen || !today().startsWith(month) ? (chosen ? day : `${month}-01`) : today();

  const table = h(
    "table",
    { class: "month" },
    h("caption", { class: "unseen" }, "Moods of the month. Choose a day to see its entries."),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        WEEKDAYS.map((name) => h("th", { scope: "col", abbr: name }, name.slice(0, 3))),
      ),
    ),
    h(
      "tbody",
      {},
      weeks.map((week) =>
        h(
          "tr",
          {},
          week.map((one) => h("td", {}, one.startsWith(month) ? cell(one) : null)),
        ),
      ),
    ),
  );

  function cell(one) {
    const own = byDay.get(one) ?? [];
    const mood = mainMood(own);
    const count = own.length ? `${own.length} ${own.length === 1 ? "entry" : "entries"}` : "no entry";
    const label = `${dateOf(one).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })}: ${count}${mood ? `, mostly ${mood}` : ""}`;
    return h(
      "button",
      {
        type: "button",
        class: own.length ? "day tint full" : "day",
        vars: tint(mood ?? "neutral"),
        "aria-label": label,
        data: { day: one },
        tabindex: one === stop ? "0" : "-1",
        "aria-pressed": chosen && one === day ? "true" : "false",
        "aria-current": one === today() ? "date" : null,
        on: { click: () => onChoose(one) },
      },
      h("span", { class: "number" }, String(Number(one.slice(8)))),
      mood ? h("span", { class: "mood" }, mood) : null,
      own.length
        ? h(
            "span",
            { class: "dots", "aria-hidden": "true" },
            own.slice(0, 4).map(() => h("i")),
          )
        : null,
    );
  }

  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  table.addEventListener("keydown", (event) => {
    const from = event.target.dataset.day;
    if (!from || !(event.key in steps)) return;
    event.preventDefault();
    const next = table.querySelector(`[data-day="${addDays(from, steps[event.key])}"]`);
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return table;
}

export function weekColumns(day, entries) {
  const byDay = group(entries);
  return h(
    "div",
    { class: "week" },
    weekOf(day).map((one, index) => {
      const own = byDay.get(one) ?? [];
      const date = dateOf(one);
      return h(
        "section",
        {
          class: one === today() ? "column now" : "column",
          "aria-label": `${WEEKDAYS[index]} ${date.getDate()}`,
        },
        h("h3", {}, WEEKDAYS[index].slice(0, 3), h("b", {}, String(date.getDate()))),
        own.length
          ? own.map((entry) => card(entry, { withDay: false }))
          : h("p", { class: "none" }, h("span", { class: "unseen" }, "No entry")),
      );
    }),
  );
}
