import { css } from "lit";

export const styles = css`
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0.3rem 1rem;
    margin: 0 0 0.5rem;
    padding: 0;
    list-style: none;
  }
  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
  }
  /* a chart of time runs from left to right in every script, as players do */
  .chart {
    direction: ltr;
  }
  svg {
    display: block;
    width: 100%;
    overflow: visible;
  }
  .line {
    fill: none;
    stroke: var(--c);
    stroke-width: 2.5;
    stroke-linejoin: round;
    stroke-linecap: round;
  }
  .point {
    fill: var(--c);
    stroke: var(--paper);
    stroke-width: 1.5;
  }
  .grid {
    stroke: var(--line);
    stroke-width: 1;
  }
  .axis {
    display: flex;
    justify-content: space-between;
    color: var(--ink-2);
    font-size: 0.85em;
    font-variant-numeric: tabular-nums;
  }
  .empty {
    margin: 0;
    color: var(--ink-2);
  }
  details {
    margin-block-start: 0.5rem;
  }
  summary {
    cursor: pointer;
    width: fit-content;
    border-radius: 4px;
  }
  .scroll {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    margin-block-start: 0.4rem;
  }
  th,
  td {
    padding: 0.35rem 0.7rem;
    border-block-end: 1px solid var(--line);
    text-align: start;
    vertical-align: top;
  }
  th {
    font-weight: 600;
  }
  @media (forced-colors: active) {
    .line {
      stroke: CanvasText;
    }
    .point {
      fill: CanvasText;
    }
  }
`;
