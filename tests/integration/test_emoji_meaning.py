"""The emotion model hears in emoji and emoticons what people mean by them."""

from __future__ import annotations

import pytest

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
def test_alone_and_behind_a_sentence(classifier, symbol, label):
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
def test_nothing_of_a_sentence_is_left_unread(classifier, unit):
    classifier._tokenizer.no_truncation()
    try:
        for sentence in split_sentences((unit * 2000)[:2000]):
            spelled = spell_emoji(sentence.text)[0]
            assert len(classifier._tokenizer.encode(spelled).ids) <= MAX_TOKENS
    finally:
        classifier._tokenizer.enable_truncation(MAX_TOKENS)
