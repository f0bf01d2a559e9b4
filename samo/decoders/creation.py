"""Choose the decoder."""

from __future__ import annotations

from samo.decoders.base import Decoder
from samo.decoders.isolated import IsolatedDecoder
from samo.decoders.threaded import ThreadedDecoder


def create_decoder(concurrency: int, *, isolated: bool) -> Decoder:
    """A decoder of at most `concurrency` uploads at a time, in processes or in threads."""
    return IsolatedDecoder(concurrency) if isolated else ThreadedDecoder(concurrency)
