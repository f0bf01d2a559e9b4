"""Run shards in this process, or with Ray Data on this machine or a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from samo.batch.analysis import Job, ShardResult, ShardWorker
from samo.batch.entries import BatchRunError, RunInterrupted, Shard

ROOT: Final = Path(__file__).resolve().parents[2]


def run_in_process(
    job: Job, shards: Sequence[Shard], on_entry: Callable[[], None]
) -> Iterator[ShardResult]:
    """Run the shards one after another in this process; `on_entry` is called after each entry."""
    worker = ShardWorker(job)
    try:
        for shard in shards:
            yield worker.run(shard, on_entry)
    finally:
        worker.close()


class RayWorker:
    """A `ShardWorker` with the interface of a Ray Data actor; each batch is one shard."""

    def __init__(self, job: Job) -> None:
        self._worker = ShardWorker(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Run the shard in `batch`, arrays of shape (1,); return the fields of its `ShardResult`.

        The field `interrupted` has the message of a `RunInterrupted`, because Ray would wrap the
        exception.
        """
        shard = Shard(**{name: int(value[0]) for name, value in batch.items()})
        try:
            result, interrupted = self._worker.run(shard), ""
        except RunInterrupted as error:
            result, interrupted = ShardResult(shard.index, 0, 0), str(error)
        fields = {name: [value] for name, value in asdict(result).items()}
        return {**fields, "interrupted": [interrupted]}


def run_on_ray(
    job: Job, shards: Sequence[Shard], *, workers: int, address: str | None
) -> Iterator[ShardResult]:
    """Run the shards on `workers` Ray actors, on this machine if `address` is None.

    If an actor dies, Ray starts another one and assigns its shard to another actor. A shard that
    runs twice is written once. Only shard numbers and counts pass through Ray: the workers read the
    entries and write the results, in storage that all machines share.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray sends usage data to its vendor by default
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a warning about GPUs
    try:
        import ray
        import ray.data
    except ImportError:
        raise BatchRunError("Ray is not installed: run `make bulk`.") from None

    threads = job.settings.threads
    ray.init(
        address=address,
        num_cpus=None if address else workers * threads,
        include_dashboard=False if address is None else None,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": str(ROOT), "BENTOML_DO_NOT_TRACK": "True"}},
    )
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    try:
        rows = ray.data.from_items(
            [asdict(shard) for shard in shards], override_num_blocks=len(shards)
        )
        results = rows.map_batches(
            RayWorker,
            fn_constructor_args=(job,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2),
            num_cpus=threads,
        )
        for row in results.iter_rows():
            if interrupted := row.pop("interrupted"):
                raise RunInterrupted(interrupted)
            yield ShardResult(**{name: int(value) for name, value in row.items()})
    finally:
        ray.shutdown()
