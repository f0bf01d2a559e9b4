"""Write a complete checkpoint, as in `checkpoints/summarizer`, from a finished run.

    python -m training.summarizer.publish --run RUN/model --target FOLDER

The checkpoint contains its int8 conversion with golden sentences: the outputs of the float32
conversion that the int8 conversion reproduces. `exporting.summarizer.verify` compares every later
export with them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from exporting.errors import ExportError
from exporting.summarizer import (
    GOLDEN_FILE,
    INT8_FOLDER,
    export_summarizer,
    generate_sentences,
    verify,
    write_record,
)
from runners.summarizer.t5 import T5
from training.command_line import command_parser

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


def publish(run: Path, target: Path) -> Path:
    """Copy the model of a run into `target` and add its int8 conversion, whose folder is returned.

    Raises:
        ExportError: int8 reproduces less than half of the golden sentences.

    """
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(run.iterdir()):
        shutil.copyfile(path, target / path.name)
    conversion = export_summarizer(target, target / INT8_FOLDER)
    golden = _golden_sentences(target, conversion)
    (conversion / GOLDEN_FILE).write_text(
        json.dumps(golden, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    write_record(target, conversion, T5.load(conversion, threads=1).config)
    verify(conversion)
    return conversion


def _golden_sentences(checkpoint: Path, conversion: Path) -> dict[str, str]:
    """Outputs of the float32 conversion that the int8 conversion reproduces, by input."""
    with tempfile.TemporaryDirectory() as scratch:
        exact = export_summarizer(checkpoint, Path(scratch) / "fp32", "fp32")
        float_outputs, int8_outputs = (
            generate_sentences(T5.load(folder, threads=1), SENTENCES)
            for folder in (exact, conversion)
        )
    golden = {
        sentence: output
        for sentence, output, int8_output in zip(
            SENTENCES, float_outputs, int8_outputs, strict=True
        )
        if output == int8_output
    }
    if 2 * len(golden) < len(SENTENCES):
        raise ExportError(f"int8 reproduces only {len(golden)} of {len(SENTENCES)} sentences.")
    return golden


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.summarizer.publish", "Write a complete checkpoint from a finished run."
    )
    parser.add_argument("--run", required=True, type=Path, help="model/ of a finished run")
    parser.add_argument(
        "--target", required=True, type=Path, help="folder of the checkpoint to write"
    )
    args = parser.parse_args()
    publish(args.run, args.target)
    print(f"checkpoint written to {args.target}")


if __name__ == "__main__":
    main()
