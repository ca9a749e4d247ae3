#!/usr/bin/env python3
"""Checks ONNX files that the library has written.

    check_models.py DIR

Each *.onnx in DIR must pass onnx.checker with full shape inference, and what ONNX infers for every
value must be the data type and shape that the file states.
"""

import pathlib
import sys

import onnx


def shape_of(value):
    tensor = value.type.tensor_type
    dims = tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    return tensor.elem_type, dims


def check(path):
    """The differences found in one file, as text."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    stated = {v.name: shape_of(v) for v in (*model.graph.value_info, *model.graph.output)}
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred_model = onnx.shape_inference.infer_shapes(
        model, check_type=True, strict_mode=True, data_prop=True
    )
    graph = inferred_model.graph
    inferred = {v.name: shape_of(v) for v in (*graph.value_info, *graph.output)}
    return [
        f"{name}: stated {want}, inferred {inferred.get(name)}"
        for name, want in stated.items()
        if inferred.get(name) != want
    ]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    if not files:
        sys.exit(f"no *.onnx in {sys.argv[1]}")
    failed = 0
    for path in files:
        try:
            problems = check(path)
        except Exception as error:  # whatever the checker raises is the finding
            problems = [str(error)]
        if problems:
            failed += 1
            print(f"FAIL {path.name}: {'; '.join(problems)}")
    print(f"{len(files) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
