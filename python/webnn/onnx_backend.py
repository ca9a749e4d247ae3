"""ONNX's ``Backend`` protocol: ``onnx.backend.test.BackendTest(webnn.onnx_backend, __name__)``."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper
from onnx.backend.base import Backend as _Backend
from onnx.backend.base import BackendRep as _BackendRep

from ._context import ML
from ._errors import NotSupportedError
from ._files import load


class BackendIsNotSupposedToImplementIt(NotSupportedError):
    """The model cannot be expressed with WebNN's operators; ONNX's suite skips on this name."""


class WebnnRep(_BackendRep):
    """A model that is compiled for the shapes of its first inputs."""

    def __init__(self, model: ModelProto, context: Any) -> None:
        self._bytes = model.SerializeToString()
        self._context = context
        initializers = {one.name for one in model.graph.initializer}
        self._inputs = [one.name for one in model.graph.input if one.name not in initializers]
        self._outputs = [one.name for one in model.graph.output]
        self._types = {
            one.name: one.type.tensor_type.elem_type for one in model.graph.output
        }

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        feeds = {
            name: np.asarray(value)
            for name, value in (
                inputs.items() if isinstance(inputs, dict) else zip(self._inputs, inputs)
            )
        }
        try:
            graph = load(
                self._bytes,
                self._context,
                shapes={name: value.shape for name, value in feeds.items()},
                format="onnx",
            )
        except NotSupportedError as error:
            raise BackendIsNotSupposedToImplementIt(str(error)) from error
        results = self._context.compute(graph, feeds)
        converted = []
        for name in self._outputs:
            value = results[name]
            if self._types.get(name) == TensorProto.BOOL:
                value = value.astype(np.bool_)
            converted.append(value)
        return tuple(converted)


class WebnnBackend(_Backend):
    """Runs models on the best back end, or on the processor for the device "CPU"."""

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> WebnnRep:
        return WebnnRep(model, cls._context(device))

    @classmethod
    def run_model(cls, model: ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> Any:
        return cls.prepare(model, device).run(inputs)

    @classmethod
    def run_node(
        cls, node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any
    ) -> Any:
        arrays = [np.asarray(value) for value in inputs]
        graph = helper.make_graph(
            [node],
            "node",
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
                )
                for name, value in zip(node.input, arrays)
            ],
            [helper.make_empty_tensor_value_info(name) for name in node.output],
        )
        return cls.run_model(helper.make_model(graph), arrays, device)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device == "CPU"

    @classmethod
    def _context(cls, device: str) -> Any:
        if device == "CPU":
            return ML().create_context(backend="onnxruntime", device="cpu", threads=1)
        return ML().create_context()


prepare = WebnnBackend.prepare
run_model = WebnnBackend.run_model
run_node = WebnnBackend.run_node
supports_device = WebnnBackend.supports_device
is_compatible = WebnnBackend.is_compatible
