#!/usr/bin/env python3
"""Writes ONNX's own backend tests as files:  prepare_onnx_suite.py FOLDER

The cases come from the installed package `onnx`: `node` (made by its generators, always with the
same random numbers), `simple`, `pytorch-operator`, `pytorch-converted` and `light`. FOLDER/cases.json
lists all of them:

    {"onnx": "1.23.2", "cases": [{"kind": "node", "name": "test_abs", "operator": "Abs",
      "model": PATH, "rtol": 1e-3, "atol": 1e-7,
      "data": [{"inputs": [{"name": "x", "file": PATH}], "outputs": [...]}]}]}

The files are TensorProto messages; an input or output that is no tensor has no "file". Relative
paths are relative to FOLDER. Models of opsets before 7 are brought to it by ONNX's own converter.
Does nothing when FOLDER holds the cases of this version already.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import warnings

import numpy
import onnx
from onnx import numpy_helper, version_converter
from onnx.backend.test import runner
from onnx.backend.test.case import model as model_cases
from onnx.backend.test.loader import load_model_tests, load_node_model_tests

OLDEST_OPSET = 7
DATA = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"


def is_tensor(value: onnx.ValueInfoProto) -> bool:
    return value.type.WhichOneof("value") == "tensor_type"


def fed_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs without those that are weights."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def at_least_oldest(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model itself, or what the converter makes of an older one."""
    if any(one.domain in ("", "ai.onnx") and one.version < OLDEST_OPSET
           for one in model.opset_import):
        return version_converter.convert_version(model, OLDEST_OPSET)
    return model


def operator_of(model: onnx.ModelProto) -> str:
    node = model.graph.node[0]
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


class Suite:
    """What has been written so far."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.cases = []

    def add(self, case, operator: str, model: onnx.ModelProto, data: list) -> None:
        kind = "light" if case.kind == "real" else case.kind
        self.cases.append({
            "kind": kind,
            "name": case.name,
            "operator": operator,
            "model": self.write(f"{kind}/{case.name}/model.onnx", model),
            "rtol": case.rtol,
            "atol": case.atol,
            "data": data,
        })

    def write(self, path: str, message) -> str:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(message.SerializeToString())
        return path

    def write_tensors(self, stem: str, values, arrays) -> list:
        """One entry for each value; those that are tensors become files."""
        entries = []
        for k, (value, array) in enumerate(zip(values, arrays)):
            entry = {"name": value.name}
            if is_tensor(value):
                tensor = array
                if not isinstance(tensor, onnx.TensorProto):
                    tensor = numpy_helper.from_array(numpy.asarray(array), value.name)
                entry["file"] = self.write(f"{stem}_{k}.pb", tensor)
            entries.append(entry)
        return entries

    def add_node_cases(self) -> None:
        operators = {}
        for case in load_node_model_tests():
            # A case "..._expanded" is the function body of the case before it.
            base = case.name.split("_expanded")[0]
            operator = operators.setdefault(base, operator_of(case.model))
            stem = f"node/{case.name}"
            graph = case.model.graph
            data = [{
                "inputs": self.write_tensors(f"{stem}/{k}_input", graph.input, inputs),
                "outputs": self.write_tensors(f"{stem}/{k}_output", graph.output, outputs),
            } for k, (inputs, outputs) in enumerate(case.data_sets)]
            self.add(case, operator, at_least_oldest(case.model), data)

    def add_stored_cases(self, kind: str) -> None:
        for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name):
            path = pathlib.Path(case.model_dir) / "model.onnx"
            model = onnx.load(path)
            data = []
            for place in sorted(path.parent.glob("test_data_set_*")):
                files = {
                    side: [{"name": value.name} |
                           ({"file": os.fspath(place / f"{side}_{k}.pb")} if is_tensor(value) else {})
                           for k, value in enumerate(values)
                           if (place / f"{side}_{k}.pb").exists()]
                    for side, values in (("input", fed_inputs(model.graph)),
                                         ("output", model.graph.output))
                }
                data.append({"inputs": files["input"], "outputs": files["output"]})
            self.add(case, operator_of(model), at_least_oldest(model), data)

    def add_light_cases(self) -> None:
        for case in model_cases.collect_testcases():
            if case.kind != "real":
                continue
            path = DATA / "light" / f"light_{case.model_name}.onnx"
            model = onnx.load(path)
            values = fed_inputs(model.graph)
            arrays = [runner.Runner.generate_dummy_data(value) for value in values]
            inputs = self.write_tensors(f"light/{case.name}/0_input", values, arrays)
            outputs = [{"name": value.name, "file": os.fspath(path.with_name(
                f"light_{case.model_name}_output_{k}.pb"))}
                       for k, value in enumerate(model.graph.output)]
            self.add(case, case.model_name, model, [{"inputs": inputs, "outputs": outputs}])

    def finish(self, stamp: str) -> None:
        text = json.dumps({"onnx": onnx.__version__, "cases": self.cases}, indent=1)
        (self.folder / "cases.json").write_text(text, encoding="utf-8")
        (self.folder / "stamp").write_text(stamp, encoding="utf-8")


def main() -> int:
    folder = pathlib.Path(sys.argv[1]).resolve()
    script = pathlib.Path(__file__).read_bytes()
    stamp = hashlib.sha256(script + f"{onnx.__version__} {DATA}".encode()).hexdigest()
    if (folder / "stamp").exists() and (folder / "stamp").read_text(encoding="utf-8") == stamp:
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, warnings.catch_warnings():
        # The generators overflow and divide by zero on purpose.
        warnings.simplefilter("ignore")
        numpy.random.seed(0)
        suite = Suite(pathlib.Path(scratch) / "suite")
        suite.add_node_cases()
        for kind in ("simple", "pytorch-operator", "pytorch-converted"):
            suite.add_stored_cases(kind)
        suite.add_light_cases()
        suite.finish(stamp)
        shutil.rmtree(folder, ignore_errors=True)
        suite.folder.rename(folder)
    print(f"{len(suite.cases)} cases of onnx {onnx.__version__} in {folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
