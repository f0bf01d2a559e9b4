"""The licences of what ships, and the hashes of what is installed."""

from __future__ import annotations

import re

import pytest

from deploy.supply.licences import (
    ALLOWED,
    ALLOWED_FOR_LIBRARIES,
    TOLERATED,
    identifiers,
    is_allowed,
    normalize,
)
from deploy.supply.packages import Package, library_name, locked_packages
from tests.conftest import ROOT

NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
PACKAGES = locked_packages()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_the_licence_of_each_package_that_ships_is_allowed(package):
    assert is_allowed(package.licence), (package.name, package.licence)


@pytest.mark.parametrize(
    ("package", "library"),
    [(package.name, library) for package in PACKAGES for library in package.libraries],
    ids=lambda value: getattr(value, "file", value),
)
def test_the_licence_of_each_library_in_a_wheel_is_allowed(package, library):
    name = library_name(library.file)
    assert library.licence is not None, f"look up the licence of {library.file} in {package}"
    if name in TOLERATED:
        assert library.licence == TOLERATED[name]
        assert name in NOTICE
    else:
        assert library.licence in ALLOWED_FOR_LIBRARIES


def test_the_image_names_all_licences():
    dockerfile = (ROOT / "deploy" / "container" / "Dockerfile").read_text()
    label = re.search(r'image\.licenses="([^"]+)"', dockerfile)
    assert label
    shipped = {"MIT", "CC-BY-4.0", "Unicode-3.0"}  # the project, its data, emoji
    for package in PACKAGES:
        shipped |= identifiers(package.licence or "")
        for library in package.libraries:
            shipped |= identifiers(library.licence or "")
    assert identifiers(label.group(1)) == shipped


@pytest.mark.parametrize(
    ("stated", "classifiers", "licence"),
    [
        ("MIT", [], "MIT"),
        ("MPL-2.0 AND MIT", [], "MPL-2.0 AND MIT"),
        ("Apache 2.0", [], "Apache-2.0"),
        ("Copyright (c) somebody. All rights reserved.", [], None),
        ("Copyright (c) somebody ...", ["MIT License"], "MIT"),
        (None, ["MIT License", "Apache Software License"], "Apache-2.0 AND MIT"),
        (None, ["MIT License", "GNU General Public License v3 (GPLv3)"], None),
        ("GPL-3.0-only", ["MIT License"], "MIT"),
        (None, [], None),
    ],
)
def test_what_packages_state(stated, classifiers, licence):
    assert normalize(stated, classifiers) == licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("AGPL-3.0-only", False),
        ("", False),
        (None, False),
    ],
)
def test_which_licences_may_ship(expression, allowed):
    assert is_allowed(expression) is allowed


def test_no_copyleft_is_in_the_allow_list():
    assert not [licence for licence in ALLOWED if "GPL" in licence]


@pytest.mark.parametrize("name", ["serve", "store", "bulk", "test", "dev"])
def test_everything_that_is_installed_has_hashes(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(lines) > 50
    assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_names_of_libraries():
    files = ("libx264-d6533a8d.so.165", "libscipy_openblas64_-32a4b2a6.so", "libxcb-shm-0b.so.0")
    assert [library_name(file) for file in files] == ["libx264", "libscipy_openblas", "libxcb"]


def test_an_unknown_package_has_no_licence_and_may_not_ship(monkeypatch):
    package = Package("pytest", "0", ())
    assert is_allowed(package.licence)
    monkeypatch.setattr("deploy.supply.packages.UNCLEAR", {"pytest": None})
    assert not is_allowed(package.licence)
