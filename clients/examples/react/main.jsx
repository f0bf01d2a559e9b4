import { EmotionArc, EmotionRecorder, MoodCalendar, useRecorder } from "@samo/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const SERVICE = new URLSearchParams(location.search).get("service") ?? "http://localhost:3000";
const KEPT = "samo-example-entries";

function Journal() {
  const [entries, setEntries] = useState(() => JSON.parse(localStorage.getItem(KEPT) ?? "[]"));
  const [shown, setShown] = useState(entries.at(-1) ?? null);
  const [isOpen, setIsOpen] = useState(true);

  function keep({ insight }) {
    const entry = { date: new Date().toISOString(), insight };
    const all = [...entries, entry];
    localStorage.setItem(KEPT, JSON.stringify(all));
    setEntries(all);
    setShown(entry);
  }

  return (
    <main>
      <h1>Journal</h1>
      <section aria-label="New entry">
        {isOpen && <EmotionRecorder baseUrl={SERVICE} onInsight={(event) => keep(event.detail)} />}
        <button type="button" onClick={() => setIsOpen(!isOpen)}>
          {isOpen ? "Close the recorder" : "Open the recorder"}
        </button>
      </section>
      <section aria-label="Entry">
        {shown && <blockquote>{shown.insight.transcription?.text}</blockquote>}
        <EmotionArc insight={shown?.insight ?? null} />
      </section>
      <section aria-label="Calendar">
        <MoodCalendar entries={entries} onDay={(event) => setShown(event.detail.entries.at(-1) ?? null)} />
      </section>
      <section aria-label="Microphone">
        <Microphone />
      </section>
    </main>
  );
}

/** A user interface of one's own, with the hook. */
function Microphone() {
  const { state, level, seconds, blob, error, start, stop } = useRecorder({ maxSeconds: 10 });
  return (
    <>
      <button type="button" onClick={state === "recording" ? stop : start}>
        {state === "recording" ? "End the test" : "Test the microphone"}
      </button>
      <meter aria-label="Level" value={Math.min(1, level * 4)} /> {seconds.toFixed(1)} s
      {error && <p role="alert">{error.message}</p>}
      {blob && <p>{blob.size} bytes of {blob.type}</p>}
    </>
  );
}

createRoot(document.getElementById("app")).render(<Journal />);
