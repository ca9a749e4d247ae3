"""A network on an NVIDIA GPU by TensorRT: build, cache, precision, dispatch.

    python examples/tensorrt_inference.py

On a machine where TensorRT cannot be had it says what is missing and how to get it, and runs the
same program on the CPU instead. --require-gpu makes that an error. The network is MobileNetV2 of
examples/mobilenetv2.py with random weights, which take as long as real ones.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import time
from typing import Any, Literal

import numpy as np

import webnn
from mobilenetv2 import MobileNetV2, RandomWeights

HOW_TO = """\
1. The driver: NVIDIA's, version 525 or newer (580 or newer for libraries of CUDA 13). `nvidia-smi`
   shows it. In a container: start it with `--gpus all`. The CUDA toolkit is not needed.
2. The library: `pip install tensorrt` (compute capability 7.5 and later, data centre GPUs too), or
   `pip install tensorrt-rtx-cu13-libs` (GeForce and RTX). TENSORRT_ROOT names an unpacked archive.
3. `webnn devices` says what is found then. docs/installing.md has it all.
"""


def choose() -> str | None:
    """The TensorRT that works here, or None after saying why none does."""
    status = webnn.devices()
    for backend in status["backends"]:
        if backend["name"].startswith("tensorrt") and backend["available"]:
            return str(backend["name"])
    print("TensorRT cannot be had here. What is missing:")
    reasons = {
        backend["reason"].partition(": ")[2]: None
        for backend in status["backends"]
        if backend["name"].startswith("tensorrt")
    }
    for reason in reasons or {"this package was built without TensorRT": None}:
        print(textwrap.fill(reason, 96, initial_indent="  - ", subsequent_indent="    "))
    print("How to get it:\n" + textwrap.indent(HOW_TO, "  "))
    return None


def build(
    context: webnn.MLContext, precision: Literal["float32", "float16"], batch: int
) -> tuple[webnn.MLGraph, float]:
    """The graph, and the seconds that it took."""
    builder = context.create_graph_builder()
    image = builder.input("image", [batch, 224, 224, 3])
    network = MobileNetV2(builder, RandomWeights())
    begin = time.perf_counter()
    graph = builder.build({"probabilities": network(image)}, precision=precision, progress=True)
    return graph, time.perf_counter() - begin


def measure(context: webnn.MLContext, graph: webnn.MLGraph, image: np.ndarray[Any, Any]) -> float:
    """Seconds of one dispatch; the tensors stay on the device."""
    x = context.create_tensor(image.shape, writable=True)
    y = context.create_tensor([image.shape[0], 1000], readable=True)
    context.write_tensor(x, image)
    for _ in range(3):
        context.dispatch(graph, {"image": x}, {"probabilities": y})
    context.read_tensor(y)
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < 1:
        for _ in range(10):
            context.dispatch(graph, {"image": x}, {"probabilities": y})
        context.read_tensor(y)  # waits
        count += 10
    return (time.perf_counter() - begin) / count


def main() -> int:
    parser = argparse.ArgumentParser(description="A network on an NVIDIA GPU by TensorRT.")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--require-gpu", action="store_true", help="fail where there is none")
    options = parser.parse_args()

    backend = choose()
    if backend is None:
        if options.require_gpu:
            return 1
        print("So this runs on the CPU instead.\n")
    context = webnn.ML().create_context(backend=backend or "auto", accelerated=backend is not None)
    print(f"back end: {context.backend}, device: {context.device}")

    image = np.random.default_rng(1).uniform(-1, 1, (options.batch, 224, 224, 3))
    image = image.astype(np.float32)
    expected = None
    precisions: tuple[Literal["float32", "float16"], ...] = ("float32", "float16")
    for precision in precisions if backend else precisions[:1]:
        graph, seconds = build(context, precision, options.batch)
        _, again = build(context, precision, options.batch)
        result = context.compute(graph, {"image": image})["probabilities"]
        took = measure(context, graph, image)
        line = (
            f"{precision}: built in {seconds:.2f} s, again in {again:.2f} s; "
            f"{1000 * took:.3f} ms a run, {options.batch / took:,.0f} pictures a second"
        )
        if expected is None:
            expected = result
        else:
            length = np.linalg.norm(result) * np.linalg.norm(expected)
            line += f"; cosine with float32 {float((result * expected).sum() / length):.6f}"
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
