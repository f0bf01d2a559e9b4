"""Two emotion models of the store in one server."""

from __future__ import annotations

import json
from pathlib import Path

import bentoml
import pytest

from tests.e2e.conftest import serving

pytestmark = pytest.mark.models

MAX_BYTES = 2 * 1024**3
USERS = [f"user-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A model store with the models of the real one, and the emotion model a second time."""
    home = tmp_path_factory.mktemp("store")
    for name in ("samo-transcriber", "samo-emotion", "samo-summarizer"):
        model = bentoml.models.get(f"{name}:latest")
        folder = home / "models" / name
        folder.mkdir(parents=True)
        (folder / model.tag.version).symlink_to(model.path)
        (folder / "latest").write_text(model.tag.version)
    model = bentoml.models.get("samo-emotion:latest")
    copy = home / "models" / "samo-emotion" / "copy"
    copy.mkdir()
    for file in Path(model.path).iterdir():
        (copy / file.name).symlink_to(file)
    description = (copy / "model.yaml").read_text().replace(model.tag.version, "copy")
    (copy / "model.yaml").unlink()
    (copy / "model.yaml").write_text(description)
    return home


def test_both_models_serve_within_the_memory_of_the_container(store, tmp_path):
    text = "I finally saw my cousins after ten years and was so happy I cried."
    with serving(
        tmp_path / "log",
        BENTOML_HOME=str(store),
        SAMO_AB_MODEL="samo-emotion:copy",
        SAMO_AB_HEADER="X-User-ID",
    ) as client:
        answers = [
            client.post("/analyze/journal", json={"text": text}, headers={"X-User-ID": user})
            for user in USERS
        ]
        ready, status = client.get("/readyz").json(), client.get("/models/status").json()
        metrics = client.get("/metrics").text
    tags = {answer.headers["x-samo-variant"]: answer.headers["x-samo-model"] for answer in answers}
    assert tags == {"a": status["emotion"]["tag"], "b": "samo-emotion:copy"}
    for answer in answers:
        assert answer.json()["models"]["emotion"] == answer.headers["x-samo-model"]
    analyses = {json.dumps(answer.json()["emotion_analysis"]) for answer in answers}
    assert len(analyses) == 1  # the models are the same
    assert set(ready["models"].values()) == {"ready"}
    (memory,) = (
        float(line.split()[1])
        for line in metrics.splitlines()
        if line.startswith("process_resident_memory_bytes ")
    )
    assert memory < MAX_BYTES


def test_a_b_that_was_damaged_is_left_out(store, tmp_path):
    model = store / "models" / "samo-emotion" / "copy" / "calibration.json"
    content = model.read_bytes()
    model.unlink()
    model.write_bytes(content + b"\n")
    with serving(
        tmp_path / "log", BENTOML_HOME=str(store), SAMO_AB_MODEL="samo-emotion:copy"
    ) as client:
        answer = client.post("/predict", json={"text": "I miss them."})
        ready = client.get("/readyz").json()
    assert answer.status_code == 200
    assert "x-samo-variant" not in answer.headers
    assert (ready["status"], ready["models"]["emotion_b"]) == ("degraded", "unavailable")
    assert (
        "calibration.json of the model samo-emotion:copy was changed"
        in (tmp_path / "log").read_text()
    )
