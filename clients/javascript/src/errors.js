// The errors of the client. Their messages are the service's and contain no text of an entry.

/** Base class of all errors of the client, except for a request that was aborted. */
export class SamoError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** The service cannot be reached, or the connection broke. */
export class ConnectionFailed extends SamoError {}

/** The service did not answer in time. */
export class TimedOut extends SamoError {}

/** The response is not SAMO's: the URL is that of another server, or of another version. */
export class UnexpectedResponse extends SamoError {}

/** The job has ended without a result. */
export class JobFailed extends SamoError {
  /** @param {import("../types/api.js").components["schemas"]["JobResponse"]} job */
  constructor(job) {
    super(job.error?.message ?? `The job is ${job.state}.`);
    this.jobId = job.id;
    this.state = job.state;
    this.code = job.error?.code ?? null;
  }
}

/** A live session was refused, or the service has ended it. */
export class SessionFailed extends SamoError {
  /** @param {{ message: string, code: string, param: string | null }} problem */
  constructor({ message, code, param }) {
    super(message);
    /** for programs, such as "too_many_sessions" */
    this.code = code;
    /** the option that was refused, if there is one */
    this.param = param;
  }
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
  constructor(message, { status, code, details, requestId, retryAfter }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/**
 * The error for a response with a status of 400 or more.
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function apiError(response) {
  const body = await response.json().catch(() => null);
  const error = body?.error ?? {};
  return new ApiError(
    error.message ??
      `${origin(response)} answered with status ${response.status} and no reason: it may be a proxy, or another server.`,
    {
      status: response.status,
      code: error.code ?? "unknown",
      details: error.details ?? {},
      requestId: error.request_id ?? response.headers.get("x-request-id"),
      retryAfter: retryAfter(response),
    },
  );
}

/** @param {Response} response */
function origin({ url }) {
  return url ? new URL(url).origin : "The server";
}

/**
 * The seconds of Retry-After, which is a number or a date.
 * @param {Response} response
 */
function retryAfter(response) {
  const value = response.headers.get("retry-after");
  if (value === null) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}
