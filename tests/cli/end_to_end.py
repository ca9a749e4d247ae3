#!/usr/bin/env python3
"""Runs the program `webnn` as users do:  end_to_end.py PROGRAM [unittest's options]

Small models are made here; results are compared with ONNX Runtime's own Python package and with
NumPy. Needs the packages onnx, onnxruntime and numpy.
"""

import io
import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
import zlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

PROGRAM = ""
COMMANDS = ["run", "inspect", "convert", "compile", "compare", "bench", "ops", "devices", "cache",
            "completion", "man"]


# ---- Models. ----

def model(nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(
        nodes, "test", [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def classifier(seed=0, size=8):
    """A picture of any batch to five classes."""
    random = np.random.RandomState(seed)
    return model(
        [helper.make_node("Conv", ["image", "kernel"], ["c"], name="conv", pads=[1, 1, 1, 1]),
         helper.make_node("Relu", ["c"], ["r"], name="relu"),
         helper.make_node("GlobalAveragePool", ["r"], ["p"], name="pool"),
         helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
         helper.make_node("MatMul", ["f", "matrix"], ["m"], name="classes"),
         helper.make_node("Softmax", ["m"], ["scores"], name="softmax", axis=1)],
        [("image", TensorProto.FLOAT, ["batch", 3, size, size])],
        [("scores", TensorProto.FLOAT, ["batch", 5])],
        [("kernel", random.randn(4, 3, 3, 3).astype(np.float32)),
         ("matrix", random.randn(4, 5).astype(np.float32))])


def two_inputs():
    return model(
        [helper.make_node("Gather", ["table", "ids"], ["g"], name="gather"),
         helper.make_node("Mul", ["g", "mask"], ["y"], name="mul"),
         helper.make_node("Add", ["ids", "ids"], ["twice"], name="add")],
        [("ids", TensorProto.INT64, [4]), ("mask", TensorProto.FLOAT, [4])],
        [("y", TensorProto.FLOAT, [4]), ("twice", TensorProto.INT64, [4])],
        [("table", np.arange(20, dtype=np.float32) / 4)])


def pass_through(shape, element=TensorProto.FLOAT):
    return model([helper.make_node("Identity", ["x"], ["y"])], [("x", element, shape)],
                 [("y", element, shape)])


# ---- Files. ----

def png(path, pixels):
    """An 8-bit RGB picture of shape [height, width, 3]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + pixels[y].tobytes() for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg(path, level):
    """A grey baseline picture of 8 x 8 pixels, all `level`: one block with a DC coefficient."""
    def segment(marker, data):
        return struct.pack(">BBH", 0xff, marker, len(data) + 2) + data
    dc = round((level - 128) * 8)  # quantised by 1
    size = abs(dc).bit_length()
    bits = f"{'0'}{(dc if dc >= 0 else dc + (1 << size) - 1):0{size}b}" if size else "0"
    bits += "0"  # end of block
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    one_code = bytes([1] + [0] * 15)
    path.write_bytes(
        b"\xff\xd8" + segment(0xdb, b"\0" + bytes([1] * 64)) +
        segment(0xc0, struct.pack(">BHHB", 8, 8, 8, 1) + bytes([1, 0x11, 0])) +
        segment(0xc4, b"\x00" + one_code + bytes([size])) +
        segment(0xc4, b"\x10" + one_code + bytes([0])) +
        segment(0xda, bytes([1, 1, 0, 0, 63, 0])) + scan + b"\xff\xd9")


# ---- What the documentation promises. ----

def random_floats(name, count, seed=0):
    mask = (1 << 64) - 1
    state = 0xcbf29ce484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001b3 & mask
    state ^= seed
    values = []
    for _ in range(count):
        state = (state + 0x9e3779b97f4a7c15) & mask
        bits = state
        bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9 & mask
        bits = (bits ^ bits >> 27) * 0x94d049bb133111eb & mask
        bits ^= bits >> 31
        values.append((bits >> 11) * 2.0**-52 - 1)
    return np.array(values, np.float64).astype(np.float32)


def sample(pixels, full_height, full_width, top, left, height, width):
    """Bilinear, centres of pixels at their halves: a window of the picture scaled to full size."""
    def taps(old, full, begin, size):
        at = np.clip((np.arange(size) + begin + 0.5) * old / full - 0.5, 0, old - 1)
        first = np.floor(at).astype(int)
        return first, np.minimum(first + 1, old - 1), at - first
    y0, y1, dy = taps(pixels.shape[0], full_height, top, height)
    x0, x1, dx = taps(pixels.shape[1], full_width, left, width)
    dx = dx[None, :, None]
    dy = dy[:, None, None]
    upper = pixels[y0][:, x0] * (1 - dx) + pixels[y0][:, x1] * dx
    lower = pixels[y1][:, x0] * (1 - dx) + pixels[y1][:, x1] * dx
    return upper * (1 - dy) + lower * dy


def resized(pixels, mode, size):
    pixels = pixels.astype(np.float64)
    height, width, _ = pixels.shape
    if mode == "stretch":
        return sample(pixels, size, size, 0, 0, size, size)
    ratio = (max if mode == "crop" else min)(size / height, size / width)
    full_height = max(1, int(height * ratio + 0.5))
    full_width = max(1, int(width * ratio + 0.5))
    if mode == "crop":
        return sample(pixels, full_height, full_width, (full_height - size) // 2,
                      (full_width - size) // 2, size, size)
    canvas = np.zeros((size, size, 3))
    top, left = (size - full_height) // 2, (size - full_width) // 2
    canvas[top:top + full_height, left:left + full_width] = sample(
        pixels, full_height, full_width, 0, 0, full_height, full_width)
    return canvas


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="webnn-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        cache = tempfile.mkdtemp(prefix="webnn-cache-")
        self.addCleanup(shutil.rmtree, cache)
        self.environment = {**os.environ, "WEBNN_CACHE_DIR": cache}

    def path(self, name):
        return self.folder / name

    def save(self, name, made):
        onnx.save(made, self.path(name))
        return name

    def webnn(self, *words, status=0, environment=None):
        """Runs the program in the folder; returns standard output and standard error."""
        ran = subprocess.run([PROGRAM, *map(str, words)], cwd=self.folder, capture_output=True,
                             text=True, timeout=120, stdin=subprocess.DEVNULL,
                             env={**self.environment, **(environment or {})}, check=False)
        self.assertEqual(ran.returncode, status, f"{words}\n{ran.stdout}\n{ran.stderr}")
        self.assertNotIn("\x1b", ran.stdout + ran.stderr, "colours without a terminal")
        return ran.stdout, ran.stderr

    def json(self, *words, status=0):
        return json.loads(self.webnn(*words, "--json", status=status)[0])

    def refused(self, status, text, *words):
        """The program fails with this status, says this in a line of its own, and leaves no file behind."""
        before = sorted(self.folder.iterdir())
        output, errors = self.webnn(*words, status=status)
        complaint = [line for line in errors.splitlines() if text in line]
        self.assertTrue(complaint and complaint[0].startswith("webnn"), errors)
        self.assertEqual(output, "")
        self.assertEqual(sorted(self.folder.iterdir()), before, "files were left behind")
        return errors

    def reference(self, name, **inputs):
        session = onnxruntime.InferenceSession(self.path(name),
                                               providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, inputs)))

    def close(self, got, expected):
        self.assertEqual(got.dtype, expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


class HelpTest(Case):
    def test_every_command_has_help_with_examples(self):
        for command in COMMANDS:
            text, _ = self.webnn(command, "--help")
            self.assertIn(f"Usage: webnn {command}", text)
            self.assertIn("Examples:", text)
            self.assertEqual(self.webnn("help", command)[0], text)
            self.assertLessEqual(max(map(len, text.splitlines())), 160)

    def test_the_program_alone(self):
        for command in COMMANDS:
            self.assertIn(f"  {command}", self.webnn("--help")[0])
        self.assertRegex(self.webnn("--version")[0], r"^webnn \d+\.\d+\.\d+\n$")
        ran = subprocess.run([PROGRAM], capture_output=True, text=True, check=False)
        self.assertEqual((ran.returncode, ran.stdout), (2, ""))

    def test_typos(self):
        self.refused(2, 'did you mean "inspect"?', "inspct")
        self.refused(2, 'did you mean "--input"?', "run", "m.onnx", "--inptu", "x=ones")
        self.refused(2, 'did you mean "softmax"?', "ops", "sofmax")
        self.refused(2, 'did you mean "onnxruntime"?', "run", "m.onnx", "--backend", "onnxrutnime")
        self.refused(2, "MODEL is missing", "run")
        self.refused(2, 'no command "rnu" (did you mean "run"?)', "help", "rnu")

    def test_what_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            ran = subprocess.run([PROGRAM, "ops"], stdout=full, stderr=subprocess.PIPE, text=True,
                                 check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("cannot write to standard output", ran.stderr)

    def test_colours_are_for_terminals(self):
        def on_terminal(**environment):
            parent, child = pty.openpty()
            subprocess.run([PROGRAM, "--help"], stdout=child, check=True,
                           env={**os.environ, "TERM": "xterm", **environment})
            os.close(child)
            text = b""
            try:
                while block := os.read(parent, 4096):
                    text += block
            except OSError:
                pass  # the end of a terminal
            os.close(parent)
            return text
        self.assertIn(b"\x1b[", on_terminal())
        self.assertNotIn(b"\x1b[", on_terminal(NO_COLOR="1"))
        self.assertNotIn(b"\x1b[", on_terminal(TERM="dumb"))


class RunTest(Case):
    def test_without_inputs_numbers_are_random_and_always_the_same(self):
        self.save("m.onnx", classifier())
        text, notes = self.webnn("run", "m.onnx", "--outputs", "out.npz")
        self.assertIn("scores", text)
        self.assertIn("random numbers for image float32[1, 3, 8, 8]", notes)
        self.assertIn("taking 1", notes)
        image = random_floats("image", 192).reshape(1, 3, 8, 8)
        self.close(np.load(self.path("out.npz"))["scores"],
                   self.reference("m.onnx", image=image)["scores"])
        self.webnn("run", "m.onnx", "--input", "image=random:7", "--output", "scores.npy")
        image = random_floats("image", 192, 7).reshape(1, 3, 8, 8)
        self.close(np.load(self.path("scores.npy")),
                   self.reference("m.onnx", image=image)["scores"])

    def test_arrays_in_every_form(self):
        self.save("m.onnx", classifier())
        image = np.random.RandomState(1).randn(2, 3, 8, 8).astype(np.float32)
        expected = self.reference("m.onnx", image=image)["scores"]
        np.save(self.path("c.npy"), image)
        np.save(self.path("fortran.npy"), np.asfortranarray(image))
        np.save(self.path("big.npy"), image.astype(">f4"))
        np.savez(self.path("stored.npz"), image=image)
        np.savez_compressed(self.path("packed.npz"), other=image, image=image)
        self.path("i.raw").write_bytes(image.tobytes())
        for source in ("image=c.npy", "c.npy", "image=fortran.npy", "image=big.npy", "stored.npz",
                       "image=stored.npz", "packed.npz", "image=packed.npz:other"):
            self.webnn("run", "m.onnx", "--input", source, "--output", "scores=y.npy")
            self.close(np.load(self.path("y.npy")), expected)
        self.webnn("run", "m.onnx", "--dim", "batch=2", "--input", "image=i.raw", "--output",
                   "scores=y.raw")
        self.close(np.frombuffer(self.path("y.raw").read_bytes(), np.float32).reshape(2, 5),
                   expected)

    def test_several_inputs_and_outputs(self):
        self.save("m.onnx", two_inputs())
        ids = np.array([1, 5, 19, 0])
        np.save(self.path("ids.npy"), ids)
        self.webnn("run", "m.onnx", "--input", "ids=ids.npy", "--input", "mask=value:2",
                   "--outputs", "out.npz")
        out = np.load(self.path("out.npz"))
        self.close(out["y"], (ids / 4 * 2).astype(np.float32))
        self.close(out["twice"], ids * 2)
        errors = self.refused(2, "the input mask float32[4] is missing", "run", "m.onnx", "--input",
                              "ids=ids.npy")
        self.assertIn("hint: --input mask=FILE.npy", errors)
        self.refused(2, "has 2 outputs", "run", "m.onnx", "--output", "y.npy")
        self.refused(2, 'no output "z"', "run", "m.onnx", "--output", "z=y.npy")
        self.refused(2, 'no input "idz" (did you mean "ids"?)', "run", "m.onnx", "--input",
                     "idz=ones")

    def test_types(self):
        for element, dtype in ((TensorProto.FLOAT16, np.float16), (TensorProto.INT8, np.int8),
                               (TensorProto.UINT8, np.uint8), (TensorProto.INT32, np.int32),
                               (TensorProto.UINT32, np.uint32), (TensorProto.INT64, np.int64),
                               (TensorProto.UINT64, np.uint64)):
            self.save("t.onnx", pass_through([3], element))
            array = np.array([0, 1, 100], dtype)
            np.save(self.path("x.npy"), array)
            self.webnn("run", "t.onnx", "--input", "x.npy", "--output", "y.npy")
            self.close(np.load(self.path("y.npy")), array)
            np.save(self.path("wide.npy"), array.astype(np.float64))
            errors = self.refused(2, "has data type float64", "run", "t.onnx", "--input",
                                  "wide.npy")
            self.assertIn("--cast", errors)
            self.webnn("run", "t.onnx", "--input", "wide.npy", "--output", "y.npy", "--cast")
            self.close(np.load(self.path("y.npy")), array)
        np.save(self.path("bool.npy"), np.array([True, False, True]))
        self.save("t.onnx", pass_through([3], TensorProto.UINT8))
        self.webnn("run", "t.onnx", "--input", "bool.npy", "--output", "y.npy")
        self.close(np.load(self.path("y.npy")), np.array([1, 0, 1], np.uint8))
        np.save(self.path("large.npy"), np.array([1, 2, 300]))
        self.refused(2, "element [2] is 300, which uint8 cannot hold", "run", "t.onnx", "--input",
                     "large.npy", "--cast")

    def test_pictures(self):
        self.save("m.onnx", pass_through([1, 3, 6, 6]))
        pixels = np.random.RandomState(2).randint(0, 256, (9, 14, 3)).astype(np.uint8)
        png(self.path("p.png"), pixels)
        mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        for mode in ("stretch", "crop", "pad"):
            self.webnn("run", "m.onnx", "--input", "x=p.png", "--resize", mode, "--mean",
                       "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--output", "y.npy")
            expected = ((resized(pixels, mode, 6) / 255 - mean) / deviation).transpose(2, 0, 1)
            self.close(np.load(self.path("y.npy")), expected[None].astype(np.float32))
        errors = self.refused(2, "14 x 9 pixels, the model takes 6 x 6", "run", "m.onnx", "--input",
                              "x=p.png")
        self.assertIn("--resize", errors)

    def test_layouts_and_channels_of_pictures(self):
        pixels = np.random.RandomState(3).randint(0, 256, (4, 5, 3)).astype(np.uint8)
        png(self.path("p.png"), pixels)
        self.save("open.onnx", pass_through(["n", 3, "h", "w"]))
        self.webnn("run", "open.onnx", "--input", "p.png", "--channels", "bgr", "--scale", "1",
                   "--output", "y.npy")
        self.close(np.load(self.path("y.npy")),
                   pixels[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32))
        self.save("last.onnx", pass_through([1, 4, 5, 3], TensorProto.UINT8))
        self.webnn("run", "last.onnx", "--input", "p.png", "--output", "y.npy")
        self.close(np.load(self.path("y.npy")), pixels[None])
        self.save("gray.onnx", pass_through([1, 1, 4, 5]))
        self.webnn("run", "gray.onnx", "--input", "p.png", "--scale", "1", "--output", "y.npy")
        gray = pixels @ np.array([0.299, 0.587, 0.114])
        self.close(np.load(self.path("y.npy")), gray[None, None].astype(np.float32))

    def test_jpeg(self):
        self.save("m.onnx", pass_through([1, 1, 8, 8]))
        jpeg(self.path("p.jpg"), 200)
        self.webnn("run", "m.onnx", "--input", "p.jpg", "--scale", "1", "--output", "y.npy")
        np.testing.assert_allclose(np.load(self.path("y.npy")), 200, atol=1)

    def test_summary_and_top(self):
        self.save("m.onnx", pass_through([2, 3]))
        np.save(self.path("x.npy"), np.array([[1, 3, 2], [np.nan, -1, 5]], np.float32))
        self.path("labels.txt").write_text("cat\ndog\r\nbird\n", encoding="utf-8")
        report = self.json("run", "m.onnx", "--input", "x.npy", "--top", "2", "--labels",
                           "labels.txt")
        output = report["outputs"][0]
        self.assertEqual((output["name"], output["dataType"], output["shape"]),
                         ("y", "float32", [2, 3]))
        self.assertEqual((output["min"], output["max"], output["mean"], output["nan"]),
                         (-1, 5, 2, 1))
        self.assertEqual(output["first"], [1, 3, 2, "NaN"])
        self.assertEqual([[one["label"] for one in row] for row in output["top"]],
                         [["dog", "bird"], ["bird", "dog"]])
        self.assertEqual(report["inputs"][0]["source"], "x.npy")
        text, _ = self.webnn("run", "m.onnx", "--input", "x.npy", "--top", "2", "--labels",
                             "labels.txt")
        self.assertIn("      1      3  dog\n", text)
        self.refused(2, "--labels needs --top", "run", "m.onnx", "--labels", "labels.txt")

    def test_engine_options(self):
        self.save("m.onnx", pass_through([4]))
        self.webnn("run", "m.onnx", "--precision", "float32", "--workspace", "512M",
                   "--optimization-level", "0", "--no-cache", "--device", "cpu")
        errors = self.refused(2, 'did you mean "float16"?', "run", "m.onnx", "--precision",
                              "float61")
        self.assertIn("auto, float32, tf32, bfloat16, float16", errors)
        self.refused(1, "precision float16 is not available on the CPU", "run", "m.onnx",
                     "--backend", "onnxruntime", "--precision", "float16")
        self.refused(2, "--optimization-level takes a number from 0 to 5", "bench", "m.onnx",
                     "--optimization-level", "6")
        for size in ("2X", "G", "-1", "1.5G", "99999999999T", "5MB"):
            self.refused(2, "--workspace takes a size", "run", "m.onnx", f"--workspace={size}")
        self.refused(1, "there is no device 'cuda:0'; the devices are: cpu", "run", "m.onnx",
                     "--backend", "onnxruntime", "--device", "cuda:0")

    def test_open_sizes(self):
        self.save("m.onnx", pass_through(["n", 3, "h", "w"]))
        errors = self.refused(2, "leaves sizes of the input x [n, 3, h, w] open", "run", "m.onnx")
        self.assertIn("--dim h=SIZE --dim w=SIZE", errors)
        for words in (["--dim", "h=4", "--dim", "w=5"], ["--shape", "x=1x3x4x5"]):
            self.assertEqual(self.json("run", "m.onnx", *words)["outputs"][0]["shape"],
                             [1, 3, 4, 5])
        self.save("two.onnx", model([helper.make_node("Add", ["a", "b"], ["y"])],
                                    [("a", TensorProto.FLOAT, ["n", "m"]),
                                     ("b", TensorProto.FLOAT, ["k", "m"])],
                                    [("y", TensorProto.FLOAT, ["n", "m"])]))
        np.save(self.path("b.npy"), np.ones((1, 3), np.float32))
        report = self.json("run", "two.onnx", "--input", "b=b.npy", "--input", "random")
        self.assertEqual([one["shape"] for one in report["inputs"]], [[1, 3], [1, 3]])
        self.refused(2, "is no size", "run", "m.onnx", "--dim", "h=0")
        self.refused(2, "is no size", "run", "m.onnx", "--shape", "x=1x3xax5")
        self.refused(2, "--dim takes NAME=", "run", "m.onnx", "--dim", "4")
        self.refused(2, 'no input has a dimension "hh"', "run", "m.onnx", "--dim", "hh=4")
        self.refused(2, 'no input is named "xx"', "run", "m.onnx", "--shape", "xx=4")
        self.refused(2, "[1, 4, 4, 4] does not fit the input x [n, 3, h, w]", "run", "m.onnx",
                     "--shape", "x=1x4x4x4")

    def test_an_input_that_is_a_constant(self):
        self.save("m.onnx", model([helper.make_node("Mul", ["x", "k"], ["y"])],
                                  [("x", TensorProto.FLOAT, [2]), ("k", TensorProto.FLOAT, [])],
                                  [("y", TensorProto.FLOAT, [2])]))
        report = self.json("run", "m.onnx", "--constant", "k=2.5", "--input", "x=value:4")
        self.assertEqual([one["name"] for one in report["inputs"]], ["x"])
        self.assertEqual(report["outputs"][0]["max"], 10)
        self.refused(2, '"two" is no number', "run", "m.onnx", "--constant", "k=two")
        self.refused(2, "--constant takes NAME=", "run", "m.onnx", "--constant", "2")
        self.refused(2, 'no input is named "kk"', "run", "m.onnx", "--constant", "kk=2")

    def test_bad_files(self):
        self.save("m.onnx", pass_through([1, 3, 8, 8]))
        array = np.zeros((1, 3, 8, 8), np.float32)
        buffer = io.BytesIO()
        np.save(buffer, array)
        whole = buffer.getvalue()
        self.path("text.npy").write_text("these are no numbers", encoding="utf-8")
        self.path("short.npy").write_bytes(whole[:200])
        self.path("empty.npy").write_bytes(b"")
        self.path("text.png").write_text("this is no picture", encoding="utf-8")
        self.path("text.npz").write_text("this is no archive", encoding="utf-8")
        np.savez(self.path("whole.npz"), x=array)
        self.path("short.npz").write_bytes(self.path("whole.npz").read_bytes()[:500])
        png(self.path("whole.png"), np.zeros((8, 8, 3), np.uint8))
        self.path("short.png").write_bytes(self.path("whole.png").read_bytes()[:50])
        np.save(self.path("complex.npy"), array.astype(np.complex64))
        np.save(self.path("object.npy"), np.array([{}], dtype=object))
        self.path("few.raw").write_bytes(b"1234")
        for source, text in (("text.npy", "does not begin like a .npy file"),
                             ("short.npy", "needs 768 bytes"),
                             ("empty.npy", "does not begin like a .npy file"),
                             ("text.png", "is no picture"), ("short.png", "damaged"),
                             ("text.npz", "damaged"), ("short.npz", "damaged"),
                             ("complex.npy", "c8"), ("object.npy", '"O"'),
                             ("nowhere.npy", "No such file"), ("nowhere.png", "No such file"),
                             ("whole.npz:y", 'no array "y"'), (".", "")):
            self.refused(1, text, "run", "m.onnx", "--input", f"x={source}", "--output", "y.npy")
        self.refused(2, "4 bytes", "run", "m.onnx", "--input", "x=few.raw")
        np.save(self.path("flat.npy"), array.reshape(-1))
        self.refused(2, "shape [192], the model takes [1, 3, 8, 8]", "run", "m.onnx", "--input",
                     "x=flat.npy")
        for source in ("zeross", "random:x", "value:x", ""):
            self.webnn("run", "m.onnx", "--input", f"x={source}",
                       status=1 if source == "zeross" else 2)

    def test_a_bomb_is_no_memory(self):
        """A small archive that claims far more than it can hold."""
        with zipfile.ZipFile(self.path("bomb.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", b"\0" * 1000)
        data = bytearray(self.path("bomb.npz").read_bytes())
        at = data.find(b"PK\x01\x02")
        data[at + 24:at + 28] = struct.pack("<I", 0xfffffff0)
        self.path("bomb.npz").write_bytes(data)
        self.save("m.onnx", pass_through([4]))
        self.refused(1, "sizes", "run", "m.onnx", "--input", "bomb.npz")

    def test_bad_models(self):
        self.path("text.onnx").write_text("this is no model", encoding="utf-8")
        self.path("empty.onnx").write_bytes(b"")
        self.path("text.webnn").write_text("webnn_graph {", encoding="utf-8")
        self.path("text.json").write_text("{", encoding="utf-8")
        self.save("whole.onnx", classifier())
        whole = self.path("whole.onnx").read_bytes()
        self.path("short.onnx").write_bytes(whole[:len(whole) // 2])
        for name in ("text.onnx", "empty.onnx", "text.webnn", "text.json", "short.onnx",
                     "nowhere.onnx"):
            self.refused(1, name, "run", name)
            self.refused(1, name, "inspect", name)
            self.refused(1, name, "convert", name, "out.webnn")

    def test_outputs_that_cannot_be_written(self):
        self.save("m.onnx", pass_through([4]))
        self.refused(1, "cannot write", "run", "m.onnx", "--output", "nowhere/y.npy")
        self.refused(1, "cannot write", "run", "m.onnx", "--outputs", "nowhere/y.npz")
        self.refused(2, "must end in .npy", "run", "m.onnx", "--output", "y.txt")
        self.refused(2, "must end in .npz", "run", "m.onnx", "--outputs", "y.npy")


class InspectTest(Case):
    def test_json(self):
        self.save("m.onnx", classifier())
        report = self.json("inspect", "m.onnx")
        self.assertEqual(report["format"], "onnx")
        self.assertEqual(report["inputs"], [{"name": "image", "dataType": "float32",
                                             "shape": ["batch", 3, 8, 8]}])
        self.assertEqual(report["outputs"][0]["name"], "scores")
        self.assertEqual(report["weights"], {"count": 2, "bytes": (108 + 20) * 4})
        self.assertEqual(report["operators"], {"Conv": 1, "Flatten": 1, "GlobalAveragePool": 1,
                                               "MatMul": 1, "Relu": 1, "Softmax": 1})
        self.assertTrue(report["loaded"])
        self.assertEqual(report["unsupported"], [])
        self.assertEqual(report["webnnOperators"]["conv2d"], 1)
        self.assertEqual(report["backends"][0]["refusals"], [])

    def test_what_is_unsupported_is_listed(self):
        self.save("m.onnx", model(
            [helper.make_node("NonZero", ["x"], ["a"], name="first"),
             helper.make_node("NonZero", ["x"], ["b"], name="second")],
            [("x", TensorProto.FLOAT, [4])],
            [("a", TensorProto.INT64, [1, "n"]), ("b", TensorProto.INT64, [1, "n"])]))
        report = self.json("inspect", "m.onnx")
        self.assertFalse(report["loaded"])
        self.assertEqual([(one["op"], one["node"]) for one in report["unsupported"]],
                         [("NonZero", "first"), ("NonZero", "second")])
        self.assertTrue(all(one["reason"] for one in report["unsupported"]))
        text, _ = self.webnn("inspect", "m.onnx")
        self.assertIn("unsupported: 2", text)
        self.refused(1, "cannot be loaded", "inspect", "m.onnx", "--graph")
        self.refused(1, "cannot be loaded", "inspect", "m.onnx", "--dot", "g.dot")

    def test_graph_and_picture(self):
        self.save("m.onnx", classifier())
        text, _ = self.webnn("inspect", "m.onnx", "--graph", "--dot", "g.dot")
        self.assertIn('= input("image")', text)
        self.assertIn("conv2d(", text)
        self.assertTrue(self.path("g.dot").read_text(encoding="utf-8").startswith("digraph"))

    def test_open_sizes_do_not_hide_the_file(self):
        self.save("m.onnx", pass_through(["n", 3, "h", "w"]))
        report = self.json("inspect", "m.onnx")
        self.assertFalse(report["loaded"])
        self.assertIn("open", report["problem"])
        self.assertTrue(self.json("inspect", "m.onnx", "--dim", "h=2", "--dim", "w=2")["loaded"])


class ConvertTest(Case):
    def test_from_any_format_to_any(self):
        self.save("m.onnx", classifier())
        image = random_floats("image", 192).reshape(1, 3, 8, 8)
        expected = self.reference("m.onnx", image=image)["scores"]
        for start, end in (("m.onnx", "a.webnn"), ("a.webnn", "b.json"), ("b.json", "c.onnx"),
                           ("c.onnx", "d.json"), ("d.json", "e.webnn"), ("e.webnn", "f.onnx")):
            text, _ = self.webnn("convert", start, end)
            self.assertIn(end, text)
            self.webnn("run", end, "--output", "scores.npy")
            self.close(np.load(self.path("scores.npy")), expected)
            if end.endswith(".onnx"):
                onnx.checker.check_model(onnx.load(self.path(end)), full_check=True)
                self.close(self.reference(end, image=image)["scores"], expected)
        self.assertTrue(self.path("a.safetensors").exists())

    def test_where_weights_are(self):
        # Large enough not to be a part of the operators.
        self.save("m.onnx", model([helper.make_node("Add", ["x", "w"], ["y"])],
                                  [("x", TensorProto.FLOAT, [1000])],
                                  [("y", TensorProto.FLOAT, [1000])],
                                  [("w", np.arange(1000, dtype=np.float32))]))
        self.webnn("convert", "m.onnx", "external.onnx", "--external")
        self.assertTrue(self.path("external.onnx.data").exists())
        self.webnn("convert", "m.onnx", "embedded.webnn", "--embed")
        self.assertFalse(self.path("embedded.safetensors").exists())
        for name in ("external.onnx", "embedded.webnn"):
            self.webnn("run", name, "--input", "ones", "--output", "y.npy")
            self.close(np.load(self.path("y.npy")), np.arange(1000, dtype=np.float32) + 1)

    def test_bad_use(self):
        self.save("m.onnx", classifier())
        self.refused(2, "does not tell the format", "convert", "m.onnx", "m.txt")
        self.refused(2, "exclude each other", "convert", "m.onnx", "x.onnx", "--embed",
                     "--external")
        self.refused(2, "--to is one of", "convert", "m.onnx", "x", "--to", "tflite")
        self.refused(1, "cannot write", "convert", "m.onnx", "nowhere/m.webnn")
        self.webnn("convert", "m.onnx", "named", "--to", "json")
        self.assertEqual(json.loads(self.path("named").read_bytes())["format"],
                         "webnn-graph-json")


def many_layers(count):
    """Takes seconds to compile."""
    random = np.random.RandomState(0)
    nodes, weights, last = [], [], "x"
    for i in range(count):
        weights.append((f"w{i}", random.randn(8, 8, 3, 3).astype(np.float32)))
        nodes += [helper.make_node("Conv", [last, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]),
                  helper.make_node("Sin", [f"c{i}"], [f"s{i}"]),
                  helper.make_node("Softmax", [f"s{i}"], [f"t{i}"], axis=1 + i % 3)]
        last = f"t{i}"
    return model(nodes, [("x", TensorProto.FLOAT, [1, 8, 16, 16])],
                 [(last, TensorProto.FLOAT, [1, 8, 16, 16])], weights)


class AheadOfTimeTest(Case):
    """TensorRT-RTX, which compiles without a GPU, where its library is installed."""

    def setUp(self):
        super().setUp()
        backends = self.json("devices")["backends"]
        rtx = [one for one in backends if one["backend"] == "tensorrt-rtx"]
        if not rtx or "library" not in rtx[0]:
            self.skipTest("there is no TensorRT-RTX")

    def compile(self, *words, **others):
        return self.webnn("compile", "m.onnx", "-o", "m.rtx", "--backend", "tensorrt-rtx", *words,
                          **others)

    def test_a_file_says_what_it_is_for(self):
        self.save("m.onnx", classifier())
        text, _ = self.compile("--target", "sm120,sm86", "--precision", "bfloat16")
        self.assertIn("m.rtx: 6 operators", text)
        self.assertIn("precision bfloat16, targets sm86 sm120", text)
        self.assertEqual({file.name for file in self.folder.iterdir()}, {"m.onnx", "m.rtx"})
        report = self.json("inspect", "m.rtx")
        self.assertEqual(report["inputs"], [{"name": "image", "dataType": "float32",
                                             "shape": [1, 3, 8, 8]}])
        self.assertEqual(report["outputs"], [{"name": "scores", "dataType": "float32",
                                              "shape": [1, 5]}])
        self.assertEqual(report["key"]["precision"], "bfloat16")
        self.assertEqual(report["key"]["targets"], "sm86 sm120")
        text, _ = self.webnn("inspect", "m.rtx")
        self.assertIn("compiled by tensorrt-rtx 1.", text)
        self.refused(1, "no graph in it", "inspect", "m.rtx", "--graph")

    def test_another_back_end_says_whose_it_is(self):
        self.save("m.onnx", classifier())
        self.compile()
        for command in ("run", "bench"):
            errors = self.webnn(command, "m.rtx", "--backend", "onnxruntime", status=1)[1]
            self.assertIn("was compiled by tensorrt-rtx 1.", errors)
            self.assertIn('a context of the back end "tensorrt-rtx"', errors)
        for option in (["--shape", "image=1x3x8x8"], ["--dim", "batch=1"],
                       ["--precision", "float32"], ["--workspace", "1G"]):
            self.refused(2, option[0] + ': "m.rtx" is compiled', "run", "m.rtx", *option)
        self.refused(2, "no input", "run", "m.rtx", "--input", "imagee=ones")
        self.refused(2, "is compiled already", "compile", "m.rtx", "-o", "n.rtx")

    def test_every_byte_counts(self):
        self.save("m.onnx", pass_through([4]))
        self.compile()
        whole = self.path("m.rtx").read_bytes()
        for place in (9, 30, 60, 700, len(whole) // 2, len(whole) - 1):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            self.path("bad.rtx").write_bytes(damaged)
            self.refused(1, "bad.rtx", "inspect", "bad.rtx")
        self.path("bad.rtx").write_bytes(whole[:-1])
        self.refused(1, "its header asks for", "inspect", "bad.rtx")

    def test_the_cache_explains(self):
        self.save("m.onnx", classifier())
        words = ["cache", "explain", "m.onnx", "--backend", "tensorrt-rtx"]
        if self.json("devices")["gpus"]:
            self.skipTest("with a GPU the key is that of the GPU")
        self.assertFalse(self.json(*words)["found"])
        self.compile()
        self.assertTrue(self.json(*words)["found"])
        for option, field in ((["--precision", "float32"], "precision"),
                              (["--optimization-level", "1"], "optimization level"),
                              (["--workspace", "1M"], "workspace"),
                              (["--dim", "batch=2"], "inputs")):
            differences = self.json(*words, *option)["differences"]
            self.assertIn(field, [one["field"] for one in differences])
        self.save("m.onnx", classifier(seed=1))
        self.assertEqual([one["field"] for one in self.json(*words)["differences"]], ["weights"])
        self.assertEqual(len(self.json("cache", "ls")["entries"]), 1)
        self.compile("--no-cache")
        self.assertEqual(len(self.json("cache", "ls")["entries"]), 1)

    def test_what_the_library_lacks(self):
        self.save("m.onnx", classifier())
        for option, text in ((["--version-compatible"], "for the version that made them"),
                             (["--hardware-compatible"], "as targets"),
                             (["--library", "/nowhere/lib.so"], "no usable library was found")):
            self.refused(1, text, "compile", "m.onnx", "-o", "m.rtx", "--backend", "tensorrt-rtx",
                         *option)

    def test_ctrl_c_leaves_nothing(self):
        self.save("m.onnx", many_layers(400))
        self.path("m.rtx").write_bytes(b"old")
        with subprocess.Popen(
                [PROGRAM, "compile", "m.onnx", "-o", "m.rtx", "--backend", "tensorrt-rtx",
                 "--verbose"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, env=self.environment) as running:
            for line in running.stderr:
                if "compiling: build" in line:
                    break
            begin = time.monotonic()
            running.send_signal(signal.SIGINT)
            output, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, errors)
        self.assertLess(time.monotonic() - begin, 10)  # two seconds on a machine with time
        self.assertIn("webnn compile: interrupted", errors)
        self.assertEqual(output, "")
        self.assertEqual(self.path("m.rtx").read_bytes(), b"old")
        self.assertEqual(len(list(self.folder.iterdir())), 2)
        self.assertEqual(self.json("cache", "ls")["entries"], [])

    def test_progress_is_for_terminals(self):
        self.save("m.onnx", many_layers(60))
        self.assertNotIn("compiling", self.compile()[1])
        lines = self.compile("--no-cache", "--verbose")[1]
        self.assertRegex(lines, r"webnn compile: compiling: build \d+ %, \d+\.\d s\n")
        parent, child = pty.openpty()
        subprocess.run([PROGRAM, "compile", "m.onnx", "-o", "m.rtx", "--backend", "tensorrt-rtx",
                        "--no-cache"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=child,
                       check=True, env={**self.environment, "TERM": "xterm"})
        os.close(child)
        shown = b""
        try:
            while block := os.read(parent, 4096):
                shown += block
        except OSError:
            pass  # the end of a terminal
        os.close(parent)
        self.assertRegex(shown.decode(), r"\rcompiling \[.*\] +\d+ % build, \d+ s")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), "the bar stays")


class CompileTest(Case):
    def test_bad_use(self):
        self.save("m.onnx", classifier())
        self.refused(2, "--output is missing", "compile", "m.onnx")
        self.refused(2, "MODEL is missing", "compile", "-o", "m.engine")
        self.refused(2, "--output needs a value", "compile", "m.onnx", "-o")
        self.refused(2, 'did you mean "--output"?', "compile", "m.onnx", "--outptu", "x")
        for target in ("86", "sm", "sm86,", "sm86,,sm90", "sm1234", "ampere"):
            self.refused(2, "--target takes compute capabilities", "compile", "m.onnx", "-o",
                         "m.engine", "--target", target)
        self.refused(1, "onnxruntime: its compiled graphs cannot be saved", "compile", "m.onnx",
                     "-o", "m.engine", "--backend", "onnxruntime")
        self.refused(1, "nowhere.onnx", "compile", "nowhere.onnx", "-o", "m.engine")

    def test_a_damaged_file_is_an_error(self):
        self.path("m.engine").write_bytes(b"WEBNNBLB" + bytes(100))
        for command in ("run", "bench", "inspect"):
            self.refused(1, "m.engine", command, "m.engine")
        self.refused(2, "is compiled already", "compile", "m.engine", "-o", "n.engine")


class CompareTest(Case):
    def test_with_onnx_runtime_on_the_file(self):
        for name, made in (("a.onnx", classifier()), ("b.onnx", two_inputs())):
            self.save(name, made)
            report = self.json("compare", name, "--against", "onnxruntime-original")
            self.assertTrue(report["equal"])
            for output in report["outputs"]:
                self.assertLess(output["maxAbsolute"], 1e-5)
                self.assertAlmostEqual(output["cosine"], 1, 6)

    def test_with_stored_outputs(self):
        self.save("m.onnx", pass_through([4]))
        x = np.array([1, 100, -5, 0], np.float32)
        np.save(self.path("x.npy"), x)
        np.savez(self.path("same.npz"), y=x)
        np.savez(self.path("other.npz"), y=x + np.array([0, 0.5, 0, 0], np.float32))
        np.savez(self.path("nan.npz"), y=np.array([1, 100, np.nan, 0], np.float32))
        self.webnn("compare", "m.onnx", "--input", "x.npy", "--against", "same.npz", "--ulp", "0")
        report = self.json("compare", "m.onnx", "--input", "x.npy", "--against", "other.npz",
                           status=1)
        output = report["outputs"][0]
        self.assertFalse(report["equal"])
        self.assertEqual((output["beyond"], output["maxAbsolute"]), (1, 0.5))
        self.assertAlmostEqual(output["maxRelative"], 0.5 / 100.5)
        steps = np.abs(np.float32(100).view(np.int32) - np.float32(100.5).view(np.int32))
        self.assertEqual(output["maxUlp"], int(steps))
        self.assertEqual(output["worst"]["position"], "[1]")
        self.webnn("compare", "m.onnx", "--input", "x.npy", "--against", "other.npz", "--rtol",
                   "0.01")
        report = self.json("compare", "m.onnx", "--input", "x.npy", "--against", "nan.npz",
                           "--atol", "1e9", status=1)
        self.assertEqual(report["outputs"][0]["unequal"], 1)

    def test_two_back_ends(self):
        self.save("m.onnx", classifier())
        self.save("other.onnx", classifier(seed=1))
        words = ["--backend", "onnxruntime", "--backend", "onnxruntime"]
        report = self.json("compare", "m.onnx", *words, "--ulp", "0")
        self.assertTrue(report["equal"])
        self.assertAlmostEqual(report["outputs"][0]["cosine"], 1, 6)
        self.assertIn("float32", report["reference"])
        report = self.json("compare", "m.onnx", *words, "--against", "other.onnx", status=1)
        self.assertTrue(report["reference"].startswith("other.onnx on onnxruntime"))

    def test_bisect_names_the_operator(self):
        self.save("a.onnx", classifier())
        changed = classifier()
        weight = next(one for one in changed.graph.initializer if one.name == "matrix")
        array = numpy_helper.to_array(weight).copy()
        array[0, 0] += 0.5
        weight.CopyFrom(numpy_helper.from_array(array, "matrix"))
        self.save("b.onnx", changed)
        found = self.json("compare", "a.onnx", "--against", "b.onnx", "--bisect",
                          status=1)["bisect"]
        self.assertEqual((found["op"], found["label"]), ("matmul", "classes"))
        self.assertIsNone(self.json("compare", "a.onnx", "--against", "a.onnx",
                                    "--bisect")["bisect"])

    def test_bad_use(self):
        self.save("m.onnx", pass_through([4]))
        self.save("other.onnx", pass_through([5]))
        np.savez(self.path("y.npz"), y=np.zeros(4, np.float32))
        errors = self.refused(2, "nothing to compare with", "compare", "m.onnx")
        self.assertIn("--backend twice", errors)
        self.refused(2, "--backend is given 3 times", "compare", "m.onnx",
                     *["--backend", "onnxruntime"] * 3)
        self.refused(2, 'did you mean "onnxruntime"?', "compare", "m.onnx", "--backend",
                     "onnxruntime", "--backend", "onnxrutnime")
        self.webnn("compare", "m.onnx", "--against", "y.npz", "--bisect", status=2)
        self.webnn("compare", "m.onnx", "--against", "other.onnx", status=2)
        self.webnn("compare", "m.onnx", "--against", "nowhere.npz", status=1)
        for wrong in ("small", "nan", "-1"):
            self.refused(2, "--atol takes a number", "compare", "m.onnx", "--against", "y.npz",
                         f"--atol={wrong}")


class OtherTest(Case):
    def test_bench(self):
        self.save("m.onnx", classifier())
        report = self.json("bench", "m.onnx", "--iterations", "20", "--warmup", "1")
        self.assertEqual(report["runs"], 20)
        self.assertTrue(0 < report["minSeconds"] <= report["medianSeconds"]
                        <= report["p90Seconds"] <= report["p99Seconds"] <= report["maxSeconds"])
        self.assertGreater(report["peakMemoryBytes"], 1 << 20)
        text, errors = self.webnn("bench", "m.onnx", "--seconds", "0.05")
        self.assertIn("median", text)
        self.assertNotIn("\r", errors)
        self.refused(2, "from 1", "bench", "m.onnx", "--iterations", "0")
        self.refused(2, "above 0", "bench", "m.onnx", "--seconds", "-1")

    def test_ops(self):
        ops = self.json("ops")["ops"]
        self.assertEqual(len(ops), 95)
        self.assertIn("95 operators", self.webnn("ops")[0])
        conv = self.json("ops", "conv2d")["ops"]
        self.assertEqual([one["name"] for one in conv], ["conv2d"])
        fields = {field["name"]: field for field in conv[0]["fields"]}
        self.assertEqual(fields["strides"]["default"], [1, 1])
        self.assertEqual(fields["inputLayout"]["default"], "nchw")
        self.assertEqual(fields["input"]["dataTypes"], ["float32", "float16"])
        self.assertIn("onnxruntime", conv[0]["backends"])

    def test_devices(self):
        report = self.json("devices")
        backends = {backend["backend"]: backend for backend in report["backends"]}
        self.assertTrue(backends["onnxruntime"]["available"])
        self.assertTrue(os.path.exists(backends["onnxruntime"]["library"]))
        self.assertEqual([backend.get("default") for backend in report["backends"]
                          if backend["available"]].count(True), 1)
        self.assertEqual(report["gpus"] == [], "gpuReason" in report)
        text, _ = self.webnn("devices")
        for backend in report["backends"]:
            self.assertIn(backend["backend"], text)
            self.assertEqual(backend["available"], "reason" not in backend)
            if not backend["available"]:
                self.assertIn(f"{backend['backend']} is not available here", text)
        for gpu in report["gpus"]:
            self.assertIn(gpu["name"], text)
        found = self.json("devices", "--explain", "--device", "cpu")["candidates"]
        self.assertEqual([one["backend"] for one in found],
                         [one["backend"] for one in report["backends"]])
        chosen = [one for one in found if one["state"] == "chosen"]
        self.assertEqual([one["device"] for one in chosen], ["cpu"])
        for one in found:
            self.assertEqual(one["state"] == "not tried", not one.get("reason"), one)
        text, _ = self.webnn("devices", "--explain", "--backend", "onnxruntime")
        self.assertRegex(text, "1 +onnxruntime +cpu +1[.].*chosen")
        self.refused(2, "--explain", "devices", "--backend", "onnxruntime")
        ran = subprocess.run([PROGRAM, "devices", "--library", "/nowhere.so"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("/nowhere.so", ran.stdout)

    def test_completion(self):
        self.path("picture.png").write_bytes(b"")
        self.path("_webnn").write_text(self.webnn("completion", "bash")[0], encoding="utf-8")

        def complete(*words):
            script = (f"source ./_webnn; COMP_WORDS=({' '.join(map(repr, words))}); "
                      f"COMP_CWORD={len(words) - 1}; _webnn; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
            return subprocess.run(["bash", "-c", script], cwd=self.folder, capture_output=True,
                                  text=True, check=True).stdout.split()
        self.assertEqual(complete("webnn", "co"), ["convert", "compile", "compare", "completion"])
        self.assertEqual(complete("webnn", "run", "--na"), ["--narrow"])
        self.assertEqual(complete("webnn", "run", "--layout", "nh"), ["nhwc"])
        self.assertIn("onnxruntime", complete("webnn", "run", "--backend", ""))
        self.assertEqual(complete("webnn", "ops", "softp"), ["softplus"])
        self.assertEqual(complete("webnn", "run", "pic"), ["picture.png"])
        self.assertEqual(complete("webnn", "run", "--input", "x", "=", "pic"), ["picture.png"])
        for shell in ("zsh", "fish"):
            text = self.webnn("completion", shell)[0]
            for command in COMMANDS:
                self.assertIn(command, text)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=text, text=True, check=True)
        self.refused(2, "one of bash, zsh, fish", "completion", "tcsh")

    def test_man(self):
        page = self.webnn("man")[0]
        self.assertTrue(page.startswith(".TH WEBNN 1"))
        for command in COMMANDS:
            self.assertIn(f".SS {command}", page)
        if shutil.which("groff"):
            ran = subprocess.run(["groff", "-man", "-ww", "-z", "-Kutf8"], input=page, text=True,
                                 capture_output=True, check=True)
            self.assertEqual(ran.stderr, "")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
