"""Compare CTranslate2 and ONNX Runtime: the same T5 checkpoint, both in int8, in one run.

    python -m training.summarizer.engines --checkpoint checkpoints/summarizer --data ../shared/data

CTranslate2 runs as in the service, the ONNX export (by optimum, decoder merged with its cache) by
optimum's generation. For speed the engines alternate in one process, one sentence at a time;
start-up time and memory are measured in a separate process for each engine. The last line of output
is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tqdm import tqdm

from exporting.store import size_bytes
from exporting.summarizer import Engine, export_summarizer
from runners.summarizer.config import SummarizerConfig
from runners.summarizer.t5 import T5
from training.command_line import DATA_HELP, command_parser, print_json, print_table
from training.summarizer.examples import dev_examples

ENGINES: tuple[Engine, ...] = ("ctranslate2", "onnx")
Generate = Callable[[str], tuple[str, int]]


def open_engine(engine: Engine, folder: Path, threads: int) -> Generate:
    """Load an export; return a function from an input with prefix to the output and its tokens."""
    if engine == "ctranslate2":
        t5 = T5.load(folder, threads=threads)

        def by_ctranslate2(source: str) -> tuple[str, int]:
            text = t5.generate([t5.encode(source)])[0]
            return text, len(t5.encode(text))

        return by_ctranslate2
    return _open_onnx(folder, threads)


def _open_onnx(folder: Path, threads: int) -> Generate:
    import onnxruntime
    import torch
    from optimum.onnxruntime import ORTModelForSeq2SeqLM

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = ORTModelForSeq2SeqLM.from_pretrained(folder, use_merged=True, session_options=options)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    config = SummarizerConfig.read(folder)

    def by_onnx(source: str) -> tuple[str, int]:
        inputs = torch.tensor([tokenizer.encode(source).ids])
        ids: list[int] = model.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            num_beams=config.num_beams,
            max_length=config.max_output_tokens,
            early_stopping=True,  # the default of CTranslate2
        )[0].tolist()
        return tokenizer.decode(ids).strip(), len(ids) - 1

    return by_onnx


def _measure_start_in_process(engine: Engine, folder: Path, threads: int) -> dict[str, float]:
    """Run `_measure_start` in a new process."""
    command = [sys.executable, "-m", "training.summarizer.engines", "--start", engine]
    command += ["--checkpoint", str(folder), "--threads", str(threads)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    measured: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return measured


def _measure_start(engine: Engine, folder: Path, threads: int) -> dict[str, float]:
    """Seconds until the first output, and peak memory in MB."""
    start = time.perf_counter()
    open_engine(engine, folder, threads)("summarize: um i was so happy that i cried")
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return {"start_s": seconds, "memory_mb": int(peak.split()[1]) / 1024}


@dataclass
class Measurements:
    """Seconds, number of tokens and output for each input."""

    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def add(self, generate: Generate, source: str) -> None:
        """Generate and measure one output."""
        start = time.perf_counter()
        text, tokens = generate(source)
        self.seconds.append(time.perf_counter() - start)
        self.tokens.append(tokens)
        self.outputs.append(text)

    def summary(self) -> dict[str, float]:
        """Latency and throughput."""
        return {
            "median_ms": 1000 * statistics.median(self.seconds),
            "p95_ms": 1000 * statistics.quantiles(self.seconds, n=20)[-1],
            "tokens_per_s": sum(self.tokens) / sum(self.seconds),
        }


def compare(checkpoint: Path, sources: Sequence[str], threads: int) -> dict[str, Any]:
    """Export with both engines and generate the output for every source with each."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = {
            engine: export_summarizer(checkpoint, Path(scratch) / engine, "int8", engine)
            for engine in ENGINES
        }
        starts = {e: _measure_start_in_process(e, folders[e], threads) for e in ENGINES}
        opened = {engine: open_engine(engine, folders[engine], threads) for engine in ENGINES}
        sizes = {engine: size_bytes(folders[engine]) / 2**20 for engine in ENGINES}
        measurements = {engine: Measurements() for engine in ENGINES}
        for generate in opened.values():
            generate(sources[0])
        for source in tqdm(sources, desc="generating", unit="sentence"):
            for engine in ENGINES:
                measurements[engine].add(opened[engine], source)
    outputs = [measurements[engine].outputs for engine in ENGINES]
    return {
        "engines": {
            engine: measurements[engine].summary() | starts[engine] | {"size_mb": sizes[engine]}
            for engine in ENGINES
        },
        "same_outputs": sum(first == second for first, second in zip(*outputs, strict=True)),
        "entries": len(sources),
        "threads": threads,
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.summarizer.engines",
        "Compare CTranslate2 and ONNX Runtime on one checkpoint, both in int8. The last line is "
        "JSON.",
    )
    parser.add_argument("--checkpoint", required=True, type=Path, help="T5 in hub layout")
    parser.add_argument("--data", type=Path, help=DATA_HELP)
    parser.add_argument("--entries", type=int, default=60, help="number of dev sentences")
    parser.add_argument("--threads", type=int, default=2, help="number of threads")
    parser.add_argument("--start", choices=ENGINES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.start:
        print(json.dumps(_measure_start(args.start, args.checkpoint, args.threads)))
        return
    if args.data is None:
        parser.error("the following arguments are required: --data")
    sources = [example.source for example in dev_examples(args.data)[: args.entries]]
    result = compare(args.checkpoint, sources, args.threads)
    print_table(f"{args.threads} threads", result["engines"], digits=1)
    print(f"same outputs: {result['same_outputs']} of {result['entries']}")
    print_json(result)


if __name__ == "__main__":
    main()
