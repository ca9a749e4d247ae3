"""Tensors of numpy, JAX and PyTorch on the processor, in and out without a copy.

Those on a GPU are in test_tensorrt_backend.py.
"""

import ctypes
import gc
import os

import numpy as np
import pytest

import webnn
from conftest import same

F32 = np.float32


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def processor(request):
    status = next(one for one in webnn.devices(True)["backends"] if one["name"] == request.param)
    if not status["available"]:
        pytest.skip(f"{request.param} is not available: {status['reason'][:200]}")
    return webnn.ML().create_context(backend=request.param, device="cpu", cache=False)


@pytest.fixture(scope="module")
def plus_one(processor):
    """y = x + 1 for 64 float32."""
    builder = processor.create_graph_builder()
    return builder.build({"y": builder.add(builder.input("x", [64]), 1)})


def address(tensor):
    return tensor._memory()[2]


def where(array):
    return array.__array_interface__["data"][0]


def aligned(count, dtype=F32):
    """An array as engines like it: 64 bytes."""
    memory = np.zeros(count * np.dtype(dtype).itemsize + 64, np.uint8)
    start = -where(memory) % 64
    return memory[start : start + count * np.dtype(dtype).itemsize].view(dtype)


# ---- numpy. ----


def test_a_dispatch_reads_and_writes_numpys_arrays(processor, plus_one):
    x, y = aligned(64), aligned(64)
    ours_x, ours_y = processor.import_tensor(x), processor.import_tensor(y)
    assert (address(ours_x), address(ours_y)) == (where(x), where(y))
    for i in range(3):
        x[:] = i
        processor.dispatch(plus_one, {"x": ours_x}, {"y": ours_y})
        processor.synchronize()
        same(y, np.full(64, i + 1, F32))
    processor.dispatch(plus_one, {"x": ours_y}, {"y": ours_x})
    processor.synchronize()
    same(x, np.full(64, 4, F32))


def test_numpy_sees_our_tensors(processor, plus_one):
    x, y = processor.create_host_tensor([64]), processor.create_host_tensor([64])
    x.write(np.arange(64, dtype=F32))
    view = np.from_dlpack(y)
    assert where(view) == address(y) and view.shape == (64,) and view.dtype == F32
    processor.dispatch(plus_one, {"x": x}, {"y": y})
    processor.synchronize()
    same(view, np.arange(64, dtype=F32) + 1)
    del y
    gc.collect()
    same(view, np.arange(64, dtype=F32) + 1)


@pytest.mark.parametrize(
    "dtype",
    ["float32", "float16", "int32", "uint32", "int64", "uint64", "int8", "uint8", "bool"],
)
def test_every_type_there_and_back(processor, dtype):
    data = aligned(6, dtype).reshape(2, 3)
    data[:] = [[0, 1, 0], [1, 1, 0]]
    tensor = processor.import_tensor(data)
    assert tensor.data_type == ("uint8" if dtype == "bool" else dtype)
    assert tensor.shape == [2, 3] and address(tensor) == where(data)
    back = np.from_dlpack(tensor)
    assert where(back) == where(data)
    same(back, data.astype(tensor.data_type))


def test_read_only_arrays_are_tensors_that_are_not_written(processor, plus_one):
    data = aligned(64)
    data[:] = 3
    data.setflags(write=False)
    tensor = processor.import_tensor(data)
    assert address(tensor) == where(data)
    assert tensor.readable and not tensor.writable
    with pytest.raises(webnn.InvalidStateError, match="not writable"):
        tensor.write(np.zeros(64, F32))
    y = processor.create_host_tensor([64])
    processor.dispatch(plus_one, {"x": tensor}, {"y": y})
    same(y.read(), np.full(64, 4, F32))
    same(data, np.full(64, 3, F32))


def test_what_cannot_be_taken(processor):
    class Refuses:
        def __dlpack__(self, **keywords):
            raise BufferError("not today")

    class OnAGpu:
        __cuda_array_interface__ = {
            "shape": (4,),
            "typestr": "<f4",
            "data": (4096, False),
            "version": 3,
        }

    for value, error, text in (
        (np.zeros((4, 8), F32).T, webnn.ValidationError, "packed"),
        (np.zeros(8), webnn.ValidationError, "float64"),
        (np.zeros(8, complex), webnn.ValidationError, "complex"),
        (np.zeros(8, ">f4"), webnn.ValidationError, "byte order|native|DLPack"),
        (np.zeros(8, object), webnn.ValidationError, "DLPack|dtype"),
        (np.zeros(0, F32), webnn.ValidationError, "size 0"),
        (Refuses(), webnn.ValidationError, "not today"),
        (OnAGpu(), webnn.NotSupportedError, "on a GPU"),
        ([1, 2], webnn.ValidationError, "neither"),
        (None, webnn.ValidationError, "neither"),
    ):
        with pytest.raises(error, match=text):
            processor.import_tensor(value)


def test_what_cannot_be_given(processor):
    tensor = processor.create_host_tensor([4])
    assert not hasattr(tensor, "__cuda_array_interface__")
    assert tensor.__dlpack_device__() == (1, 0)
    for keywords in ({"dl_device": (2, 0)}, {"copy": True}):
        with pytest.raises(BufferError):
            tensor.__dlpack__(**keywords)
    for keywords in ({}, {"stream": None}, {"max_version": (1, 0)}, {"dl_device": (1, 0), "copy": False}):
        assert "dltensor" in repr(tensor.__dlpack__(**keywords))
    with pytest.raises(webnn.NotSupportedError, match="constant"):
        processor.create_constant_tensor([1.0]).__dlpack__()
    with pytest.raises(webnn.NotSupportedError, match="int4"):
        processor.create_host_tensor([4], "int4").__dlpack__()
    tensor.destroy()
    with pytest.raises(webnn.InvalidStateError, match="destroyed"):
        np.from_dlpack(tensor)


def test_a_capsule_is_taken_once(processor):
    capsule = processor.create_host_tensor([4]).__dlpack__()
    processor._from_capsule(capsule, True, True)
    for wrong in (capsule, None, 3):
        with pytest.raises((ValueError, TypeError)):
            processor._from_capsule(wrong, True, True)


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_nothing_is_kept(processor):
    """What is handed over and back, taken or not, is given back."""
    data = aligned(4096)

    def once():
        tensor = processor.import_tensor(data)
        np.from_dlpack(tensor)
        tensor.__dlpack__()  # nobody takes it
        np.from_dlpack(processor.create_host_tensor([4096]))

    for _ in range(500):
        once()
    before = resident()
    for _ in range(10_000):
        once()
    assert resident() - before < 8, f"{resident() - before:.1f} MiB more"


# ---- Others. ----


def test_jax(processor, plus_one):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    cpu = jax.devices("cpu")[0]
    x = jax.device_put(jax.numpy.arange(64, dtype=jax.numpy.float32), cpu)
    tensor = processor.import_tensor(x)
    assert address(tensor) == x.unsafe_buffer_pointer()
    assert not tensor.writable  # JAX's arrays do not change
    # JAX shares what is aligned to 64 bytes, and copies the rest.
    memory = aligned(64)
    y = processor.import_tensor(memory)
    processor.dispatch(plus_one, {"x": tensor}, {"y": y})
    back = jax.numpy.from_dlpack(y)
    assert back.unsafe_buffer_pointer() == where(memory)
    same(np.asarray(back), np.arange(64, dtype=F32) + 1)
    same(processor.compute(plus_one, {"x": x})["y"], np.arange(64, dtype=F32) + 1)
    half = jax.device_put(jax.numpy.ones(4, dtype=jax.numpy.bfloat16), cpu)
    with pytest.raises(webnn.ValidationError, match="bfloat16"):
        processor.import_tensor(half)


def test_pytorch(processor, plus_one):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.arange(64, dtype=torch.float32)
    tensor = processor.import_tensor(x)
    assert address(tensor) == x.data_ptr()
    y = processor.create_host_tensor([64])
    processor.dispatch(plus_one, {"x": tensor}, {"y": y})
    back = torch.from_dlpack(y)
    assert back.data_ptr() == address(y)
    same(back.numpy(), np.arange(64, dtype=F32) + 1)
    back.fill_(7)
    same(y.read(), np.full(64, 7, F32))
    same(processor.compute(plus_one, {"x": x})["y"], np.arange(64, dtype=F32) + 1)
    for wrong in (
        torch.zeros((4, 8)).T,
        torch.zeros(4, dtype=torch.bfloat16),
        torch.zeros(4, requires_grad=True),
    ):
        with pytest.raises(webnn.ValidationError):
            processor.import_tensor(wrong)


class Foreign:
    """Another framework's tensor: nothing but the protocol, here by ctypes."""

    def __init__(self, device=(1, 0), strides=None):
        self.released = 0
        self.device = device
        self.values = (ctypes.c_float * 6)(*range(6))
        self.shape = (ctypes.c_int64 * 2)(2, 3)
        self.strides = strides and (ctypes.c_int64 * 2)(*strides)
        self.asked = []

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **keywords):
        self.asked.append(keywords)

        class Tensor(ctypes.Structure):
            _fields_ = [
                ("data", ctypes.c_void_p),
                ("device_type", ctypes.c_int32),
                ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32),
                ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16),
                ("shape", ctypes.c_void_p),
                ("strides", ctypes.c_void_p),
                ("byte_offset", ctypes.c_uint64),
                ("manager", ctypes.c_void_p),
                ("deleter", ctypes.c_void_p),
            ]

        def release(_):
            self.released += 1

        self.callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(release)
        self.tensor = Tensor(
            ctypes.addressof(self.values),
            *self.device,
            2,
            2,  # float
            32,
            1,
            ctypes.addressof(self.shape),
            ctypes.addressof(self.strides) if self.strides else None,
            0,
            None,
            ctypes.cast(self.callback, ctypes.c_void_p),
        )
        new = ctypes.pythonapi.PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(self.tensor), b"dltensor", None)


def test_any_framework_that_speaks_the_protocol(processor):
    foreign = Foreign()
    tensor = processor.import_tensor(foreign)
    assert address(tensor) == ctypes.addressof(foreign.values)
    same(tensor.read(), np.arange(6, dtype=F32).reshape(2, 3))
    tensor.write(np.full((2, 3), 9, F32))
    assert list(foreign.values) == [9] * 6
    assert foreign.released == 0
    del tensor
    gc.collect()
    assert foreign.released == 1


def test_refused_memory_is_given_back(processor):
    for foreign, error, keywords in (
        (Foreign(strides=(1, 2)), webnn.ValidationError, {}),
        (Foreign(device=(2, 0)), webnn.NotSupportedError, {"stream": 1}),
    ):
        with pytest.raises(error):
            processor.import_tensor(foreign)
        assert foreign.asked == [keywords]
        assert foreign.released == 1
