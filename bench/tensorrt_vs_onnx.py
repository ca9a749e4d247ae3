#!/usr/bin/env python3
"""MobileNetV2 on ONNX Runtime's CUDA provider and on webnn with TensorRT, both on the GPU.

    python bench/tensorrt_vs_onnx.py [--runs 200] [--batch 1] [--precision float16]

Prints mean, deviation, minimum and maximum of a run in milliseconds, from tensor to tensor on the
device, and the speed-up. Needs `webnn`, `onnxruntime-gpu` and an NVIDIA GPU; `python bench/peers
--set gpu` compares more, and more carefully.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "peers"))

import candidates  # noqa: E402
import models  # noqa: E402


def measure(runner: candidates.Runner, runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        runner.run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--precision", choices=["float16", "float32"], default="float16")
    parser.add_argument("--device", choices=["gpu", "cpu"], default="gpu",
                        help="cpu compares the processor's back end instead, to try the program")
    arguments = parser.parse_args()
    half = arguments.precision == "float16" and arguments.device == "gpu"
    if arguments.device == "gpu":
        rows = {
            "ONNX Runtime (CUDA)": (
                candidates.OnnxRuntime("CUDAExecutionProvider", use_tf32=0),
                "float16" if half else "float32",
            ),
            "webnn (TensorRT)": (candidates.Webnn("tensorrt", arguments.precision), "float32"),
        }
    else:
        rows = {
            "ONNX Runtime (CPU)": (candidates.OnnxRuntime(), "float32"),
            "webnn": (candidates.Webnn("auto"), "float32"),
        }
    runners = {}
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (candidate, dtype) in rows.items():
            path = models.write("mobilenet_v2", arguments.batch, dtype, pathlib.Path(folder))
            try:
                candidate.load(path, 0, None)
            except Exception as error:  # noqa: BLE001: whatever is missing here is the answer
                print(f"{name} cannot run here: {error}", file=sys.stderr)
                return 1
            runners[name] = candidate.runner(models.inputs_of("mobilenet_v2", arguments.batch, dtype))
            measure(runners[name], max(10, arguments.runs // 10))
            print(f"{name}: {candidate.versions}")
        # In turn, so that whatever else the machine does meets both.
        for _ in range(10):
            for name, runner in runners.items():
                times.setdefault(name, []).extend(measure(runner, max(1, arguments.runs // 10)))
    print(f"\nMobileNetV2, batch {arguments.batch}, random weights, {arguments.precision}; ms a run\n")
    print(f"{'':22}{'mean':>10}{'deviation':>11}{'min':>10}{'max':>10}")
    for name, own in times.items():
        print(f"{name:22}{statistics.fmean(own):10.3f}{statistics.pstdev(own):11.3f}"
              f"{min(own):10.3f}{max(own):10.3f}")
    slow, fast = (statistics.fmean(own) for own in times.values())
    print(f"\nspeed-up: {slow / fast:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
