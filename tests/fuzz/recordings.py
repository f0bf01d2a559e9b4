"""Damage recordings of every container at random and decode them.

    python -m tests.fuzz.recordings --seconds 60

`decode` must return audio or raise one of the documented errors, in bounded time and memory. The
number of a case determines its damage; `--case N` repeats it. Cases run in a child process, so that
crashes are detected too. The exit status is 1 if a case failed.
"""

import argparse
import contextlib
import os
import random
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runners.errors import AudioTooLong, UndecodableAudio, UnsupportedAudio
from samo.audio import decode
from samo.limits import MAX_AUDIO_SECONDS
from tests import recordings

MAX_CPU_SECONDS = 10.0
MAX_HANG_SECONDS = 60.0
MAX_MEMORY_MB = 700
MAX_GROWTH_MB = 64
CASES_PER_CHILD = 400
# Until then, codecs and tables are loaded.
CASES_BEFORE_GROWTH = 100
_GROWTH = "growth"
MAX_FINDINGS = 20

_EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def seeds():
    """Return the files to damage."""
    names = sorted(recordings.WRITABLE)
    files = []
    for name in names:
        container, codec, options = recordings.WRITABLE[name]
        files.append(recordings.encode(container, codec, **{"seconds": 0.5, **options}))
    files += [
        recordings.mp3_with_cover(),
        recordings.video(),
        recordings.tracks(recordings.tone(0.5), recordings.tone(0.5)),
        recordings.with_hole("webm", "libopus", before=0.3, after=0.2),
        recordings.mp4_with_tables(),
        recordings.mp4_with_tables(trun=10),
        b"#!AMR-WB\n" + bytes([0x7C]) * 20,
        (b"\xd0" + bytes(32)) * 20,
    ]
    return files


def damage(files, number):
    """Return the input of a case: one of `files`, with the damage of case `number`."""
    chance = random.Random(number)
    data = bytearray(files[number % len(files)])
    for _ in range(chance.choice((1, 1, 2, 3, 5, 20))):
        if not data:
            break
        # Most structure is in the first bytes.
        reach = min(len(data), chance.choice((64, 400, 4000, len(data))))
        at = chance.randrange(reach)
        kind = chance.randrange(9)
        if kind == 0:
            data[at] = chance.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            width = chance.choice("BHIQ")
            value = chance.choice(_EXTREMES) & (1 << 8 * struct.calcsize(width)) - 1
            field = struct.pack(chance.choice("<>") + width, value)
            data[at : at + len(field)] = field
        elif kind == 3:
            del data[at : at + chance.choice((1, 4, 100, len(data) // 3))]
        elif kind == 4:
            piece = data[at : at + chance.choice((4, 30, 500, 5000))]
            data[at:at] = piece * chance.choice((1, 3, 50))
        elif kind == 5:
            data[at:at] = bytes(chance.choice((1, 8, 1000)))
        elif kind == 6:
            other = files[chance.randrange(len(files))]
            start = chance.randrange(len(other))
            data[at:at] = other[start : start + chance.choice((20, 400, len(other)))]
        elif kind == 7:
            data = data[: max(1, chance.randrange(len(data)))]
        else:
            data += files[chance.randrange(len(files))]
    return bytes(data[: 4 * 1024 * 1024])


def _memory_mb(field):
    """Return the resident memory in MB ("VmRSS"), or its peak ("VmHWM")."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) // 1024
    return 0


def _reset_peak():
    """Reset the peak memory, so that earlier memory of the process does not count."""
    with contextlib.suppress(OSError):  # not all kernels support it
        Path("/proc/self/clear_refs").write_text("5")


def check(data):
    """Return a description of a wrong result of `decode`, or None."""
    _reset_peak()
    before = _memory_mb("VmRSS")
    start = time.process_time()
    try:
        audio = decode(data)
    except (UnsupportedAudio, UndecodableAudio, AudioTooLong):
        audio = None
    except Exception as error:  # noqa: BLE001  # every other exception is a finding
        return f"{type(error).__name__}: {error}"
    if audio is not None and not (
        0 < audio.duration <= MAX_AUDIO_SECONDS + 1.1
        and np.isfinite(audio.samples).all()
        and np.abs(audio.samples).max() <= 1.0
    ):
        return f"invalid audio: {audio.duration} s"
    if (seconds := time.process_time() - start) > MAX_CPU_SECONDS:
        return f"{seconds:.1f} s of CPU time"
    if (memory := _memory_mb("VmHWM") - before) > MAX_MEMORY_MB:
        return f"{memory} MB of memory"
    return None


def child(first):
    """Run cases; print the number of each before it starts, and at the end how memory grew."""
    files = seeds()
    before = 0
    for number in range(first, first + CASES_PER_CHILD):
        if number == first + CASES_BEFORE_GROWTH:
            before = _memory_mb("VmRSS")
        print(number, flush=True)
        problem = check(damage(files, number))
        if problem:
            print(f"{number} {problem}", flush=True)
            sys.exit(3)
    print(f"{_GROWTH} {_memory_mb('VmRSS') - before}", flush=True)


def child_command(first):
    return [sys.executable, "-m", "tests.fuzz.recordings", "--child", str(first)]


@dataclass
class Result:
    """What was run and found; `growth_mb` is the most that memory grew in 300 cases."""

    cases: int = 0
    findings: int = 0
    growth_mb: int = 0


def run(seconds, first, report=print, inputs=0):
    """Start child processes for `seconds`, and until there were so many inputs."""
    start = time.monotonic()
    result = Result()

    def is_over():
        return time.monotonic() - start >= seconds and result.cases >= inputs

    while not is_over() and result.findings < MAX_FINDINGS:
        with subprocess.Popen(child_command(first), bufsize=0, stdout=subprocess.PIPE) as process:
            number, problem, ended = first, "", False
            assert process.stdout is not None
            while time.monotonic() - start < seconds or result.cases + number - first < inputs:
                if not select.select([process.stdout], [], [], MAX_HANG_SECONDS)[0]:
                    problem = f"no result for {MAX_HANG_SECONDS:.0f} s"
                    break
                line = process.stdout.readline().decode().strip()
                if not line:
                    break
                started, _, problem = line.partition(" ")
                if started == _GROWTH:
                    result.growth_mb = max(result.growth_mb, int(problem))
                    problem = ""
                    continue
                number = int(started)
            else:
                ended = True
            if ended or problem:
                process.kill()
            status = process.wait()
        if not problem and not ended and status != 0:
            problem = f"the process ended with {status}"
        if problem:
            result.findings += 1
            report(f"case {number}: {problem}")
        result.cases += number - first + 1
        first = number + 1
    if result.growth_mb > MAX_GROWTH_MB:
        result.findings += 1
        report(f"memory grew by {result.growth_mb} MB")
    report(f"{result.cases} cases, {result.findings} findings; the next is {first}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="repeat only this case")
    parser.add_argument("--save", type=Path, help="with --case: write its input to this file")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        child(args.child)
    elif args.case is not None:
        data = damage(seeds(), args.case)
        if args.save:
            args.save.write_bytes(data)
        problem = check(data)
        print(problem or "nothing found")
        sys.exit(bool(problem))
    else:
        sys.exit(run(args.seconds, args.first).findings > 0)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
