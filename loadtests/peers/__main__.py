"""Compare SAMO with other servers of the same model on this machine.

Each round starts, loads and stops the ceiling and every server, in an order that is rotated by one
per round. The table contains medians over the rounds; ratios are taken within a round. The command
writes a table, a plot and all cells to the output folder and ends with a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from exporting.store import model_folder
from loadtests.machine import describe_machine
from loadtests.peers import measure, plot
from loadtests.peers.model import FOLDER_VARIABLE, THREADS_VARIABLE, EmotionModel
from loadtests.peers.servers import CEILING, OURS, PEERS, Peer
from loadtests.peers.table import Cell, Results, Start, figures, markdown, median_or_nan
from loadtests.processes import ROOT, ServerFailed, ServerProcess
from loadtests.texts import recording, sentences
from samo.settings import Settings

CONCURRENCIES = (1, 4, 16, 64, 256)
_console = Console(stderr=True)


class PeerRun:
    """One run: its options, and its measurements so far."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.output: Path = args.output
        self.output.mkdir(parents=True, exist_ok=True)
        self.emotion = model_folder("samo-emotion")
        self.whisper = model_folder("samo-transcriber")
        self.threads = Settings().threads
        self.texts = sentences(512)
        self.cells: list[Cell] = []
        self.starts: list[Start] = []
        self.audio_ratios: list[float] = []
        self.memory_mb: list[float] = []
        self.missing: dict[str, str] = {}
        self.expected = self._expected()

    def run(self) -> Results:
        """Measure all servers; report one that fails and leave it out."""
        chosen = [peer for peer in PEERS if not self.args.only or peer.name in self.args.only]
        for peer in chosen:
            if not peer.installed:
                self.missing[peer.name] = f"{peer.command[0]} does not exist"
        peers = [peer for peer in chosen if peer.installed]
        measure.warm_page_cache(self.emotion, self.whisper, model_folder("samo-summarizer"))
        cells = len(peers) * len(self.args.concurrency) + 1
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=_console,
        ) as progress:  # fmt: skip
            self._task = progress.add_task("", total=cells * self.args.rounds)
            self._progress = progress
            for number in range(self.args.rounds):
                self._round(number, peers)
        return Results(self.cells, self.starts)

    def _round(self, number: int, peers: list[Peer]) -> None:
        self._describe(f"round {number + 1}: {CEILING}")
        raw = measure.bodies_file(PEERS[1], self.texts[:64], self.output)
        for cell in measure.ceiling(number, raw, self.emotion, self.threads, self.args.seconds / 2):
            self._save_cell(cell)
        self._progress.update(self._task, advance=1)
        turn = number % len(peers)
        for peer in peers[turn:] + peers[:turn]:
            self._describe(f"round {number + 1}: {peer.name}")
            try:
                self._server(peer, number)
            except (ServerFailed, measure.WrongPredictionError, RuntimeError) as error:
                self.missing[peer.name] = str(error)
                self._progress.console.print(f"[red]{peer.name}: {error}")

    def _server(self, peer: Peer, number: int) -> None:
        port = self.args.port + number % 10

        def on_cell(cell: Cell) -> None:
            self._save_cell(cell)
            self._progress.update(self._task, advance=1)

        start, memory = measure.measure_server(
            peer,
            number,
            port,
            texts=self.texts,
            expected=self.expected,
            concurrencies=self.args.concurrency,
            seconds=self.args.seconds,
            variables=measure.environment(self.emotion, self.threads, port),
            work=self.output,
            on_cell=on_cell,
            at_end=self._speech if peer.name == OURS else None,
        )
        self.starts.append(start)
        if memory is not None:
            self.memory_mb.append(memory)

    def _speech(self, server: ServerProcess, base: str) -> float:
        """Transcribe with and without the server; return its memory (MB) after using all models."""
        self._describe("speech")
        path, repeats = recording(), self.args.repeats
        served = measure.voice_seconds(base, path, repeats)
        bare = measure.bare_seconds(path, self.whisper, Settings().ctranslate2_threads, repeats)
        self.audio_ratios.append(min(bare) / min(served))
        measure.use_all_models(base, path)
        return server.usage().pss_mb

    def _expected(self) -> dict[str, dict[str, float]]:
        """Return the predictions of the model without a server for a few texts."""
        os.environ[FOLDER_VARIABLE], os.environ[THREADS_VARIABLE] = str(self.emotion), "1"
        model = EmotionModel()
        expected = {}
        for text in self.texts[:8]:
            (prediction,) = model.classify([text])
            expected[text] = {
                str(e["emotion"]): float(e["confidence"]) for e in prediction["emotions"]
            }
        return expected

    def _describe(self, step: str) -> None:
        self._progress.update(self._task, description=step)

    def _save_cell(self, cell: Cell) -> None:
        self.cells.append(cell)
        with (self.output / "cells.jsonl").open("a") as file:
            file.write(json.dumps(asdict(cell)) + "\n")


def report(run: PeerRun, results: Results, machine: str) -> str:
    """Return the table and its notes as Markdown."""
    notes = {cell.note for cell in run.cells if cell.peer == CEILING and cell.concurrency == 64}
    client = max((cell.client_cpu_ms for cell in run.cells), default=0.0)
    lines = [
        machine,
        f"Rounds: {run.args.rounds} of {run.args.seconds:g} s per cell.",
        "",
        markdown(results),
        "",
        f"The ceiling's best setting at 64: {'; '.join(sorted(notes))}.",
        f"The client's own CPU was at most {client:.2f} ms per request.",
        *(f"{peer.name}: {peer.settings}." for peer in PEERS if peer.name in results.peers),
        *(f"Not measured, or not in every round: {n}: {why}" for n, why in run.missing.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured seconds per cell")
    parser.add_argument("--repeats", type=int, default=2, help="repeats of a recording per round")
    parser.add_argument("--concurrency", type=int, nargs="+", default=CONCURRENCIES)
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS])
    parser.add_argument("--port", type=int, default=3700, help="first of ten ports")
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / "peers")
    parser.add_argument("--plot", type=Path, help="a second file for the plot, an SVG")
    args = parser.parse_args()
    run = PeerRun(args)
    (args.output / "cells.jsonl").unlink(missing_ok=True)
    results = run.run()
    text = report(run, results, describe_machine())
    (args.output / "table.md").write_text(text, encoding="utf-8")
    for path in filter(None, (args.output / "peers.svg", args.plot)):
        plot.draw(results, path)
    print(text)
    memory = median_or_nan(run.memory_mb)
    print(json.dumps(figures(results, run.audio_ratios, memory)))
    sys.exit(1 if OURS in run.missing else 0)


if __name__ == "__main__":
    main()
