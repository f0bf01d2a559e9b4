"""The type of all arrays in `training`; docstrings give shapes and dtypes."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
