/**
 * Open a session; again if the service is busy, or the connection failed.
 * @param {LiveConnection} connection
 * @param {LiveOptions} wished
 * @returns {Promise<LiveSession>}
 */
export function openLive(connection: LiveConnection, wished: LiveOptions): Promise<LiveSession>;
/**
 * A live session, of `samo.live()`. Events wait until they are read. After an error, what was
 * recognized so far is in `text` and `turns`.
 */
export class LiveSession {
    /**
     * @param {LiveConnection} connection
     * @param {LiveOptions} options
     */
    constructor(connection: LiveConnection, { encoding, rate }: LiveOptions);
    /** All that was recognized so far; this text does not change any more. */
    get text(): string;
    /** The completed turns. */
    get turns(): {
        type: "turn";
        turnId: string;
        text: string;
        languages: string[];
        seconds: number;
        logprobs: object[] | null;
    }[];
    /** The insight, when the session has ended; null if there was no turn. */
    get insight(): {
        transcription: import("../types/api.js").components["schemas"]["TranscriptionResponse"] | null;
        emotion_analysis: import("../types/api.js").components["schemas"]["EmotionAnalysis"] | null;
        summary: import("../types/api.js").components["schemas"]["SummaryResponse"] | null;
        arc: import("../types/api.js").components["schemas"]["ArcPoint"][];
        processing_time_ms: number;
        timings_ms: {
            [key: string]: number;
        };
        pipeline_status: {
            [key: string]: boolean;
        };
        insights: {
            [key: string]: unknown;
        };
        models: {
            [key: string]: string;
        };
        degraded: string[];
    } | null;
    /**
     * Send samples, any number of them; waits while many are not sent.
     * @param {Samples} audio
     */
    send(audio: Samples): Promise<void>;
    /** End the turn here. */
    commit(): void;
    /** Forget the audio of the turn that has not ended. */
    clear(): void;
    /**
     * Change options of the session; a refused one is a "problem", and the session goes on.
     * @param {LiveOptions} options
     */
    update(options: LiveOptions): void;
    /**
     * End the session: what is left is transcribed. Its insight, null without a turn. The last events
     * can still be read.
     */
    finish(): Promise<{
        transcription: import("../types/api.js").components["schemas"]["TranscriptionResponse"] | null;
        emotion_analysis: import("../types/api.js").components["schemas"]["EmotionAnalysis"] | null;
        summary: import("../types/api.js").components["schemas"]["SummaryResponse"] | null;
        arc: import("../types/api.js").components["schemas"]["ArcPoint"][];
        processing_time_ms: number;
        timings_ms: {
            [key: string]: number;
        };
        pipeline_status: {
            [key: string]: boolean;
        };
        insights: {
            [key: string]: unknown;
        };
        models: {
            [key: string]: string;
        };
        degraded: string[];
    } | null>;
    /** Close the connection without waiting for the insight. */
    close(): void;
    /**
     * Send a source to its end, finish, and yield the events meanwhile. `finish` ends a microphone.
     * @param {Source} source
     * @param {{ realtime?: boolean }} [options] `realtime`: send no faster than one speaks
     * @returns {AsyncGenerator<LiveEvent>}
     */
    stream(source: Source, { realtime }?: {
        realtime?: boolean;
    }): AsyncGenerator<LiveEvent>;
    /**
     * Wait until the session has begun, and for its configuration.
     * @param {import("./live-protocol.js").Schemas["SessionConfig"]} [session]
     */
    _begin(session?: import("./live-protocol.js").Schemas["SessionConfig"]): Promise<void>;
    /** @returns {AsyncGenerator<LiveEvent>} */
    [Symbol.asyncIterator](): AsyncGenerator<LiveEvent>;
    #private;
}
export type LiveConnection = import("./live-connect.js").LiveConnection;
export type LiveOptions = import("./live-protocol.js").LiveOptions;
export type LiveEvent = import("./live-protocol.js").LiveEvent;
export type Source = import("./live-audio.js").Source;
export type Samples = import("./live-audio.js").Samples;
