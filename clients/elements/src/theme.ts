// What the elements have in common: colours, buttons, text for screen readers.
import { css } from "lit";

/** Colours follow the page's `color-scheme`. A page sets the `--samo-*` properties to replace them. */
export const theme = css`
  :host {
    --ink: var(--samo-ink, light-dark(oklch(0.26 0.014 60), oklch(0.94 0.008 80)));
    --ink-2: var(--samo-ink-2, light-dark(oklch(0.48 0.014 60), oklch(0.75 0.01 80)));
    --paper: var(--samo-paper, light-dark(oklch(1 0 0), oklch(0.225 0.009 60)));
    --line: var(--samo-line, light-dark(oklch(0.84 0.01 75), oklch(0.4 0.01 60)));
    --record: var(--samo-record, light-dark(oklch(0.6 0.19 32), oklch(0.65 0.19 32)));
    --warn: var(--samo-warn, light-dark(oklch(0.5 0.17 30), oklch(0.8 0.12 40)));
    --warn-soft: var(--samo-warn-soft, light-dark(oklch(0.96 0.025 40), oklch(0.28 0.04 40)));
    --radius: var(--samo-radius, 12px);
    display: block;
    color: var(--ink);
    font: var(--samo-font, inherit);
  }
  :host([hidden]) {
    display: none;
  }
  * {
    box-sizing: border-box;
  }
  .tint {
    --c: light-dark(oklch(0.6 var(--chroma) var(--hue)), oklch(0.76 var(--chroma) var(--hue)));
    --soft: light-dark(
      oklch(0.94 calc(var(--chroma) * 0.32) var(--hue)),
      oklch(0.33 calc(var(--chroma) * 0.38) var(--hue))
    );
  }
  button {
    font: inherit;
    color: inherit;
    cursor: pointer;
  }
  button:focus-visible,
  summary:focus-visible {
    outline: 2px solid var(--ink);
    outline-offset: 2px;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
