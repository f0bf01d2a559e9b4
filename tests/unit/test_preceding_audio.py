"""The words of the audio before a turn are left out of its transcript."""

from __future__ import annotations

import pytest

from runners.transcriber.preceding import without_preceding
from runners.transcriber.transcript import Segment, SpokenWord, TimeSpan, Transcript


def segment_of(number, *words):
    spoken = tuple(SpokenWord(f" {text}", start, end, 0.9) for text, start, end in words)
    text = "".join(word.text for word in spoken)
    return Segment(
        number, spoken[0].start, spoken[-1].end, text, -0.2, 0.1, 1.0, 0.0, (1, 2), spoken, "en"
    )


def transcript_of(*segments, unclear=()):
    text = "".join(segment.text for segment in segments).strip()
    return Transcript(text, "en", 1.0, 5.0, 0.9, False, segments, 4.0, unclear)


BEFORE = segment_of(0, ("Replied", 0.4, 0.9), ("he.", 0.9, 1.4))
ACROSS = segment_of(0, ("he,", 1.0, 1.6), ("of", 2.4, 2.6), ("a", 2.6, 2.7), ("truth", 2.7, 3.1))
AFTER = segment_of(1, ("Of", 2.4, 2.6), ("truth.", 2.6, 3.1))


@pytest.mark.parametrize(
    ("segments", "text", "tokens"),
    [
        ([BEFORE, AFTER], "Of truth.", (1, 2)),
        ([ACROSS], "of a truth", ()),  # tokens are not known by word
        ([BEFORE], "", None),
        ([], "", None),
    ],
)
def test_only_what_follows_is_kept_and_times_count_from_there(segments, text, tokens):
    found = without_preceding(transcript_of(*segments), 2.0)
    assert (found.text, found.duration) == (text, 3.0)
    for number, segment in enumerate(found.segments):
        assert (segment.id, segment.tokens) == (number, tokens)
        assert (segment.start, segment.end) == pytest.approx((0.4, 1.1))
        assert segment.words is not None
        assert segment.words[0].start == pytest.approx(0.4)
    assert found.speech_seconds < 1.2


def test_unclear_speech_is_cut_where_the_turn_begins():
    unclear = (TimeSpan(0.5, 1.0), TimeSpan(1.5, 2.5), TimeSpan(3.0, 4.0))
    found = without_preceding(transcript_of(BEFORE, AFTER, unclear=unclear), 2.0)
    assert found.unclear == (TimeSpan(0.0, 0.5), TimeSpan(1.0, 2.0))
