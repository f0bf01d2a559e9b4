"""A computation stops early when its result is no longer needed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from runners.cancellation import Cancelled, cancel_scope, stop_if_cancelled
from runners.transcriber.whisper import Whisper
from samo.audio import decode


def test_nothing_stops_outside_a_cancel_scope():
    stop_if_cancelled()


def test_whisper_stops_before_its_next_window():
    cancelled = threading.Event()
    cancelled.set()
    whisper = object.__new__(Whisper)  # it stops before it uses its weights
    with cancel_scope(cancelled), pytest.raises(Cancelled):
        whisper.encode(np.zeros((80, 3000), dtype=np.float32))


def test_decoding_stops_at_its_next_packet(recording):
    cancelled = threading.Event()
    cancelled.set()
    with cancel_scope(cancelled), pytest.raises(Cancelled):
        decode(recording)
