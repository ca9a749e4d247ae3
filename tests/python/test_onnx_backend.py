"""ONNX's own backend tests, run by ONNX's own runner on ``webnn.onnx_backend``.

A case passes, or is refused for a reason on the reviewed list that ``webnn-onnx-suite`` uses
(tests/onnx/suite_refusals.json) and is skipped with that reason, or fails.
"""

import functools
import json
import os
import tempfile
import unittest
import warnings

import numpy as np
import pytest

import webnn
from conftest import ROOT, same

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")

import onnx.backend.test  # noqa: E402

from webnn import onnx_backend  # noqa: E402

LIST = json.loads((ROOT / "tests" / "onnx" / "suite_refusals.json").read_text(encoding="utf-8"))
KINDS = {
    "OnnxBackendNodeModelTest": "node",
    "OnnxBackendRealModelTest": "light",
    "OnnxBackendSimpleModelTest": "simple",
    "OnnxBackendPyTorchConvertedModelTest": "pytorch-converted",
    "OnnxBackendPyTorchOperatorModelTest": "pytorch-operator",
}
# The suite keeps the data of its "light" models in a folder of the user's.
os.environ["ONNX_MODELS"] = tempfile.mkdtemp(prefix="webnn-onnx-models-")


def explain(node):
    for refusal in LIST["refusals"]:
        if node["op"] in refusal["operators"] and refusal.get("reason", "") in node["reason"]:
            return refusal["why"]
    return None


class Suite(onnx.backend.test.BackendTest):
    """ONNX's runner. What is expected of float64, which models compute in float32 here, is what
    float32 can hold of it: infinity beyond."""

    @classmethod
    def assert_similar_outputs(cls, ref_outputs, outputs, rtol, atol, model_dir=None):
        def held(value):
            if getattr(value, "dtype", None) != np.float64:
                return value
            with np.errstate(over="ignore"):
                return value.astype(np.float32).astype(np.float64)

        super().assert_similar_outputs(
            [held(one) for one in ref_outputs], outputs, rtol, atol, model_dir
        )


outcomes = {}
used = set()


def reviewed(function, kind, name):
    """The test with refusals checked against the list, and its outcome noted."""

    @functools.wraps(function)
    def test(self):
        try:
            function(self)
        except onnx_backend.BackendIsNotSupposedToImplementIt as refusal:
            whys = [(node, explain(node)) for node in refusal.unsupported]
            unknown = [node for node, why in whys if why is None]
            assert whys and not unknown, f"refused for a reason that is not on the list: {unknown}"
            used.update(why for _, why in whys)
            outcomes[kind, name] = "refused"
            reasons = "; ".join(sorted({why for _, why in whys}))
            # tools/test_summary.py counts what begins so.
            raise unittest.SkipTest(f"reviewed refusal: {reasons}") from refusal
        outcomes[kind, name] = "passed"

    return test


def make_cases():
    inexact = {name: {"atol": one["atol"]} for one in LIST["inexact"] for name in one["cases"]}
    with warnings.catch_warnings():
        # The generators overflow and divide by zero on purpose.
        warnings.simplefilter("ignore")
        np.random.seed(0)
        cases = Suite(onnx_backend, __name__, test_kwargs=inexact).test_cases
    for name, case in cases.items():
        for attribute, function in list(vars(case).items()):
            if attribute.endswith("_cuda"):  # the protocol's other device
                delattr(case, attribute)
            elif attribute.endswith("_cpu"):
                setattr(case, attribute, reviewed(function, KINDS[name], attribute[: -len("_cpu")]))
    return cases


CASES = make_cases()
globals().update(CASES)


def test_the_counts():
    """What only a run of all cases can tell; pytest runs classes and functions in this order."""
    everything = sum(
        attribute.endswith("_cpu") for case in CASES.values() for attribute in vars(case)
    )
    if len(outcomes) != everything:
        pytest.skip(f"{len(outcomes)} of {everything} cases have run and not failed")
    passed = [key for key, outcome in outcomes.items() if outcome == "passed"]
    print(f"{len(passed)} passed, {len(outcomes) - len(passed)} refused for a reviewed reason")
    for kind, minimum in LIST["at_least"].items():
        assert sum(one[0] == kind for one in passed) >= minimum, kind
    assert used == {refusal["why"] for refusal in LIST["refusals"]}
    report = ROOT / "build" / "onnx_suite.json"
    if report.exists():
        theirs = json.loads(report.read_text(encoding="utf-8"))
        if theirs["onnx"] == onnx.__version__ and len(theirs["cases"]) == everything:
            expected = {(one["kind"], one["name"]): one["verdict"] for one in theirs["cases"]}
            assert outcomes == expected


# ---- The protocol, as programs use it. ----

helper, FLOAT, INT64 = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def reshape_model():
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        "reshape",
        [
            helper.make_tensor_value_info("x", FLOAT, ["n", 4]),
            helper.make_tensor_value_info("shape", INT64, [2]),
        ],
        [helper.make_tensor_value_info("y", FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def test_one_model_runs_on_inputs_of_several_shapes():
    prepared = onnx_backend.prepare(reshape_model())
    for rows in (2, 3, 2):
        x = np.arange(4 * rows, dtype=np.float32).reshape(rows, 4)
        for shape in ([4, rows], [2 * rows, 2], [2 * rows, 2]):
            same(prepared.run([x, np.array(shape)])[0], x.reshape(shape))
            same(prepared.run({"x": x, "shape": np.array(shape)})[0], x.reshape(shape))
    with pytest.raises(webnn.ValidationError, match="Missing input: x"):
        prepared.run({"shape": np.array([2, 2])})


def test_models_and_nodes_of_one_call(context):
    x = np.array([[-1, 2]], np.float32)
    node = helper.make_node("Relu", ["x"], ["y"])
    same(onnx_backend.run_node(node, [x])[0], np.array([[0, 2]], np.float32))
    less = helper.make_node("Less", ["x", "x"], ["y"])
    same(onnx_backend.run_node(less, [x, x])[0], np.zeros((1, 2), bool))
    same(onnx_backend.run_node(node, [x.astype(np.float64)])[0], np.array([[0, 2]], np.float64))
    clip = helper.make_node("Clip", ["x", "", "high"], ["y"])
    same(onnx_backend.run_node(clip, [x, np.float32(1)])[0], np.array([[-1, 1]], np.float32))
    with pytest.raises(webnn.NotSupportedError, match="NonZero") as refusal:
        onnx_backend.run_node(helper.make_node("NonZero", ["x"], ["y"]), [x])
    assert isinstance(refusal.value, unittest.SkipTest)
    assert onnx_backend.supports_device("CPU") and not onnx_backend.supports_device("CUDA")
    assert onnx_backend.is_compatible(reshape_model())
    row = np.arange(4, dtype=np.float32).reshape(1, 4)
    ours = onnx_backend.run_model(reshape_model(), [row, np.array([2, 2])], context=context)
    same(ours[0], row.reshape(2, 2))
