"""Known vulnerabilities: what pip-audit prints, and when a build fails."""

from __future__ import annotations

import json

import pytest

from deploy.supply import audit
from deploy.supply.audit import Audit
from deploy.supply.packages import locked_packages


def printed(*dependencies):
    return json.dumps({"dependencies": dependencies, "fixes": []})


FINE = {"name": "httpx", "version": "1.0", "vulns": []}
SKIPPED = {"name": "redis", "skip_reason": "Dependency not found and could not be audited"}
VULNERABLE = {
    "name": "h11",
    "version": "0.9",
    "vulns": [{"id": "GHSA-1", "fix_versions": ["0.16"], "aliases": [], "description": "..."}],
}


@pytest.mark.parametrize(
    ("output", "errors", "expected"),
    [
        (printed(FINE), "No known vulnerabilities found", Audit()),
        (printed(FINE, SKIPPED), "", Audit(unknown=("redis",))),
        (printed(SKIPPED), "No known vulnerabilities found",
         Audit(unknown=("redis",), failure="the database knows none of the packages")),
        (printed(FINE, VULNERABLE), "Found 1 known vulnerability in 1 package",
         Audit(vulnerable=("h11 0.9: GHSA-1, fixed in 0.16",))),
        ("", "Traceback\nConnectionError: no route", Audit(failure="ConnectionError: no route")),
        ("", "", Audit(failure="no output")),
    ],
)  # fmt: skip
def test_what_pip_audit_prints(output, errors, expected):
    assert audit.read(output, errors) == expected


@pytest.mark.parametrize(
    ("answers", "status", "told"),
    [
        ([Audit(failure="no route"), Audit()], 0, "no known vulnerabilities (osv)"),
        ([Audit(failure="no route"), Audit(failure="no name")], 0, "were not looked up"),
        ([Audit(vulnerable=("h11 0.9: GHSA-1",))], 1, "h11 0.9: GHSA-1"),
        ([Audit(unknown=("redis",))], 0, "not looked up: redis"),
    ],
)
def test_a_build_fails_at_a_vulnerability_and_not_without_a_database(
    monkeypatch, capsys, answers, status, told
):
    remaining = iter(answers)
    monkeypatch.setattr(audit, "audit", lambda service: next(remaining))
    assert audit.main() == status
    captured = capsys.readouterr()
    assert told in captured.out + captured.err


def test_pip_audit_reads_the_lock(tmp_path):
    """The real program, without a network: it parses our lock, and its failure is a failure."""
    found = audit.audit("osv")
    assert found.failure or len(found.unknown) < len(locked_packages())
