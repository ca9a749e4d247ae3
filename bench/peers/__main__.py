"""The same models on webnn and its peers, side by side.

    python bench/peers --quick                      on the processor, in a few minutes
    python bench/peers --set gpu                    on an NVIDIA GPU, float16
    python bench/peers --models resnet50,lstm --peers "webnn openvino,OpenVINO"

Prints Markdown; `--out FOLDER` also keeps peers-SET.json, .md and .svg there, and `--docs` writes the
tables into docs/performance.md. Every candidate has a process of its own; they run in turn, round by
round, and a ratio is that of the medians of all rounds. What cannot be had here is left out and named.
`--check` fails where a limit is missed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import numpy as np  # noqa: E402

import candidates  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402


class Process:
    """A worker."""

    def __init__(self, arguments: argparse.Namespace, kind: str) -> None:
        environment = dict(os.environ)
        if kind == "pywebnn" and arguments.pywebnn:
            environment["PYTHONPATH"] = arguments.pywebnn
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "worker.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=environment,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do} | request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.log.seek(0)
        tail = self.log.read().decode(errors="replace").strip().splitlines()[-1:] or ["nothing said"]
        return {"error": f"the process ended: {tail[0][:200]}"}

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def difference(a: pathlib.Path, b: pathlib.Path) -> float:
    """The largest, relative to the largest value."""
    first, second = np.load(a), np.load(b)
    worst = 0.0
    for name in first.files:
        x, y = first[name].astype(np.float64), second[name].astype(np.float64)
        scale = max(float(np.abs(x).max()), 1e-30)
        worst = max(worst, float(np.abs(x - y.reshape(x.shape)).max()) / scale)
    return worst


def measure(
    arguments: argparse.Namespace, model: str, batch: int, scratch: pathlib.Path, say: Any
) -> dict[str, Any]:
    """One row: every candidate on one model and batch."""
    kinds = candidates.SETS[arguments.set]
    row: dict[str, Any] = {"model": model, "batch": batch, "candidates": {}}
    alive: dict[str, Process] = {}
    for kind in arguments.peers:
        path = models.write(model, batch, kinds[kind].dtype if model in models.MODELS else "float32",
                            arguments.folder)
        cache = scratch / "cache" / kind.replace(" ", "_")
        cache.mkdir(parents=True, exist_ok=True)
        request = {
            "kind": kind, "which": arguments.set, "model": model, "batch": batch,
            "threads": arguments.threads, "path": str(path),
            "cache": str(cache) if arguments.starts else None,
        }
        result: dict[str, Any] = {}
        if arguments.starts:
            shutil.rmtree(cache)
            cache.mkdir()
            cold = Process(arguments, kind)
            result["cold"] = cold.ask("load", **request)
            cold.end()
        process = Process(arguments, kind)
        loaded = process.ask("load", **request)
        result |= loaded
        if "error" in loaded:
            say(f"{model}, batch {batch}: {kind}: {loaded['error']}")
            process.end()
        else:
            process.ask("run", seconds=arguments.warm_up, least=3)
            alive[kind] = process
        row["candidates"][kind] = result
    times: dict[str, list[float]] = {kind: [] for kind in alive}
    for number in range(arguments.rounds):
        # Backwards every other time, so that what drifts drifts for all.
        order = list(alive) if number % 2 == 0 else list(reversed(alive))
        for kind in order:
            answer = alive[kind].ask("run", seconds=arguments.seconds, least=3)
            if "error" in answer:
                row["candidates"][kind]["error"] = answer["error"]
                alive.pop(kind).end()
                continue
            times[kind] += answer["ms"]
    reference = None
    for kind, process in alive.items():
        own = row["candidates"][kind]
        own["ms"] = {
            "median": float(np.median(times[kind])),
            "p90": float(np.percentile(times[kind], 90)),
            "p99": float(np.percentile(times[kind], 99)),
            "runs": len(times[kind]),
        }
        own["per_s"] = {"1": 1e3 * batch / float(np.mean(times[kind]))}
        file = scratch / f"{kind.replace(' ', '_')}.npz"
        answer = process.ask("result", path=str(file))
        if answer.get("error"):
            own["result_error"] = answer["error"]
        elif reference is None:
            reference = file
            own["difference"] = 0.0
        else:
            own["difference"] = difference(reference, file)
    for threads in arguments.callers:
        for kind, process in alive.items():
            answer = process.ask("throughput", threads=threads, seconds=arguments.seconds * 2)
            per_s = answer.get("per_s")
            row["candidates"][kind]["per_s"][str(threads)] = per_s * batch if per_s else None
    for process in alive.values():
        process.end()
    return row


def machine() -> dict[str, Any]:
    name = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    gpu = ""
    if shutil.which("nvidia-smi"):
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True, text=True, check=False,
        )
        gpu = asked.stdout.strip().splitlines()[0] if asked.stdout.strip() else ""
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "gpu": gpu,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python bench/peers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    listed = lambda text: [word.strip() for word in text.split(",") if word.strip()]  # noqa: E731
    parser.add_argument("--set", choices=list(candidates.SETS), default="cpu")
    parser.add_argument("--quick", action="store_true", help="batch 1, few and short rounds")
    parser.add_argument("--models", type=listed, help=", ".join(models.NAMES))
    parser.add_argument("--peers", type=listed, help="columns of the tables, the first is compared to")
    parser.add_argument("--batches", type=lambda text: [int(one) for one in listed(text)])
    parser.add_argument("--callers", type=lambda text: [int(one) for one in listed(text)],
                        help="also the throughput of so many threads at once")
    parser.add_argument("--threads", type=int, default=0, help="inside an operator; 0: each's default")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of one candidate in one round")
    parser.add_argument("--no-starts", dest="starts", action="store_false",
                        help="do not load everything twice for the time of a cold start")
    parser.add_argument("--folder", type=pathlib.Path, default=models.ROOT / "build/peers-models",
                        help="where the ONNX files are kept")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--pywebnn", help="folder with the package pywebnn")
    arguments = parser.parse_args(argv)
    kinds = candidates.SETS[arguments.set]
    arguments.peers = arguments.peers or list(kinds)
    arguments.models = arguments.models or list(models.NAMES)
    for given, known in ((arguments.peers, list(kinds)), (arguments.models, models.NAMES)):
        for one in given:
            if one not in known:
                parser.error(f"{one!r} is none of {', '.join(known)}")
    arguments.models = [one for one in arguments.models if models.is_there(one)]
    gpu = arguments.set == "gpu"
    if arguments.quick:
        arguments.starts = arguments.starts and not gpu
    arguments.batches = arguments.batches or ([1] if arguments.quick else [1, 8, 32, 128] if gpu
                                              else [1, 8])
    arguments.callers = arguments.callers if arguments.callers is not None else (
        [] if arguments.quick else [1, 2, 4, 8])
    arguments.rounds = arguments.rounds or (4 if arguments.quick else 10)
    arguments.seconds = arguments.seconds or (0.25 if arguments.quick else 0.5)
    arguments.warm_up = 0.2 if arguments.quick else 0.5
    return arguments


def main(argv: list[str]) -> int:
    arguments = parse(argv)
    start = time.time()

    def say(text: str) -> None:
        print(f"[{time.time() - start:5.0f} s] {text}", file=sys.stderr, flush=True)

    rows = []
    with tempfile.TemporaryDirectory(prefix="webnn-peers-") as scratch:
        for model in arguments.models:
            for batch in arguments.batches:
                say(f"{model}, batch {batch}")
                rows.append(measure(arguments, model, batch, pathlib.Path(scratch), say))
    figures = {
        "set": arguments.set,
        "command": " ".join(["python bench/peers", *argv]),
        "date": datetime.date.today().isoformat(),
        "seconds": round(time.time() - start),
        "machine": machine(),
        "load": os.getloadavg()[1],
        "quick": arguments.quick,
        "peers": arguments.peers,
        "rows": rows,
    }
    raw = {kind: row.raw for kind, row in candidates.SETS[arguments.set].items() if row.raw}
    ours = [kind for kind in arguments.peers if candidates.SETS[arguments.set][kind].ours]
    text = report.markdown(figures, ours, raw)
    print(text)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        stem = arguments.out / f"peers-{arguments.set}"
        stem.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        stem.with_suffix(".md").write_text(text, encoding="utf-8")
        stem.with_suffix(".svg").write_text(report.svg(figures, ours), encoding="utf-8")
    if arguments.docs:
        report.write_docs(models.ROOT / "docs/performance.md", arguments.set, text)
    missed = report.missed(figures, ours, raw)
    for line in missed:
        print(f"over the limit: {line}", file=sys.stderr)
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
