"""The summarizer checks and shortens the T5's output, and returns at most `max_sentences`."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runners.errors import InvalidRequest
from runners.summarizer.config import CONFIG_FILE
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import SummaryRequest
from runners.summarizer.t5 import T5
from runners.text.compare import (
    is_same_wording,
    normalized_words,
)
from runners.text.sentences import split_sentences

CHECKPOINT = Path(__file__).parents[2] / "checkpoints" / "summarizer" / "int8"

ENTRY = (
    "I got up at 7 and took the bus to work. The meeting lasted two hours. "
    "I was so proud when my daughter called and told me that she had passed the exam. "
    "Then I had a sandwich at my desk. In the evening I cooked pasta. "
    "I miss my mother so much that I cried."
)


@pytest.fixture(scope="module")
def summarizer():
    return Summarizer.load(CHECKPOINT, threads=1)


def summarize(runner, text, max_sentences=2, salience=None):
    request = SummaryRequest(text, max_sentences, salience, "feeling")
    return runner.predict([runner.prepare(request)])[0]


class ScriptedT5(T5):
    """Encodes as the T5 does and generates prescribed outputs."""

    def __init__(self, t5, config, outputs):
        self.encode = t5.encode
        self.config = config
        self.outputs = list(outputs)

    def generate(self, inputs):
        return [self.outputs.pop(0) for _ in inputs]


@pytest.fixture
def rewriting(summarizer):
    """Makes a summarizer whose T5 rewrites selected sentences, as the committed checkpoint does."""

    def make(*outputs):
        return Summarizer(ScriptedT5(summarizer.t5, summarizer.t5.config, outputs))

    return make


@pytest.fixture
def abstracting(summarizer):
    """Makes a summarizer whose T5 summarizes the entire entry by copying sentences."""
    config = dataclasses.replace(
        summarizer.t5.config,
        input_unit="entry",
        prefix="summarize {max_sentences}: ",
        min_overlap=0.7,
        max_trained_sentences=6,
    )

    def make(*outputs):
        return Summarizer(ScriptedT5(summarizer.t5, config, outputs))

    return make


# --- a checkpoint that rewrites selected sentences ---

SALIENCE = (0.1, 0.2, 0.9, 0.1, 0.1, 0.95)
PROUD = "I was so proud when my daughter called and told me that she had passed the exam."
CRIED = "I miss my mother so much that I cried."


def test_faithful_sentences_are_generated(rewriting):
    summary = summarize(rewriting(PROUD, CRIED), ENTRY, 2, SALIENCE)
    assert (summary.text, summary.method) == (f"{PROUD} {CRIED}", "generated")
    assert summary.sources == (2, 5)


@pytest.mark.parametrize(
    "output",
    [
        "I miss my father so much that I cried.",
        "I miss my mother so much.",
        "I never miss my mother so much that I cried.",
        "I miss my mother so much that I miss my mother so much that I cried.",
        "",
    ],
)
def test_an_unfaithful_output_is_replaced_by_the_entrys_sentence(rewriting, output):
    summary = summarize(rewriting(PROUD, output), ENTRY, 2, SALIENCE)
    assert (summary.text, summary.method) == (f"{PROUD} {CRIED}", "extracted")


# --- a checkpoint that summarizes the entire entry ---


def test_a_faithful_abstract_is_generated(abstracting):
    summary = summarize(abstracting("I miss my mother so much that I cried."), ENTRY)
    assert (summary.text, summary.method, summary.sources) == (CRIED, "generated", (5,))


@pytest.mark.parametrize(
    "output",
    [
        "I miss my father so much that I cried.",  # invented
        "I was so much that she had passed the exam.",  # spliced
        "I was so proud when my daughter.",  # truncated
        "I do not miss my mother so much that I cried.",  # negated
        "my mother so much my mother so much my mother so much",  # repetitive
        "Zebras zigzag.",
        "...",
    ],
)
def test_an_unsupported_sentence_is_replaced_by_selected_sentences(abstracting, output):
    summary = summarize(abstracting(output), ENTRY, 1, SALIENCE)
    assert (summary.text, summary.method, summary.sources) == (CRIED, "extracted", (5,))


def test_a_long_output_is_summarized_again(abstracting):
    first = "The meeting lasted two hours. In the evening I cooked pasta."
    again = "In the evening I cooked pasta. The meeting lasted two hours."
    summary = summarize(abstracting(first, again, "In the evening I cooked pasta."), ENTRY, 1)
    assert summary.text == "In the evening I cooked pasta."
    # After the last round the summary is truncated.
    assert len(split_sentences(summarize(abstracting(first, again, first), ENTRY, 1).text)) == 1


def test_outputs_are_joined_without_duplicates(abstracting):
    entry = " ".join(f"Thing number {i} happened to me on the way home." for i in range(120))
    runner = abstracting(*["Thing number 7 happened to me on the way home."] * 20)
    request = runner.prepare(SummaryRequest(entry, 3))
    assert len(request.model_inputs) > 2
    assert runner.predict([request])[0].text == "Thing number 7 happened to me on the way home."


def test_inputs_fit_the_model_and_contain_the_entire_entry(abstracting):
    entry = " ".join(
        f"On day {i} we walked to the river and back again, slowly." for i in range(200)
    )
    runner = abstracting()
    prepared = runner.prepare(SummaryRequest(entry, 2))
    assert max(map(len, prepared.model_inputs)) <= runner.t5.config.max_input_tokens
    assert runner.cost(prepared) == sum(map(len, prepared.model_inputs)) > 2000
    joined = "".join("".join(part) for part in prepared.model_inputs)
    assert all(f"▁day▁{i}▁we" in joined for i in range(200))


def test_the_prefix_contains_the_number_of_sentences(abstracting):
    runner = abstracting()
    prepared = runner.prepare(SummaryRequest(ENTRY, 10))
    assert "".join(prepared.model_inputs[0]).startswith(
        f"▁summarize▁{runner.t5.config.max_trained_sentences}:▁I▁got"
    )


# --- preparing ---


def test_a_short_entry_is_verbatim_without_disfluencies(summarizer):
    summary = summarize(summarizer, "um i was so happy today. We had cake", 2)
    assert summary.method == "verbatim"
    assert summary.text == "I was so happy today. We had cake."
    assert summary.sources == (0, 1)


def test_two_sentences_are_not_verbatim_if_one_is_requested(summarizer):
    summary = summarize(summarizer, "I was so happy that I cried. We had cake.", 1)
    assert summary.method != "verbatim"
    assert len(split_sentences(summary.text)) == 1


def test_an_entry_of_disfluencies_only_is_verbatim(summarizer):
    assert summarize(summarizer, "Um, uh.").text == "Um, uh."


@pytest.mark.parametrize(
    "text",
    [
        "I got the job!!! :) :) <3", "I feel sad :(", "我今天很难过。我的狗死了。",
        "iPhone broke. I cried.", "night,", "i was so sad", "Slept badly\nCried", "😀😀😀",
        "...", "-",
        "???", "🙂", "He said “no.”\nI left", "هل أنت بخير؟ نعم.", "see https://a.b/c",
        "Grateful for:",
    ],
)  # fmt: skip
def test_a_fluent_short_entry_is_unchanged(summarizer, text):
    summary = summarize(summarizer, f" {text}\n", 2)
    assert (summary.text, summary.method) == (text, "verbatim")


@pytest.mark.parametrize("text", ["", "   \n"])
def test_blank_entry_is_refused(summarizer, text):
    with pytest.raises(InvalidRequest):
        summarizer.prepare(SummaryRequest(text, 2))


@pytest.mark.parametrize(
    ("sentence", "output", "expected"),
    [
        ("I got the job!!! :)", "I got the job.", "I got the job!!! :)"),
        ("iPhone broke and I cried", "IPhone broke and I cried.", "iPhone broke and I cried."),
        ("So happy 🎉", "So happy.", "So happy 🎉"),
        ("Why me?!", "Why me?", "Why me?!"),
        ("I cried…", "I cried.", "I cried…"),
        ("why did he leave", "Why did he leave?", "Why did he leave?"),
        ("sun on the balcony", "Sun on the Balcony.", "Sun on the balcony."),
        ("i met Lena, i think", "I met lena, I think.", "I met Lena, I think."),
        ("in May i may go", "In May I may go.", "In May I may go."),
    ],
)
def test_punctuation_and_emoji_of_the_entry_are_kept(rewriting, sentence, output, expected):
    runner = rewriting(output)
    request = SummaryRequest("", 1, [0.1, 0.9, 0.1], sentences=("We ate.", sentence, "We slept."))
    summary = runner.predict([runner.prepare(request)])[0]
    assert (summary.text, summary.method) == (expected, "generated")


def test_a_writer_without_capitals_gets_the_models(rewriting):
    sentences = ("we ate", "then lena called", "we slept")
    request = SummaryRequest("", 1, [0.1, 0.9, 0.1], sentences=sentences)
    runner = rewriting("Then Lena called.")
    assert runner.predict([runner.prepare(request)])[0].text == "Then Lena called."


def test_chinese_sentences_are_joined_without_spaces(rewriting):
    sentences = ("今天下雨。", "我今天很难过。", "我的狗死了。")
    runner = rewriting("", "")
    request = SummaryRequest("", 2, [0.1, 0.9, 0.9], sentences=sentences)
    assert runner.predict([runner.prepare(request)])[0].text == "我今天很难过。我的狗死了。"


@pytest.mark.parametrize("number", [0, -1, 11])
def test_number_of_sentences_is_bounded(summarizer, number):
    with pytest.raises(InvalidRequest):
        summarizer.prepare(SummaryRequest(ENTRY, number))


def test_salience_needs_one_value_per_sentence(summarizer):
    with pytest.raises(InvalidRequest):
        summarizer.prepare(SummaryRequest(ENTRY, 2, [1.0]))


def test_each_selected_sentence_is_an_input(summarizer):
    prepared = summarizer.prepare(SummaryRequest(ENTRY, 2, SALIENCE))
    assert prepared.selected == (2, 5)
    assert ["".join(part)[: len("▁summarize:▁I")] for part in prepared.model_inputs] == [
        "▁summarize:▁I"
    ] * 2
    assert summarizer.cost(prepared) == sum(map(len, prepared.model_inputs))


# --- the committed checkpoint ---


@pytest.mark.parametrize("number", [1, 2, 3])
def test_checkpoint_stays_within_the_entry_and_the_budget(summarizer, number):
    summary = summarize(summarizer, ENTRY, number, SALIENCE)
    assert 1 <= len(split_sentences(summary.text)) <= number
    assert set(normalized_words(summary.text)) <= set(normalized_words(ENTRY))
    assert re.fullmatch(r"[A-Z].*[.!?]", summary.text)
    assert "cried" in summary.text


def test_checkpoint_rewrites_spoken_sentences(summarizer):
    # int8 rounds differently on other CPUs, so some outputs may differ
    spoken = (
        "um i was so happy when my sister called me",
        "i miss my grandmother so much",
        "and then i was really scared because the doctor called",
        "i felt ashamed and lonely the whole time",
        "we we went to the beach and i loved it",
        "i am so proud of my daughter",
        "i was angry with my boss all day",
        "it was the best day of my life",
        "i could not sleep because i was worried",
        "my friend brought me coffee and we laughed",
    )
    outputs = summarizer.t5.generate(
        [summarizer.t5.encode(f"summarize: {text}") for text in spoken]
    )
    faithful = [is_same_wording(text, output) for text, output in zip(spoken, outputs, strict=True)]
    complete = [re.fullmatch(r"[A-Z].*[.!?]", output) is not None for output in outputs]
    assert sum(faithful) >= 8
    assert sum(complete) >= 9


def test_text_without_punctuation_is_summarized_by_clauses(summarizer):
    run_on = re.sub(r"[^a-z0-9 ]", "", ENTRY.lower()).replace(" then ", " and then ")
    summary = summarize(summarizer, run_on, 2)
    assert len(normalized_words(summary.text)) < len(normalized_words(ENTRY))
    assert re.fullmatch(r"[A-Z].*[.!?]", summary.text)


def test_entry_of_thousands_of_tokens_is_summarized_within_budget(summarizer):
    entry = " ".join([ENTRY] * 40)
    assert len(summarizer.t5.encode(entry)) > 2000
    summary = summarize(summarizer, entry, 3, SALIENCE * 40)
    sentences = [sentence.text for sentence in split_sentences(summary.text)]
    assert sentences == [PROUD, CRIED]


def test_a_batch_gives_the_summaries_of_single_entries_in_order(summarizer):
    entries = [ENTRY, "I am sad.", " ".join([ENTRY] * 10)]
    prepared = [summarizer.prepare(SummaryRequest(entry, 2)) for entry in entries]
    together = summarizer.predict(prepared)
    assert together == [summarizer.predict([one])[0] for one in prepared]
    assert together[1].method == "verbatim"
    assert summarizer.predict([]) == []


def test_the_configuration_keeps_the_names_of_its_file(summarizer):
    record = json.loads((CHECKPOINT / CONFIG_FILE).read_text(encoding="utf-8"))
    assert list(summarizer.t5.config.to_json().items()) == list(record["task"].items())


def test_warm_up_runs_the_model(rewriting):
    runner = rewriting("I was so happy when my sister called.")
    runner.warm_up()
    assert runner.t5.outputs == []


def test_runner_needs_neither_torch_nor_bentoml():
    pytest.importorskip("torch", reason="without torch there is nothing to show")
    heavy = "{'torch', 'transformers', 'bentoml', 'sentencepiece', 'optimum'}"
    code = f"import sys, runners.summarizer.summarizer; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
