"""The trainer on a tiny encoder and a handful of comments: any checkpoint, resumed after a stop."""

from __future__ import annotations

import pytest
from transformers import BertConfig, BertModel, BertTokenizerFast, Trainer

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
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1,
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
