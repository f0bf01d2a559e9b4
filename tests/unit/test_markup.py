from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samo.insight.entry import split_entry, split_text
from samo.insight.markup import plain_text

DAY_ONE = (
    "# Tuesday\n\nI lost my job today\\. I can\\'t stop crying\\!\n\n"
    "![](dayone-moment:\\/\\/ABC123)\n\n**But** mom called &nbsp;<br>and I<p>felt loved.</p>"
)


@pytest.mark.parametrize(
    ("entry", "sentences"),
    [
        (DAY_ONE, ["Tuesday", "I lost my job today.", "I can't stop crying!",
                   "But mom called  \nand I", "felt loved."]),
        ("![](dayone-moment://A1)\nI was sad\\.", ["I was sad."]),
        ("Grateful\\: 1\\. tea\\. 2\\. mom\\.", ["Grateful:", "1. tea.", "2. mom."]),
        ("<div>I was sad.</div><div><br></div><div>She&#39;s gone &amp; I cried</div>",
         ["I was sad.", "She's gone & I cried"]),
        ('<p>Hi <b>there</b>, I&nbsp;love <a href="http://x.y/z?a=b">this</a>.</p>'
         "<ul><li>tea</li><li>mom</li></ul>", ["Hi there, I love this.", "- tea", "- mom"]),
        ('<!DOCTYPE html><html><head><title>x</title></head><body style="a:b">So sad.'
         "<!-- hidden --><style>p {}</style></body></html>", ["So sad."]),
        ("I&rsquo;m ok&hellip; &lt;3", ["I’m ok… <3"]),
        ("&lt;p&gt;I cried.&lt;/p&gt;&lt;p&gt;He left.&lt;/p&gt;", ["I cried.", "He left."]),
        ("<p>I learned what &lt;/b&gt; means.</p>", ["I learned what </b> means."]),
        ("---\ntitle: x\ntags: [a]\n---\nI felt good.", ["I felt good."]),
        ("| Mood | Day |\n|---|:-:|\n| sad | Mon |", ["Mood, Day", "sad, Mon"]),
        ("## My day\n\n- [ ] call *mom*\n- [x] run", ["My day", "- call mom", "- run"]),
        ("**So** sad. I ~~hate~~ love __it__ and `this`.", ["So sad.", "I hate love it and this."]),
        ("I [met her](https://a.b/c) and ![x](a.png) cried.", ["I met her and  cried."]),
        ("# Day\n> quoted\n\n***\n\nI cried.", ["Day", "quoted", "I cried."]),
        ("I met [[Anna Smith|Anna]]. ![[a.png]] Good.", ["I met Anna.", "Good."]),
        ("\ufeffI was sad.\ufffc I cried.", ["I was sad.", "I cried."]),
        ("```\nI was sad\n```\n\\- no", ["I was sad", "- no"]),
    ],
)  # fmt: skip
def test_exports_are_read_without_their_markup(entry, sentences):
    result = split_entry(entry)
    assert result.texts == sentences
    for sentence in result.sentences_in_entry():
        assert entry[sentence.start : sentence.end] == sentence.text


def test_a_sentence_in_the_entry_includes_the_emphasis_marks_around_it():
    entry = "**But** mom called. *Good* day &amp;c."
    assert [sentence.text for sentence in split_entry(entry).sentences_in_entry()] == [
        "**But** mom called.", "*Good* day &amp;c.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        "I <3 you", "a < b > c", "1 * 2 * 3", "*", "_", "\\o/", "C:\\dir\\x.txt", "D:\\temp\\.git",
        " >:(", "#goals #life", "#", "http://a.b/c_d_e?x=*&y=2", "¯\\_(ツ)_/¯", "a<b and c>d",
        "*sigh* I cried", "snake_case_name", "R&D AT&T; tea & coffee", "<sigh> ok <grin>",
        "I [sort of] cried (a lot)", "5 > 3\n> 2", "2**3**4", "a|b|c", "[x] done", "- [meeting] x",
        "~5 ~6", "a == b", "`", "I got a 50% off \\ deal", ":\\ sad", "x = [1](2)",
        "#1 fan\n#2 fan",
        "I love you <3 <3 </3", "---", "***", "...", "= 5", "- tea\n- mom", "1. tea", "_maybe_ not",
        "Tom\\Anna", "if x<3 or y>4", "<3>", "[sic]", "** really **", "(a*b)", "it's 5*", "-_-",
    ],
)  # fmt: skip
def test_plain_text_comes_through_unharmed(entry):
    assert plain_text(entry).text == entry


def test_an_entry_of_markup_only_has_nothing_to_read():
    assert split_entry("![](dayone-moment://ABC)").sentences == []
    assert split_text("<p></p>").sentences == []


@given(st.text(alphabet=st.sampled_from("ab .*_#<>/p&;\\[]()!`~=|-\n🙂'\""), max_size=80))
def test_offsets_are_in_order_and_within_the_entry(entry):
    plain = plain_text(entry)
    assert len(plain.text) == len(plain.starts) == len(plain.ends)
    assert list(plain.starts) == sorted(plain.starts)
    for start, end in zip(plain.starts, plain.ends, strict=True):
        assert 0 <= start < end <= len(entry)
    for sentence in split_entry(entry).sentences_in_entry():
        assert entry[sentence.start : sentence.end] == sentence.text


@pytest.mark.parametrize(
    "unit",
    ["<b ", "![", "|", "&amp;", "<!--", "<style>", "# ", "__", "`", "=", "**a", "[a](",
    "---\na: b\n",
     "|--|\n|a|\n", "  a: b\n", "# a  ", "-  ", "|   ", "a   ", "```\n", "> ", "- [ ] ",
     "<b a=", "<b a='", "[[", "\n", "\r\n", " ", "<", "\\."],
)  # fmt: skip
def test_work_grows_with_the_length_and_no_faster(unit):
    """`re` counts no steps, so its processor time is compared: 4 times the text, not 16 times."""
    seconds = []
    for length in (5_000, 20_000):
        text = ("|a|\n|-|\n<b>" + unit * length)[:length]
        begun = time.process_time()
        plain_text(text)
        seconds.append(time.process_time() - begun)
    assert seconds[1] < max(10 * seconds[0], 0.3)
