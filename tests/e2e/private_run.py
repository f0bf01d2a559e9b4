"""Send all marked inputs to a server and collect what it writes; test_privacy.py looks through it.

    python -m tests.e2e.private_run FOLDER --mark zqx1234 --command samo --runners real

It runs in a process of its own, because `--isolated` needs one: started by `unshare --net`, it has
a network without a way out, in which it starts the server under strace. At the end the server is
aborted while it computes, so that it dumps what it would dump in a crash.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import httpx

from samo.access.keys import SCOPES, KeyFile, new_key
from tests.conftest import ROOT
from tests.e2e.conftest import free_port, wait_until_ready
from tests.e2e.marked_inputs import CASES, DIARY

COMMANDS: Final = {"samo": ["samo", "serve"], "bentoml": ["bentoml", "serve", "service:Samo"]}
# Every way to open a file for writing, and to send to an address.
TRACED: Final = "open,openat,openat2,creat,memfd_create,connect,sendto,sendmsg,sendmmsg"
_SET_FLAGS: Final = 0x8914  # SIOCSIFFLAGS
_IS_UP: Final = 1


def start_loopback() -> None:
    """A new network namespace has a loopback interface, which is down."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", _IS_UP)
        fcntl.ioctl(any_socket, _SET_FLAGS, request)


def allow_core_dumps() -> None:
    """As on a machine that is set up to debug crashes."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


class Run:
    """A server with folders of its own, and the answers to the marked inputs."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.folder: Path = arguments.folder
        self.mark: str = arguments.mark
        self.runners: str = arguments.runners
        self.command: str = arguments.command
        self.isolated: bool = arguments.isolated
        self.port = free_port()
        self.key, stored = new_key("phone", SCOPES)
        self.results: dict[str, Any] = {"started": time.time(), "answers": {}}
        for name in ("tmp", "home"):
            (self.folder / name).mkdir()
        (self.folder / "keys.json").write_text(KeyFile(keys=(stored,)).to_json())

    def environment(self) -> dict[str, str]:
        """Nothing is switched off that the service has to switch off itself."""
        store = os.environ.get("BENTOML_HOME", str(Path.home() / "bentoml"))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("BENTOML_DO_NOT_TRACK", "ORT_DISABLE_TELEMETRY")
            and not name.startswith("SAMO_")
        }
        if self.command == "bentoml":  # its command line tracks; docs/privacy.md says so
            inherited["BENTOML_DO_NOT_TRACK"] = "True"
        return inherited | {
            "BENTOML_HOME": store,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # as in the image
            "SAMO_RUNNERS": self.runners,
            "SAMO_LOG_FORMAT": "json",
            "SAMO_API_KEYS_FILE": str(self.folder / "keys.json"),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; its output goes to the file `log`."""
        command = [sys.executable, "-m", *COMMANDS[self.command]]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        if self.isolated:
            trace = [
                "strace",
                "--daemonize=grandchild",
                "--follow-forks",
                "--quiet=all",
                "--seccomp-bpf",
                f"--trace={TRACED}",
                f"--output={self.folder / 'trace'}",
            ]
            command = [*trace, *command]  # fmt: skip
        with (self.folder / "log").open("wb") as output:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.environment(), stdout=output, stderr=output,
                preexec_fn=allow_core_dumps, start_new_session=True,
            )  # fmt: skip

    def send_all(self, client: httpx.Client) -> None:
        """Send the marked inputs."""
        for number, case in enumerate(CASES):
            if case.needs not in (None, self.runners):
                continue
            client.headers["x-request-id"] = f"case-{number}"
            response = case.send(client, self.mark)
            self.results["answers"][case.name] = {
                "id": f"case-{number}",
                "status": None if response is None else response.status_code,
                "body": None if response is None else response.text,
            }
        client.headers["x-request-id"] = "state"
        for path in ("/metrics", "/models/status", "/health", "/openapi.json"):
            response = client.get(path)
            assert response.status_code == 200, path
            (self.folder / f"state{path.replace('/', '-')}").write_text(response.text)

    def abort(self, client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
        """Abort the server while it transcribes; bentoml's has another process, and is stopped."""
        limits = Path(f"/proc/{process.pid}/limits")
        if limits.exists():
            self.results["limits"] = limits.read_text()

        def upload() -> None:
            files = {"audio_file": (f"{self.mark}.flac", DIARY)}
            try:
                client.post("/analyze/voice-journal", files=files)
            except httpx.TransportError:
                self.results["cut"] = True

        thread = threading.Thread(target=upload)
        thread.start()
        time.sleep(0.3)
        process.send_signal(signal.SIGABRT if self.command == "samo" else signal.SIGTERM)
        thread.join()
        self.results["exit"] = process.wait(timeout=60)

    def main(self) -> None:
        """Run the server, and write what came back to `results.json`."""
        if self.isolated:
            start_loopback()
        process = self.start()
        try:
            headers = {"authorization": f"Bearer {self.key}"}
            base_url = f"http://127.0.0.1:{self.port}"
            with httpx.Client(base_url=base_url, timeout=120, headers=headers) as client:
                wait_until_ready(client, process, self.folder / "log")
                self.send_all(client)
                self.abort(client, process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # bentoml's worker too
        self.results["key"] = self.key
        (self.folder / "results.json").write_text(json.dumps(self.results))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mark", required=True)
    parser.add_argument("--command", choices=[*COMMANDS], required=True)
    parser.add_argument("--runners", choices=["real", "fake"], required=True)
    parser.add_argument("--isolated", action="store_true")
    Run(parser.parse_args()).main()


if __name__ == "__main__":
    main()
