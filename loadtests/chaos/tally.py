"""Count how requests end; every request ends in exactly one of the counts.

| count | the request |
| --- | --- |
| answered | has a complete 200 with the right content |
| degraded | has a complete 200 whose `degraded` names the steps that failed; the rest is right |
| refused | has a 503 or 429 with Retry-After |
| failed | has a 500 or 504, while a model that it needs was told to fail or to be slow |
| wrong | has any other response |
| lost | has no complete response |

A request is sent again only if the server was killed while it was in flight, or if nothing listens
after a kill or a termination; it is lost if it is not answered `RESEND_SECONDS` later. All other
requests without a complete response are lost at once. `resent` counts the repetitions. Clients that
leave on purpose count as `left`, not as requests.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

RESEND_SECONDS: Final = 60.0
OUTCOMES: Final = ("answered", "degraded", "refused", "failed", "wrong", "lost")


@dataclass
class Tally:
    """The counts of a run, and examples of what must not happen."""

    counts: Counter[str] = field(default_factory=Counter)
    resent: int = 0
    left: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """Number of requests, each counted once."""
        return sum(self.counts[outcome] for outcome in OUTCOMES)

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and no response was wrong."""
        return not self.counts["lost"] and not self.counts["wrong"]

    def add(self, outcome: str, problem: str = "") -> None:
        """Count a request."""
        self.counts[outcome] += 1
        if problem:
            self.problems[f"{outcome}: {problem}"] += 1

    def as_json(self) -> dict[str, Any]:
        """The counts as one object."""
        outcomes = {outcome: self.counts[outcome] for outcome in OUTCOMES}
        return {"sent": self.sent, **outcomes, "resent": self.resent, "left": self.left}
