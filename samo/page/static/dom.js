// Elements, announcements and dates: what every view needs.

/**
 * Make an element.
 * `props`: `class`, `on` ({event: listener}), `vars` ({"--name": value}), `data`; true and false set
 * or leave out a boolean attribute; anything else is an attribute.
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (name === "vars") {
      for (const [variable, content] of Object.entries(value)) {
        element.style.setProperty(variable, content); // allowed by the CSP, unlike a style attribute
      }
    } else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== false && child !== undefined),
  );
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of symbol `name` in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon and a label; with `iconOnly` the label is read out but not shown. */
export function button(label, { symbol, iconOnly, ...props } = {}) {
  return h(
    "button",
    { type: "button", ...props, "aria-label": iconOnly ? label : null, title: iconOnly ? label : null },
    symbol ? icon(symbol) : null,
    iconOnly ? null : label,
  );
}

/** Have a screen reader say `text`. */
export function announce(text) {
  const region = document.querySelector("#announcer");
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text;
  }, 50); // a region that changes is read, one that is set isn't
}

/** Show a short message at the foot of the page; `action` ({label, run}) adds a button. */
export function toast(text, action) {
  const box = document.querySelector("#toast");
  const close = () => box.replaceChildren();
  box.replaceChildren(
    h(
      "div",
      { class: "toast" },
      h("span", {}, text),
      action
        ? button(action.label, {
            class: "plain",
            on: {
              click: () => {
                close();
                action.run();
              },
            },
          })
        : null,
      button("Close", { symbol: "close", iconOnly: true, class: "plain", on: { click: close } }),
    ),
  );
  clearTimeout(toast.timer);
  toast.timer = setTimeout(close, 8000);
}

/** Ask before something that cannot be undone; resolves to whether it was confirmed. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-labelledby": "confirm-question" },
      h(
        "form",
        { method: "dialog" },
        h("p", { id: "confirm-question" }, question),
        h(
          "div",
          { class: "row end" },
          h("button", { value: "no", class: "quiet" }, "Cancel"),
          h("button", { value: "yes", class: "danger" }, yes),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Have the browser save a Blob. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** A box that says what went wrong and what to do. */
export function problem(message, ...actions) {
  return h(
    "div",
    { class: "problem", role: "alert" },
    icon("alert"),
    h("div", {}, h("p", {}, message), actions.length ? h("div", { class: "row" }, actions) : null),
  );
}

/** The local day of a date, as 2026-01-31. */
export function dayOf(date) {
  const pad = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** Noon of a day written as 2026-01-31, in local time: no change of clocks moves it to another day. */
export function dateOf(day) {
  return new Date(`${day}T12:00:00`);
}

export function addDays(day, count) {
  const date = dateOf(day);
  date.setDate(date.getDate() + count);
  return dayOf(date);
}

export const today = () => dayOf(new Date());

export const percent = (share) => `${Math.round(share * 100)} %`;

/** Seconds as 1:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function longDate(date) {
  return date.toLocaleDateString("en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

export function timeOfDay(date) {
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
