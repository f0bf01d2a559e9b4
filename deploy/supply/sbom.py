"""Write the bill of materials: everything that the bento or the image contains, with its origin.

    python -m deploy.supply.sbom --output build/samo-bento.cdx.json
    python -m deploy.supply.sbom --image samo --output build/samo-image.cdx.json

In CycloneDX's JSON, version 1.6: the Python packages with the hashes that their installation
checks, the native libraries in their wheels, the page's libraries from npm, and the models with the
hash of each file. With `--image`, also Python and the Debian packages of that image. Run it in the
environment that the bento is built in (`make sbom`).
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

import samo
from deploy.container.engine import EngineError, find_engine, ulimits
from deploy.supply.packages import ROOT, Package, locked_packages
from samo.model_store import StoredModel, find_model
from samo.settings import EMOTION_MODELS, Settings

NPM_LOCK: Final = ROOT / "samo" / "page" / "package-lock.json"
# Their model cards name the data.
MODEL_LICENCES: Final = {
    "transcriber": "MIT",
    "emotion": "Apache-2.0 AND CC-BY-4.0",
    "emotion-small": "Apache-2.0 AND CC-BY-4.0",
    "summarizer": "MIT",
}
# In the lock of npm because Swagger UI depends on it; `scripts/vendor` does not copy it.
NOT_SERVED: Final = frozenset({"@scarf/scarf"})
_LIST_PACKAGES: Final = (
    "python3 --version && dpkg-query --show --showformat '${Package} ${Version} ${Architecture}\\n'"
)

_licences: Final = LicenseFactory()


def build(models: Iterable[StoredModel], image_packages: str | None = None) -> Bom:
    """The bill of materials.

    Args:
        models: the stored models.
        image_packages: what `_LIST_PACKAGES` prints in the image; None for the bento.
    """
    bom = Bom()
    bom.metadata.component = Component(
        name="samo",
        version=samo.__version__,
        type=ComponentType.CONTAINER if image_packages else ComponentType.APPLICATION,
        licenses=[_licences.make_with_expression("MIT")],
    )
    bom.components.update(map(_python_package, locked_packages()))
    bom.components.update(_page_libraries())
    bom.components.update(map(_model, models))
    if image_packages is not None:
        bom.components.update(_image_packages(image_packages))
    bom.register_dependency(bom.metadata.component, bom.components)
    return bom


def to_json(bom: Bom) -> str:
    """The JSON of a bill of materials.

    Raises:
        ValueError: It does not follow CycloneDX's schema.
    """
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise ValueError(str(problem))
    return text


def _python_package(package: Package) -> Component:
    purl = PackageURL("pypi", name=package.name, version=package.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="Files of this version; one of them is installed.",
        hashes=map(_sha256, package.sha256),
    )
    return Component(
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=_expression(package.licence),
        external_references=[files],
        components=[
            Component(
                name=library.file,
                bom_ref=f"{package.name}/{library.file}",
                licenses=_expression(library.licence),
                hashes=[_sha256(library.sha256)],
            )
            for library in package.libraries
        ],
    )


def _page_libraries() -> Iterator[Component]:
    lock = json.loads(NPM_LOCK.read_text(encoding="utf-8"))
    for path, entry in lock["packages"].items():
        name = path.removeprefix("node_modules/")
        if not name or name in NOT_SERVED:
            continue
        purl = PackageURL("npm", name=name, version=entry["version"])
        digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
        yield Component(
            name=name,
            version=entry["version"],
            purl=purl,
            bom_ref=purl.to_string(),
            licenses=_expression(entry["license"]),
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=digest)],
        )


def _model(model: Any) -> Component:
    name = str(model.tag.name).removeprefix("samo-")
    metadata = model.info.metadata
    origin = metadata.get("base") or metadata["checkpoint"]
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=model.tag.name,
        version=model.tag.version,
        bom_ref=str(model.tag),
        licenses=_expression(MODEL_LICENCES[name]),
        properties=[Property(name="samo:origin", value=origin)],
        components=[
            Component(
                type=ComponentType.FILE,
                name=file,
                bom_ref=f"{model.tag}/{file}",
                hashes=[_sha256(digest)],
            )
            for file, digest in metadata["sha256"].items()
        ],
    )


def _image_packages(listing: str) -> Iterator[Component]:
    python, *lines = listing.splitlines()
    version = python.removeprefix("Python ").strip()
    yield Component(
        name="python",
        version=version,
        bom_ref=f"python@{version}",
        licenses=_expression("PSF-2.0"),
    )
    for line in lines:
        name, version, architecture = line.split()
        purl = PackageURL("deb", "debian", name, version, {"arch": architecture})
        yield Component(name=name, version=version, purl=purl, bom_ref=purl.to_string())


def _expression(licence: str | None) -> list[Any]:
    return [] if licence is None else [_licences.make_with_expression(licence)]


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _model_names() -> list[str]:
    """Names of the models that ship: those that a setting can choose, too."""
    settings = [Settings(emotion_model=model) for model in EMOTION_MODELS]
    return list(dict.fromkeys(name for one in settings for name in one.model_names.values()))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument("--image", help="name of an image, whose system packages are added")
    args = parser.parse_args()
    listing = None
    if args.image:
        try:
            run = ("run", "--rm", "--network", "none", "--entrypoint", "sh")
            listing = find_engine(None).run(*run, *ulimits(), args.image, "-c", _LIST_PACKAGES)
        except EngineError as error:
            print(error, file=sys.stderr)
            return 1
    bom = build(map(find_model, _model_names()), listing)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(to_json(bom) + "\n", encoding="utf-8")
    print(f"{args.output}: {len(bom.components)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
