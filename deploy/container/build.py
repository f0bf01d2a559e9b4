"""Build the image of the service from its bento, with docker, podman or buildah.

    python -m deploy.container.build --image samo

The same commit, models and base produce the same bytes (`deploy.container.context`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from deploy.container.context import ROOT, write_build_context
from deploy.container.engine import ENGINES, Engine, EngineError, find_engine

PUBLISHED_BASE: Final = "python:3.11-slim"
# Built by base.sh if the published base cannot be pulled.
STAND_IN_BASE: Final = "localhost/samo-base:bookworm"
# Variables by which pip and other clients find the certificates of a private authority.
CERTIFICATE_VARIABLES: Final = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def choose_base(engine: Engine) -> str:
    """Return the published base if it is available, otherwise its stand-in.

    Raises:
        EngineError: neither is available.
    """
    if engine.has_image(PUBLISHED_BASE) or engine.pull(PUBLISHED_BASE):
        return PUBLISHED_BASE
    print(f"{PUBLISHED_BASE} cannot be pulled; using {STAND_IN_BASE} instead.")
    if not engine.has_image(STAND_IN_BASE):
        if engine.name == "docker":
            raise EngineError("name a base image that docker has: --base IMAGE")
        script = Path(__file__).with_name("base.sh")
        if subprocess.run([str(script), STAND_IN_BASE], check=False).returncode != 0:
            raise EngineError(f"{script.name} could not build a base image")
    return STAND_IN_BASE


def build(
    engine: Engine, image: str, base: str, context: Path, version: str, *, cached: bool = True
) -> None:
    """Build `image` from a build context; without `cached` rebuild every layer.

    Raises:
        EngineError: the build failed; the engine has printed why.
    """
    arguments = ["build", "--tag", image, "--file", str(context / "Dockerfile")]
    arguments += ["--build-arg", f"BASE_IMAGE={base}"]
    # Not an ARG of the Dockerfile: buildah would reuse a cached LABEL with another value.
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
        # Run the steps in a chroot, which works inside a container too.
        environment |= {"BUILDAH_ISOLATION": "chroot"}
        arguments += ["--layers", "--timestamp", "0", "--pull=never"]
    command = engine.command(*arguments, str(context))
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise EngineError(f"{engine.name} could not build {image}")


def revision() -> str:
    """Return the commit that is checked out, with `-dirty` if files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return described.stdout.strip() or "unknown"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Build the image of the service from its bento.",
        epilog=f"The default base is {PUBLISHED_BASE}; if it cannot be pulled, base.sh builds "
        "one from Debian packages.",
    )
    parser.add_argument("--image", default="samo", help="name of the image (default: samo)")
    parser.add_argument(
        "--engine", choices=ENGINES, default=os.environ.get("CONTAINER_ENGINE") or None,
        help="default: $CONTAINER_ENGINE, or the first available of docker, podman, buildah",
    )  # fmt: skip
    parser.add_argument("--base", default=os.environ.get("BASE_IMAGE") or None, help="base image")
    parser.add_argument("--no-cache", action="store_true", help="rebuild every layer")
    arguments = parser.parse_args()
    try:
        engine = find_engine(arguments.engine)
        base = arguments.base or choose_base(engine)
        with tempfile.TemporaryDirectory(prefix="samo-image-") as scratch:
            context = Path(scratch)
            version = write_build_context(context)
            print(f"building {arguments.image} {version} on {base} with {engine.name}", flush=True)
            cached = not arguments.no_cache
            build(engine, arguments.image, base, context, version, cached=cached)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
