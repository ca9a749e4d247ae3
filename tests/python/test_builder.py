"""Building graphs: operators by the table, operands' own operators, constants, names of pywebnn."""

import numpy as np
import pytest

import webnn
from conftest import same
from webnn import _core

F32 = np.float32


def test_every_operator_of_the_table_is_a_method(context):
    limits = context.op_support_limits()
    operators = [name for name, value in limits.items() if isinstance(value, dict) and "dataTypes" not in value]
    assert len(operators) == 95
    from test_conformance import snake

    for name in operators:
        method = getattr(_core.GraphBuilder, snake(name))
        assert "Raises:" in method.__doc__
        assert "MLOperand" in method.__nb_signature__[0][0]


def test_the_guides_snippet():
    ml = webnn.ML()
    context = ml.create_context(accelerated=True, power_preference="high-performance")
    assert context.backend in {status["name"] for status in webnn.devices()["backends"]}
    builder = context.create_graph_builder()
    x = builder.input("x", [2, 3], "float32")
    y = builder.input("y", [2, 3], "float32")
    graph = builder.build({"output": builder.add(x, y)})
    outputs = context.compute(graph, {"x": np.ones((2, 3), F32), "y": np.ones((2, 3), F32)})
    same(outputs["output"], np.full((2, 3), 2, F32))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 2,
        lambda x: 2 + x,
        lambda x: x - 1.5,
        lambda x: 1.5 - x,
        lambda x: x * x,
        lambda x: 3 * x,
        lambda x: x / 2,
        lambda x: 6 / x,
        lambda x: x**2,
        lambda x: 2**x,
        lambda x: -x,
        lambda x: abs(x - 4),
        lambda x: x + np.arange(3, dtype=F32),
        lambda x: np.arange(3, dtype=F32) + x,
        lambda x: x @ np.ones((3, 2), F32),
        lambda x: np.ones((2, 2), F32) @ x,
    ],
)
def test_operators_of_operands(builder, run, function):
    data = np.array([[1, 2, 3], [4, 5, 6]], F32)
    x = builder.input("x", [2, 3])
    np.testing.assert_allclose(run(builder, function(x), x=data), function(data), rtol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x < 3,
        lambda x: x <= 3,
        lambda x: x > 3,
        lambda x: x >= 3,
        lambda x: x == 3,
        lambda x: x != 3,
        lambda x: 3 < x,
    ],
)
def test_comparisons_of_operands(builder, run, function):
    data = np.array([[1, 2, 3], [4, 5, 6]], F32)
    x = builder.input("x", [2, 3])
    same(run(builder, function(x), x=data), function(data).astype(np.uint8))


@pytest.mark.parametrize(
    "key",
    [
        np.s_[1],
        np.s_[-1],
        np.s_[0, 1],
        np.s_[:, 1:],
        np.s_[:, ::2],
        np.s_[::-1],
        np.s_[:, ::-2],
        np.s_[..., 0],
        np.s_[:, None],
        np.s_[None, ..., 1:3],
        np.s_[np.int64(1), 2:],
        np.s_[...],
    ],
)
def test_indexing(builder, run, key):
    data = np.arange(24, dtype=F32).reshape(2, 3, 4)
    x = builder.input("x", [2, 3, 4])
    same(run(builder, builder.identity(x[key]), x=data), data[key])


@pytest.mark.parametrize("key", [np.s_[2], np.s_[0, 0, 0, 0], np.s_[1:1], np.s_["a"], np.s_[0.5]])
def test_wrong_indices(builder, key):
    with pytest.raises(webnn.ValidationError):
        builder.input("x", [2, 3, 4])[key]


def test_operands_describe_themselves(builder):
    x = builder.input("x", [2, 3], "int64")
    assert (x.name, x.shape, x.data_type, x.rank, len(x)) == ("x", [2, 3], "int64", 2, 2)
    assert repr(x) == "MLOperand(name='x', dtype='int64', shape=[2, 3])"
    y = builder.identity(x)
    assert y.name is None and y.builder is builder
    assert len({x, y, x}) == 2
    with pytest.raises(TypeError, match="no truth value"):
        bool(x == y)


@pytest.mark.parametrize(
    "value, data_type, shape",
    [
        ([1.0, 2.0], "float32", [2]),
        ([[1, 2]], "int64", [1, 2]),
        (3.5, "float32", []),
        (np.float16(2), "float16", []),
        (np.array([True, False]), "uint8", [2]),
        (np.arange(3, dtype=np.uint64), "uint64", [3]),
        (np.arange(3, dtype=np.int16), "int32", [3]),
        (np.arange(3.0), "float32", [3]),
    ],
)
def test_constants(builder, run, value, data_type, shape):
    constant = builder.constant(value)
    assert (constant.data_type, constant.shape) == (data_type, shape)
    same(run(builder, builder.identity(constant)), np.asarray(value).astype(data_type))


def test_constants_in_other_forms(context, builder, run):
    same(run(builder, builder.identity(builder.constant("float16", 1.5))), np.float16(1.5))
    raw = np.arange(4, dtype=F32)
    same(
        run(builder, builder.identity(builder.constant(raw.tobytes(), [2, 2], "float32"))),
        raw.reshape(2, 2),
    )
    same(run(builder, builder.identity(builder.constant(raw, [2, 2]))), raw.reshape(2, 2))
    same(run(builder, builder.identity(builder.constant([1, 2], data_type="int8"))), np.array([1, 2], np.int8))
    same(run(builder, builder.identity(builder.constant(raw[::2]))), raw[::2])
    same(run(builder, builder.identity(builder.constant(raw.astype(">f4")))), raw)
    locked = raw.copy()
    locked.setflags(write=False)
    for copy in (True, False):
        same(run(builder, builder.identity(builder.constant(locked, copy=copy))), raw)
        same(run(builder, builder.identity(builder.constant(raw[::2], copy=copy))), raw[::2])
    tensor = context.create_constant_tensor(raw)
    assert tensor.constant
    same(run(builder, builder.identity(builder.constant(tensor))), raw)


def test_a_constant_is_a_copy_unless_told_otherwise(context):
    for copy in (True, False):
        builder = context.create_graph_builder()
        data = np.ones(3, F32)
        constant = builder.constant(data, copy=copy)
        data[:] = 5
        graph = builder.build({"y": builder.add(constant, builder.input("x", [3]))})
        result = context.compute(graph, {"x": np.zeros(3, F32)})["y"]
        same(result, np.full(3, 1 if copy else 5, F32))


def test_four_bit_elements(builder, run):
    values = np.array([-8, -1, 0, 7, 3], np.int8)
    x = builder.input("x", [5], "int4")
    result = run(
        builder,
        builder.dequantize_linear(x, builder.constant([0.5]), builder.constant([0], data_type="int4")),
        x=values,
    )
    same(result, values.astype(F32) * F32(0.5))
    with pytest.raises(webnn.ValidationError, match="int4 holds integers from -8 to 7"):
        builder.constant([9], data_type="int4")


def test_pads_are_in_onnx_order_and_padding_in_the_specifications(builder):
    x = builder.input("x", [1, 1, 4, 4])
    weights = builder.constant(np.ones((1, 1, 1, 1), F32))
    assert builder.conv2d(x, weights, pads=[1, 2, 3, 4]).shape == [1, 1, 8, 10]
    assert builder.conv2d(x, weights, padding=[1, 3, 2, 4]).shape == [1, 1, 8, 10]
    assert builder.conv2d(x, weights, [1, 1], [1, 1], [1, 2, 3, 4]).shape == [1, 1, 8, 10]
    with pytest.raises(TypeError, match="not both"):
        builder.conv2d(x, weights, pads=[0, 0, 0, 0], padding=[0, 0, 0, 0])


def test_names_that_the_specification_dropped(builder, run):
    data = np.arange(24, dtype=F32).reshape(2, 3, 1, 4)
    x = builder.input("x", [2, 3, 1, 4])
    same(run(builder, builder.squeeze(x), x=data), data.squeeze())
    same(run(builder, builder.squeeze(x, [2]), x=data), data.squeeze(2))
    same(run(builder, builder.unsqueeze(x, [0, 5]), x=data), data[None, ..., None])
    same(run(builder, builder.flatten(x), x=data), data.reshape(2, 12))
    same(run(builder, builder.flatten(x, 3), x=data), data.reshape(6, 4))
    np.testing.assert_allclose(
        run(builder, builder.global_average_pool(x), x=data), data.mean((2, 3), keepdims=True), rtol=1e-6
    )
    same(run(builder, builder.global_max_pool(x), x=data), data.max((2, 3), keepdims=True))
    same(run(builder, builder.pad(x, [0, 0, 0, 1, 0, 0, 0, 2]), x=data), np.pad(data, [(0, 0)] * 3 + [(1, 2)]))
    same(
        run(builder, builder.pad(x, [0, 0, 0, 1], [0, 0, 0, 2], mode="edge"), x=data),
        np.pad(data, [(0, 0)] * 3 + [(1, 2)], mode="edge"),
    )
    same(run(builder, builder.where_(x > 3, x, 0), x=data), np.where(data > 3, data, 0).astype(F32))
    for wrong in (lambda: builder.squeeze(x, [1]), lambda: builder.unsqueeze(x, [9]), lambda: builder.flatten(x, 7)):
        with pytest.raises(webnn.ValidationError):
            wrong()


def test_a_builder_goes_on_after_build(context, builder):
    x = builder.input("x", [2])
    y = builder.relu(x)
    first = builder.build({"y": y})
    second = builder.build({"z": builder.exp(y)})
    assert (first.operation_count, second.operation_count) == (1, 2)
    same(context.compute(second, {"x": np.zeros(2, F32)})["z"], np.ones(2, F32))
    same(context.compute(first, {"x": -np.ones(2, F32)})["y"], np.zeros(2, F32))


def test_a_builder_without_a_context(context):
    builder = webnn.MLGraphBuilder()
    graph = builder.build({"y": builder.relu(builder.input("x", [2]))})
    same(context.compute(graph, {"x": np.array([-1, 1], F32)})["y"], np.array([0, 1], F32))


@pytest.mark.parametrize(
    "call",
    [
        lambda b, x: b.input("", [1]),
        lambda b, x: b.input("a", [0]),
        lambda b, x: b.input("a", [-1]),
        lambda b, x: b.input("a", [2**32]),
        lambda b, x: b.input("a", "12"),
        lambda b, x: b.input("a", [1.5]),
        lambda b, x: b.input("a", 3),
        lambda b, x: b.input("a", [1], "float64"),
        lambda b, x: b.softmax(x, -1),
        lambda b, x: b.softmax(x, float("nan")),
        lambda b, x: b.softmax(x, np.float32("nan")),
        lambda b, x: b.concat([x], -1),
        lambda b, x: b.gather(x, np.zeros(1, np.int32), axis=-1),
        lambda b, x: b.arg_max(x, -1),
        lambda b, x: b.reduce_sum(x, axes=[-1]),
        lambda b, x: b.reduce_sum(x, axes=[float("nan")]),
        lambda b, x: b.squeeze(x, [-1]),
        lambda b, x: b.unsqueeze(x, [-1]),
        lambda b, x: b.transpose(x, permutation=[0, -1]),
        lambda b, x: b.cumulative_sum(x, -1),
        lambda b, x: b.softmax(x, "1"),
        lambda b, x: b.softmax(x, 10**30),
        lambda b, x: b.reshape(x, [7]),
        lambda b, x: b.concat(x, 0),
        lambda b, x: b.concat([x, None], 0),
        lambda b, x: b.relu(None),
        lambda b, x: b.relu("x"),
        lambda b, x: b.relu(object()),
        lambda b, x: b.relu(webnn.MLGraphBuilder().input("y", [1])),
        lambda b, x: b.constant(np.array([object()])),
        lambda b, x: b.constant(["a"]),
        lambda b, x: b.constant([[1, 2], [3]]),
        lambda b, x: b.constant(np.zeros(3), [2]),
        lambda b, x: b.constant(b"123", [1], "float32"),
        lambda b, x: b.constant(np.array([300]), data_type="int8"),
        lambda b, x: b.constant(np.array([1.5]), data_type="int8"),
        lambda b, x: b.constant(np.zeros(2, "M8[s]")),
        lambda b, x: b.constant(np.zeros(2, complex)),
        lambda b, x: b.build({}),
        lambda b, x: b.build({"": b.relu(x)}),
        lambda b, x: b.build({"y": x}),
        lambda b, x: b.build({"y": 1}),
        lambda b, x: b.build({1: b.relu(x)}),
        lambda b, x: b.build({"y": b.relu(x)}, precision="float8"),
        lambda b, x: b.average_pool2d(b.input("p", [1, 1, 2, 2]), layout="chwn"),
        lambda b, x: b.cast(x, "float99"),
    ],
)
def test_what_is_refused_is_a_validation_error(builder, call):
    x = builder.input("x", [2, 3])
    with pytest.raises(webnn.ValidationError) as error:
        call(builder, x)
    assert error.value.code == "TypeError"
    assert isinstance(error.value, ValueError) and isinstance(error.value, TypeError)
    assert str(error.value)


def test_wrong_calls_are_type_errors(builder):
    x = builder.input("x", [2, 3])
    for call, text in [
        (lambda: builder.relu(), "missing required argument: 'input'"),
        (lambda: builder.relu(x, x=x), "multiple values"),
        (lambda: builder.softmax(x, axes=1), "unexpected keyword argument 'axes'"),
        (lambda: builder.relu(x, 1), "positional arguments"),
    ]:
        with pytest.raises(TypeError, match=text):
            call()


def test_errors_name_the_rule_and_the_label(builder):
    x = builder.input("x", [2, 3])
    with pytest.raises(webnn.ValidationError, match="my matmul") as error:
        builder.matmul(x, x, label="my matmul")
    assert error.value.rule == "inner-sizes-match"
