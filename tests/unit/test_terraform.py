"""deploy/terraform parses, is formatted, and names only what the google provider knows.

No provider is at hand to `terraform validate` with; its published description stands in for it
(deploy/schemas). What it cannot see: whether a value is one that Google accepts.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from typing import Any

import hcl2
import jsonschema
import pytest
import yaml

from tests.conftest import ROOT

TERRAFORM = ROOT / "deploy" / "terraform"
SCHEMA = json.loads((ROOT / "deploy" / "schemas" / "terraform_google.json").read_text())


def plain(value: Any) -> Any:
    """Remove python-hcl2's markers, and replace dynamic blocks by their content."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {
        key.strip('"'): plain(item)
        for key, item in value.items()
        if key not in ("__is_block__", "__comments__", "__inline_comments__")
    }
    for block in result.pop("dynamic", []):
        for name, body in block.items():
            result.setdefault(name, []).extend(body["content"])
    return result


def parse() -> dict[str, Any]:
    """All files' blocks: kind to a list of {type: {name: body}}, or of {name: body}."""
    blocks: dict[str, Any] = {}
    for file in sorted(TERRAFORM.glob("*.tf")):
        with file.open(encoding="utf-8") as text:
            for kind, bodies in plain(hcl2.load(text)).items():
                blocks.setdefault(kind, []).extend(bodies)
    return blocks


@pytest.fixture(scope="module")
def blocks() -> dict[str, Any]:
    return parse()


def resources_of(blocks: dict[str, Any]) -> list[tuple[str, str, dict]]:
    return [
        (kind, name, body)
        for block in blocks["resource"]
        for kind, named in block.items()
        for name, body in named.items()
    ]


@pytest.mark.slow
def test_every_resource_matches_the_providers_schema(blocks):
    resources = resources_of(blocks)
    assert {kind for kind, _, _ in resources} >= {
        "google_cloud_run_v2_service",
        "google_artifact_registry_repository",
        "google_secret_manager_secret",
        "google_service_account",
        "google_billing_budget",
    }
    for kind, _, body in resources:
        jsonschema.validate({kind: body}, SCHEMA)


def rename(path, name):
    def apply(body):
        *steps, last = path
        for step in steps:
            body = body[step]
        body[name] = body.pop(last)

    return apply


def remove(path):
    def apply(body):
        *steps, last = path
        for step in steps:
            body = body[step]
        del body[last]

    return apply


CONTAINER = ("template", 0, "containers", 0)


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        ("google_cloud_run_v2_service", rename(("location",), "region")),
        ("google_cloud_run_v2_service", rename((*CONTAINER, "startup_probe"), "startupProbe")),
        ("google_cloud_run_v2_service", rename((*CONTAINER, "env", 0, "value"), "val")),
        ("google_cloud_run_v2_service", remove((*CONTAINER, "image"))),
        ("google_billing_budget", rename(("threshold_rules", 0, "threshold_percent"), "percent")),
        ("google_billing_budget", remove(("billing_account",))),
        ("google_secret_manager_secret", remove(("replication",))),
        ("google_artifact_registry_repository", rename(("format",), "formt")),
    ],
)
def test_a_mistake_is_found(blocks, kind, mistake):
    body = copy.deepcopy(next(body for k, _, body in resources_of(blocks) if k == kind))
    jsonschema.validate({kind: body}, SCHEMA)
    mistake(body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({kind: body}, SCHEMA)


def test_every_reference_exists(blocks):
    text = "\n".join(file.read_text() for file in TERRAFORM.glob("*.tf"))
    names = {f"{kind}.{name}" for kind, name, _ in resources_of(blocks)}
    assert set(re.findall(r"\b(google_\w+\.\w+)", text)) <= names
    variables = {name for block in blocks["variable"] for name in block}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables
    values = {name for block in blocks["locals"] for name in block}
    assert set(re.findall(r"\blocal\.(\w+)", text)) == values


def test_no_account_has_a_broad_role():
    roles = set(
        re.findall(r'"(roles/[\w.]+)"', "\n".join(f.read_text() for f in TERRAFORM.glob("*.tf")))
    )
    assert roles
    assert not roles & {"roles/owner", "roles/editor", "roles/viewer", "roles/run.admin"}


def test_the_account_is_that_of_the_manifest(blocks):
    manifest = (ROOT / "deploy" / "cloudrun" / "service.yaml").read_text()
    account = next(
        b for k, n, b in resources_of(blocks) if (k, n) == ("google_service_account", "run")
    )
    assert f"serviceAccountName: {json.loads(account['account_id'])}@" in manifest


def terraform(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    return subprocess.run(["terraform", *arguments], capture_output=True, text=True, **options)


def test_format():
    done = terraform("fmt", "-check", "-diff", "-recursive", str(TERRAFORM))
    assert done.returncode == 0, done.stdout


def test_terraform_reads_the_limits_from_the_manifest(tmp_path):
    for folder, file in (("cloudrun", "service.yaml"), ("terraform", "locals.tf")):
        (tmp_path / folder).mkdir()
        shutil.copy(ROOT / "deploy" / folder / file, tmp_path / folder)
    text = (TERRAFORM / "main.tf").read_text()
    value = r"local\.(?:[\w.]|\[[^\]]*\])+"
    expressions = sorted(set(re.findall(rf"tonumber\({value}\)|{value}", text)))
    assert len(expressions) > 10
    question = f"jsonencode([{', '.join(expressions)}])"
    done = terraform("console", input=question, cwd=tmp_path / "terraform")
    assert done.returncode == 0, done.stderr
    answers = dict(zip(expressions, json.loads(json.loads(done.stdout)), strict=True))
    spec = yaml.safe_load((tmp_path / "cloudrun" / "service.yaml").read_text())["spec"]["template"]
    limits = spec["spec"]["containers"][0]["resources"]["limits"]
    assert answers["local.container.resources.limits"] == limits
    concurrency = spec["spec"]["containerConcurrency"]
    assert answers["local.template.spec.containerConcurrency"] == concurrency
    assert answers['tonumber(local.annotations["autoscaling.knative.dev/minScale"])'] == 1
