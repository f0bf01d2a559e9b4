/** @typedef {import("../types/api.js").components["schemas"]} Schemas */
/** @typedef {Schemas["InsightResponse"]} Insight */
/** @typedef {Schemas["TranscriptionResponse"]} Transcription */
/** @typedef {Schemas["TrendsEntry"]} TrendsEntry */
/** @typedef {Schemas["JobResponse"]} Job */
/** @typedef {import("./upload.js").OnProgress} OnProgress */
/** @typedef {import("./live.js").LiveSession} LiveSession */
/** @typedef {import("./live-protocol.js").LiveEvent} LiveEvent */
/** @typedef {import("./live-protocol.js").LiveOptions} LiveOptions */
/** @typedef {import("./options.js").RequestOptions} RequestOptions */
/** @typedef {import("./options.js").InsightOptions} InsightOptions */
/** @typedef {import("./options.js").RecordingOptions} RecordingOptions */
/** @typedef {import("./options.js").SamoOptions} SamoOptions */
/** @typedef {import("./options.js").JobOptions} JobOptions */
/** @typedef {import("./options.js").FeedbackOptions} FeedbackOptions */
/** A client of SAMO. Every method throws a `SamoError`, or the signal's reason if it is aborted. */
export class Samo {
    /** @param {SamoOptions} [options] */
    constructor({ baseUrl, apiKey, timeout, maxRetries, maxRetryWait, fetch, WebSocket, }?: SamoOptions);
    /**
     * The insight of a typed entry: emotions, moods, their arc, a summary.
     * @param {string} text 1 to 20,000 characters
     * @param {InsightOptions & RequestOptions} [options]
     * @returns {Promise<Insight>}
     */
    analyze(text: string, { summary, threshold, signal }?: InsightOptions & RequestOptions): Promise<Insight>;
    /**
     * The insight of a spoken entry, with its transcript.
     * @param {Blob} recording in any audio format; in Node.js `await fs.openAsBlob(path)`
     * @param {InsightOptions & RecordingOptions & RequestOptions} [options]
     * @returns {Promise<Insight>}
     */
    analyzeRecording(recording: Blob, { summary, threshold, language, onProgress, signal }?: InsightOptions & RecordingOptions & RequestOptions): Promise<Insight>;
    /**
     * The transcript of a recording, or its translation into English.
     * @param {Blob} recording in any audio format
     * @param {{ task?: "transcribe" | "translate", words?: boolean } & RecordingOptions & RequestOptions} [options]
     * @returns {Promise<Transcription>}
     */
    transcribe(recording: Blob, { task, words, language, onProgress, signal }?: {
        task?: "transcribe" | "translate";
        words?: boolean;
    } & RecordingOptions & RequestOptions): Promise<Transcription>;
    /**
     * The emotions of a text; with `explain` the words that carried each.
     * @param {string} text
     * @param {{ threshold?: number, topK?: number, groupings?: boolean, explain?: boolean } & RequestOptions} [options]
     */
    predict(text: string, { threshold, topK, groupings, explain, signal }?: {
        threshold?: number;
        topK?: number;
        groupings?: boolean;
        explain?: boolean;
    } & RequestOptions): Promise<{
        emotions: {
            emotion: string;
            confidence: number;
        }[];
        inference_time: string;
        groupings?: {
            ekman: {
                name: string;
                confidence: number;
            }[];
            sentiments: {
                [x: string]: number;
            };
            moods: {
                name: string;
                confidence: number;
            }[];
        } | null | undefined;
        explanation?: {
            emotion: string;
            words: {
                word: string;
                start: number;
                end: number;
                weight: number;
            }[];
        }[] | null | undefined;
    }>;
    /**
     * The emotions of up to 128 texts; a text that cannot be used has an error instead.
     * @param {string[]} texts
     * @param {{ threshold?: number, topK?: number, groupings?: boolean } & RequestOptions} [options]
     */
    predictBatch(texts: string[], { threshold, topK, groupings, signal }?: {
        threshold?: number;
        topK?: number;
        groupings?: boolean;
    } & RequestOptions): Promise<{
        results: ({
            emotions: {
                emotion: string;
                confidence: number;
            }[];
            groupings?: {
                ekman: {
                    name: string;
                    confidence: number;
                }[];
                sentiments: {
                    [x: string]: number;
                };
                moods: {
                    name: string;
                    confidence: number;
                }[];
            } | null | undefined;
        } | {
            error: {
                code: string;
                message: string;
                details: {
                    [x: string]: unknown;
                };
                request_id: string | null;
            };
        })[];
        inference_time: string;
    }>;
    /**
     * A summary of a text.
     * @param {string} text
     * @param {{ maxSentences?: number, focus?: "core" | "gist" } & RequestOptions} [options]
     */
    summarize(text: string, { maxSentences, focus, signal }?: {
        maxSentences?: number;
        focus?: "core" | "gist";
    } & RequestOptions): Promise<{
        summary: string;
        key_emotions: string[];
        emotions: {
            [x: string]: number;
        };
        compression_ratio: number;
        emotional_tone: ("positive" | "negative" | "ambiguous" | "neutral") | null;
        method: "generated" | "extracted" | "verbatim";
        degraded: string[];
    }>;
    /**
     * Changes and patterns of a journal's emotions and moods over time.
     * @param {(TrendsEntry | { date: string, insight: Insight })[]} entries insights without emotions
     * are left out; `date` is ISO 8601, with the writer's own time
     * @param {RequestOptions} [options]
     */
    trends(entries: (TrendsEntry | {
        date: string;
        insight: Insight;
    })[], { signal }?: RequestOptions): Promise<{
        entries: number;
        days: number;
        first_date: string;
        last_date: string;
        gaps: {
            start: string;
            end: string;
            days: number;
        }[];
        tested: {
            emotions: ("hours" | "weekdays" | "change_points")[];
            moods: ("hours" | "weekdays" | "change_points")[];
        };
        change_points: {
            emotion: string;
            kind: "emotion" | "mood";
            effect_size: number | null;
            p_value: number;
            date: string;
            previous_date: string;
            earliest: string;
            latest: string;
            from: number;
            to: number;
            days_before: number;
            days_after: number;
        }[];
        patterns: {
            emotion: string;
            kind: "emotion" | "mood";
            effect_size: number | null;
            p_value: number;
            question: "weekdays" | "hours";
            group: string;
            difference: number;
            count: number;
        }[];
        weekdays: {
            kind: "emotion" | "mood";
            group: string;
            count: number;
            means: {
                [x: string]: number;
            };
        }[];
        hours: {
            kind: "emotion" | "mood";
            group: string;
            count: number;
            means: {
                [x: string]: number;
            };
        }[];
        course: {
            emotions: {
                dates: string[];
                values: {
                    [x: string]: number[];
                };
            };
            moods: {
                dates: string[];
                values: {
                    [x: string]: number[];
                };
            } | null;
        };
        text: string;
    }>;
    /**
     * Start a job, for recordings of up to hours; it is computed in the background.
     * @param {Blob} recording in any audio format
     * @param {JobOptions & RecordingOptions & RequestOptions} [options]
     * @returns {Promise<Job>}
     */
    createJob(recording: Blob, options?: JobOptions & RecordingOptions & RequestOptions): Promise<Job>;
    /**
     * State and progress of a job.
     * @param {string} id
     * @param {RequestOptions} [options]
     * @returns {Promise<Job>}
     */
    getJob(id: string, { signal }?: RequestOptions): Promise<Job>;
    /**
     * Wait until a job is done, and return its result. Throws `JobFailed` if it ends without one.
     * @param {string} id
     * @param {{ onUpdate?: (job: Job) => void } & RequestOptions} [options] `onUpdate` is called with the
     * job's state each time it was asked for
     * @returns {Promise<Insight | Transcription>}
     */
    waitForJob(id: string, { onUpdate, signal }?: {
        onUpdate?: (job: Job) => void;
    } & RequestOptions): Promise<Insight | Transcription>;
    /**
     * The result of a job that is done.
     * @param {string} id
     * @param {RequestOptions} [options]
     * @returns {Promise<Insight | Transcription>}
     */
    jobResult(id: string, { signal }?: RequestOptions): Promise<Insight | Transcription>;
    /**
     * Cancel a job that waits or runs; delete one that has ended, with its result.
     * @param {string} id
     * @param {RequestOptions} [options]
     * @returns {Promise<Job>}
     */
    deleteJob(id: string, { signal }?: RequestOptions): Promise<Job>;
    /**
     * Open a live session, which transcribes speech while it is spoken.
     * @param {LiveOptions & { token?: string } & RequestOptions} [options] `token`: of `liveToken`, for
     * browsers, instead of an API key; `signal` closes the session
     * @returns {Promise<LiveSession>}
     */
    live({ token, signal, ...options }?: LiveOptions & {
        token?: string;
    } & RequestOptions): Promise<LiveSession>;
    /**
     * A token (`value`) with which a browser may open a live session, without your API key.
     * @param {{ seconds?: number } & LiveOptions & RequestOptions} [options] `seconds`: how long sessions may
     * be opened with it, from 10 to 60; the other options are those of its sessions, not `prompt` and `keywords`
     */
    liveToken({ seconds, signal, ...options }?: {
        seconds?: number;
    } & LiveOptions & RequestOptions): Promise<{
        value: string;
        expires_at: number;
        session: {
            [x: string]: unknown;
        };
    }>;
    /**
     * Say what was right about a response.
     * @param {object | string} response of `analyze`, `analyzeRecording`, `transcribe`, `predict`,
     * `predictBatch` or `summarize`; or its request id
     * @param {FeedbackOptions & RequestOptions} options
     */
    sendFeedback(response: object | string, { summaryRating, signal, ...said }: FeedbackOptions & RequestOptions): Promise<{
        id: string;
        request_id: string;
        item: number;
        created: string;
    }>;
    /**
     * All that is stored about a user, in pages: `next` is the value of `after` for the next one.
     * @param {string} user your own id of the person
     * @param {{ after?: string, limit?: number } & RequestOptions} [options]
     */
    exportFeedback(user: string, { signal, ...query }?: {
        after?: string;
        limit?: number;
    } & RequestOptions): Promise<{
        feedback: {
            id: string;
            request_id: string;
            item: number;
            created: string;
            consent: boolean;
            labels: string[] | null;
            moods: string[] | null;
            summary_rating: number | null;
            transcript: string | null;
            text: string | null;
            predicted: {
                route: string;
                created: string;
                model: string;
                variant: string;
                caller: string | null;
                labels: string[] | null;
                moods: string[] | null;
            };
        }[];
        next: string | null;
    }>;
    /**
     * Erase all feedback of a user, with the predictions that it is about.
     * @param {string} user your own id of the person
     * @param {RequestOptions} [options]
     */
    eraseFeedback(user: string, { signal }?: RequestOptions): Promise<{
        erased: number;
    }>;
    /**
     * State of the service.
     * @param {RequestOptions} [options]
     */
    health({ signal }?: RequestOptions): Promise<{
        status: "ok" | "degraded" | "starting";
        version: string;
        models: {
            [x: string]: boolean;
        };
        feedback: "off" | "ready" | "unavailable";
        uptime_seconds: number;
    }>;
    /**
     * The service's models, with their metadata.
     * @param {RequestOptions} [options]
     */
    servedModels({ signal }?: RequestOptions): Promise<{
        [x: string]: {
            tag: string;
            ready: boolean;
            state: "ready" | "failing" | "stuck" | "unavailable";
            queue_length: number;
            metadata: {
                [x: string]: unknown;
            };
        };
    }>;
    #private;
}
export type Schemas = import("../types/api.js").components["schemas"];
export type Insight = Schemas["InsightResponse"];
export type Transcription = Schemas["TranscriptionResponse"];
export type TrendsEntry = Schemas["TrendsEntry"];
export type Job = Schemas["JobResponse"];
export type OnProgress = import("./upload.js").OnProgress;
export type LiveSession = import("./live.js").LiveSession;
export type LiveEvent = import("./live-protocol.js").LiveEvent;
export type LiveOptions = import("./live-protocol.js").LiveOptions;
export type RequestOptions = import("./options.js").RequestOptions;
export type InsightOptions = import("./options.js").InsightOptions;
export type RecordingOptions = import("./options.js").RecordingOptions;
export type SamoOptions = import("./options.js").SamoOptions;
export type JobOptions = import("./options.js").JobOptions;
export type FeedbackOptions = import("./options.js").FeedbackOptions;
export { ApiError, ConnectionFailed, JobFailed, SamoError, SessionFailed, TimedOut, UnexpectedResponse } from "./errors.js";
