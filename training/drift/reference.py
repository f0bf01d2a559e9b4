"""Make the reference of drift from GoEmotions' dev split and from recordings of read speech.

    python -m training.drift.reference --data FOLDER [--model small]

Writes `drift.json` into the checkpoint's folder: counts by bin and moments of the logits, no text.
The exported model must be that of the checkpoint; `export_models.py` copies the file to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from exporting.drift import checkpoint_identity
from samo.audio import AudioLevels
from samo.drift.creation import REFERENCE_FILE, ObservedModel
from samo.drift.features import (
    RecordingNumbers,
    passage_numbers,
    recording_columns,
    text_columns,
    whole_words,
)
from samo.drift.records import write_reference
from samo.drift.reference import Reference, StreamReference, make_stream, stream_categories
from samo.hashing import sha256
from samo.insight.entry import split_text
from training.command_line import DATA_HELP, command_parser, print_json
from training.drift.outputs import Classifier, ObservedText
from training.drift.traffic import measure, read_dev, read_recordings
from training.emotion.served import add_model_argument, default_checkpoint


def texts_reference(model: ObservedModel, texts: Sequence[ObservedText]) -> StreamReference:
    """The reference of texts: their first passages."""
    vocabulary = whole_words(model.vocabulary)
    columns = text_columns(
        [passage_numbers(text.passages[0], vocabulary) for text in texts],
        [text.probabilities[0] for text in texts],
        model.calibration,
    )
    return make_stream(columns, len(texts), stream_categories(model.calibration))


def recordings_reference(
    model: ObservedModel, recordings: Sequence[tuple[AudioLevels, str]]
) -> StreamReference:
    """The reference of recordings."""
    numbers = [RecordingNumbers(one.level, one.noise, language) for one, language in recordings]
    columns = recording_columns(numbers)
    return make_stream(columns, len(numbers), stream_categories(model.calibration))


def main() -> None:
    """The command line."""
    parser = command_parser(
        "training.drift.reference", "Make the reference of drift, drift.json of a checkpoint."
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--checkpoint", type=Path, help="default: checkpoints/NAME of the model samo-NAME"
    )
    add_model_argument(parser)
    args = parser.parse_args()
    checkpoint = args.checkpoint or default_checkpoint(args.model)
    identity = checkpoint_identity(checkpoint)
    classifier = Classifier(args.model)
    name = "calibration.json"
    if sha256(classifier.folder / name) != identity[name]:
        raise SystemExit(
            f"The model in the store was not exported from {checkpoint}: run "
            "`export_models.py` with this checkpoint first."
        )
    model = classifier.observed_model
    texts = classifier.observe(read_dev(args.data), split_text)
    recordings = [measure(*recording) for recording in read_recordings(args.data)]
    reference = Reference(
        identity,
        f"{len(texts)} comments of GoEmotions dev; {len(recordings)} recordings of read English "
        "speech (LibriSpeech test-other, LJSpeech)",
        {
            "texts": texts_reference(model, texts),
            "recordings": recordings_reference(model, recordings),
        },
    )
    path = checkpoint / REFERENCE_FILE
    path.write_text(write_reference(reference), encoding="utf-8")
    print_json({"texts": len(texts), "recordings": len(recordings), "bytes": path.stat().st_size})


if __name__ == "__main__":
    main()
