"""The exported transcriber with prompts, keywords, candidate languages and reported text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runners.errors import InvalidRequest
from runners.transcriber.parts import TranscribedParts, divide
from runners.transcriber.transcriber import SAMPLE_RATE, TextDelta, TranscriptionRequest
from samo.audio import decode
from tests.conftest import ROOT
from tests.integration.transcripts import (
    load,
    repeated,
    transcribe,
    words,
)

pytestmark = pytest.mark.models

NAMES = ("Saoirse", "Llandudno")


@pytest.mark.parametrize(
    "options",
    [{"keywords": NAMES}, {"prompt": f"Names: {', '.join(NAMES)}."}],
    ids=["keywords", "prompt"],
)
def test_rare_names_are_found_with_a_prompt_only(transcriber, options):
    samples = decode((ROOT / "tests" / "data" / "names.flac").read_bytes()).samples
    without = transcribe(transcriber, samples, language="en").text
    found = transcribe(transcriber, samples, language="en", **options).text
    assert not any(name in without for name in NAMES)
    assert all(name in found for name in NAMES)


def test_a_name_of_a_real_voice_is_found_with_its_spelling_only(transcriber, manifest, speech_data):
    samples = load(speech_data, manifest, "2033-164914-0005")  # "quoth zau al makan"
    name = "Zau al-Makan"
    texts = [
        transcribe(transcriber, samples, language="en", prompt=f"Names: {name}.").text,
        transcribe(transcriber, samples, language="en", keywords=(name,)).text,
    ]
    assert name not in transcribe(transcriber, samples, language="en").text
    # int8 rounds differently on different CPUs, and so may miss the name in one of the two
    assert any(name in text for text in texts)


def test_too_many_keywords_are_refused(transcriber, jfk):
    keywords = tuple(f"Saoirse{number}" for number in range(60))
    with pytest.raises(InvalidRequest, match="keywords") as caught:
        transcriber.prepare(TranscriptionRequest(jfk, keywords=keywords))
    assert caught.value.details["field"] == "keywords"


def test_a_prompt_of_any_length_is_accepted(transcriber, jfk):
    text = transcribe(transcriber, jfk, prompt="We spoke. " * 2_000, keywords=("Ana",) * 20).text
    assert "country" in words(text)


def test_the_language_is_one_of_the_candidates(transcriber, manifest, speech_data):
    spanish = load(speech_data, manifest, "leopard_test_es")
    assert transcribe(transcriber, spanish, candidate_languages=("en", "es")).language == "es"
    restricted = transcribe(transcriber, spanish, candidate_languages=("en", "pt"))
    assert restricted.language in {"en", "pt"}


def test_the_text_is_reported_while_it_is_transcribed(transcriber, jfk):
    deltas: list[TextDelta] = []
    transcript = transcribe(
        transcriber, repeated(jfk, 4, 1.0), on_text=deltas.append, token_scores=True
    )
    assert len(deltas) >= 2
    assert "".join(delta.text for delta in deltas) == transcript.text
    reported = [score for delta in deltas for score in delta.token_scores]
    assert reported == [score for segment in transcript.segments for score in segment.token_scores]
    assert b"".join(score.text for score in reported).decode().strip() == transcript.text


def test_token_scores_agree_with_the_words(transcriber, jfk):
    (segment, *_) = transcribe(transcriber, jfk, token_scores=True, word_timestamps=True).segments
    score = segment.token_scores[0]
    assert score.text.decode() == segment.words[0].text
    assert np.exp(score.log_probability) == pytest.approx(segment.words[0].probability, abs=1e-3)
    assert all(score.log_probability <= 0 for score in segment.token_scores)


def test_parts_have_the_text_of_one_pass(transcriber, jfk):
    samples = np.tile(np.concatenate([jfk, np.zeros(SAMPLE_RATE, np.float32)]), 3)
    request = TranscriptionRequest(samples, word_timestamps=True)
    (whole,) = transcriber.predict([request])
    parts = divide(request)
    assert len(parts) > 1
    joined = TranscribedParts()
    for part in parts:
        part = replace(part, main_language=joined.main_language)
        joined.add(part.start_sample, *transcriber.predict([part]))
    result = joined.transcript(whole.duration, word_timestamps=True)
    assert replace(result, segments=()) == replace(whole, segments=())
    for one, other in zip(result.segments, whole.segments, strict=True):
        assert (one.id, one.text, one.language) == (other.id, other.text, other.language)
        assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=0.05)
