"""`samo serve`: check the settings, listen on the port, serve in this process.

`bentoml serve` runs a supervisor that imports the service before its worker does, and stays in
memory. An instance has one worker: batching happens within a process, and a second worker would
load every model again. Whatever runs an instance (systemd, Docker, Cloud Run, Kubernetes) restarts
it. Clients that connect while the models load wait in the backlog.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from runners.errors import StartError
from samo import core_dumps, private_logs
from samo.monitoring import log_format
from samo.settings import (
    DEFAULT_PORT,
    Settings,
    StoreSettings,
    default_port,
    early_log_format,
)

BACKLOG: Final = 2048
DEFAULT_GRACE_SECONDS: Final = 8.0
# Native code that computes after the shutdown cannot be stopped; it is given this long.
_THREAD_JOIN_SECONDS: Final = 0.5


def main(arguments: Sequence[str]) -> NoReturn:
    """The command line; exits the process when the service has ended or cannot start."""
    args = build_parser().parse_args(arguments)
    core_dumps.disable()
    private_logs.install()
    log_format.install(early_log_format())
    try:
        settings = Settings.load()
        _check_store(StoreSettings().home)
        listener = _listen(args.host, default_port() if args.port is None else args.port)
        port = listener.getsockname()[1]
        log_format.write_line(logging.INFO, f"Loading; then http://localhost:{port}")
        _serve(args.bento, listener, settings, args.grace_seconds)
    except StartError as error:
        log_format.write_line(logging.ERROR, str(error))
        _exit_process(1)
    _exit_process(0)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo serve",
        description="Answer requests over HTTP. Environment variables SAMO_* configure the "
        "service; docs/api.md lists them.",
        epilog="This process does not restart itself if it is killed. What runs it does: systemd "
        "(deploy/systemd/samo.service), Docker with --restart, Kubernetes, Cloud Run. `bentoml "
        "serve` restarts its worker.",
    )
    parser.add_argument(
        "--bento",
        default="service:Samo",
        help="a service, or the folder of a bento (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 for all (default: %(default)s, this machine only)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        help=f"port to listen on (default: the variable PORT, or {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--grace-seconds",
        type=float,
        default=DEFAULT_GRACE_SECONDS,
        help="time for requests in progress at SIGTERM or SIGINT; a second signal skips it "
        "(default: %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("the port must be an integer from 0 to 65535")
    return int(text)


def _check_store(home: Path) -> None:
    """Create the folder of BentoML, which BentoML would do at its import."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is not a folder" if home.is_file() else error.strerror
        raise StartError(
            f"BENTOML_HOME cannot be used: {reason}. Name the folder with the model store, or "
            "unset it."
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise StartError(
            f"Cannot listen on {host}:{port}: {reason}. Choose another --host or --port."
        ) from None


def _serve(bento: str, listener: socket.socket, settings: Settings, grace_seconds: float) -> None:
    try:
        from bentoml.exceptions import BentoMLException

        from samo.http import server
        from samo.http.open_files import fit_open_files

        app = server.load(bento)
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001  # any error is printed in one line, without traceback
        # with its message: the service has received no user text yet
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise StartError(
            f"{bento} cannot be loaded ({reason}): pass a service or the folder of a bento to "
            "--bento, and start in the project's folder."
        ) from None
    try:
        server.run(app, listener, fit_open_files(settings), grace_seconds)
    except StartError:
        raise
    except BentoMLException:  # from its model store, the only part of it that is called here
        raise StartError(
            "A model is not in BentoML's store: run `make export`, or set BENTOML_HOME to the "
            "store that contains it. `bentoml models list` lists the models."
        ) from None
    except Exception as error:  # noqa: BLE001
        raise StartError(f"The service failed: {private_logs.describe(error)}.") from None


def _exit_process(status: int) -> NoReturn:
    """Exit, even if a thread is still computing."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(_THREAD_JOIN_SECONDS)
            if thread.is_alive():
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
    sys.exit(status)
