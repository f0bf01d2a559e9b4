"""Calls of faster-whisper, and the conversion of its tokens."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from runners.transcriber.tokens import ScoredTokens, token_bytes
from runners.transcriber.transcript import TokenScore, TranscriptionRequest
from runners.transcriber.whisper import MAX_PROMPT_TOKENS, Whisper

SAMPLES = np.zeros(16_000, np.float32)
CLIP = SimpleNamespace(cut=lambda samples: samples, parts=((0, 16_000),))


class WordTokenizer:
    """A token per word."""

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return SimpleNamespace(ids=[hash(word) for word in text.split()])


@pytest.fixture
def calls():
    return []


@pytest.fixture
def whisper(calls):
    def transcribe(samples, **options):
        calls.append(options)
        return [], None

    whisper = object.__new__(Whisper)  # without a model
    whisper.transcribe = transcribe
    whisper.hf_tokenizer = WordTokenizer()
    whisper._thread = threading.local()
    return whisper


def test_the_same_recording_gets_the_same_transcript(whisper, calls):
    assert whisper.transcribe_clip(SAMPLES, CLIP, "en", TranscriptionRequest(SAMPLES)) == []
    assert [call["temperature"] for call in calls] == [[0.0]]


def test_a_temperature_is_used_as_it_is(whisper, calls):
    request = TranscriptionRequest(SAMPLES, temperature=0.7, task="translate")
    whisper.transcribe_clip(SAMPLES, CLIP, "de", request)
    assert (calls[0]["temperature"], calls[0]["task"]) == ([0.7], "translate")


def test_prompt_and_keywords_are_a_prompt_of_whispers(whisper, calls):
    request = TranscriptionRequest(SAMPLES, prompt="Dear diary.", keywords=("Ana", "Ms Quilter"))
    whisper.transcribe_clip(SAMPLES, CLIP, "en", request)
    assert calls[0]["hotwords"] == "Ana, Ms Quilter"
    assert calls[0]["initial_prompt"] == [hash("Dear"), hash("diary.")]
    whisper.transcribe_clip(SAMPLES, CLIP, "en", TranscriptionRequest(SAMPLES))
    assert (calls[1]["hotwords"], calls[1]["initial_prompt"]) == (None, None)


def test_of_a_long_prompt_the_end_is_used(whisper, calls):
    words = [f"word{number}" for number in range(400)]
    request = TranscriptionRequest(SAMPLES, prompt=" ".join(words), keywords=("a", "b", "c"))
    whisper.transcribe_clip(SAMPLES, CLIP, "en", request)
    assert calls[0]["initial_prompt"] == [hash(word) for word in words[3 - MAX_PROMPT_TOKENS :]]


def test_control_tokens_in_a_prompt_are_text(whisper, calls):
    request = TranscriptionRequest(SAMPLES, prompt="a <|endoftext|>", keywords=("<|nospeech|>",))
    whisper.transcribe_clip(SAMPLES, CLIP, "en", request)
    assert "<|" not in calls[0]["hotwords"]
    assert hash("<|endoftext|>") not in calls[0]["initial_prompt"]


def test_tokens_as_bytes():
    assert token_bytes("Ġjoy") == b" joy"
    assert b"".join(map(token_bytes, ("ĠGr", "Ã¼", "ÃŁe"))).decode() == " Grüße"
    assert token_bytes("ĠâĢ") == b" \xe2\x80"


def test_scores_travel_with_the_tokens():
    score = TokenScore(b" joy", -0.1)
    tokens = ScoredTokens([50364, 7], (score,))
    assert tokens == [50364, 7]
    assert tokens.scores == (score,)


def test_the_text_of_ten_milliseconds_is_dropped(whisper):
    whisper._thread.scores_tokens = True
    segment = {"tokens": [50364, 7], "start": 29.98, "end": 29.99}
    whisper.add_word_timestamps([[segment]], None, None, 1)
    assert (segment["tokens"], segment["words"]) == ([], [])
