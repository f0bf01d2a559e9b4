/**
 * The configuration to send; undefined if all options are left out.
 * @param {LiveOptions} options
 * @returns {Schemas["SessionConfig"] | undefined}
 */
export function sessionConfig(options: LiveOptions): Schemas["SessionConfig"] | undefined;
/**
 * Messages with audio, none larger than the service takes.
 * @param {Uint8Array} bytes
 */
export function audioMessages(bytes: Uint8Array): Generator<{
    type: string;
    audio: string;
}, void, unknown>;
/** What a session has said so far. It is fed with the service's messages. */
export class Progress {
    /** @param {string} url of the service, for messages */
    constructor(url: string);
    /** @type {Turn[]} */
    turns: Turn[];
    /** @type {Schemas["InsightResponse"] | null} */
    insight: Schemas["InsightResponse"] | null;
    /** @type {Extract<LiveEvent, { type: "problem" }> | null} */
    problem: Extract<LiveEvent, {
        type: "problem";
    }> | null;
    hasBegun: boolean;
    isConfigured: boolean;
    isFinishing: boolean;
    /** The final text of all turns, also of those that are not completed. */
    get text(): string;
    /**
     * The event of a message; null if the message is of no interest, or unknown.
     * @param {unknown} data
     * @returns {LiveEvent | null}
     */
    take(data: unknown): LiveEvent | null;
    /**
     * What to throw when the connection has ended; null if the session ended in order.
     * @param {number} closeCode
     */
    end(closeCode: number): ConnectionFailed | SessionFailed | null;
    /** The error for something that is sent after the session has ended, or is refused. */
    failure(): SessionFailed;
    #private;
}
export type Schemas = import("../types/api.js").components["schemas"];
export type LiveOptions = {
    /**
     * a code such as "en"; detected by default
     */
    language?: string | undefined;
    /**
     * those that detection may return; not together with `language`
     */
    languages?: string[] | undefined;
    /**
     * text that comes before the speech, for its spelling
     */
    prompt?: string | undefined;
    /**
     * words that may be spoken, such as names
     */
    keywords?: string[] | undefined;
    /**
     * if false, turns end only where `commit` is called
     */
    turnDetection?: boolean | undefined;
    /**
     * how long a pause ends a turn, from 200 to 10,000
     */
    silenceDurationMs?: number | undefined;
    /**
     * sound before the beginning of speech that belongs to the turn
     */
    prefixPaddingMs?: number | undefined;
    /**
     * from 0 to 1; how sure the voice activity detector must be
     */
    vadThreshold?: number | undefined;
    /**
     * 16-bit PCM, or G.711 at 8 kHz
     */
    encoding?: "audio/pcm" | "audio/pcmu" | "audio/pcma" | undefined;
    /**
     * samples per second of PCM, by default 24,000
     */
    rate?: 24000 | 16000 | undefined;
    /**
     * add the probabilities of the words to each turn
     */
    logprobs?: boolean | undefined;
};
/**
 * What a session yields. The parts of the text of a turn are final and, joined, its transcript. A
 * "problem" says what was refused, or why the session ends.
 */
export type LiveEvent = {
    type: "speech_started" | "speech_stopped";
    turnId: string;
    seconds: number;
} | {
    type: "text";
    turnId: string;
    text: string;
} | {
    type: "turn";
    turnId: string;
    text: string;
    languages: string[];
    seconds: number;
    logprobs: object[] | null;
} | {
    type: "turn_failed";
    turnId: string;
    code: string;
    message: string;
} | {
    type: "emotions";
    turnId: string;
    startSeconds: number;
    endSeconds: number;
    emotion_analysis: Schemas["EmotionAnalysis"];
    arc: Schemas["ArcPoint"][];
} | {
    type: "insight";
    insight: Schemas["InsightResponse"];
} | {
    type: "problem";
    code: string;
    message: string;
    param: string | null;
};
export type Turn = Extract<LiveEvent, {
    type: "turn";
}>;
import { ConnectionFailed } from "./errors.js";
import { SessionFailed } from "./errors.js";
