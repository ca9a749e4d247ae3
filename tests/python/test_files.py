"""Model files, the adaptor for onnxruntime's programs, the command line, the hub."""

import http.server
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import webnn
from conftest import ROOT, same

F32 = np.float32


@pytest.fixture
def model(context, builder):
    x = builder.input("x", [2, 3])
    weights = builder.constant(np.arange(6, dtype=F32).reshape(3, 2))
    graph = builder.build({"y": builder.relu(builder.matmul(x, weights) - 3)})
    data = np.arange(6, dtype=F32).reshape(2, 3)
    return graph, {"x": data}, context.compute(graph, {"x": data})["y"]


@pytest.mark.parametrize("name", ["m.onnx", "m.json", "m.webnn"])
def test_save_and_load(context, model, tmp_path, name):
    graph, inputs, expected = model
    path = tmp_path / name
    graph.save(path)
    for loaded in (
        webnn.load(path, context=context),
        webnn.load(str(path)),
        webnn.MLGraph.load(str(path)),
        context.load(path),
        webnn.load(path.read_bytes()),
    ):
        same(context.compute(loaded, inputs)["y"], expected)
        assert loaded.get_input_names() == ["x"] and loaded.get_output_names() == ["y"]
        assert loaded.operation_count == graph.operation_count


def test_the_text_form_has_its_weights_beside_it(context, model, tmp_path):
    graph, inputs, expected = model
    graph.save(tmp_path / "m.webnn", format="webnn")
    assert (tmp_path / "m.webnn").read_text().startswith("webnn_graph")
    assert (tmp_path / "m.safetensors").exists()
    same(context.compute(webnn.load(tmp_path / "m.webnn"), inputs)["y"], expected)


def test_a_webnn_file_is_pywebnns_json(model, tmp_path):
    graph, _, _ = model
    graph.save(tmp_path / "m.webnn", quantized=True)
    saved = json.loads((tmp_path / "m.webnn").read_text())
    assert saved["format"] == "webnn-graph-json" and saved["quantized"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["m.webnn"]


def test_files_that_are_not_there_or_damaged(context, tmp_path):
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(webnn.FileError) as error:
            webnn.load(path)
        assert isinstance(error.value, OSError) and isinstance(error.value, RuntimeError)
    (tmp_path / "bad.onnx").write_bytes(b"not a model at all")
    with pytest.raises(webnn.WebNNError):
        webnn.load(tmp_path / "bad.onnx")
    builder = context.create_graph_builder()
    graph = builder.build({"y": builder.relu(builder.input("x", [1]))})
    with pytest.raises(OSError):
        graph.save(tmp_path / "no" / "folder" / "m.onnx")
    with pytest.raises(webnn.ValidationError):
        graph.save(tmp_path / "m.onnx", format="tflite")


def open_model(tmp_path):
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"], axis=-1)],
        "open",
        [helper.make_tensor_value_info("x", kind, ["batch", 3])],
        [helper.make_tensor_value_info("y", kind, ["batch", 3])],
    )
    path = tmp_path / "open.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_open_shapes(context, tmp_path):
    path = open_model(tmp_path)
    for options in ({"shapes": {"x": (4, 3)}}, {"dimensions": {"batch": 4}}):
        graph = webnn.load(path, context=context, **options)
        assert graph.inputs == {"x": ("float32", (4, 3))}
    with pytest.raises(webnn.WebNNError, match="batch"):
        webnn.load(path)
    summary = webnn.inspect(path)
    assert summary["inputs"] == [{"name": "x", "data_type": "float32", "dimensions": ["batch", 3]}]


def test_a_session_for_onnxruntimes_programs(tmp_path):
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = open_model(tmp_path)
    theirs = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ours = webnn.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for a, b in ((ours.get_inputs(), theirs.get_inputs()), (ours.get_outputs(), theirs.get_outputs())):
        assert [(one.name, one.type, one.shape) for one in a] == [(one.name, one.type, one.shape) for one in b]
    for batch in (1, 5, 1):
        data = np.random.default_rng(batch).random((batch, 3), F32)
        for names in (None, ["y"]):
            np.testing.assert_allclose(
                ours.run(names, {"x": data})[0], theirs.run(names, {"x": data})[0], rtol=1e-6
            )
    assert webnn.InferenceSession(path.read_bytes()).get_providers()
    with pytest.raises(webnn.ValidationError, match="missing"):
        ours.run(None, {})
    with pytest.raises(webnn.ValidationError, match="no output"):
        ours.run(["z"], {"x": data})


def test_rapidocr_runs_on_this_package():
    """The whole OCR pipeline of rapidocr-onnxruntime: detection, direction, recognition."""
    for module in ("cv2", "pyclipper", "shapely", "yaml", "PIL"):
        pytest.importorskip(module, reason=f"{module}, which rapidocr needs, is not installed")
    models = ROOT / ".deps" / "models"
    if not (models / "rapidocr_onnxruntime").is_dir():
        pytest.skip("rapidocr-onnxruntime is not in .deps/models: tools/setup.sh models installs it")
    pictures = ROOT / "examples" / "data"
    code = f"""
import json, sys
import webnn.onnxruntime_adaptor
sys.modules["onnxruntime"] = webnn.onnxruntime_adaptor
sys.path.insert(0, {str(models)!r})
from rapidocr_onnxruntime import RapidOCR
ocr = RapidOCR()
read = {{}}
for name in ("print.png", "photo.png", "chinese.png"):
    result, _ = ocr({str(pictures)!r} + "/" + name)
    read[name] = [line[1] for line in result]
json.dump(read, open(sys.argv[1], "w"))
"""
    target = ROOT / "build" / "rapidocr.json"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read = json.loads(target.read_text())
    expected = json.loads((pictures / "texts.json").read_text(encoding="utf-8"))
    assert {name: " ".join(lines) for name, lines in read.items()} == expected


def test_the_command_line(model, tmp_path):
    model[0].save(tmp_path / "m.onnx")
    run = [sys.executable, "-m", "webnn"]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    done = subprocess.run(
        [*run, "inspect", str(tmp_path / "m.onnx")], capture_output=True, text=True, env=env
    )
    assert done.returncode == 0 and "MatMul" in done.stdout, done.stdout + done.stderr
    done = subprocess.run([*run, "no-such-command"], capture_output=True, text=True, env=env)
    assert done.returncode != 0 and done.stderr


def test_the_hub(context, model, tmp_path):
    graph, inputs, expected = model
    served = tmp_path / "served" / "me" / "model" / "resolve" / "main"
    served.mkdir(parents=True)
    graph.save(served / "model.webnn")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path / "served"))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub = webnn.Hub(tmp_path / "cache", endpoint=f"http://127.0.0.1:{server.server_port}")
    try:
        assert set(hub.download_model("me/model")) == {"graph"}
        with pytest.raises(webnn.FileError):
            hub.download_model("me/other")
    finally:
        server.shutdown()
        server.server_close()
    assert "me/model" in hub.list_cached_models()
    same(context.compute(hub.load("me/model"), inputs)["y"], expected)
    with pytest.raises(webnn.ValidationError):
        hub.download_model("../..")
    hub.clear_cache()
    assert hub.list_cached_models() == []
