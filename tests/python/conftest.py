"""What the tests of the Python package share."""

import os
import pathlib

import numpy as np
import pytest

import webnn

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def context():
    """On the processor, one thread: results that do not depend on the machine."""
    return webnn.ML().create_context(backend="onnxruntime", device="cpu", threads=1)


@pytest.fixture
def builder(context):
    return context.create_graph_builder()


@pytest.fixture
def run(context):
    """Computes one output of a graph: ``run(builder, operand, x=array)``."""

    def compute(builder, operand, **inputs):
        graph = builder.build({"output": operand})
        return context.compute(graph, inputs)["output"]

    return compute


def wpt_cases():
    """The folder of the Web Platform Tests' cases, found as tools/run_conformance.sh does, or None."""
    named = os.environ.get("WEBNN_WPT_CASES")
    if named:
        folder = pathlib.Path(named)
        assert folder.is_dir(), f"WEBNN_WPT_CASES={named} is not a folder"
        return folder
    folder = ROOT.parent / "shared" / "wpt"
    return folder if folder.is_dir() else None


def same(actual, expected):
    """Equal values, shapes and data types."""
    expected = np.asarray(expected)
    assert actual.dtype == expected.dtype, (actual.dtype, expected.dtype)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    np.testing.assert_array_equal(actual, expected)
