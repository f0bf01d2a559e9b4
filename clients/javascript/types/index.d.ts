/** A client of SAMO. Every method throws a `SamoError`, or the signal's reason if it is aborted. */
export class Samo {
    /** @param {SamoOptions} [options] */
    constructor({ baseUrl, apiKey, timeout, maxRetries, maxRetryWait, fetch, }?: SamoOptions);
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
export type RequestOptions = {
    /**
     * aborts the request
     */
    signal?: AbortSignal | undefined;
};
export type InsightOptions = {
    /**
     * if false, the insight has no summary
     */
    summary?: boolean | undefined;
    /**
     * of all labels; by default each label has its tuned threshold
     */
    threshold?: number | undefined;
};
export type RecordingOptions = {
    /**
     * a code such as "en"; detected by default
     */
    language?: string | undefined;
    onProgress?: import("./upload.js").OnProgress | undefined;
};
export type SamoOptions = {
    /**
     * of the service; in Node.js by default the variable SAMO_URL, or
     * http://localhost:3000
     */
    baseUrl?: string | undefined;
    /**
     * in Node.js by default the variable SAMO_API_KEY
     */
    apiKey?: string | undefined;
    /**
     * seconds for a response
     */
    timeout?: number | undefined;
    /**
     * how often a request is sent again if the service is busy or the
     * connection broke
     */
    maxRetries?: number | undefined;
    /**
     * seconds; if the service asks to wait longer, its error is thrown
     */
    maxRetryWait?: number | undefined;
    /**
     * one of your own, for tests and proxies
     */
    fetch?: typeof fetch | undefined;
};
export type JobOptions = {
    /**
     * what to compute
     */
    result?: "insight" | "transcription" | undefined;
    /**
     * for an insight
     */
    summary?: boolean | undefined;
    /**
     * for an insight
     */
    threshold?: number | undefined;
    /**
     * for a transcription
     */
    task?: "translate" | "transcribe" | undefined;
    /**
     * for a transcription
     */
    words?: boolean | undefined;
    /**
     * called when the job has ended
     */
    callbackUrl?: string | undefined;
};
export type FeedbackOptions = {
    /**
     * the emotions that are right
     */
    labels?: string[] | undefined;
    /**
     * the moods that are right
     */
    moods?: string[] | undefined;
    /**
     * from 1 to 5
     */
    summaryRating?: number | undefined;
    /**
     * corrected; needs `consent`
     */
    transcript?: string | undefined;
    /**
     * the entry or sentence that `labels` and `moods` are about; needs `consent`
     */
    text?: string | undefined;
    /**
     * your own id of the person
     */
    user?: string | undefined;
    /**
     * whether the person agrees that `text` and `transcript` are stored
     */
    consent?: boolean | undefined;
    /**
     * which text of `predictBatch`, from 0
     */
    item?: number | undefined;
};
export { ApiError, ConnectionFailed, JobFailed, SamoError, TimedOut, UnexpectedResponse } from "./errors.js";
