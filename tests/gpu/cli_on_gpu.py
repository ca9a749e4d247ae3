#!/usr/bin/env python3
"""Runs the program `webnn` on a GPU as users do:  cli_on_gpu.py BUILD MODELS [unittest's options]

BUILD has `webnn` and `tests/gpu_test`; MODELS is .deps/models. Only Python's standard library is
used, since machines with a GPU seldom have more. cli_on_gpu.sh finds both folders.
"""

import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = pathlib.Path()
MODELS = pathlib.Path()
BACKEND = os.environ.get("WEBNN_TEST_BACKEND", "tensorrt")
ON_GPU = BACKEND.startswith("tensorrt")
# Engines that are quick to build, where nothing else is asked for.
QUICK = ["--optimization-level", "0", "--precision", "float32"]


class Model:
    def __init__(self, file, *words):
        self.path = MODELS / file
        self.words = [str(self.path), *words]


def text_recognizer():
    return Model("rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", "--shape",
                 "x=1x3x48x320")


def text_detector():
    return Model("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", "--shape",
                 "x=1x3x640x640")


def file_classifier():
    return Model("magika/models/standard_v3_3/model.onnx", "--shape", "bytes=1x2048")


class Ended:
    """A program that has ended: its status, what it wrote, and when each line of errors came."""

    def __init__(self, running, begin):
        self.lines = []  # (seconds, text) of standard error
        self.output = ""
        self.begin = begin
        self.running = running

    @property
    def errors(self):
        return "".join(text for _, text in self.lines)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="webnn-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {**os.environ, "WEBNN_CACHE_DIR": str(self.folder / "cache"),
                            "NO_COLOR": "1"}

    def path(self, name):
        return self.folder / name

    def start(self, *words, **environment):
        # A shell's background jobs ignore Ctrl-C, and so would all that they start.
        return subprocess.Popen(
            [BUILD / "webnn", *words], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            env={**self.environment, **environment},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def webnn(self, *words, status=0, interrupt=None, **environment):
        """Runs the program; `interrupt(line, seconds)` says when to press Ctrl-C. Gives `Ended`;
        its `waited` is the time from then to the end."""
        begin = time.monotonic()
        running = self.start(*words, **environment)
        ended = Ended(running, begin)
        pressed = []

        def read_errors():
            for line in running.stderr:
                now = time.monotonic() - begin
                ended.lines.append((now, line))
                if interrupt is not None and not pressed and interrupt(line, now):
                    pressed.append(time.monotonic())
                    running.send_signal(signal.SIGINT)
        reader = threading.Thread(target=read_errors)
        reader.start()
        ended.output = running.stdout.read()
        code = running.wait()
        ended.seconds = time.monotonic() - begin
        if interrupt is not None:
            self.assertTrue(pressed, f"it ended by itself:\n{ended.errors}")
            ended.waited = time.monotonic() - pressed[0]
        reader.join()
        running.stdout.close()
        running.stderr.close()
        self.assertEqual(code, status, f"webnn {' '.join(map(str, words))}\n{ended.errors}")
        return ended

    def json(self, *words, **others):
        return json.loads(self.webnn(*words, "--json", **others).output)

    def on(self, command, model, *words, **others):
        """A command on a model and the back end, with quick engines unless words say otherwise."""
        options = [] if any(word in ("--optimization-level", "--precision") for word in words) \
            else QUICK
        return self.json(command, *model.words, "--backend", BACKEND, *options, *words, **others)

    def entries(self):
        return self.json("cache", "ls")["entries"]

    def engines(self):
        """Entries without what builds share: the timings of kernels."""
        return [entry for entry in self.entries() if "content" not in entry.get("key", {})]


def built(ended):
    """Whether a verbose program compiled, and did not find it in the cache."""
    return "compiling: build" in ended.errors


# ---- What is there. ----

class DevicesTest(Case):
    def backend(self, **environment):
        report = self.json("devices", **environment)
        return report, next(one for one in report["backends"] if one["backend"] == BACKEND)

    def test_all_is_told(self):
        report, backend = self.backend()
        self.assertTrue(backend["available"])
        self.assertRegex(backend["version"], r"^\d+\.\d+")
        self.assertTrue(pathlib.Path(backend["library"]).exists(), backend["library"])
        if not ON_GPU:
            return
        self.assertEqual(backend["device"].split()[0].rstrip(","), "cuda:0")
        self.assertRegex(report["driver"], r"^\d+")
        gpu = report["gpus"][0]
        self.assertEqual(gpu["device"], "cuda:0")
        self.assertGreater(float(gpu["computeCapability"]), 7)
        self.assertGreater(gpu["memoryBytes"], 1 << 30)
        text = self.webnn("devices").output
        for part in (BACKEND, backend["version"], gpu["name"], report["driver"]):
            self.assertIn(part, text)
        print(text)

    @unittest.skipUnless(ON_GPU, "of GPUs")
    def test_no_visible_gpu_is_a_reason(self):
        report, backend = self.backend(CUDA_VISIBLE_DEVICES="")
        self.assertFalse(backend["available"])
        self.assertIn("CUDA_VISIBLE_DEVICES", backend["reason"] + report.get("gpuReason", ""))
        model = file_classifier()
        ended = self.webnn("run", *model.words, "--backend", BACKEND, status=1,
                           CUDA_VISIBLE_DEVICES="")
        self.assertIn("CUDA_VISIBLE_DEVICES", ended.errors)

    @unittest.skipUnless(ON_GPU, "of GPUs")
    def test_a_device_that_is_not_there_is_named(self):
        model = file_classifier()
        ended = self.webnn("run", *model.words, "--backend", BACKEND, "--device", "cuda:97",
                           status=1)
        self.assertIn("cuda:97", ended.errors)
        ended = self.webnn("run", *model.words, "--backend", BACKEND, "--library", "/nowhere",
                           status=1)
        self.assertIn("/nowhere", ended.errors)


# ---- Running, and the cache. ----

class RunTest(Case):
    def run_model(self, *words, model=None):
        model = model or text_recognizer()
        ended = self.webnn("run", *model.words, "--backend", BACKEND, *QUICK, "--verbose",
                           "--json", *words)
        return ended, json.loads(ended.output)

    def test_the_second_run_takes_what_the_first_has_built(self):
        first, report = self.run_model("--output", "first.raw")
        self.assertTrue(built(first), first.errors)
        self.assertTrue(all(output["nan"] == 0 for output in report["outputs"]))
        self.assertEqual(len(self.engines()), 1)
        second, again = self.run_model("--output", "second.raw")
        self.assertFalse(built(second), second.errors)
        self.assertEqual(again["outputs"], report["outputs"])
        self.assertEqual(self.path("first.raw").read_bytes(), self.path("second.raw").read_bytes())
        self.assertEqual(len(self.engines()), 1)
        print(f"\nbuilt in {report['buildSeconds']:.2f} s, found in {again['buildSeconds']:.3f} s")
        self.assertLess(again["buildSeconds"], report["buildSeconds"])
        if ON_GPU:
            self.assertLess(again["buildSeconds"], 1)

    def test_nothing_is_kept_without_the_cache(self):
        self.assertTrue(built(self.run_model("--no-cache")[0]))
        self.assertFalse(self.path("cache").exists())

    def test_the_cache_is_listed_verified_and_explained(self):
        model = text_recognizer()
        explain = ["cache", "explain", *model.words, "--backend", BACKEND]
        self.assertFalse(self.json(*explain, *QUICK)["found"])
        self.run_model()
        self.assertTrue(self.json(*explain, *QUICK)["found"])
        entry = self.engines()[0]
        self.assertEqual(entry["key"]["backend"], BACKEND)
        self.assertEqual(entry["key"]["precision"], "float32")
        self.assertIn(entry["id"][:12], self.webnn("cache", "ls").output)
        shown = self.webnn("cache", "ls", entry["id"][:8]).output
        for field, value in entry["key"].items():
            self.assertIn(field, shown)
            self.assertIn(value, shown)
        other_size = [str(model.path), "--shape", "x=1x3x48x160"]
        changes = [("inputs", ["cache", "explain", *other_size, "--backend", BACKEND, *QUICK])]
        if ON_GPU:
            changes += [("precision", [*explain, "--optimization-level", "0", "--precision",
                                       "float16"]),
                        ("optimization level", [*explain, "--optimization-level", "1",
                                                "--precision", "float32"]),
                        ("workspace", [*explain, *QUICK, "--workspace", "1G"])]
        for field, words in changes:
            report = self.json(*words)
            self.assertFalse(report["found"])
            self.assertIn(field, [one["field"] for one in report["differences"]])

        self.assertRegex(self.webnn("cache", "verify").output, r"^\d+ entr\w+ checked, 0 damaged")
        file = self.path("cache") / f"{entry['id']}.entry"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(file.parent.stat().st_mode & 0o777, 0o700)
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[len(whole) * 2 // 3] ^= 16
        file.write_bytes(damaged)
        ended, report = self.run_model()  # A damaged engine is never run: it is built anew.
        self.assertTrue(built(ended), ended.errors)
        self.assertIn("damaged", ended.errors)
        file.write_bytes(damaged)
        self.assertIn(entry["id"], self.webnn("cache", "verify", status=1).output)
        self.assertEqual(self.engines(), [])
        self.run_model()
        self.webnn("cache", "rm", entry["id"][:12])
        self.assertEqual(self.engines(), [])
        self.webnn("cache", "clear")
        self.assertEqual(self.entries(), [])

    def test_a_folder_that_others_may_write_to_is_refused(self):
        self.path("cache").mkdir()
        self.path("cache").chmod(0o777)
        ended = self.webnn("run", *text_recognizer().words, "--backend", BACKEND, *QUICK, status=1)
        self.assertIn(str(self.path("cache")), ended.errors)
        self.assertEqual(list(self.path("cache").iterdir()), [])
        self.run_model("--no-cache")

    def test_integer_inputs_and_another_model(self):
        report = self.on("run", file_classifier(), "--input", "ones")
        self.assertEqual(report["outputs"][0]["nan"], 0)
        self.assertLessEqual(report["outputs"][0]["max"], 1)


class MeasureTest(Case):
    def test_bench(self):
        report = self.on("bench", text_recognizer(), "--seconds", "0.5")
        self.assertTrue(report["backend"].startswith(BACKEND), report["backend"])
        self.assertGreater(report["runs"], 5)
        self.assertLessEqual(report["minSeconds"], report["medianSeconds"])
        self.assertLessEqual(report["medianSeconds"], report["p99Seconds"])
        print(f"\nmedian {report['medianSeconds'] * 1e3:.3f} ms of {report['runs']} runs")
        text = self.webnn("bench", *text_recognizer().words, "--backend", BACKEND, *QUICK,
                          "--iterations", "5").output
        self.assertIn("median", text)

    def test_compare_with_what_was_stored(self):
        self.on("run", text_recognizer(), "--outputs", "expected.npz")
        report = self.on("compare", text_recognizer(), "--against", "expected.npz", "--ulp", "0")
        self.assertTrue(report["equal"])
        # And what is wrong is seen.
        ended = self.webnn("compare", *text_recognizer().words, "--backend", BACKEND, *QUICK,
                           "--input", "random:1", "--against", "expected.npz", status=1)
        self.assertIn("DIFFERS", ended.output)

    def test_compare_precisions(self):
        precision = "float16" if ON_GPU else "bfloat16"
        for model in (text_recognizer(), file_classifier()):
            # How near they are is the cosine's to tell.
            report = self.json("compare", *model.words, "--backend", BACKEND, "--backend", BACKEND,
                               "--optimization-level", "0", "--precision", precision, "--input",
                               "ones", "--atol", "1e9")
            self.assertIn("float32", report["reference"])
            for output in report["outputs"]:
                print(f"\n{model.path.name} {precision}: cosine {output['cosine']:.6f}", end="")
                self.assertGreaterEqual(output["cosine"], 0.999)

    def test_compare_with_a_back_end_on_the_cpu(self):
        others = [one["backend"] for one in self.json("devices")["backends"]
                  if one["available"] and one["backend"] != BACKEND and one["device"] == "cpu"]
        if not others:
            self.skipTest("no back end for the CPU is installed here")
        for other in others:
            report = self.on("compare", text_recognizer(), "--backend", other, "--atol", "1e-3")
            self.assertIn(other, report["reference"])
            self.assertGreaterEqual(report["outputs"][0]["cosine"], 0.99999)


# ---- Compiled files. ----

class CompileTest(Case):
    def setUp(self):
        super().setUp()
        self.model = text_recognizer()
        self.report = self.on("compile", self.model, "-o", "m.engine")

    def test_a_file_runs_without_its_model(self):
        self.assertTrue(self.report["backend"].startswith(BACKEND))
        self.assertEqual({file.name for file in self.folder.iterdir()} - {"cache"}, {"m.engine"})
        self.assertEqual(self.json("inspect", "m.engine")["key"], self.report["key"])
        ended = self.webnn("run", "m.engine", "--output", "file.raw", "--verbose")
        self.assertFalse(built(ended), ended.errors)
        self.on("run", self.model, "--output", "model.raw")
        self.assertEqual(self.path("file.raw").read_bytes(), self.path("model.raw").read_bytes())
        self.assertGreater(self.json("bench", "m.engine", "--seconds", "0.2")["runs"], 1)
        self.on("run", self.model, "--outputs", "expected.npz")
        self.assertTrue(self.json("compare", "m.engine", "--against", "expected.npz")["equal"])

    def test_of_another_gpu_or_version_is_refused(self):
        doctor = BUILD / "tests" / "gpu_test"
        # What the file says of itself is all that is wrong: its hashes are right.
        for field, text in (("device", "NVIDIA Other GPU"), ("version", "9.9.9.9")) + \
                ((("compute capability", "6.1"),) if BACKEND == "tensorrt" else ()):
            if field not in self.report["key"]:
                continue
            subprocess.run([doctor, "--child", "doctors-file", self.path("m.engine"),
                            self.path("other.engine"), field, text], check=True)
            self.assertEqual(self.json("inspect", "other.engine")["key"][field], text)
            for command in ("run", "bench"):
                ended = self.webnn(command, "other.engine", status=1)
                self.assertIn(text, ended.errors)
            print(f"\n{ended.errors.strip()}", end="")
        self.webnn("run", "m.engine")

    def test_damaged_is_refused(self):
        whole = self.path("m.engine").read_bytes()
        for place in (30, 100, len(whole) // 2, len(whole) - 1):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            self.path("bad.engine").write_bytes(damaged)
            self.assertIn("bad.engine", self.webnn("run", "bad.engine", status=1).errors)
        self.path("bad.engine").write_bytes(whole[:-1])
        self.webnn("run", "bad.engine", status=1)


# ---- Long compilations. ----

class LongTest(Case):
    # Minutes of building, if nobody ends it.
    words = ["--backend", BACKEND, "--optimization-level", "5", "--precision",
             "float16" if ON_GPU else "float32", "--verbose"]

    def interrupt(self, *words, after):
        first = []

        def now(line, seconds):
            if "compiling: " in line and not first:
                first.append(seconds)
            return (bool(first) if after is None
                    else "compiling: build" in line and seconds - first[0] >= after)
        ended = self.webnn(*words, status=130, interrupt=now)
        self.assertRegex(ended.errors, r"webnn \w+: interrupted")
        print(f"\nended {ended.waited:.2f} s after Ctrl-C, {ended.seconds:.1f} s after its start",
              end="")
        self.assertLess(ended.waited, 2)
        return ended

    @unittest.skipUnless(ON_GPU, "too quick elsewhere")
    def test_ctrl_c_ends_it_and_leaves_nothing(self):
        model = text_detector()
        self.path("m.engine").write_bytes(b"old")
        for after in (None, 0, 2):  # As soon as possible; in the builder; deep in the builder.
            self.interrupt("compile", *model.words, *self.words, "-o", "m.engine", after=after)
            self.interrupt("run", *model.words, *self.words, after=after)
        self.assertEqual(self.path("m.engine").read_bytes(), b"old")
        self.assertEqual({file.name for file in self.folder.iterdir()} - {"cache"}, {"m.engine"})
        self.assertEqual(self.engines(), [])
        left = [file.name for file in self.path("cache").iterdir()
                if not file.name.endswith((".entry", ".lock"))]
        self.assertEqual(left, [])
        # Nor is anything locked: the same graph can be built at once, at another level.
        self.on("run", model)

    def test_progress_comes_every_second(self):
        words = ["compile", *text_recognizer().words, "--backend", BACKEND, "--no-cache", "-o",
                 "m.engine"]
        ended = self.webnn(*words, "--precision", "float32", "--verbose")
        times = [0] + [seconds for seconds, line in ended.lines if "compiling: " in line]
        self.assertRegex(ended.errors, r"webnn compile: compiling: build \d+ %, \d+\.\d s\n")
        gap = max(later - before for before, later in zip(times, times[1:] + [ended.seconds]))
        print(f"\n{len(times) - 1} lines in {ended.seconds:.1f} s, at most {gap:.2f} s apart",
              end="")
        # Calls come every second at least, and lines that come less than half a second after the
        # last are left out.
        self.assertLess(gap, 1.6)
        self.assertNotIn("compiling", self.webnn(*words, *QUICK).errors)

    def test_a_terminal_has_a_bar(self):
        parent, child = pty.openpty()
        running = subprocess.Popen(
            [BUILD / "webnn", "compile", *text_recognizer().words, "--backend", BACKEND, *QUICK,
             "-o", "m.engine", "--no-cache"], cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=child, env={**self.environment, "TERM": "xterm"})
        os.close(child)
        shown = b""
        try:
            while block := os.read(parent, 4096):
                shown += block
        except OSError:
            pass  # the end of a terminal
        os.close(parent)
        self.assertEqual(running.wait(), 0, shown.decode())
        self.assertRegex(shown.decode(), r"\rcompiling \[.*\] +\d+ % build, \d+ s")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), "the bar stays")


def main():
    global BUILD, MODELS
    BUILD, MODELS = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    found = subprocess.run([BUILD / "webnn", "devices", "--json"], capture_output=True, text=True,
                           check=False)
    backends = json.loads(found.stdout)["backends"]
    backend = next((one for one in backends if one["backend"] == BACKEND), None)
    if backend is None or not backend["available"]:
        print(f"{BACKEND} cannot be used here: {backend and backend['reason']}")
        return 77
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
