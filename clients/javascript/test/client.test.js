// The client against a service with fake models, whose address is in SAMO_URL, and against mocks.
import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { suite, test } from "node:test";
import { ApiError, ConnectionFailed, Samo, SamoError, TimedOut, UnexpectedResponse } from "@samo/client";

const baseUrl = process.env.SAMO_URL;
const TEXT = "I am so happy. I miss my father.";
const recording = await openAsBlob(new URL("../../../tests/data/jfk.flac", import.meta.url));

/** A `fetch` that answers with these statuses in turn, or throws these errors. */
function mock(answers, headers = {}) {
  const requests = [];
  const waiting = [...answers];
  async function fetch(request) {
    requests.push({ at: Date.now(), url: request.url, headers: request.headers, body: await request.text() });
    const answer = waiting.shift();
    if (answer instanceof Error) throw answer;
    if (answer === 200) return Response.json({ status: "ok" });
    const error = { code: "overloaded", message: "Wait.", details: { limit: 1 }, request_id: "r1" };
    return Response.json({ error }, { status: answer, headers });
  }
  return { fetch, requests };
}

suite("against a service", { skip: !baseUrl && "SAMO_URL is not set" }, () => {
  const samo = new Samo({ baseUrl });

  test("a text", async () => {
    const insight = await samo.analyze(TEXT);
    assert.deepEqual(
      insight.arc.map((point) => point.text),
      ["I am so happy.", "I miss my father."],
    );
    assert.ok(insight.summary);
    assert.equal((await samo.analyze(TEXT, { summary: false })).summary, null);
    assert.deepEqual((await samo.analyze(TEXT, { threshold: 1 })).emotion_analysis.emotions, {});
  });

  test("a recording, with the progress of its upload", async () => {
    const progress = [];
    const insight = await samo.analyzeRecording(recording, {
      language: "en",
      onProgress: (sent, total) => progress.push([sent, total]),
    });
    assert.equal(insight.transcription.duration, 11);
    assert.equal(insight.transcription.language, "en");
    const [sent, total] = progress.at(-1);
    assert.equal(sent, total);
    assert.equal(total, recording.size);
    assert.ok(progress.length > 1);
    assert.equal(progress.filter(([one]) => one === total).length, 1);
  });

  test("a transcript with words", async () => {
    const { text, words } = await samo.transcribe(recording, { words: true });
    assert.equal(words.map(({ word }) => word).join(" "), text);
  });

  test("emotions and summaries of texts", async () => {
    const prediction = await samo.predict("I am so happy.", { topK: 1, groupings: true, explain: true });
    assert.equal(prediction.emotions.length, 1);
    assert.ok(prediction.groupings && prediction.explanation);
    const { results } = await samo.predictBatch(["I am so happy.", " "]);
    assert.ok("emotions" in results[0] && "error" in results[1]);
    assert.ok((await samo.summarize(TEXT, { maxSentences: 1, focus: "gist" })).summary);
  });

  test("feedback on a response", async () => {
    const insight = await samo.analyze(TEXT);
    const said = await samo.sendFeedback(insight, { labels: ["joy"], moods: [], summaryRating: 4 });
    const again = await samo.sendFeedback(said.request_id, { labels: ["grief"] });
    assert.equal(again.id, said.id);
    await samo.sendFeedback(insight, { labels: ["joy"], user: "user-js" });
    const { feedback, next } = await samo.exportFeedback("user-js", { limit: 1 });
    assert.deepEqual([feedback[0].labels, next], [["joy"], null]);
    assert.equal((await samo.eraseFeedback("user-js")).erased, 1);
    await assert.rejects(samo.sendFeedback({}, { labels: ["joy"] }), TypeError);
  });

  test("trends of insights", async () => {
    const insight = await samo.analyze(TEXT);
    const trends = await samo.trends([
      { date: "2026-01-01", insight },
      { date: "2026-01-02", emotions: { joy: 0.5 } },
      { date: "2026-01-03", insight: { ...insight, emotion_analysis: null } },
    ]);
    assert.equal(trends.entries, 2);
  });

  test("a job", async () => {
    const states = [];
    const progress = [];
    const job = await samo.createJob(recording, { onProgress: (...one) => progress.push(one) });
    const insight = await samo.waitForJob(job.id, { onUpdate: ({ state }) => states.push(state) });
    assert.equal(insight.transcription.duration, 11);
    assert.equal(states.at(-1), "done");
    assert.deepEqual(progress.at(-1), [recording.size, recording.size]);
    assert.deepEqual((await samo.jobResult(job.id)).arc, insight.arc);
    await samo.deleteJob(job.id);
    await assert.rejects(samo.getJob(job.id), { status: 410 });
  });

  test("a job that fails", async () => {
    const { id } = await samo.createJob(new Blob(["not audio"]));
    await assert.rejects(samo.waitForJob(id), { name: "JobFailed", code: "unsupported_audio", state: "failed" });
  });

  test("waiting for a job can be aborted", async () => {
    const { id } = await samo.createJob(recording);
    const signal = AbortSignal.abort();
    await assert.rejects(samo.waitForJob(id, { signal }), { name: "AbortError" });
  });

  test("state", async () => {
    assert.equal((await samo.health()).status, "ok");
    assert.equal((await samo.servedModels()).emotion.tag, "fake");
  });

  test("a refused request has its reason", async () => {
    for (const [call, status] of [
      [() => samo.analyze(" "), 422],
      [() => samo.analyzeRecording(new Blob(["not audio"])), 415],
      [() => samo.transcribe(recording, { language: "xx" }), 422],
    ]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof ApiError && error instanceof SamoError);
        assert.equal(error.name, "ApiError");
        assert.equal(error.status, status);
        assert.ok(error.code && error.requestId && error.message);
        return true;
      });
    }
  });

  test("an upload can be aborted", async () => {
    const controller = new AbortController();
    const call = samo.analyzeRecording(recording, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(call, { name: "AbortError" });
  });

  test("a request that is aborted before it starts", async () => {
    await assert.rejects(samo.analyze(TEXT, { signal: AbortSignal.abort(new Error("changed my mind")) }), {
      message: "changed my mind",
    });
  });
});

suite("errors and retries", () => {
  const options = { baseUrl: "http://samo.test/" };

  test("the address and the key are variables by default", async (context) => {
    const before = { ...process.env };
    context.after(() => (process.env = before));
    Object.assign(process.env, { SAMO_URL: "http://variable.test", SAMO_API_KEY: "secret" });
    const { fetch, requests } = mock([200, 200]);
    await new Samo({ fetch }).health();
    await new Samo({ ...options, apiKey: "other", fetch }).health();
    assert.deepEqual(
      requests.map(({ url, headers }) => [url, headers.get("authorization")]),
      [
        ["http://variable.test/health", "Bearer secret"],
        ["http://samo.test/health", "Bearer other"],
      ],
    );
  });

  test("a connection that fails names the address", async () => {
    const { fetch } = mock([new TypeError("refused")]);
    await assert.rejects(new Samo({ ...options, fetch, maxRetries: 0 }).health(), {
      message: "The service cannot be reached at http://samo.test: check baseUrl.",
    });
  });

  test("a recording is complete only once", async () => {
    const { fetch } = mock([422]);
    const sent = [];
    const upload = new Blob(["x".repeat(100_000)]);
    const call = new Samo({ ...options, fetch }).transcribe(upload, { onProgress: (one) => sent.push(one) });
    await assert.rejects(call, { status: 422 });
    assert.equal(sent.filter((one) => one === upload.size).length, 1);
  });

  test("a busy service is asked again after Retry-After", async () => {
    for (const status of [429, 502, 503]) {
      const { fetch, requests } = mock([status, 200], { "Retry-After": "1" });
      assert.equal((await new Samo({ ...options, fetch }).health()).status, "ok");
      assert.ok(requests[1].at - requests[0].at >= 990);
      assert.equal(requests[0].url, "http://samo.test/health");
    }
  });

  test("a broken connection is tried again, with the whole body", async () => {
    const { fetch, requests } = mock([new TypeError("reset"), 422]);
    const samo = new Samo({ ...options, fetch });
    await assert.rejects(samo.transcribe(new Blob(["x".repeat(100_000)])), { status: 422 });
    for (const { body } of requests) assert.ok(body.includes("x".repeat(100_000)));
  });

  test("a job is not made twice", async () => {
    const { fetch, requests } = mock([503, new TypeError("reset")], { "Retry-After": "0" });
    const samo = new Samo({ ...options, fetch });
    await assert.rejects(samo.createJob(new Blob(["x"])), ConnectionFailed);
    assert.equal(requests.length, 2);
  });

  test("the last error is thrown", async () => {
    const { fetch, requests } = mock([503, 503], { "Retry-After": "0" });
    const samo = new Samo({ ...options, fetch, maxRetries: 1 });
    await assert.rejects(samo.health(), { code: "overloaded", message: "Wait.", requestId: "r1", retryAfter: 0 });
    assert.equal(requests.length, 2);
  });

  test("too long a wait is not waited for", async () => {
    const { fetch } = mock([503], { "Retry-After": "61" });
    await assert.rejects(new Samo({ ...options, fetch }).health(), { retryAfter: 61 });
  });

  test("a date in Retry-After", async () => {
    const { fetch } = mock([503, 200], { "Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT" });
    await new Samo({ ...options, fetch }).health();
  });

  test("other errors are not tried again", async () => {
    for (const status of [400, 401, 404, 500, 504]) {
      const { fetch } = mock([status]);
      await assert.rejects(new Samo({ ...options, fetch }).health(), { status });
    }
  });

  test("a wait can be aborted", async () => {
    const { fetch } = mock([503], { "Retry-After": "30" });
    const signal = AbortSignal.timeout(100);
    await assert.rejects(new Samo({ ...options, fetch }).health({ signal }), { name: "TimeoutError" });
  });

  test("no response in time", async () => {
    const fetch = (request) =>
      new Promise((_resolve, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason)),
      );
    await assert.rejects(new Samo({ ...options, fetch, timeout: 0.1 }).health(), TimedOut);
  });

  test("a response that breaks off is a failed connection, and is tried again", async () => {
    const broken = () => new ReadableStream({ start: (controller) => controller.error(new TypeError("reset")) });
    const responses = [new Response(broken()), Response.json({ status: "ok" })];
    const samo = new Samo({ ...options, fetch: async () => responses.shift() });
    assert.equal((await samo.health()).status, "ok");
    const again = new Samo({ ...options, fetch: async () => new Response(broken()), maxRetries: 0 });
    await assert.rejects(again.health(), ConnectionFailed);
  });

  test("the time limit holds for the whole response", async () => {
    const fetch = async ({ signal }) => {
      const start = (controller) => signal.addEventListener("abort", () => controller.error(signal.reason));
      return new Response(new ReadableStream({ start }));
    };
    await assert.rejects(new Samo({ ...options, fetch, timeout: 0.1 }).health(), TimedOut);
    const { fetch: quick } = mock([200]);
    assert.ok(await new Samo({ ...options, fetch: quick, timeout: Infinity }).health());
  });

  test("nothing listens", async () => {
    const samo = new Samo({ baseUrl: "http://127.0.0.1:9", maxRetries: 0 });
    await assert.rejects(samo.health(), ConnectionFailed);
  });

  test("a response that is not SAMO's", async () => {
    for (const response of [new Response("<html>"), new Response("null"), new Response("")]) {
      const samo = new Samo({ ...options, fetch: async () => response });
      await assert.rejects(samo.analyze("private"), UnexpectedResponse);
    }
    const samo = new Samo({ ...options, fetch: async () => new Response("<html>", { status: 404 }) });
    await assert.rejects(samo.health(), { status: 404, code: "unknown" });
  });

  test("the key is sent", async () => {
    const { fetch, requests } = mock([200]);
    await new Samo({ ...options, fetch, apiKey: "k1" }).health();
    assert.equal(requests[0].headers.get("authorization"), "Bearer k1");
  });

  test("what is no address is refused", () => {
    for (const baseUrl of ["localhost:3000", "http://", "http://localhost:x", "/api"])
      assert.throws(() => new Samo({ baseUrl }), TypeError);
  });
});
