"""The command `samo batch`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from runners.errors import StartError
from samo.batch.analysis import OUTPUT_SCHEMAS, BatchOptions, Job, ShardResult
from samo.batch.entries import BatchRunError, EntrySource, Shard
from samo.batch.executors import run_in_process, run_on_ray
from samo.batch.folder import Format, RunFolder
from samo.batch.progress import BatchProgress
from samo.batch.recordings import RecordingFolder
from samo.batch.sources import RECORDINGS_PER_SHARD, TEXTS_PER_SHARD, open_source
from samo.batch.store import tags
from samo.settings import CloudRunTask, Settings

DESCRIPTION: Final = """\
Analyse many entries in one run, with the same results as the service.

IN is one of
  FILE.jsonl    one JSON object per line: {"id": ..., "text": "..."}; "id" is optional
  FILE.parquet  one entry per row, with a string column "text"
  FOLDER        recordings of any format and name, also in subfolders
OUT is a folder. Its parts have the entries in the order of IN: their other fields and the result.
Entries that cannot be used are listed in OUT/_errors, with their line or file and an error code.

If a run is stopped, even by SIGKILL, the same command resumes it: no entry is missing or
duplicated.
"""
EXAMPLES: Final = """\
examples:
  samo batch entries.jsonl insights                   insights of texts
  samo batch recordings/ insights --language en       insights of recordings
  samo batch entries.jsonl emotions --answer prediction --format parquet
                                                      emotions only, as a typed table
  samo batch entries.jsonl insights --engine ray --workers 8 --threads 2
                                                      eight processes with two threads each
  cat insights/part-*.jsonl > insights.jsonl          one file of all parts

The last line of the output is JSON: the numbers of analysed and refused entries, seconds and rate.
The SAMO_* variables apply as for the service. The tasks of a Cloud Run Job share the shards.
docs/batch.md explains more.
"""

console = Console(stderr=True)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo batch",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "input", metavar="IN", type=Path, help="a .jsonl or .parquet file, or a folder"
    )
    parser.add_argument("output", metavar="OUT", type=Path, help="a folder for the results")
    _add_result_options(parser.add_argument_group("results"))
    _add_execution_options(parser.add_argument_group("execution"))
    return parser


def _add_result_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--answer",
        choices=sorted(OUTPUT_SCHEMAS),
        default="insight",
        help="insight: as POST /analyze/journal returns it (default); prediction: as POST /predict "
        "with groupings returns it, emotions only and several times as fast",
    )
    group.add_argument("--no-summary", action="store_true", help="insights without a summary")
    group.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="threshold of all labels, from 0 to 1; default: the tuned threshold of each label",
    )
    group.add_argument(
        "--language",
        metavar="CODE",
        help="language of the recordings, ISO 639-1; default: detected for each recording",
    )
    group.add_argument(
        "--format",
        choices=["jsonl", "parquet"],
        help="format of the parts; default: the format of IN, and jsonl for recordings",
    )


def _add_execution_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--shard",
        type=_positive,
        metavar="N",
        help=f"entries per part; default: {TEXTS_PER_SHARD}, or {RECORDINGS_PER_SHARD} recordings. "
        "A run that is stopped repeats only the unfinished parts",
    )
    group.add_argument(
        "--engine",
        choices=["here", "ray"],
        default="here",
        help="here: in this process, on all CPUs (default); ray: in --workers processes, with Ray",
    )
    group.add_argument(
        "--workers", type=_positive, default=1, metavar="N", help="processes of Ray; default: 1"
    )
    group.add_argument(
        "--threads",
        type=_positive,
        metavar="N",
        help="CPU threads per process; default: the CPUs divided by --workers",
    )
    group.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="of a Ray cluster; IN and OUT must have the same path on all of its machines",
    )


def _probability(value: str) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
    return number


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0: finished. 1: interrupted by the disk or by a change of the input. 2: the arguments, a setting
    or a model cannot be used. 130: interrupted by Ctrl-C.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    args = build_parser().parse_args(arguments)
    try:
        return _run(args)
    except (BatchRunError, StartError) as error:
        console.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
        return error.status if isinstance(error, BatchRunError) else BatchRunError.status
    except KeyboardInterrupt:
        console.print("Stopped. The same command resumes the run.")
        return 130


def _run(args: argparse.Namespace) -> int:
    if args.engine == "here" and (args.address or args.workers > 1):
        raise BatchRunError("--workers and --address need --engine ray.")
    output = args.output.resolve()
    if output == args.input.resolve():
        raise BatchRunError("OUT is the same as IN: name another folder for the results.")
    with console.status("Reading the input …"):
        source = open_source(args.input.resolve(), args.shard, output)
    if args.answer == "prediction" and source.kind == "audio":
        raise BatchRunError("--answer prediction needs texts: leave it out for recordings.")
    folder = _run_folder(args, source)
    if isinstance(source, RecordingFolder) and (earlier_listing := folder.listing()) is not None:
        source = source.resume_from(earlier_listing)
    skipped = dict(source.skipped) if isinstance(source, RecordingFolder) else {}
    if not source.shards():
        raise BatchRunError(f"There is nothing to analyse in {args.input}{_describe(skipped)}.")
    task = CloudRunTask()
    with folder.locked(shared=task.count > 1):
        summary = _analyse(args, source, folder, task)
    if skipped:
        console.print(
            f"Skipped files that are not recordings{_describe(skipped)}.",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
    if isinstance(source, RecordingFolder):
        summary["passed_over"] = skipped
    print(json.dumps(summary))
    return 0


def _describe(skipped: dict[str, int]) -> str:
    """Return the numbers of skipped files by kind, in parentheses; empty if there are none."""
    if not skipped:
        return ""
    return f" ({', '.join(f'{number} {kind}' for kind, number in sorted(skipped.items()))})"


def _analyse(
    args: argparse.Namespace, source: EntrySource, folder: RunFolder, task: CloudRunTask
) -> dict[str, Any]:
    """Analyse the unfinished shards of this task and return the figures of the last line."""
    settings = _settings(args)
    options = BatchOptions(args.answer, not args.no_summary, args.threshold, args.language)
    shards = source.shards()
    folder.start_or_resume(
        {
            "input": source.fingerprint(),
            "options": asdict(options),
            "format": folder.format,
            "shard_entries": shards[0].entries,
            "models": tags(settings),
        },
        source.listing() if isinstance(source, RecordingFolder) else None,
    )
    task_shards = [shard for shard in shards if shard.index % task.count == task.index]
    missing = folder.missing(task_shards)
    total, remaining = (sum(shard.entries for shard in some) for some in (task_shards, missing))
    answered = refused = 0
    with BatchProgress(console, total, total - remaining) as progress:
        job = Job(source, folder, options, settings)
        for result in _execute(args, job, missing, progress):
            answered, refused = answered + result.answered, refused + result.refused
    folder.finish(shards)
    if refused:
        console.print(
            f"{refused} entries could not be used: {folder.path / '_errors'}", markup=False
        )
    return {
        "answered": answered,
        "refused": refused,
        "done_before": total - remaining,
        "seconds": round(progress.seconds, 2),
        "per_second": round((answered + refused) / progress.seconds, 2),
    }


def _execute(
    args: argparse.Namespace, job: Job, shards: Sequence[Shard], progress: BatchProgress
) -> Iterator[ShardResult]:
    """Run the shards; progress is counted by entry in this process, and by shard with Ray."""
    if not shards:
        return
    if args.engine == "here":
        yield from run_in_process(job, shards, progress.advance)
        return
    entries = {shard.index: shard.entries for shard in shards}
    for result in run_on_ray(job, shards, workers=args.workers, address=args.address):
        progress.advance(entries[result.index])
        yield result


def _settings(args: argparse.Namespace) -> Settings:
    settings = Settings.load()
    threads = args.threads
    if threads is None and args.workers > 1 and "threads" not in settings.model_fields_set:
        threads = max(1, settings.threads // args.workers)
    return settings if threads is None else settings.model_copy(update={"threads": threads})


def _run_folder(args: argparse.Namespace, source: EntrySource) -> RunFolder:
    output_format: Format = args.format or ("parquet" if source.kind == "parquet" else "jsonl")
    path = args.output.resolve()
    if output_format == "jsonl":
        return RunFolder(path)
    try:
        from samo.batch import parquet_output  # pyarrow is an optional dependency
    except ImportError:
        raise BatchRunError("pyarrow is not installed: run `make bulk`.") from None
    schema = parquet_output.output_schema(source, args.answer, OUTPUT_SCHEMAS[args.answer])
    return RunFolder(path, "parquet", partial(parquet_output.write_parquet, schema=schema))
