"""Make a finished training run the project's own checkpoint, its int8 conversion included.

    python -m training.summarizer.publish --run PATH/model --checkpoint checkpoints/summarizer

The conversion carries golden entries: what the float32 conversion makes of them, where int8 says
the same. `exporting.summarizer.verify` holds every later export against them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from exporting.summarizer import (
    FINISHED,
    GOLDEN_FILE,
    ExportError,
    export_summarizer,
    verify,
    write_record,
)
from runners.summarizer import Summarizer, SummaryRequest

ENTRIES = (
    "I took the bus to work and had a coffee. I was so happy when my sister called that I cried. "
    "Then I answered some emails.",
    "We had pasta for dinner. My neighbour came by at eight. I am furious that he forgot my "
    "birthday again. The train leaves at nine tomorrow.",
    "It rained all day. I miss my grandmother so much. I bought bread and milk.",
    "Today the results came. I am so relieved and thankful. After that we drove to the station "
    "and waited for my brother.",
    "um so i went to the library and i returned the book and then i was really scared because the "
    "the doctor called me",
    "The meeting lasted two hours. I felt ashamed and lonely the whole time. In the evening I "
    "cleaned the kitchen.",
)


def publish(run: Path, checkpoint: Path) -> Path:
    """Copy the model of a run into `checkpoint` and finish its int8 conversion.

    Raises:
        ExportError: int8 agrees with float32 on less than half of the golden entries.

    """
    checkpoint.mkdir(parents=True, exist_ok=True)
    for path in sorted(run.iterdir()):
        shutil.copyfile(path, checkpoint / path.name)
    finished = export_summarizer(checkpoint, checkpoint / FINISHED)
    with tempfile.TemporaryDirectory() as name:
        exact = export_summarizer(checkpoint, Path(name) / "fp32", "fp32")
        pairs = zip(ENTRIES, _summaries(exact), _summaries(finished), strict=True)
        golden = {entry: said for entry, said, by_int8 in pairs if said == by_int8}
    if 2 * len(golden) < len(ENTRIES):
        raise ExportError(f"int8 agrees with float32 on {len(golden)} of {len(ENTRIES)} entries.")
    (finished / GOLDEN_FILE).write_text(
        json.dumps(golden, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    write_record(checkpoint, finished, Summarizer.load(finished, threads=1).task)
    verify(finished)
    return finished


def _summaries(folder: Path) -> Sequence[str]:
    summarizer = Summarizer.load(folder, threads=1)
    requests = [summarizer.prepare(SummaryRequest(entry, 1)) for entry in ENTRIES]
    return [summary.text for summary in summarizer.predict(requests)]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.publish",
        description="Make a finished training run the project's own checkpoint.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--run", required=True, type=Path, help="model/ of a training run")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/summarizer"))
    arguments = parser.parse_args()
    print(f"finished conversion written to {publish(arguments.run, arguments.checkpoint)}")


if __name__ == "__main__":
    main()
