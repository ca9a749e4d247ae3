"""The Web Platform Tests' conformance cases, through Python: every result within upstream's own
tolerance. What ``webnn-conformance`` does in C++, with numpy's arithmetic for the distances."""

import json
import math
import re

import numpy as np
import pytest

from conftest import ROOT, wpt_cases

CASES = wpt_cases()
STORED = {"int4": "int8", "uint4": "uint8"}
MAX_FILL_ELEMENTS = 1000


def all_cases():
    if CASES is None:
        return []
    found = []
    for path in sorted((CASES / "conformance").glob("*.json")):
        seen = {}
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            count = seen[case["name"]] = seen.get(case["name"], 0) + 1
            name = case["name"] + (f" #{count}" if count > 1 else "")
            found.append(pytest.param(f"conformance/{path.name}", name, case, id=f"{path.stem}: {name}"))
    return found


def known_failures():
    """Rows of "Known failures" in docs/conformance.md, by file and case."""
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    section = text.split("## Known failures")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (conformance/\S+) \| (.*?) \| ([^|]+?) \|", section, re.MULTILINE)
    return {(file, case) for file, case, backend in rows if {"all", "onnxruntime"} & set(backend.split(", "))}


KNOWN = known_failures()


def element(value):
    if isinstance(value, str):
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}.get(
            value, None
        ) if not re.fullmatch(r"-?\d+", value) or value == "-0" else int(value)
    return value


def array(data):
    """An input's or expected output's numbers as the array that a program would have."""
    dtype = np.dtype(STORED.get(data["dataType"], data["dataType"]))
    numbers = [element(value) for value in data["data"]]
    if dtype.kind in "iu":
        numbers = [int(number) for number in numbers]
    with np.errstate(over="ignore"):
        flat = np.array(numbers, dtype=dtype)
    if len(numbers) == 1:
        return np.full(data["shape"], flat[0], dtype)
    return flat.reshape(data["shape"])


def argument(value, operands):
    if isinstance(value, dict):
        if "$number" in value:
            return element(value["$number"])
        if "$bigint" in value:
            return int(value["$bigint"])
        return {snake(key): argument(one, operands) for key, one in value.items()}
    if isinstance(value, list):
        return [argument(one, operands) for one in value]
    if isinstance(value, str):
        return operands.get(value, value)
    return value


def snake(name):
    name = re.sub(r"ND$", "Nd", re.sub(r"NaN$", "Nan", name))
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match[1].lower(), name).lower()


def distance(got, expected, metric):
    """The largest distance of two arrays of one data type; infinity where they cannot be compared."""
    if metric == "ATOL":
        with np.errstate(invalid="ignore", over="ignore"):
            difference = np.abs(got.astype(np.float64) - expected.astype(np.float64))
        both = (np.isnan(got) & np.isnan(expected)) | (got == expected)
        difference[both] = 0
        return math.inf if np.isnan(difference).any() else float(difference.max())
    if got.dtype.kind in "iu":
        worst = 0
        for a, b in zip(got.ravel().tolist(), expected.ravel().tolist()):
            worst = max(worst, abs(a - b))
        return worst
    unsigned = np.dtype(f"uint{got.dtype.itemsize * 8}")
    sign = 1 << (got.dtype.itemsize * 8 - 1)

    def ordered(values):
        bits = np.ascontiguousarray(values).view(unsigned).astype(np.int64).ravel()
        return np.where(bits >= sign, sign - bits, bits)

    steps = np.abs(ordered(got) - ordered(expected)).astype(np.float64)
    a, b = got.ravel(), expected.ravel()
    steps[np.isnan(a) & np.isnan(b)] = 0
    unequal = (np.isnan(a) != np.isnan(b)) | ((np.isinf(a) | np.isinf(b)) & (a != b))
    steps[unequal & ~(np.isnan(a) & np.isnan(b))] = math.inf
    return float(steps.max())


@pytest.mark.skipif(CASES is None, reason="conformance cases not found: set WEBNN_WPT_CASES")
def test_that_there_are_all_cases():
    assert len(all_cases()) == 1878


@pytest.mark.parametrize("file, name, case", all_cases())
def test_case(context, file, name, case):
    builder = context.create_graph_builder()
    operands, inputs = {}, {}
    for input_name, data in case["inputs"].items():
        value = array(data)
        if data.get("constant"):
            operands[input_name] = builder.constant(value, data_type=data["dataType"])
        else:
            operands[input_name] = builder.input(input_name, data["shape"], data["dataType"])
            inputs[input_name] = value
    for call in case["operators"]:
        arguments, options = [], {}
        for one in call["arguments"]:
            for key, value in one.items():
                if key == "options":
                    options = argument(value, operands)
                else:
                    arguments.append(argument(value, operands))
        results = getattr(builder, snake(call["name"]))(*arguments, **options)
        if isinstance(call["outputs"], list):
            operands.update(zip(call["outputs"], results))
        else:
            operands[call["outputs"]] = results
    graph = builder.build({name: operands[name] for name in case["outputs"]})
    results = context.compute(graph, inputs)

    worst, compared = 0.0, 0
    for output, data in case["outputs"].items():
        got, expected = results[output], array(data)
        assert got.dtype == np.dtype(STORED.get(data["dataType"], data["dataType"]))
        assert got.shape == tuple(data["shape"])
        got, expected = got.ravel(), expected.ravel()
        if len(data["data"]) == 1 and got.size > 1:
            got, expected = got[:MAX_FILL_ELEMENTS], expected[:MAX_FILL_ELEMENTS]
        compared += got.size
        worst = max(worst, distance(got, expected, case["tolerance"]["metric"]))
    assert compared > 0
    within = worst <= float(case["tolerance"]["value"])
    if (file, name) in KNOWN:
        assert not within, "remove the case from the known failures in docs/conformance.md"
    else:
        assert within, f"{worst} {case['tolerance']['metric']}, allowed {case['tolerance']['value']}"
