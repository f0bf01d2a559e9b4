"""Decode the recording of a job, in this process, within limits of the kernel.

    python -m samo.jobs.decoder_process INPUT OUTPUT MAX_SECONDS

INPUT and OUTPUT are descriptors of open files. One line of JSON on the standard output says what
was decoded, or which error was raised.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import orjson

from runners.errors import SamoError
from samo.audio.files import SAMPLE_BYTES, decode_file
from samo.audio.types import SAMPLE_RATE
from samo.decoders.confinement import Confinement
from samo.decoders.template import warm_up

_MAX_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Address space beyond that of the imports and of the file, which is mapped."""
_MIN_CPU_SECONDS: Final = 60.0
_CPU_SECONDS_PER_SECOND: Final = 0.05
"""Of audio; eight tracks of Opus take about 0.03."""
_NICENESS: Final = 10


def main(input_descriptor: int, output_descriptor: int, max_seconds: float) -> None:
    """Run the command line."""
    with os.fdopen(input_descriptor, "rb") as file, os.fdopen(output_descriptor, "w+b") as output:
        os.nice(_NICENESS)  # jobs take what others leave
        warm_up()  # while the files of modules can be opened
        confinement = _confinement(os.fstat(input_descriptor).st_size, max_seconds)
        try:
            decoded = decode_file(file, output, max_seconds, confinement.begin)
        except SamoError as error:
            answer: dict[str, Any] = {
                "code": error.code, "message": error.message, "details": error.details,
            }  # fmt: skip
        else:
            answer = {
                "samples": decoded.samples,
                "container": decoded.container,
                "codec": decoded.codec,
                "gaps": [[gap.start, gap.seconds] for gap in decoded.gaps],
            }
    sys.stdout.buffer.write(orjson.dumps(answer))


def _confinement(file_bytes: int, max_seconds: float) -> Confinement:
    return Confinement(
        cpu_seconds=int(_MIN_CPU_SECONDS + _CPU_SECONDS_PER_SECOND * max_seconds),
        memory_bytes=_MAX_MEMORY_BYTES + file_bytes,
        # twice: a second track is compared with the first
        file_bytes=2 * int((max_seconds + 60) * SAMPLE_RATE * SAMPLE_BYTES),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
