"""How every ONNX model is run here: on few threads, which sleep while they wait."""

from typing import Any


def onnx_options(threads: int = 1) -> Any:
    """Return the options of an `onnxruntime.InferenceSession` that uses this many threads."""
    import onnxruntime  # when a model is loaded, not with the server

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads that spin take the cores from the language model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
