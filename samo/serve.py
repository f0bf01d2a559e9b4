"""`python -m samo serve`: listen on the port, then become BentoML's worker.

`bentoml serve` keeps a supervisor that imports the service a first time, before its worker does,
and stays in memory. One instance has one worker: batching is in process, and a second worker would
hold every model again. Whatever runs an instance (a terminal, Cloud Run, Kubernetes) starts it anew
when it ends. Clients that come early wait in the backlog.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

BACKLOG: Final = 2048
DEFAULT_PORT: Final = 3000


def main(arguments: Sequence[str]) -> NoReturn:
    """The command line; ends the process where it cannot listen, and else becomes the worker."""
    parser = argparse.ArgumentParser(
        prog="samo serve",
        description="Serve without a supervisor: ready sooner than `bentoml serve`, and smaller.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--bento", default="service:Samo", help="a service, or a bento's folder")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104  # BentoML's default too
    parser.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("PORT", DEFAULT_PORT)),
        help="port to listen on; $PORT where it is left out",
    )
    parser.add_argument(
        "--grace-seconds", type=int, default=8, help="for requests in flight when it is told to end"
    )
    given = parser.parse_args(arguments)
    try:
        listener = socket.create_server((given.host, given.port), backlog=BACKLOG)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        parser.exit(1, f"Cannot listen on {given.host}:{given.port}: {reason}.\n")
    listener.set_inheritable(True)
    sys.stderr.write(f"Loading; then http://localhost:{listener.getsockname()[1]}\n")
    worker = [sys.executable, "-m", "_bentoml_impl.worker.service", given.bento]
    worker += ["--fd", str(listener.fileno()), "--worker-id", "1"]
    worker += ["--timeout-graceful-shutdown", str(given.grace_seconds)]
    os.execv(sys.executable, worker)  # noqa: S606  # no shell
