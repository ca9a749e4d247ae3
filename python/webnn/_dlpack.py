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
        return _from_dlpack(context, tensor, readable, writable)
    interface = getattr(tensor, "__cuda_array_interface__", None)
    if interface is None:
        raise ValidationError(
            f"import_tensor: {type(tensor).__name__} has neither __dlpack__ nor "
            "__cuda_array_interface__"
        )
    return _from_interface(context, tensor, interface, readable, writable)


def _from_dlpack(context: MLContext, tensor: Any, readable: bool, writable: bool) -> MLTensor:
    # What others take for immutable is not written.
    if type(tensor).__module__.split(".")[0] in ("jax", "jaxlib"):
        writable = False
    on_gpu = hasattr(tensor, "__dlpack_device__") and int(tensor.__dlpack_device__()[0]) in (2, 13)
    if not on_gpu and getattr(getattr(tensor, "flags", None), "writeable", True) is False:
        # numpy hands out what may not be written by another interface only.
        return _from_interface(context, tensor, tensor.__array_interface__, readable, False, False)
    own = context._cuda_stream
    try:
        # The other framework makes this stream wait for its work: ours where the context has one,
        # else CUDA's default stream (1).
        capsule = tensor.__dlpack__(stream=own or 1) if on_gpu else tensor.__dlpack__()
    except (BufferError, RuntimeError, ValueError, TypeError) as error:
        raise ValidationError(f"import_tensor: {error}") from error
    if on_gpu and not own:
        context._wait_for_stream(1)
    return context._from_capsule(capsule, readable, writable)


def _from_interface(
    context: MLContext,
    tensor: Any,
    interface: dict[str, Any],
    readable: bool,
    writable: bool,
    on_gpu: bool = True,
) -> MLTensor:
    """A tensor by ``__cuda_array_interface__`` or numpy's ``__array_interface__``."""
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
    if read_only:
        writable = False
    device = context.device
    ordinal = 0
    if on_gpu:
        if not device.startswith("cuda"):
            raise NotSupportedError(
                f"import_tensor: the memory is on a GPU; this context's device is {device}"
            )
        ordinal = int(device.partition(":")[2] or 0)
        stream = interface.get("stream")
        if stream and stream != context._cuda_stream:
            context._wait_for_stream(stream)
    return context._import_memory(
        f"{_KINDS[kind]}{int(size) * 8}",
        shape,
        "cuda" if on_gpu else "cpu",
        ordinal,
        address,
        tensor,
        readable,
        writable,
    )


def export_tensor(
    tensor: MLTensor,
    *,
    stream: Any = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> object:
    del max_version
    device = tensor.__dlpack_device__()
    if dl_device is not None and tuple(dl_device) != device:
        raise BufferError(f"the tensor lies on {device}, not {dl_device}")
    if copy:
        raise BufferError("the tensor is exported without a copy only")
    # -1: the caller sees to the order itself; in one stream it is there already.
    in_order = device[0] == 2 and stream is not None and (
        stream == -1 or stream == tensor.context._cuda_stream
    )
    return tensor._capsule(not in_order)


def cuda_array_interface(tensor: MLTensor) -> dict[str, Any]:
    memory = tensor._memory()
    if memory is None or memory[0] != "cuda":
        raise AttributeError("__cuda_array_interface__: the tensor is not in a GPU's memory")
    import numpy as np

    # Whoever takes it waits for the stream; without one there is nothing left to wait for.
    stream = tensor.context._cuda_stream
    if not stream:
        tensor.context.synchronize()
    return {
        "shape": tuple(tensor.shape),
        "typestr": np.dtype(tensor.data_type).str,
        "data": (memory[2], False),
        "strides": None,
        "version": 3,
        "stream": stream or None,
    }


def array_of(tensor: MLTensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """``numpy.asarray(tensor)``: a copy of its value."""
    if copy is False:
        raise ValueError("a tensor's value is copied; use numpy.from_dlpack to share its memory")
    array = tensor.read()
    return array if dtype is None else array.astype(dtype)
