// What the recorder says; `labels` of the element replaces any of it.

export type RecorderPhase =
  | "idle"
  | "starting"
  | "recording"
  | "paused"
  | "stopping"
  | "sending"
  | "analysing"
  | "done"
  | "cancelled"
  | "failed";

export interface RecorderLabels {
  record: string;
  stop: string;
  pause: string;
  resume: string;
  discard: string;
  cancel: string;
  retry: string;
  retryIn: (seconds: number) => string;
  recorded: string;
  sent: string;
  lastSeconds: (seconds: number) => string;
  phases: Readonly<Partial<Record<RecorderPhase, string>>>;
  /** By `code` of a RecorderError or an ApiError, or by the name of another error. */
  errors: Readonly<Record<string, string>>;
}

export const RECORDER_LABELS: RecorderLabels = {
  record: "Record",
  stop: "Stop",
  pause: "Pause",
  resume: "Resume",
  discard: "Discard",
  cancel: "Cancel",
  retry: "Send again",
  retryIn: (seconds) => `Send again (in ${seconds} s)`,
  recorded: "Recorded",
  sent: "Sent",
  lastSeconds: (seconds) => `Recording; ends in ${seconds} seconds`,
  phases: {
    starting: "Waiting for the microphone",
    recording: "Recording",
    paused: "Paused",
    stopping: "Finishing",
    sending: "Sending",
    analysing: "Analysing",
    done: "Done",
    cancelled: "Cancelled. The recording is kept until the next one.",
  },
  errors: {},
};
