"""Any T5 in hub layout exports by both engines and says what the checkpoint says."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import ctranslate2
import pytest

from exporting.errors import ExportError
from exporting.summarizer import config_from_checkpoint, export_summarizer, verify
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import SummaryRequest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from sentencepiece import SentencePieceProcessor  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration  # noqa: E402

from training.summarizer.examples import BLOCK, Curriculum  # noqa: E402
from training.summarizer.network import fresh_t5  # noqa: E402
from training.summarizer.trainer import SummarizerTrainer  # noqa: E402
from training.summarizer.vocabulary import learn_vocabulary  # noqa: E402

pytestmark = [
    # torch's own exporter and protobuf's C types warn of things to come.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "checkpoints" / "summarizer"
TEXTS = [
    f"On {day} I walked to the {place} and {person} was {mood} about it."
    for day in ("Monday", "Tuesday", "Friday", "Sunday")
    for place in ("station", "river", "market", "library")
    for person in ("Anna", "my brother", "nobody", "the doctor")
    for mood in ("happy", "furious", "sad", "so proud")
]


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    return learn_vocabulary(TEXTS, tmp_path_factory.mktemp("tokenizer"), size=200)


def test_both_tokenizer_files_cut_alike(tokenizer_folder):
    by_spiece = SentencePieceProcessor(model_file=str(tokenizer_folder / "spiece.model"))
    by_json = Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))
    for text in (*TEXTS[::9], "summarize 2: I was so happy.", "Élan's 7:30 “bus”  came…"):
        assert by_json.encode(text).tokens == [*by_spiece.encode(text, out_type=str), "</s>"]


def tiny_t5(folder, tokenizer_folder, activation="relu", layout="both"):
    """Save a random T5 with its tokenizer as `spiece.model`, `tokenizer.json` or both."""
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=200,
            d_model=32,
            d_kv=16,
            d_ff=64,
            num_layers=2,
            num_decoder_layers=2,
            num_heads=2,
            feed_forward_proj=activation,
            # T5 v1.1 and FLAN-T5, the gated ones, untie their output layer.
            tie_word_embeddings=activation == "relu",
            decoder_start_token_id=0,
            n_positions=64,
        )
    ).eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if layout == "spiece.model":
        (folder / "tokenizer.json").unlink()
    elif layout == "tokenizer.json":
        (folder / "spiece.model").unlink()
    return folder


def greedy_by_torch(checkpoint, sources, length=12):
    model = T5ForConditionalGeneration.from_pretrained(checkpoint).eval()
    converted = {} if (checkpoint / "tokenizer.json").exists() else {"add_prefix_space": True}
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, **converted)
    outputs = []
    for source in sources:
        ids = model.generate(
            **tokenizer(source, return_tensors="pt"),
            num_beams=1,
            do_sample=False,
            max_new_tokens=length,
        )[0]
        outputs.append([token for token in ids.tolist() if token > 1])
    return outputs


def greedy_by_ctranslate2(folder, sources, length=12):
    translator = ctranslate2.Translator(str(folder), device="cpu", intra_threads=1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    results = translator.translate_batch(
        [tokenizer.encode(source).tokens for source in sources],
        beam_size=1,
        max_decoding_length=length,
    )
    return [[tokenizer.token_to_id(t) for t in r.hypotheses[0]] for r in results]


@pytest.mark.parametrize("activation", ["relu", "gated-gelu"])
@pytest.mark.parametrize("layout", ["spiece.model", "tokenizer.json", "both"])
def test_ctranslate2_export_says_what_torch_says(tmp_path, tokenizer_folder, activation, layout):
    checkpoint = tiny_t5(tmp_path / "t5", tokenizer_folder, activation, layout)
    target = export_summarizer(checkpoint, tmp_path / "out", "fp32")
    sources = [f"summarize: {text}" for text in TEXTS[::37]]
    assert greedy_by_ctranslate2(target, sources) == greedy_by_torch(checkpoint, sources)
    assert json.loads((target / "samo.json").read_text())["task"]["prefix"] == "summarize: "


def test_int8_export_is_smaller_and_runs_through_the_runner(tmp_path, tokenizer_folder):
    checkpoint = tiny_t5(tmp_path / "t5", tokenizer_folder)
    small = export_summarizer(checkpoint, tmp_path / "int8", "int8")
    large = export_summarizer(checkpoint, tmp_path / "fp32", "fp32")
    sizes = [(folder / "model.bin").stat().st_size for folder in (small, large)]
    assert sizes[0] < sizes[1] / 2
    runner = Summarizer.load(small, threads=1)
    entry = " ".join(TEXTS[:9])
    summary = runner.predict([runner.prepare(SummaryRequest(entry, 2, [1.0] * 9))])[0]
    # Random weights say nothing of the entry's, so its own sentences have to stand in.
    assert summary.method == "extracted"
    assert set(summary.text.split()) <= set(entry.split())


@pytest.mark.parametrize("activation", ["relu", "gated-gelu"])
def test_onnx_export_says_what_torch_says_and_int8_quantizes_the_decoder(
    tmp_path, tokenizer_folder, activation
):
    onnxruntime = pytest.importorskip("optimum.onnxruntime")
    checkpoint = tiny_t5(tmp_path / "t5", tokenizer_folder, activation)
    large = export_summarizer(checkpoint, tmp_path / "fp32", "fp32", "onnx")
    model = onnxruntime.ORTModelForSeq2SeqLM.from_pretrained(large, use_merged=True)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    sources = [f"summarize: {text}" for text in TEXTS[::67]]
    outputs = [
        model.generate(**tokenizer(source, return_tensors="pt"), num_beams=1, max_new_tokens=12)[0]
        for source in sources
    ]
    said = [[token for token in ids.tolist() if token > 1] for ids in outputs]
    assert said == greedy_by_torch(checkpoint, sources)

    small = export_summarizer(checkpoint, tmp_path / "int8", "int8", "onnx")
    # Each of the two subgraphs has 2 layers with at least 8 products of weights, and the head.
    decoder = (small / "decoder_model_merged.onnx").read_bytes()
    assert decoder.count(b"MatMulInteger") >= 2 * (2 * 8 + 1)
    assert b"MatMulInteger" not in (large / "decoder_model_merged.onnx").read_bytes()


def test_what_is_no_t5_is_refused(tmp_path):
    checkpoint = tmp_path / "bert"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ExportError, match="not a T5"):
        export_summarizer(checkpoint, tmp_path / "out")


def test_config_of_hub_checkpoints():
    t5_small = {
        "n_positions": 512,
        "task_specific_params": {
            "summarization": {
                "prefix": "summarize: ",
                "max_length": 200,
                "num_beams": 4,
                "no_repeat_ngram_size": 3,
                "length_penalty": 2.0,
            }
        },
    }
    config = config_from_checkpoint(t5_small)
    assert (config.prefix, config.no_repeat_ngram_size, config.length_penalty) == (
        "summarize: ",
        3,
        2.0,
    )
    assert config_from_checkpoint({"n_positions": 512}).max_input_tokens == 512


def test_committed_checkpoint_exports_without_torch_and_is_golden(tmp_path):
    code = (
        "import sys; from pathlib import Path; from exporting.summarizer import *;"
        f"export_summarizer(Path({str(COMMITTED)!r}), Path({str(tmp_path / 'out')!r}));"
        "sys.exit(bool({'torch', 'transformers', 'optimum'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    verify(tmp_path / "out", threads=1)
    with pytest.raises(ExportError, match="no golden sentences"):
        verify(tmp_path / "out", {}, threads=1)
    with pytest.raises(ExportError, match="Expected"):
        verify(tmp_path / "out", {"I am sad.": "I am glad."}, threads=1)


def test_damaged_finished_conversion_is_refused(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(COMMITTED, checkpoint)
    weights = checkpoint / "int8" / "model.bin"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ExportError, match="damaged"):
        export_summarizer(checkpoint, tmp_path / "out")


def test_conversion_of_other_weights_is_not_taken(tmp_path, tokenizer_folder):
    checkpoint = tiny_t5(tmp_path / "t5", tokenizer_folder)
    shutil.copytree(COMMITTED / "int8", checkpoint / "int8")
    target = export_summarizer(checkpoint, tmp_path / "out")
    sizes = [(f / "model.bin").stat().st_size for f in (target, COMMITTED / "int8")]
    assert sizes[0] < sizes[1] / 10


@pytest.fixture
def small_data(tmp_path):
    """A folder like the real one with a few dozen sentences of each kind."""
    data = tmp_path / "data"
    (data / "goemotions").mkdir(parents=True)
    (data / "text").mkdir()
    (data / "goemotions" / "labels.txt").write_text("joy\nneutral\n")
    rows = [f"{text}\t{i % 2}\tid{i}" for i, text in enumerate(TEXTS)]
    for split in ("train", "dev"):
        (data / "goemotions" / f"{split}.tsv").write_text("\n".join(rows) + "\n")
    brighter = ["id,text,anger,fear,joy,sadness,surprise"]
    brighter += [f"{i},{text},0,0,{i % 2},0,0" for i, text in enumerate(TEXTS[:40])]
    (data / "text" / "brighter_eng_train.csv").write_text("\n".join(brighter) + "\n")
    (data / "text" / "xed_en.tsv").write_text("\n".join(f"{t}\t5" for t in TEXTS[:40]) + "\n")
    (data / "text" / "pepys_diary.txt.gz").write_bytes(gzip.compress(" ".join(TEXTS[:40]).encode()))
    return data


def test_untrained_model_copies_already(tokenizer_folder):
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    model = fresh_t5(len(tokenizer), 256, (2, 2)).eval()
    hits = tokens = 0
    for text in TEXTS[::17]:
        labels = tokenizer(text, return_tensors="pt").input_ids
        source = tokenizer(f"summarize 1: {text}", return_tensors="pt").input_ids
        with torch.no_grad():
            hits += int((model(input_ids=source, labels=labels).logits.argmax(-1) == labels).sum())
        tokens += labels.numel()
    assert hits / tokens > 0.5  # by chance it would be 1 in 200


class PowerCut(Exception):
    """Interrupts a run."""


def test_training_goes_on_after_a_stop_as_if_it_never_stopped(
    tmp_path, small_data, tokenizer_folder, monkeypatch
):
    seen = []

    def run(output):
        shutil.copytree(tokenizer_folder, output / "tokenizer", dirs_exist_ok=True)
        return SummarizerTrainer(
            data=small_data, output=output, steps=6, warmup_steps=1, width=64,
            encoder_layers=1, decoder_layers=1, save_steps=2, eval_steps=100,
        ).train()  # fmt: skip

    def until(limit):
        def getitem(self, index):
            if index >= limit:
                raise PowerCut
            seen.append(index)
            return get_example(self, index)

        return getitem

    get_example = Curriculum.__getitem__
    whole = run(tmp_path / "whole")
    # The loader reads one batch ahead: the sixth is asked for before the fifth step.
    monkeypatch.setattr(Curriculum, "__getitem__", until(5 * BLOCK))
    with pytest.raises(PowerCut):
        run(tmp_path / "stopped")
    assert [p.name for p in (tmp_path / "stopped").glob("checkpoint-*")] == ["checkpoint-4"]
    seen.clear()
    monkeypatch.setattr(Curriculum, "__getitem__", until(6 * BLOCK))
    resumed = run(tmp_path / "stopped")
    assert min(seen) == 4 * BLOCK
    first, second = (T5ForConditionalGeneration.from_pretrained(f) for f in (whole, resumed))
    fresh = fresh_t5(len(AutoTokenizer.from_pretrained(tokenizer_folder)), 64, (1, 1))
    assert torch.allclose(first.shared.weight, second.shared.weight, atol=1e-3)
    assert not torch.allclose(first.shared.weight, fresh.shared.weight, atol=1e-3)
