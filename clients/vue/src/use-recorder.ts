import { Recorder, type RecorderOptions, type RecorderSnapshot } from "@samo/elements/recorder";
import { type ComputedRef, computed, type MaybeRefOrGetter, onScopeDispose, shallowRef, toValue } from "vue";

export type RecorderRefs = { readonly [Name in keyof RecorderSnapshot]: ComputedRef<RecorderSnapshot[Name]> };

export interface RecorderControls extends RecorderRefs {
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
 * A recorder for a user interface of your own. `level` and `seconds` change about ten times a second. It releases
 * the microphone when the component is unmounted, or the scope that it was made in ends.
 */
export function useRecorder(options: MaybeRefOrGetter<RecorderOptions> = {}): RecorderControls {
  const recorder = new Recorder();
  const snapshot = shallowRef(recorder.snapshot);
  const unsubscribe = recorder.subscribe(() => {
    snapshot.value = recorder.snapshot;
  });
  onScopeDispose(() => {
    recorder.discard();
    unsubscribe();
  });
  return {
    state: computed(() => snapshot.value.state),
    seconds: computed(() => snapshot.value.seconds),
    level: computed(() => snapshot.value.level),
    blob: computed(() => snapshot.value.blob),
    error: computed(() => snapshot.value.error),
    start: () => recorder.start(toValue(options)),
    pause: () => recorder.pause(),
    resume: () => recorder.resume(),
    stop: () => recorder.stop(),
    discard: () => recorder.discard(),
  };
}
