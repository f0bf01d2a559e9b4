// Calls a server with two JavaScript clients and prints the results as one JSON document.
//
//     node clients.mjs BASE_URL RECORDING

import { createReadStream, readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { experimental_transcribe as transcribe } from "ai";
import OpenAI from "openai";

const [baseURL, path] = process.argv.slice(2);
const settings = { baseURL, apiKey: "none" };
const openai = new OpenAI({ ...settings, maxRetries: 0 });
const vercel = createOpenAI(settings);

async function official(options) {
  return openai.audio.transcriptions.create({
    model: "whisper-1",
    file: createReadStream(path),
    ...options,
  });
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    const { status, code, param, type, requestID } = error;
    return { name: error.constructor.name, status, code, param, type, requestID };
  }
  return null;
}

async function events(options) {
  const received = [];
  for await (const event of await official({ stream: true, ...options })) received.push(event);
  return received;
}

async function withVercel(model, options) {
  const result = await transcribe({
    model: vercel.transcription(model),
    audio: readFileSync(path),
    maxRetries: 0,
    ...(options && { providerOptions: { openai: options } }),
  });
  const { text, segments, language, durationInSeconds } = result;
  return { text, segments, language, durationInSeconds };
}

const results = {
  json: await official({ include: ["logprobs"] }),
  verbose: await official({
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  }),
  text: await official({ response_format: "text" }),
  srt: await official({ response_format: "srt" }),
  vtt: await official({ response_format: "vtt" }),
  chunked: await official({
    chunking_strategy: { type: "server_vad", threshold: 0.5, silence_duration_ms: 500 },
    keywords: ["fellow Americans"],
    languages: ["en", "de"],
  }),
  events: await events(),
  refused: await failure(official({ response_format: "diarized_json" })),
  unknownModel: await failure(openai.models.retrieve("gpt-99")),
  models: (await openai.models.list()).data.map((model) => model.id),
  vercel: await withVercel("whisper-1"),
  vercelOptions: await withVercel("gpt-transcribe", {
    keywords: ["fellow Americans"],
    languages: ["en", "de"],
    temperature: 0,
  }),
  vercelVerbose: await withVercel("whisper-1", { timestampGranularities: ["word"] }),
};
console.log(JSON.stringify(results));
