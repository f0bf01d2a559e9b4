"""Write the responses that README.md, docs/tutorial.md and docs/api.md show.

    python -m tests.e2e.update_docs

It starts the service with the models in the store, and runs the commands above the responses. A
page keeps its selection of fields; docs/api.md has the whole response to the README's request.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.documentation import blocks
from tests.e2e.conftest import serving
from tests.e2e.test_documentation import DOCUMENTED_URL

BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
WIDTH = 92


def pretty_json(value: Any, indent: int = 0) -> str:
    """Return JSON in which short lists and objects of scalars are on one line."""
    line = json.dumps(value, ensure_ascii=False)
    items = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not value:
        return line
    flat = not any(isinstance(item, dict | list) for item in items)
    if flat and len(line) + indent <= WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {pretty_json(item, indent + 2)}" for k, item in value.items()]
    else:
        parts = [pretty_json(item, indent + 2) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"


def format_example(part: Any, body: Any) -> Any:
    """Return the fields of `part` with the values of `body`."""
    if isinstance(part, dict) and part and set(part) <= set(body):
        return {name: format_example(value, body[name]) for name, value in part.items()}
    if isinstance(part, list) and part:
        return [format_example(part[0], item) for item in body]
    return body


def replace_block(page: Path, after: str, text: str) -> None:
    """Replace the first JSON block after the heading `after` by `text`."""
    head, heading, rest = page.read_text(encoding="utf-8").partition(after)
    if not heading:
        raise ValueError(f"{page.name} has no heading {after!r}")
    rest = BLOCK.sub(lambda _: f"```json\n{text}\n```", rest, count=1)
    page.write_text(head + heading + rest, encoding="utf-8")


def update_responses(page: Path, url: str) -> Any:
    """Run the commands of a page that are followed by a response; return the last response."""
    body = None
    for block in blocks(page, "sh"):
        if block.output is None:
            continue
        code = block.code.replace(DOCUMENTED_URL, url)
        done = subprocess.run(
            ["bash", "-euc", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        body = json.loads(done.stdout)
        shown = pretty_json(format_example(json.loads(block.output), body))
        text = page.read_text(encoding="utf-8")
        page.write_text(
            text.replace(f"```json\n{block.output}```", f"```json\n{shown}\n```", 1),
            encoding="utf-8",
        )
    return body


def main() -> None:
    """The command line."""
    log = ROOT / ".update.log"
    with serving(log) as client:
        url = str(client.base_url).rstrip("/")
        update_responses(ROOT / "docs" / "tutorial.md", url)
        body = update_responses(ROOT / "README.md", url)
    log.unlink()
    replace_block(ROOT / "docs" / "api.md", "## A complete response", pretty_json(body))


if __name__ == "__main__":
    main()
