"""The trainer on a tiny encoder and a handful of comments: any checkpoint, resumed after a stop."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from training.emotion.average import average
from training.emotion.batches import tokenize
from training.emotion.compare_runs import compare_runs
from training.emotion.data import (
    CONTEXTS,
    MOODS,
    LabelledTexts,
    load_goemotions,
    write_examples,
)
from training.emotion.distill import Ensemble, distill
from training.emotion.history import History
from training.emotion.inference import label_logits, run_logits
from training.emotion.losses import bce, known_loss
from training.emotion.runs import TrainingRun
from training.emotion.trainer import EmotionTrainer

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)  # torch's, transformers' and peft's own

COMMENTS = ["thank you so much", "i am so sad", "what is this", "i love you", "the bus is late"]


@pytest.fixture
def encoder(tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    words = sorted({word for comment in COMMENTS for word in comment.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=32,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "goemotions"
    folder.mkdir()
    (folder / "labels.txt").write_text(
        "gratitude sadness curiosity love neutral".replace(" ", "\n")
    )
    lines = "".join(f"{text}\t{label}\tx\n" for label, text in enumerate(COMMENTS))
    for split in ("train", "dev"):
        (folder / f"{split}.tsv").write_text(lines * 8)
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        {"loss_function": "bce"},
        {"loss_function": "focal"},
        {"loss_function": "asymmetric"},
        {"full": True, "layer_decay": 0.9, "r_drop": 1.0},
    ],
)
def test_trains_any_encoder_and_resumes_an_interrupted_run(
    encoder, data, tmp_path, monkeypatch, options
):
    steps = 0
    clip = torch.nn.utils.clip_grad_norm_

    def stop_after_seven(*arguments):
        nonlocal steps
        steps += 1
        if steps == 8:
            raise KeyboardInterrupt
        return clip(*arguments)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", stop_after_seven)

    def train():
        return EmotionTrainer(
            model_name=str(encoder), data=data, output=tmp_path / "run", epochs=2,
            batch_size=8, rank=2, save_steps=5, eval_steps=3, eval_texts=10, device="cpu",
            **options,
        ).train()  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        train()
    folder = train()
    assert steps == 8 + 5  # ten steps, of which five were saved
    assert label_logits(folder, COMMENTS).shape == (5, 5)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
    history = History(tmp_path / "run").read()
    assert [one.step for one in history] == [3, 6, 9, 10]  # step 6 was measured again
    assert all(one.loss > 0 and one.dev_cross_entropy > 0 for one in history)


def test_a_student_learns_from_teachers_and_continues_from_an_adapter(encoder, data, tmp_path):
    def train(name, **options):
        return EmotionTrainer(
            model_name=str(encoder), data=data, output=tmp_path / name, epochs=1,
            batch_size=8, rank=2, **options,
        ).train()  # fmt: skip

    teachers = [train("bce"), train("focal", loss_function="focal", full=True)]
    train_split, dev = (load_goemotions(data, split) for split in ("train", "dev"))
    soft = distill(train_split, Ensemble(teachers, dev), gold_share=0.5)
    assert soft.labels.shape == train_split.labels.shape
    assert ((soft.labels > 0.5) == (train_split.labels > 0.5)).all()
    assert ((soft.labels > 0.0) & (soft.labels < 1.0)).all()
    write_examples(soft, tmp_path / "soft.jsonl")
    first = train("first", examples=(tmp_path / "soft.jsonl",))
    student = train("student", examples=(tmp_path / "soft.jsonl",), adapter=first)
    assert not np.allclose(label_logits(student, dev.texts), label_logits(teachers[0], dev.texts))
    mean = average(first, student, tmp_path / "mean")
    logits = [label_logits(folder, dev.texts) for folder in (first, mean, student)]
    assert not np.allclose(logits[1], logits[0])
    assert not np.allclose(logits[1], logits[2])
    assert average(first, first, tmp_path / "same").is_dir()
    np.testing.assert_allclose(
        label_logits(tmp_path / "same" / "adapter", dev.texts), logits[0], atol=1e-5
    )
    rows = compare_runs({"BCE": teachers[0], "student": student}, dev, dev)
    assert len(rows) == 5
    assert all(0.0 <= figure <= 1.0 for row in rows.values() for figure in row.values())


class _Undecided(Ensemble):
    """A teacher that gives every output the probability 0.2."""

    def __init__(self):
        pass

    def probabilities(self, texts):
        return np.full((len(texts), 2), 0.2)


@pytest.mark.parametrize(("keeps", "first"), [(True, [1.0, 0.0]), (False, [0.6, 0.1])])
def test_only_texts_with_emoji_keep_the_labels_by_people(keeps, first):
    labels = np.asarray([[1.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    examples = LabelledTexts(["home :)", "home"], labels, ["joy", "neutral"])
    soft = distill(examples, _Undecided(), gold_share=0.5, keep_emoji_labels=keeps)
    np.testing.assert_allclose(soft.labels, [first, [0.6, 0.1]])


def test_layers_can_be_removed(encoder, data, tmp_path):
    trainer = EmotionTrainer(
        model_name=str(encoder), data=data, output=tmp_path / "run", epochs=1,
        batch_size=8, rank=2, layers=1,
    )  # fmt: skip
    assert label_logits(trainer.train(), COMMENTS).shape == (5, 5)
    with pytest.raises(ValueError, match="2 layers; 3 cannot be kept"):
        dataclasses.replace(trainer, layers=3, output=tmp_path / "other").train()


def test_threads_that_share_a_batch_leave_all_cores_to_the_evaluation(encoder, data, tmp_path):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        EmotionTrainer(
            model_name=str(encoder), data=data, output=tmp_path / "run", epochs=1, batch_size=8,
            rank=2, workers=2, device="cpu",
        ).train()  # fmt: skip
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_unknown_outputs_are_not_trained(encoder, data, tmp_path):
    path = tmp_path / "examples.jsonl"
    path.write_text(
        '{"text": "i am so sad", "labels": {"sadness": 1.0}, "moods": ["sad"]}\n'
        '{"text": "thank you so much", "labels": ["gratitude"], "context": ["past"]}\n' * 20
    )
    folder = EmotionTrainer(
        model_name=str(encoder), data=data, output=tmp_path / "run", epochs=8,
        batch_size=8, rank=2, head_learning_rate=0.05, examples=(path,), device="cpu",
    ).train()  # fmt: skip
    names = TrainingRun.load(folder).outputs
    assert names == ["gratitude", "sadness", "curiosity", "love", "neutral", *MOODS, *CONTEXTS]
    sad, thanks = run_logits(folder, ["i am so sad", "thank you so much"])
    assert sad[names.index("sad")] > 0.0 > sad[names.index("happy")]
    assert thanks[names.index("past")] > 0.0 > thanks[names.index("wished")]
    # never a negative example of the past: only texts that say so were counted
    assert sad[names.index("past")] > sad[names.index("wished")]


def test_hidden_words_become_mask_tokens(encoder):
    tokenizer = BertTokenizerFast.from_pretrained(encoder)
    texts = ["i am so sad :( thank you", "i love you"]
    hidden, other = tokenize(texts, tokenizer, [((5, 7), (12, 14)), ()])
    plain, same = tokenize(texts, tokenizer)
    assert other == same
    assert len(hidden) == len(plain)
    emoticon = range(5, len(plain) - 3)  # after [CLS] i am so sad, before thank you [SEP]
    masked = [index for index, token in enumerate(hidden) if token == tokenizer.mask_token_id]
    assert masked == [3, *emoticon]
    assert all(hidden[index] == plain[index] for index in range(len(plain)) if index not in masked)


def test_the_loss_ignores_unknown_outputs():
    logits = torch.tensor([[0.0, 5.0], [1.0, -5.0]])
    targets = torch.tensor([[1.0, float("nan")], [1.0, float("nan")]])
    known = known_loss(bce, logits, targets)
    assert known == pytest.approx(float(bce(logits[:, :1], targets[:, :1]).mean()))
