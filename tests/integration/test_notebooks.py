"""The notebooks run from the first cell to the last, on small samples, and are committed clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.execute import FOLDER, ROOT, execute
from training.emotion.history import History

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MAX_BYTES = 500_000


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def committed(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook):
    """The text that the cells printed."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs)


def pictures(notebook):
    return [
        output
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def test_there_are_two():
    assert [path.stem for path in NOTEBOOKS] == ["explore_journal", "train_emotion_model"]


def test_the_committed_outputs_are_complete_small_and_of_no_machine(committed):
    nbformat.validate(committed)
    cells = code_cells(committed)
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert len(pictures(committed)) >= 5
    text = json.dumps(committed)
    assert len(text) < MAX_BYTES
    assert str(ROOT) not in text
    assert "/root/" not in text
    assert "/home/" not in text
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
    assert committed.metadata.keys() == {"kernelspec", "language_info"}


def test_the_model_is_trained_and_evaluated_on_a_small_sample(goemotions_data, tmp_path):
    notebook = execute(
        FOLDER / "train_emotion_model.ipynb",
        {
            "DATA": str(goemotions_data.parent), "RUN": str(tmp_path / "run"), "LAYERS": 1,
            "TRAIN_TEXTS": 160, "EVAL_TEXTS": 120, "EVAL_STEPS": 5, "BATCH_SIZE": 16,
        },
    )  # fmt: skip
    assert len(pictures(notebook)) == 6
    text = printed(notebook)
    assert "43410 comments" in text
    assert "macro_f1" in text
    assert "temperature" in text
    assert [one.step for one in History(tmp_path / "run").read()] == [5, 10]
    assert not any("TRAIN_TEXTS = 160" in cell.source for cell in notebook.cells)


@pytest.mark.models
def test_a_journal_is_explored_from_its_entries(tmp_path):
    short = tmp_path / "journal.jsonl"
    lines = (FOLDER / "journal.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    short.write_text("".join(lines[:30]), encoding="utf-8")
    notebook = execute(FOLDER / "explore_journal.ipynb", {"JOURNAL": str(short)})
    assert "30 entries from 2026-03-02 to 2026-04-08" in printed(notebook)
    assert len(pictures(notebook)) == 5


def test_an_export_of_the_page_is_read(tmp_path):
    """The cell that reads, with an export as samo/page/static/transfer.js writes it."""
    notebook = nbformat.read(FOLDER / "explore_journal.ipynb", as_version=4)
    (cell,) = (cell for cell in code_cells(notebook) if "def read_insights" in cell.source)
    insight = {"emotion_analysis": {"emotions": {"joy": 0.5}}}
    entries = [
        {"id": "b", "created": "2026-01-02T23:30:00.000Z", "day": "2026-01-03", "insight": insight},
        {"id": "a", "created": "2026-01-01T08:00:00.000Z", "day": "2026-01-01", "insight": insight},
        {"id": "c", "created": "2026-01-04T08:00:00.000Z", "day": "2026-01-04", "insight": None},
    ]
    export = tmp_path / "journal.json"
    export.write_text(json.dumps({"format": "samo-journal", "version": 1, "entries": entries}))
    names: dict[str, Any] = {"Path": Path, "json": json}
    exec(cell.source.partition("\njournal = ")[0], names)
    rows = names["read_insights"](export)
    assert [(row["date"], row["id"]) for row in rows] == [("2026-01-01", "a"), ("2026-01-03", "b")]


def test_parameters_need_their_cell(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(notebook, tmp_path / "x.ipynb")
    with pytest.raises(ValueError, match="No cell has the tag"):
        execute(tmp_path / "x.ipynb", {"DATA": "x"})
