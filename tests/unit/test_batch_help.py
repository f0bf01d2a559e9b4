"""The examples of `samo batch --help` are commands that the parser accepts."""

from __future__ import annotations

import shlex

import pytest

from samo.batch.command import EXAMPLES, build_parser

# a command and its explanation are separated by spaces
COMMANDS = [
    line.strip().partition("   ")[0]
    for line in EXAMPLES.splitlines()
    if line.startswith("  samo batch ")
]


def test_the_help_shows_examples():
    assert len(COMMANDS) >= 4
    assert EXAMPLES.strip() in build_parser().format_help()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_is_accepted(command):
    args = build_parser().parse_args(shlex.split(command)[2:])
    assert (args.input.name, args.output.name) != ("", "")
