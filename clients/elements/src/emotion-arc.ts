// <samo-emotion-arc>: the emotions of an entry over time, as a chart, as a sentence and as a table.
import { html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { type ArcData, type ArcInsight, arcData, type ArcSentence } from "./arc-data.js";
import { styles } from "./emotion-arc.styles.js";
import { clock, percent } from "./format.js";
import { tint } from "./palette.js";
import { theme } from "./theme.js";
import { vars } from "./vars.js";

export interface ArcLabels {
  /** Where there is nothing to draw. */
  empty: string;
  /** What a screen reader says of the chart. */
  chart: (emotions: readonly string[], sentences: number) => string;
  /** One line of that description. */
  peak: (emotion: string, confidence: number, sentence: number, time: string | null) => string;
  table: string;
  sentence: string;
  time: string;
  found: string;
  none: string;
  /** Other names for the emotions. */
  emotions: Readonly<Record<string, string>>;
}

const LABELS: ArcLabels = {
  empty: "There are no emotions to show.",
  chart: (emotions, sentences) =>
    `Chart of ${emotions.join(", ")} over ${sentences} ${sentences === 1 ? "sentence" : "sentences"}.`,
  peak: (emotion, confidence, sentence, time) =>
    `${emotion} is highest in sentence ${sentence}${time ? ` at ${time}` : ""}, ${percent(confidence)}.`,
  table: "Show as a table",
  sentence: "Sentence",
  time: "Time",
  found: "Emotions",
  none: "none",
  emotions: {},
};
const DEFAULT_LINES = 4;
const HEIGHT = 160;
const RADIUS = 4.5;
const DEFAULT_WIDTH = 600;
// Lines differ by more than their colours.
const DASHES = ["none", "9 5", "2 5", "12 4 2 4"];

/** Draws the arc of `insight`. It has no events. */
export class EmotionArcElement extends LitElement {
  static override styles = [theme, styles];
  static override properties = {
    insight: { attribute: false },
    lines: { type: Number },
    labels: { attribute: false },
    _width: { state: true },
  };

  declare insight: ArcInsight | null;
  /** How many emotions are drawn: the entry's strongest. */
  declare lines: number;
  declare labels: Partial<ArcLabels>;
  declare protected _width: number;

  #observer: ResizeObserver | null = null;

  constructor() {
    super();
    this.insight = null;
    this.lines = DEFAULT_LINES;
    this.labels = {};
    this._width = DEFAULT_WIDTH;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer = new ResizeObserver(([entry]) => {
      if (entry?.contentRect.width) this._width = entry.contentRect.width;
    });
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  protected override render(): TemplateResult {
    const text = { ...LABELS, ...this.labels };
    const data = arcData(this.insight, this.lines || DEFAULT_LINES);
    if (data.lines.length === 0) return html`<p class="empty" part="empty">${text.empty}</p>`;
    const name = (emotion: string): string => text.emotions[emotion] ?? emotion;
    return html`
      <div part="base">
        <ul class="legend" part="legend" aria-hidden="true">
          ${data.lines.map(
            ({ emotion }, index) => html`<li part="legend-item" class="tint" ${vars(tint(emotion))}>
              <svg width="30" height="10" viewBox="0 0 30 10">
                <line class="line" x1="2" y1="5" x2="28" y2="5" stroke-dasharray=${dash(index)} />
              </svg>
              ${name(emotion)}
            </li>`,
          )}
        </ul>
        <div class="chart" part="chart">${this.#chart(data, describe(data, text, name))}${axis(data)}</div>
        <details part="details">
          <summary part="summary">${text.table}</summary>
          <div class="scroll">${table(data, text, name)}</div>
        </details>
      </div>
    `;
  }

  #chart({ lines, sentences, from, to }: ArcData, label: string): TemplateResult {
    const width = this._width;
    const x = (at: number): number =>
      RADIUS + ((at - from) / (to - from || 1)) * (width - 2 * RADIUS);
    const y = (confidence: number): number => RADIUS + (1 - confidence) * (HEIGHT - 2 * RADIUS);
    const shape = lines.map(({ emotion, values }, index) => {
      const points = values.map((value, place) => [x(sentences[place]?.at ?? 0), y(value)] as const);
      return svg`<g class="tint" part="line" ${vars(tint(emotion))}>
        <polyline class="line" points=${points.map((point) => point.join(",")).join(" ")}
          stroke-dasharray=${dash(index)} />
        ${points.map(([cx, cy]) => svg`<circle class="point" cx=${cx} cy=${cy} r=${RADIUS} />`)}
      </g>`;
    });
    return html`<svg role="img" aria-label=${label} viewBox="0 0 ${width} ${HEIGHT}" height=${HEIGHT}>
      ${[0, 0.5, 1].map(
        (level) => svg`<line class="grid" x1="0" x2=${width} y1=${y(level)} y2=${y(level)} />`,
      )}
      ${shape}
    </svg>`;
  }
}

const dash = (index: number): string => DASHES[index % DASHES.length] ?? "none";

const timeOf = ({ startSeconds }: ArcSentence): string | null =>
  startSeconds === null ? null : clock(startSeconds);

/** The chart in words: what is drawn, and where each emotion is highest. */
function describe({ lines, sentences }: ArcData, text: ArcLabels, name: (emotion: string) => string): string {
  const peaks = lines.map(({ emotion, values }) => {
    const place = values.indexOf(Math.max(...values));
    const sentence = sentences[place];
    return text.peak(name(emotion), values[place] ?? 0, place + 1, sentence ? timeOf(sentence) : null);
  });
  return [text.chart(lines.map(({ emotion }) => name(emotion)), sentences.length), ...peaks].join(" ");
}

function axis({ isTimed, sentences, to }: ArcData): TemplateResult {
  const [first, last] = isTimed ? [clock(0), clock(to)] : ["1", String(sentences.length)];
  return html`<div class="axis" part="axis" aria-hidden="true">
    <span>${first}</span>${first === last ? nothing : html`<span>${last}</span>`}
  </div>`;
}

function table(
  { sentences, isTimed }: ArcData,
  text: ArcLabels,
  name: (emotion: string) => string,
): TemplateResult {
  return html`<table part="table">
    <thead>
      <tr>
        ${isTimed ? html`<th scope="col">${text.time}</th>` : nothing}
        <th scope="col">${text.sentence}</th>
        <th scope="col">${text.found}</th>
      </tr>
    </thead>
    <tbody>
      ${sentences.map(
        (sentence) => html`<tr>
          ${isTimed ? html`<td>${timeOf(sentence)}</td>` : nothing}
          <td dir="auto">${sentence.text}</td>
          <td>
            ${sentence.emotions
              .map(({ emotion, confidence }) => `${name(emotion)} ${percent(confidence)}`)
              .join(", ") || text.none}
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "samo-emotion-arc": EmotionArcElement;
  }
}
