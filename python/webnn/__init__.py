"""The operators of the W3C Web Neural Network API: describe a network once, run it at the speed of
the vendor's own engine.

    >>> import webnn, numpy as np
    >>> context = webnn.ML().create_context()
    >>> builder = context.create_graph_builder()
    >>> x = builder.input("x", [2, 3], "float32")
    >>> graph = builder.build({"y": builder.relu(x + 1)})
    >>> context.compute(graph, {"x": np.zeros((2, 3), np.float32)})["y"].shape
    (2, 3)
"""

from __future__ import annotations

from . import _runtime  # first: where back ends find ONNX Runtime
from ._builder import MLGraphBuilder
from ._context import ML, AsyncMLContext, MLContext, MLDeviceTensor, devices
from ._core import MLGraph, MLOperand, MLTensor
from ._core import version as _version
from ._errors import (
    AbortError,
    FallbackWarning,
    FileError,
    InvalidStateError,
    NotSupportedError,
    OperationError,
    UnknownError,
    ValidationError,
    WebNNError,
)
from ._files import inspect, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hub import Hub
    from .onnxruntime_adaptor import InferenceSession

__version__: str = _version()

__all__ = [
    "ML",
    "MLContext",
    "AsyncMLContext",
    "MLGraphBuilder",
    "MLOperand",
    "MLGraph",
    "MLTensor",
    "MLDeviceTensor",
    "Hub",
    "InferenceSession",
    "load",
    "inspect",
    "devices",
    "cmake_dir",
    "WebNNError",
    "ValidationError",
    "InvalidStateError",
    "NotSupportedError",
    "OperationError",
    "FileError",
    "UnknownError",
    "AbortError",
    "FallbackWarning",
    "__version__",
]


def cmake_dir() -> str:
    """The folder for ``find_package(webnn)``: ``cmake -Dwebnn_DIR=$(python -m webnn --cmake-dir)``."""
    return _runtime.cmake_dir()


def __getattr__(name: str) -> object:
    # What few programs need is imported when it is asked for.
    if name == "Hub":
        from .hub import Hub

        return Hub
    if name == "InferenceSession":
        from .onnxruntime_adaptor import InferenceSession

        return InferenceSession
    raise AttributeError(f"module 'webnn' has no attribute {name!r}")
