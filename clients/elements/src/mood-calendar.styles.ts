import { css } from "lit";

export const styles = css`
  :host {
    container-type: inline-size;
  }
  .head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
  }
  .title {
    margin: 0;
    font-size: 1.1em;
    font-weight: 600;
  }
  .step {
    width: 44px;
    height: 44px;
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 50%;
    background: var(--paper);
  }
  .step:dir(rtl) span {
    display: inline-block;
    transform: scaleX(-1);
  }
  table {
    width: 100%;
    table-layout: fixed;
    border-collapse: separate;
    border-spacing: 3px;
    margin-block-start: 0.4rem;
  }
  th {
    padding: 0.2rem 0;
    color: var(--ink-2);
    font-weight: 500;
    font-size: 0.85em;
  }
  td {
    padding: 0;
  }
  .day {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    width: 100%;
    min-height: 58px;
    padding: 0.3rem 0.45rem;
    border: 1px solid transparent;
    border-radius: var(--radius);
    background: none;
    text-align: start;
    overflow: hidden;
  }
  .day:hover {
    border-color: var(--line);
  }
  .full {
    background: var(--soft);
  }
  .full .number::after {
    content: "";
    display: inline-block;
    width: 0.45em;
    height: 0.45em;
    margin-inline-start: 0.4em;
    border-radius: 50%;
    background: var(--c);
    forced-color-adjust: none;
  }
  .day[aria-current] .number {
    font-weight: 700;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .day[aria-pressed="true"] {
    border-color: var(--ink);
  }
  .mood {
    max-width: 100%;
    font-size: 0.78em;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .note,
  .error {
    margin: 0.4rem 0 0;
    color: var(--ink-2);
  }
  .error {
    color: var(--warn);
  }
  @container (width < 28rem) {
    .day {
      min-height: 44px;
      align-items: center;
      padding-inline: 0;
    }
    .mood {
      display: none;
    }
  }
`;
