"""The bill of materials: packages, libraries, models, their hashes and licences."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from deploy.supply import sbom
from deploy.supply.packages import locked_packages
from tests.conftest import ROOT

PACKAGES = locked_packages()


class Tag(NamedTuple):
    name: str
    version: str

    def __str__(self):
        return f"{self.name}:{self.version}"


def stored(name, **metadata):
    return SimpleNamespace(tag=Tag(f"samo-{name}", "v1"), info=SimpleNamespace(metadata=metadata))


MODELS = [
    stored("emotion", base="org/base", checkpoint="c", sha256={"model.onnx": "a" * 64}),
    stored("transcriber", checkpoint="org/whisper", sha256={"model.bin": "b" * 64}),
]


@pytest.fixture(scope="module")
def bill():
    return json.loads(sbom.to_json(sbom.build(MODELS)))


def test_the_bill_of_materials_lists_everything_that_ships(bill):
    components = {component["name"]: component for component in bill["components"]}
    assert bill["specVersion"] == "1.6"
    assert {package.name for package in PACKAGES} <= components.keys()
    assert {"idb", "uplot", "swagger-ui-dist", "samo-emotion"} <= components.keys()
    assert all(component["licenses"] for component in bill["components"])
    (dependency,) = (one for one in bill["dependencies"] if one.get("dependsOn"))
    assert len(dependency["dependsOn"]) == len(components)


def test_the_bill_of_materials_has_the_hashes(bill):
    components = {component["name"]: component for component in bill["components"]}
    av = next(package for package in PACKAGES if package.name == "av")
    hashes = {entry["content"] for entry in components["av"]["externalReferences"][0]["hashes"]}
    assert hashes == {*av.sha256}
    assert len(components["av"]["components"]) == len(av.libraries) > 20
    assert len(components["idb"]["hashes"][0]["content"]) == 128
    (file,) = components["samo-emotion"]["components"]
    assert file["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert components["samo-emotion"]["properties"][0]["value"] == "org/base"


def test_the_page_has_only_libraries_of_the_bill_of_materials(bill):
    served = {path.name for path in (ROOT / "samo" / "page" / "vendor").iterdir() if path.is_dir()}
    assert served <= {component["name"] for component in bill["components"]}


def test_the_bill_of_materials_of_an_image_has_its_system_packages():
    listing = "Python 3.11.9\nlibc6 2.36-9 amd64\nzlib1g 1:1.2.13 amd64"
    bill = json.loads(sbom.to_json(sbom.build([], listing)))
    purls = {component.get("purl") for component in bill["components"]}
    assert "pkg:deb/debian/libc6@2.36-9?arch=amd64" in purls
    assert bill["metadata"]["component"]["type"] == "container"
    assert "python" in {component["name"] for component in bill["components"]}
