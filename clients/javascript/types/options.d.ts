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
    /**
     * that of the package ws for Node.js 20, which has none
     */
    WebSocket?: {
        new (url: string | URL, protocols?: string | string[]): WebSocket;
        prototype: WebSocket;
        readonly CONNECTING: 0;
        readonly OPEN: 1;
        readonly CLOSING: 2;
        readonly CLOSED: 3;
    } | undefined;
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
