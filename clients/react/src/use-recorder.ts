import { IDLE, Recorder, type RecorderOptions, type RecorderSnapshot } from "@samo/elements/recorder";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

export interface RecorderControls extends RecorderSnapshot {
  /** Ask for the microphone and record; `error` says why it could not. */
  start: () => Promise<void>;
  pause: () => void;
  resume: () => void;
  /** Stop, and return the recording; it is in `blob` too. */
  stop: () => Promise<Blob | null>;
  /** Forget the recording and release the microphone. */
  discard: () => void;
}

/**
 * A recorder for a user interface of your own. The component renders about ten times a second while it records,
 * for `level` and `seconds`. It releases the microphone when the component is unmounted.
 */
export function useRecorder(options: RecorderOptions = {}): RecorderControls {
  const [recorder] = useState(() => new Recorder());
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => () => recorder.discard(), [recorder]);
  const snapshot = useSyncExternalStore(recorder.subscribe, () => recorder.snapshot, () => IDLE);
  const controls = useMemo(
    () => ({
      start: () => recorder.start(latest.current),
      pause: () => recorder.pause(),
      resume: () => recorder.resume(),
      stop: () => recorder.stop(),
      discard: () => recorder.discard(),
    }),
    [recorder],
  );
  return { ...snapshot, ...controls };
}
