// One entry: its analysis as it runs, its insight, and what can be done with it.
import { analyse, correct } from "./analysis.js";
import { course } from "./arc.js";
import { announce, button, download, h, longDate, percent, problem, timeOfDay, toast } from "./dom.js";
import { core, made, whole } from "./insight.js";
import { Player } from "./player.js";
import { load, recordingOf, remove, save } from "./store.js";

export async function entry({ argument }) {
  const shown = await load(argument);
  if (!shown) {
    return {
      title: "No such entry",
      content: [
        h("h1", {}, "There is no such entry"),
        problem(
          "It was deleted, or it is in another browser. Journals stay in the browser that they were written in.",
          h("a", { href: "#/journal", class: "button" }, "Open the journal"),
        ),
      ],
    };
  }
  const created = new Date(shown.created);
  const body = h("div", { class: "insight" });
  const page = { entry: shown, body, player: null, controller: new AbortController() };
  const facts = shown.kind === "spoken" ? "Spoken" : "Typed";
  if (shown.insight) await showInsight(page);
  else run(page);
  return {
    title: longDate(created),
    content: [
      h(
        "div",
        { class: "head" },
        h("p", { class: "eyebrow" }, `${facts} at ${timeOfDay(created)}`),
        h("h1", {}, longDate(created)),
        tools(page),
      ),
      body,
    ],
    leave: () => {
      page.controller.abort();
      page.player?.close();
    },
  };
}

function tools(page) {
  const { entry: shown } = page;
  return h(
    "div",
    { class: "row tools" },
    button(shown.kind === "spoken" ? "Correct" : "Edit", {
      symbol: "pen",
      class: "quiet small",
      on: { click: () => edit(page) },
    }),
    button("Analyse again", { symbol: "again", class: "quiet small", on: { click: () => run(page) } }),
    shown.hasRecording
      ? button("Save recording", {
          symbol: "save",
          class: "quiet small",
          on: { click: () => saveRecording(shown) },
        })
      : null,
    button("Delete", { symbol: "trash", class: "quiet small", on: { click: () => discard(page) } }),
  );
}

async function run(page) {
  const { entry: shown, body } = page;
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const step = h(
    "p",
    { class: "big" },
    shown.kind === "spoken" ? "Listening to your entry …" : "Reading your entry …",
  );
  const time = h("p", { class: "hint" }, "");
  body.replaceChildren(
    h(
      "section",
      { class: "panel working", "aria-busy": "true" },
      h("div", { class: "pulse", "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i")),
      step,
      bar,
      time,
    ),
  );
  announce(step.textContent);
  const seconds = Number(sessionStorage.getItem("samo.seconds")) || undefined;
  try {
    await analyse(shown, {
      seconds,
      signal: page.controller.signal,
      onProgress: ({ step: name, share, elapsed }) => {
        bar.value = name === "upload" ? share * 0.1 : 0.1 + share * 0.9;
        time.textContent = name === "upload" ? `Sending: ${percent(share)}` : `${Math.floor(elapsed)} s`;
      },
    });
  } catch (error) {
    if (error.name === "AbortError") return;
    body.replaceChildren(
      problem(error.message, button("Try again", { class: "primary", on: { click: () => run(page) } })),
      h("p", { class: "hint" }, "The entry is kept in your journal, as it is."),
      shown.text ? h("section", { class: "panel" }, h("p", { class: "transcript" }, shown.text)) : "",
    );
    return;
  }
  await showInsight(page);
  announce("The entry is analysed");
}

async function showInsight(page) {
  const { entry: shown, body } = page;
  const { emotion_analysis: analysis, summary, degraded } = shown.insight;
  if (!shown.text) {
    body.replaceChildren(
      problem(
        shown.transcription?.no_speech
          ? "No speech was found in this recording. Check the microphone and record again, or type the entry."
          : "Somebody speaks in this recording, but no words could be made out. Speak closer to the microphone, or type the entry.",
        button("Type it", { class: "primary", on: { click: () => edit(page) } }),
      ),
    );
    return;
  }
  let unheard = null;
  if (shown.hasRecording && !page.player) {
    try {
      page.player = await Player.of(await recordingOf(shown.id));
    } catch {
      unheard = h(
        "p",
        { class: "hint" },
        "This browser cannot play the recording's format. It is kept; save it to hear it elsewhere.",
      );
    }
  }
  body.replaceChildren(
    ...[
      degraded.length
        ? problem(`The service could not do: ${degraded.join(", ")}. The rest is shown. Analyse again later.`)
        : null,
      core(summary, analysis),
      unheard,
      shown.insight.arc.length ? course(shown, page.player) : null,
      analysis ? whole(analysis) : null,
      made(shown),
    ].filter(Boolean),
  );
}

function edit(page) {
  const { entry: shown, body } = page;
  page.player?.stop();
  const field = h("textarea", { id: "edit", rows: 10, value: shown.text });
  const when = h("input", { type: "datetime-local", id: "when", value: localTime(new Date(shown.created)) });
  const back = () => (shown.insight ? showInsight(page) : run(page));
  body.replaceChildren(
    h(
      "form",
      {
        class: "panel write",
        on: {
          submit: async (event) => {
            event.preventDefault();
            if (!field.value.trim()) {
              field.focus();
              return;
            }
            const created = new Date(when.value);
            if (!Number.isNaN(created.getTime())) {
              shown.created = created.toISOString();
              shown.day = when.value.slice(0, 10);
            }
            const changed = field.value !== shown.text;
            if (changed) correct(shown, field.value);
            await save(shown);
            if (changed) await run(page);
            else await back();
          },
        },
      },
      h(
        "label",
        { for: "edit", class: "big" },
        shown.kind === "spoken" ? "Correct what was heard" : "Edit the entry",
      ),
      field,
      h("label", { for: "when" }, "Date and time"),
      when,
      h(
        "div",
        { class: "row end" },
        button("Cancel", { class: "quiet", on: { click: back } }),
        h("button", { class: "primary" }, "Save and analyse"),
      ),
    ),
  );
  field.focus();
}

function localTime(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

async function saveRecording(shown) {
  const recording = await recordingOf(shown.id);
  const ending = recording.type.split("/")[1]?.replace("mpeg", "mp3").replace("x-", "") || "audio";
  download(recording, `${shown.day}.${ending}`);
}

async function discard(page) {
  const { entry: shown } = page;
  const recording = shown.hasRecording ? await recordingOf(shown.id) : undefined;
  await remove(shown.id);
  location.hash = "#/journal";
  toast("The entry is deleted.", {
    label: "Undo",
    run: async () => {
      await save(shown, recording);
      location.hash = `#/entry/${shown.id}`;
    },
  });
}
