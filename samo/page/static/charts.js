// Charts by uPlot, in the theme's colours, as wide as their place.
import uPlot from "./vendor/uplot/uPlot.esm.js";
import { clock, h, percent } from "./dom.js";
import { colour, themeColour } from "./palette.js";

const FONT = "12px system-ui, sans-serif";
// Pixels beside the plot; .waveform in entry.css has the same, so that sound and lines share their seconds.
const LEFT = 48;
const RIGHT = 12;

const dates = (_chart, splits) =>
  splits.map((seconds) =>
    new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short" }),
  );

const AXES = {
  days: { space: 70, values: dates },
  seconds: { space: 50, incrs: [1, 2, 5, 10, 30, 60], values: (_chart, splits) => splits.map(clock) },
  sentences: { space: 40, incrs: [1, 2, 5, 10, 25, 50, 100, 250, 500] },
};

/**
 * A line chart along "days", "seconds" (to `until`) or "sentences". `lines` is a list of {name, values, points?, fill?}, `x` the common places;
 * values run from 0 to 1; `marks` are upright lines at {x, name}. `label` says to a screen reader what
 * is seen. `onSelect(index)` hears of a click.
 */
export function lineChart({ x, lines, label, marks = [], axis: kind, until, height = 170, onSelect }) {
  const place = h("div", { class: "chart", role: "img", "aria-label": label });
  let chart = null;
  const draw = (width) => {
    chart?.destroy();
    const line = themeColour("--line");
    const axis = {
      stroke: themeColour("--ink-2"),
      font: FONT,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    };
    chart = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [10, RIGHT, 0, 0],
        scales: { x: { time: kind === "days", range: until ? [0, until] : undefined }, y: { range: [0, 1] } },
        cursor: { drag: { x: false, y: false }, points: { size: 9 }, y: false },
        axes: [
          {
            ...axis,
            size: 30,
            grid: { show: false },
            ...AXES[kind],
          },
          { ...axis, size: LEFT, splits: () => [0, 0.5, 1], values: (_chart, splits) => splits.map(percent) },
        ],
        hooks: { draw: [(drawn) => marks.forEach((one) => drawMark(drawn, one))] },
        series: [
          {},
          ...lines.map((one) => ({
            label: one.name,
            stroke: colour(one.name),
            width: 2.5,
            fill: one.fill ? colour(one.name, 0.12) : undefined,
            paths: kind === "days" ? undefined : uPlot.paths.spline(),
            points: { show: one.points ?? true, size: 7, fill: colour(one.name) },
          })),
        ],
      },
      [x, ...lines.map((one) => one.values)],
      place,
    );
    if (onSelect) {
      chart.over.classList.add("clickable");
      chart.over.addEventListener("click", () => {
        if (chart.cursor.idx !== null) onSelect(chart.cursor.idx);
      });
    }
  };
  let drawn = 0;
  const redraw = () => {
    if (place.isConnected && drawn) draw(drawn);
  };
  const observer = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (width > 0 && width !== drawn) draw((drawn = width));
  });
  observer.observe(place);
  document.addEventListener("samo-theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return place;
}

function drawMark(chart, { x, name }) {
  const { ctx: context, bbox } = chart;
  const place = chart.valToPos(x, "x", true);
  context.save();
  context.strokeStyle = colour(name);
  context.lineWidth = 2;
  context.setLineDash([3, 5]);
  context.beginPath();
  context.moveTo(place, bbox.top);
  context.lineTo(place, bbox.top + bbox.height);
  context.stroke();
  context.restore();
}
