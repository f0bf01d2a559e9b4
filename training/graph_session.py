"""Sessions of exported models that also return values from within the graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import onnxruntime
from onnx import helper


def session_with_outputs(
    model: onnx.ModelProto, folder: Path, names: Sequence[str]
) -> onnxruntime.InferenceSession:
    """Return a session of one thread, whose outputs are the model's and the values `names`.

    Args:
        model: loaded from `folder` without its external data; the outputs are added to it.
        folder: with the model's external data.
        names: of values in the graph.

    """
    for name in names:
        model.graph.output.append(helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder)
    )
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
