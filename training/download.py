"""Download GoEmotions as published, into the folder that the commands of `training` read.

    python -m training.download --data data

The other corpora have to be fetched by hand; `training/corpora.py` names their files.
"""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path
from typing import Final

from training.command_line import command_parser

# The authors' repository; CC BY 4.0.
SOURCE: Final = (
    "https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data/"
)
SHA256: Final = {
    "train.tsv": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    "dev.tsv": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    "test.tsv": "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
    "emotions.txt": "45c3ef86782d2a4d7fedcd6d8c111aa0d0e94720689bd164fac94fefb4495a89",
}
# The names of the labels have another name in the folder of corpora.
_LABELS: Final = {"emotions.txt": "labels.txt"}


class UnexpectedContent(Exception):
    """A downloaded file is not the published one; nothing of it was kept."""


def download_goemotions(data: Path, source: str = SOURCE) -> Path:
    """Write the published splits to `data`/goemotions, and return that folder.

    Files that are there are not downloaded again. Raises `UnexpectedContent` if a file has another
    SHA-256, and `OSError` if it cannot be downloaded.
    """
    folder = data / "goemotions"
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in SHA256.items():
        target = folder / _LABELS.get(name, name)
        if target.is_file():
            continue
        with urllib.request.urlopen(source + name, timeout=60) as response:  # noqa: S310  # https
            content = response.read()
        if hashlib.sha256(content).hexdigest() != expected:
            raise UnexpectedContent(f"{source}{name} has changed: it is not the published file.")
        scratch = target.with_suffix(".part")
        scratch.write_bytes(content)
        scratch.replace(target)
    return folder


def main() -> None:
    """Run the command line."""
    parser = command_parser("training.download", "Download GoEmotions as published.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    print(f"written to {download_goemotions(parser.parse_args().data)}")


if __name__ == "__main__":
    main()
