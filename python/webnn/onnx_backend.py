"""ONNX's ``Backend`` protocol: ``onnx.backend.test.BackendTest(webnn.onnx_backend, __name__)``."""

from __future__ import annotations

import os
import unittest
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np
from onnx import (
    ModelProto,
    NodeProto,
    ValueInfoProto,
    helper,
    numpy_helper,
    shape_inference,
    version_converter,
)
from onnx.backend.base import Backend as _Backend
from onnx.backend.base import BackendRep as _BackendRep

from ._context import ML
from ._errors import NotSupportedError, ValidationError

if TYPE_CHECKING:
    from ._context import MLContext
    from ._core import MLGraph

# Older models are brought to this by ONNX's own converter.
_OLDEST_OPSET = 7


class BackendIsNotSupposedToImplementIt(NotSupportedError, unittest.SkipTest):
    """The model cannot be expressed with WebNN's operators: ONNX's suite skips it.

    ``unsupported`` lists what of it: "op", "node", "reason" and "help" of each.
    """

    def __init__(self, unsupported: Sequence[Mapping[str, str]]) -> None:
        super().__init__(
            "; ".join(
                f"{one['op']} {one['node']}: {one['reason']}".replace(" :", ":")
                for one in unsupported
            )
        )
        self.unsupported = list(unsupported)


def _is_tensor(value: Any) -> bool:
    return value is not None and not isinstance(value, (list, tuple, dict, str))


class WebnnRep(_BackendRep):
    """A model that runs on any inputs, and is compiled anew for those of other shapes."""

    def __init__(self, model: ModelProto, context: MLContext) -> None:
        if any(
            one.domain in ("", "ai.onnx") and one.version < _OLDEST_OPSET
            for one in model.opset_import
        ):
            model = version_converter.convert_version(model, _OLDEST_OPSET)
        self._bytes: bytes = model.SerializeToString()
        self._context = context
        initializers = {one.name for one in model.graph.initializer}
        self._inputs = [one.name for one in model.graph.input if one.name not in initializers]
        self._outputs = [
            (one.name, one.type.tensor_type.elem_type) for one in model.graph.output
        ]
        # The newest graph, and what it was made for.
        self._graph: MLGraph | None = None
        self._shapes: dict[str, tuple[Any, ...]] = {}
        self._fixed: dict[str, bytes] = {}

    def _graph_for(self, feeds: Mapping[str, Any]) -> MLGraph:
        shapes = {name: (array.dtype, array.shape) for name, array in feeds.items()}
        if (
            self._graph is not None
            and self._shapes == shapes
            and all(feeds[name].tobytes() == value for name, value in self._fixed.items())
        ):
            return self._graph
        tensors = {
            name: numpy_helper.from_array(array, name).SerializeToString()
            for name, array in feeds.items()
        }
        graph, fixed, unsupported = self._context._import_given(self._bytes, tensors)
        if graph is None:
            raise BackendIsNotSupposedToImplementIt(unsupported)
        self._graph, self._shapes = graph, shapes
        self._fixed = {name: feeds[name].tobytes() for name in fixed}
        return graph

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, of the data types that the model declares.

        Args:
            inputs: Arrays in the model's order, or by name. What WebNN must know when a graph is
                built (a new shape, say) is taken from their values.

        Raises:
            BackendIsNotSupposedToImplementIt: WebNN has no way to express the model.
        """
        del kwargs
        given = dict(inputs if isinstance(inputs, Mapping) else zip(self._inputs, inputs))
        for name in self._inputs:
            if name not in given:
                raise ValidationError(f"Missing input: {name}")
        feeds = {name: np.asarray(value) for name, value in given.items() if _is_tensor(value)}
        graph = self._graph_for(feeds)
        results = self._context.compute(
            graph, {name: feeds[name] for name in graph.get_input_names()}
        )
        return tuple(
            results[name].astype(helper.tensor_dtype_to_np_dtype(element), copy=False)
            if element
            else results[name]
            for name, element in self._outputs
        )


class WebnnBackend(_Backend):
    """Runs models on the best back end, or on the processor for the device "CPU"."""

    # By device and process: a forked one makes its own.
    _contexts: dict[tuple[str, int], MLContext] = {}

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> WebnnRep:
        """The model, ready to run; ``context`` names another context than the device's."""
        context = kwargs.get("context")
        return WebnnRep(model, cls._context(device) if context is None else context)

    @classmethod
    def run_model(
        cls, model: ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any
    ) -> tuple[Any, ...]:
        """The outputs of the model."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """The outputs of one operator."""
        del outputs_info
        feeds = dict(zip(filter(None, node.input), map(np.asarray, inputs)))
        graph = helper.make_graph(
            [node],
            "node",
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
                )
                for name, value in feeds.items()
            ],
            [ValueInfoProto(name=name) for name in node.output if name],
        )
        opset = kwargs.pop("opset_version", None)
        opsets = [helper.make_opsetid("", opset)] if opset is not None else None
        # Which gives the outputs their types.
        model = shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets))
        return cls.run_model(model, feeds, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether ONNX's suite is to run its tests for the device."""
        return device == "CPU"

    @classmethod
    def _context(cls, device: str) -> MLContext:
        key = (device, os.getpid())
        context = cls._contexts.get(key)
        if context is None or context.lost is not None:
            if device == "CPU":
                context = ML().create_context(backend="onnxruntime", device="cpu", threads=1)
            else:
                context = ML().create_context()
            cls._contexts[key] = context
        return context


prepare = WebnnBackend.prepare
run_model = WebnnBackend.run_model
run_node = WebnnBackend.run_node
supports_device = WebnnBackend.supports_device
is_compatible = WebnnBackend.is_compatible
