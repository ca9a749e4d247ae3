"""``InferenceSession`` for programs that were written for onnxruntime.

Change ``from onnxruntime import InferenceSession`` to
``from webnn.onnxruntime_adaptor import InferenceSession``, or put the module in its place for
packages that import it themselves::

    import sys, webnn.onnxruntime_adaptor
    sys.modules["onnxruntime"] = webnn.onnxruntime_adaptor

Models with open dimensions are compiled for the shapes of each call, and the graphs kept.
"""

from __future__ import annotations

import enum
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

from ._context import ML, devices
from ._core import version as _version
from ._errors import ValidationError
from ._files import inspect, load

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._core import MLGraph

__version__ = _version()


class GraphOptimizationLevel(enum.IntEnum):
    """Accepted; graphs are always optimised."""

    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class ExecutionMode(enum.IntEnum):
    """Accepted; without effect."""

    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class SessionOptions:
    """Of these ``intra_op_num_threads`` has an effect; the rest is accepted."""

    def __init__(self) -> None:
        self.intra_op_num_threads = 0
        self.inter_op_num_threads = 0
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""
        self.enable_cpu_mem_arena = True
        self.enable_mem_pattern = True
        self.enable_profiling = False
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.optimized_model_filepath = ""
        self._entries: dict[str, str] = {}

    def add_session_config_entry(self, key: str, value: str) -> None:
        self._entries[key] = value

    def get_session_config_entry(self, key: str) -> str:
        return self._entries[key]


class RunOptions:
    """Accepted; without effect."""

    def __init__(self) -> None:
        self.log_severity_level = 2
        self.log_verbosity_level = 0
        self.logid = ""
        self.terminate = False


class NodeArg:
    """An input or output as the model declares it."""

    def __init__(self, name: str, type: str, shape: list[Any]) -> None:
        self.name = name
        self.type = type
        self.shape = shape

    def __repr__(self) -> str:
        return f"NodeArg(name={self.name!r}, type={self.type!r}, shape={self.shape!r})"


class ModelMetadata:
    """What the model says of itself."""

    def __init__(self, summary: dict[str, Any]) -> None:
        metadata = dict(summary["metadata"])
        self.producer_name = metadata.pop("producer", "")
        self.graph_name = summary["name"]
        self.description = metadata.pop("description", "")
        self.domain = metadata.pop("domain", "")
        self.version = 0
        self.custom_metadata_map: dict[str, str] = metadata


_TYPES = {
    "float32": "float",
    "float64": "double",
    "bool": "bool",
}


def _arguments(tensors: Sequence[dict[str, Any]]) -> list[NodeArg]:
    return [
        NodeArg(
            tensor["name"],
            f"tensor({_TYPES.get(tensor['data_type'], tensor['data_type'])})",
            [size if size != "" else None for size in tensor["dimensions"]],
        )
        for tensor in tensors
    ]


class InferenceSession:
    """A model ready to run.

    Args:
        path_or_bytes: An ONNX model, or any other that ``webnn.load`` reads.
        sess_options: ``SessionOptions``; the threads are taken from it.
        providers: Accepted: "CPUExecutionProvider" alone asks for the processor, any other list for
            the best back end.
        context: Run here instead.
    """

    #: Graphs for different shapes that are kept.
    max_graphs = 16

    def __init__(
        self,
        path_or_bytes: str | bytes | os.PathLike[str],
        sess_options: Any = None,
        providers: Sequence[Any] | None = None,
        provider_options: Sequence[Mapping[str, Any]] | None = None,
        *,
        context: Any = None,
        **kwargs: Any,
    ) -> None:
        del provider_options, kwargs
        self._source = path_or_bytes
        if context is None:
            names = [one[0] if isinstance(one, tuple) else one for one in providers or []]
            threads = int(getattr(sess_options, "intra_op_num_threads", 0) or 0)
            if names == ["CPUExecutionProvider"]:
                context = ML().create_context(
                    backend="onnxruntime", device="cpu", threads=max(threads, 0)
                )
            else:
                context = ML().create_context(threads=max(threads, 0))
        self._context = context
        self._summary = self._inspect()
        self._inputs = _arguments(self._summary["inputs"])
        self._outputs = _arguments(self._summary["outputs"])
        self._names = [one.name for one in self._outputs]
        self._graphs: OrderedDict[tuple[Any, ...], MLGraph] = OrderedDict()
        self._bool_inputs = {one.name for one in self._inputs if one.type == "tensor(bool)"}
        self._bool_outputs = {one.name for one in self._outputs if one.type == "tensor(bool)"}
        self._open = any(
            not isinstance(size, int) for one in self._inputs for size in one.shape
        )
        if not self._open:
            self._graph({})

    def _inspect(self) -> dict[str, Any]:
        if isinstance(self._source, (str, os.PathLike)):
            return inspect(self._source)
        import tempfile

        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            file.write(self._source)
            file.flush()
            return inspect(file.name)

    def _graph(self, feeds: Mapping[str, npt.NDArray[Any]]) -> MLGraph:
        key = tuple(feeds[one.name].shape for one in self._inputs) if self._open else ()
        graph = self._graphs.get(key)
        if graph is None:
            shapes = (
                {one.name: feeds[one.name].shape for one in self._inputs} if self._open else None
            )
            graph = load(self._source, self._context, shapes=shapes, narrow=True)
            self._graphs[key] = graph
            if len(self._graphs) > self.max_graphs:
                self._graphs.popitem(last=False)
        elif self._open:
            self._graphs.move_to_end(key)
        return graph

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        run_options: Any = None,
    ) -> list[npt.NDArray[Any]]:
        """Results in the order of ``output_names``, or all."""
        del run_options
        feeds = {name: np.asarray(value) for name, value in input_feed.items()}
        for one in self._inputs:
            if one.name not in feeds:
                raise ValidationError(f"Required inputs (['{one.name}']) are missing from input feed")
        results = self._context.compute(self._graph(feeds), feeds)
        names = list(output_names) if output_names else self._names
        for name in names:
            if name not in results:
                raise ValidationError(f"the model has no output {name!r}; it has {self._names}")
        return [
            results[name].astype(np.bool_) if name in self._bool_outputs else results[name]
            for name in names
        ]

    def get_inputs(self) -> list[NodeArg]:
        return self._inputs

    def get_outputs(self) -> list[NodeArg]:
        return self._outputs

    def get_overridable_initializers(self) -> list[NodeArg]:
        return []

    def get_modelmeta(self) -> ModelMetadata:
        return ModelMetadata(self._summary)

    def get_providers(self) -> list[str]:
        return get_available_providers() if self._context.device != "cpu" else [
            "CPUExecutionProvider"
        ]

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {name: {} for name in self.get_providers()}

    def get_session_options(self) -> SessionOptions:
        return SessionOptions()

    def set_providers(self, providers: Any = None, provider_options: Any = None) -> None:
        del providers, provider_options

    def disable_fallback(self) -> None:
        return None


_PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "tensorrt-rtx": "NvTensorRTRTXExecutionProvider",
    "onnxruntime": "CPUExecutionProvider",
}


def get_available_providers() -> list[str]:
    """onnxruntime's names of the back ends that work here."""
    names: list[str] = [
        status["name"] for status in devices()["backends"] if status["available"]
    ]
    return [_PROVIDERS.get(name, name) for name in names]


def get_all_providers() -> list[str]:
    return list(_PROVIDERS.values())


def get_device() -> str:
    """"GPU" where a back end uses one, else "CPU"."""
    return "GPU" if any(
        status["available"] and status["device"].startswith("cuda")
        for status in devices()["backends"]
    ) else "CPU"


def set_default_logger_severity(severity: int) -> None:
    """Accepted; nothing is printed in any case."""
    del severity
