"""The TensorRT back end through Python, on an NVIDIA GPU: numbers, order, memory of other frameworks.

Skipped with a reason where there is no GPU or no TensorRT. WEBNN_TEST_BACKEND names another back
end than "tensorrt". Needs numpy; the tests with PyTorch, CuPy and JAX need those.
"""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time

# JAX would take three quarters of the memory for itself.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import numpy as np
import pytest

import webnn
from conftest import same

F32 = np.float32
BACKEND = os.environ.get("WEBNN_TEST_BACKEND", "tensorrt")


def reason_for_none():
    status = next(one for one in webnn.devices()["backends"] if one["name"] == BACKEND)
    return "" if status["available"] else status["reason"]


REASON = reason_for_none()
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"no GPU for {BACKEND}: {REASON[:200]}")


def make(**options):
    """A context whose graphs are quick to build."""
    options = {"backend": BACKEND, "cache": False, "optimization_level": 0, **options}
    return webnn.ML().create_context(**options)


@pytest.fixture(scope="module")
def gpu():
    return make()


@pytest.fixture(scope="module")
def exact():
    """Where nothing is said of precision, a GPU computes in 16 bits what it may."""
    return make(precision="float32")


@pytest.fixture(scope="module")
def plus_one(gpu):
    """y = x + 1 for 1,024 float32."""
    builder = gpu.create_graph_builder()
    return builder.build({"y": builder.add(builder.input("x", [1024]), 1)})


@pytest.fixture(scope="module")
def torch():
    found = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not found.cuda.is_available():
        pytest.skip("PyTorch sees no GPU")
    return found


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(F32)


def reference(build, inputs):
    """The same graph on ONNX Runtime."""
    context = webnn.ML().create_context(backend="onnxruntime", device="cpu", threads=1)
    return run(context, build, inputs)


def run(context, build, inputs):
    builder = context.create_graph_builder()
    operands = {
        name: builder.input(name, value.shape, str(value.dtype)) for name, value in inputs.items()
    }
    graph = builder.build({"y": build(builder, **operands)})
    return context.compute(graph, inputs)["y"]


# ---- Choice and numbers. ----


def test_the_guides_snippet_is_on_the_gpu():
    ml = webnn.ML()
    context = ml.create_context(accelerated=True, power_preference="high-performance")
    assert context.backend == BACKEND
    assert context.accelerated and context.device.startswith("cuda:")
    builder = context.create_graph_builder()
    x = builder.input("x", [2, 3], "float32")
    y = builder.input("y", [2, 3], "float32")
    graph = builder.build({"output": builder.add(x, y)})
    outputs = context.compute(graph, {"x": np.ones((2, 3), F32), "y": np.ones((2, 3), F32)})
    same(outputs["output"], np.full((2, 3), 2, F32))


def test_what_the_context_tells(gpu):
    assert gpu.backend == BACKEND and BACKEND in gpu.explain()
    info = gpu.backend_info()
    assert info["backend"] == "tensorrt" and info["accelerated_available"]
    assert info["device"] == gpu.device
    found = webnn.devices()
    assert found["gpus"] and found["gpus"][0]["memory_bytes"] > 2**30
    limits = gpu.op_support_limits()
    assert "float16" in limits["matmul"]["a"]["dataTypes"]
    assert webnn.ML().create_context(accelerated=False).device == "cpu"


IMAGE = random(1, 4, 9, 9)
NUMBERS = {
    "arithmetic": (lambda b, x: (x * 2 - 1) / (abs(x) + 1), {"x": random(3, 5)}),
    "unary": (lambda b, x: b.erf(b.tanh(b.exp(x))), {"x": random(64)}),
    "gelu": (lambda b, x: b.gelu(x), {"x": random(64)}),
    "softmax": (lambda b, x: b.softmax(x, 1), {"x": random(4, 33)}),
    "matmul": (lambda b, x, w: x @ w, {"x": random(5, 64), "w": random(64, 7, seed=1)}),
    "gemm": (
        lambda b, x, w: b.gemm(x, w, c=np.arange(7, dtype=F32), alpha=0.5, b_transpose=True),
        {"x": random(5, 16), "w": random(7, 16, seed=1)},
    ),
    "conv2d": (
        lambda b, x: b.relu(b.conv2d(x, random(8, 4, 3, 3, seed=2), padding=[1, 1, 1, 1], strides=[2, 2])),
        {"x": IMAGE},
    ),
    "conv_transpose2d": (
        lambda b, x: b.conv_transpose2d(x, random(4, 3, 3, 3, seed=2), strides=[2, 2]),
        {"x": IMAGE},
    ),
    "pool": (lambda b, x: b.average_pool2d(x, window_dimensions=[3, 3]), {"x": IMAGE}),
    "normalization": (lambda b, x: b.layer_normalization(x, axes=[2, 3]), {"x": IMAGE}),
    "reduction": (lambda b, x: b.reduce_log_sum_exp(x, axes=[1], keep_dimensions=True), {"x": random(4, 33)}),
    "gather": (
        lambda b, x, i: b.gather(x, i, axis=1),
        {"x": random(3, 9), "i": np.array([8, 0, 3], np.int32)},
    ),
    "resample": (lambda b, x: b.resample2d(x, scales=[2.0, 2.0], mode="linear"), {"x": IMAGE}),
    "where": (lambda b, x: b.where(x > 0, x, x * 0.1), {"x": random(64)}),
    "slicing": (lambda b, x: b.identity(x[:, ::2, 1:-1, None]), {"x": IMAGE}),
    "cumulative_sum": (lambda b, x: b.cumulative_sum(x, 0), {"x": random(16, 4)}),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_float32_is_as_exact_as_on_the_processor(exact, name):
    build, inputs = NUMBERS[name]
    got, expected = run(exact, build, inputs), reference(build, inputs)
    assert got.dtype == expected.dtype
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6 * scale)


@pytest.mark.parametrize("name", ["unary", "softmax", "matmul", "conv2d", "normalization"])
def test_the_default_precision_is_that_of_16_bits(gpu, name):
    build, inputs = NUMBERS[name]
    got, expected = run(gpu, build, inputs), reference(build, inputs)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=4e-3, atol=4e-3 * float(np.abs(expected).max()))


@pytest.mark.parametrize(
    "data_type", ["float32", "float16", "int32", "uint32", "int64", "uint64", "int8", "uint8"]
)
def test_every_type_crosses_unchanged(gpu, data_type):
    if data_type.startswith("float"):
        data = np.array([1.5, -2, 0, 65504, np.inf, 6e-5], data_type)
    else:
        info = np.iinfo(data_type)
        data = np.array([info.min, info.max, 0, 1, 2, 3], data_type)
    same(run(gpu, lambda b, x: b.identity(x), {"x": data}), data)
    tensor = gpu.create_host_tensor([6], data_type)
    tensor.write(data)
    same(tensor.read(), data)


def test_integers_are_exact(gpu):
    data = np.array([2**31 - 1, -(2**31), 7, -9], np.int32)
    same(run(gpu, lambda b, x: b.max(b.add(x, 0), -5), {"x": data}), np.maximum(data, -5))
    wide = np.array([2**62, -(2**62), 2**53 + 1], np.int64)
    same(run(gpu, lambda b, x: b.sub(x, 1), {"x": wide}), wide - 1)


def test_four_bits(gpu):
    values = np.array([-8, -1, 0, 7, 3], np.int8)
    builder = gpu.create_graph_builder()
    x = builder.input("x", [5], "int4")
    zero = builder.constant(np.zeros(5, np.int8), data_type="int4")
    y = builder.dequantize_linear(x, builder.constant(np.full(5, 0.5, F32)), zero)
    graph = builder.build({"y": y})
    same(gpu.compute(graph, {"x": values})["y"], values.astype(F32) * F32(0.5))


# ---- Calls. ----


def test_dispatch_read_and_write(gpu, plus_one):
    x = gpu.create_tensor([1024], "float32", writable=True)
    y = gpu.create_tensor([1024], "float32", readable=True)
    data = random(1024)
    gpu.write_tensor(x, data)
    gpu.dispatch(plus_one, {"x": x}, {"y": y})
    same(gpu.read_tensor(y), data + 1)
    out = np.empty(1024, F32)
    assert gpu.read_tensor(y, out) is out
    same(out, data + 1)
    with pytest.raises(webnn.InvalidStateError, match="not readable"):
        x.read()
    results = gpu.compute(plus_one, {"x": data}, {"y": out})
    assert results["y"] is out
    with pytest.raises(webnn.ValidationError, match="Shape mismatch"):
        gpu.compute(plus_one, {"x": data[:5]})
    y.destroy()
    with pytest.raises(webnn.InvalidStateError, match="destroyed"):
        gpu.dispatch(plus_one, {"x": x}, {"y": y})


def test_an_output_is_the_next_input(gpu, plus_one):
    tensors = [gpu.create_host_tensor([1024]) for _ in range(2)]
    for i in range(501):
        gpu.dispatch(plus_one, {"x": tensors[i % 2]}, {"y": tensors[1 - i % 2]})
    same(tensors[1].read(), np.full(1024, 501, F32))


def long_graph(context, size=4096, count=20):
    builder = context.create_graph_builder()
    x = y = builder.input("x", [size, size])
    for _ in range(count):
        y = builder.matmul(y, x)
    return builder.build({"y": y})


def test_dispatch_returns_before_the_work_is_done(gpu):
    graph = long_graph(gpu)
    x, y = gpu.create_host_tensor([4096, 4096]), gpu.create_host_tensor([4096, 4096])
    gpu.dispatch(graph, {"x": x}, {"y": y})
    gpu.synchronize()
    start = time.perf_counter()
    for _ in range(5):
        gpu.dispatch(graph, {"x": x}, {"y": y})
    returned = time.perf_counter() - start
    gpu.synchronize()
    whole = time.perf_counter() - start
    print(f"5 dispatches returned after {returned * 1e3:.2f} ms, done after {whole * 1e3:.2f} ms")
    assert returned < 0.3 * whole


def test_awaited_calls(gpu, plus_one):
    async def main():
        results = await asyncio.gather(
            *(gpu.compute_async(plus_one, {"x": np.full(1024, i, F32)}) for i in range(16))
        )
        for i, result in enumerate(results):
            same(result["y"], np.full(1024, i + 1, F32))
        x, y = gpu.create_host_tensor([1024]), gpu.create_host_tensor([1024])
        await gpu.write_tensor_async(x, np.ones(1024, F32))
        await gpu.dispatch_async(plus_one, {"x": x}, {"y": y})
        same(await gpu.read_tensor_async(y), np.full(1024, 2, F32))
        builder = gpu.create_graph_builder()
        graph = await builder.build_async({"y": builder.neg(builder.input("x", [3]))})
        same(gpu.compute(graph, {"x": np.ones(3, F32)})["y"], -np.ones(3, F32))

    asyncio.run(main())


def test_reads_do_not_stop_the_event_loop(gpu):
    graph = long_graph(gpu)
    x, y = gpu.create_host_tensor([4096, 4096]), gpu.create_host_tensor([4096, 4096])

    async def main():
        ticks = 0
        for _ in range(4):
            gpu.dispatch(graph, {"x": x}, {"y": y})
        task = asyncio.ensure_future(gpu.read_tensor_async(y))
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return ticks

    assert asyncio.run(main()) >= 3


def test_threads_on_one_graph(gpu, plus_one):
    errors = []

    def work(number):
        try:
            for i in range(200):
                data = np.full(1024, number * 1000 + i, F32)
                same(gpu.compute(plus_one, {"x": data})["y"], data + 1)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


# ---- Compiling. ----


def test_precisions(gpu):
    a, b = random(256, 256), random(256, 256, seed=1)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    builder = gpu.create_graph_builder()
    graph = builder.build(
        {"y": builder.matmul(builder.input("a", [256, 256]), builder.input("b", [256, 256]))}
    )
    errors = {}
    for precision in ("float32", "tf32", "float16", "bfloat16"):
        got = gpu.compute(graph, {"a": a, "b": b}, precision=precision)["y"]
        assert got.dtype == F32
        errors[precision] = float(np.abs(got - exact).max() / np.abs(exact).max())
    print(errors)
    assert errors["float32"] < 2e-6
    assert errors["float32"] < errors["tf32"] < 2e-3
    assert errors["float32"] < errors["float16"] < 2e-3
    assert errors["float16"] < errors["bfloat16"] < 2e-2
    start = time.perf_counter()  # each was built once
    for precision in errors:
        gpu.compute(graph, {"a": a, "b": b}, precision=precision)
    assert time.perf_counter() - start < 0.2


def phases_of(context, size):
    phases = []
    builder = context.create_graph_builder()
    graph = builder.build(
        {"y": builder.exp(builder.input("x", [size]))},
        progress=lambda phase, fraction, seconds: phases.append(phase),
    )
    same(context.compute(graph, {"x": np.zeros(size, F32)})["y"], np.ones(size, F32))
    return set(phases)


def test_the_cache_saves_the_build(tmp_path):
    options = {"cache": True, "cache_dir": tmp_path / "cache"}
    assert "build" in phases_of(make(**options), 77)
    second = phases_of(make(**options), 77)
    assert "load" in second and "build" not in second
    assert "build" in phases_of(make(**options), 78)
    assert "build" in phases_of(make(), 77)


def test_progress_and_its_cancelling():
    context = make()
    builder = context.create_graph_builder()
    outputs = {"y": builder.exp(builder.input("x", [79]))}
    with pytest.raises(webnn.AbortError):
        builder.build(outputs, progress=lambda *step: False)

    def fail(*step):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        builder.build(outputs, progress=fail)
    graph = builder.build(outputs)
    same(context.compute(graph, {"x": np.zeros(79, F32)})["y"], np.ones(79, F32))


def test_compiled_files(gpu, plus_one, tmp_path):
    phases = set()
    gpu.compile(plus_one, tmp_path / "graph.plan", progress=lambda phase, *step: phases.add(phase))
    assert "build" in phases
    loaded = webnn.load(tmp_path / "graph.plan", context=gpu)
    assert loaded.inputs == {"x": ("float32", (1024,))}
    same(gpu.compute(loaded, {"x": np.ones(1024, F32)})["y"], np.full(1024, 2, F32))
    content = bytearray((tmp_path / "graph.plan").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "bad.plan").write_bytes(content)
    with pytest.raises(webnn.OperationError):
        webnn.load(tmp_path / "bad.plan", context=gpu)
    processor = webnn.ML().create_context(backend="onnxruntime")
    with pytest.raises(webnn.NotSupportedError):
        webnn.load(tmp_path / "graph.plan", context=processor)


@pytest.mark.parametrize("name", ["m.onnx", "m.webnn", "m.json"])
def test_model_files(gpu, tmp_path, name):
    builder = gpu.create_graph_builder()
    x = builder.input("x", [2, 8])
    graph = builder.build({"y": builder.relu(x @ random(8, 4, seed=3))})
    data = random(2, 8, seed=4)
    graph.save(tmp_path / name)
    loaded = webnn.load(tmp_path / name, context=gpu)
    same(gpu.compute(loaded, {"x": data})["y"], gpu.compute(graph, {"x": data})["y"])


def test_use_after_the_end():
    context = make()
    builder = context.create_graph_builder()
    graph = builder.build({"y": builder.neg(builder.input("x", [80]))})
    tensor = context.create_host_tensor([80])
    context.destroy()
    for call in (
        lambda: context.compute(graph, {"x": np.zeros(80, F32)}),
        lambda: tensor.read(),
        lambda: context.create_host_tensor([2]),
        lambda: np.from_dlpack(tensor),
    ):
        with pytest.raises(webnn.WebNNError):
            call()


def test_a_forked_process_says_so():
    code = f"""
import os, numpy as np, webnn
context = webnn.ML().create_context(backend={BACKEND!r}, cache=False, optimization_level=0)
tensor = context.create_host_tensor([4])
child = os.fork()
if child == 0:
    for call, text in (
        (tensor.read, "fork"),
        (lambda: context.create_host_tensor([1]), "fork"),
        (lambda: webnn.ML().create_context(backend={BACKEND!r}), ""),  # CUDA itself refuses
    ):
        try:
            call()
        except webnn.WebNNError as error:
            assert text in str(error), error
        else:
            os._exit(3)
    os._exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert tensor.read().tolist() == [0, 0, 0, 0]
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- Memory of other frameworks. ----


def address(tensor):
    return tensor.__cuda_array_interface__["data"][0]


def test_a_tensor_for_pytorch(gpu, plus_one, torch):
    x, y = gpu.create_host_tensor([1024]), gpu.create_host_tensor([1024])
    x.write(np.arange(1024, dtype=F32))
    for view in (torch.from_dlpack(x), torch.as_tensor(x, device="cuda")):
        assert view.is_cuda and view.dtype == torch.float32 and view.shape == (1024,)
        assert view.data_ptr() == address(x)
        same(view.cpu().numpy(), np.arange(1024, dtype=F32))
    view = torch.from_dlpack(x)
    view.fill_(5)
    torch.cuda.synchronize()
    gpu.dispatch(plus_one, {"x": x}, {"y": y})
    same(torch.from_dlpack(y).cpu().numpy(), np.full(1024, 6, F32))
    del x
    gc.collect()
    same(view.cpu().numpy(), np.full(1024, 5, F32))


def test_pytorchs_tensors_in_place(gpu, plus_one, torch):
    x = torch.arange(1024, dtype=torch.float32, device="cuda")
    y = torch.zeros(1024, dtype=torch.float32, device="cuda")
    ours_x, ours_y = gpu.import_tensor(x), gpu.import_tensor(y)
    assert (address(ours_x), address(ours_y)) == (x.data_ptr(), y.data_ptr())
    gpu.dispatch(plus_one, {"x": ours_x}, {"y": ours_y})
    gpu.synchronize()
    same(y.cpu().numpy(), np.arange(1024, dtype=F32) + 1)
    same(ours_y.read(), np.arange(1024, dtype=F32) + 1)
    del x
    gc.collect()
    torch.cuda.empty_cache()
    same(ours_x.read(), np.arange(1024, dtype=F32))
    for dtype, name in (
        (torch.float16, "float16"),
        (torch.int64, "int64"),
        (torch.int8, "int8"),
        (torch.bool, "uint8"),
    ):
        assert gpu.import_tensor(torch.ones(256, dtype=dtype, device="cuda")).data_type == name


def test_what_cannot_be_imported(gpu, torch):
    for tensor, error in (
        (torch.zeros((4, 8), device="cuda").T, webnn.ValidationError),
        (torch.zeros(8, dtype=torch.bfloat16, device="cuda"), webnn.ValidationError),
        (torch.zeros(8, dtype=torch.complex64, device="cuda"), webnn.ValidationError),
        (torch.zeros(8, device="cuda", requires_grad=True), webnn.ValidationError),
        (torch.zeros(8), webnn.NotSupportedError),
        (np.zeros(8, F32), webnn.NotSupportedError),
    ):
        with pytest.raises(error):
            gpu.import_tensor(tensor)
    processor = webnn.ML().create_context(backend="onnxruntime")
    with pytest.raises(webnn.NotSupportedError):
        processor.import_tensor(torch.zeros(8, device="cuda"))


class Interface:
    """Something with this protocol alone."""

    def __init__(self, owner, **changes):
        self.owner = owner
        self.__cuda_array_interface__ = {**owner.__cuda_array_interface__, **changes}


def test_the_cuda_array_interface(gpu, plus_one, torch):
    x = torch.arange(1024, dtype=torch.float32, device="cuda")
    torch.cuda.synchronize()
    ours = gpu.import_tensor(Interface(x))
    assert address(ours) == x.data_ptr()
    y = gpu.create_host_tensor([1024])
    gpu.dispatch(plus_one, {"x": ours}, {"y": y})
    same(y.read(), np.arange(1024, dtype=F32) + 1)
    read_only = gpu.import_tensor(Interface(x, data=(x.data_ptr(), True)))
    assert not read_only.writable
    for changes in ({"strides": (8,)}, {"typestr": "<c8"}, {"typestr": ">f4"}):
        with pytest.raises(webnn.ValidationError):
            gpu.import_tensor(Interface(x, **changes))


def test_large_tensors_are_not_copied(gpu, torch):
    size = 64 * 2**20  # 256 MiB
    x = torch.ones(size, device="cuda")
    torch.cuda.synchronize()
    free = torch.cuda.mem_get_info()[0]
    ours = gpu.import_tensor(x)
    back = torch.from_dlpack(ours)
    again = torch.as_tensor(ours, device="cuda")
    assert back.data_ptr() == again.data_ptr() == x.data_ptr()
    assert free - torch.cuda.mem_get_info()[0] < 32 * 2**20


def busy(torch, seconds=0.2):
    """Work on the current stream that takes about so long, and then more that depends on it."""
    torch.cuda._sleep(int(seconds * 1.5e9))


def test_work_of_pytorch_is_waited_for(gpu, plus_one, torch):
    """On its default stream and on others, without a word from the caller."""
    y = gpu.create_host_tensor([1024])
    for number, stream in enumerate((torch.cuda.default_stream(), torch.cuda.Stream())):
        with torch.cuda.stream(stream):
            x = torch.zeros(1024, device="cuda")
            torch.cuda.synchronize()
            busy(torch)
            x.fill_(10 + number)
            ours = gpu.import_tensor(x)
            gpu.dispatch(plus_one, {"x": ours}, {"y": y})
            same(y.read(), np.full(1024, 11 + number, F32))
            x.zero_()
            busy(torch)
            x.fill_(20 + number)
            ours = gpu.import_tensor(
                Interface(x, stream=stream.cuda_stream or 1, version=3)
            )
            gpu.dispatch(plus_one, {"x": ours}, {"y": y})
            same(y.read(), np.full(1024, 21 + number, F32))


def test_our_work_is_waited_for_by_pytorch(gpu, torch):
    graph = long_graph(gpu, 2048)
    x, y = gpu.create_host_tensor([2048, 2048]), gpu.create_host_tensor([2048, 2048])
    x.write(np.eye(2048, dtype=F32))
    for export in (torch.from_dlpack, lambda tensor: torch.as_tensor(tensor, device="cuda")):
        for stream in (torch.cuda.default_stream(), torch.cuda.Stream()):
            y.write(np.zeros((2048, 2048), F32))
            for _ in range(5):
                gpu.dispatch(graph, {"x": x}, {"y": y})
            with torch.cuda.stream(stream):
                copy = export(y).clone()
            torch.cuda.synchronize()
            assert torch.equal(copy, torch.eye(2048, device="cuda"))


def test_the_callers_stream(torch):
    """Everything is in order with the caller's own work, and nobody waits."""
    stream = torch.cuda.Stream()
    context = make(cuda_stream=stream.cuda_stream)
    builder = context.create_graph_builder()
    graph = builder.build({"y": builder.add(builder.input("x", [1024]), 1)})
    with torch.cuda.stream(stream):
        x = torch.zeros(1024, device="cuda")
        y = torch.zeros(1024, device="cuda")
        ours_x, ours_y = context.import_tensor(x), context.import_tensor(y)
        # The first rounds load kernels and capture graphs, for which the device may wait.
        for _ in range(4):
            stream.synchronize()
            start = time.perf_counter()
            busy(torch, 0.3)
            x.fill_(41)
            context.dispatch(graph, {"x": ours_x}, {"y": ours_y})
            y.mul_(2)
            context.dispatch(graph, {"x": ours_y}, {"y": ours_x})
            exported = torch.from_dlpack(ours_x)
            interface = ours_x.__cuda_array_interface__
            imported = context.import_tensor(exported)
            result = exported.clone()
            returned = time.perf_counter() - start
            stream.synchronize()
            whole = time.perf_counter() - start
    print(f"returned after {returned * 1e3:.2f} ms, done after {whole * 1e3:.2f} ms")
    same(result.cpu().numpy(), np.full(1024, 85, F32))
    same(imported.read(), np.full(1024, 85, F32))
    assert interface["stream"] == stream.cuda_stream
    assert whole > 0.1 and returned < 0.5 * whole
    del context, graph, builder, ours_x, ours_y, imported
    gc.collect()


def test_cupy(gpu, plus_one):
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    x = cupy.arange(1024, dtype=cupy.float32)
    ours = gpu.import_tensor(x)
    assert address(ours) == x.data.ptr
    y = gpu.create_host_tensor([1024])
    gpu.dispatch(plus_one, {"x": ours}, {"y": y})
    for view in (cupy.from_dlpack(y), cupy.asarray(y)):
        assert view.data.ptr == address(y)
        same(cupy.asnumpy(view), np.arange(1024, dtype=F32) + 1)


def test_jax(gpu, plus_one):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    try:
        device = jax.devices("cuda")[0]
    except RuntimeError as error:
        pytest.skip(f"JAX sees no GPU: {error}")
    x = jax.device_put(jax.numpy.arange(1024, dtype=jax.numpy.float32), device)
    ours = gpu.import_tensor(x)
    assert address(ours) == x.unsafe_buffer_pointer() and not ours.writable
    y = gpu.create_host_tensor([1024])
    gpu.dispatch(plus_one, {"x": ours}, {"y": y})
    back = jax.dlpack.from_dlpack(y)
    assert back.unsafe_buffer_pointer() == address(y)
    same(np.asarray(back), np.arange(1024, dtype=F32) + 1)


def test_arrays_on_the_gpu_are_no_inputs_of_compute(gpu, plus_one, torch):
    with pytest.raises(webnn.ValidationError, match="input \"x\""):
        gpu.compute(plus_one, {"x": torch.zeros(1024, device="cuda")})


def test_memory_stays_flat(gpu, plus_one, torch):
    data = np.ones(1024, F32)

    def once():
        x, y = gpu.create_host_tensor([1024]), gpu.create_host_tensor([1024])
        x.write(data)
        gpu.dispatch(plus_one, {"x": x}, {"y": y})
        gpu.import_tensor(torch.from_dlpack(y)).read()
        gpu.compute(plus_one, {"x": data})

    for _ in range(200):
        once()
    torch.cuda.synchronize()
    free = torch.cuda.mem_get_info()[0]
    for _ in range(5000):
        once()
    torch.cuda.synchronize()
    assert free - torch.cuda.mem_get_info()[0] < 32 * 2**20
