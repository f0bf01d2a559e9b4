"""What the transcriber is asked about a turn, and the event with its transcript."""

from __future__ import annotations

from dataclasses import replace

from runners.transcriber.transcript import Transcript, TranscriptionRequest
from samo.live import server_events as events
from samo.live.audio_input import Samples
from samo.live.config import LOGPROBS, SessionConfig
from samo.live.turns import Turn


def complete(config: SessionConfig, samples: Samples, text_before: str) -> TranscriptionRequest:
    """For the complete transcript of a turn; `text_before` is the text of the turn before it."""
    settings = config.audio.input.transcription
    return TranscriptionRequest(
        samples,
        language=settings.language,
        candidate_languages=tuple(code for code in settings.languages if code),
        # a turn often begins in the middle of a sentence
        prompt=f"{settings.prompt} {text_before}".strip(),
        keywords=tuple(settings.keywords),
        word_timestamps=True,
        token_scores=LOGPROBS in config.include,
        short_context=True,
    )


def draft(request: TranscriptionRequest, turn: Turn) -> TranscriptionRequest:
    """A draft instead of a complete transcript: it continues the stable text in its language."""
    return replace(
        request,
        language=turn.language or request.language,
        word_timestamps=False,
        token_scores=False,
        stable_text=turn.stable,
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
