/**
 * Ask for the state of a job until it is done. Throws `JobFailed` if it ends without a result.
 * @param {() => Promise<Job>} getJob
 * @param {(job: Job) => void} [onUpdate] is called with each state
 * @param {AbortSignal} [signal]
 */
export function untilDone(getJob: () => Promise<Job>, onUpdate?: (job: Job) => void, signal?: AbortSignal): Promise<void>;
export type Job = import("../types/api.js").components["schemas"]["JobResponse"];
