"""The files of the page: what is in them, how they are sent, and what works offline."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import orjson

import samo
from samo import limits
from samo.limits import MAX_AUDIO_BYTES

_HERE: Final = Path(__file__).parent
STATIC: Final = _HERE / "static"
VENDOR: Final = _HERE / "vendor"
# What `scripts/vendor` fetches.
LIBRARIES: Final = ("idb", "uplot", "swagger-ui-dist")
# /docs calls the service: it is of no use offline.
_ONLINE_ONLY: Final = ("docs.", "missing.html", "sw.js", "vendor/swagger-ui-dist/")
# To play a sentence, the browser decodes the whole recording: 96 kB for each second.
_MAX_MICROPHONE_SECONDS: Final = 1800.0
_SUFFIXES: Final = frozenset({".css", ".html", ".js", ".json", ".svg"})
_MEDIA_TYPES: Final = {".js": "text/javascript", ".json": "application/json"}


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """A strong validator: the file's hash."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    @cached_property
    def compressed(self) -> bytes:
        """The content, compressed by gzip; made when it is first asked for."""
        return gzip.compress(self.content, mtime=0)


@dataclass(frozen=True)
class Files:
    """All files in memory, about 2.2 MB, by their path below /page/."""

    by_path: dict[str, File] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        static: Path = STATIC,
        vendor: Path = VENDOR,
        *,
        max_job_bytes: int = MAX_AUDIO_BYTES,
        max_job_seconds: float = limits.MAX_AUDIO_SECONDS,
    ) -> Files:
        """Read the page's own files, its libraries' where they were fetched, and the limits.

        `max_job_bytes` and `max_job_seconds` are of the largest and longest recording of a job.
        """
        paths = {path.name: path for path in static.iterdir()}
        paths |= {f"vendor/{path.relative_to(vendor)}": path for path in vendor.glob("*/*")}
        found = {
            name: File(path.read_bytes(), _media_type(path))
            for name, path in sorted(paths.items())
            if path.suffix in _SUFFIXES
        }
        found["limits.json"] = File(_limits(max_job_bytes, max_job_seconds), _MEDIA_TYPES[".json"])
        found["sw.js"] = File(_service_worker(found), _MEDIA_TYPES[".js"])
        return cls(found)

    @property
    def complete(self) -> bool:
        """Whether each library is there."""
        return all(
            any(path.startswith(f"vendor/{library}/") for path in self.by_path)
            for library in LIBRARIES
        )


def _media_type(path: Path) -> str:
    known = _MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return known or "application/octet-stream"


def _limits(max_job_bytes: int, max_job_seconds: float) -> bytes:
    """What the page has to know of the service before it sends an entry."""
    return orjson.dumps(
        {
            "version": samo.__version__,
            "max_text_characters": limits.MAX_TEXT_CHARACTERS,
            "max_explained_characters": limits.MAX_EXPLAINED_CHARACTERS,
            "max_audio_bytes": MAX_AUDIO_BYTES,
            "max_audio_seconds": limits.MAX_AUDIO_SECONDS,
            # a recording that is too long for a request is sent as a job
            "max_microphone_seconds": max(
                limits.MAX_AUDIO_SECONDS, min(max_job_seconds, _MAX_MICROPHONE_SECONDS)
            ),
            "max_job_bytes": max_job_bytes,
            "max_trends_entries": limits.MAX_TRENDS_ENTRIES,
        }
    )


def _service_worker(files: dict[str, File]) -> bytes:
    """The worker, with the list of what it keeps: another file is another worker to the browser."""
    kept = {path: one for path, one in files.items() if not path.startswith(_ONLINE_ONLY)}
    digest = hashlib.sha256()
    for path, one in sorted(kept.items()):
        digest.update(f"{path} {one.etag}\n".encode())
    names = ["/", *(f"/page/{path}" for path in sorted(kept) if path != "index.html")]
    release = orjson.dumps({"version": digest.hexdigest()[:12], "files": names})
    return b"const RELEASE = " + release + b";\n\n" + files["sw.js"].content
