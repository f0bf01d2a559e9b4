"""samo batch IN OUT: analyse many entries at once, with the answers that the service gives.

IN is a .jsonl file ({"id"?, "text", …} per line), a .parquet file with a column `text`, or a
folder of recordings, whatever their names. OUT is a folder: its parts hold, in the order of IN,
each entry's other fields and its answer. What was stopped, even by SIGKILL, goes on when the same
command is given again; no entry is lost, none is there twice. Bad entries are named in OUT/_errors,
by line and code.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from samo.batch.analysis import ANSWER_SCHEMAS, Job, Options
from samo.batch.engines import run_here, run_on_ray
from samo.batch.folder import Format, RunFolder
from samo.batch.progress import BatchProgress
from samo.batch.recordings import Recordings
from samo.batch.sources import BatchError, Source, open_source
from samo.batch.store import tags
from samo.settings import CloudRunTask, Settings

console = Console(stderr=True)


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(
        prog="samo batch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="The last line of the output is JSON: entries answered and refused, seconds, rate. "
        "SAMO_* variables hold\nas for the service. A Cloud Run Job's tasks share the shards "
        "among them. docs/bulk.md says more.",
    )
    made.add_argument("input", metavar="IN", type=Path, help="JSONL, Parquet or a folder of audio")
    made.add_argument("output", metavar="OUT", type=Path, help="folder for the answers")
    made.add_argument(
        "--answer",
        choices=sorted(ANSWER_SCHEMAS),
        default="insight",
        help="insight: as POST /analyze/journal (default); prediction: as POST /predict with "
        "groupings, emotions only and several times as fast",
    )
    made.add_argument("--no-summary", action="store_true", help="insights without a summary")
    made.add_argument("--threshold", type=_share, help="one threshold for all labels, 0 to 1")
    made.add_argument("--language", help="the recordings' language, ISO 639-1; else recognized")
    made.add_argument(
        "--format", choices=["jsonl", "parquet"], help="of OUT; as IN if left out, JSONL for audio"
    )
    made.add_argument(
        "--shard",
        type=_positive,
        metavar="N",
        help="entries a part (1000; 32 recordings); a stop costs at most those under way",
    )
    made.add_argument(
        "--engine",
        choices=["here", "ray"],
        default="here",
        help="here: in this process, on all CPUs (default); ray: on --workers processes",
    )
    made.add_argument("--workers", type=_positive, default=1, help="Ray workers (1)")
    made.add_argument(
        "--threads", type=_positive, help="CPU threads a worker (the machine's, over --workers)"
    )
    made.add_argument(
        "--address", help="of a Ray cluster; all machines must see IN and OUT under the same path"
    )
    return made


def _share(value: str) -> float:
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
    """The command line; returns its exit status.

    0 done, 1 stopped on the way by the disk, 2 refused before it began, 130 stopped by Ctrl-C.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except BatchError as error:
        console.print(str(error), style="red", highlight=False, soft_wrap=True, markup=False)
        return error.status
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on where this one was.")
        return 130


def _run(given: argparse.Namespace) -> int:
    if given.engine == "here" and (given.address or given.workers > 1):
        raise BatchError("--workers and --address are for --engine ray.")
    output = given.output.resolve()
    if output == given.input.resolve():
        raise BatchError("OUT is IN: name another folder for the answers.")
    with console.status("Reading the input …"):
        source = open_source(given.input.resolve(), given.shard, output)
    if given.answer == "prediction" and source.kind == "audio":
        raise BatchError("Recordings have no predictions: leave --answer out.")
    folder = _folder(given, source)
    if isinstance(source, Recordings) and (begun := folder.listing()) is not None:
        source = source.resumed(begun)
    passed_over = dict(source.passed_over) if isinstance(source, Recordings) else {}
    if not source.shards():
        raise BatchError(
            f"There is nothing to analyse in {given.input}{_passed_over(passed_over)}."
        )
    task = CloudRunTask()
    with folder.locked(shared=task.count > 1):
        result = _analyse(given, source, folder, task)
    if passed_over:
        console.print(
            f"Passed over as no recordings{_passed_over(passed_over)}.",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
    if isinstance(source, Recordings):
        result["passed_over"] = passed_over
    print(json.dumps(result))
    return 0


def _passed_over(counts: dict[str, int]) -> str:
    """Describe the files of a folder that are no recordings; empty if there are none."""
    if not counts:
        return ""
    return f" ({', '.join(f'{number} {kind}' for kind, number in sorted(counts.items()))})"


def _analyse(
    given: argparse.Namespace, source: Source, folder: RunFolder, task: CloudRunTask
) -> dict[str, Any]:
    """Analyse what is missing; gives the figures of the last line."""
    settings = _settings(given)
    options = Options(given.answer, not given.no_summary, given.threshold, given.language)
    shards = source.shards()
    folder.begin(
        {
            "input": source.identity(),
            "options": asdict(options),
            "format": folder.format,
            "shard_entries": shards[0].entries,
            "models": tags(settings),
        },
        source.listing() if isinstance(source, Recordings) else None,
    )
    own = [shard for shard in shards if shard.index % task.count == task.index]
    missing = folder.missing(own)
    total, left = (sum(shard.entries for shard in some) for some in (own, missing))
    job = Job(source, folder, options, settings)
    answered = refused = 0
    with BatchProgress(console, total, total - left) as progress:
        if missing and given.engine == "ray":
            for done in run_on_ray(job, missing, workers=given.workers, address=given.address):
                answered, refused = answered + done.answered, refused + done.refused
                progress.advance(shards[done.index].entries)
        elif missing:
            for done in run_here(job, missing, progress.advance):
                answered, refused = answered + done.answered, refused + done.refused
    folder.finish(shards)
    if refused:
        console.print(
            f"{refused} entries could not be used: {folder.path / '_errors'}", markup=False
        )
    return {
        "answered": answered,
        "refused": refused,
        "done_before": total - left,
        "seconds": round(progress.seconds, 2),
        "per_second": round((answered + refused) / progress.seconds, 2),
    }


def _settings(given: argparse.Namespace) -> Settings:
    settings = Settings.load()
    threads = given.threads
    if threads is None and given.workers > 1 and "threads" not in settings.model_fields_set:
        threads = max(1, settings.threads // given.workers)
    return settings if threads is None else settings.model_copy(update={"threads": threads})


def _folder(given: argparse.Namespace, source: Source) -> RunFolder:
    form: Format = given.format or ("parquet" if source.kind == "parquet" else "jsonl")
    columns = None
    if form == "parquet":
        try:
            from samo.batch import parquet
        except ImportError:
            raise BatchError("pyarrow is not installed: run `make bulk`.") from None
        columns = parquet.schema(source, given.answer, ANSWER_SCHEMAS[given.answer])
    return RunFolder(given.output.resolve(), form, columns)
