"""`samo serve` with fake runners in a subprocess: keys, their file, the address, the names."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import RECORDING, ROOT
from tests.e2e.conftest import serving

TEXT = {"text": "joy"}


def keys(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "samo", "keys", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_key_is_created_used_and_revoked_while_the_service_runs(tmp_path):
    file = tmp_path / "keys.json"
    phone = keys("new", "--name", "phone", "--scopes", "text", "--file", file)
    log = tmp_path / "log"
    with serving(log, SAMO_RUNNERS="fake", SAMO_API_KEYS_FILE=str(file)) as client:

        def status(key):
            headers = {"authorization": f"Bearer {key}"}
            return client.post("/predict", json=TEXT, headers=headers).status_code

        assert client.post("/predict", json=TEXT).status_code == 401
        assert status(phone) == 200
        laptop = keys("new", "--name", "laptop", "--scopes", "text", "--file", file)
        keys("revoke", "--name", "phone", "--file", file)
        time.sleep(1.1)  # the file is looked at once per second
        assert (status(phone), status(laptop)) == (401, 200)
    text = log.read_text()
    assert "No API keys" not in text
    assert "samo_" not in text.replace("samo_api", "")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    log = tmp_path_factory.mktemp("local") / "log"
    with serving(log, SAMO_RUNNERS="fake") as client:
        yield client, log


def test_a_service_without_keys_says_so_and_listens_on_this_machine_only(local):
    client, log = local
    assert "No API keys: everybody who reaches the port may call" in log.read_text()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(client.process.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_another_origins_page_cannot_make_a_local_service_work(local):
    client, _ = local
    upload = {"files": {"audio_file": RECORDING.read_bytes()}}
    refused = client.post("/transcribe/voice", headers={"origin": "https://evil.example"}, **upload)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_not_allowed")
    rebound = client.get("/metrics", headers={"host": f"evil.example:{client.base_url.port}"})
    assert (rebound.status_code, rebound.json()["error"]["code"]) == (421, "unknown_host")
    metrics = client.get("/metrics").text
    assert 'samo_requests_total{route="/transcribe/voice",status="200"}' not in metrics


def test_a_local_client_cannot_claim_another_address(tmp_path):
    with serving(tmp_path / "log", SAMO_RUNNERS="fake", SAMO_RATE_LIMIT="1/minute") as client:
        statuses = [
            client.post(
                "/predict", json=TEXT, headers={"x-forwarded-for": f"203.0.113.{number}"}
            ).status_code
            for number in range(3)
        ]
    assert statuses == [200, 429, 429]
