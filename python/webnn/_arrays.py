"""Arrays that cannot be read in place, and values that are not arrays yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._errors import ValidationError

_STORED = {"int4": "int8", "uint4": "uint8"}
_RANGES = {"int4": (-8, 7), "uint4": (0, 15)}
_SUPPORTED = {
    "float32",
    "float16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "int8",
    "uint8",
}


def to_array(value: Any, what: str) -> Any:
    """The value as an array; other frameworks' tensors in place where DLPack allows that."""
    if not isinstance(value, np.ndarray):
        if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
            try:
                return np.from_dlpack(value)
            except (BufferError, RuntimeError, TypeError) as error:
                raise ValidationError(f"{what}: the tensor cannot be read here: {error}") from error
        try:
            value = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValidationError(f"{what}: {error}") from error
    if value.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return value.astype(np.float32)
    if value.dtype.name in ("int4", "uint4"):
        return value.astype(_STORED[value.dtype.name])
    if value.dtype.kind not in "biuf":
        raise ValidationError(
            f"{what}: an array of {value.dtype} has no numbers that WebNN knows; "
            f"allowed are {', '.join(sorted(_SUPPORTED))} and what converts to them"
        )
    return value


def _convert(array: Any, data_type: str, what: str) -> Any:
    stored = np.dtype(_STORED.get(data_type, data_type))
    if array.dtype != stored:
        converted = None
        if stored.kind == "f":
            # Numbers may be rounded, never lost.
            with np.errstate(over="ignore"):
                converted = array.astype(stored)
        else:
            with np.errstate(invalid="ignore"):
                converted = array.astype(stored)
            if not np.array_equal(converted, array):
                raise ValidationError(
                    f"{what}: values of {array.dtype} do not fit {data_type}; convert them as meant"
                )
        array = converted
    if data_type in _RANGES and array.size:
        low, high = _RANGES[data_type]
        if int(array.min()) < low or int(array.max()) > high:
            raise ValidationError(f"{what}: {data_type} holds integers from {low} to {high}")
    # Keeps a scalar's empty shape, which ascontiguousarray does not.
    if not array.flags.c_contiguous or not array.flags.aligned or not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
    return array


def as_declared(value: Any, data_type: str, shape: tuple[int, ...], what: str) -> Any:
    """A packed array of just this type and shape."""
    array = to_array(value, what)
    if array.shape != shape:
        raise ValidationError(
            f"Shape mismatch: {what} has shape {list(array.shape)}; "
            f"{data_type}{list(shape)} is needed"
        )
    return _convert(array, data_type, what)


def constant_array(value: Any, data_type: str | None, beside: str | None) -> tuple[Any, str]:
    """A constant's array with its data type: the declared one, that of the operand that a plain
    number stands beside, or its own, made one that WebNN has."""
    array = to_array(value, "constant")
    chosen = data_type or _data_type_of(array, hasattr(value, "dtype"), beside)
    return _convert(array, chosen, "constant"), chosen


def _data_type_of(array: Any, typed: bool, beside: str | None) -> str:
    if not typed and beside is not None:
        return beside
    own = str(array.dtype.name)
    if own in _SUPPORTED:
        return own
    if own == "bool":
        return "uint8"
    if array.dtype.kind == "f":
        return beside if beside in ("float16", "float32") else "float32"
    return "int32"
