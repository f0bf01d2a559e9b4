"""Write the answer to the README's request into README.md and docs/api.md, and nothing else.

    python -m tests.e2e.renew_answers

It starts the service with the models in the store. README.md keeps the names that it shows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.e2e.conftest import serving
from tests.e2e.test_readme import request_and_answers

BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
WIDTH = 92


def laid_out(value: Any, indent: int = 0) -> str:
    """JSON with what is flat and short on one line."""
    line = json.dumps(value, ensure_ascii=False)
    items = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not value:
        return line
    flat = not any(isinstance(item, dict | list) for item in items)
    if flat and len(line) + indent <= WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {laid_out(item, indent + 2)}" for k, item in value.items()]
    else:
        parts = [laid_out(item, indent + 2) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"


def shown(part: Any, body: Any) -> Any:
    """What `part` names, with the values of `body`."""
    if isinstance(part, dict) and part and set(part) <= set(body):
        return {name: shown(value, body[name]) for name, value in part.items()}
    if isinstance(part, list) and part:
        return [shown(part[0], item) for item in body]
    return body


def replace_block(page: Path, after: str, text: str) -> None:
    """Put `text` in place of the first JSON block after the words `after`."""
    head, words, rest = page.read_text(encoding="utf-8").partition(after)
    rest = BLOCK.sub(lambda _: f"```json\n{text}\n```", rest, count=1)
    page.write_text(head + words + rest, encoding="utf-8")


def main() -> None:
    """The command line."""
    path, file, part, _ = request_and_answers()
    with serving(ROOT / ".renew.log") as client:
        body = client.post(path, files={"audio_file": ("entry", file.read_bytes())}).json()
    (ROOT / ".renew.log").unlink()
    replace_block(ROOT / "docs" / "api.md", "## A complete response", laid_out(body))
    replace_block(ROOT / "README.md", "## Ask", laid_out(shown(part, body)))


if __name__ == "__main__":
    main()
