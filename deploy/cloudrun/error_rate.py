r"""Ask Cloud Monitoring what share of a revision's answers were server errors.

    ACCESS_TOKEN=$(gcloud auth print-access-token) python3 deploy/cloudrun/error_rate.py \
        --project P --service samo --revision samo-20260101-120000

Exit status 0: at most --limit. 1: more. 2: Monitoring gave no answer that can be read.
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
    """The PromQL of the requests that a revision answered, all or those with 5xx."""
    labels = (
        'monitored_resource="cloud_run_revision",'
        f'service_name="{service}",revision_name="{revision}"'
    )
    if failed:
        labels += ',response_code_class="5xx"'
    return f"sum(increase(run_googleapis_com:request_count{{{labels}}}[{seconds}s]))"


def ask(endpoint: str, project: str, promql: str, token: str) -> float:
    """Evaluate a query that gives one number; no series at all is 0.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest (projects.location.prometheus).
    Raises `OSError` or `ValueError` when Monitoring does not answer, or not in that form.
    """
    url = f"{endpoint}/v1/projects/{project}/location/global/prometheus/api/v1/query"
    request = urllib.request.Request(  # noqa: S310  # the endpoint is the operator's choice
        f"{url}?{urllib.parse.urlencode({'query': promql})}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        body = json.loads(answer.read())
    try:
        series = body["data"]["result"]
        return float(series[0]["value"][1]) if series else 0.0
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"an answer of another form: {body}") from error


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--project", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--revision", required=True)
    parser.add_argument("--seconds", type=int, default=300, help="look back so far (300)")
    parser.add_argument("--limit", type=float, default=0.01, help="share that may fail (0.01)")
    parser.add_argument("--endpoint", default=MONITORING, help="of Cloud Monitoring")
    arguments = parser.parse_args()
    try:
        total, failed = (
            ask(
                arguments.endpoint,
                arguments.project,
                query(arguments.service, arguments.revision, arguments.seconds, failed=only_failed),
                os.environ.get("ACCESS_TOKEN", ""),
            )
            for only_failed in (False, True)
        )
    except (OSError, ValueError) as error:
        print(f"error rate: unknown: {error}", file=sys.stderr)
        return 2
    share = failed / total if total else 0.0
    print(f"error rate: {share:.2%} of {total:.0f} requests (at most {arguments.limit:.2%})")
    return int(share > arguments.limit)


if __name__ == "__main__":
    sys.exit(main())
