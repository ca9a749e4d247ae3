"""Tensors of other frameworks, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._errors import NotSupportedError, ValidationError

if TYPE_CHECKING:
    from ._context import MLContext
    from ._core import MLTensor

_KINDS = {"f": "float", "i": "int", "u": "uint", "b": "uint"}


def import_tensor(context: MLContext, tensor: Any, readable: bool, writable: bool) -> MLTensor:
    if hasattr(tensor, "__dlpack__"):
        on_gpu = hasattr(tensor, "__dlpack_device__") and tensor.__dlpack_device__()[0] == 2
        try:
            # 1: CUDA's legacy default stream, which ours waits for.
            capsule = tensor.__dlpack__(stream=1) if on_gpu else tensor.__dlpack__()
        except BufferError as error:
            raise ValidationError(f"import_tensor: {error}") from error
        return context._from_capsule(capsule, readable, writable)
    interface = getattr(tensor, "__cuda_array_interface__", None)
    if interface is None:
        raise ValidationError(
            f"import_tensor: {type(tensor).__name__} has neither __dlpack__ nor "
            "__cuda_array_interface__"
        )
    shape = tuple(interface["shape"])
    order, kind, size = interface["typestr"][0], interface["typestr"][1], interface["typestr"][2:]
    if order == ">" or kind not in _KINDS:
        raise ValidationError(f"import_tensor: WebNN has no data type {interface['typestr']}")
    expected: list[int] = []
    step = int(size)
    for length in reversed(shape):
        expected.insert(0, step)
        step *= length
    strides = interface.get("strides")
    if strides is not None and tuple(strides) != tuple(expected):
        raise ValidationError(f"import_tensor: strides {strides} are not those of a packed array")
    address, read_only = interface["data"]
    if read_only and writable:
        writable = False
    device = context.device
    if not device.startswith("cuda"):
        raise NotSupportedError(
            f"import_tensor: the memory is on a GPU; this context's device is {device}"
        )
    ordinal = int(device.partition(":")[2] or 0)
    return context._import_memory(
        f"{_KINDS[kind]}{int(size) * 8}", shape, "cuda", ordinal, address, tensor, readable, writable
    )


def export_tensor(
    tensor: MLTensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> object:
    del stream, max_version
    if dl_device is not None and tuple(dl_device) != tensor.__dlpack_device__():
        raise BufferError(f"the tensor lies on {tensor.__dlpack_device__()}, not {dl_device}")
    if copy:
        raise BufferError("the tensor is exported without a copy only")
    return tensor._capsule()


def cuda_array_interface(tensor: MLTensor) -> dict[str, Any]:
    memory = tensor._memory()
    if memory is None or memory[0] != "cuda":
        raise AttributeError("__cuda_array_interface__: the tensor is not in a GPU's memory")
    import numpy as np

    tensor.context.synchronize()
    return {
        "shape": tuple(tensor.shape),
        "typestr": np.dtype(tensor.data_type).str,
        "data": (memory[2], False),
        "strides": None,
        "version": 3,
    }


def array_of(tensor: MLTensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """``numpy.asarray(tensor)``: a copy of its value."""
    if copy is False:
        raise ValueError("a tensor's value is copied; use numpy.from_dlpack to share its memory")
    array = tensor.read()
    return array if dtype is None else array.astype(dtype)
