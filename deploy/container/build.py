"""Build the image of the service from its bento, with docker, podman or buildah.

    python -m deploy.container.build --image samo

The same commit, models and base are laid out as the same bytes (`deploy.container.context`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from deploy.container.context import ROOT, lay_out
from deploy.container.engine import ENGINES, Engine, EngineError, find_engine

PUBLISHED_BASE: Final = "python:3.11-slim"
# Made by base.sh where the published one cannot be pulled.
STAND_IN_BASE: Final = "localhost/samo-base:bookworm"
# Set by whoever has a certificate authority of their own, for pip's and other clients' sake.
CERTIFICATE_VARIABLES: Final = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def choose_base(engine: Engine) -> str:
    """The published base where it is there or can be pulled, else its stand-in.

    Raises:
        EngineError: neither can be had.
    """
    if engine.has_image(PUBLISHED_BASE) or engine.pulls(PUBLISHED_BASE):
        return PUBLISHED_BASE
    print(f"{PUBLISHED_BASE} cannot be pulled from here; {STAND_IN_BASE} takes its place.")
    if not engine.has_image(STAND_IN_BASE):
        if engine.name == "docker":
            raise EngineError("name a base that docker has: --base IMAGE")
        script = Path(__file__).with_name("base.sh")
        if subprocess.run([str(script), STAND_IN_BASE], check=False).returncode != 0:
            raise EngineError(f"{script.name} could not make a base")
    return STAND_IN_BASE


def build(
    engine: Engine, image: str, base: str, context: Path, version: str, *, cached: bool = True
) -> None:
    """Build `image` from a laid-out context; without `cached` every layer anew.

    Raises:
        EngineError: the build failed; the engine has printed why.
    """
    arguments = ["build", "--tag", image, "--file", str(context / "Dockerfile")]
    arguments += ["--build-arg", f"BASE_IMAGE={base}"]
    # Not in the Dockerfile by ARG: buildah takes a cached LABEL for one with another value.
    for name, value in (("version", version), ("revision", revision())):
        arguments += ["--label", f"org.opencontainers.image.{name}={value}"]
    if not cached:
        arguments.append("--no-cache")
    certificates = next(filter(None, map(os.environ.get, CERTIFICATE_VARIABLES)), None)
    if certificates:
        arguments += ["--secret", f"id=ca,src={certificates}"]
    environment = {**os.environ}
    if engine.name == "docker":
        environment |= {"DOCKER_BUILDKIT": "1"}
        arguments += ["--build-arg", "SOURCE_DATE_EPOCH=0"]
    else:
        # Steps run as they would in a chroot: that works inside of a container too.
        environment |= {"BUILDAH_ISOLATION": "chroot"}
        arguments += ["--layers", "--timestamp", "0", "--pull=never"]
    command = engine.command(*arguments, str(context))
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise EngineError(f"{engine.name} could not build {image}")


def revision() -> str:
    """The commit that is checked out, `-dirty` where files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return described.stdout.strip() or "unknown"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Build the image of the service from its bento.",
        epilog=f"Without --base: {PUBLISHED_BASE}; where it cannot be pulled, a base that "
        "base.sh makes of Debian packages.",
    )
    parser.add_argument("--image", default="samo", help="its name (samo)")
    parser.add_argument(
        "--engine", choices=ENGINES, default=os.environ.get("CONTAINER_ENGINE") or None,
        help="default: $CONTAINER_ENGINE, or the first that works of docker, podman, buildah",
    )  # fmt: skip
    parser.add_argument("--base", default=os.environ.get("BASE_IMAGE") or None, help="base image")
    parser.add_argument("--no-cache", action="store_true", help="build every layer anew")
    arguments = parser.parse_args()
    try:
        engine = find_engine(arguments.engine)
        base = arguments.base or choose_base(engine)
        with tempfile.TemporaryDirectory(prefix="samo-image-") as scratch:
            context = Path(scratch)
            version = lay_out(context)
            print(f"building {arguments.image} {version} on {base} with {engine.name}", flush=True)
            cached = not arguments.no_cache
            build(engine, arguments.image, base, context, version, cached=cached)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
