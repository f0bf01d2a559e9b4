"""Ask a deployed SAMO whether drift has an alarm; needs only Python.

    IDENTITY_TOKEN=$(gcloud auth print-identity-token) python3 deploy/cloudrun/drift_alarm.py URL

Prints the features with an alarm, separated by commas. Exit status 0: there is one. 1: there is
none. 2: the service did not answer as documented, or does not measure drift.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.request
from typing import Final

ALARM: Final = 0
NO_ALARM: Final = 1
UNKNOWN: Final = 2


def fetch_alarms(url: str, token: str | None, api_key: str | None) -> list[str]:
    """The features with an alarm.

    Raises `OSError` if the service cannot be reached, `ValueError` if it does not measure drift.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if api_key:
        headers["X-API-Key"] = api_key
    request = urllib.request.Request(f"{url.rstrip('/')}/monitoring/drift", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        body = json.loads(response.read())
    if body.get("state") != "on":
        raise ValueError("the service does not measure drift")
    return [str(alarm) for alarm in body["alarms"]]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="URL of the service, without a path")
    args = parser.parse_args()
    if not args.url.startswith(("http://", "https://")):
        parser.error(f"not an HTTP URL: {args.url}")
    try:
        alarms = fetch_alarms(
            args.url, os.environ.get("IDENTITY_TOKEN"), os.environ.get("MONITORING_API_KEY")
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"drift is unknown: {error}", file=sys.stderr)
        return UNKNOWN
    print(",".join(alarms))
    return ALARM if alarms else NO_ALARM


if __name__ == "__main__":
    sys.exit(main())
