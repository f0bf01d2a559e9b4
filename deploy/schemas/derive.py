"""Derive the strict schemas in this folder from published packages.

    python -m deploy.schemas.derive

The published schemas of Cloud Run's manifests allow unknown fields, and terraform cannot validate
without its provider. The derived schemas reject every name that the source does not contain: a
misspelt field, annotation, block or attribute.

| file | source |
| --- | --- |
| cloudrun_service.json, cloudrun_job.json | document run.v1 in google-api-python-client |
| terraform_google.json | the google provider's description in cdktn-provider-google |
| service_monitor.json | the Prometheus operator's models in cloudcoil-models-prometheus-operator |
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.progress import track

Schema = dict[str, Any]

FOLDER: Final = Path(__file__).parent
DISCOVERY: Final = "google-api-python-client==2.202.0"
PROVIDER: Final = "cdktn-provider-google==21.1.0"
OPERATOR: Final = "cloudcoil-models-prometheus-operator==0.80.1.0"
RESOURCES: Final = (
    "google_artifact_registry_repository",
    "google_artifact_registry_repository_iam_member",
    "google_billing_budget",
    "google_cloud_run_v2_service",
    "google_cloud_run_v2_service_iam_member",
    "google_monitoring_notification_channel",
    "google_project_iam_member",
    "google_project_service",
    "google_secret_manager_secret",
    "google_secret_manager_secret_iam_member",
    "google_service_account",
    "google_service_account_iam_member",
    "google_storage_bucket_iam_member",
)
# Terraform's meta-arguments, which every resource accepts.
META_ARGUMENTS: Final = ("count", "depends_on", "for_each", "lifecycle", "provider", "dynamic")
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def cloudrun_service() -> Schema:
    """Return the schema of a Cloud Run Service in Knative's format."""
    return _cloudrun("Service", {"Service": "Service", "RevisionTemplate": "Revision"})


def cloudrun_job() -> Schema:
    """Return the schema of a Cloud Run Job in Knative's format."""
    return _cloudrun("Job", {"Job": "Job", "ExecutionTemplateSpec": "Execution"})


def _cloudrun(kind: str, annotated: dict[str, str]) -> Schema:
    """Return the schema of a Cloud Run resource.

    `annotated` maps each annotated schema to its resource.

    Some rules are only in the descriptions of the discovery document: fields that are "Not
    supported by Cloud Run" are removed, "Required." ones are required, and only the annotations
    that are listed for the resource are allowed.
    """
    document = json.loads(
        _download(DISCOVERY).read("googleapiclient/discovery_cache/documents/run.v1.json")
    )
    definitions = {name: _strict(schema) for name, schema in document["schemas"].items()}
    annotations = document["schemas"]["ObjectMeta"]["properties"]["annotations"]["description"]
    accepted = re.findall(r"`([\w./-]+)`: ([\w, ]+)", annotations)
    for definition, resource in annotated.items():
        names = [name for name, where in accepted if resource in where or "All" in where]
        definitions[definition]["properties"]["metadata"]["properties"] = {
            "annotations": {"propertyNames": {"enum": sorted(names)}}
        }
    definitions["ObjectMeta"]["required"] = ["name"]  # gcloud knows the namespace
    return {
        "$schema": DIALECT,
        "$comment": f"derived from {DISCOVERY}, run.v1 of {document['revision']}",
        "$ref": f"#/$defs/{kind}",
        "$defs": _reachable(kind, definitions),
    }


def _strict(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    result: Schema = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "items" in schema:
        result["items"] = _strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = _strict(schema["additionalProperties"])
    if "properties" in schema:
        described = {name: p.get("description", "") for name, p in schema["properties"].items()}
        kept = {
            name: _strict(schema["properties"][name])
            for name, words in described.items()
            if not words.startswith("Not supported by Cloud Run")
        }
        result["properties"] = kept
        result["required"] = [n for n, words in described.items() if words.startswith("Required.")]
        result["additionalProperties"] = False
    return result


def _reachable(start: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    found: set[str] = set()
    open_names = [start]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += re.findall(r'"#/\$defs/(\w+)"', json.dumps(definitions[name]))
    return {name: definitions[name] for name in sorted(found)}


def terraform_google() -> Schema:
    """Return the schema of the resources in deploy/terraform, as python-hcl2 parses them.

    A block is a list of objects. Names and required attributes are checked; values may be any
    expression.
    """
    wheel = _download(PROVIDER)
    packed = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(packed))) as archive:
        member = archive.extractfile("package/.jsii")
        assert member is not None  # noqa: S101  # every jsii package has it
        types = json.load(member)["types"]
    definitions: dict[str, Schema] = {}
    properties = {
        resource: {"$ref": f"#/$defs/{_block(_config_of(resource, types), types, definitions)}"}
        for resource in RESOURCES
    }
    for reference in properties.values():
        resource = definitions[reference["$ref"].rpartition("/")[2]]
        resource["properties"] |= dict.fromkeys(META_ARGUMENTS, True)
    return {
        "$schema": DIALECT,
        "$comment": f"derived from {PROVIDER}",
        "properties": properties,
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _config_of(resource: str, types: dict[str, Any]) -> str:
    camel = "".join(part.title() for part in resource.removeprefix("google_").split("_"))
    return next(fqn for fqn in types if fqn.endswith(f".{camel}Config"))


def _block(fqn: str, types: dict[str, Any], definitions: dict[str, Schema]) -> str:
    """Add the block of a type, and those in it, to the definitions; return its name there."""
    name: str = types[fqn]["name"]
    if name in definitions:
        return name
    properties: Schema = {}
    required: list[str] = []
    definitions[name] = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    for item in types[fqn].get("properties", ()):
        # the link to the registry's page ends with terraform's name of the attribute
        link = re.search(r"#(\w+) ", json.dumps(item.get("docs", {})))
        if not link:
            continue  # added by the kit
        nested = [f for f in _references(item["type"]) if types.get(f, {}).get("datatype")]
        properties[link[1]] = (
            {"type": "array", "items": {"$ref": f"#/$defs/{_block(nested[0], types, definitions)}"}}
            if nested
            else True
        )
        if not item.get("optional"):
            required.append(link[1])
    return name


def _references(kind: Any) -> list[str]:
    if isinstance(kind, list):
        return [fqn for part in kind for fqn in _references(part)]
    if isinstance(kind, dict):
        names = [kind["fqn"]] if "fqn" in kind else []
        return names + [fqn for part in kind.values() for fqn in _references(part)]
    return []


def service_monitor() -> Schema:
    """Return the schema of the Prometheus operator's resource ServiceMonitor."""
    program = (
        "import json; from cloudcoil.models.prometheus_operator import v1;"
        "print(json.dumps(v1.ServiceMonitor.model_json_schema(by_alias=True)))"
    )
    with tempfile.TemporaryDirectory() as folder:
        _pip("install", "--target", folder, OPERATOR)
        done = subprocess.run(  # noqa: S603  # the program above
            [sys.executable, "-c", program],
            env={"PYTHONPATH": folder},
            capture_output=True,
            check=True,
        )
    schema = json.loads(done.stdout)
    for part in (schema, *schema["$defs"].values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return {"$schema": DIALECT, "$comment": f"derived from {OPERATOR}", **schema}


def _pip(*arguments: str) -> None:
    subprocess.run(  # noqa: S603  # constant arguments
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments],
        check=True,
    )


def _download(requirement: str) -> zipfile.ZipFile:
    """Fetch a wheel without installing it."""
    with tempfile.TemporaryDirectory() as folder:
        _pip("download", "--no-deps", "--dest", folder, requirement)
        (wheel,) = Path(folder).iterdir()
        return zipfile.ZipFile(io.BytesIO(wheel.read_bytes()))


DERIVED: Final[dict[str, Callable[[], Schema]]] = {
    "cloudrun_service.json": cloudrun_service,
    "cloudrun_job.json": cloudrun_job,
    "terraform_google.json": terraform_google,
    "service_monitor.json": service_monitor,
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    for name in track(DERIVED, "Deriving"):
        text = json.dumps(DERIVED[name](), indent=1, sort_keys=True)
        (FOLDER / name).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
