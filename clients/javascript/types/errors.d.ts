/**
 * The error for a response with a status of 400 or more.
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export function apiError(response: Response): Promise<ApiError>;
/** Base class of all errors of the client, except for a request that was aborted. */
export class SamoError extends Error {
    get name(): string;
}
/** The service cannot be reached, or the connection broke. */
export class ConnectionFailed extends SamoError {
}
/** The service did not answer in time. */
export class TimedOut extends SamoError {
}
/** The response is not SAMO's: the URL is that of another server, or of another version. */
export class UnexpectedResponse extends SamoError {
}
/** The job has ended without a result. */
export class JobFailed extends SamoError {
    /** @param {import("../types/api.js").components["schemas"]["JobResponse"]} job */
    constructor(job: import("../types/api.js").components["schemas"]["JobResponse"]);
    jobId: string;
    state: "failed" | "running" | "done" | "queued" | "cancelled" | "lost";
    code: string | null;
}
/** A live session was refused, or the service has ended it. */
export class SessionFailed extends SamoError {
    /** @param {{ message: string, code: string, param: string | null }} problem */
    constructor({ message, code, param }: {
        message: string;
        code: string;
        param: string | null;
    });
    /** for programs, such as "too_many_sessions" */
    code: string;
    /** the option that was refused, if there is one */
    param: string | null;
}
/** The service refused the request (status 4xx), is busy (429, 503) or failed (5xx). */
export class ApiError extends SamoError {
    /**
     * @param {string} message what is wrong and what to do about it
     * @param {object} facts
     * @param {number} facts.status HTTP status
     * @param {string} facts.code for programs, such as "invalid_request"
     * @param {Record<string, unknown>} facts.details such as the invalid fields
     * @param {string | null} facts.requestId names the request in the service's log
     * @param {number | null} facts.retryAfter seconds after which to try again
     */
    constructor(message: string, { status, code, details, requestId, retryAfter }: {
        status: number;
        code: string;
        details: Record<string, unknown>;
        requestId: string | null;
        retryAfter: number | null;
    });
    status: number;
    code: string;
    details: Record<string, unknown>;
    requestId: string | null;
    retryAfter: number | null;
}
