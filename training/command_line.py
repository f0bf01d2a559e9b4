"""Parts that all commands of `training` share: help, tables and the last line of JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

DATA_HELP = "folder with the corpora: goemotions/, text/, ..."


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Show the default of an option unless it has none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, ()):
            return action.help
        return super()._get_help_string(action)


def command_parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return a parser for `python -m module`."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}", description=description, formatter_class=HelpFormatter
    )


def print_table(title: str, rows: Mapping[str, Mapping[str, float]], digits: int = 3) -> None:
    """Print figures with one line per row; a figure that a row lacks is left empty."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    table = Table(title=title)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(_cell(row.get(column), digits) for column in columns))
    Console().print(table)


def _cell(value: float | None, digits: int) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"


def print_json(figures: Mapping[str, Any]) -> None:
    """Print figures as one line of JSON, numbers rounded to four digits."""
    print(json.dumps(_rounded(figures)))


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
