"""``MLGraphBuilder``: what is not an operator of the table, and names that programs already use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Mapping, Sequence

from . import _arrays, _core
from ._errors import ValidationError

if TYPE_CHECKING:
    from ._context import MLContext
    from ._core import MLGraph, MLOperand, MLTensor
    from ._types import DataType, OperandLike, Precision, Progress

_Layout = Literal["nchw", "nhwc"]


class MLGraphBuilder(_core.GraphBuilder):
    """Describes graphs. Every method checks its arguments at once.

    Operators take operands of this builder, numpy arrays and numbers; the latter two become
    constants. The builder may go on after ``build``, for other graphs of the same operands.
    """

    def __init__(self, context: MLContext | None = None) -> None:
        super().__init__(context)
        self._declared: list[str] = []

    @property
    def context(self) -> MLContext | None:
        """The context that graphs are compiled for, or None."""
        return self._context

    def input(
        self, name: str, shape: Sequence[int], data_type: DataType | str = "float32"
    ) -> MLOperand:
        """A graph input.

        Args:
            name: Not empty, and of this input alone.
            shape: Sizes, outermost first; [] is a scalar.
            data_type: "float32", "int64" ...

        Raises:
            ValidationError: the name, the shape or the data type is not allowed.
        """
        operand = self._input(name, shape, data_type)
        self._declared.append(name)
        return operand

    def constant(
        self,
        value: Any,
        shape: Sequence[int] | None = None,
        data_type: DataType | str | None = None,
        *,
        copy: bool = True,
    ) -> MLOperand:
        """A constant: an array, numbers, bytes, or a constant tensor.

        Args:
            value: An array, a (nested) list of numbers, a number, or the packed little-endian
                elements as bytes. Python's floats become float32, its integers int64. A tensor of
                ``create_constant_tensor`` is used as it is.
            shape: Another shape of as many elements; for bytes the shape.
            data_type: Another data type; values are converted. For bytes the data type.
            copy: False uses the array's own memory, which must then stay as it is while a graph
                with the constant lives.

        ``constant("float32", 1.5)``, as the specification has it, is a scalar.
        """
        if isinstance(value, _core.MLTensor):
            return self._tensor_constant(value)
        if isinstance(value, str):
            value, shape, data_type = shape, [], value
        if isinstance(value, (bytes, bytearray, memoryview)) and data_type is not None:
            if shape is None:
                raise ValidationError("constant: bytes need a shape")
            return self._raw_constant(value, data_type, shape)
        array, data_type = _arrays.constant_array(value, data_type, None)
        if shape is not None and tuple(shape) != array.shape:
            try:
                array = array.reshape(tuple(shape))
            except (ValueError, TypeError) as error:
                raise ValidationError(
                    f"constant: the value has shape {list(array.shape)}; it cannot be {shape}"
                ) from error
        return self._constant(array, data_type, array.shape, copy)

    def _constant_beside(self, value: Any, beside: str | None) -> MLOperand:
        array, data_type = _arrays.constant_array(value, None, beside)
        return self._constant(array, data_type, array.shape, True)

    def build(
        self,
        outputs: Mapping[str, MLOperand],
        *,
        precision: Precision | None = None,
        optimization_level: int | None = None,
        workspace_bytes: int | None = None,
        progress: Progress | bool | None = None,
    ) -> MLGraph:
        """Compiles the graph whose outputs these are.

        Args:
            outputs: Operands by name. An input or a constant must go through ``identity``.
            precision: What float32 operators are computed in, where not as the context says.
            optimization_level: TensorRT: 0 (quick to build) to 5.
            workspace_bytes: Device memory that one kernel may use beside its operands.
            progress: Called with a phase, a fraction and seconds at least once a second; False
                cancels. True draws a bar.

        Raises:
            ValidationError: an output is not allowed; nothing was built.
            OperationError: the back end failed.
            AbortError: ``progress`` said so. KeyboardInterrupt and exceptions of ``progress`` cancel
                too, and are raised as they are.
        """
        from ._context import compile_options

        options = compile_options(
            precision=precision,
            optimization_level=optimization_level,
            workspace_bytes=workspace_bytes,
            progress=progress,
        )
        return self._build(dict(outputs), self._declared, options)

    async def build_async(self, outputs: Mapping[str, MLOperand], **options: Any) -> MLGraph:
        """``build`` in another thread; the event loop goes on."""
        from ._context import run_in_thread

        return await run_in_thread(lambda: self.build(outputs, **options))

    # ---- Names of pywebnn 0.5 that the specification has otherwise. ----

    # The logical operators, ``where`` and the quantising ones take what the specification does, and
    # beside it what pywebnn took: other data types (0 is false), scales without the input's rank.

    def _truth(self, value: OperandLike) -> OperandLike:
        if isinstance(value, _core.MLOperand) and value.data_type != "uint8":
            return super().not_equal(value, 0)
        return value

    def logical_not(self, a: OperandLike, *, label: str = "") -> MLOperand:
        """1 where a is 0, else 0."""
        return super().logical_not(self._truth(a), label=label)

    def logical_and(self, a: OperandLike, b: OperandLike, *, label: str = "") -> MLOperand:
        """1 where neither is 0, else 0."""
        return super().logical_and(self._truth(a), self._truth(b), label=label)

    def logical_or(self, a: OperandLike, b: OperandLike, *, label: str = "") -> MLOperand:
        """1 where either is not 0, else 0."""
        return super().logical_or(self._truth(a), self._truth(b), label=label)

    def logical_xor(self, a: OperandLike, b: OperandLike, *, label: str = "") -> MLOperand:
        """1 where exactly one is not 0, else 0."""
        return super().logical_xor(self._truth(a), self._truth(b), label=label)

    def where(
        self,
        condition: OperandLike,
        true_value: OperandLike,
        false_value: OperandLike,
        *,
        label: str = "",
    ) -> MLOperand:
        """``true_value`` where ``condition`` is not 0, else ``false_value``, broadcast."""
        return super().where(self._truth(condition), true_value, false_value, label=label)

    def _of_rank(self, value: OperandLike, input: OperandLike) -> OperandLike:
        rank = len(getattr(input, "shape", ()))
        if isinstance(value, _core.MLOperand) and not value.shape and rank:
            return self.reshape(value, [1] * rank)
        return value

    def quantize_linear(
        self,
        input: OperandLike,
        scale: OperandLike,
        zero_point: OperandLike,
        *,
        label: str = "",
    ) -> MLOperand:
        """input / scale + zero_point, rounded, as zero_point's data type.

        Args:
            input: float32, float16 or int32.
            scale: Of the input's data type and rank, or a scalar.
            zero_point: int8, uint8, int4, uint4, int32 or uint32; of scale's shape.
        """
        return super().quantize_linear(
            input, self._of_rank(scale, input), self._of_rank(zero_point, input), label=label
        )

    def dequantize_linear(
        self,
        input: OperandLike,
        scale: OperandLike,
        zero_point: OperandLike,
        *,
        label: str = "",
    ) -> MLOperand:
        """(input - zero_point) * scale, as scale's data type.

        Args:
            input: int8, uint8, int4, uint4, int32 or uint32.
            scale: float32 or float16, of the input's rank, or a scalar.
            zero_point: Of the input's data type and scale's shape.
        """
        return super().dequantize_linear(
            input, self._of_rank(scale, input), self._of_rank(zero_point, input), label=label
        )

    def where_(
        self, condition: OperandLike, true_value: OperandLike, false_value: OperandLike
    ) -> MLOperand:
        """``where``, by the name that pywebnn gave it."""
        return self.where(condition, true_value, false_value)

    def pad(  # type: ignore[override]
        self,
        input: OperandLike,
        beginning_padding: Sequence[int] | None = None,
        ending_padding: Sequence[int] | str | None = None,
        mode: Literal["constant", "edge", "reflection"] | float | None = None,
        value: float | None = None,
        *,
        padding: Sequence[int] | None = None,
        label: str = "",
    ) -> MLOperand:
        """Adds elements at the ends of each axis: ``value``, the edge, or a reflection.

        Args:
            input: Any data type.
            beginning_padding, ending_padding: One count an axis.
            mode: "constant", "edge" or "reflection".
            value: For "constant".
            padding: pywebnn's form, also by position: the beginnings, then the ends.
        """
        if isinstance(ending_padding, str) or (
            ending_padding is None and beginning_padding is not None
        ):
            # pad(input, padding, mode, value)
            if isinstance(mode, (int, float)) and value is None:
                value = mode
                mode = None
            mode = ending_padding or mode  # type: ignore[assignment]
            padding, beginning_padding, ending_padding = beginning_padding, None, None
        if padding is not None:
            both = list(padding)
            if len(both) % 2:
                raise ValidationError(
                    f"pad: padding has {len(both)} counts; it must be the beginnings, then the ends"
                )
            beginning_padding, ending_padding = both[: len(both) // 2], both[len(both) // 2 :]
        options: dict[str, Any] = {"label": label}
        if mode is not None:
            options["mode"] = mode
        if value is not None:
            options["value"] = value
        return super().pad(input, beginning_padding, ending_padding, **options)  # type: ignore[arg-type]

    def hard_swish(  # type: ignore[override]
        self, input: OperandLike, alpha: float | None = None, beta: float | None = None,
        *, label: str = "",
    ) -> MLOperand:
        """x * max(0, min(6, x + 3)) / 6. The specification has no ``alpha`` and ``beta``; pywebnn took
        and ignored them."""
        del alpha, beta
        return super().hard_swish(input, label=label)

    def global_average_pool(self, input: MLOperand, layout: _Layout | None = None) -> MLOperand:
        """The mean of each plane: ``average_pool2d`` of the whole plane."""
        return self._global_pool(self.average_pool2d, input, layout)

    def global_max_pool(self, input: MLOperand, layout: _Layout | None = None) -> MLOperand:
        """The maximum of each plane: ``max_pool2d`` of the whole plane."""
        return self._global_pool(self.max_pool2d, input, layout)

    def _global_pool(self, pool: Any, input: MLOperand, layout: _Layout | None) -> MLOperand:
        if len(input.shape) != 4:
            raise ValidationError(
                f"Global pooling input must be 4D: its shape is {input.shape}"
            )
        result: MLOperand = pool(input, layout=layout or "nchw")
        return result

    def squeeze(self, input: MLOperand, axes: Sequence[int] | None = None) -> MLOperand:
        """``reshape`` without the axes, which are of size 1; without all such where none are given."""
        shape = input.shape
        if axes is None:
            return self.reshape(input, [size for size in shape if size != 1])
        axes = self._checked_axes("squeeze", axes, len(shape))
        for axis in axes:
            if shape[axis] != 1:
                raise ValidationError(
                    f"squeeze: axis {axis} of {shape} has size {shape[axis]}, not 1"
                )
        return self.reshape(input, [size for i, size in enumerate(shape) if i not in axes])

    def unsqueeze(self, input: MLOperand, axes: Sequence[int]) -> MLOperand:
        """``reshape`` with axes of size 1, at these places of the result."""
        shape = input.shape
        rank = len(shape) + len(axes)
        axes = self._checked_axes("unsqueeze", axes, rank)
        rest = iter(shape)
        return self.reshape(input, [1 if i in axes else next(rest) for i in range(rank)])

    def flatten(self, input: MLOperand, axis: int = 1) -> MLOperand:
        """``reshape`` to two axes: those before ``axis``, and the others."""
        shape = input.shape
        if not 0 <= axis <= len(shape):
            raise ValidationError(f"flatten: Axis {axis} out of bounds for rank {len(shape)}")
        sizes = [1, 1]
        for i, size in enumerate(shape):
            sizes[i >= axis] *= size
        return self.reshape(input, sizes)

    @staticmethod
    def _checked_axes(op: str, axes: Sequence[int], rank: int) -> list[int]:
        for axis in axes:
            if not isinstance(axis, int) or not 0 <= axis < rank:
                raise ValidationError(f"{op}: Axis {axis} out of bounds for rank {rank}")
        if len(set(axes)) != len(axes):
            raise ValidationError(f"{op}: Duplicate axis in {list(axes)}")
        return list(axes)


def index_operand(operand: MLOperand, key: Any) -> MLOperand:
    """``operand[key]`` as numpy has it, for integers, slices, ``...`` and ``None``."""
    keys = list(key) if isinstance(key, tuple) else [key]
    shape = operand.shape
    used = sum(1 for one in keys if one is not None and one is not Ellipsis)
    if used > len(shape):
        raise ValidationError(f"{used} indices for an operand of shape {shape}")
    if Ellipsis not in [one for one in keys if isinstance(one, type(Ellipsis))]:
        keys.append(Ellipsis)
    starts, sizes, strides, reversed_axes, new_shape = [], [], [], [], []
    axis = 0
    for one in keys:
        if one is None:
            new_shape.append(1)
            continue
        if one is Ellipsis:
            count = len(shape) - used
            used = len(shape)
            for size in shape[axis : axis + count]:
                starts.append(0)
                sizes.append(size)
                strides.append(1)
                new_shape.append(size)
            axis += count
            continue
        size = shape[axis]
        if isinstance(one, slice):
            start, stop, step = one.indices(size)
            positions = range(start, stop, step)
            if not positions:
                raise ValidationError(
                    f"{one} of an axis of size {size} is empty; WebNN has no empty tensors"
                )
            if step < 0:
                reversed_axes.append(axis)
                positions = positions[::-1]
            starts.append(positions[0])
            sizes.append(positions[-1] - positions[0] + 1)
            strides.append(abs(step))
            new_shape.append(len(positions))
        else:
            try:
                place = one.__index__()
            except AttributeError:
                raise ValidationError(
                    f"an operand's index is {one!r}; it must be an integer, a slice, ... or None "
                    "(for indices in an operand use gather)"
                ) from None
            if not -size <= place < size:
                raise ValidationError(f"index {place} is out of bounds for axis {axis} of {shape}")
            starts.append(place % size)
            sizes.append(1)
            strides.append(1)
        axis += 1
    builder = operand.builder
    result = operand
    if starts != [0] * len(shape) or sizes != shape or strides != [1] * len(shape):
        result = builder.slice(result, starts, sizes, strides=strides)
    if reversed_axes:
        result = builder.reverse(result, axes=reversed_axes)
    if result.shape != new_shape:
        result = builder.reshape(result, new_shape)
    return result
