"""What the transcriber is asked about a turn, and the event with its transcript."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE, Transcript, TranscriptionRequest
from samo.live import server_events as events
from samo.live.audio_input import Samples
from samo.live.config import LOGPROBS, SessionConfig
from samo.live.turns import Turn


def complete(config: SessionConfig, samples: Samples, before: Samples) -> TranscriptionRequest:
    """For the complete transcript of a turn, with the audio before it.

    The text of the turn before is no prompt: its mistakes and its style would go on and on.
    """
    with_scores = LOGPROBS in config.include
    if with_scores:  # the tokens of the preceding audio could not be told from the others
        before = before[:0]
    return replace(
        _request(config, np.concatenate([before, samples])),
        preceding_seconds=len(before) / SAMPLE_RATE,
        word_timestamps=True,
        token_scores=with_scores,
    )


def draft(config: SessionConfig, samples: Samples, turn: Turn) -> TranscriptionRequest:
    """For a draft, in the language of the stable text."""
    request = _request(config, samples)
    return replace(request, language=turn.language or request.language, draft=True)


def _request(config: SessionConfig, samples: Samples) -> TranscriptionRequest:
    settings = config.audio.input.transcription
    return TranscriptionRequest(
        samples,
        language=settings.language,
        candidate_languages=tuple(code for code in settings.languages if code),
        prompt=settings.prompt,
        keywords=tuple(settings.keywords),
        short_context=True,
    )


def completed(
    config: SessionConfig, turn: Turn, text: str, transcript: Transcript
) -> events.ServerEvent:
    """The event with the text of a turn."""
    codes = dict.fromkeys(span.language for span in transcript.languages)
    scores = [score for segment in transcript.segments for score in segment.token_scores]
    logprobs = [
        {
            "token": score.text.decode(errors="replace"),
            "bytes": list(score.text),
            "logprob": score.log_probability,
        }
        for score in scores
    ]
    return events.Completed(
        item_id=turn.item_id,
        transcript=text,
        languages=[events.Language(code=code) for code in codes],
        logprobs=logprobs if LOGPROBS in config.include else None,
        usage=events.Usage(seconds=round(transcript.duration, 3)),
    )
