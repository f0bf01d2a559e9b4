"""CTranslate2 against ONNX Runtime: the same checkpoint, both in int8, in one run, by turns.

    python -m training.summarizer.engines --checkpoint PATH --data PATH

CTranslate2 runs as the service runs it; the ONNX export (optimum, decoder merged with its cache)
runs by optimum's own generation. Speed is measured in one process, entry by entry, one engine
after the other; start-up and memory each in a process of their own.
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
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from exporting.summarizer import Engine, export_summarizer
from runners.summarizer.config import SummarizerConfig
from runners.summarizer.t5 import T5
from training.summarizer.examples import held_out_lessons

ENGINES: tuple[Engine, ...] = ("ctranslate2", "onnx")
Generate = Callable[[str], tuple[str, int]]


def open_engine(engine: Engine, folder: Path, threads: int) -> Generate:
    """Load an export; return what maps a prefixed entry to its output and the tokens of that."""
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
            early_stopping=True,  # as CTranslate2 does
        )[0].tolist()
        return tokenizer.decode(ids).strip(), len(ids) - 1

    return by_onnx


def _probe(engine: Engine, folder: Path, threads: int) -> dict[str, float]:
    """Measure start-up and first output (s) and peak memory (MB) in a process of its own."""
    command = [sys.executable, "-m", "training.summarizer.engines", "--probe", engine]
    command += ["--checkpoint", str(folder), "--threads", str(threads)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    measured: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return measured


def _measure_start(engine: Engine, folder: Path, threads: int) -> dict[str, float]:
    start = time.perf_counter()
    open_engine(engine, folder, threads)("summarize: um i was so happy that i cried")
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return {"start_s": seconds, "memory_mb": int(peak.split()[1]) / 1024}


def compare(checkpoint: Path, sources: Sequence[str], threads: int) -> dict[str, Any]:
    """Export by both engines and run every source through each, by turns."""
    with tempfile.TemporaryDirectory() as name:
        folders = {
            engine: export_summarizer(checkpoint, Path(name) / engine, "int8", engine)
            for engine in ENGINES
        }
        table: dict[str, Any] = {e: _probe(e, folders[e], threads) for e in ENGINES}
        opened = {engine: open_engine(engine, folders[engine], threads) for engine in ENGINES}
        seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        tokens = dict.fromkeys(ENGINES, 0)
        outputs: dict[str, list[str]] = {engine: [] for engine in ENGINES}
        for generate in opened.values():
            generate(sources[0])
        for source in sources:
            for engine in ENGINES:
                start = time.perf_counter()
                text, count = opened[engine](source)
                seconds[engine].append(time.perf_counter() - start)
                tokens[engine] += count
                outputs[engine].append(text)
        for engine in ENGINES:
            size = sum(file.stat().st_size for file in folders[engine].iterdir())
            table[engine] |= {
                "median_ms": 1000 * statistics.median(seconds[engine]),
                "p95_ms": 1000 * statistics.quantiles(seconds[engine], n=20)[-1],
                "tokens_per_s": tokens[engine] / sum(seconds[engine]),
                "size_mb": size / 2**20,
            }
    same = sum(a == b for a, b in zip(*outputs.values(), strict=True))
    return {"engines": table, "same_outputs": same, "entries": len(sources), "threads": threads}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.summarizer.engines",
        description="Compare CTranslate2 and ONNX Runtime on one checkpoint, both in int8.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--checkpoint", required=True, type=Path, help="T5 in hub layout")
    parser.add_argument("--data", type=Path, help="folder with goemotions/")
    parser.add_argument("--entries", type=int, default=60, help="sentences of dev")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--probe", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe:
        print(json.dumps(_measure_start(arguments.probe, arguments.checkpoint, arguments.threads)))
        return
    if arguments.data is None:
        parser.error("--data is needed")
    sources = [lesson.source for lesson in held_out_lessons(arguments.data)[: arguments.entries]]
    result = compare(arguments.checkpoint, sources, arguments.threads)
    columns = ("median_ms", "p95_ms", "tokens_per_s", "start_s", "memory_mb", "size_mb")
    print(f"{'':12}" + "".join(f"{column:>14}" for column in columns))
    for engine, row in result["engines"].items():
        print(f"{engine:12}" + "".join(f"{row[column]:14.1f}" for column in columns))
    print(f"same outputs: {result['same_outputs']} of {result['entries']}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
