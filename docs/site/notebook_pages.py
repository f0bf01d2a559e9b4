"""A notebook as a Markdown page of the docs site, and its pictures as files.

mkdocs-jupyter was not taken: it renders cells itself, so that MkDocs would not check their links,
and its style differs from that of the other pages.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, Final

_PICTURE: Final = re.compile(r"image/(png|svg\+xml|jpeg)")
_ALT: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def convert(path: Path, name: str) -> tuple[str, dict[str, bytes]]:
    """Return the page, and its pictures by file name, which begins with `name`.

    Code is a block of Python, printed text a block of text. A picture is described by the heading
    that it stands under.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    heading = path.stem
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            heading = (_ALT.findall(source) or [heading])[-1]
            continue
        parts.append(_block("python", source))
        for output in cell["outputs"]:
            picture = _picture(output)
            if picture is None:
                parts.append(_block("text", _text(output)))
            else:
                suffix, content = picture
                file = f"{name}-{len(pictures) + 1}.{suffix}"
                pictures[file] = content
                parts.append(f"![{heading}]({file})")
    origin = f"This page is `notebooks/{path.name}`; `make notebooks` executes it."
    return "\n\n".join([*parts, origin]) + "\n", pictures


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _picture(output: dict[str, Any]) -> tuple[str, bytes] | None:
    """Suffix and content of the picture of an output, if it has one."""
    for kind, value in output.get("data", {}).items():
        if match := _PICTURE.fullmatch(kind):
            content = "".join(value)
            is_text = match[1] == "svg+xml"
            return match[1].removesuffix("+xml"), (
                content.encode() if is_text else base64.b64decode(content)
            )
    return None


def _text(output: dict[str, Any]) -> str:
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
