// Live sessions against services with fake models: SAMO_URL, and SAMO_LIMITED_URL with SAMO_LIMITED_KEY and
// one session at a time. SAMPLES is a file of speech, 16-bit PCM at 16 kHz.
import assert from "node:assert/strict";
import { createReadStream, readFileSync } from "node:fs";
import net from "node:net";
import { suite, test } from "node:test";
import { ConnectionFailed, Samo, UnexpectedResponse } from "@samo/client";
import WebSocket from "ws";
import { Progress } from "../src/live-protocol.js";

const { SAMO_URL: baseUrl, SAMO_LIMITED_URL: limitedUrl, SAMO_LIMITED_KEY: apiKey, SAMPLES } = process.env;
const RATE = 16000;
const skip = !(baseUrl && limitedUrl && apiKey && SAMPLES) && "SAMO_LIMITED_URL or another variable is not set";

/** A server that passes connections on to the service until it is cut. */
async function proxy() {
  const { hostname, port } = new URL(baseUrl);
  const sockets = [];
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const one of [near, far]) one.on("error", () => {});
    sockets.push(near, far);
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, cut };
}

/** Samples as a WAV file. */
function wav(samples, rate) {
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return new Blob([head, samples]);
}

async function all(events) {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
}

suite("live sessions", { skip }, () => {
  const samples = SAMPLES && readFileSync(SAMPLES);
  const samo = new Samo({ baseUrl });

  async function* microphone() {
    for (let start = 0; start < samples.length; start += 3001) yield samples.subarray(start, start + 3001);
  }
  for (const [kind, source] of Object.entries({
    bytes: () => samples,
    "16-bit view": () => new Int16Array(samples.buffer.slice(samples.byteOffset, samples.byteOffset + samples.length)),
    wav: () => wav(samples, RATE),
    stream: () => createReadStream(SAMPLES),
    "async iterable": microphone,
  })) {
    test(`a source of any kind: ${kind}`, async () => {
      const session = await samo.live({ language: "en", rate: RATE });
      const events = await all(session.stream(source()));
      const turns = events.filter(({ type }) => type === "turn");
      assert.ok(turns.length >= 2);
      for (const { turnId, text, languages, seconds } of turns) {
        const parts = events.filter((one) => one.type === "text" && one.turnId === turnId);
        assert.equal(parts.map((part) => part.text).join(""), text);
        assert.deepEqual(languages, ["en"]);
        assert.ok(seconds > 0);
      }
      assert.deepEqual(session.turns, turns);
      const emotions = events.filter(({ type }) => type === "emotions");
      assert.deepEqual(emotions.map((one) => one.turnId), turns.map((one) => one.turnId));
      assert.equal(emotions[0].arc[0].text, turns[0].text);
      assert.ok(emotions[0].emotion_analysis.emotions && emotions[0].endSeconds > emotions[0].startSeconds);
      assert.equal(events.at(-1).type, "insight");
      assert.equal(session.insight, events.at(-1).insight);
      assert.equal(session.insight.transcription.text, session.text);
    });
  }

  test("the package ws, for Node.js 20", async () => {
    const session = await new Samo({ baseUrl, WebSocket }).live({ rate: RATE });
    assert.equal((await all(session.stream(samples))).at(-1).type, "insight");
    const none = new Samo({ baseUrl, WebSocket: null });
    await assert.rejects(none.live(), { name: "TypeError", message: /Node.js 22.*ws/ });
  });

  test("turns that the caller ends", async () => {
    const session = await samo.live({ rate: RATE, turnDetection: false, logprobs: true });
    await session.send(samples.subarray(0, 4 * RATE));
    session.clear();
    await session.send(samples.subarray(0, 6 * RATE));
    session.commit();
    session.commit(); // there is nothing to commit
    const insight = await session.finish();
    assert.equal(await session.finish(), insight);
    const events = await all(session);
    const [turn] = session.turns;
    assert.ok(Math.abs(turn.seconds - 3) < 0.01);
    assert.ok(turn.logprobs.length > 0);
    assert.equal(events.find(({ type }) => type === "problem").code, "input_audio_buffer_commit_empty");
    await assert.rejects(session.send(samples), { name: "SessionFailed", code: "session_closed" });
    await assert.rejects(all(session.stream(samples)), { code: "session_closed" });
  });

  test("a session in which nobody speaks, and a changed option", async () => {
    const session = await samo.live();
    session.update({ silenceDurationMs: 1 });
    await session.send(new Uint8Array(100_000));
    assert.equal(await session.finish(), null);
    const [problem, ...others] = await all(session);
    assert.match(problem.param, /silence_duration_ms$/);
    assert.deepEqual([others, session.text, session.turns], [[], "", []]);
  });

  test("an option that is refused opens no session", async () => {
    for (const [options, param] of [
      [{ language: "xx" }, "session.audio.input.transcription.language"],
      [{ rate: 44100 }, "session.audio.input.format.rate"],
      [{ vadThreshold: 2 }, "session.audio.input.turn_detection.threshold"],
    ]) {
      await assert.rejects(samo.live(options), { name: "SessionFailed", code: "invalid_value", param });
    }
    for (const options of [{ rat: 1 }, { turnDetection: false, vadThreshold: 0.5 }]) {
      await assert.rejects(samo.live(options), TypeError);
    }
  });

  test("a source that fails leaves the session open", async () => {
    const session = await samo.live({ rate: RATE });
    for (const source of [wav(samples, 8000), new Blob(["no recording"]), ["text"]]) {
      await assert.rejects(all(session.stream(source)), TypeError);
    }
    await session.send(samples);
    assert.ok((await session.finish()).transcription.text);
  });

  test("a broken connection keeps what was recognized", async () => {
    const line = await proxy();
    const session = await new Samo({ baseUrl: line.url }).live({ rate: RATE });
    await session.send(samples.subarray(0, 14 * RATE));
    for await (const { type } of session) if (type === "turn") break;
    line.cut();
    await assert.rejects(all(session), (error) => error instanceof ConnectionFailed && error.message.includes(line.url));
    assert.ok(session.text.startsWith(session.turns[0].text));
    await assert.rejects(session.finish(), ConnectionFailed);
    await assert.rejects(session.send(samples), ConnectionFailed);
  });

  test("a session can be aborted", async () => {
    const controller = new AbortController();
    const session = await samo.live({ rate: RATE, signal: controller.signal });
    await session.send(samples);
    controller.abort(new Error("changed my mind"));
    await assert.rejects(all(session), { message: "changed my mind" });
    await assert.rejects(samo.live({ signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  test("a missing or wrong key has the service's reason", async () => {
    for (const key of [undefined, "samo_wrong"]) {
      const stranger = new Samo({ baseUrl: limitedUrl, apiKey: key });
      await assert.rejects(stranger.live(), (error) => error.status === 401 && Boolean(error.requestId));
    }
  });

  test("Retry-After of a real limit is waited for", async () => {
    const burst = (maxRetries) => {
      const client = new Samo({ baseUrl: limitedUrl, apiKey, maxRetries });
      return Promise.allSettled(Array.from({ length: 25 }, () => client.predict("joy")));
    };
    const refused = (await burst(0)).filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    assert.ok(refused.length > 0);
    for (const { status, retryAfter } of refused) assert.ok(status === 429 && retryAfter >= 1 && retryAfter <= 2);
    assert.ok((await burst(9)).every(({ status }) => status === "fulfilled"));
  });

  test("too many sessions, and a session that the service ends", async () => {
    const client = new Samo({ baseUrl: limitedUrl, apiKey, maxRetries: 0 });
    const session = await new Samo({ baseUrl: limitedUrl, apiKey, maxRetries: 5 }).live({ rate: RATE });
    await assert.rejects(client.live(), { name: "SessionFailed", code: "too_many_sessions" });
    await session.send(samples.subarray(0, 6 * RATE));
    const events = await all(session); // the service ends it after 2 s without audio
    assert.equal(events.at(-1).type, "insight");
    assert.equal(events.find(({ type }) => type === "problem").code, "session_idle");
    await assert.rejects(session.send(samples), { code: "session_idle" });
    assert.equal(await session.finish(), events.at(-1).insight);
  });

  test("a token for browsers", async () => {
    const client = new Samo({ baseUrl: limitedUrl, apiKey, maxRetries: 5 });
    const { value, session } = await client.liveToken({ seconds: 20, language: "de", rate: RATE });
    assert.equal(session.audio.input.transcription.language, "de");
    const opened = await new Samo({ baseUrl: limitedUrl, maxRetries: 5 }).live({ token: value });
    assert.equal(await opened.finish(), null);
    await assert.rejects(client.liveToken({ prompt: "private" }), { status: 422 });
  });

  test("nothing listens, or another server does", async () => {
    const nobody = new Samo({ baseUrl: "http://127.0.0.1:9", maxRetries: 0 });
    await assert.rejects(nobody.live(), { name: "ConnectionFailed", message: /samo serve/ });
    await assert.rejects(new Samo({ baseUrl: `${baseUrl}/nowhere` }).live(), { status: 404 });
  });

  test("messages that are not SAMO's", () => {
    for (const message of ["<html>", "null", '{"type": "error"}', new ArrayBuffer(1)]) {
      assert.throws(() => new Progress(baseUrl).take(message), UnexpectedResponse);
    }
  });
});
