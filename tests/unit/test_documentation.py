"""The examples of the pages are found, and differences from the documented responses too."""

from __future__ import annotations

import pytest

from tests.documentation import assert_same_shape, blocks, commands, title

PAGE = """# Page

```sh
curl -s http://localhost:3000/health
```

```json
{"status": "ok"}
```

```sh
make help
```

Text in between: this is not the response.

```json
{}
```
"""
RESPONSE = {"text": "hi", "arc": [{"start": 0}], "emotions": {"joy": 0.5}, "degraded": []}


def test_a_response_follows_its_command_without_text_in_between(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    first, second = blocks(tmp_path / "page.md", "sh")
    assert (first.code, first.output) == (
        "curl -s http://localhost:3000/health\n",
        '{"status": "ok"}\n',
    )
    assert (second.code, second.output) == ("make help\n", None)


def test_a_command_may_have_several_lines():
    loop = "for n in 1 2; do\n  echo $n\ndone\n"
    curl = "curl -s x -d '{\n}' \\\n  -o y   # writes y\n"
    assert commands(f"{loop}\n{curl}make help  # lists\n") == [loop, curl, "make help  # lists\n"]
    assert [title(text) for text in (loop, curl, "make help  # lists\n")] == [
        "for n in 1 2; do",
        "curl -s x -d '{",
        "make help",
    ]


@pytest.mark.parametrize(
    "actual",
    [
        RESPONSE,
        {**RESPONSE, "more": 1},
        {**RESPONSE, "emotions": {"fear": 0.1, "grief": 1}},
        {**RESPONSE, "arc": [{"start": 0}, {"start": 2.5}]},
    ],
)
def test_a_response_with_the_documented_names_and_types_passes(actual):
    assert_same_shape(RESPONSE, actual)


@pytest.mark.parametrize(
    "actual",
    [
        {name: value for name, value in RESPONSE.items() if name != "degraded"},
        {**RESPONSE, "text": None},
        {**RESPONSE, "arc": []},
        {**RESPONSE, "arc": [{"start": "0"}]},
        {**RESPONSE, "emotions": {"joy": 1.5}},
    ],
)
def test_another_response_fails(actual):
    with pytest.raises((AssertionError, KeyError)):
        assert_same_shape(RESPONSE, actual)
