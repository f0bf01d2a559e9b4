"""A running service loads promoted versions of the emotion model, and loses no request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque

import httpx
import pytest
import yaml

from samo.hashing import sha256
from samo.model_store import Pointer
from tests.conftest import ROOT
from tests.e2e.conftest import serving

pytestmark = pytest.mark.models

NAME = "samo-emotion"
# nervousness and fear apply, with the thresholds of the checkpoint
ENTRY = "Couldn't sleep, kept thinking about the biopsy."
SECONDS = 180
# Requests that began before a promotion end with the former model.
RECENT = 6


def link(source, target):
    """Share a file with another store, or copy it to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def add_version(versions, source, version, **calibration):
    """A copy of a version with another calibration, and with the hashes of its files."""
    folder = versions / version
    shutil.copytree(source, folder, copy_function=link)
    content = json.loads((folder / "calibration.json").read_text()) | calibration
    manifest = yaml.safe_load((folder / "model.yaml").read_text()) | {"version": version}
    (folder / "drift.json").unlink()
    for name in ("calibration.json", "model.yaml"):
        (folder / name).unlink()  # a link: its file is the developer's
    (folder / "calibration.json").write_text(json.dumps(content))
    hashes = manifest["metadata"]["sha256"]
    hashes.pop("drift.json", None)
    hashes["calibration.json"] = sha256(folder / "calibration.json")
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))


@pytest.fixture(scope="module")
def home(tmp_path_factory, emotion_folder, transcriber_folder, summarizer_folder):
    """A store with two versions of the emotion model; the second finds no second emotion."""
    scratch = tmp_path_factory.mktemp("store")
    for folder in (emotion_folder, transcriber_folder, summarizer_folder):
        versions = scratch / "models" / folder.parent.name
        shutil.copytree(folder, versions / folder.name, copy_function=link)
        (versions / "latest").write_text(folder.name)
    add_version(scratch / "models" / NAME, emotion_folder, "strict", thresholds=[0.98] * 28)
    return scratch


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="module")
def client(home, log):
    with serving(log, BENTOML_HOME=str(home), SAMO_MODEL_RELOAD_SECONDS="0.2") as client:
        yield client


def models(home, *arguments, **environment):
    """Run `samo models`."""
    return subprocess.run(
        [sys.executable, "-m", "samo", "models", *arguments],
        cwd=ROOT, env={**os.environ, "BENTOML_HOME": str(home), **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def tag(client):
    return client.get("/models/status").json()["emotion"]["tag"]


def wait_for(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


class Load:
    """Sends an entry again and again from several threads; every response must be complete."""

    def __init__(self, url):
        self.url = url
        self.recent: deque[int] = deque(maxlen=RECENT)
        self.failures = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(3)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self):
        with httpx.Client(base_url=self.url, timeout=SECONDS) as client:
            while not self._stop.is_set():
                try:
                    response = client.post("/predict", json={"text": ENTRY})
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                if response.status_code != 200:
                    self.failures.append(response.text)
                else:
                    self.recent.append(len(response.json()["emotions"]))


def test_a_promotion_and_a_rollback_under_load_lose_no_request(home, client):
    first = tag(client)
    with Load(str(client.base_url)) as load:
        wait_for(lambda: [*load.recent] == [2] * RECENT)
        promoted = models(home, "promote", f"{NAME}:strict")
        assert (promoted.returncode, promoted.stdout) == (0, f"{NAME}:strict\n")
        wait_for(lambda: tag(client) == f"{NAME}:strict")
        wait_for(lambda: [*load.recent] == [1] * RECENT)
        rolled_back = models(home, "rollback")
        assert (rolled_back.returncode, rolled_back.stdout) == (0, f"{first}\n")
        wait_for(lambda: tag(client) == first)
    assert load.failures == []
    assert 'samo_model_reloads_total{outcome="loaded"} 2.0' in client.get("/metrics").text
    assert f'tag="{first}"' in client.get("/metrics").text


def test_the_reference_of_drift_must_belong_to_the_promoted_version(home, client):
    first = tag(client)
    reference = home / "models" / NAME / first.partition(":")[2] / "drift.json"
    refused = models(home, "promote", f"{NAME}:strict", SAMO_DRIFT_REFERENCE=str(reference))
    assert refused.returncode == 4
    assert f"{NAME}:strict cannot serve: SAMO_DRIFT_REFERENCE" in refused.stderr
    assert "calibration.json differs" in refused.stderr
    assert models(home, "promote", first, SAMO_DRIFT_REFERENCE=str(reference)).returncode == 0


def test_a_damaged_version_is_not_promoted_and_not_loaded(home, client, log, monkeypatch):
    versions = home / "models" / NAME
    add_version(versions, versions / tag(client).partition(":")[2], "damaged")
    calibration = versions / "damaged" / "calibration.json"
    calibration.write_text(calibration.read_text() + " ")
    refused = models(home, "promote", f"{NAME}:damaged")
    assert refused.returncode == 4
    assert "calibration.json of the model samo-emotion:damaged was changed" in refused.stderr

    first = tag(client)
    monkeypatch.setenv("BENTOML_HOME", str(home))
    former = Pointer.read(NAME)
    assert former is not None
    Pointer("damaged").write(NAME)
    wait_for(lambda: 'outcome="failed"} 1.0' in client.get("/metrics").text)
    assert tag(client) == first
    assert "the promoted version damaged of samo-emotion cannot serve" in log.read_text()
    assert client.post("/predict", json={"text": ENTRY}).status_code == 200
    former.write(NAME)
