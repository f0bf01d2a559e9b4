"""deploy.sh against a gcloud that fails on demand, and a service and a Monitoring that do."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "deploy" / "cloudrun" / "deploy.sh"
FAKE = Path(__file__).parent / "fake_gcloud.py"
IMAGE = "europe-west1-docker.pkg.dev/p/samo/samo@sha256:" + "b" * 64
TARGET = ["--project", "p", "--region", "europe-west1"]


class Cloud(BaseHTTPRequestHandler):
    """A service's canned answers and Monitoring's, as the test's `plan` says."""

    plan: dict

    def log_message(self, *_):
        pass

    def reply(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/health":
            self.plan["smoke_tests"] += 1
            self.reply({"status": "ok", "models": {"emotion": True}})
        elif path == "/models/status":
            tag = self.plan["tag"]
            self.reply({name: {"tag": tag} for name in ("transcriber", "emotion", "summarizer")})
        else:
            (promql,) = parse_qs(urlsplit(self.path).query)["query"]
            failed = "5xx" in promql
            self.plan["queries"].append((promql, self.headers["authorization"]))
            stage = (len(self.plan["queries"]) + 1) // 2
            if stage == self.plan.get("monitoring_down_at"):
                return self.reply({}, 503)
            share = 20 if stage == self.plan.get("errors_at") else 1
            self.reply({"data": {"result": [{"value": [0, str(share if failed else 200)]}]}})
        return None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/predict" and b"txet" in body:
            return self.reply({"error": {}}, 422)
        if self.path == "/predict":
            wrong = self.plan["smoke_tests"] == self.plan.get("wrong_at")
            emotion = "sadness" if b"heartbroken" in body or wrong else "joy"
            return self.reply({"emotions": [{"emotion": emotion}]})
        if self.path == "/analyze/journal":
            return self.reply({"degraded": [], "arc": [1, 2, 3], "summary": {"summary": "I cried"}})
        text = "Ask not what your country can do for you" if len(body) > 100_000 else ""
        return self.reply({"degraded": [], "transcription": {"text": text}})


class Deployment:
    """One run of the script and what it left behind."""

    def __init__(self, folder: Path, url: str, plan: dict) -> None:
        self.plan, self.url = plan, url
        self.state_file = folder / "state.json"
        self.bin = folder / "bin"
        self.bin.mkdir()
        gcloud = self.bin / "gcloud"
        gcloud.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {FAKE} "$@"\n')
        for name in ("make", "docker"):
            (self.bin / name).write_text(
                f'#!/bin/sh\necho "{name} $*" >>{folder}/built\ntest ! -e {folder}/{name}.fails\n'
            )
        for path in self.bin.iterdir():
            path.chmod(0o755)
        self.folder = folder

    def run(self, *options: str, **state) -> subprocess.CompletedProcess[str]:
        process = self.start(*options, **state)
        output, errors = process.communicate(timeout=100)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def start(self, *options: str, traffic=None, **state) -> subprocess.Popen[str]:
        start = {
            "calls": [],
            "traffic": {"samo-old": 100} if traffic is None else traffic,
            "tags": {},
            "url": self.url,
            **state,
        }
        self.state_file.write_text(json.dumps(start))
        return subprocess.Popen(
            ["bash", SCRIPT, *TARGET, "--soak", "0", "--monitoring", self.url, *options],
            env={
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "FAKE_STATE": str(self.state_file),
                "CONTAINER_ENGINE": "docker",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def state(self) -> dict:
        return json.loads(self.state_file.read_text())

    @property
    def shares(self) -> list[str]:
        """Percentages that the new revision was given, in order; a rollback is "back"."""
        result = []
        for call in self.state["calls"]:
            if "--to-revisions=" in call:
                first = call.split("--to-revisions=")[1].split()[0].split(",")[0]
                name, percent = first.split("=")
                result.append("back" if name == "samo-old" else percent)
        return result


@pytest.fixture
def deployment(tmp_path) -> Iterator[Deployment]:
    plan = {"smoke_tests": 0, "queries": [], "tag": "samo-emotion:x"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Planned", (Cloud,), {"plan": plan}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Deployment(tmp_path, f"http://127.0.0.1:{server.server_port}", plan)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def assert_rolled_back(deployment, done, *shares):
    assert done.returncode == 1, done.stderr
    assert deployment.shares == [*shares, "back"]
    assert deployment.state["traffic"] == {"samo-old": 100}
    assert deployment.state["tags"] == {}
    assert "samo-old has all traffic again" in done.stderr


def test_a_successful_deployment(deployment):
    done = deployment.run()
    assert done.returncode == 0, done.stderr
    assert deployment.shares == ["5", "50", "100"]
    ((revision, percent),) = deployment.state["traffic"].items()
    assert revision.startswith("samo-2")
    assert percent == 100
    assert deployment.state["tags"] == {}
    assert deployment.plan["smoke_tests"] == 4
    # two questions a share, about this revision
    assert len(deployment.plan["queries"]) == 6
    assert all(f'revision_name="{revision}"' in q for q, _ in deployment.plan["queries"])
    assert {token for _, token in deployment.plan["queries"]} == {"Bearer secret-token"}
    assert "secret-token" not in done.stdout + done.stderr
    built = (deployment.folder / "built").read_text().splitlines()
    assert [line.split()[0] for line in built] == ["make", "docker"]
    manifest = deployment.state["manifest"]
    assert "samo@sha256:" + "a" * 64 in manifest
    assert "${" not in manifest.replace("fills in ${...}", "")


def test_the_new_revision_starts_without_traffic(deployment):
    done = deployment.run("--image", IMAGE, fail="remove-tags=candidate --project|to-revisions")
    assert done.returncode == 3
    assert not (deployment.folder / "built").exists()
    new, old = deployment.state["traffic"].items()
    assert new[1] == 0
    assert old == ("samo-old", 100)


@pytest.mark.parametrize(
    ("smoke_test", "shares"), [(1, []), (2, ["5"]), (3, ["5", "50"]), (4, ["5", "50", "100"])]
)
def test_a_wrong_response_restores_the_old_revision(deployment, smoke_test, shares):
    deployment.plan["wrong_at"] = smoke_test
    done = deployment.run("--image", IMAGE)
    assert_rolled_back(deployment, done, *shares)
    assert "check_emotions FAILED: ['sadness'] instead of joy" in done.stderr


@pytest.mark.parametrize("reason", ["errors_at", "monitoring_down_at"])
@pytest.mark.parametrize(
    ("stage", "shares"), [(1, ["5"]), (2, ["5", "50"]), (3, ["5", "50", "100"])]
)
def test_errors_restore_the_old_revision(deployment, reason, stage, shares):
    deployment.plan[reason] = stage
    done = deployment.run("--image", IMAGE)
    assert_rolled_back(deployment, done, *shares)
    said = "error rate: 10.00% of 200" if reason == "errors_at" else "error rate: unknown"
    assert said in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("call", "shares"),
    [
        ("services replace", []),
        ("status.traffic.tag", []),
        ("print-identity-token", []),
        ("=5,", ["5"]),
        ("print-access-token", ["5"]),
        ("=50,", ["5", "50"]),
        (r"to-revisions=samo-2\S+=100", ["5", "50", "100"]),
    ],
)
def test_a_failing_gcloud_restores_the_old_revision(deployment, call, shares):
    done = deployment.run("--image", IMAGE, fail=call)
    assert_rolled_back(deployment, done, *shares)


def test_an_interrupted_script_restores_the_old_revision(deployment):
    process = deployment.start("--image", IMAGE, "--soak", "100")
    for line in process.stderr:
        if "5 % of the traffic" in line:
            break
    deadline = time.monotonic() + 60
    while "=5," not in deployment.state_file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.terminate()
    output, errors = process.communicate(timeout=60)
    done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
    assert_rolled_back(deployment, done, "5")


def test_a_rollback_is_repeated(deployment):
    deployment.plan["wrong_at"] = 1
    done = deployment.run("--image", IMAGE, fail="samo-old=100", fail_times=2)
    assert done.returncode == 1
    assert deployment.shares == ["back"] * 3
    assert deployment.state["traffic"] == {"samo-old": 100}


def test_a_failed_rollback_prints_the_command(deployment):
    deployment.plan["wrong_at"] = 2
    done = deployment.run("--image", IMAGE, fail="samo-old=100 ")
    assert done.returncode == 3
    last = shlex.split(done.stderr.splitlines()[-1])
    assert last[:5] == ["gcloud", "run", "services", "update-traffic", "samo"]
    assert "--to-revisions=samo-old=100" in last


def test_a_first_deployment_gets_all_traffic_and_has_no_rollback(deployment):
    done = deployment.run("--image", IMAGE, traffic={})
    assert done.returncode == 0, done.stderr
    assert list(deployment.state["traffic"].values()) == [100]
    deployment.plan["wrong_at"] = 2
    done = deployment.run("--image", IMAGE, traffic={})
    assert done.returncode == 1
    assert "there is no previous one" in done.stderr


def test_fake_models_are_not_deployed(deployment):
    deployment.plan["tag"] = "fake"
    assert_rolled_back(deployment, deployment.run("--image", IMAGE))


@pytest.mark.parametrize("tool", ["make", "docker"])
def test_a_failed_build_is_not_deployed(deployment, tool):
    (deployment.folder / f"{tool}.fails").touch()
    done = deployment.run()
    assert done.returncode != 0
    assert not any("replace" in call for call in deployment.state["calls"])


def test_split_traffic_is_not_changed(deployment):
    done = deployment.run("--image", IMAGE, traffic={"samo-a": 50, "samo-b": 50})
    assert done.returncode == 1
    assert "finish the earlier deployment first" in done.stderr
    assert not any("replace" in call or "update" in call for call in deployment.state["calls"])


def test_a_service_account_requests_its_audience(deployment):
    account = "deployer@p.iam.gserviceaccount.com"
    deployment.run("--image", IMAGE, account=account)
    tokens = [call for call in deployment.state["calls"] if "print-identity-token" in call]
    assert tokens == [f"auth print-identity-token --audiences={deployment.url}"] * 4


@pytest.mark.parametrize(
    "options", [["--imgae", IMAGE], ["--image", "samo:latest"], ["--soak"], ["--project", ""]]
)
def test_invalid_arguments_change_nothing(deployment, options):
    assert deployment.run(*options).returncode == 2
    assert deployment.state["calls"] == []


def test_help_lists_the_options():
    done = subprocess.run(["bash", SCRIPT, "--help"], capture_output=True, text=True, check=True)
    for option in ("--image", "--soak", "--max-error-rate", "--dry-run"):
        assert option in done.stdout


def dry_run(deployment) -> list[list[str]]:
    done = deployment.run("--dry-run")
    assert done.returncode == 0, done.stderr
    assert deployment.state["calls"] == []
    assert not (deployment.folder / "built").exists()
    return [shlex.split(line, comments=True) for line in done.stdout.splitlines()]


def test_a_dry_run_prints_what_a_real_run_calls(deployment):
    printed = [words[1:] for words in dry_run(deployment) if words[:1] == ["gcloud"]]
    deployment.run()
    called = [call.split() for call in deployment.state["calls"]]
    assert [words[:3] for words in printed] == [words[:3] for words in called]


def test_gcloud_parses_every_call(deployment, tmp_path):
    if not shutil.which("gcloud"):
        pytest.skip("gcloud is not installed")
    commands = {" ".join(words) for words in dry_run(deployment) if words[:1] == ["gcloud"]}
    # it is to be seen that a wrong one is found
    commands.add("gcloud run services update-traffic samo --to-revisionz=a=100 --region=r")
    file = tmp_path / "commands.json"
    file.write_text(json.dumps([{"command_string": command} for command in sorted(commands)]))
    done = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={file}"],
        env={**os.environ, "CLOUDSDK_CONFIG": str(tmp_path / "config")},
        capture_output=True,
        text=True,
        check=True,
    )
    results = json.loads(done.stdout)
    wrong = [result["command_string"] for result in results if not result["success"]]
    assert len(results) == len(commands)
    assert [command for command in wrong if "--to-revisionz" not in command] == []
    assert len(wrong) == 1
