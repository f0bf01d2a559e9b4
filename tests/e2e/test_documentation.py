"""The commands and programs in README.md, CONTRIBUTING.md, SECURITY.md and docs/ are run.

All run against one server with the real models, except those in `NOT_RUN`. Each must succeed and
print something; if the page shows its response, names and types are compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documentation import PAGES, Block, assert_same_shape, blocks, commands, title

DOCUMENTED_URL = "http://localhost:3000"
# The tests may run in another environment, and without the installed command.
DOCUMENTED_COMMAND, COMMAND = ".venv/bin/samo", f"{sys.executable} -m samo"
DOCUMENTED_KEYS = "keys.json"  # a file that the commands write
TIMEOUT_SECONDS = 60

_GOOGLE = "needs Terraform and an account of Google Cloud"
_JOB = "tests/integration/test_cloudrun_job.py runs the block with a fake gcloud"
_ENGINE = "needs root and minutes; `.ci/run` runs it"
_CLUSTER = "needs a cluster; tests/unit/test_deploy_files.py checks the manifests"
_SIGNED = "needs a published image, which a pipeline has signed"
_TRAINING = "takes minutes to hours, with corpora that are not in the repository"
_FEEDBACK = "needs a database; tests/integration/test_feedback*.py have the route and the command"

# Commands by their first line, and why they are not run.
_PROMOTION = "changes the model store; tests/commands/test_model_versions.py runs the command"
NOT_RUN = {
    "make serve": "tests/e2e/test_serve.py starts the server with the same command",
    "SAMO_CORS_ORIGINS=http://localhost:8080 make serve": "tests/unit/test_cors.py has origins",
    "SAMO_CORS_ORIGINS=app://obsidian.md,capacitor://localhost,http://localhost make serve": (
        "tests/http/test_obsidian.py allows these origins"
    ),
    "python3 -m http.server 8080 --bind 127.0.0.1 --directory docs/examples/recorder": (
        "serves until it is stopped; tests/e2e/test_docs_site.py opens the page"
    ),
    "make docs": "serves until it is stopped; tests/e2e/test_docs_site.py builds the site",
    "make test": "runs this test",
    "make monitor": "runs until Ctrl-C; tests/integration/test_monitoring.py runs Prometheus",
    "make monitor URL=http://localhost:3000": "as `make monitor`",
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 .venv/bin/samo serve": (
        "tests/e2e/test_tracing.py starts a server with this variable"
    ),
    "make test-fast": "runs a part of the tests",
    "make lint": "takes a minute; `.ci/run` runs it",
    "make format": "changes files",
    ".venv/bin/samo journal docs/examples/diary --output diary.html": (
        "writes a file; tests/commands/test_journal.py runs the command"
    ),
    "curl -sf http://localhost:3000/monitoring/drift/reference -o reference.json": (
        "a new service has no window yet; tests/http/test_drift.py asks for it"
    ),
    "make batch IN=entries.jsonl OUT=insights": "tests/integration/test_batch.py runs `samo batch`",
    "cat insights/part-*.jsonl > insights.jsonl": "needs the output of the command above it",
    "duckdb -c \"from 'insights/part-*.parquet'\"": "duckdb is another program",
    ".venv/bin/samo batch IN OUT --engine ray --workers 8 --threads 2": (
        "tests/integration/test_batch_engines.py runs Ray"
    ),
    ".venv/bin/samo batch IN OUT --engine ray --workers 64 --threads 2 --address HEAD:6379": (
        "needs a cluster of Ray"
    ),
    ".venv/bin/python -m loadtests.batch_run --entries 150 --rounds 3": "takes minutes",
    "cosign verify --certificate-identity-regexp '^https://github.com/OWNER/REPOSITORY/'": _SIGNED,
    "cosign verify-attestation --type cyclonedx … IMAGE@DIGEST": _SIGNED,
    "export PROJECT=my-project BUCKET=my-bucket": _JOB,
    "export IMAGE=europe-west1-docker.pkg.dev/my-project/samo/samo@sha256:DIGEST": _JOB,
    "envsubst '$PROJECT $BUCKET $IMAGE' < deploy/cloudrun/job.yaml > job.yaml": _JOB,
    'gcloud run jobs replace job.yaml --project "$PROJECT" --region europe-west1': _JOB,
    'gcloud run jobs execute samo-batch --project "$PROJECT" --region europe-west1': _JOB,
    "cd deploy/terraform": _GOOGLE,
    "terraform init": _GOOGLE,
    "terraform apply -target=google_artifact_registry_repository.samo": _GOOGLE,
    "terraform apply": _GOOGLE,
    "deploy/cloudrun/deploy.sh --project PROJECT --region europe-west1": (
        "tests/integration/test_cloudrun_deploy.py runs the script with a fake gcloud"
    ),
    "make image": _ENGINE,
    "make image-test": _ENGINE,
    "docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:3000:3000 "
    "-e SAMO_ALLOW_ANONYMOUS=true samo": _ENGINE,
    "kubectl apply -f deploy/k8s/base/namespace.yaml": _CLUSTER,
    "kubectl create secret generic samo-api-keys --namespace samo --from-file keys.json": _CLUSTER,
    "kubectl create secret generic samo-monitoring-key --namespace samo "
    "--from-literal key=samo_...": _CLUSTER,
    "(cd deploy/k8s/base && kustomize edit set image samo=REGISTRY/samo@sha256:...)": _CLUSTER,
    "SAMO_API_KEYS_FILE=keys.json .venv/bin/samo serve --host 0.0.0.0": (
        "tests/e2e/test_access.py starts a server with keys"
    ),
    "kubectl apply -k deploy/k8s/overlays/one-node": _CLUSTER,
    "kubectl label namespace YOURS samo-access=true": _CLUSTER,
    "make train-emotion DATA=../shared/data": _TRAINING,
    "make eval-emotion DATA=../shared/data": _TRAINING,
    "make train-emotion-small DATA=../shared/data": _TRAINING,
    "make eval-emotion DATA=../shared/data MODEL=small": _TRAINING,
    "make train-summarizer DATA=../shared/data": _TRAINING,
    "make fit-selection DATA=../shared/data": _TRAINING,
    "make eval-summarizer DATA=../shared/data": _TRAINING,
    "make retrain IN=feedback.jsonl DATA=../shared/data": _TRAINING,
    "make eval-retrain DATA=../shared/data": _TRAINING,
    ".venv/bin/samo models promote samo-emotion:8cd2f1a09b3e4d57": _PROMOTION,
    ".venv/bin/samo models rollback": _PROMOTION,
    "SAMO_AB_MODEL=samo-emotion:VERSION SAMO_AB_MODE=shadow SAMO_AB_SHARE=1 .venv/bin/samo serve": (
        "tests/integration/test_ab.py starts a server with two models"
    ),
    "SAMO_FEEDBACK_URL=sqlite:///$HOME/.local/share/samo/feedback.db .venv/bin/samo ab report": (
        "tests/commands/test_ab.py runs the command on feedback of a service"
    ),
    "make eval-trends": "takes minutes",
    "make chaos": "takes minutes; tests/faults causes the same faults",
    "python -m training.emotion.publish --adapter checkpoints/emotion --target runs/emotion": (
        _TRAINING
    ),
    "for loss in bce focal asymmetric; do": _TRAINING,
    "python -m training.emotion.compare_runs --data ../shared/data --runs": _TRAINING,
    "mkdir -p ~/.local/share/samo": _FEEDBACK,
    "SAMO_FEEDBACK_URL=sqlite:///$HOME/.local/share/samo/feedback.db .venv/bin/samo serve": (
        _FEEDBACK
    ),
    "export SAMO_FEEDBACK_URL=sqlite:///$HOME/.local/share/samo/feedback.db": _FEEDBACK,
    "curl -s http://localhost:3000/feedback -H 'Content-Type: application/json' -d '{": _FEEDBACK,
    "SAMO_FEEDBACK_URL=postgresql://owner:password@host/database .venv/bin/samo feedback migrate": (
        _FEEDBACK
    ),
    ".venv/bin/samo feedback stats": _FEEDBACK,
    ".venv/bin/samo feedback export --output feedback.jsonl": _FEEDBACK,
    ".venv/bin/samo feedback erase user-17 --key phone": _FEEDBACK,
    # programs
    "import subprocess": _GOOGLE,
    "client = OpenAI(": _GOOGLE,
}


def programs() -> list[Block]:
    """Return each shell command and each Python program of the pages as a block."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh", "python"):
            parts = commands(block.code) if block.language == "sh" else [block.code]
            # the response that the page shows is that of the last command
            outputs = [*[None] * (len(parts) - 1), block.output]
            found += [
                Block(page, block.language, code, output)
                for code, output in zip(parts, outputs, strict=True)
            ]
    return found


PROGRAMS = programs()
RUN = [program for program in PROGRAMS if title(program.code) not in NOT_RUN]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """Variables with which `python` is this interpreter and curl fails at an error status."""
    home = tmp_path_factory.mktemp("curl")
    (home / ".curlrc").write_text("fail-with-body\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "CURL_HOME": str(home), "NO_PROXY": "127.0.0.1", "PATH": path}


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory) -> Path:
    """The file of the keys that the pages create, list and revoke."""
    return tmp_path_factory.mktemp("keys") / DOCUMENTED_KEYS


@pytest.mark.models
@pytest.mark.parametrize(
    "program", RUN, ids=[f"{program.page.stem}: {title(program.code)}" for program in RUN]
)
def test_a_program_runs_as_documented(program, server, environment, keys_file):
    code = program.code.replace(DOCUMENTED_URL, str(server.base_url).rstrip("/"))
    code = code.replace(DOCUMENTED_COMMAND, COMMAND).replace(DOCUMENTED_KEYS, str(keys_file))
    interpreter = (
        ["bash", "-eu", "-o", "pipefail"] if program.language == "sh" else [sys.executable]
    )
    done = subprocess.run(
        [*interpreter, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).strip()
    if program.output is not None:
        assert_same_shape(json.loads(program.output), json.loads(done.stdout))


def test_every_command_that_is_not_run_is_on_a_page():
    assert set(NOT_RUN) - {title(program.code) for program in PROGRAMS} == set()


def test_the_examples_of_the_api_are_run():
    assert sum(DOCUMENTED_URL in program.code for program in RUN) >= 5
