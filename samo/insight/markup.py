r"""Remove the markup from an entry that was exported by a diary app.

Day One exports Markdown in which all punctuation is escaped ("today\."); Journey, Diarium and Apple
Notes export HTML; Obsidian and Notion export Markdown with front matter, tables and check boxes.
Markup would be noise for the classifier, in the arc and in summaries. Each character of the plain
text keeps its offsets in the entry, so responses refer to the entry as it was sent.

Plain text must stay unchanged: "<3", "a < b", "1 * 2", "C:\dir", "\o/", "#goals". So only
unambiguous markup is removed: known HTML tags, escaped punctuation, paired "**". Ambiguous markup
("*really*", "> quoted") is removed only if the entry has unambiguous markup, too.

A parser of HTML or Markdown cannot replace this: parsers return a document without the offsets of
each character.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of an entry without markup; `text[i]` stems from `entry[starts[i]:ends[i]]`."""

    entry: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def entry_span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the entry of `text[start:end]`, which must not be empty."""
        return self.starts[start], self.ends[end - 1]

    def marked_span(self, start: int, end: int) -> tuple[int, int]:
        """As `entry_span`, with the emphasis marks that were removed directly before and after."""
        first, last = self.entry_span(start, end)
        before = self.ends[start - 1] if start else 0
        after = self.starts[end] if end < len(self.text) else len(self.entry)
        while first > before and self.entry[first - 1] in _EMPHASIS:
            first -= 1
        while last < after and self.entry[last] in _EMPHASIS:
            last += 1
        return first, last


_EMPHASIS: Final = "*_~=`"

# An entry without any of these characters has no markup: the other patterns are not tried.
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
      (?P<declaration> <!doctype[^<>]*+> | <\?xml[^<>]*+> )
    | (?P<block> </?(?:{_BLOCK_TAGS}){_ATTRIBUTES}> )
    | (?P<item> <li{_ATTRIBUTES}> ) | (?P<line> </li\s*> | <br{_ATTRIBUTES}> )
    | (?P<cell> </t[dh]\s*> )
    | (?P<inline> </?(?:{_INLINE_TAGS}){_ATTRIBUTES}> )
    | (?P<entity> &(?:\#\d{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,30}}); )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPED_TAG: Final = re.compile(r"</\w+\s*>|<br\s*/?>", re.IGNORECASE)
# From opening to closing; everything between them is removed.
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
_STRONG_EMPHASIS: Final = re.compile(
    r"(?<![\w*])\*\*\*?(?=[^\s*])([^*\n]*+(?<=\S))\*\*\*?(?![\w*])|(?<![\w~])~~(?=\S)([^~\n]++)~~(?!~)"
)
_WEAK_EMPHASIS: Final = re.compile(
    r"(?<![\w*\\])\*(?=[^\s*])([^*\n]++)(?<=\S)\*(?![\w*])|(?<![\w_\\])_{1,2}(?=[^\s_])([^_\n]++)(?<=\S)_{1,2}(?!\w)"
    r"|(?<!`)`(?=\S)([^`\n]++)`(?!`)|(?<!=)==(?=\S)([^=\n]++)==(?!=)"
)
_QUOTE: Final = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+(?=\S)(?:\[![\w]+\][ \t]*)?", re.MULTILINE)
_CHECK_BOX: Final = re.compile(r"^([ \t]*[-*+][ \t]+)\[[ xX]\][ \t]+", re.MULTILINE)
_TABLE_ROW: Final = re.compile(r"^[ \t]*+\|[^|\n]++\|", re.MULTILINE)
_TABLE_RULE: Final = re.compile(
    r"^[ \t]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+\r?$", re.MULTILINE
)
_TABLE_EDGE: Final = re.compile(r"^[ \t]*+\|[ \t]*+|(?<![ \t])[ \t]*+\|[ \t]*+\r?$", re.MULTILINE)
_CELL_SEPARATOR: Final = re.compile(r"(?<![ \t])[ \t]*+\|[ \t]*+")
_INVISIBLE: Final = re.compile(r"[\ufffc\ufeff\u00ad\u200b\u2060]")
_BLANK_LINES: Final = re.compile(r"(?<![ \t])[ \t]*+\n(?:[ \t]*+\n){2,}+")
_HARD_BREAK: Final = re.compile(r"\\$|\\(?=\r?\n)")


def plain_text(entry: str) -> PlainText:
    """Return `entry` without markup.

    An entry such as "---" or "***", which would have no text left and has no letter or digit, is
    returned unchanged.
    """
    unchanged = PlainText(entry, entry, range(len(entry)), range(1, len(entry) + 1))
    if not _TRIGGER.search(entry):
        return unchanged
    stripper = _Stripper(unchanged)
    stripper.strip()
    if not stripper.plain.text.strip() and not any(map(str.isalnum, entry)):
        return unchanged
    return stripper.plain


class _Stripper:
    """Removes one kind of markup after another and keeps track of the offsets."""

    def __init__(self, plain: PlainText) -> None:
        self.plain = plain
        self._has_markup = False

    def strip(self) -> None:
        """Remove unambiguous markup, then ambiguous markup if there was any of the first kind."""
        self._remove(_INVISIBLE)
        self._remove(_FRONT_MATTER, is_evidence=True)
        self._strip_hidden()
        self._strip_html()
        is_escaped = _ESCAPE_EVIDENCE.search(self.plain.text) is not None
        self._remove(_IMAGE, is_evidence=True)
        self._remove(_EMPTY_LINK)
        self._keep_group(_LINK, is_evidence=True)
        self._keep_group(_WIKI, is_evidence=True)
        self._remove(_FENCE, is_evidence=True)
        self._strip_tables()
        self._replace(_HEADING, lambda match: match.span(1), is_evidence=True, separator="\n")
        self._replace(_RULE, lambda match: "\n")
        self._keep_group(_STRONG_EMPHASIS, is_evidence=True)
        self._keep_group(_CHECK_BOX, is_evidence=True)
        if is_escaped or self._has_markup:
            self._keep_group(_WEAK_EMPHASIS)
            self._remove(_QUOTE)
        if is_escaped:
            self._remove(_HARD_BREAK)
            self._replace(_ESCAPE, lambda match: None if _is_shrug(match) else match.span(1))
        if self._has_markup:
            self._replace(_BLANK_LINES, lambda match: "\n\n")

    def _strip_hidden(self) -> None:
        text = self.plain.text.lower()
        if len(text) != len(self.plain.text):  # a character that is two in lower case
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
        self._apply(changes, is_evidence=True)

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

        matches = list(_HTML.finditer(self.plain.text))
        has_tags = any(match["entity"] is None for match in matches)
        if matches:
            self._replace(_HTML, replacement, is_evidence=has_tags)
        # HTML that was escaped as a whole: its tags appear only now
        if matches and not has_tags and _ESCAPED_TAG.search(self.plain.text):
            self._replace(_HTML, replacement, is_evidence=True)

    def _strip_tables(self) -> None:
        if "|" not in self.plain.text or not _TABLE_ROW.search(self.plain.text):
            return
        if not any("|" in match[0] for match in _TABLE_RULE.finditer(self.plain.text)):
            return
        self._remove(_TABLE_RULE, is_evidence=True)
        self._remove(_TABLE_EDGE)
        self._replace(_CELL_SEPARATOR, lambda match: ", ")

    def _remove(self, pattern: re.Pattern[str], *, is_evidence: bool = False) -> None:
        self._replace(pattern, lambda match: "", is_evidence=is_evidence)

    def _keep_group(self, pattern: re.Pattern[str], *, is_evidence: bool = False) -> None:
        """Replace each match by its group."""
        self._replace(
            pattern, lambda match: match.span(match.lastindex or 0), is_evidence=is_evidence
        )

    def _replace(
        self,
        pattern: re.Pattern[str],
        replacement: Callable[[re.Match[str]], str | tuple[int, int] | None],
        *,
        is_evidence: bool = False,
        separator: str = "",
    ) -> None:
        """Replace each match by a text, or by a span of it between two separators; None keeps it.

        With `is_evidence`, a match proves that the entry has markup.
        """
        changes: list[tuple[int, int, str]] = []
        for match in pattern.finditer(self.plain.text):
            new = replacement(match)
            if new is None or match.start() == match.end():
                continue
            if isinstance(new, str):
                changes.append((match.start(), match.end(), new))
            else:
                start, end = new
                changes += [(match.start(), start, separator), (end, match.end(), separator)]
        self._apply(changes, is_evidence=is_evidence)

    def _apply(self, changes: Sequence[tuple[int, int, str]], *, is_evidence: bool) -> None:
        """Replace spans by texts; each character of such a text stems from the entire span."""
        if not changes:
            return
        self._has_markup |= is_evidence
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
                first = min(start, len(plain.starts) - 1)
                starts += [plain.starts[first]] * len(new)
                ends += [plain.ends[max(first, end - 1)]] * len(new)
            position = end
        self.plain = PlainText(plain.entry, "".join(texts), starts, ends)


def _is_shrug(match: re.Match[str]) -> bool:
    return match.string[max(0, match.start() - 1) : match.end() + 1].startswith("¯\\_")
