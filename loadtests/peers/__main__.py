"""Compare SAMO with other servers of the same model, in one run on this machine.

Rounds alternate: in each the ceiling and every server are started, loaded and stopped, in an order
that turns by one. The table holds medians over the rounds, the ratios are taken within a round. It
writes a table, a plot and every cell to the output folder and ends with one JSON line.
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
from loadtests.peers.registry import CEILING, OURS, PEERS, Peer
from loadtests.peers.table import Cell, Results, Start, figures, markdown, middle
from loadtests.processes import ROOT, Server, ServerFailed
from loadtests.texts import recording, sentences
from samo.settings import Settings

CONCURRENCIES = (1, 4, 16, 64, 256)
_console = Console(stderr=True)


class Comparison:
    """One run: what was measured so far and where it is kept."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.output: Path = options.output
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
        """Measure everything; a server that fails is named and left out."""
        chosen = [peer for peer in PEERS if not self.options.only or peer.name in self.options.only]
        for peer in chosen:
            if not peer.installed:
                self.missing[peer.name] = f"{peer.command[0]} is not there"
        peers = [peer for peer in chosen if peer.installed]
        measure.warm_page_cache(self.emotion, self.whisper, model_folder("samo-summarizer"))
        cells = len(peers) * len(self.options.concurrency) + 1
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=_console,
        ) as progress:  # fmt: skip
            self._task = progress.add_task("", total=cells * self.options.rounds)
            self._progress = progress
            for number in range(self.options.rounds):
                self._round(number, peers)
        return Results(self.cells, self.starts)

    def _round(self, number: int, peers: list[Peer]) -> None:
        self._tell(f"round {number + 1}: {CEILING}")
        raw = measure.bodies_file(PEERS[1], self.texts[:64], self.output)
        for cell in measure.ceiling(
            number, raw, self.emotion, self.threads, self.options.seconds / 2
        ):
            self._keep(cell)
        self._progress.update(self._task, advance=1)
        turn = number % len(peers)
        for peer in peers[turn:] + peers[:turn]:
            self._tell(f"round {number + 1}: {peer.name}")
            try:
                self._server(peer, number)
            except (ServerFailed, measure.WrongAnswerError, RuntimeError) as error:
                self.missing[peer.name] = str(error)
                self._progress.console.print(f"[red]{peer.name}: {error}")

    def _server(self, peer: Peer, number: int) -> None:
        port = self.options.port + number % 10

        def on_cell(cell: Cell) -> None:
            self._keep(cell)
            self._progress.update(self._task, advance=1)

        start, memory = measure.measure_server(
            peer,
            number,
            port,
            texts=self.texts,
            expected=self.expected,
            concurrencies=self.options.concurrency,
            seconds=self.options.seconds,
            variables=measure.environment(self.emotion, self.threads, port),
            work=self.output,
            on_cell=on_cell,
            at_end=self._speech if peer.name == OURS else None,
        )
        self.starts.append(start)
        if memory is not None:
            self.memory_mb.append(memory)

    def _speech(self, server: Server, base: str) -> float:
        """Transcribe with and without the server; return the memory with all models used."""
        self._tell("speech")
        path, repeats = recording(), self.options.repeats
        served = measure.voice_seconds(base, path, repeats)
        bare = measure.bare_seconds(path, self.whisper, Settings().ctranslate2_threads, repeats)
        self.audio_ratios.append(min(bare) / min(served))
        measure.use_all_models(base, path)
        return server.usage().pss_mb

    def _expected(self) -> dict[str, dict[str, float]]:
        """What the bare model says of a few texts."""
        os.environ[FOLDER_VARIABLE], os.environ[THREADS_VARIABLE] = str(self.emotion), "1"
        model = EmotionModel()
        expected = {}
        for text in self.texts[:8]:
            (answer,) = model.classify([text])
            expected[text] = {str(e["emotion"]): float(e["confidence"]) for e in answer["emotions"]}
        return expected

    def _tell(self, words: str) -> None:
        self._progress.update(self._task, description=words)

    def _keep(self, cell: Cell) -> None:
        self.cells.append(cell)
        with (self.output / "cells.jsonl").open("a") as file:
            file.write(json.dumps(asdict(cell)) + "\n")


def report(run: Comparison, results: Results, machine: str) -> str:
    """The table with what belongs to it, as Markdown."""
    notes = {cell.note for cell in run.cells if cell.peer == CEILING and cell.concurrency == 64}
    client = max((cell.client_cpu_ms for cell in run.cells), default=0.0)
    lines = [
        machine,
        f"Rounds: {run.options.rounds} of {run.options.seconds:g} s a cell.",
        "",
        markdown(results),
        "",
        f"The ceiling's best setting at 64: {'; '.join(sorted(notes))}.",
        f"The client's own CPU was at most {client:.2f} ms a request.",
        *(f"{peer.name}: {peer.settings}." for peer in PEERS if peer.name in results.peers),
        *(f"Not measured, or not in every round: {n}: {why}" for n, why in run.missing.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured in each cell")
    parser.add_argument("--repeats", type=int, default=2, help="of a recording in each round")
    parser.add_argument("--concurrency", type=int, nargs="+", default=CONCURRENCIES)
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS])
    parser.add_argument("--port", type=int, default=3700, help="first of ten that are used")
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / "peers")
    parser.add_argument("--plot", type=Path, help="where else to write the plot, an SVG")
    options = parser.parse_args()
    run = Comparison(options)
    (options.output / "cells.jsonl").unlink(missing_ok=True)
    results = run.run()
    text = report(run, results, describe_machine())
    (options.output / "table.md").write_text(text, encoding="utf-8")
    for path in filter(None, (options.output / "peers.svg", options.plot)):
        plot.draw(results, path)
    print(text)
    memory = middle(run.memory_mb)
    print(json.dumps(figures(results, run.audio_ratios, memory)))
    sys.exit(1 if OURS in run.missing else 0)


if __name__ == "__main__":
    main()
