"""The command `samo` and its subcommands."""

from __future__ import annotations

import pytest

import samo
from samo import cli


def output_of(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_command_with_an_example(capsys):
    text = output_of(["--help"], capsys)
    for name, command in cli.COMMANDS.items():
        assert command.summary in text
        assert f"\n  samo {name} " in text


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_own_help(name, capsys):
    assert output_of([name, "--help"], capsys).startswith(f"usage: samo {name} ")


def test_version(capsys):
    assert output_of(["--version"], capsys) == f"samo {samo.__version__}\n"


def test_no_command_prints_the_help(capsys):
    assert cli.main([]) == 2
    assert "examples:" in capsys.readouterr().err


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["srve"])
    assert ended.value.code == 2
    assert "'serve', 'batch'" in capsys.readouterr().err


def test_a_command_gets_its_arguments_in_order_and_gives_the_status(monkeypatch):
    taken = []

    def run(arguments):
        taken.extend(arguments)
        return 7

    monkeypatch.setitem(cli.COMMANDS, "serve", cli.Command("", run))
    arguments = ["in", "--out", "x", "-h", "--version", "--", "last"]
    assert cli.main(["serve", *arguments]) == 7
    assert taken == arguments
