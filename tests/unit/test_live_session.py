"""The state machine of a live session, with transcripts that the test makes up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from runners.errors import ModelFailure
from runners.transcriber.transcript import SAMPLE_RATE, Transcript
from samo.audio import decode
from samo.live import server_events as events
from samo.live.client_events import EventError
from samo.live.config import SessionConfig
from samo.live.session import LiveSession
from samo.live.turns import Purpose
from tests.conftest import RECORDING

SLICE = SAMPLE_RATE // 10


def config_of(source):
    return SessionConfig.model_validate({"type": "transcription", "audio": {"input": source}})


def configured(**source):
    """A session at 16 kHz."""
    source.setdefault("format", {"type": "audio/pcm", "rate": 16_000})
    return LiveSession(config_of(source))


def transcript(text, seconds=2.0):
    return Transcript(text, "en", 1.0, seconds, 0.9, no_speech=not text, segments=())


@pytest.fixture(scope="module")
def speech():
    """A phrase of 2.5 s and the pause after it, then the next words."""
    return decode(RECORDING.read_bytes()).samples[: int(4.6 * SAMPLE_RATE)]


def feed(session, samples):
    """Append samples bit by bit; yield the events after each bit."""
    for start in range(0, len(samples), SLICE):
        yield session.append(samples[start : start + SLICE])


def until(session, samples, kind):
    """Append until an event of a class comes; the events so far, and the rest of the samples."""
    found = []
    for number, some in enumerate(feed(session, samples), 1):
        found += some
        if any(isinstance(event, kind) for event in some):
            return found, samples[number * SLICE :]
    raise AssertionError(f"no {kind}")


def deltas(found):
    return "".join(event.delta for event in found if isinstance(event, events.Delta))


def test_a_turn_from_its_start_to_its_transcript(speech):
    session = configured()
    found, _ = until(session, speech, events.Committed)
    started, stopped, committed, created = found
    assert {started.item_id, stopped.item_id, committed.item_id} == {created.item.id}
    assert 0 <= started.audio_start_ms < 400
    assert stopped.audio_end_ms == pytest.approx(2_750, abs=200)
    decode_order = session.next_decode(draft_after_seconds=0.6)
    assert decode_order.purpose is Purpose.FINAL
    delta, completed = session.decoded(decode_order, transcript("And so my fellow Americans"))
    assert delta.delta == completed.transcript == "And so my fellow Americans"
    assert session.next_decode(draft_after_seconds=0.6) is None
    (finished,) = session.take_finished()
    assert finished.end - finished.start == len(finished.samples)


def test_drafts_become_stable_text_and_the_rest_follows(speech):
    session, found = configured(), []
    drafts = iter(["And so", "And so my", "And so my fell", "And so my fellow Erik"])
    purposes = []
    for some in feed(session, speech[: int(3.4 * SAMPLE_RATE)]):
        found += some
        order = session.next_decode(draft_after_seconds=0.3)
        if order is not None:
            purposes.append(order.purpose)
            text = next(drafts, "And so my fellow Americans.")
            if order.purpose is not Purpose.DRAFT:
                text = "And so my fellow Americans."
            found += session.decoded(order, transcript(text))
    assert purposes[0] is Purpose.DRAFT
    assert purposes[-1] is Purpose.PAUSE  # it was transcribed before the turn ended
    completed = next(event for event in found if isinstance(event, events.Completed))
    assert completed.transcript == deltas(found) == "And so my fellow Americans."
    assert not session.pending_turns


def second_turn(session, speech):
    """The complete transcript that the second of two turns needs; the first one has a text."""
    until(session, speech, events.Committed)
    first = session.next_decode(draft_after_seconds=None)
    session.decoded(first, transcript("And so my fellow Americans"))
    until(session, speech, events.Committed)
    return first, session.next_decode(draft_after_seconds=None)


def test_a_short_turn_is_read_with_what_was_said_before(speech):
    first, second = second_turn(configured(), speech)
    preceding = round(second.request.preceding_seconds * SAMPLE_RATE)
    assert np.array_equal(second.request.samples[:preceding], first.request.samples)
    assert len(second.request.samples) - preceding < 4 * SAMPLE_RATE
    assert first.request.preceding_seconds == 0


def test_log_probabilities_are_those_of_the_turn_alone(speech):
    config = config_of({"format": {"type": "audio/pcm", "rate": 16_000}})
    config.include.append("item.input_audio_transcription.logprobs")
    _, second = second_turn(LiveSession(config), speech)
    assert (second.request.token_scores, second.request.preceding_seconds) == (True, 0)


def test_a_transcript_that_speech_has_overtaken_is_not_wanted(speech):
    session = configured(turn_detection={"type": "server_vad", "silence_duration_ms": 3000})
    wanted = []
    order = None
    for some in feed(session, speech):
        assert not any(isinstance(event, events.Committed) for event in some)
        order = order or session.next_decode(draft_after_seconds=None)
        if order is not None:
            wanted.append(session.is_wanted(order))
    assert order is not None
    assert order.purpose is Purpose.PAUSE
    assert wanted[0]
    assert not wanted[-1]  # "Ask not" follows


def test_a_pause_within_a_turn_is_no_end(speech):
    session = configured(turn_detection={"type": "server_vad", "silence_duration_ms": 3000})
    found = list(itertools.chain(*feed(session, speech)))
    assert [type(event) for event in found] == [events.SpeechStarted]
    order = session.next_decode(draft_after_seconds=0.3)
    assert session.is_wanted(order)


def test_decodes_that_are_not_wanted_any_more(speech):
    session = configured()
    _, rest = until(session, speech, events.SpeechStarted)
    session.append(rest[: int(1.5 * SAMPLE_RATE)])
    draft = session.next_decode(draft_after_seconds=0.3)
    assert draft.purpose is Purpose.DRAFT
    session.clear()
    assert not session.is_wanted(draft)
    assert session.decoded(draft, transcript("And so")) == []
    assert session.next_decode(draft_after_seconds=0.3) is None


def test_drafts_need_new_audio_and_a_free_worker(speech):
    session = configured()
    _, rest = until(session, speech, events.SpeechStarted)
    session.append(rest[: int(1.5 * SAMPLE_RATE)])
    assert session.next_decode(draft_after_seconds=None) is None
    draft = session.next_decode(draft_after_seconds=0.6)
    session.decoded(draft, transcript("And so my"))
    assert session.next_decode(draft_after_seconds=0.6) is None


def test_a_failed_turn_fails_alone(speech):
    session = configured()
    until(session, speech, events.Committed)
    order = session.next_decode(draft_after_seconds=None)
    (failed,) = session.failed(order, ModelFailure("The model failed."))
    assert (failed.type.rpartition(".")[2], failed.error.code) == ("failed", "model_failure")
    assert not session.pending_turns


def test_without_turn_detection_the_client_commits(speech):
    session = configured(turn_detection=None)
    with pytest.raises(EventError, match="100 ms"):
        session.commit()
    assert session.append(speech) == []
    committed, _ = session.commit()
    order = session.next_decode(draft_after_seconds=0.3)
    assert np.array_equal(order.request.samples, speech)
    session.append(speech)
    second, _ = session.commit()
    assert second.previous_item_id == committed.item_id


def test_the_buffer_is_bounded_without_turn_detection():
    session = configured(turn_detection=None)
    minute = b"\0" * 2 * 60 * SAMPLE_RATE
    for _ in range(5):
        session.append(session.decode_audio(minute))
    with pytest.raises(EventError) as caught:
        session.decode_audio(minute)
    assert caught.value.code == "input_audio_buffer_full"
    assert [type(event) for event in session.clear()] == [events.Cleared]
    session.decode_audio(minute)


def test_silence_is_not_kept():
    session = configured()
    for _ in range(600):
        assert session.append(np.zeros(SAMPLE_RATE, np.float32)) == []
    assert session._audio.end - session._audio.start < 3 * SAMPLE_RATE
    with pytest.raises(EventError, match="no speech"):
        session.commit()
    assert session.finish() == []


def test_turn_detection_cannot_change_within_a_turn(speech):
    session = configured()
    until(session, speech, events.SpeechStarted)
    update = config_of({"turn_detection": None})
    with pytest.raises(EventError) as caught:
        session.update(update)
    assert caught.value.param == "session.audio.input.turn_detection"
    session.clear()
    (updated,) = session.update(update)
    assert updated.session["audio"]["input"]["turn_detection"] is None
    assert updated.session["audio"]["input"]["format"]["rate"] == 16_000  # was not in the update


def test_an_endless_monologue_is_cut_and_nothing_is_lost(speech):
    session, turns = configured(), []
    spoken = np.tile(speech[3_200 : int(2.4 * SAMPLE_RATE)], 30)
    for some in feed(session, spoken):
        turns += [event for event in some if isinstance(event, events.Committed)]
        if turns and session.pending_turns:
            order = session.next_decode(draft_after_seconds=None)
            session.decoded(order, transcript("And so on."))
    finished = session.take_finished()
    assert len(finished) >= 2
    assert all(len(turn.samples) <= 26 * SAMPLE_RATE for turn in finished)
    for before, after in itertools.pairwise(finished):
        assert 0 <= after.start - before.end < SAMPLE_RATE // 2
