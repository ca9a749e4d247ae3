"""The first program: two inputs, one operator.

    python examples/getting_started.py
"""

import numpy as np

import webnn

ml = webnn.ML()
context = ml.create_context(accelerated=True, power_preference="high-performance")
print("back end:", context.backend)  # "tensorrt" where it can be had, else the CPU back end in use

builder = context.create_graph_builder()
x = builder.input("x", [2, 3], "float32")
y = builder.input("y", [2, 3], "float32")
graph = builder.build({"output": builder.add(x, y)})

inputs = {"x": np.ones((2, 3), np.float32), "y": np.full((2, 3), 2, np.float32)}
outputs = context.compute(graph, inputs)
print(outputs["output"])
