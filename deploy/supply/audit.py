"""Look up known vulnerabilities of the packages that ship, with pip-audit.

    python -m deploy.supply.audit

Exit status 1: a package has one. Where no database can be reached, or it does not know the
packages, a warning says what was not looked up, and the exit status is 0: a build must not depend
on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Final

from deploy.supply.packages import LOCK

# The advisories of the package index, and the OSV database, which has them too.
SERVICES: Final = ("pypi", "osv")
_TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True)
class Audit:
    """What a database knows.

    Attributes:
        vulnerable: one line for each vulnerability.
        unknown: packages that were not looked up.
        failure: why nothing was looked up; empty if something was.

    """

    vulnerable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    failure: str = ""


def audit(service: str) -> Audit:
    """Ask one of `SERVICES` about requirements/serve.txt."""
    command = [sys.executable, "-m", "pip_audit", f"--vulnerability-service={service}"]
    command += [f"--requirement={LOCK}", "--no-deps", "--disable-pip", "--format=json"]
    command += ["--progress-spinner=off", f"--timeout={_TIMEOUT_SECONDS}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return read(done.stdout, done.stderr)


def read(output: str, errors: str) -> Audit:
    """Read what pip-audit printed. Its exit status is 0 also if no package was looked up."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        return Audit(failure=(errors.strip().splitlines() or ["no output"])[-1])
    unknown = tuple(entry["name"] for entry in dependencies if "skip_reason" in entry)
    if len(unknown) == len(dependencies):
        return Audit(unknown=unknown, failure="the database knows none of the packages")
    return Audit(
        vulnerable=tuple(
            f"{entry['name']} {entry['version']}: {found['id']}, "
            f"fixed in {', '.join(found['fix_versions']) or 'no version'}"
            for entry in dependencies
            for found in entry.get("vulns", ())
        ),
        unknown=unknown,
    )


def main() -> int:
    """The command line."""
    failures = []
    for service in SERVICES:
        found = audit(service)
        if found.failure:
            failures.append(f"{service}: {found.failure}")
            continue
        for line in found.vulnerable:
            print(line)
        if found.unknown:
            print(f"WARNING: not looked up: {', '.join(found.unknown)}", file=sys.stderr)
        if not found.vulnerable:
            print(f"no known vulnerabilities ({service})")
        return 1 if found.vulnerable else 0
    print(
        "WARNING: known vulnerabilities were not looked up:", *failures, sep="\n  ", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
