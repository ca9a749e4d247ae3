"""Types of arguments, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

from typing import Sequence

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ._core import MLOperand

DataType = Literal[
    "float32",
    "float16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "int8",
    "uint8",
    "int4",
    "uint4",
]
Precision = Literal["auto", "float32", "tf32", "bfloat16", "float16"]
PowerPreference = Literal["default", "high-performance", "low-power"]
DeviceType = Literal["auto", "cpu", "gpu", "npu"]
Fallback = Literal["none", "backend"]

#: An operand, or what becomes a constant: an array, a list of numbers, a number.
OperandLike = Union["MLOperand", "npt.NDArray[Any]", "np.generic", Sequence[Any], float, int]


class Progress(Protocol):
    """Called while a graph is built; False, or an exception, cancels."""

    def __call__(self, phase: str, fraction: float, seconds: float, /) -> object: ...
