"""An ONNX model as a PyTorch module: the operators of the models that are compared, no more. Weights
are parameters, and what only shapes depend on is known when the module is made, so that
`torch.compile` sees one straight line of operators."""

from __future__ import annotations

import pathlib
from typing import Any, Callable

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F

Node = Any
Values = list[Any]


def _pads(attributes: dict[str, Any], x: Any, size: list[int]) -> tuple[Any, list[int]]:
    """The input, padded where PyTorch's operators cannot, and what they can do themselves."""
    pads = list(attributes.get("pads", [0] * (2 * len(size))))
    half = len(size)
    if attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise NotImplementedError(f"auto_pad {attributes['auto_pad']}")
    if pads[:half] == pads[half:]:
        return x, pads[:half]
    order = [side for axis in reversed(range(half)) for side in (pads[axis], pads[half + axis])]
    return F.pad(x, order), [0] * half


def conv(a: dict[str, Any], v: Values) -> Any:
    x, pads = _pads(a, v[0], list(v[1].shape[2:]))
    function = {1: F.conv1d, 2: F.conv2d}[v[1].dim() - 2]
    return function(
        x, v[1], v[2] if len(v) > 2 else None, stride=a.get("strides", 1), padding=pads,
        dilation=a.get("dilations", 1), groups=a.get("group", 1),
    )


def conv_transpose(a: dict[str, Any], v: Values) -> Any:
    pads = list(a.get("pads", [0, 0, 0, 0]))
    if pads[:2] != pads[2:]:
        raise NotImplementedError("ConvTranspose with unequal padding")
    return F.conv_transpose2d(
        v[0], v[1], v[2] if len(v) > 2 else None, stride=a.get("strides", 1), padding=pads[:2],
        output_padding=a.get("output_padding", 0), groups=a.get("group", 1),
        dilation=a.get("dilations", 1),
    )


def max_pool(a: dict[str, Any], v: Values) -> Any:
    x, pads = v[0], list(a.get("pads", [0, 0, 0, 0]))
    if pads[:2] != pads[2:]:
        order = [pads[1], pads[3], pads[0], pads[2]]
        x, pads = F.pad(x, order, value=float("-inf")), [0, 0, 0, 0]
    return F.max_pool2d(
        x, a["kernel_shape"], a.get("strides", 1), pads[:2], a.get("dilations", 1),
        bool(a.get("ceil_mode", 0)),
    )


def average_pool(a: dict[str, Any], v: Values) -> Any:
    x, pads = _pads(a, v[0], a["kernel_shape"])
    return F.avg_pool2d(
        x, a["kernel_shape"], a.get("strides", 1), pads, bool(a.get("ceil_mode", 0)),
        bool(a.get("count_include_pad", 0)),
    )


def gemm(a: dict[str, Any], v: Values) -> Any:
    x = v[0].T if a.get("transA") else v[0]
    y = v[1].T if a.get("transB") else v[1]
    result = a.get("alpha", 1.0) * (x @ y) if a.get("alpha", 1.0) != 1 else x @ y
    return result + a.get("beta", 1.0) * v[2] if len(v) > 2 else result


def reduce(function: Callable[..., Any]) -> Callable[[dict[str, Any], Values], Any]:
    def apply(a: dict[str, Any], v: Values) -> Any:
        axes = v[1] if len(v) > 1 and v[1] is not None else a.get("axes")
        return function(v[0], axes or list(range(v[0].dim())), bool(a.get("keepdims", 1)))

    return apply


def slice_(a: dict[str, Any], v: Values) -> Any:
    starts, ends = v[1], v[2]
    axes = v[3] if len(v) > 3 and v[3] is not None else list(range(len(starts)))
    steps = v[4] if len(v) > 4 and v[4] is not None else [1] * len(starts)
    index = [slice(None)] * v[0].dim()
    for start, end, axis, step in zip(starts, ends, axes, steps):
        if step < 1:
            raise NotImplementedError("Slice backwards")
        size = v[0].shape[axis]
        index[axis] = slice(max(start + size, 0) if start < 0 else start,
                            end + size if end < 0 else min(end, size), step)
    return v[0][tuple(index)]


def resize(a: dict[str, Any], v: Values) -> Any:
    sizes = (
        v[3] if len(v) > 3 and v[3] is not None
        else [round(size * scale) for size, scale in zip(v[0].shape, v[2])]
    )
    mode = {"nearest": "nearest-exact", "linear": "bilinear"}[a.get("mode", "nearest")]
    return F.interpolate(v[0], sizes[2:], mode=mode)


def lstm(a: dict[str, Any], v: Values) -> Any:
    """One direction; PyTorch has the gates in another order: i, f, c, o for i, o, f, c."""
    if a.get("direction", "forward") != "forward" or any(one is not None for one in v[5:8][2:]):
        raise NotImplementedError("this kind of LSTM")
    hidden = a["hidden_size"]

    def gates(weight: Any) -> Any:
        i, o, f, c = weight.split(hidden)
        return torch.cat([i, f, c, o])

    size = (1, v[0].shape[1], hidden)
    zero = torch.zeros(size, dtype=v[0].dtype, device=v[0].device)
    h0 = v[5] if len(v) > 5 and v[5] is not None else zero
    c0 = v[6] if len(v) > 6 and v[6] is not None else zero
    weights = [gates(v[1][0]), gates(v[2][0])]
    if len(v) > 3 and v[3] is not None:
        weights += [gates(v[3][0][: 4 * hidden]), gates(v[3][0][4 * hidden :])]
    output, h, c = torch.lstm(
        v[0], (h0, c0), weights, len(weights) == 4, 1, 0.0, False, False, False
    )
    return output.unsqueeze(1), h, c


def cast(a: dict[str, Any], v: Values) -> Any:
    return v[0].to(torch.from_numpy(np.zeros(1, onnx.helper.tensor_dtype_to_np_dtype(a["to"]))).dtype)


def layer_norm(a: dict[str, Any], v: Values) -> Any:
    axis = a.get("axis", -1) % v[0].dim()
    bias = v[2] if len(v) > 2 else None
    return F.layer_norm(v[0], v[0].shape[axis:], v[1], bias, a.get("epsilon", 1e-5))


OPERATORS: dict[str, Callable[[dict[str, Any], Values], Any]] = {
    "Add": lambda a, v: v[0] + v[1],
    "AveragePool": average_pool,
    "BatchNormalization": lambda a, v: F.batch_norm(
        v[0], v[3], v[4], v[1], v[2], False, 0.0, a.get("epsilon", 1e-5)
    ),
    "Cast": cast,
    "Clip": lambda a, v: torch.clamp(
        v[0], *(float(v[i]) if len(v) > i and v[i] is not None else None for i in (1, 2))
    ),
    "Concat": lambda a, v: torch.cat(v, a["axis"]),
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Div": lambda a, v: v[0] / v[1],
    "Erf": lambda a, v: torch.erf(v[0]),
    "Expand": lambda a, v: v[0].expand(torch.broadcast_shapes(v[0].shape, v[1])),
    "Flatten": lambda a, v: torch.flatten(v[0], a.get("axis", 1)),
    "Gelu": lambda a, v: F.gelu(v[0]),
    "Gemm": gemm,
    "GlobalAveragePool": lambda a, v: v[0].mean((2, 3), keepdim=True),
    "HardSigmoid": lambda a, v: torch.clamp(a.get("alpha", 0.2) * v[0] + a.get("beta", 0.5), 0, 1),
    "HardSwish": lambda a, v: F.hardswish(v[0]),
    "Identity": lambda a, v: v[0],
    "LSTM": lstm,
    "LayerNormalization": layer_norm,
    "MatMul": lambda a, v: v[0] @ v[1],
    "Max": lambda a, v: torch.maximum(*v),
    "MaxPool": max_pool,
    "Min": lambda a, v: torch.minimum(*v),
    "Mul": lambda a, v: v[0] * v[1],
    "Neg": lambda a, v: -v[0],
    "Pow": lambda a, v: v[0] ** v[1],
    "ReduceMax": reduce(torch.amax),
    "ReduceMean": reduce(torch.mean),
    "ReduceSum": reduce(torch.sum),
    "Relu": lambda a, v: torch.relu(v[0]),
    "Reshape": lambda a, v: v[0].reshape(
        [v[0].shape[i] if size == 0 else size for i, size in enumerate(v[1])]
    ),
    "Resize": resize,
    "Sigmoid": lambda a, v: torch.sigmoid(v[0]),
    "Slice": slice_,
    "Softmax": lambda a, v: torch.softmax(v[0], a.get("axis", -1)),
    "Split": lambda a, v: torch.split(v[0], v[1], a.get("axis", 0)),
    "Sqrt": lambda a, v: torch.sqrt(v[0]),
    "Squeeze": lambda a, v: v[0].squeeze(tuple(v[1])),
    "Sub": lambda a, v: v[0] - v[1],
    "Tanh": lambda a, v: torch.tanh(v[0]),
    "Transpose": lambda a, v: v[0].permute(a["perm"]),
    "Unsqueeze": lambda a, v: v[0].reshape(
        np.expand_dims(np.empty(v[0].shape), tuple(v[1])).shape
    ),
}


class OnnxModule(torch.nn.Module):
    """Inputs in the file's order to a tuple of outputs."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        graph = onnx.load(str(path)).graph
        self.input_names = [one.name for one in graph.input]
        self.output_names = [one.name for one in graph.output]
        self.places: dict[str, str] = {}  # values that are parameters
        self.known: dict[str, Any] = {}  # shapes, axes and bounds, as Python's numbers
        self.scales = {
            node.input[2] for node in graph.node if node.op_type == "Resize" and len(node.input) > 2
        }
        for one in graph.initializer:
            self._keep(one.name, onnx.numpy_helper.to_array(one))
        self.steps: list[tuple[Any, dict[str, Any], list[str], list[str]]] = []
        for node in graph.node:
            attributes = {
                one.name: onnx.helper.get_attribute_value(one) for one in node.attribute
            }
            attributes = {
                name: value.decode() if isinstance(value, bytes) else value
                for name, value in attributes.items()
            }
            if node.op_type == "Constant":
                self._keep(node.output[0], onnx.numpy_helper.to_array(attributes["value"]))
            elif node.op_type not in OPERATORS:
                raise NotImplementedError(f"onnx_torch.py has no {node.op_type}")
            else:
                self.steps.append(
                    (OPERATORS[node.op_type], attributes, list(node.input), list(node.output))
                )

    def _keep(self, name: str, array: np.ndarray) -> None:
        if array.dtype.kind != "f" or array.ndim == 0 or name in self.scales:
            self.known[name] = array.tolist()
            return
        self.places[name] = f"weight{len(self.places)}"
        self.register_buffer(self.places[name], torch.from_numpy(np.array(array)))

    def forward(self, *inputs: Any) -> tuple[Any, ...]:
        values: dict[str, Any] = dict(self.known)
        values[""] = None
        for name, place in self.places.items():
            values[name] = getattr(self, place)
        values.update(zip(self.input_names, inputs))
        for function, attributes, names, outputs in self.steps:
            result = function(attributes, [values[name] for name in names])
            for name, value in zip(outputs, result if len(outputs) > 1 else [result]):
                values[name] = value
        return tuple(values[name] for name in self.output_names)
