"""What runs the shards: this process, or Ray Data on this machine or a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from samo.batch.analysis import Done, Job, ShardWorker
from samo.batch.sources import BatchError, Shard, Stopped

ROOT: Final = Path(__file__).resolve().parent.parent


def run_here(job: Job, shards: Sequence[Shard], on_entry: Callable[[], None]) -> Iterator[Done]:
    """Run the shards one after another in this process; `on_entry` is called after each entry."""
    worker = ShardWorker(job)
    try:
        for shard in shards:
            yield worker.run(shard, on_entry)
    finally:
        worker.close()


class RayWorker:
    """A `ShardWorker` in the form that Ray Data calls: a batch is one shard."""

    def __init__(self, job: Job) -> None:
        self._worker = ShardWorker(job)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Run the one shard of `batch`, arrays of shape (1,); gives the fields of its `Done`.

        What stops the run is given as `stopped`: an exception would come back in Ray's wrapping.
        """
        shard = Shard(**{name: int(value[0]) for name, value in batch.items()})
        try:
            done, stopped = self._worker.run(shard), ""
        except Stopped as error:
            done, stopped = Done(shard.index, 0, 0), str(error)
        return {**{name: [value] for name, value in asdict(done).items()}, "stopped": [stopped]}


def run_on_ray(
    job: Job, shards: Sequence[Shard], *, workers: int, address: str | None
) -> Iterator[Done]:
    """Run the shards on `workers` Ray actors; without `address` on this machine.

    Ray starts an actor anew that died and gives its shard to another; a shard that is run twice
    is still written once. Only shards' numbers and counts travel through Ray: entries are read
    and answers written by the workers, to storage that all machines see.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it reports to its vendor unless told not to
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a warning about GPUs
    try:
        import ray
        import ray.data
    except ImportError:
        raise BatchError("Ray is not installed: run `make bulk`.") from None

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
        done = rows.map_batches(
            RayWorker,
            fn_constructor_args=(job,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2),
            num_cpus=threads,
        )
        for row in done.iter_rows():
            if stopped := row.pop("stopped"):
                raise Stopped(stopped)
            yield Done(**{name: int(value) for name, value in row.items()})
    finally:
        ray.shutdown()
