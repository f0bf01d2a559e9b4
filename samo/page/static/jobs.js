// Recordings that are too long for a request: the service analyses them in the background.
import { ApiError, createJob, deleteJob, jobResult, jobState } from "./api.js";

const WAIT_MILLISECONDS = 1500;

/**
 * Analyse a recording as a job. `onShare(share)` hears how much of it is done, from 0 to 1. If `signal`
 * aborts, the job is cancelled; in the end its result is deleted from the service.
 */
export async function analyseAsJob(recording, { onUpload, signal }, onShare) {
  let job = await createJob(recording, { onUpload, signal });
  try {
    while (job.state === "queued" || job.state === "running") {
      await pause(signal);
      job = await jobState(job.id);
      const { seconds_done: done, seconds_total: total } = job.progress;
      onShare(total ? done / total : 0);
    }
    if (job.state === "done") return await jobResult(job.id);
    const { message, code } = job.error ?? { message: "The analysis was cancelled.", code: job.state };
    throw new ApiError(message, { status: 200, code });
  } finally {
    deleteJob(job.id).catch(() => {}); // it expires anyway
  }
}

function pause(signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, WAIT_MILLISECONDS);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}
