"""Make a finished training run the project's own checkpoint, its int8 conversion included.

    python -m training.summarizer.publish --run PATH/model --checkpoint checkpoints/summarizer

The conversion carries golden sentences: what the float32 conversion makes of them, where int8 says
the same. `exporting.summarizer.verify` holds every later export against them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from exporting.summarizer import (
    FINISHED,
    GOLDEN_FILE,
    ExportError,
    export_summarizer,
    verify,
    write_down,
    write_record,
)
from runners.summarizer.summarizer import Summarizer

SENTENCES = (
    "um i was so happy when my sister called me",
    "i miss my grandmother so much",
    "and then i was really scared because the doctor called",
    "i felt ashamed and lonely the whole time",
    "I am furious that, um, he forgot my birthday again.",
    "we we went to the beach and i loved it",
    "i am so proud of my daughter",
    "i was angry with my boss all day",
    "it was the best day of my life",
    "My friend brought me coffee, and we laughed.",
    "i could not sleep because i was worried",
    "Well, I am so relieved and thankful.",
)


def publish(run: Path, checkpoint: Path) -> Path:
    """Copy the model of a run into `checkpoint` and finish its int8 conversion.

    Raises:
        ExportError: int8 agrees with float32 on less than half of the golden sentences.

    """
    checkpoint.mkdir(parents=True, exist_ok=True)
    for path in sorted(run.iterdir()):
        shutil.copyfile(path, checkpoint / path.name)
    finished = export_summarizer(checkpoint, checkpoint / FINISHED)
    with tempfile.TemporaryDirectory() as name:
        exact = export_summarizer(checkpoint, Path(name) / "fp32", "fp32")
        written = [
            write_down(Summarizer.load(folder, threads=1), SENTENCES)
            for folder in (exact, finished)
        ]
    golden = {
        sentence: said
        for sentence, said, by_int8 in zip(SENTENCES, *written, strict=True)
        if said == by_int8
    }
    if 2 * len(golden) < len(SENTENCES):
        raise ExportError(f"int8 agrees with float32 on {len(golden)} of {len(SENTENCES)}.")
    (finished / GOLDEN_FILE).write_text(
        json.dumps(golden, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    write_record(checkpoint, finished, Summarizer.load(finished, threads=1).t5.config)
    verify(finished)
    return finished


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
