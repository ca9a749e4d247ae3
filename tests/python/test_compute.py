"""Running graphs: arrays, tensors, threads, precision, waiting."""

import asyncio
import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest

import webnn
from conftest import same

F32 = np.float32
TYPES = ["float32", "float16", "int32", "uint32", "int64", "uint64", "int8", "uint8"]


def identity(context, data_type="float32", shape=(2, 3)):
    builder = context.create_graph_builder()
    x = builder.input("x", shape, data_type)
    return builder.build({"y": builder.identity(x)})


@pytest.mark.parametrize("data_type", TYPES)
def test_results_have_the_declared_type(context, data_type):
    if data_type.startswith("float"):
        data = np.array([[1.5, -2, 0], [65504, 1e-7, np.inf]], data_type)
    else:
        info = np.iinfo(data_type)
        data = np.array([[info.min, info.max, 0], [1, 2, 3]], data_type)
    same(context.compute(identity(context, data_type), {"x": data})["y"], data)


def test_int64_is_exact_through_tensors(context):
    data = np.array([[2**63 - 1, -(2**63), 2**53 + 1]], np.int64)
    tensor = context.create_host_tensor([1, 3], "int64")
    tensor.write(data)
    same(tensor.read(), data)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype=F32).reshape(3, 2).T,
        np.arange(12, dtype=F32).reshape(2, 6)[:, ::2],
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.arange(6, dtype=np.float64).reshape(2, 3),
        np.arange(6, dtype=np.float16).reshape(2, 3),
        np.arange(6).reshape(2, 3),
        [[0, 1, 2], [3, 4, 5]],
        np.asfortranarray(np.arange(6, dtype=F32).reshape(2, 3)),
        np.frombuffer(b"\0" + np.arange(6, dtype=F32).tobytes(), F32, offset=1).reshape(2, 3),
    ],
    ids=["transposed", "strided", "big-endian", "float64", "float16", "int64", "list", "fortran", "unaligned"],
)
def test_arrays_that_are_converted(context, value):
    same(context.compute(identity(context), {"x": value})["y"], np.asarray(value).astype(F32))


def test_read_only_arrays_are_inputs_but_not_outputs(context):
    data = np.arange(6, dtype=F32).reshape(2, 3)
    data.setflags(write=False)
    graph = identity(context)
    same(context.compute(graph, {"x": data})["y"], data)
    with pytest.raises(webnn.ValidationError, match="writable C-contiguous"):
        context.compute(graph, {"x": data}, {"y": data})


@pytest.mark.parametrize("type_name", ["bfloat16", "float8_e4m3fn"])
def test_bfloat16_arrays_become_float32(context, type_name):
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    data = np.arange(6, dtype=F32).reshape(2, 3).astype(getattr(ml_dtypes, type_name))
    same(context.compute(identity(context), {"x": data})["y"], data.astype(F32))


@pytest.mark.parametrize(
    "inputs, text",
    [
        ({}, "Missing input: x"),
        ({"x": np.zeros((3, 2), F32)}, "Shape mismatch"),
        ({"x": np.zeros(6, F32)}, "Shape mismatch"),
        ({"x": np.zeros((2, 3), F32), "z": 1}, "no input 'z'"),
        ({"x": np.zeros((2, 3), object)}, "no numbers"),
        ({"x": np.zeros((2, 3), complex)}, "no numbers"),
        ({"x": np.zeros((2, 3), "U1")}, "no numbers"),
        ({"x": None}, "no numbers|Shape mismatch"),
        ({"x": "text"}, "no numbers"),
        (7, "dictionary"),
    ],
)
def test_wrong_inputs(context, inputs, text):
    with pytest.raises(webnn.ValidationError, match=text):
        context.compute(identity(context), inputs)


def test_numbers_that_do_not_fit_are_refused(context):
    graph = identity(context, "int8", [2])
    same(context.compute(graph, {"x": np.array([1.0, 2.0])})["y"], np.array([1, 2], np.int8))
    for wrong in (np.array([1.5, 2]), np.array([300, 1]), np.array([np.nan, 1])):
        with pytest.raises(webnn.ValidationError, match="do not fit int8"):
            context.compute(graph, {"x": wrong})


def test_inputs_that_no_output_needs_may_be_given(context, builder):
    x = builder.input("x", [2])
    builder.input("mask", [2])
    graph = builder.build({"y": builder.relu(x)})
    assert graph.get_input_names() == ["x"]
    context.compute(graph, {"x": np.zeros(2, F32), "mask": np.zeros(2, F32)})


def test_outputs_are_written_in_place(context):
    graph = identity(context)
    data = np.arange(6, dtype=F32).reshape(2, 3)
    out = np.zeros((2, 3), F32)
    results = context.compute(graph, {"x": data}, outputs={"y": out})
    assert results["y"] is out
    same(out, data)
    for wrong in (
        np.zeros((3, 2), F32),
        np.zeros((2, 3)),
        np.zeros((3, 2), F32).T,
        np.zeros((2, 6), F32)[:, ::2],
        np.zeros((2, 3), ">f4"),
        np.zeros((2, 3), object),
        [[0] * 3] * 2,
    ):
        with pytest.raises(webnn.ValidationError, match="written in place"):
            context.compute(graph, {"x": data}, {"y": wrong})
    with pytest.raises(webnn.ValidationError, match="no output 'z'"):
        context.compute(graph, {"x": data}, {"z": out})
    with pytest.raises(webnn.ValidationError, match="overlap"):
        context.compute(graph, {"x": out}, {"y": out})


def test_a_precision_is_built_once_and_kept(context, builder):
    graph = builder.build({"y": builder.relu(builder.input("x", [2]))})
    data = np.array([-1, 1], F32)
    same(context.compute(graph, {"x": data}, precision="float32")["y"], np.array([0, 1], F32))
    started = time.perf_counter()
    for _ in range(200):
        context.compute(graph, {"x": data}, precision="float32")
    assert time.perf_counter() - started < 1
    with pytest.raises(webnn.ValidationError, match="precision"):
        context.compute(graph, {"x": data}, precision="float8")


# ---- Tensors. ----


def test_tensors(context, builder):
    graph = builder.build({"y": builder.add(builder.input("x", [2, 2]), 1)})
    x = context.create_tensor([2, 2], "float32", writable=True)
    y = context.create_tensor([2, 2], "float32", readable=True)
    assert (x.shape, x.data_type, x.size, x.nbytes) == ([2, 2], "float32", 4, 16)
    assert (x.readable, x.writable, y.readable, y.writable) == (False, True, True, False)
    context.write_tensor(x, [[1, 2], [3, 4]])
    context.dispatch(graph, {"x": x}, {"y": y})
    same(context.read_tensor(y), np.array([[2, 3], [4, 5]], F32))
    out = np.zeros((2, 2), F32)
    assert context.read_tensor(y, out) is out
    same(np.asarray(y), out)
    locked = np.zeros((2, 2), F32)
    locked.setflags(write=False)
    for wrong in (locked, np.zeros((2, 2), ">f4"), np.zeros((2, 2), F32).T[::-1], np.zeros(4, F32), [1]):
        with pytest.raises(webnn.ValidationError, match="to read into"):
            context.read_tensor(y, wrong)
    for value in (locked, out.astype(">f4"), out.T, [[0, 0], [0, 0]], 0 * out.astype(np.float64)):
        x.write(value)
    for wrong in (np.zeros((2, 2), object), "text", None, np.zeros((2, 2), complex)):
        with pytest.raises(webnn.ValidationError):
            x.write(wrong)
    with pytest.raises(webnn.InvalidStateError, match="not readable"):
        x.read()
    with pytest.raises(webnn.InvalidStateError, match="not writable"):
        y.write(out)
    with pytest.raises(webnn.ValidationError, match="Shape mismatch"):
        x.write(np.zeros(4, F32))
    x.destroy()
    with pytest.raises(webnn.InvalidStateError, match="already destroyed"):
        x.destroy()
    with pytest.raises(webnn.InvalidStateError, match="destroyed"):
        context.dispatch(graph, {"x": x}, {"y": y})
    with pytest.raises(webnn.ValidationError, match="must be an MLTensor"):
        context.dispatch(graph, {"x": out}, {"y": y})
    with pytest.raises(webnn.ValidationError, match="Missing output"):
        context.dispatch(graph, {"x": x if False else y}, {})


def test_dlpack_shares_memory(context):
    tensor = context.create_host_tensor([2, 3])
    tensor.write(np.arange(6, dtype=F32).reshape(2, 3))
    view = np.from_dlpack(tensor)
    same(view, np.arange(6, dtype=F32).reshape(2, 3))
    tensor.write(np.zeros((2, 3), F32))
    same(view, np.zeros((2, 3), F32))
    del tensor
    gc.collect()
    same(view, np.zeros((2, 3), F32))

    array = np.ones((4, 2), F32)
    imported = context.import_tensor(array)
    array[0] = 7
    same(imported.read(), array)
    imported.write(np.full((4, 2), 3, F32))
    same(array, np.full((4, 2), 3, F32))
    with pytest.raises(webnn.ValidationError):
        context.import_tensor(np.ones((4, 2), F32).T)
    with pytest.raises(webnn.ValidationError):
        context.import_tensor([1, 2])


def test_torch_tensors(context):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    data = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    same(context.compute(identity(context), {"x": data})["y"], data.numpy())
    assert context.import_tensor(data).shape == [2, 3]


# ---- The end of things. ----


def test_use_after_destroy():
    context = webnn.ML().create_context(threads=1)
    builder = context.create_graph_builder()
    x = builder.input("x", [2])
    graph = builder.build({"y": builder.relu(x)})
    other = builder.build({"y": builder.relu(x)})
    tensor = context.create_host_tensor([2])
    other.destroy()
    with pytest.raises(webnn.InvalidStateError, match="destroyed"):
        context.compute(other, {"x": np.zeros(2, F32)})
    assert context.lost is None
    context.destroy()
    assert context.lost
    for call in (
        lambda: context.compute(graph, {"x": np.zeros(2, F32)}),
        lambda: context.create_host_tensor([2]),
        lambda: context.create_graph_builder(),
        lambda: builder.relu(x),
        lambda: tensor.read(),
        lambda: tensor.write(np.zeros(2, F32)),
    ):
        with pytest.raises(webnn.WebNNError):
            call()
    context.destroy()


def test_graphs_and_tensors_keep_their_context():
    graph = identity(webnn.ML().create_context(threads=1))
    tensor = webnn.ML().create_context(threads=1).create_host_tensor([2])
    gc.collect()
    tensor.write(np.ones(2, F32))
    same(tensor.read(), np.ones(2, F32))
    assert graph.operation_count == 1


def python(code, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
        **options,
    )


FORK = """
import os, sys, numpy as np, webnn
backend = sys.argv[1]
context = webnn.ML().create_context(backend=backend, threads=1)
builder = context.create_graph_builder()
x = builder.input("x", [2])
graph = builder.build({"y": builder.add(x, 1)})
tensor = context.create_host_tensor([2])
ones = np.ones(2, np.float32)
assert context.compute(graph, {"x": ones})["y"].tolist() == [2, 2]

def refused(call, kind, text):
    try:
        call()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError("was not refused")

def child():
    for call in (
        lambda: context.compute(graph, {"x": ones}),
        lambda: context.dispatch(graph, {"x": tensor}, {"y": tensor}),
        lambda: context.create_host_tensor([2]),
        lambda: context.create_graph_builder(),
        lambda: context.compile(graph),
        lambda: context.destroy(),
        lambda: context.backend,
        lambda: tensor.read(),
        lambda: tensor.write(ones),
        lambda: tensor.destroy(),
        lambda: np.from_dlpack(tensor),
    ):
        refused(call, webnn.InvalidStateError, "fork")
    if backend == "openvino":
        refused(lambda: webnn.ML().create_context(backend=backend), webnn.NotSupportedError, "fork")
    # Where none is named, one that works here; what was described before is compiled for it.
    fresh = webnn.ML().create_context(device_type="cpu", threads=1)
    assert fresh.compute(graph, {"x": ones})["y"].tolist() == [2, 2]
    again = fresh.create_graph_builder()
    again = again.build({"y": again.neg(again.input("x", [2]))})
    assert fresh.compute(again, {"x": ones})["y"].tolist() == [-1, -1]
    graph.destroy()  # here alone
    refused(lambda: fresh.compute(graph, {"x": ones}), webnn.InvalidStateError, "destroyed")

pid = os.fork()
if pid == 0:
    try:
        child()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    # Not sys.exit: ONNX Runtime's own destructors wait for threads that are the parent's.
    os._exit(7)
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert context.compute(graph, {"x": ones})["y"].tolist() == [2, 2]
"""


def test_multiprocessings_forked_workers(context):
    done = python(
        """
        import multiprocessing, numpy as np, webnn
        def make():
            context = webnn.ML().create_context(backend="onnxruntime", threads=1)
            builder = context.create_graph_builder()
            return context, builder.build({"y": builder.add(builder.input("x", [2]), 1)})
        def work(number):
            context, graph = make()
            return context.compute(graph, {"x": np.full(2, number, np.float32)})["y"].tolist()
        if __name__ == "__main__":
            kept = make()
            with multiprocessing.get_context("fork").Pool(2) as pool:
                assert pool.map(work, range(6)) == [[i + 1.0] * 2 for i in range(6)]
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_forked_process_is_told_so(backend):
    if backend == "openvino":
        make_openvino()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, backend],
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_objects_in_globals_end_with_the_process():
    done = python(
        """
        import numpy as np, webnn, threading
        context = webnn.ML().create_context(queued=True, log=print)
        builder = context.create_graph_builder()
        graph = builder.build({"y": builder.relu(builder.input("x", [2]))})
        tensor = context.create_host_tensor([2])
        """
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_onnxruntime_of_this_interpreter_is_found_without_an_active_environment():
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", "import webnn; print(webnn.ML().create_context().backend)"],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr


def test_importing_changes_no_setting_of_child_processes():
    done = python(
        """
        import os, subprocess, sys
        before = dict(os.environ)
        import webnn
        context = webnn.ML().create_context(backend="onnxruntime")
        changed = {name for name, value in os.environ.items() if before.get(name) != value}
        assert changed <= {"ORT_DYLIB_PATH"}, changed  # pywebnn's
        """
    )
    assert done.returncode == 0, done.stderr


def test_the_library_that_pywebnns_variable_names_comes_first(tmp_path):
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    folder = os.path.join(os.path.dirname(ort.__file__), "capi")
    name = next(one for one in os.listdir(folder) if one.startswith("libonnxruntime.so"))
    link = tmp_path / "libonnxruntime.so"
    shutil.copy(os.path.join(folder, name), link)
    code = """
import webnn
webnn.ML().create_context(backend="onnxruntime")
print(open("/proc/self/maps").read())
"""
    for path, found in ((link, True), (tmp_path / "none.so", False), ("", False)):
        done = python(f"import os; os.environ['ORT_DYLIB_PATH'] = {str(path)!r}{code}")
        assert done.returncode == 0, done.stderr
        assert (str(tmp_path) in done.stdout) == found, done.stdout


# ---- Building. ----


def make_openvino(**options):
    """OpenVINO tells of its builds' progress."""
    status = next(one for one in webnn.devices(True)["backends"] if one["name"] == "openvino")
    if not status["available"]:
        pytest.skip(f"OpenVINO is not available: {status['reason']}")
    return webnn.ML().create_context(backend="openvino", device="cpu", cache=False, **options)


@pytest.mark.parametrize("how", ["compute", "build", "compile"])
def test_threads_that_ask_for_one_variant_build_it_once(how):
    """All of them get it; it is built by one, whatever the others ask meanwhile."""
    phases = []
    lock = threading.Lock()

    def progress(phase, fraction, seconds):
        with lock:
            phases.append((phase, threading.get_ident()))
        time.sleep(0.05)  # the others arrive meanwhile

    own = make_openvino(progress=progress)
    builder = own.create_graph_builder() if how == "build" else webnn.MLGraphBuilder()
    graph = builder.build({"y": builder.relu(builder.input("x", [2]))})
    data = np.array([-1, 1], F32)
    phases.clear()
    results, errors = [], []

    def work():
        try:
            if how == "compile":
                own.compile(graph, precision="float32")
            results.append(own.compute(graph, {"x": data}, precision="float32")["y"])
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    assert len(results) == 6
    for result in results:
        same(result, np.array([0, 1], F32))
    assert phases, "the back end reports no progress"
    assert len({ident for _, ident in phases}) == 1, phases


def test_a_build_that_fails_leaves_the_next_thread_to_try():
    calls = []

    def progress(phase, fraction, seconds):
        calls.append(threading.get_ident())
        time.sleep(0.1)
        return len(set(calls)) > 1  # the first thread's build is cancelled

    own = make_openvino(progress=progress)
    builder = webnn.MLGraphBuilder()
    graph = builder.build({"y": builder.relu(builder.input("x", [2]))})
    outcomes = []

    def work():
        try:
            own.compile(graph)
            outcomes.append("built")
        except webnn.AbortError:
            outcomes.append("aborted")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["aborted", "built", "built"]



def test_exceptions_of_progress_cancel():
    builder = make_openvino().create_graph_builder()
    graph = {"y": builder.relu(builder.input("x", [2]))}

    def fail(phase, fraction, seconds):
        raise ZeroDivisionError("mine")

    calls = []
    builder.build(graph, progress=lambda *step: calls.append(step))
    assert calls[0][1] == 0 and calls[-1][1] == 1
    assert all(isinstance(phase, str) and seconds >= 0 for phase, _, seconds in calls)
    with pytest.raises(ZeroDivisionError, match="mine"):
        builder.build(graph, progress=fail)
    with pytest.raises(webnn.AbortError):
        builder.build(graph, progress=lambda *step: False)


def test_ctrl_c_is_raised_by_build(context):
    builder = context.create_graph_builder()
    x = builder.input("x", [64, 64])
    for _ in range(3000):
        x = builder.relu(builder.matmul(x, x))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        builder.build({"y": x})
        time.sleep(5)  # where the build was faster than the timer
    timer.join()


def test_wrong_options():
    ml = webnn.ML()
    for options in (
        {"power_preference": "max"},
        {"device_type": "tpu"},
        {"precision": "float8"},
        {"threads": -1},
        {"optimization_level": 6},
        {"log_level": "loud"},
        {"log": 3},
    ):
        with pytest.raises(webnn.ValidationError):
            ml.create_context(**options)
    for backend in ("coreml", "unknown"):
        with pytest.raises(webnn.NotSupportedError, match="there is no back end"):
            ml.create_context(backend=backend)
    with pytest.raises(webnn.NotSupportedError):
        ml.create_context(backend="onnxruntime", library_path="/nowhere/libonnxruntime.so")
    with pytest.raises(TypeError):
        ml.create_context(bogus=1)


def test_the_device_is_that_of_the_back_end_in_use():
    # Back ends that were passed over have other devices.
    context = webnn.ML().create_context(device="cpu", threads=1)
    chosen = [one for one in context.candidates() if one["state"] == "chosen"]
    assert [one["device"] for one in chosen] == ["cpu"] == [context.device]
    assert [one["backend"] for one in chosen] == [context.backend]
    assert f"device {context.device}: chosen" in context.explain()


def test_what_a_context_tells(context):
    assert context.backend == "onnxruntime"
    assert context.device == "cpu"
    assert "onnxruntime" in context.explain()
    info = context.backend_info()
    assert info["backend"] == "onnx_cpu" and info["compiled_features"]["onnx_runtime"]
    found = webnn.devices()
    assert any(status["name"] == "onnxruntime" and status["available"] for status in found["backends"])
    for status in found["backends"]:
        assert status["available"] or status["reason"]


def test_the_context_goes_on_to_another_back_end(tmp_path):
    broken = tmp_path / "libonnxruntime.so"
    broken.write_text("no library")
    options = {"backend": "onnxruntime", "library_path": str(broken), "threads": 1}
    with pytest.raises(webnn.NotSupportedError, match="cannot be used"):
        webnn.ML().create_context(**options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            context = webnn.ML().create_context(**options, fallback="backend")
        except webnn.NotSupportedError:
            pytest.skip("there is no other back end here")
    assert context.backend != "onnxruntime"
    assert [warning.category for warning in caught] == [webnn.FallbackWarning]
    message = str(caught[0].message)
    assert str(broken) in message and context.backend in message
    # At the line that asked for it.
    assert caught[0].filename == __file__
    candidates = context.candidates()
    assert [one["backend"] for one in candidates][:2] == ["onnxruntime", context.backend]
    assert [one["state"] for one in candidates][:2] == ["refused", "chosen"]
    assert str(broken) in candidates[0]["reason"] and str(broken) in context.explain()
    assert context.device == "cpu"


def test_a_fallback_can_be_made_an_error(tmp_path):
    broken = tmp_path / "libonnxruntime.so"
    broken.write_text("no library")
    with warnings.catch_warnings():
        warnings.simplefilter("error", webnn.FallbackWarning)
        with pytest.raises((webnn.FallbackWarning, webnn.NotSupportedError), match="libonnxruntime"):
            webnn.ML().create_context(
                backend="onnxruntime", library_path=str(broken), fallback="backend"
            )
    with pytest.raises(webnn.ValidationError, match="fallback"):
        webnn.ML().create_context(fallback="device")


# ---- Waiting. ----


def test_awaited_calls(context):
    async def main():
        builder = context.create_graph_builder()
        x = builder.input("x", [2])
        graph = await builder.build_async({"y": builder.add(x, 1)})
        results = await asyncio.gather(
            *(context.compute_async(graph, {"x": np.full(2, i, F32)}) for i in range(8))
        )
        for i, result in enumerate(results):
            same(result["y"], np.full(2, i + 1, F32))
        tensor = context.create_host_tensor([2])
        await context.write_tensor_async(tensor, np.ones(2, F32))
        out = context.create_host_tensor([2])
        await context.dispatch_async(graph, {"x": tensor}, {"y": out})
        same(await context.read_tensor_async(out), np.full(2, 2, F32))

    asyncio.run(main())


def test_computing_lets_other_threads_run(context):
    builder = context.create_graph_builder()
    x = builder.input("x", [512, 512])
    y = x
    for _ in range(20):
        y = builder.matmul(y, x)
    graph = builder.build({"y": y})
    data = np.full((512, 512), 1e-3, F32)
    counted = 0
    done = threading.Event()

    def work():
        context.compute(graph, {"x": data})
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted >= 3


BUILD = """
import sys, time, numpy as np, webnn
what, interrupted = sys.argv[1], sys.argv[2] == "interrupted"
rng = np.random.default_rng(0)
builder = webnn.MLGraphBuilder()
x = builder.input("x", [32, 48])
for i in range(1000 if what == "tensorrt-rtx" else 2000):
    weights = rng.random((x.shape[1], 32 + (i * 16) % 96), np.float32)
    x = builder.relu(builder.matmul(x, builder.constant(weights)))
graph = builder.build({"y": x})
def progress(phase, fraction, seconds):
    if phase == "build" and not progress.said:
        progress.said = True
        print("building", flush=True)
progress.said = False
ml = webnn.ML()
if what == "tensorrt-rtx":
    context = ml.create_context(backend=what, compile_only=True, cache=False)
else:
    context = ml.create_context(backend=what, device="cpu", cache=False)
start = time.perf_counter()
try:
    if what == "tensorrt-rtx":
        context.compile(graph, "plan.webnn", targets=["sm89"], progress=progress)
    else:
        context.compile(graph, progress=progress)
except KeyboardInterrupt:
    assert interrupted
    print("interrupted", time.perf_counter() - start, flush=True)
    # What was cancelled is not there, and the objects go on.
    small = webnn.MLGraphBuilder()
    small = small.build({"y": small.relu(small.input("x", [2]))})
    if what == "tensorrt-rtx":
        context.compile(small, "small.webnn", targets=["sm89"])
    else:
        assert context.compute(small, {"x": np.ones(2, np.float32)})["y"].tolist() == [1, 1]
    print("ended", flush=True)
else:
    assert not interrupted
    print("built", time.perf_counter() - start, flush=True)
"""


@pytest.mark.parametrize("backend", ["tensorrt-rtx", "openvino"])
def test_ctrl_c_cancels_a_long_build(backend, tmp_path):
    """A build of seconds, in a process of its own that gets SIGINT while the engine builds."""
    if backend == "openvino":
        make_openvino()
    else:
        try:
            webnn.ML().create_context(backend=backend, compile_only=True)
        except webnn.NotSupportedError as error:
            pytest.skip(str(error))
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))

    def start(how):
        return subprocess.Popen(
            [sys.executable, "-c", BUILD, backend, how],
            cwd=tmp_path,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    whole, error = start("whole").communicate(timeout=300)
    assert "built" in whole, error
    took = float(whole.split()[-1])
    assert took > 1, "this build is not long"
    for file in tmp_path.iterdir():
        file.unlink()

    process = start("interrupted")
    assert process.stdout.readline() == "building\n"
    time.sleep(0.1)
    sent = time.perf_counter()
    process.send_signal(signal.SIGINT)
    raised = process.stdout.readline().split()
    waited = time.perf_counter() - sent
    assert raised[:1] == ["interrupted"], process.communicate(timeout=300)
    print(f"{backend}: whole {took:.2f} s, Ctrl-C raised after {waited:.2f} s")
    # Half a second of patience with the engine, and what a busy machine adds.
    assert waited < 0.5 * took
    rest, error = process.communicate(timeout=300)
    assert process.returncode == 0 and rest == "ended\n", error
    assert {file.name for file in tmp_path.iterdir()} <= {"small.webnn"}
