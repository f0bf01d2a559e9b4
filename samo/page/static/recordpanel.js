// Speak: records from the microphone, or takes a file.
import { announce, button, clock, h, icon, problem } from "./dom.js";
import { fieldsOf } from "./analysis.js";
import { Live } from "./live.js";
import { Recording, microphones, whyNoMicrophone } from "./recorder.js";
import { newEntry, open, save, settings } from "./store.js";

/** The panel, and `leave`, which keeps what is being recorded when another view is opened. */
export function recordPanel(limit) {
  const panel = h("section", { class: "panel record", "aria-label": "Speak" });
  let recording = null;
  let live = null; // its transcript while it is spoken

  const fail = (message) => showIdle(problem(message));

  async function start() {
    try {
      recording = await Recording.start(settings.get("microphone", ""), limit.max_microphone_seconds);
    } catch (error) {
      if (error.name === "OverconstrainedError") settings.set("microphone", "");
      fail(whyNoMicrophone(error));
      return;
    }
    live = Live.start(recording.stream);
    showRecording();
    announce("Recording");
  }

  async function finish() {
    const seconds = recording.seconds;
    const ended = recording;
    recording = null;
    showFinishing();
    const insight = await live.finish(); // before the microphone is given back
    const sound = await ended.stop();
    sessionStorage.setItem("samo.seconds", String(seconds));
    const kept = insight === null || settings.get("keep", "yes") === "yes";
    const fields = insight === null ? {} : fieldsOf(insight);
    if (!(await open({ kind: "spoken", ...fields }, kept ? sound : undefined))) showIdle();
  }

  async function discard() {
    const ended = recording;
    recording = null;
    live.stop();
    await ended.stop();
    announce("Recording discarded");
    showIdle();
    panel.querySelector("button").focus();
  }

  async function choose(files) {
    const [file] = files;
    if (!file) return;
    if (file.size > limit.max_job_bytes) {
      fail(
        `This file is larger than ${Math.floor(limit.max_job_bytes / 1048576)} MB. Choose a shorter recording, or save it as MP3 or Opus.`,
      );
      return;
    }
    sessionStorage.removeItem("samo.seconds");
    await open({ kind: "spoken" }, new Blob([file], { type: file.type }));
  }

  function showIdle(trouble) {
    const file = h("input", {
      type: "file",
      id: "file",
      class: "unseen",
      accept: "audio/*,video/*,.amr,.caf,.wma",
      on: {
        change: (event) => choose(event.target.files),
      },
    });
    const longer = limit.max_job_bytes > limit.max_audio_bytes ? " A file may be longer." : "";
    panel.replaceChildren(
      h(
        "button",
        { type: "button", class: "recordbutton", on: { click: start } },
        icon("mic"),
        h("span", { class: "unseen" }, "Record"),
      ),
      h("p", { class: "big", "aria-hidden": "true" }, "Press to record"),
      h("p", { class: "hint" }, `Up to ${Math.floor(limit.max_microphone_seconds / 60)} minutes. You can pause.${longer}`),
      trouble ?? "",
      h(
        "div",
        { class: "row center" },
        microphoneChoice(),
        file,
        h("label", { for: "file", class: "button quiet" }, icon("file"), "Choose a file"),
      ),
      h("p", { class: "hint drop" }, "or drop a recording anywhere on this page"),
    );
  }

  function showFinishing() {
    const text = live.text;
    panel.classList.remove("paused");
    panel.replaceChildren(
      h("p", { class: "big", role: "status" }, "Finishing …"),
      text ? h("p", { class: "heard" }, text) : "",
    );
  }

  function showRecording() {
    const time = h("p", { class: "timer", role: "timer", "aria-label": "Recorded" }, "0:00");
    const left = h("p", { class: "hint" }, "");
    const meter = h("canvas", { class: "meter", width: 640, height: 96, "aria-hidden": "true" });
    const note = h("div", { role: "status" });
    // screen readers read it as it grows, if their users want that
    const heard = h("p", { class: "heard", "aria-label": "Heard so far", "aria-live": "off" });
    const levels = [];
    const pause = button("Pause", {
      symbol: "pause",
      class: "quiet",
      on: {
        click: () => {
          for (const one of [recording, live]) {
            if (panel.classList.contains("paused")) one.resume();
            else one.pause();
          }
          const { paused } = recording;
          panel.classList.toggle("paused", paused);
          pause.replaceChildren(icon(paused ? "mic" : "pause"), paused ? "Go on" : "Pause");
          announce(paused ? "Paused" : "Recording");
        },
      },
    });
    const stop = button("Done", { symbol: "check", class: "primary", on: { click: finish } });
    panel.classList.remove("paused");
    panel.replaceChildren(
      time,
      left,
      meter,
      heard,
      note,
      h(
        "div",
        { class: "row center" },
        button("Discard", { symbol: "trash", class: "quiet", on: { click: discard } }),
        pause,
        stop,
      ),
    );
    stop.focus();
    recording.addEventListener("level", ({ detail }) => {
      if (!recording) return;
      time.textContent = clock(recording.seconds);
      const rest = limit.max_microphone_seconds - recording.seconds;
      left.textContent = rest < 30 ? `${Math.ceil(rest)} seconds left` : "Recording";
      levels.push(detail);
      drawLevels(meter, levels);
      if (detail > 0.01) note.replaceChildren();
    });
    live.addEventListener("text", () => {
      heard.textContent = live.text;
      heard.scrollTop = heard.scrollHeight;
    });
    recording.addEventListener("quiet", () =>
      note.replaceChildren(
        h("p", { class: "hint warn" }, "Nothing is heard. Is the right microphone chosen, and not muted?"),
      ),
    );
    recording.addEventListener("limit", () => recording && finish());
    recording.addEventListener("lost", () => recording && finish());
    microphones().then((all) => {
      const used = all.find((device) => device.deviceId === recording?.deviceId);
      if (used) left.title = used.label;
    });
  }

  const dragged = (event) => event.dataTransfer?.types.includes("Files");
  const over = (event) => {
    if (!dragged(event) || recording) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  };
  const out = (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  };
  const drop = (event) => {
    document.body.classList.remove("dropping");
    if (!dragged(event) || recording) return;
    event.preventDefault();
    choose(event.dataTransfer.files);
  };
  const warn = (event) => {
    if (recording) event.preventDefault();
  };
  const listeners = [
    [document, "dragover", over],
    [document, "dragleave", out],
    [document, "drop", drop],
    [window, "beforeunload", warn],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);

  showIdle();
  return {
    panel,
    async leave() {
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      if (!recording) return;
      const ended = recording; // what was said is kept, and is analysed when its entry is opened
      recording = null;
      live.stop();
      await save(newEntry({ kind: "spoken" }), await ended.stop());
    },
  };
}

function microphoneChoice() {
  const select = h("select", {
    "aria-label": "Microphone",
    on: { change: () => settings.set("microphone", select.value) },
  });
  const place = h("span", { class: "select", hidden: true }, select);
  microphones().then((all) => {
    if (all.length < 2 || !all.some((device) => device.label)) return;
    select.replaceChildren(
      h("option", { value: "" }, "Default microphone"),
      ...all
        .filter((device) => device.deviceId !== "default")
        .map((device) => h("option", { value: device.deviceId }, device.label)),
    );
    select.value = settings.get("microphone", "");
    if (select.selectedIndex < 0) select.value = "";
    place.hidden = false;
  });
  return place;
}

function drawLevels(canvas, levels) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const step = 8;
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(canvas).color;
  const shown = levels.slice(-Math.floor(width / step));
  shown.forEach((level, place) => {
    const tall = Math.max(4, Math.min(1, Math.sqrt(level) * 1.4) * height);
    context.beginPath();
    context.roundRect(width - (shown.length - place) * step, (height - tall) / 2, 4, tall, 2);
    context.fill();
  });
}
