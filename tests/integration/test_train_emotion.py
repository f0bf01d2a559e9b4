"""The trainer on a tiny encoder and a handful of comments: any checkpoint, resumed after a stop."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import BertConfig, BertModel, BertTokenizerFast, Trainer

from training.emotion.data import load_goemotions, write_lessons
from training.emotion.distill import distill
from training.emotion.inference import label_logits
from training.emotion.journey import journey
from training.emotion.moods import HEAD_WEIGHT, MOODS, add_moods
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
def dataset(tmp_path):
    folder = tmp_path / "goemotions"
    folder.mkdir()
    (folder / "labels.txt").write_text(
        "gratitude sadness curiosity love neutral".replace(" ", "\n")
    )
    lines = "".join(f"{text}\t{label}\tx\n" for label, text in enumerate(COMMENTS))
    for split in ("train", "dev"):
        (folder / f"{split}.tsv").write_text(lines * 8)
    return folder


@pytest.mark.parametrize("loss", ["bce", "focal", "asymmetric"])
def test_trains_any_encoder_and_goes_on_where_it_stopped(
    encoder, dataset, tmp_path, monkeypatch, loss
):
    steps = []
    step = Trainer.training_step
    monkeypatch.setattr(Trainer, "training_step", lambda *args: steps.append(1) or step(*args))

    def train(epochs):
        return EmotionTrainer(
            model_name=str(encoder), dataset=dataset, output=tmp_path / "run", loss_function=loss,
            epochs=epochs, batch_size=8, rank=2, save_steps=5,
        ).train()  # fmt: skip

    train(epochs=1)
    assert len(steps) == 5
    adapter = train(epochs=2)
    assert (adapter / "adapter_model.safetensors").is_file()
    assert len(steps) == 10


def test_a_student_learns_from_its_teachers_and_goes_on_from_an_adapter(encoder, dataset, tmp_path):
    def train(name, **how):
        return EmotionTrainer(
            model_name=str(encoder), dataset=dataset, output=tmp_path / name, epochs=1,
            batch_size=8, rank=2, **how,
        ).train()  # fmt: skip

    teachers = [train("bce"), train("focal", loss_function="focal")]
    train_split, dev = (load_goemotions(dataset, split) for split in ("train", "dev"))
    soft = distill(train_split, teachers, dev, gold_share=0.5)
    assert soft.labels.shape == train_split.labels.shape
    assert ((soft.labels > 0.5) == (train_split.labels > 0.5)).all()
    assert ((soft.labels > 0.0) & (soft.labels < 1.0)).all()
    write_lessons(soft, tmp_path / "soft.jsonl")
    student = train("student", lessons=(tmp_path / "soft.jsonl",), adapter=teachers[0])
    assert not np.allclose(label_logits(student, dev.texts), label_logits(teachers[0], dev.texts))
    rows = journey({"BCE": teachers[0], "student": student}, dev, dev)
    assert len(rows) == 5
    assert all(0.0 <= figure <= 1.0 for row in rows.values() for figure in row.values())


def test_layers_can_be_left_out(encoder, dataset, tmp_path):
    trainer = EmotionTrainer(
        model_name=str(encoder), dataset=dataset, output=tmp_path / "run", epochs=1,
        batch_size=8, rank=2, layers=1,
    )  # fmt: skip
    assert label_logits(trainer.train(), COMMENTS).shape == (5, 5)
    with pytest.raises(ValueError, match="2 layers, 3 cannot be kept"):
        dataclasses.replace(trainer, layers=3, output=tmp_path / "other").train()


def test_moods_are_added_beside_the_labels(encoder, dataset, tmp_path):
    adapter = EmotionTrainer(
        model_name=str(encoder), dataset=dataset, output=tmp_path / "run", epochs=1,
        batch_size=8, rank=2,
    ).train()  # fmt: skip
    texts = [f"{COMMENTS[number % 5]} " * (1 + number % 3) for number in range(120)]
    held = np.asarray(
        [[number % len(MOODS) == mood for mood in range(12)] for number in range(120)]
    )
    held[:, MOODS.index("sad")] = [number % 5 == 1 for number in range(120)]
    scores = add_moods(adapter, texts, held, tmp_path / "with-moods")
    assert scores["sad"] > 0.9  # "i am so sad" is told from the others by any encoder
    before, after = (
        label_logits(folder, COMMENTS) for folder in (adapter, tmp_path / "with-moods")
    )
    np.testing.assert_allclose(after, before, atol=1e-5)
    head = load_file(tmp_path / "with-moods" / "adapter_model.safetensors")[HEAD_WEIGHT]
    assert head.shape == (5 + 12, 16)
    thresholds = json.loads((tmp_path / "with-moods" / "run.json").read_text())["moods"]
    assert list(thresholds) == list(MOODS)
    assert all(0.0 < threshold < 1.0 for threshold in thresholds.values())
    again = add_moods(tmp_path / "with-moods", texts, held, tmp_path / "again")
    assert again == pytest.approx(scores)  # moods that were there are replaced
