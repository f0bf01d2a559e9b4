"""Measure what decoding each upload in a process of its own costs.

    python -m loadtests.decoding

Recordings of three lengths and formats are decoded by processes and by threads in turns. Also
prints the time until the template of the processes is ready, and its memory.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from contextlib import closing
from typing import Final

import av
import numpy as np
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from loadtests.machine import describe_machine
from samo.decoders import Decoder, IsolatedDecoder, ThreadedDecoder

SECONDS: Final = (5, 30, 290)
FORMATS: Final = {
    "FLAC": ("flac", "flac"),
    "MP3": ("mp3", "libmp3lame"),
    "WebM": ("webm", "libopus"),
}
_RATE: Final = 48_000


def recording(container: str, codec: str, seconds: int) -> bytes:
    """A tone of 440 Hz that is switched on and off, in this format."""
    clock = np.arange(_RATE, dtype=np.float32) / _RATE
    second = 0.5 * np.sin(2 * np.pi * 440 * clock) * (np.sin(2 * np.pi * 3 * clock) > 0)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=_RATE, layout="mono")
        for _ in range(seconds):
            frame = av.AudioFrame.from_ndarray(
                second.astype(np.float32)[None, :], format="flt", layout="mono"
            )
            frame.sample_rate, frame.pts = _RATE, None
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


async def _milliseconds(decoders: list[Decoder], data: bytes, turns: int) -> list[float]:
    """The median time of each decoder; they take turns."""
    times: list[list[float]] = [[] for _ in decoders]
    for turn in range(turns + 1):
        for number, decoder in enumerate(decoders):
            start = time.perf_counter()
            await decoder.decode(data)
            if turn:  # the first warms up
                times[number].append((time.perf_counter() - start) * 1000)
    return [statistics.median(one) for one in times]


async def measure(turns: int) -> None:
    """Measure, and print a table."""
    start = time.perf_counter()
    with closing(IsolatedDecoder(1)) as isolated, closing(ThreadedDecoder(1)) as threaded:
        isolated.start()
        isolated.wait_until_started()
        ready = time.perf_counter() - start
        processes = psutil.Process().children(recursive=True)
        memory = sum(process.memory_full_info().pss for process in processes) / 2**20
        table = Table(title=f"Decoding; {describe_machine()}")
        for column in ("recording", "thread, ms", "process, ms", "added, ms"):
            table.add_column(column, justify="left" if column == "recording" else "right")
        for seconds in SECONDS:
            for name, (container, codec) in FORMATS.items():
                data = recording(container, codec, seconds)
                fewer = max(3, turns // (1 + seconds // 30))
                thread, process = await _milliseconds([threaded, isolated], data, fewer)
                figures = (f"{value:.1f}" for value in (thread, process, process - thread))
                table.add_row(f"{seconds} s of {name}", *figures)
    console = Console(width=100)
    console.print(table)
    console.print(f"template and next process: ready after {ready:.2f} s, {memory:.0f} MB (PSS)")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=30, help="of the shortest recordings (30)")
    uvloop.run(measure(parser.parse_args().turns))


if __name__ == "__main__":
    main()
