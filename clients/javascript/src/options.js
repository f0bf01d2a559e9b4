// The types of the options of the client's methods.

/** @typedef {import("./upload.js").OnProgress} OnProgress */

/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} [signal] aborts the request
 */

/**
 * @typedef {object} InsightOptions
 * @property {boolean} [summary] if false, the insight has no summary
 * @property {number} [threshold] of all labels; by default each label has its tuned threshold
 */

/**
 * @typedef {object} RecordingOptions
 * @property {string} [language] a code such as "en"; detected by default
 * @property {OnProgress} [onProgress]
 */

/**
 * @typedef {object} SamoOptions
 * @property {string} [baseUrl] of the service; in Node.js by default the variable SAMO_URL, or
 * http://localhost:3000
 * @property {string} [apiKey] in Node.js by default the variable SAMO_API_KEY
 * @property {number} [timeout] seconds for a response
 * @property {number} [maxRetries] how often a request is sent again if the service is busy or the
 * connection broke
 * @property {number} [maxRetryWait] seconds; if the service asks to wait longer, its error is thrown
 * @property {typeof fetch} [fetch] one of your own, for tests and proxies
 * @property {typeof WebSocket} [WebSocket] that of the package ws for Node.js 20, which has none
 */

/**
 * @typedef {object} JobOptions
 * @property {"insight" | "transcription"} [result] what to compute
 * @property {boolean} [summary] for an insight
 * @property {number} [threshold] for an insight
 * @property {"transcribe" | "translate"} [task] for a transcription
 * @property {boolean} [words] for a transcription
 * @property {string} [callbackUrl] called when the job has ended
 */

/**
 * @typedef {object} FeedbackOptions
 * @property {string[]} [labels] the emotions that are right
 * @property {string[]} [moods] the moods that are right
 * @property {number} [summaryRating] from 1 to 5
 * @property {string} [transcript] corrected; needs `consent`
 * @property {string} [text] the entry or sentence that `labels` and `moods` are about; needs `consent`
 * @property {string} [user] your own id of the person
 * @property {boolean} [consent] whether the person agrees that `text` and `transcript` are stored
 * @property {number} [item] which text of `predictBatch`, from 0
 */

export {};
