"""The emotion model predicts the emotion that people express by an emoji or emoticon."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from runners.emotion.classifier import MAX_TOKENS, EmotionClassifier
from runners.text.emoji import spell_emoji
from runners.text.sentences import split_sentences

pytestmark = pytest.mark.models

MEANINGS = {
    "anger": "😤 😡 😠 🤬 😾 👿 🖕 💢 >:(",
    "sadness": "😢 😭 😥 😔 😞 ☹️ 🙁 🥺 😩 💔 😿 :( :'( T_T </3",
    "love": "❤️ 🥰 😍 😘 💕 💖 💜 🖤 ♥️ 🫶 <3",
    "joy": "😀 😃 😄 😁 😊 ☺️ 🙂 🥳 🎉 🤗 🥹 :) :D ^_^",
    "amusement": "😂 🤣 😆 😜 💀 🤪 xD",
    "gratitude": "🙏 🙏🏽",
    "annoyance": "🙄 😒 😑 -_-",
    "relief": "😮\u200d💨 😌",
    "embarrassment": "🤦 🤦🏻\u200d♀️ 😳 🙈 🫠",
    "fear": "😱 😨 😰",
    "surprise": "😮 😲 😯 🤯",
    "disgust": "🤢 🤮",
    "approval": "👍 👍🏿 💯",
    "admiration": "👏",
    "optimism": "🤞",
    "confusion": "😕 🤷",
    "nervousness": "😬",
}
CASES = [(symbol, label) for label, symbols in MEANINGS.items() for symbol in symbols.split()]


@pytest.fixture(scope="module")
def classifier(emotion_folder):
    return EmotionClassifier.load(emotion_folder, threads=1)


@pytest.mark.parametrize(("symbol", "label"), CASES)
def test_emoji_alone_and_after_a_sentence(classifier, symbol, label):
    for text in (symbol, f"I came home. {symbol}"):
        (row,) = classifier.predict([classifier.prepare(text)])
        decided = classifier.calibration.decide(row, None, None)
        assert label in {emotion.name for emotion in decided}, (text, decided)


@pytest.mark.parametrize(
    "unit",
    [
        "😭",
        "😵‍💫",
        ":) ",
        "我",
        "한",
        "q ",
        "xz",
        "ग",
        "ش",
        "e\u0301",
        "1",
        "👨‍👩‍👧",
        "🇩🇪",
        "㊗",
        "☸",
        "a1",
        "T_T ",
    ],
)
def test_no_sentence_is_truncated(emotion_folder, unit):
    tokenizer = Tokenizer.from_file(str(emotion_folder / "tokenizer.json"))
    tokenizer.no_truncation()
    for sentence in split_sentences((unit * 2000)[:2000]):
        spelled = spell_emoji(sentence.text)[0]
        assert len(tokenizer.encode(spelled).ids) <= MAX_TOKENS
