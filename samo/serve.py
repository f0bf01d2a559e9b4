"""`python -m samo serve`: check the settings, listen on the port, serve.

`bentoml serve` keeps a supervisor that imports the service a first time, before its worker does,
and stays in memory. One instance has one worker: batching is in process, and a second worker would
hold every model again. Whatever runs an instance (a terminal, Cloud Run, Kubernetes) starts it anew
when it ends. Clients that come early wait in the backlog.
"""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from pydantic import ValidationError

from runners.errors import StartError
from samo import private_logs
from samo.settings import Settings

BACKLOG: Final = 2048
DEFAULT_PORT: Final = 3000
# What still computes after the shutdown is in native code, where nothing can stop it.
_THREADS_SECONDS: Final = 0.5


def main(arguments: Sequence[str]) -> NoReturn:
    """The command line; ends the process when the service has ended, or cannot start."""
    parser = argparse.ArgumentParser(
        prog="samo serve",
        description="Serve without a supervisor: ready sooner than `bentoml serve`, and smaller.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--bento", default="service:Samo", help="a service, or a bento's folder")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104  # BentoML's default too
    parser.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("PORT") or DEFAULT_PORT,
        help="port to listen on; $PORT where it is left out",
    )
    parser.add_argument(
        "--grace-seconds",
        type=float,
        default=8,
        help="for requests that are in work at SIGTERM or SIGINT; a second signal ends it",
    )
    given = parser.parse_args(arguments)
    private_logs.install()
    try:
        settings = read_settings()
        listener = _listen(given.host, given.port)
        sys.stderr.write(f"Loading; then http://localhost:{listener.getsockname()[1]}\n")
        _serve(given.bento, listener, settings, given.grace_seconds)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        _end(1)
    _end(0)


def read_settings() -> Settings:
    """The settings; raises `StartError` for a bad one, and warns of variables that are none."""
    for name in sorted(unknown_variables(os.environ)):
        similar = difflib.get_close_matches(name, _variables(), n=1)
        hint = f": did you mean {similar[0]}?" if similar else ", docs/api.md lists the settings."
        sys.stderr.write(f"Warning: {name} is no setting{hint}\n")
    try:
        return Settings()
    except ValidationError as error:
        raise StartError(
            "\n".join(
                f"SAMO_{str(problem['loc'][0]).upper()} cannot be used: "
                f"{problem['msg'].removeprefix('Value error, ')}. Correct it, or unset it."
                for problem in error.errors(include_url=False, include_input=False)
                # a default that is taken from the bad one
                if problem["type"] != "default_factory_not_called"
            )
        ) from None


def unknown_variables(environment: Mapping[str, str]) -> set[str]:
    """Names of variables that begin like a setting and are none."""
    known = {name.upper() for name in _variables()} | _OTHERS
    return {name for name in environment if name.upper().startswith("SAMO_")} - known


def _variables() -> list[str]:
    return [f"SAMO_{name.upper()}" for name in Settings.model_fields]


# Read by tests and load tests, in the same shell maybe.
_OTHERS: Final = {"SAMO_TEST_DATA", "SAMO_LOADTEST_SERVER"}


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(
            "the port must be a whole number from 0 to 65535; it is --port's, or else PORT's"
        )
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise StartError(
            f"Cannot listen on {host}:{port}: {reason}. Give another by --host and --port."
        ) from None


def _serve(bento: str, listener: socket.socket, settings: Settings, grace_seconds: float) -> None:
    try:
        from bentoml.exceptions import BentoMLException

        from samo.http import server

        app = server.load(bento)
    except Exception as error:  # noqa: BLE001  # whatever it is: one line, no traceback
        # its message too: nobody has written anything to the service yet
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise StartError(
            f"{bento} cannot be loaded ({reason}): give --bento a service or a bento's folder, "
            "and start in the project's folder."
        ) from None
    try:
        server.run(app, listener, settings, grace_seconds)
    except StartError:
        raise
    except BentoMLException:  # of its store: nothing else of it is called here
        raise StartError(
            "A model is not in BentoML's store: run `make export`, or set BENTOML_HOME to the "
            "store that holds it. `bentoml models list` shows what is there."
        ) from None
    except Exception as error:  # noqa: BLE001
        raise StartError(f"The service failed: {private_logs.describe(error)}.") from None


def _end(status: int) -> NoReturn:
    """End the process, also where a thread computes on."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(_THREADS_SECONDS)
            if thread.is_alive():
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
    sys.exit(status)
