"""The command `samo` and its subcommands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

import samo
from samo import cli
from samo.commands import completion, registry
from samo.commands.errors import CommandError


def output_of(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_every_command_with_an_example(capsys):
    text = output_of(["--help"], capsys)
    for name, command in registry.COMMANDS.items():
        assert command.summary in text
        assert f"\n  samo {name} " in text


@pytest.mark.parametrize("name", registry.COMMANDS)
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

    def main(arguments):
        taken.extend(arguments)
        return 7

    monkeypatch.setattr("samo.commands.models.main", main)
    arguments = ["in", "--out", "x", "-h", "--version", "--", "last"]
    assert cli.main(["models", *arguments]) == 7
    assert taken == arguments


def test_an_error_is_printed_in_one_line_without_control_characters(monkeypatch, capsys):
    def main(_arguments):
        raise CommandError("a\x1b[31m file", 3)

    monkeypatch.setattr("samo.commands.models.main", main)
    assert cli.main(["models"]) == 3
    assert capsys.readouterr() == ("", "a[31m file\n")


def test_ctrl_c_ends_with_the_status_of_a_shell(monkeypatch):
    def main(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("samo.commands.models.main", main)
    assert cli.main(["models"]) == 130


EXAMPLES = [
    pytest.param(name, line.strip(), id=line.strip())
    for name, command in registry.COMMANDS.items()
    for line in command.parser().format_help().splitlines()
    if line.startswith(f"  samo {name} ")
]


def test_every_command_but_serve_shows_an_example():
    assert {example.values[0] for example in EXAMPLES} == {*registry.COMMANDS} - {"serve"}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_of_the_help_is_accepted(name, example):
    command = re.split(r"   | [|>] ", example)[0]
    registry.COMMANDS[name].parser().parse_args(shlex.split(command)[2:])


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_shell_gets_commands_and_options_to_complete(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "journal" in script
    assert "undated" in script


def test_bash_completes_a_command(tmp_path, capsys):
    cli.main(["completion", "bash"])
    (tmp_path / "samo.bash").write_text(capsys.readouterr().out)
    script = (
        "source samo.bash; COMP_WORDS=(samo jour); COMP_CWORD=1; _shtab_samo; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "journal\n"


def test_retraining_names_what_is_missing(monkeypatch, capsys, tmp_path):
    arguments = ["retrain", "feedback.jsonl", "--data", "."]
    monkeypatch.setitem(sys.modules, "training.retraining.retrain", None)  # as if not installed
    monkeypatch.delitem(sys.modules, "training.retraining.command", raising=False)
    assert cli.main(arguments) == 4
    assert "is missing: run `make retrain`" in capsys.readouterr().err
    monkeypatch.setattr("samo.commands.retrain._CHECKOUT", tmp_path)
    assert cli.main(arguments) == 4
    assert "needs a checkout of the project" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "options", "said"),
    [
        ("SAMO_EMOTION_MODEL", "small", [], "trains only the large emotion model"),
        ("SAMO_EMOTION_MODEL", "small", ["--no-promote"], "trains only the large emotion model"),
        ("SAMO_DRIFT_REFERENCE", "reference.json", [], "SAMO_DRIFT_REFERENCE belongs to the"),
    ],
)
def test_retraining_refuses_settings_that_it_cannot_honour(
    monkeypatch, capsys, name, value, options, said
):
    monkeypatch.setenv(name, value)
    assert cli.main(["retrain", "feedback.jsonl", "--data", ".", *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
