"""A process with one candidate and one model, which does what the lines on its standard input say:
so candidates neither share threads nor memory, and each waits while another one is measured."""

from __future__ import annotations

import json
import pathlib
import sys
import threading
import time
from typing import Any

import numpy as np

import candidates
import models


def memory_mib() -> tuple[float, float]:
    """Now, and the most so far. Not by getrusage, which counts the parent's before this began."""
    sizes = {}
    for line in pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(("VmRSS", "VmHWM")):
            sizes[line[:5]] = int(line.split()[1]) / 1024
    return sizes["VmRSS"], sizes["VmHWM"]


class Worker:
    def load(self, kind: str, which: str, model: str, batch: int, threads: int, path: str,
             cache: str | None) -> dict[str, Any]:
        row = candidates.SETS[which][kind]
        self.candidate = row.make()
        self.inputs = models.inputs_of(model, batch, row.dtype)
        before, _ = memory_mib()
        start = time.perf_counter()
        self.candidate.load(pathlib.Path(path), threads, cache)
        loaded = time.perf_counter()
        self.runner = self.candidate.runner(self.inputs)
        self.runner.run()
        first = time.perf_counter()
        return {
            "load_s": loaded - start,
            "first_s": first - start,
            "peak_mib": memory_mib()[1] - before,
            "versions": self.candidate.versions,
        }

    def run(self, seconds: float, least: int) -> dict[str, Any]:
        """Latencies in milliseconds, for so long and at least so many."""
        times = []
        clock = time.perf_counter
        end = clock() + seconds
        while len(times) < least or clock() < end:
            start = clock()
            self.runner.run()
            times.append((clock() - start) * 1e3)
        return {"ms": times}

    def throughput(self, threads: int, seconds: float) -> dict[str, Any]:
        """Runs a second of so many threads, each with tensors of its own."""
        runners = [self.candidate.runner(self.inputs) for _ in range(threads)]
        for runner in runners:
            runner.run()
        counts = [0] * threads
        barrier = threading.Barrier(threads + 1)
        end = 0.0

        def work(place: int) -> None:
            barrier.wait()
            barrier.wait()
            while time.perf_counter() < end:
                runners[place].run()
                counts[place] += 1

        workers = [threading.Thread(target=work, args=(i,)) for i in range(threads)]
        for one in workers:
            one.start()
        barrier.wait()
        start = time.perf_counter()
        end = start + seconds
        barrier.wait()
        for one in workers:
            one.join()
        return {"per_s": sum(counts) / (time.perf_counter() - start)}

    def result(self, path: str) -> dict[str, Any]:
        self.runner.run()
        outputs = self.runner.read()
        np.savez(path, *[np.asarray(one, np.float32) for one in outputs])
        return {"finite": bool(all(np.isfinite(one).all() for one in outputs))}

    def memory(self) -> dict[str, Any]:
        now, peak = memory_mib()
        return {"now_mib": now, "peak_mib": peak}


def main() -> None:
    worker = Worker()
    # What libraries print must not get between the answers.
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except BaseException as error:  # noqa: BLE001: whatever it is, it is this row's result
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
