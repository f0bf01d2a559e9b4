r"""The plain text of an entry that a diary app exported with its markup.

Day One exports Markdown with every mark escaped ("today\."), Journey, Diarium and Apple Notes HTML,
Obsidian and Notion Markdown with front matter, tables and check boxes. Read as text, markup is
noise: to the classifier, in the arc and in summaries. Each character of the plain text knows which
characters of the entry it stands for, so that answers point into the entry as it was sent.

Plain text must come through unharmed: "<3", "a < b", "1 * 2", "C:\dir", "\o/", "#goals". So a mark
goes only where nothing else can be meant by it: known HTML tags, escapes of sentence marks, paired
"**". What is ambiguous by itself ("*really*", "> quoted") goes only beside unmistakable markup.

This is no parser of HTML or Markdown: those give a document without the place of each character.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PlainText:
    """An entry's text without markup; `entry[starts[i]:ends[i]]` is what `text[i]` stands for."""

    entry: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Where in the entry `text[start:end]`, which is not empty, stands.

        Marks of emphasis that were stripped right before and after it are taken in.
        """
        first, last = self.starts[start], self.ends[end - 1]
        before = self.ends[start - 1] if start else 0
        after = self.starts[end] if end < len(self.text) else len(self.entry)
        while first > before and self.entry[first - 1] in _EMPHASIS:
            first -= 1
        while last < after and self.entry[last] in _EMPHASIS:
            last += 1
        return first, last


_EMPHASIS: Final = "*_~=`"

# The rest is not looked at where an entry has none of these characters.
_TRIGGER: Final = re.compile(
    r"[<&\\*\[`|~=\ufffc\ufeff\u00ad\u200b\u2060]|^[ \t]{0,3}#|__|^[ \t]{0,3}(?:-[ \t]*){3}",
    re.MULTILINE,
)
_BLOCK_TAGS: Final = (
    "p|div|h[1-6]|ul|ol|table|tr|blockquote|section|article|header|footer|figure|figcaption|pre|hr|"
    "html|body|main|dl|dt|dd|center"
)
_INLINE_TAGS: Final = (
    "a|b|i|u|s|em|strong|span|font|small|big|sub|sup|mark|del|ins|strike|code|kbd|tt|cite|q|abbr|"
    "img|picture|source|video|audio|iframe|object|embed|input|label|svg|path|thead|tbody|tfoot|"
    "td|th|col|colgroup|caption|meta|link|base|time|wbr|button|en-note|en-media|en-todo"
)
_ATTRIBUTES: Final = (
    r"""(?:\s+(?:[\w:.-]+\s*=\s*(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>]++)"""
    r"""|checked|disabled|controls|hidden|reversed))*+\s*/?"""
)
_HTML: Final = re.compile(
    rf"""
      (?P<gone> <!doctype[^<>]*+> | <\?xml[^<>]*+> )
    | (?P<block> </?(?:{_BLOCK_TAGS}){_ATTRIBUTES}> )
    | (?P<item> <li{_ATTRIBUTES}> ) | (?P<line> </li\s*> | <br{_ATTRIBUTES}> )
    | (?P<cell> </t[dh]\s*> )
    | (?P<inline> </?(?:{_INLINE_TAGS}){_ATTRIBUTES}> )
    | (?P<entity> &(?:\#\d{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,30}}); )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPED_TAG: Final = re.compile(r"</\w+\s*>|<br\s*/?>", re.IGNORECASE)
# What stands between these is not text; a dictionary from the opening to the closing.
_HIDDEN: Final = {"<!--": "-->", "<style": "</style>", "<script": "</script>", "<head": "</head>"}
_HIDDEN_OPENING: Final = re.compile(r"<!--|<(?:style|script|head)(?=[\s>])", re.IGNORECASE)
_FRONT_MATTER: Final = re.compile(
    r"\A---[ \t]*+\r?\n(?>(?>[\w -]+:.*|[ \t]+.*|-[ \t].*)\n)++---[ \t]*+(?:\r?\n|\Z)"
)
_ESCAPE_EVIDENCE: Final = re.compile(
    r"[^\W_]\\[.!?,;:](?=[\s\"')\]\\*_]|$)|[^\W_]\\'(?=[a-z])|\s\\[(\[]\w|^\\[-#+>]\s|^\d+\\[.)]\s",
    re.MULTILINE,
)
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_IMAGE: Final = re.compile(
    r"!\[[^\[\]\n]*+\]\([^()\s]*+(?:\s+\"[^\"\n]*+\")?\)|!\[\[[^\[\]\n]++\]\]"
)
_EMPTY_LINK: Final = re.compile(r"\[\]\([^()\s]*+\)|\[\^[\w-]{1,20}\]")
_LINK: Final = re.compile(
    r"\[(?!\^)([^\[\]\n]++)\]\((?=[^()\s]*[/:.#@])[^()\s]++(?:\s+\"[^\"\n]*+\")?\)"
)
_WIKI: Final = re.compile(r"\[\[(?:[^\[\]|\n]++\|)?([^\[\]|\n]++)\]\]")
_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]++([^\s#][^\n]*)$", re.MULTILINE)
_RULE: Final = re.compile(
    r"^[ \t]{0,3}(?:={3,}+|(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)\r?$",
    re.MULTILINE,
)
_FENCE: Final = re.compile(r"^[ \t]{0,3}(?:```+|~~~+)[\w-]*[ \t]*\r?$", re.MULTILINE)
_STRONG: Final = re.compile(
    r"(?<![\w*])\*\*\*?(?=[^\s*])([^*\n]*+(?<=\S))\*\*\*?(?![\w*])|(?<![\w~])~~(?=\S)([^~\n]++)~~(?!~)"
)
_SOFT: Final = re.compile(
    r"(?<![\w*\\])\*(?=[^\s*])([^*\n]++)(?<=\S)\*(?![\w*])|(?<![\w_\\])_{1,2}(?=[^\s_])([^_\n]++)(?<=\S)_{1,2}(?!\w)"
    r"|(?<!`)`(?=\S)([^`\n]++)`(?!`)|(?<!=)==(?=\S)([^=\n]++)==(?!=)"
)
_QUOTE: Final = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+(?=\S)(?:\[![\w]+\][ \t]*)?", re.MULTILINE)
_TASK: Final = re.compile(r"^([ \t]*[-*+][ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_TABLE_ROW: Final = re.compile(r"^[ \t]*+\|[^|\n]++\|", re.MULTILINE)
_TABLE_RULE: Final = re.compile(
    r"^[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+\r?$", re.MULTILINE
)
_TABLE_EDGE: Final = re.compile(r"^[ \t]*+\|[ \t]*+|(?<![ \t])[ \t]*+\|[ \t]*+\r?$", re.MULTILINE)
_TABLE_WALL: Final = re.compile(r"(?<![ \t])[ \t]*+\|[ \t]*+")
_UNSEEN: Final = re.compile(r"[\ufffc\ufeff\u00ad\u200b\u2060]")
_BLANK_LINES: Final = re.compile(r"(?<![ \t])[ \t]*+\n(?:[ \t]*+\n){2,}+")
_HARD_BREAK: Final = re.compile(r"\\$|\\(?=\r?\n)")


def plain_text(entry: str) -> PlainText:
    """Return `entry` without markup.

    Where that leaves nothing of an entry that has no letter either ("---", "***"), the entry is
    what it seems: it comes back as it is.
    """
    places = range(len(entry))
    same = PlainText(entry, entry, places, range(1, len(entry) + 1))
    if not _TRIGGER.search(entry):
        return same
    stripper = _Stripper(same)
    stripper.run(entry)
    plain = stripper.plain
    if not plain.text.strip() and not any(map(str.isalnum, entry)):
        return same
    return plain


class _Stripper:
    """Strips one kind of markup after another and keeps account of the places."""

    def __init__(self, plain: PlainText) -> None:
        self.plain = plain
        self._is_marked = False

    def run(self, entry: str) -> None:
        """Strip all that is markup, unmistakable kinds first."""
        self._drop(_UNSEEN)
        self._drop(_FRONT_MATTER, marks=True)
        self._strip_hidden()
        self._strip_html()
        is_escaped = _ESCAPE_EVIDENCE.search(self.plain.text) is not None
        self._drop(_IMAGE, marks=True)
        self._drop(_EMPTY_LINK)
        self._keep(_LINK, marks=True)
        self._keep(_WIKI, marks=True)
        self._drop(_FENCE, marks=True)
        self._tables()
        self._sub(_HEADING, lambda match: match.span(1), marks=True, around="\n")
        self._sub(_RULE, lambda match: "\n")
        self._keep(_STRONG, marks=True)
        self._sub(_TASK, lambda match: match.span(1), marks=True)
        if is_escaped or self._is_marked:
            self._keep(_SOFT)
            self._drop(_QUOTE)
        if is_escaped:
            self._drop(_HARD_BREAK)
            self._sub(_ESCAPE, lambda match: None if _is_shrug(match) else match.span(1))
        if self._is_marked:
            self._sub(_BLANK_LINES, lambda match: "\n\n")

    def _strip_hidden(self) -> None:
        text = self.plain.text.lower()
        if len(text) != len(self.plain.text):  # a letter that has two in lower case
            text = self.plain.text
        changes: list[tuple[int, int, str]] = []
        position = 0
        unclosed: set[str] = set()
        for match in _HIDDEN_OPENING.finditer(text):
            closing = _HIDDEN[match[0].lower()]
            if match.start() < position or closing in unclosed:
                continue
            end = text.find(closing, match.end())
            if end < 0:
                unclosed.add(closing)
                continue
            position = end + len(closing)
            changes.append((match.start(), position, ""))
        self._change(changes, marks=True)

    def _strip_html(self) -> None:
        def replacement(match: re.Match[str]) -> str | None:
            if entity := match["entity"]:
                decoded = html.unescape(entity)
                return None if decoded == entity else decoded.replace("\xa0", " ")
            if match["block"]:
                return "\n\n"
            if match["item"]:
                return "\n- "
            if match["line"]:
                return "\n"
            return " " if match["cell"] else ""

        if _HTML.search(self.plain.text):
            is_tagged = any(match["entity"] is None for match in _HTML.finditer(self.plain.text))
            self._sub(_HTML, replacement, marks=is_tagged)
            if not is_tagged and _ESCAPED_TAG.search(
                self.plain.text
            ):  # HTML that was escaped whole
                self._sub(_HTML, replacement, marks=True)

    def _tables(self) -> None:
        if "|" not in self.plain.text or not _TABLE_ROW.search(self.plain.text):
            return
        if not any("|" in match[0] for match in _TABLE_RULE.finditer(self.plain.text)):
            return
        self._drop(_TABLE_RULE, marks=True)
        self._drop(_TABLE_EDGE)
        self._sub(_TABLE_WALL, lambda match: ", ")

    def _drop(self, pattern: re.Pattern[str], *, marks: bool = False) -> None:
        self._sub(pattern, lambda match: "", marks=marks)

    def _keep(self, pattern: re.Pattern[str], *, marks: bool = False) -> None:
        self._sub(pattern, lambda match: match.span(match.lastindex or 0), marks=marks)

    def _sub(
        self,
        pattern: re.Pattern[str],
        replacement: Callable[[re.Match[str]], str | tuple[int, int] | None],
        *,
        marks: bool = False,
        around: str = "",
    ) -> None:
        """Replace each match by a text, or by a span of it with `around`; None leaves it."""
        changes: list[tuple[int, int, str]] = []
        for match in pattern.finditer(self.plain.text):
            new = replacement(match)
            if new is None or match.start() == match.end():
                continue
            if isinstance(new, str):
                changes.append((match.start(), match.end(), new))
            else:
                changes += [(match.start(), new[0], around), (new[1], match.end(), around)]
        self._change(changes, marks=marks)

    def _change(self, changes: Sequence[tuple[int, int, str]], *, marks: bool = False) -> None:
        """Replace spans by texts, of which every character stands for the whole span.

        With `marks` a change says that the entry is marked up.
        """
        if not changes:
            return
        self._is_marked |= marks
        plain = self.plain
        texts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for start, end, new in [*changes, (len(plain.text), len(plain.text), "")]:
            texts += [plain.text[position:start], new]
            starts += plain.starts[position:start]
            ends += plain.ends[position:start]
            if new:
                place = min(start, len(plain.starts) - 1)
                starts += [plain.starts[place]] * len(new)
                ends += [plain.ends[max(place, end - 1)]] * len(new)
            position = end
        self.plain = PlainText(plain.entry, "".join(texts), starts, ends)


def _is_shrug(match: re.Match[str]) -> bool:
    return match.string[max(0, match.start() - 1) : match.end() + 1].startswith("¯\\_")
