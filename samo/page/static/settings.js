// Settings, and the journal as a file.
import { analyse } from "./analysis.js";
import { askForKey, forgetKey, hasKey } from "./api.js";
import { announce, button, confirmed, download, h, problem, today, toast } from "./dom.js";
import { clear, list, settings } from "./store.js";
import { fromFile, toJson, toMarkdown } from "./transfer.js";

export function applyTheme() {
  const theme = settings.get("theme", "auto");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new Event("samo-theme"));
}

export async function settingsView() {
  const entries = await list();
  return {
    title: "Settings",
    content: [
      h("div", { class: "head" }, h("h1", {}, "Settings")),
      looks(),
      recordings(),
      files(entries),
      key(),
      about(),
    ],
  };
}

const panel = (title, ...content) =>
  h("section", { class: "panel", "aria-label": title }, h("h2", {}, title), content);

function looks() {
  const choice = (value, label) =>
    h(
      "label",
      { class: "choice" },
      h("input", {
        type: "radio",
        name: "theme",
        value,
        checked: settings.get("theme", "auto") === value,
        on: {
          change: () => {
            settings.set("theme", value);
            applyTheme();
          },
        },
      }),
      label,
    );
  return panel(
    "Appearance",
    h(
      "fieldset",
      { class: "row" },
      h("legend", { class: "unseen" }, "Colours"),
      choice("auto", "As the device"),
      choice("light", "Light"),
      choice("dark", "Dark"),
    ),
  );
}

function recordings() {
  const box = h("input", {
    type: "checkbox",
    checked: settings.get("keep", "yes") === "yes",
    on: {
      change: () => settings.set("keep", box.checked ? "yes" : "no"),
    },
  });
  return panel(
    "Recordings",
    h("label", { class: "choice" }, box, "Keep a recording with its entry"),
    h(
      "p",
      { class: "hint" },
      "Kept, you can hear each sentence again. Otherwise it is deleted once it is transcribed. Five minutes take about 2.5 MB.",
    ),
  );
}

function files(entries) {
  const sound = h("input", { type: "checkbox", checked: true });
  const result = h("div", { role: "status" });
  const file = h("input", {
    type: "file",
    id: "import",
    class: "unseen",
    accept: ".json,.md,.markdown,.txt,application/json,text/markdown",
    on: {
      change: () => file.files[0] && bringIn(file.files[0]),
    },
  });

  async function bringIn(chosen) {
    try {
      const { added, known } = await fromFile(chosen);
      result.replaceChildren(
        h(
          "p",
          {},
          `${added} ${added === 1 ? "entry was" : "entries were"} added${known ? `, ${known} were there already` : ""}.`,
        ),
      );
      const waiting = (await list()).filter((entry) => !entry.insight && (entry.text || entry.hasRecording));
      if (waiting.length) result.append(analyseAll(waiting, result));
    } catch (error) {
      result.replaceChildren(problem(error.message));
    }
    file.value = "";
  }

  return panel(
    "Your journal",
    h(
      "p",
      {},
      `${entries.length} ${entries.length === 1 ? "entry" : "entries"}, in this browser only. Whoever clears the browser's data clears the journal: export it now and then.`,
    ),
    h(
      "div",
      { class: "row" },
      button("Export as JSON", {
        symbol: "save",
        class: "quiet",
        on: { click: async () => download(await toJson(sound.checked), `journal-${today()}.json`) },
      }),
      button("Export as Markdown", {
        symbol: "save",
        class: "quiet",
        on: { click: async () => download(await toMarkdown(), `journal-${today()}.md`) },
      }),
      file,
      h("label", { for: "import", class: "button quiet" }, "Import"),
    ),
    h("label", { class: "choice" }, sound, "With the recordings (JSON only)"),
    result,
    h(
      "div",
      { class: "row" },
      button("Delete the journal", {
        symbol: "trash",
        class: "quiet danger",
        on: {
          click: async () => {
            if (
              !(await confirmed(
                "Delete all entries and recordings? This cannot be undone.",
                "Delete everything",
              ))
            )
              return;
            await clear();
            toast("The journal is deleted.");
            // unless the person has gone elsewhere meanwhile
            if (location.hash === "#/settings") location.hash = "#/";
          },
        },
      }),
    ),
  );
}

/** A button that analyses entries one after another; it stops at the first that fails. */
function analyseAll(waiting, result) {
  const one = waiting.length === 1;
  return button(one ? "Analyse the entry that is new" : `Analyse the ${waiting.length} that are new`, {
    class: "primary",
    on: {
      click: async () => {
        const bar = h("progress", { max: waiting.length, value: 0, "aria-label": "Analysed" });
        result.replaceChildren(bar);
        try {
          for (const entry of waiting) {
            await analyse(entry);
            bar.value += 1;
          }
          result.replaceChildren(h("p", {}, "All entries are analysed."));
          announce("All entries are analysed.");
        } catch (error) {
          result.replaceChildren(problem(`${bar.value} of ${waiting.length} are analysed. ${error.message}`));
        }
      },
    },
  });
}

function key() {
  const state = h(
    "p",
    {},
    hasKey() ? "This tab has a key." : "This tab has no key. It asks for one where the service wants one.",
  );
  return panel(
    "API key",
    state,
    h(
      "div",
      { class: "row" },
      button("Enter a key", {
        class: "quiet",
        on: {
          click: async () => {
            if (await askForKey("")) state.textContent = "This tab has a key.";
          },
        },
      }),
      button("Forget the key", {
        class: "quiet",
        on: {
          click: () => {
            forgetKey();
            state.textContent = "This tab has no key.";
          },
        },
      }),
    ),
  );
}

function about() {
  const offline = h(
    "p",
    { class: "hint" },
    "Use without a connection: not ready. It needs https or localhost.",
  );
  navigator.serviceWorker?.ready.then(() => {
    offline.textContent =
      "Ready for use without a connection: the journal opens, and new entries are kept until the service can be reached.";
  });
  return panel(
    "About",
    h("p", {}, "SAMO analyses entries on the machine that serves this page. It keeps no text and no sound."),
    offline,
    h("p", {}, h("a", { href: "/docs" }, "API reference")),
  );
}
