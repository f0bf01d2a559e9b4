"""Execute notebooks and keep what a reader needs: code, text, printed results and pictures.

    python -m notebooks.execute [NAME ...]

Each notebook runs in a fresh kernel in the root of the repository and is written back with its
outputs. What differs between machines is left out: progress bars and warnings, times, versions of
the kernel, ids. An output with a path of this machine is an error.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "notebooks"
CELL_TIMEOUT_SECONDS: Final = 1800
# The tag of the cell whose assignments `parameters` replaces, as in papermill.
PARAMETERS_TAG: Final = "parameters"
_KERNEL: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
# The data folder is named in a cell, so it may be printed.
_PRIVATE: Final = (str(ROOT), str(Path.home()))


def execute(path: Path, parameters: Mapping[str, Any] | None = None) -> Any:
    """Execute the notebook at `path`, and return it with its outputs; the file is not changed.

    Args:
        path: the notebook.
        parameters: values of variables, which are assigned after the cell of the parameters.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails; its message has the traceback.
        ValueError: there are parameters and no cell has the tag, or an output names a path of
            this machine.

    """
    notebook: Any = nbformat.read(path, as_version=4)
    cells = list(notebook.cells)
    if parameters:
        _assign(notebook, parameters)
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_SECONDS,
        kernel_name=_KERNEL["name"],
        resources={"metadata": {"path": str(ROOT)}},
    ).execute(env={**os.environ, "PYTHONPATH": search_path})
    notebook.cells = cells  # the same objects, without the cell that was added
    _strip(notebook)
    return notebook


def _assign(notebook: Any, parameters: Mapping[str, Any]) -> None:
    """Add a cell after that of the parameters."""
    for position, cell in enumerate(notebook.cells):
        if PARAMETERS_TAG in cell.metadata.get("tags", ()):
            lines = [f"{name} = {value!r}" for name, value in parameters.items()]
            notebook.cells.insert(position + 1, nbformat.v4.new_code_cell("\n".join(lines)))
            return
    raise ValueError(f"No cell has the tag {PARAMETERS_TAG!r}.")


def _strip(notebook: Any) -> None:
    """Remove what is not reproducible, and number the cells from 1."""
    notebook.metadata = nbformat.NotebookNode(
        kernelspec=_KERNEL, language_info={"name": "python", "pygments_lexer": "ipython3"}
    )
    count = 0
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.NotebookNode(tags=tags) if tags else nbformat.NotebookNode()
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [
            output
            for output in cell.outputs
            if not (output.output_type == "stream" and output.name == "stderr")
        ]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count
        printed = str([output.get("text", output.get("data")) for output in cell.outputs])
        if any(path in printed for path in _PRIVATE):
            raise ValueError(f"The output of cell {number} has a path of this machine.")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m notebooks.execute",
        description="Execute notebooks and write their outputs into them.",
    )
    names = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    parser.add_argument(
        "names", nargs="*", metavar="NAME", default=names, help=f"of {', '.join(names)}"
    )
    for name in parser.parse_args().names:
        path = FOLDER / f"{name}.ipynb"
        print(f"executing {path.relative_to(ROOT)}", flush=True)
        notebook = execute(path)
        nbformat.validate(notebook)
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
