r"""Query Cloud Monitoring for the share of a revision's responses that are server errors.

    ACCESS_TOKEN=$(gcloud auth print-access-token) python3 deploy/cloudrun/error_rate.py \
        --project P --service samo --revision samo-20260101-120000

Exit status 0: at most --limit. 1: more. 2: Monitoring did not respond as documented.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.parse
import urllib.request
from typing import Final

MONITORING: Final = "https://monitoring.googleapis.com"


def query(service: str, revision: str, seconds: int, *, failed: bool) -> str:
    """Return the PromQL query that counts a revision's requests, all or only those with 5xx."""
    labels = (
        'monitored_resource="cloud_run_revision",'
        f'service_name="{service}",revision_name="{revision}"'
    )
    if failed:
        labels += ',response_code_class="5xx"'
    return f"sum(increase(run_googleapis_com:request_count{{{labels}}}[{seconds}s]))"


def evaluate_query(endpoint: str, project: str, promql: str, token: str) -> float:
    """Evaluate a PromQL query that returns one number; an empty result is 0.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest (projects.location.prometheus).
    Raises `OSError` if Monitoring cannot be reached, `ValueError` if its response is malformed.
    """
    url = f"{endpoint}/v1/projects/{project}/location/global/prometheus/api/v1/query"
    request = urllib.request.Request(  # noqa: S310  # the operator sets the endpoint
        f"{url}?{urllib.parse.urlencode({'query': promql})}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        body = json.loads(response.read())
    try:
        series = body["data"]["result"]
        return float(series[0]["value"][1]) if series else 0.0
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"unexpected response: {body}") from error


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--project", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument(
        "--seconds", type=int, default=300, help="length of the period (default: 300)"
    )
    parser.add_argument(
        "--limit", type=float, default=0.01, help="maximum share of 5xx (default: 0.01)"
    )
    parser.add_argument("--endpoint", default=MONITORING, help="URL of Cloud Monitoring")
    args = parser.parse_args()
    try:
        total, failed = (
            evaluate_query(
                args.endpoint,
                args.project,
                query(args.service, args.revision, args.seconds, failed=only_failed),
                os.environ.get("ACCESS_TOKEN", ""),
            )
            for only_failed in (False, True)
        )
    except (OSError, ValueError) as error:
        print(f"error rate: unknown: {error}", file=sys.stderr)
        return 2
    share = failed / total if total else 0.0
    print(f"error rate: {share:.2%} of {total:.0f} requests (at most {args.limit:.2%})")
    return int(share > args.limit)


if __name__ == "__main__":
    sys.exit(main())
