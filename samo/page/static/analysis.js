// From an entry to its insight: calls the service and keeps what it answers.
import { analyseRecording, analyseText, limits } from "./api.js";
import { analyseAsJob } from "./jobs.js";
import { recordingOf, removeRecording, save, settings } from "./store.js";

/** How long the service took for a second of sound, last time; a first guess for a small machine. */
const secondsPerSecond = () => Number(settings.get("pace", "0.6"));

/**
 * Analyse an entry and save it.
 * `onProgress({step, share})` hears of step "upload" and "work", each with a share from 0 to 1; the
 * share of the work is an estimate from how long the last recording took.
 */
export async function analyse(entry, { onProgress, signal, seconds } = {}) {
  const fromSound = entry.kind === "spoken" && entry.heard === null && entry.hasRecording;
  const insight = fromSound
    ? await analyseSound(entry, { onProgress, signal, seconds })
    : withTimes(entry, await analyseText(entry.text));
  Object.assign(entry, fieldsOf(insight));
  await save(entry);
  if (fromSound && entry.text && settings.get("keep", "yes") !== "yes") await removeRecording(entry);
  return entry;
}

/** What an entry keeps of an insight. */
export function fieldsOf(insight) {
  const { transcription } = insight;
  const heard = transcription ? { transcription, text: transcription.text } : {};
  return { ...heard, insight: { ...insight, transcription: null } };
}

async function analyseSound(entry, { onProgress, signal, seconds }) {
  const started = performance.now();
  let timer = null;
  const expected = 1500 + (seconds ?? 60) * 1000 * secondsPerSecond();
  const work = () => {
    if (timer !== null) return;
    const sent = performance.now();
    timer = setInterval(() => {
      const elapsed = performance.now() - sent;
      onProgress?.({ step: "work", share: 1 - Math.exp((-2 * elapsed) / expected), elapsed: elapsed / 1000 });
    }, 200);
  };
  try {
    const onUpload = (share) => (share < 1 ? onProgress?.({ step: "upload", share }) : work());
    const recording = await recordingOf(entry.id);
    const report = (share) => {
      clearInterval(timer);
      onProgress?.({ step: "work", share, elapsed: (performance.now() - started) / 1000 });
    };
    const options = { onUpload, signal };
    const insight = await analyseRequestOrJob(recording, seconds, options, report);
    const { duration } = insight.transcription;
    if (duration > 1) settings.set("pace", String((performance.now() - started) / 1000 / duration));
    return insight;
  } finally {
    clearInterval(timer);
  }
}

/** A request for a short recording; a job for one that is too long or too large for a request. */
async function analyseRequestOrJob(recording, seconds, options, onShare) {
  const { max_audio_bytes: maxBytes, max_audio_seconds: maxSeconds } = await limits;
  if (recording.size > maxBytes || (seconds ?? 0) > maxSeconds) {
    return analyseAsJob(recording, options, onShare);
  }
  try {
    return await analyseRecording(recording, options);
  } catch (error) {
    if (error.code !== "audio_too_long") throw error;
    return analyseAsJob(recording, options, onShare); // the length of a file is not known before
  }
}

/**
 * Correct an entry's text. What was heard is kept, so that the sentences of the corrected text can
 * be given the times at which they were spoken.
 */
export function correct(entry, text) {
  if (entry.kind === "spoken" && entry.heard === null) {
    entry.heard = { text: entry.text, arc: entry.insight?.arc ?? [] };
  }
  entry.text = text;
  entry.insight = null;
  return entry;
}

/** Give the sentences of a corrected transcript the times of the words they share with what was heard. */
export function withTimes(entry, insight) {
  if (entry.heard === null) return insight;
  const heard = entry.heard.arc.flatMap((point) => words(point.text).map((word) => ({ word, point })));
  const now = insight.arc.flatMap((point, index) => words(point.text).map((word) => ({ word, index })));
  const spans = insight.arc.map(() => []);
  for (const [mine, theirs] of commonWords(now, heard)) spans[now[mine].index].push(heard[theirs].point);
  const arc = insight.arc.map((point, index) => {
    const points = spans[index].filter((one) => one.start_seconds !== null);
    if (!points.length) return point;
    return {
      ...point,
      start_seconds: Math.min(...points.map((one) => one.start_seconds)),
      end_seconds: Math.max(...points.map((one) => one.end_seconds)),
    };
  });
  return { ...insight, arc };
}

const words = (text) => text.toLocaleLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];

/** Pairs of places of a longest common subsequence of two lists of words. */
function commonWords(one, other) {
  const width = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        one[i].word === other[j].word
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i].word === other[j].word) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}
