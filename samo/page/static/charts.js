// Charts by uPlot, in the theme's colours, as wide as their place.
import uPlot from "./vendor/uplot/uPlot.esm.js";
import { h, percent } from "./dom.js";
import { colour, themeColour } from "./palette.js";

const FONT = "12px system-ui, sans-serif";

/**
 * A line chart. `lines` is a list of {name, values, points?, fill?}, `x` the common places;
 * values run from 0 to 1; `marks` are upright lines at {x, name}. `label` says to a screen reader what
 * is seen. `onSelect(index)` hears of a click.
 */
export function lineChart({
  x,
  lines,
  label,
  marks = [],
  height = 170,
  time = false,
  xLabels,
  onSelect,
  smooth = true,
}) {
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
        scales: { x: { time }, y: { range: [0, 1] } },
        cursor: { drag: { x: false, y: false }, points: { size: 9 }, y: false },
        axes: [
          {
            ...axis,
            size: 30,
            grid: { show: false },
            space: time ? 70 : 50,
            values: xLabels ?? (time ? dates : undefined),
          },
          { ...axis, size: 48, splits: () => [0, 0.5, 1], values: (_chart, splits) => splits.map(percent) },
        ],
        hooks: { draw: [(drawn) => marks.forEach((one) => drawMark(drawn, one))] },
        series: [
          {},
          ...lines.map((one) => ({
            label: one.name,
            stroke: colour(one.name),
            width: 2.5,
            fill: one.fill ? colour(one.name, 0.12) : undefined,
            paths: smooth ? uPlot.paths.spline() : undefined,
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

const dates = (_chart, splits) =>
  splits.map((seconds) =>
    new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short" }),
  );

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
