"""The files in deploy/ match the schemas of the tools that read them, and mistakes are found."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from samo.settings import Settings
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
KUBERNETES = "1.32"
BIN = Path(sys.executable).parent


def schema(name: str) -> dict:
    return json.loads((DEPLOY / "schemas" / name).read_text())


def environment_of(container: dict) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container["env"]}


def assert_settings_are_real(container: dict) -> None:
    """Assert that every variable is a setting, with a valid value."""
    variables = environment_of(container)
    own = {name for name in variables if name.startswith("SAMO_")}
    assert own <= {f"SAMO_{field.upper()}" for field in Settings.model_fields}
    assert set(variables) - own <= {"PORT"}
    settings = Settings.model_validate(
        {name.removeprefix("SAMO_").lower(): variables[name] for name in own}
    )
    # the image does not start without one of the two
    assert settings.allow_anonymous or settings.api_keys_file


# Cloud Run


@pytest.fixture(scope="module")
def manifest() -> dict:
    """The manifest that deploy.sh passes to gcloud."""
    image = "europe-west1-docker.pkg.dev/p/samo/samo@sha256:" + "b" * 64
    done = subprocess.run(
        ["bash", DEPLOY / "cloudrun" / "deploy.sh", "--dry-run", "--project", "p", "--region", "r",
         "--image", image],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = "\n".join(
        line.removeprefix("# ") for line in done.stdout.splitlines() if line.startswith("# ")
    )
    return yaml.safe_load(text)


def test_cloud_runs_manifest(manifest):
    jsonschema.validate(manifest, schema("cloudrun_service.json"))
    assert manifest["apiVersion"] == "serving.knative.dev/v1"
    assert manifest["kind"] == "Service"
    template = manifest["spec"]["template"]
    container = template["spec"]["containers"][0]
    assert re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", container["image"])
    assert template["spec"]["serviceAccountName"] == "samo-run@p.iam.gserviceaccount.com"
    assert_settings_are_real(container)
    assert sum(target["percent"] for target in manifest["spec"]["traffic"]) == 100
    assert "${" not in json.dumps(manifest)


def change(*path, value=None, rename=None):
    """A manifest with one thing wrong: a value, or the name of a field."""

    def apply(document: dict) -> dict:
        wrong = copy.deepcopy(document)
        part = wrong
        for step in path[:-1]:
            part = part[step]
        if rename:
            part[rename] = part.pop(path[-1])
        else:
            part[path[-1]] = value
        return wrong

    return apply


CONTAINER = ("spec", "template", "spec", "containers", 0)
ANNOTATIONS = ("spec", "template", "metadata", "annotations")


@pytest.mark.parametrize(
    "mistake",
    [
        change("spec", "template", "spec", "containerConcurrency", rename="containerConcurency"),
        change("spec", "template", "spec", "containerConcurrency", value="8"),
        change(*CONTAINER, "startupProbe", rename="startUpProbe"),
        change(*CONTAINER, "startupProbe", "httpGet", rename="httpget"),
        change(*CONTAINER, "resources", "limits", rename="limit"),
        change(*CONTAINER, "securityContext", value={"runAsUser": 1}),  # not Cloud Run's
        change(*CONTAINER, "image", rename="img"),
        change(*ANNOTATIONS, "autoscaling.knative.dev/minScale", rename="autoscaling.knative.dev/minscale"),  # noqa: E501
        change(*ANNOTATIONS, "run.googleapis.com/startup-cpu-boost", value=True),
        change("metadata", "annotations", "run.googleapis.com/cpu-throttling", value="true"),
        change("spec", "traffic", 0, "percent", value="0"),
    ],
)  # fmt: skip
def test_a_mistake_in_cloud_runs_manifest_is_found(manifest, mistake):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(mistake(manifest), schema("cloudrun_service.json"))


def test_shell_scripts():
    scripts = sorted(DEPLOY.rglob("*.sh"))
    assert scripts
    done = subprocess.run([BIN / "shellcheck", *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# Pipelines

PIPELINES = {
    ".github/workflows/pipeline.yml": "vendor.github-workflows",
    "deploy/cloudbuild.yaml": "vendor.cloudbuild",
}


def check_pipeline(path: Path, name: str) -> int:
    return subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", name, path], capture_output=True
    ).returncode


@pytest.mark.parametrize(("path", "name"), PIPELINES.items())
def test_pipelines(path, name, tmp_path):
    assert check_pipeline(ROOT / path, name) == 0
    text = (ROOT / path).read_text()
    wrong = tmp_path / Path(path).name
    wrong.write_text(re.sub(r"^(jobs|steps):", r"\1z:", text, flags=re.MULTILINE))
    assert wrong.read_text() != text
    assert check_pipeline(wrong, name) == 1
    assert re.search(r"\.ci/run$", text, re.MULTILINE)
    assert text.index(".ci/run image") < text.index("deploy.sh --")
    assert "make " not in text


def test_the_workflow_of_retraining():
    path = ".github/workflows/retrain.yml"
    assert check_pipeline(ROOT / path, "vendor.github-workflows") == 0
    steps = yaml.safe_load((ROOT / path).read_text())["jobs"]["retrain"]["steps"]
    assert "deploy/cloudrun/retrain.sh" in steps[-2]["run"]
    assert "deploy/cloudrun/deploy.sh" in steps[-1]["run"]
    assert steps[-1]["if"] == "steps.retrain.outputs.tag != ''"


def test_the_manifest_and_the_image_of_the_retraining_job():
    text = (DEPLOY / "cloudrun" / "retrain.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {"PROJECT", "IMAGE", "BUCKET", "URL"}
    job = yaml.safe_load(text)
    jsonschema.validate(job, schema("cloudrun_job.json"))
    task = job["spec"]["template"]["spec"]["template"]["spec"]
    (container,) = task["containers"]
    assert (ROOT / container["command"][0]).is_file()
    assert container["args"][0] == container["volumeMounts"][0]["mountPath"]
    recipe = DEPLOY / "container" / "Dockerfile.retrain"
    done = subprocess.run([BIN / "hadolint", recipe], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    user = re.search(r"^USER (\d+)$", recipe.read_text(), re.MULTILINE)
    assert user is not None
    options = task["volumes"][0]["csi"]["volumeAttributes"]["mountOptions"]
    assert options == f"uid={user[1]},gid={user[1]}"


# Kubernetes


def kustomize(overlay: str) -> list[dict]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        ["kubectl", "kustomize", DEPLOY / "k8s" / "overlays" / overlay],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return list(yaml.safe_load_all(done.stdout))


def validate_resource(resource: dict) -> None:
    if resource["kind"] == "ServiceMonitor":
        jsonschema.validate(resource, schema("service_monitor.json"))
    else:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


ALWAYS = {"Namespace", "ServiceAccount", "Deployment", "Service", "NetworkPolicy"}
MANY = {"HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceMonitor"}


@pytest.mark.parametrize(("overlay", "more"), [("one-node", set()), ("many-nodes", MANY)])
def test_kubernetes(overlay, more):
    resources = {resource["kind"]: resource for resource in kustomize(overlay)}
    assert set(resources) == ALWAYS | more
    for resource in resources.values():
        validate_resource(resource)
    assert {r["metadata"].get("namespace", "samo") for r in resources.values()} == {"samo"}
    template = resources["Deployment"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert_settings_are_real(container)
    file = Path(environment_of(container)["SAMO_API_KEYS_FILE"])
    assert str(file.parent) in {mount["mountPath"] for mount in container["volumeMounts"]}
    labels = template["metadata"]["labels"].items()
    ports = {port["name"] for port in container["ports"]}
    assert resources["Service"]["spec"]["selector"].items() <= labels
    assert resources["Service"]["spec"]["ports"][0]["targetPort"] in ports
    policy = resources["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels
    assert policy["ingress"][0]["ports"][0]["port"] in ports
    assert policy["egress"] == []
    if more:
        assert "replicas" not in resources["Deployment"]["spec"]  # the autoscaler's
        monitor = resources["ServiceMonitor"]["spec"]
        service = resources["Service"]
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        ("Deployment", change(*CONTAINER, "readinessProbe", rename="readynessProbe")),
        ("Deployment", change(*CONTAINER, "ports", 0, "containerPort", value="http")),
        ("PodDisruptionBudget", change("spec", "maxUnavailable", rename="maxUnavailble")),
        ("HorizontalPodAutoscaler", change("spec", "metrics", 0, "resource", rename="resources")),
        ("HorizontalPodAutoscaler", change("spec", "maxReplicas", rename="maxReplica")),
        ("NetworkPolicy", change("spec", "policyTypes", rename="policyType")),
        ("ServiceMonitor", change("spec", "endpoints", 0, "interval", rename="intervall")),
        ("ServiceMonitor", change("spec", "endpoints", 0, "interval", value="15 seconds")),
    ],
)
def test_a_mistake_in_kubernetes_is_found(kind, mistake):
    resource = next(r for r in kustomize("many-nodes") if r["kind"] == kind)
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        validate_resource(mistake(resource))


def test_the_autoscalers_metric_exists():
    from samo.monitoring import metrics

    metrics.queue_length.labels("emotion").set(0)
    adapter = yaml.safe_load((DEPLOY / "k8s" / "prometheus-adapter.yaml").read_text())
    (rule,) = adapter["rules"]["custom"]
    autoscaler = next(r for r in kustomize("many-nodes") if r["kind"] == "HorizontalPodAutoscaler")
    pods = autoscaler["spec"]["metrics"][1]["pods"]
    assert rule["name"]["as"] == pods["metric"]["name"]
    series = rule["seriesQuery"].partition("{")[0]
    assert f"\n{series}{{" in metrics.render().decode()
