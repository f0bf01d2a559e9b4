// The journal: a month or a week of moods, its entries, and a search.
import { monthCalendar, weekColumns, weekOf } from "./calendar.js";
import { card } from "./cards.js";
import { addDays, announce, button, dateOf, dayOf, h, icon, longDate, today } from "./dom.js";
import { list, search, settings } from "./store.js";

export async function journal({ query }) {
  const state = {
    day: query.get("day") ?? today(),
    view: query.get("view") ?? settings.get("view", "month"),
    chosen: query.has("day"),
  };
  const body = h("div", {});
  const found = h("div", {});
  const field = h("input", { type: "search", id: "search", placeholder: "Search text, emotions, moods" });
  let latest = 0;

  async function look() {
    const mine = (latest += 1);
    const wanted = field.value.trim();
    body.hidden = wanted !== "";
    if (!wanted) {
      found.replaceChildren();
      return;
    }
    const entries = await search(wanted);
    if (mine !== latest) return;
    const said = entries.length
      ? `${entries.length} ${entries.length === 1 ? "entry" : "entries"} found`
      : "Nothing found. Every word must occur; try fewer.";
    found.replaceChildren(
      h("p", { class: "hint" }, said),
      h(
        "div",
        { class: "cards" },
        entries.map((one) => card(one)),
      ),
    );
    announce(said);
  }

  async function draw() {
    settings.set("view", state.view);
    const [first, last] = period(state);
    const entries = await list(first, last);
    const show = (day) => {
      state.day = day;
      state.chosen = true;
      draw();
    };
    body.replaceChildren(
      toolbar(state, draw),
      state.view === "month"
        ? monthCalendar(state.day, entries, { chosen: state.chosen, onChoose: show })
        : weekColumns(state.day, entries),
      await below(state, entries),
    );
    if (state.focus) body.querySelector(state.focus)?.focus();
    state.focus = null;
  }

  field.addEventListener("input", look);
  await draw();
  return {
    title: "Journal",
    content: [
      h(
        "div",
        { class: "head row spread" },
        h("h1", {}, "Journal"),
        h(
          "div",
          { class: "searchbox" },
          icon("search"),
          h("label", { for: "search", class: "unseen" }, "Search"),
          field,
        ),
      ),
      found,
      body,
    ],
  };
}

function period({ day, view }) {
  if (view === "week") {
    const week = weekOf(day);
    return [week[0], week[6]];
  }
  const date = dateOf(day);
  return [`${day.slice(0, 7)}-01`, dayOf(new Date(date.getFullYear(), date.getMonth() + 1, 0, 12))];
}

function toolbar(state, draw) {
  const move = (direction) => () => {
    if (state.view === "week") state.day = addDays(state.day, 7 * direction);
    else {
      const date = dateOf(state.day);
      state.day = dayOf(new Date(date.getFullYear(), date.getMonth() + direction, 1, 12));
    }
    state.chosen = false;
    state.focus = direction < 0 ? "#before" : "#after";
    draw();
    announce(title(state));
  };
  const view = (name, label) =>
    button(label, {
      "aria-pressed": String(state.view === name),
      on: {
        click: () => {
          state.view = name;
          draw();
        },
      },
    });
  return h(
    "div",
    { class: "row spread toolbar" },
    h(
      "div",
      { class: "row" },
      button("Earlier", {
        symbol: "left",
        iconOnly: true,
        id: "before",
        class: "quiet round",
        on: { click: move(-1) },
      }),
      h("h2", {}, title(state)),
      button("Later", {
        symbol: "right",
        iconOnly: true,
        id: "after",
        class: "quiet round",
        on: { click: move(1) },
      }),
    ),
    h(
      "div",
      { class: "row" },
      button("Today", {
        class: "quiet small",
        on: {
          click: () => {
            state.day = today();
            state.chosen = false;
            draw();
          },
        },
      }),
      h(
        "div",
        { class: "segments", role: "group", "aria-label": "Period" },
        view("month", "Month"),
        view("week", "Week"),
      ),
    ),
  );
}

function title({ day, view }) {
  if (view === "month") return dateOf(day).toLocaleDateString("en-GB", { month: "long", year: "numeric" });
  const week = weekOf(day);
  const [first, last] = [week[0], week[6]].map((one) =>
    dateOf(one).toLocaleDateString("en-GB", { day: "numeric", month: "short" }),
  );
  return `${first} – ${last} ${week[6].slice(0, 4)}`;
}

async function below({ day, chosen, view }, entries) {
  if (view === "week" && entries.length) return ""; // its columns hold them
  if (chosen && view === "month") {
    const own = entries.filter((entry) => entry.day === day);
    return h(
      "section",
      { "aria-labelledby": "of-day" },
      h("h2", { id: "of-day" }, longDate(dateOf(day))),
      own.length
        ? h(
            "div",
            { class: "cards" },
            own.map((one) => card(one, { withDay: false })),
          )
        : h("p", { class: "hint" }, "No entry on this day."),
    );
  }
  if (entries.length)
    return h(
      "section",
      { "aria-label": "Entries of the month" },
      h(
        "div",
        { class: "cards" },
        entries.map((one) => card(one)),
      ),
    );
  const any = (await list()).length;
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "big" }, any ? `No entries in this ${view}.` : "Your journal is empty."),
    any ? null : h("p", {}, "Speak or type your first entry; or import a journal in Settings."),
    any ? null : h("a", { href: "#/", class: "button primary" }, "New entry"),
  );
}
