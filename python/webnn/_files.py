"""Model files: loading, saving, looking in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from . import _core
from ._errors import FileError, OperationError, ValidationError

if TYPE_CHECKING:
    from ._context import MLContext
    from ._core import MLGraph


def _readable(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise FileError(
            f"{name}: " + ("is a folder, not a file" if os.path.isdir(name) else "no such file")
        )
    return name


def load(
    path: str | os.PathLike[str] | bytes | bytearray | memoryview,
    context: MLContext | None = None,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    dimensions: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    format: str | None = None,
    narrow: bool = False,
    weights: str | os.PathLike[str] | None = None,
    manifest: str | os.PathLike[str] | None = None,
    **compile: Any,
) -> MLGraph:
    """A graph from a file, ready for ``context.compute``.

    Args:
        path: ONNX, ``.webnn`` text, JSON, a file of ``MLContext.compile``, or an ONNX or JSON model
            as bytes. Weights stay in the file where its format allows that: it must not change
            while the graph lives.
        context: Compile for it now. Without it the graph is compiled when it is first computed.
        shapes: Of inputs whose shape the file leaves open.
        dimensions: Sizes of named dimensions: ``{"batch": 1}``.
        values: Inputs that always have this value, and become constants: ``{"sr": 16000}``.
        format: "onnx", "webnn", "json"; found out where absent.
        narrow: float64 and bfloat16, which WebNN lacks, become float32.
        weights, manifest: Of ``.webnn`` and JSON, where they do not lie beside the model.
        compile: ``precision``, ``progress`` ... as ``MLContext.compile`` takes them.

    Raises:
        FileError: the file cannot be read.
        ValidationError: it is damaged or contradicts itself.
        NotSupportedError: something in it cannot be expressed; the message lists all of it.
    """
    if not isinstance(path, (bytes, bytearray, memoryview)):
        path = _readable(path)
        if _core._is_compiled(path):
            if context is None:
                raise ValidationError(f"{path} is a compiled graph: load it with a context")
            return context._load_compiled(path)
    options: dict[str, Any] = {
        "shapes": None if shapes is None else {name: list(shape) for name, shape in shapes.items()},
        "dimensions": None if dimensions is None else dict(dimensions),
        "values": None if values is None else dict(values),
        "format": format,
        "narrow": narrow,
        "weights": None if weights is None else os.fspath(weights),
        "manifest": None if manifest is None else os.fspath(manifest),
    }
    graph = _core._load_model(path, options)
    if context is not None:
        context.compile(graph, **compile)
    return graph


def inspect(path: str | os.PathLike[str], **options: Any) -> dict[str, Any]:
    """What is in a model's file: format, inputs, outputs, operators, weights, and what of it cannot
    be expressed with WebNN's operators. Takes ``load``'s options."""
    return _core._inspect_model(_readable(path), options)


def load_graph(
    path: str | os.PathLike[str],
    manifest_path: str | None = None,
    weights_path: str | None = None,
) -> MLGraph:
    return load(path, manifest=manifest_path, weights=weights_path)


def save_graph(
    graph: MLGraph,
    path: str | os.PathLike[str],
    quantized: bool = False,
    *,
    format: str = "auto",
    weights: str = "auto",
    name: str = "graph",
) -> None:
    target = os.fspath(path)
    if format == "auto" and target.endswith(".webnn"):
        # What pywebnn writes under this name: one file, JSON with the weights in it.
        format = "json"
    try:
        graph._save(target, format, weights, name)
    except OperationError as error:
        raise FileError(str(error)) from error
    if quantized and format != "onnx" and not target.endswith(".onnx"):
        _mark_quantized(target)


def _mark_quantized(path: str) -> None:
    """Sets the mark that other tools look for; it has no meaning here."""
    with open(path, "rb") as file:
        content = file.read()
    head, rest = content[:4096], content[4096:]
    head = head.replace(b'"quantized": false', b'"quantized": true', 1)
    head = head.replace(b" v2 {", b" v2 @quantized {", 1)
    fresh = f"{path}.{os.getpid()}.tmp"
    with open(fresh, "wb") as file:
        file.write(head + rest)
    os.replace(fresh, path)


# ---- pywebnn's helpers that look into a graph. Every shape is known here. ----


def debug_operand(graph: MLGraph, idx: int) -> str:
    operands = graph._operands()
    if not 0 <= idx < len(operands):
        return f"Operand[{idx}]: not found"
    kind, data_type, shape, name = operands[idx]
    return (
        f"Operand[{idx}]: name={name!r}, kind={kind}, type={data_type}, shape={list(shape)}"
    )


def count_empty_shapes(graph: MLGraph) -> int:
    return sum(1 for operand in graph._operands() if not operand[2])


def count_unknown_shapes(graph: MLGraph) -> int:
    return sum(1 for operand in graph._operands() if not operand[2] and operand[0] != "constant")


def count_scalar_constants(graph: MLGraph) -> int:
    return sum(1 for operand in graph._operands() if not operand[2] and operand[0] == "constant")


def count_unknown_shapes_excluding_scalar_ops(graph: MLGraph) -> int:
    del graph
    return 0


def debug_unknown_shapes(graph: MLGraph) -> list[str]:
    del graph
    return []


def debug_unknown_shapes_structured(graph: MLGraph) -> list[dict[str, Any]]:
    del graph
    return []
