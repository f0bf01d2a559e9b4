// The journal as a file: JSON holds all of it, Markdown what a person reads.
import { dayOf } from "./dom.js";
import { list, load, newEntry, recordingOf, save } from "./store.js";

const FORMAT = "samo-journal";

/** All entries; with `withRecordings` their sound too, in base64. */
export async function toJson(withRecordings) {
  const entries = [];
  for (const entry of await list()) {
    const kept = entry.hasRecording && withRecordings ? await recordingOf(entry.id) : null;
    const recording = kept ? { type: kept.type, base64: await base64(kept) } : undefined;
    entries.push({ ...entry, hasRecording: Boolean(recording), recording });
  }
  return new Blob([JSON.stringify({ format: FORMAT, version: 1, entries }, null, 1)], {
    type: "application/json",
  });
}

export async function toMarkdown() {
  const parts = ["# Journal\n"];
  for (const entry of (await list()).reverse()) {
    const created = new Date(entry.created);
    const analysis = entry.insight?.emotion_analysis;
    const line = (name, byName) =>
      Object.keys(byName ?? {}).length
        ? `*${name}: ${Object.entries(byName)
            .map(([one, share]) => `${one} ${Math.round(share * 100)} %`)
            .join(", ")}*\n`
        : "";
    const time = created.toTimeString().slice(0, 5);
    parts.push(
      `## ${dayOf(created)} ${time}\n`,
      `${escaped(entry.text)}\n`,
      line("Moods", analysis?.moods),
      line("Emotions", analysis?.emotions),
    );
  }
  return new Blob([parts.filter(Boolean).join("\n")], { type: "text/markdown" });
}

// A line of the entry that would read as one of ours.
const escaped = (text) => text.replace(/^(#|\*(?:Moods|Emotions):)/gm, "\\$1");
const unescaped = (text) => text.replace(/^\\(#|\*)/gm, "$1");

/**
 * Add the entries of a file to the journal; those that are there already are left alone.
 * Returns {added, known}. Throws an Error that says what to do where the file is neither.
 */
export async function fromFile(file) {
  const text = await file.text();
  const entries = text.trimStart().startsWith("{") ? fromJson(text) : fromMarkdown(text);
  let added = 0;
  for (const { recording, ...entry } of entries) {
    if (await load(entry.id)) continue;
    await save(entry, recording ? await blobOf(recording) : undefined);
    added += 1;
  }
  return { added, known: entries.length - added };
}

function fromJson(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(
      "This file is damaged: it is no valid JSON. Export the journal anew, and import that file.",
    );
  }
  if (content.format !== FORMAT || !Array.isArray(content.entries)) {
    throw new Error(
      "This JSON is no journal of this page. Choose a file that was exported here, or Markdown.",
    );
  }
  const valid = (entry) =>
    typeof entry?.id === "string" &&
    typeof entry.text === "string" &&
    /^\d{4}-\d\d-\d\d$/.test(entry.day) &&
    !Number.isNaN(Date.parse(entry.created)) &&
    ["spoken", "typed"].includes(entry.kind);
  if (!content.entries.every(valid)) {
    throw new Error(
      "An entry of this file has no id, date or text. Nothing was imported. Export the journal anew.",
    );
  }
  const empty = { heard: null, transcription: null, insight: null };
  return content.entries.map((entry) => ({ ...empty, ...entry, hasRecording: false }));
}

function fromMarkdown(text) {
  const sections = text.split(/^## (?=\d{4}-\d\d-\d\d)/m).slice(1);
  if (!sections.length) {
    throw new Error(
      "No entry was found. In Markdown an entry begins with a line such as “## 2026-01-31 18:30”.",
    );
  }
  return sections
    .map((section) => {
      const [, day, time] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d))?/.exec(section);
      const body = section
        .slice(section.indexOf("\n") + 1)
        .split("\n")
        .filter((line) => !/^\*(Moods|Emotions): .*\*$/.test(line))
        .join("\n");
      const created = new Date(`${day}T${time ?? "12:00"}`);
      if (Number.isNaN(created.getTime()))
        throw new Error(`${day} is no date. Nothing was imported; correct it and import again.`);
      const words = unescaped(body).trim();
      return newEntry({
        id: `md-${day}-${time ?? ""}-${hash(words)}`,
        created: created.toISOString(),
        day,
        text: words,
      });
    })
    .filter((entry) => entry.text);
}

/** The same text has the same id, so that importing a file twice adds nothing. FNV-1a. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 0x01000193) >>> 0;
  return value.toString(16);
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

async function blobOf({ type, base64: content }) {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type });
}
