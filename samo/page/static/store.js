// The journal in this browser's IndexedDB. Nothing of it is on the server.
//
// An entry: {id, created (ISO 8601, UTC), day (local), kind ("spoken" or "typed"), text, heard
// (the transcript before it was corrected, or null), transcription (or null), insight (or null:
// not analysed yet), hasRecording}. Its recording is a Blob in a store of its own, so that a list of
// entries does not read it.
import { openDB } from "./vendor/idb/index.js";
import { dayOf, download, toast } from "./dom.js";

const database = openDB("samo-journal", 1, {
  upgrade(db) {
    const entries = db.createObjectStore("entries", { keyPath: "id" });
    entries.createIndex("day", "day");
    db.createObjectStore("recordings");
  },
  blocking(_current, _blocked, event) {
    event.target.close(); // another tab has a newer version of the page
  },
});

export function newEntry(fields) {
  const now = new Date();
  const random = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return {
    id: `${now.getTime().toString(36)}-${random.join("")}`,
    created: now.toISOString(),
    day: dayOf(now),
    kind: "typed",
    text: "",
    heard: null,
    transcription: null,
    insight: null,
    hasRecording: false,
    ...fields,
  };
}

/** Save an entry, and its recording where one is given; both or neither. */
export async function save(entry, recording) {
  const transaction = (await database).transaction(["entries", "recordings"], "readwrite");
  if (recording) transaction.objectStore("recordings").put(recording, entry.id);
  transaction
    .objectStore("entries")
    .put({ ...entry, hasRecording: entry.hasRecording || Boolean(recording) });
  await transaction.done;
  if (recording) entry.hasRecording = true;
  return entry;
}

/**
 * Keep an entry and show it; its view analyses it. Whatever happens to the service, it is not lost.
 * Resolves to whether there was room for it.
 */
export async function open(fields, recording) {
  try {
    const entry = await save(newEntry(fields), recording);
    navigator.storage?.persist?.(); // or the browser may clear the journal when its disk is full
    location.hash = `#/entry/${entry.id}`;
    return true;
  } catch (error) {
    console.error(error);
    toast(
      "The browser could not store this entry; its storage may be full or switched off.",
      recording ? { label: "Save the recording", run: () => download(recording, "recording") } : undefined,
    );
    return false;
  }
}

export const load = async (id) => (await database).get("entries", id);

export const recordingOf = async (id) => (await database).get("recordings", id);

/** Entries of the days from `first` to `last`, newest first; all without them. */
export async function list(first, last) {
  const range = first ? IDBKeyRange.bound(first, last) : null;
  const entries = await (await database).getAllFromIndex("entries", "day", range);
  return entries.sort((one, other) => other.created.localeCompare(one.created));
}

/** Entries that hold every word of `query` in their text, summary, emotions or moods. */
export async function search(query) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (await list()).filter((entry) => {
    const { emotion_analysis: analysis, summary } = entry.insight ?? {};
    const names = [...Object.keys(analysis?.emotions ?? {}), ...Object.keys(analysis?.moods ?? {})];
    const haystack = [entry.text, summary?.summary, ...names].join(" ").toLocaleLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}

export async function remove(id) {
  const transaction = (await database).transaction(["entries", "recordings"], "readwrite");
  transaction.objectStore("entries").delete(id);
  transaction.objectStore("recordings").delete(id);
  await transaction.done;
}

export async function removeRecording(entry) {
  const transaction = (await database).transaction(["entries", "recordings"], "readwrite");
  transaction.objectStore("recordings").delete(entry.id);
  transaction.objectStore("entries").put({ ...entry, hasRecording: false });
  await transaction.done;
  entry.hasRecording = false;
}

export async function clear() {
  const transaction = (await database).transaction(["entries", "recordings"], "readwrite");
  transaction.objectStore("entries").clear();
  transaction.objectStore("recordings").clear();
  await transaction.done;
}

/** What is set on this device; kept in localStorage. */
export const settings = {
  get: (name, otherwise) => localStorage.getItem(`samo.${name}`) ?? otherwise,
  set: (name, value) => localStorage.setItem(`samo.${name}`, value),
};
