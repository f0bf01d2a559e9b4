"""MkDocs hooks: pages from outside docs/, and their links.

Pages are written for the repository, with links relative to their file. On the site the pages in
`PAGES` have other addresses, so links are rewritten. A link to a source file, which the site does
not have, becomes its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files
from notebook_pages import convert  # MkDocs puts this folder on the path

ROOT: Final = Path(__file__).resolve().parents[2]
# By their path in the repository; the pages in docs/ keep their names.
PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "SECURITY.md": "project/security-policy.md",
    "CHANGELOG.md": "project/changelog.md",
    "clients/python/README.md": "clients/python.md",
    "clients/javascript/README.md": "clients/javascript.md",
    "clients/elements/README.md": "clients/elements.md",
    "clients/react/README.md": "clients/react.md",
    "clients/vue/README.md": "clients/vue.md",
    "checkpoints/emotion/README.md": "models/emotion.md",
    "checkpoints/emotion-small/README.md": "models/emotion-small.md",
    "checkpoints/teachers/comments/README.md": "models/teacher-comments.md",
    "checkpoints/teachers/first-person/README.md": "models/teacher-first-person.md",
    "checkpoints/summarizer/README.md": "models/summarizer.md",
    "training/emotion/journal.md": "models/journal.md",
    "notebooks/explore_journal.ipynb": "notebooks/explore-journal.md",
    "notebooks/train_emotion_model.ipynb": "notebooks/train-emotion-model.md",
}
MERMAID: Final = "docs/site/vendor/mermaid.min.js"
_LINK: Final = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_EXTERNAL: Final = re.compile(r"https?:|mailto:|#")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside docs/, and Mermaid, which draws the diagrams in the browser."""
    for source, target in PAGES.items():
        if source.endswith(".ipynb"):
            text, pictures = convert(ROOT / source, Path(target).stem)
            for name, content in pictures.items():
                path = posixpath.join(posixpath.dirname(target), name)
                files.append(File.generated(config, path, content=content))
        else:
            text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=text))
    mermaid = (ROOT / MERMAID).read_bytes()
    files.append(File.generated(config, "assets/mermaid.min.js", content=mermaid))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of a page."""
    target = page.file.src_uri
    source = {site: path for path, site in PAGES.items()}.get(target, f"docs/{target}")
    parts = re.split(r"(^```.*?^```|`[^`\n]*`)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if index % 2 else _LINK.sub(lambda match: _link(match, source, target), part)
        for index, part in enumerate(parts)
    )


def _link(match: re.Match[str], source: str, target: str) -> str:
    image, text, address = match.groups()
    if _EXTERNAL.match(address):
        return match[0]
    path, hash_mark, anchor = address.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    on_site = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if on_site is None and (ROOT / path).exists():
        return str(text)  # a source file
    relative = posixpath.relpath(on_site or path, posixpath.dirname(target) or ".")
    return f"{image}[{text}]({relative}{hash_mark}{anchor})"
