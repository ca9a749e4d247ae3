"""What the package promises in figures: time of a call, copies, threads, import, memory."""

import itertools
import os
import statistics
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import webnn

F32 = np.float32


def python(code):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def per_call(call, count=3000, rounds=15):
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter() - start) / count)
    return best


def test_a_small_graph_takes_no_longer_than_onnxruntimes_session(context, builder, tmp_path):
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    graph = builder.build({"z": builder.add(builder.input("x", [2, 3]), builder.input("y", [2, 3]))})
    graph.save(tmp_path / "tiny.onnx")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        str(tmp_path / "tiny.onnx"), options, providers=["CPUExecutionProvider"]
    )
    feeds = {"x": np.ones((2, 3), F32), "y": np.ones((2, 3), F32)}
    ours = per_call(lambda: context.compute(graph, feeds))
    theirs = per_call(lambda: session.run(None, feeds))
    print(f"webnn {ours * 1e6:.2f} us, onnxruntime {theirs * 1e6:.2f} us: {ours / theirs:.2f}")
    assert ours <= theirs


def test_large_inputs_are_not_copied():
    """Of 100 MB in and 100 MB out, only the output is new memory."""
    text = python(
        """
        import resource, numpy as np, webnn
        context = webnn.ML().create_context(threads=1)
        builder = context.create_graph_builder()
        size = 25 * 1024 * 1024
        graph = builder.build({"y": builder.relu(builder.input("x", [size]))})
        x, y = np.ones(size, np.float32), np.zeros(size, np.float32)
        y[:] = 1
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        context.compute(graph, {"x": x}, {"y": y})
        in_place = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        context.compute(graph, {"x": x})
        fresh = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print((in_place - before) // 1024, (fresh - in_place) // 1024)
        """
    )
    in_place, fresh = map(int, text.split())
    assert in_place <= 8, f"{in_place} MiB beside the caller's arrays"
    assert fresh <= 108, f"{fresh} MiB for an output of 100 MiB"


def test_two_threads_compute_side_by_side(context):
    """Where two cores are free. CPU time tells whether there were."""
    builder = context.create_graph_builder()
    x = builder.input("x", [256, 256])
    y = x
    for _ in range(8):
        y = builder.matmul(y, builder.constant(np.full((256, 256), 1e-3, F32)))
    graph = builder.build({"y": y})
    feeds = {"x": np.ones((256, 256), F32)}

    def work(count):
        for _ in range(count):
            context.compute(graph, feeds)

    def together(count):
        threads = [threading.Thread(target=work, args=(count,)) for _ in range(2)]
        start, cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
        return wall, (time.process_time() - cpu) / wall

    work(20)
    best, cores = 0.0, 0.0
    for _ in range(8):
        start = time.perf_counter()
        work(60)
        one = time.perf_counter() - start
        two, used = together(60)
        best, cores = max(best, 2 * one / two), max(cores, used)
    print(f"two threads: {best:.2f} times one, {cores:.2f} cores used")
    if best < 1.8 and cores < 1.85:
        pytest.skip(f"two threads got {cores:.2f} cores of this busy machine")
    assert best >= 1.8


def test_the_import_is_quick_and_opens_no_library():
    def seconds(what):
        return float(python(f"import time; t = time.perf_counter(); {what}; print(time.perf_counter() - t)"))

    numpy, ours = [], []
    for _ in range(20):
        numpy.append(seconds("import numpy"))
        ours.append(seconds("import webnn"))
    print(f"numpy {min(numpy) * 1e3:.1f} ms, webnn {min(ours) * 1e3:.1f} ms")
    assert min(ours) <= 1.3 * min(numpy)


def test_the_import_opens_no_library_and_starts_no_thread():
    text = python(
        """
        import os, sys
        import numpy  # which starts threads of its own
        def maps():
            return {line.split("/")[-1].strip() for line in open("/proc/self/maps")}
        before, threads = maps(), len(os.listdir("/proc/self/task"))
        import webnn
        webnn.MLGraphBuilder().input("x", [1])
        print(sorted(name for name in maps() - before if ".so" in name))
        print(len(os.listdir("/proc/self/task")) - threads)
        print([name for name in ("onnxruntime", "openvino", "torch", "asyncio", "onnx") if name in sys.modules])
        """
    )
    opened, threads, modules = text.strip().splitlines()
    assert threads == "0" and modules == "[]"
    for name in ("onnxruntime", "nvinfer", "tensorrt", "cuda", "openvino", "nvrtc", "tbb"):
        assert name not in opened, opened


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_memory_stays_flat_over_100000_computes(context, builder):
    graph = builder.build({"y": builder.add(builder.input("x", [64]), 1)})
    feeds = {"x": np.ones(64, F32)}
    strided = {"x": np.ones(128, F32)[::2]}
    for _ in range(5000):
        context.compute(graph, feeds)
    context.compute(graph, strided)
    before = resident()
    for _ in range(100_000):
        context.compute(graph, feeds)
    for _ in range(2000):
        context.compute(graph, strided)
        with pytest.raises(webnn.ValidationError):
            context.compute(graph, {})
    assert resident() - before < 4, f"{resident() - before:.1f} MiB more"


@pytest.mark.parametrize("backend, count", [("onnxruntime", 10_000), ("openvino", 150)])
def test_memory_stays_flat_over_contexts_that_are_made_and_dropped(backend, count):
    """Each with a graph and tensors. OpenVINO takes 15 ms for one."""
    status = next(one for one in webnn.devices(True)["backends"] if one["name"] == backend)
    if not status["available"]:
        pytest.skip(f"{backend} is not available: {status['reason'][:200]}")
    text = python(
        f"""
        import os, numpy as np, webnn
        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        def once():
            context = webnn.ML().create_context(
                backend={backend!r}, device="cpu", threads=1, cache=False
            )
            builder = context.create_graph_builder()
            graph = builder.build({{"y": builder.relu(builder.input("x", [4]) + np.ones(4, np.float32))}})
            context.compute(graph, {{"x": np.ones(4, np.float32)}})
            tensor = context.create_host_tensor([1024])
            tensor.write(np.zeros(1024, np.float32))
        for _ in range({count} // 10):
            once()
        before = resident()
        for _ in range({count}):
            once()
        print(resident() - before)
        """
    )
    print(f"{backend}: {count} contexts, {float(text):.2f} MiB more")
    assert float(text) < 8, f"{text} MiB more"


def test_memory_stays_flat_over_graphs_and_tensors_that_are_made_and_dropped(context):
    out = context.create_host_tensor([4])
    turns = itertools.count()

    def once():
        builder = context.create_graph_builder()
        x = builder.input("x", [4])
        graph = builder.build({"y": builder.relu(x + np.ones(4, F32))})
        tensor = context.create_host_tensor([4])
        tensor.write(np.zeros(4, F32))
        context.dispatch(graph, {"x": tensor}, {"y": out})
        if next(turns) % 2:
            graph.destroy()
            context.create_host_tensor([1024]).destroy()

    for _ in range(500):
        once()
    before = resident()
    for _ in range(10_000):
        once()
    print(f"{resident() - before:.2f} MiB more")
    assert resident() - before < 8, f"{resident() - before:.1f} MiB more"
