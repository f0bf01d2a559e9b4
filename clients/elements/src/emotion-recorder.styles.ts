import { css } from "lit";

export const styles = css`
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem;
  }
  button {
    min-height: 44px;
    padding: 0.45rem 1.1rem;
    border: 1px solid var(--line);
    border-radius: 999px;
    background: var(--paper);
    font-weight: 600;
  }
  button:hover {
    border-color: var(--ink-2);
  }
  button[aria-disabled="true"] {
    cursor: default;
    opacity: 0.6;
  }
  .primary {
    display: inline-flex;
    align-items: center;
    gap: 0.5rem;
  }
  .dot {
    width: 0.8rem;
    height: 0.8rem;
    border-radius: 50%;
    background: var(--record);
  }
  .recording .dot,
  .paused .dot {
    border-radius: 2px;
  }
  .time {
    font-variant-numeric: tabular-nums;
    color: var(--ink-2);
  }
  .level {
    height: 6px;
    margin-block-start: 0.6rem;
    border-radius: 9px;
    background: var(--line);
    overflow: hidden;
  }
  .level > div {
    height: 100%;
    inline-size: calc(var(--level) * 100%);
    background: var(--record);
  }
  progress {
    width: 100%;
    accent-color: var(--record);
    margin-block-start: 0.6rem;
  }
  .status {
    margin: 0.5rem 0 0;
    min-height: 1.5em;
    color: var(--ink-2);
  }
  .error {
    margin: 0.6rem 0 0;
    padding: 0.7rem 0.9rem;
    border-radius: var(--radius);
    background: var(--warn-soft);
    color: var(--warn);
  }
  .again {
    margin-block-start: 0.6rem;
    color: var(--ink);
  }
  @media (prefers-reduced-motion: no-preference) {
    .recording .dot {
      animation: pulse 1.6s ease-in-out infinite;
    }
    .level > div {
      transition: inline-size 0.1s linear;
    }
  }
  @keyframes pulse {
    50% {
      opacity: 0.35;
    }
  }
`;
