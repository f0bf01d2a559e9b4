// A recording as bars in the colours of its sentences, with its controls.
import { button, clock, h, icon } from "./dom.js";
import { colour, themeColour } from "./palette.js";

const BAR = 5; // pixels, 2 of them a gap
const AHEAD = 0.35; // opacity of what was not played yet

/** Give {wave, controls}; a click on a sentence's bars calls `select` with its number. */
export function waveform(player, arc, select) {
  const wave = h("canvas", { class: "waveform", "aria-hidden": "true" });
  const toggle = button("Play", {
    symbol: "play",
    class: "quiet small",
    on: { click: () => (player.playing ? player.stop() : player.play()) },
  });
  const time = h("span", { class: "hint figures" }, clock(player.duration));
  const sentenceAt = (seconds) =>
    arc.findIndex((one) => one.start_seconds <= seconds && seconds <= one.end_seconds);
  let position = null;
  let peaks = [];

  function draw() {
    const context = wave.getContext("2d");
    context.clearRect(0, 0, wave.width, wave.height);
    const silent = themeColour("--line-2");
    peaks.forEach((peak, index) => {
      const seconds = ((index + 0.5) / peaks.length) * player.duration;
      const point = arc[sentenceAt(seconds)];
      const played = position === null || seconds <= position;
      context.fillStyle = point ? colour(point.primary_emotion, played ? 1 : AHEAD) : silent;
      const tall = Math.max(3, peak * (wave.clientHeight - 4));
      context.beginPath();
      context.roundRect(index * BAR, (wave.clientHeight - tall) / 2, BAR - 2, tall, 1.5);
      context.fill();
    });
  }

  function fit() {
    const ratio = window.devicePixelRatio || 1;
    wave.width = wave.clientWidth * ratio;
    wave.height = wave.clientHeight * ratio;
    wave.getContext("2d").scale(ratio, ratio);
    peaks = player.peaks(Math.max(1, Math.floor(wave.clientWidth / BAR)));
    draw();
  }

  wave.addEventListener("click", (event) => {
    const seconds = (event.offsetX / wave.clientWidth) * player.duration;
    const index = sentenceAt(seconds);
    if (index >= 0) select(index);
    else player.play(seconds);
  });
  player.addEventListener("play", () => toggle.replaceChildren(icon("stop"), "Stop"));
  player.addEventListener("position", ({ detail }) => {
    position = detail;
    time.textContent = `${clock(detail)} / ${clock(player.duration)}`;
    draw();
  });
  player.addEventListener("stop", () => {
    position = null;
    time.textContent = clock(player.duration);
    toggle.replaceChildren(icon("play"), "Play");
    draw();
  });
  new ResizeObserver(fit).observe(wave);
  document.addEventListener("samo-theme", () => wave.isConnected && draw());
  return { wave, controls: [toggle, time] };
}
