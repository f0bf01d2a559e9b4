"""Decode each upload in a process of its own, which can be killed and can open nothing.

- `messages`: what the service and a decoder process send each other
- `confinement`: the limits of a decoder process
- `environment`: its environment variables
- `template`: the process from which decoder processes are forked
- `isolated`: `IsolatedDecoder`, the service's side
- `threaded`: `ThreadedDecoder`, which decodes in the service's own process
- `base`: `Decoder`, the protocol of both
- `creation`: `create_decoder`, which chooses one
"""

from samo.decoders.base import Decoder
from samo.decoders.creation import create_decoder
from samo.decoders.isolated import IsolatedDecoder
from samo.decoders.threaded import ThreadedDecoder

__all__ = ["Decoder", "IsolatedDecoder", "ThreadedDecoder", "create_decoder"]
