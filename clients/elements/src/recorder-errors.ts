// Why a microphone cannot be used, in words that say what to do.

export type RecorderErrorCode =
  | "insecure_context"
  | "unsupported"
  | "permission_denied"
  | "no_microphone"
  | "microphone_busy"
  | "microphone_lost"
  | "microphone_failed";

export const RECORDER_MESSAGES: Readonly<Record<RecorderErrorCode, string>> = {
  insecure_context:
    "Browsers give the microphone only to pages over https or on localhost. Open this page over https.",
  unsupported: "This browser cannot record. Use a newer one.",
  permission_denied:
    "The microphone is not allowed. Allow it for this page in the browser's address bar, then record again.",
  no_microphone: "No microphone was found. Connect one, then record again.",
  microphone_busy: "The microphone is in use by another program. Close that, then record again.",
  microphone_lost: "The microphone was disconnected. What was said until then is kept.",
  microphone_failed: "The microphone could not be started. Check it in the system's settings, then record again.",
};

/** The microphone cannot be used, or went away. `code` is for programs, `message` for people. */
export class RecorderError extends Error {
  override readonly name = "RecorderError";

  constructor(
    readonly code: RecorderErrorCode,
    options?: ErrorOptions,
  ) {
    super(RECORDER_MESSAGES[code], options);
  }
}

const CODES: Readonly<Record<string, RecorderErrorCode>> = {
  NotAllowedError: "permission_denied",
  SecurityError: "permission_denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "microphone_busy",
};

/** The error for what getUserMedia or MediaRecorder has thrown. */
export function microphoneError(reason: unknown): RecorderError {
  const name = reason instanceof Error || reason instanceof DOMException ? reason.name : "";
  return new RecorderError(CODES[name] ?? "microphone_failed", { cause: reason });
}

/** Why this page or browser cannot record at all; null if it can. */
export function unavailable(): RecorderError | null {
  if (!globalThis.isSecureContext) return new RecorderError("insecure_context");
  const can =
    typeof navigator.mediaDevices?.getUserMedia === "function" &&
    typeof MediaRecorder === "function" &&
    typeof AudioContext === "function";
  return can ? null : new RecorderError("unsupported");
}
