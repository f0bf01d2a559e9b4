"""Fuzz the service: damaged recordings, then generated requests; print one line of JSON.

    python -m tests.fuzz --seconds 60 --inputs 10000

`tests.fuzz.recordings` and `tests.fuzz.requests` say what is wrong. Both take so many seconds, and
longer until they sent that many inputs together. The exit status is 1 if something was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.fuzz import recordings, requests


def main() -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of each part (60)")
    parser.add_argument("--inputs", type=int, default=10_000, help="at least, of both (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the requests (0)")
    args = parser.parse_args()
    files = recordings.run(args.seconds, args.seed * 1_000_000, _report, inputs=args.inputs // 2)
    sent = requests.run(args.seconds, args.seed, inputs=args.inputs // 2)
    if sent.finding:
        _report(sent.finding)
    server_errors = sum(number for status, number in sent.statuses.items() if status == 500)
    figures = {
        "inputs": files.cases + sent.statuses.total(),
        "recordings": files.cases,
        "requests": sent.statuses.total(),
        "statuses": dict(sorted(sent.statuses.items())),
        "server_errors": server_errors,
        "findings": files.findings + bool(sent.finding),
        "slowest_response_ms": round(sent.slowest_ms),
        "growth_mb": {"recordings": files.growth_mb, "requests": round(sent.growth_mb)},
    }
    print(json.dumps(figures))
    return bool(figures["findings"])


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
