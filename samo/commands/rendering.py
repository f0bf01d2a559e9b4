"""An insight as text: with bars and colours in a terminal, as plain lines in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runners.emotion.prediction import SENTIMENT_OF
from samo.api.schemas import InsightResponse
from samo.commands.console import printable
from samo.insight.groupings import MOOD_SENTIMENT

BAR_CELLS: Final = 24
# The terminal's own colours, so that they can be read on any background.
_STYLES: Final = {"positive": "green", "negative": "red", "ambiguous": "blue"}
_NOTES: Final = {"past": "in the past", "wished": "wished"}


def style_of(name: str) -> str:
    """The colour of an emotion or mood: that of its sentiment."""
    return _STYLES.get(SENTIMENT_OF.get(name) or MOOD_SENTIMENT.get(name) or "", "")


def print_insight(console: Console, insight: InsightResponse) -> None:
    """Print the summary, the moods and emotions, the sentences and facts about the recording."""
    if not console.is_terminal:
        console.file.write(plain(insight))
        return
    if text := _text(insight):
        _print_part(console, *text)
    if insight.emotion_analysis:
        if moods := insight.emotion_analysis.moods:
            _print_part(console, "Moods", _bars(moods))
        _print_part(console, "Emotions", _bars(insight.emotion_analysis.emotions))
    if insight.arc:
        _print_part(console, "Sentences", _sentence_table(insight))
    console.print(Text(" · ".join(_facts(insight)), style="dim"))


def plain(insight: InsightResponse) -> str:
    """The insight as text; the columns of a line are separated by tabs."""
    parts = [_text(insight)]
    if insight.emotion_analysis:
        parts += [
            ("Moods", _score_lines(insight.emotion_analysis.moods)),
            ("Emotions", _score_lines(insight.emotion_analysis.emotions)),
        ]
    sentences = "\n".join("\t".join(row).lstrip("\t") for row in _sentences(insight))
    parts.append(("Sentences", sentences))
    shown = [f"{part[0]}\n{part[1]}\n\n" for part in parts if part and part[1]]
    return "".join(shown) + ", ".join(_facts(insight)) + "\n"


def _print_part(console: Console, title: str, content: str | Table) -> None:
    console.print(Text(title, style="bold"))
    console.print(content)
    console.print()


def _text(insight: InsightResponse) -> tuple[str, str] | None:
    """The summary; without one, the transcript."""
    if insight.summary:
        return "Summary", printable(insight.summary.summary)
    if insight.transcription and not insight.arc:
        return "Transcript", printable(insight.transcription.text) or "No speech was found."
    return None


def _score_lines(scores: dict[str, float]) -> str:
    return "\n".join(f"{name}\t{confidence:.0%}" for name, confidence in scores.items())


def _bars(scores: dict[str, float]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, confidence in scores.items():
        style = style_of(name)
        table.add_row(
            Text(name, style=style), Text(_bar(confidence), style=style), f"{confidence:.0%}"
        )
    return table


def _bar(share: float) -> str:
    eighths = round(share * BAR_CELLS * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].rstrip()


def _sentences(insight: InsightResponse) -> list[tuple[str, str, str]]:
    """Time, emotion and text of each sentence; the time is empty for a typed entry."""
    return [
        (
            "" if point.start_seconds is None else _clock(point.start_seconds),
            point.primary_emotion,
            " ".join(printable(point.text).split()) + _note(point.experiencer, point.tense),
        )
        for point in insight.arc
    ]


def _sentence_table(insight: InsightResponse) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    for time, emotion, text in _sentences(insight):
        table.add_row(time, Text(emotion, style=style_of(emotion)), Text(text))
    return table


def _note(experiencer: str | None, tense: str | None) -> str:
    notes = ["of another person"] if experiencer == "other" else []
    if tense in _NOTES:
        notes.append(_NOTES[tense])
    return f" ({', '.join(notes)})" if notes else ""


def _facts(insight: InsightResponse) -> Iterator[str]:
    recording = insight.transcription
    if recording:
        yield f"{recording.duration:.1f} s of {recording.language or 'sound'}"
        yield f"audio quality {recording.audio_quality}"
    if insight.emotion_analysis:
        yield f"intensity {insight.emotion_analysis.emotional_intensity}"
    yield f"{insight.insights.get('word_count', 0)} words"
    yield f"analysed in {insight.processing_time_ms / 1000:.1f} s"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
