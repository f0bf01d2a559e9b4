"""What docs/bentoml.md says about BentoML is so in the installed version."""

from __future__ import annotations

import tomllib

from bentoml._internal.bento.bento import DEFAULT_BENTO_BUILD_FILES
from bentoml._internal.bento.build_config import BentoBuildConfig

from samo.settings import Settings
from service import create_service
from tests.conftest import ROOT


def test_bentofile_goes_before_pyproject():
    assert DEFAULT_BENTO_BUILD_FILES == ("bentofile.yaml", "pyproject.toml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "bentoml" not in project["tool"]  # it would never be read


def test_pyproject_would_add_packages_without_versions():
    config = BentoBuildConfig.from_file(str(ROOT / "pyproject.toml"))
    assert "fastapi" in config.python.packages
    ours = BentoBuildConfig.from_file(str(ROOT / "bentofile.yaml"))
    assert not ours.python.packages
    assert ours.python.requirements_txt == "requirements/serve.txt"


def test_the_service_declares_its_probes_and_labels():
    service = create_service(Settings(runners="fake"))
    assert service.config["endpoints"] == {"livez": "/livez", "readyz": "/readyz"}
    ours = BentoBuildConfig.from_file(str(ROOT / "bentofile.yaml"))
    assert service.labels == ours.labels == {"project": "samo"}
