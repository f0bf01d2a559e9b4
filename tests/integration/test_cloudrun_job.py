"""The batch job's manifest, filled in as in docs/batch.md, and its command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml

from samo.settings import Settings
from tests.conftest import ROOT

JOB = ROOT / "deploy" / "cloudrun" / "job.yaml"
BLOCK = re.findall(
    r"```sh\n(.*?)```",
    (ROOT / "docs" / "batch.md").read_text().partition("## Cloud Run Job")[2],
    re.S,
)[0]
VALUES = {
    "PROJECT": "my-project",
    "BUCKET": "my-bucket",
    "IMAGE": "europe-west1-docker.pkg.dev/my-project/samo/samo@sha256:DIGEST",
}
FAKE_GCLOUD = """#!/bin/sh
printf '%s\\n' "$*" >>calls
"""


def expected() -> str:
    """Return the manifest with each of the three names replaced, and nothing else."""
    text = JOB.read_text()
    for name, value in VALUES.items():
        text = text.replace(f"${{{name}}}", value)
    return text


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """The folder in which the documented block was run."""
    if shutil.which("envsubst") is None:
        pytest.skip("envsubst is not installed")
    folder = tmp_path_factory.mktemp("job")
    shutil.copytree(ROOT / "deploy" / "cloudrun", folder / "deploy" / "cloudrun")
    (folder / "bin").mkdir()
    (folder / "bin" / "gcloud").write_text(FAKE_GCLOUD)
    (folder / "bin" / "gcloud").chmod(0o755)
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", BLOCK],
        cwd=folder, check=True,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    return folder


def test_the_documented_block_fills_in_the_manifest_and_passes_it_to_gcloud(rendered):
    assert (rendered / "job.yaml").read_text() == expected()
    calls = (rendered / "calls").read_text().splitlines()
    assert calls == [
        "run jobs replace job.yaml --project my-project --region europe-west1",
        "run jobs execute samo-batch --project my-project --region europe-west1",
    ]


def test_envsubst_without_a_list_of_names_does_no_harm(rendered):
    filled = subprocess.run(
        ["envsubst"], input=JOB.read_text(), env={"PATH": os.environ["PATH"], **VALUES},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert filled == expected()


def test_the_manifest_matches_the_schema_and_its_variables_are_settings():
    job = yaml.safe_load(expected())
    schema = json.loads((ROOT / "deploy" / "schemas" / "cloudrun_job.json").read_text())
    jsonschema.validate(job, schema)
    job["spec"]["template"]["spec"]["taskcount"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, schema)
    names = {variable["name"] for variable in container()["env"]}
    assert names <= {"BENTOML_HOME", *(f"SAMO_{field.upper()}" for field in Settings.model_fields)}


def container():
    task = yaml.safe_load(expected())["spec"]["template"]["spec"]["template"]["spec"]
    return task["containers"][0]


def test_the_command_links_the_models_and_can_be_repeated(tmp_path):
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "python3"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" && cat "$BENTOML_HOME/models/model"\n')
    fake.chmod(0o755)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model").write_text("weights\n")
    (home,) = (v["value"] for v in container()["env"] if v["name"] == "BENTOML_HOME")
    command = [
        part.replace("/bento/models", str(tmp_path / "models")).replace(home, f"{tmp_path}/home")
        for part in container()["command"]
    ]
    assert f"{tmp_path}/home" in command[2]
    for _ in range(2):
        done = subprocess.run(
            [*command, *container()["args"]],
            env={
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "BENTOML_HOME": f"{tmp_path}/home",
            },
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == [
            "-m", "samo", "batch", "/data/entries.jsonl", "/data/insights", "weights",
        ]  # fmt: skip


def test_the_bucket_is_mounted_at_the_commands_path_for_the_images_user():
    task = yaml.safe_load(expected())["spec"]["template"]["spec"]["template"]["spec"]
    (volume,) = task["volumes"]
    (mount,) = container()["volumeMounts"]
    assert mount["name"] == volume["name"]
    assert all(argument.startswith(mount["mountPath"]) for argument in container()["args"])
    ((user, group),) = re.findall(
        r"^USER (\d+):(\d+)$", (ROOT / "deploy" / "container" / "Dockerfile").read_text(), re.M
    )
    assert volume["csi"]["volumeAttributes"]["mountOptions"] == f"uid={user},gid={group}"


def test_every_account_exists_in_terraform():
    """In manifests, pipelines and pages; Terraform makes them."""
    made = set(
        re.findall(
            r'account_id\s*=\s*"([\w-]+)"',
            (ROOT / "deploy" / "terraform" / "accounts.tf").read_text(),
        )
    )
    named = {
        (str(path.relative_to(ROOT)), name)
        for folder in ("deploy", "docs", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".yaml", ".yml", ".sh", ".md", ".tf"}
        for name in re.findall(r"\b([\w-]+)@(?:\$\{\{?|PROJECT\b|\$)", path.read_text())
        if name.startswith("samo-")
    }
    assert {name for _, name in named} >= {"samo-run", "samo-batch", "samo-deploy"}
    assert {(path, name) for path, name in named if name not in made} == set()
