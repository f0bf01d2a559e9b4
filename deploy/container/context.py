"""Write the image's build context: the bento as `bentoml build` builds it, with its models.

The same sources and models produce the same bytes. BentoML writes the time and a random version
into each bento and each model; here versions are digests of the content, and times are fixed.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

import bentoml
import yaml
from bentoml.bentos import build_bentofile

ROOT: Final = Path(__file__).resolve().parents[2]
# BentoML requires a creation time in each bento and model.
FIXED_TIME: Final = "1970-01-01T00:00:00+00:00"
# Folders for `bentoml containerize` and BentoCloud; serving does not need them.
UNUSED: Final = ("env", "apis")


def write_build_context(folder: Path) -> str:
    """Fill `folder` with Dockerfile, bento/, models/ and requirements.txt; return the version.

    The version is the first twelve hexadecimal digits of a SHA-256 over all files.

    Raises:
        bentoml.exceptions.BentoMLException: a model is not in the store, or the build failed.
    """
    bento = build_bentofile(str(ROOT / "bentofile.yaml"), build_ctx=str(ROOT))
    try:
        shutil.copytree(bento.path, folder / "bento")
        tags = {
            str(model.tag): _copy_model(bentoml.models.get(model.tag), folder / "models")
            for model in bento.info.all_models
        }
    finally:
        bentoml.bentos.delete(bento.tag)
    shutil.move(folder / "bento" / "env" / "python" / "requirements.txt", folder)
    for name in UNUSED:
        shutil.rmtree(folder / "bento" / name)
    here = Path(__file__).parent
    shutil.copy(here / "Dockerfile", folder)
    shutil.copy(here / "dockerignore", folder / ".dockerignore")

    manifest = folder / "bento" / "bento.yaml"
    content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    content |= {"creation_time": FIXED_TIME, "version": ""}
    content.pop("image")  # BentoML's own image options
    for model in (*content["models"], *(m for s in content["services"] for m in s["models"])):
        model |= {"tag": tags[model["tag"]], "creation_time": FIXED_TIME}
    _write_yaml(manifest, content)
    version = _digest(folder)[:12]
    _write_yaml(manifest, content | {"version": version})
    return version


def _copy_model(model: bentoml.Model, store: Path) -> str:
    """Copy a model to `store` with a digest of its content as version; return its new tag."""
    folder = store / model.tag.name
    copy = folder / "copy"
    shutil.copytree(model.path, copy)
    manifest = copy / "model.yaml"
    content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    content["creation_time"] = FIXED_TIME
    content["metadata"].pop("export_seconds", None)
    _write_yaml(manifest, content | {"version": ""})
    version = _digest(copy)[:12]
    _write_yaml(manifest, content | {"version": version})
    copy.rename(folder / version)
    # service.py loads `latest`
    (folder / "latest").write_text(version, encoding="utf-8")
    return f"{model.tag.name}:{version}"


def _write_yaml(path: Path, content: dict[str, object]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=True), encoding="utf-8")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
        # layers store file modes, which must not depend on the umask of the build
        path.chmod(0o644)
    for path in folder.rglob("*/"):
        path.chmod(0o755)
    return digest.hexdigest()
