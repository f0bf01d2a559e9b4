// Wait for a job.
import { JobFailed } from "./errors.js";
import { sleep } from "./retries.js";

/** @typedef {import("../types/api.js").components["schemas"]["JobResponse"]} Job */

const FIRST_POLL_SECONDS = 0.5;
const POLL_GROWTH = 1.5;
const MAX_POLL_SECONDS = 10;

/**
 * Ask for the state of a job until it is done. Throws `JobFailed` if it ends without a result.
 * @param {() => Promise<Job>} getJob
 * @param {(job: Job) => void} [onUpdate] is called with each state
 * @param {AbortSignal} [signal]
 */
export async function untilDone(getJob, onUpdate, signal) {
  for (let wait = FIRST_POLL_SECONDS; ; wait = Math.min(wait * POLL_GROWTH, MAX_POLL_SECONDS)) {
    const job = await getJob();
    onUpdate?.(job);
    if (job.state === "done") return;
    if (job.state !== "queued" && job.state !== "running") throw new JobFailed(job);
    await sleep(wait, signal);
  }
}
