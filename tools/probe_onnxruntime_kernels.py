#!/usr/bin/env python3
"""Probe which ONNX operators ONNX Runtime's CPU provider runs correctly.

For every (operator, element type) pair this builds small one-node models
(opset 21, IR version 10), runs them with graph optimisations off and at the
default level, and compares the results with a numpy reference: exactly for
integers and booleans, within a tolerance for floating point.

Each probe belongs to one of three classes:

  core      must pass for the pair to be listed as supported;
  edge      compared and reported, but does not affect the table (NaN and
            infinity handling, for instance);
  observe   no expected value; whatever happens is written to the report.

Probes run in a child process, so that an input that kills the process is
recorded as a crash rather than ending the run.

int4/uint4 tensors enter and leave the models through Cast nodes from/to
int8/uint8, because the Python API has no 4-bit arrays; constants are true
4-bit initializers.

Usage:
  probe_onnxruntime_kernels.py [--ops Add,Conv] [--table kernels.inc]
                               [--report report.md] [--json results.json]
                               [--merge other.json ...]

--merge keeps only pairs that are also supported in earlier results (for
example, those of another ONNX Runtime release).

Requires: onnx, onnxruntime, numpy, ml_dtypes.
"""

import argparse
import itertools
import json
import math
import os
import signal
import sys
import zlib

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

np.seterr(all="ignore")

OPSET = 21
IR_VERSION = 10

DTYPES = {
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "F64": np.dtype(np.float64),
    "I8": np.dtype(np.int8),
    "U8": np.dtype(np.uint8),
    "I32": np.dtype(np.int32),
    "U32": np.dtype(np.uint32),
    "I64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
    "BOOL": np.dtype(np.bool_),
    "I4": np.dtype(ml_dtypes.int4),
    "U4": np.dtype(ml_dtypes.uint4),
}
FLAG_ORDER = list(DTYPES)
ONNX_TYPES = {
    "F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16,
    "F64": TensorProto.DOUBLE, "I8": TensorProto.INT8,
    "U8": TensorProto.UINT8, "I32": TensorProto.INT32,
    "U32": TensorProto.UINT32, "I64": TensorProto.INT64,
    "U64": TensorProto.UINT64, "BOOL": TensorProto.BOOL,
    "I4": TensorProto.INT4, "U4": TensorProto.UINT4,
}
FLAG_OF_DTYPE = {d: f for f, d in DTYPES.items()}
FLOATS = ["F32", "F16", "F64"]
INTS = ["I8", "U8", "I32", "U32", "I64", "U64"]
NUMERIC = FLOATS + INTS
PLAIN = NUMERIC + ["BOOL"]
EVERY = PLAIN + ["I4", "U4"]
WIDER = {"I4": "I8", "U4": "U8"}
RANGES = {"I4": (-8, 7), "U4": (0, 15)}
for _f in INTS:
    RANGES[_f] = (int(np.iinfo(DTYPES[_f]).min), int(np.iinfo(DTYPES[_f]).max))


# --------------------------------------------------------------------------
# Values

def rng(*key):
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def specials(t):
    """Values at the ends of the type's range and where precision runs out."""
    if t == "BOOL":
        return [False, True]
    if t in FLOATS:
        fi = np.finfo(DTYPES[t])
        return [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, -2.5, float(fi.max),
                -float(fi.max), float(fi.tiny), math.inf, -math.inf, math.nan]
    lo, hi = RANGES[t]
    v = [lo, lo + 1, 0, 1, 2, 3, hi // 2 + 1, hi - 1, hi]
    if lo < 0:
        v += [-1, -2, lo // 2]
    for big in (2**24 + 1, 2**31, 2**53 + 1, -(2**53) - 1, 2**62 + 1,
                2**63 + 1, 2**63 + 2**54 + 1):
        if lo <= big <= hi:
            v.append(big)
    return v


def arr(t, values, shape=None):
    d = DTYPES[t]
    if t in RANGES and t not in WIDER:
        a = np.array([int(x) for x in np.ravel(np.array(values, dtype=object))],
                     dtype=d)
        a = a.reshape(np.shape(np.array(values, dtype=object)))
    else:
        a = np.array(values).astype(d)
    return a if shape is None else a.reshape(shape)


def data(t, shape, kind="any", seed=0):
    """Random values. any: finite values over the whole range (moderate for
    floats); small: -4..4; pos: 1..5; unit: -1..1."""
    g = rng(t, tuple(shape), kind, seed)
    n = int(np.prod(shape))
    if t == "BOOL":
        v = g.integers(0, 2, n).astype(bool)
    elif t in FLOATS:
        if kind == "pos":
            v = g.uniform(0.5, 4, n)
        elif kind == "unit":
            v = g.uniform(-1, 1, n)
        elif kind == "small":
            v = g.uniform(-4, 4, n)
        else:
            v = g.uniform(-50, 50, n)
    else:
        lo, hi = RANGES[t]
        if kind == "any":
            pool = specials(t)
            v = [pool[i] if i < len(pool) else int(x) for i, x in zip(
                g.integers(0, 2 * len(pool), n),
                g.integers(lo, hi, n, dtype=np.uint64 if t == "U64"
                           else np.int64, endpoint=True))]
        elif kind == "pos":
            v = [int(x) for x in g.integers(1, 5, n)]
        else:
            v = [int(x) for x in g.integers(max(lo, -4), 5, n)]
        return arr(t, v, tuple(shape)) if n else np.zeros(shape, DTYPES[t])
    return np.asarray(v).astype(DTYPES[t]).reshape(shape)


def wrap(t, x):
    """Two's-complement wrap of a Python integer."""
    lo, hi = RANGES[t]
    return (int(x) - lo) % (hi - lo + 1) + lo


def up(a):
    """Reference precision for a floating-point array."""
    return a.astype(np.float32) if a.dtype == np.float16 else a


def pyints(fn, t, *arrays):
    """Apply fn to Python integers with broadcasting; wrap to type t."""
    bs = np.broadcast_arrays(*arrays)
    out = [wrap(t, fn(*(int(x) for x in xs)))
           for xs in zip(*(b.ravel() for b in bs))]
    return arr(t, out, bs[0].shape)


# --------------------------------------------------------------------------
# Probes

class Probe:
    def __init__(self, op, t, label, inputs, expect, attrs=None, mode="core",
                 const=(), outs=None, tol=None):
        self.op, self.t, self.label = op, t, label
        self.inputs = [None if x is None else np.asarray(x) for x in inputs]
        self.attrs = attrs or {}
        self.mode, self.const, self.tol = mode, set(const), tol
        if expect is not None and not isinstance(expect, (list, tuple)):
            expect = [expect]
        self.expect = (None if expect is None else
                       [None if e is None else np.asarray(e) for e in expect])
        if outs is None:
            outs = ([t] if self.expect is None else
                    [None if e is None else FLAG_OF_DTYPE[e.dtype]
                     for e in self.expect])
        self.outs = outs

    def model(self):
        nodes, ins, inits, names, feeds = [], [], [], [], {}
        for i, x in enumerate(self.inputs):
            if x is None:
                names.append("")
                continue
            name, f = f"x{i}", FLAG_OF_DTYPE[x.dtype]
            names.append(name)
            if i in self.const:
                inits.append(numpy_helper.from_array(np.ascontiguousarray(x)
                             .reshape(x.shape), name))
                continue
            if f in WIDER:
                w = WIDER[f]
                ins.append(helper.make_tensor_value_info(
                    name + "w", ONNX_TYPES[w], x.shape))
                feeds[name + "w"] = x.astype(DTYPES[w])
                nodes.append(helper.make_node("Cast", [name + "w"], [name],
                                              to=ONNX_TYPES[f]))
            else:
                ins.append(helper.make_tensor_value_info(
                    name, ONNX_TYPES[f], x.shape))
                feeds[name] = x
        while names and not names[-1]:
            names.pop()
        outs, onames, tail = [], [], []
        for i, f in enumerate(self.outs):
            name = f"y{i}"
            if f is None:
                onames.append("")
            elif f in WIDER:
                onames.append(name + "n")
                tail.append(helper.make_node("Cast", [name + "n"], [name],
                                             to=ONNX_TYPES[WIDER[f]]))
                outs.append(helper.make_tensor_value_info(
                    name, ONNX_TYPES[WIDER[f]], None))
            else:
                onames.append(name)
                outs.append(helper.make_tensor_value_info(
                    name, ONNX_TYPES[f], None))
        nodes.append(helper.make_node(self.op, names, onames, name="probe",
                                      **self.attrs))
        graph = helper.make_graph(nodes + tail, "probe", ins, outs, inits)
        m = helper.make_model(graph, ir_version=IR_VERSION,
                              opset_imports=[helper.make_opsetid("", OPSET)])
        return m.SerializeToString(), feeds


TOLERANCE = {"F32": (2e-5, 2e-6), "F64": (1e-11, 1e-12), "F16": (4e-3, 2e-3)}


def compare(got, want, tol=None):
    """None if equal enough, else a short description of a difference."""
    f = FLAG_OF_DTYPE[want.dtype]
    if f in WIDER:
        want = want.astype(DTYPES[WIDER[f]])
    if got.dtype != want.dtype:
        return f"dtype {got.dtype}, expected {want.dtype}"
    if got.shape != want.shape:
        return f"shape {got.shape}, expected {want.shape}"
    if f in FLOATS:
        rtol, atol = tol or TOLERANCE[f]
        g, w = got.astype(np.float64), want.astype(np.float64)
        bad = ~np.isclose(g, w, rtol=rtol, atol=atol, equal_nan=True)
    else:
        bad = got != want
    if not bad.any():
        return None
    i = tuple(int(x) for x in np.argwhere(bad)[0]) if bad.ndim else ()
    return (f"[{','.join(map(str, i))}] got {got[i]!s}, expected {want[i]!s}"
            f" ({int(bad.sum())}/{bad.size} differ)")


def show(a):
    return np.array2string(a.ravel()[:24], separator=",", max_line_width=10**6)


def classify(message):
    m = " ".join(message.split())
    if "NOT_IMPLEMENTED" in m and "Could not find an implementation" in m:
        return "no kernel", ""
    if "INVALID_GRAPH" in m or "Type Error" in m or "TypeInferenceError" in m:
        return "not in schema", m[-220:]
    return "error", m[-260:]


def run_probe(p, ort):
    """Returns (status, detail, native_f16)."""
    blob, feeds = p.model()
    results, native = [], None
    for level in (ort.GraphOptimizationLevel.ORT_DISABLE_ALL, None):
        so = ort.SessionOptions()
        so.intra_op_num_threads = so.inter_op_num_threads = 1
        so.log_severity_level = 4
        if level is not None:
            so.graph_optimization_level = level
        dump = None
        if p.t == "F16" and level is not None:
            dump = f"/tmp/probe-{os.getpid()}.onnx"
            so.optimized_model_filepath = dump
        try:
            s = ort.InferenceSession(blob, so,
                                     providers=["CPUExecutionProvider"])
            if dump and os.path.exists(dump):
                casts = sum(n.op_type == "Cast"
                            for n in onnx.load(dump).graph.node)
                own = sum(n.op_type == "Cast"
                          for n in onnx.load_from_string(blob).graph.node)
                native = casts <= own
            got = s.run(None, feeds)
        except Exception as e:  # the runtime's exception types vary
            results.append(classify(f"{type(e).__name__}: {e}"))
            continue
        finally:
            if dump and os.path.exists(dump):
                os.unlink(dump)
        if p.expect is None:
            results.append(("observed", " | ".join(show(g) for g in got)))
            continue
        wants = [e for e in p.expect if e is not None]
        diffs = [d for d in (compare(g, w, p.tol) for g, w in zip(got, wants))
                 if d]
        results.append(("WRONG", diffs[0]) if diffs else ("ok", ""))
    off, default = results
    if off == default:
        return off[0], off[1], native
    if off[0] == default[0]:
        return off[0], f"{off[1]} || optimised: {default[1]}", native
    worst = off if off[0] != "ok" else default
    return (worst[0], f"unoptimised: {off[0]} {off[1]} || optimised: "
            f"{default[0]} {default[1]}", native)


PROBES = {}


def probes(names, types):
    """Register fn(op, t) -> probes for each operator and element type."""
    def register(fn):
        for n in names.split():
            PROBES.setdefault(n, []).append((types, fn))
        return fn
    return register


# --------------------------------------------------------------------------
# Elementwise

BROADCASTS = [
    ((2, 3), (2, 3)), ((), ()), ((5,), ()), ((), (5,)), ((1,), (4,)),
    ((2, 1, 3), (4, 1)), ((2, 3, 4, 5), (3, 1, 5)),
    ((2, 1, 2, 1, 3), (1, 2, 1, 2, 1)),
    ((1, 2, 1, 2, 1, 2, 1, 3), (2, 1, 2, 1, 2, 1, 2, 1)),
    ((2, 1, 2, 1, 2, 1, 2, 3), (2, 3)),
]
UNARY_SHAPES = [(), (1,), (37,), (2, 3), (2, 3, 4, 5), (2, 1, 2, 3, 2),
                (1, 2, 1, 2, 1, 2, 2, 3)]


def int_div(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def int_fmod(a, b):
    return a - b * int_div(a, b)


BINARY_INT = {
    "Add": lambda a, b: a + b, "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b, "Div": int_div, "Mod": lambda a, b: a % b,
    "Max": max, "Min": min,
    "BitwiseAnd": lambda a, b: a & b, "BitwiseOr": lambda a, b: a | b,
    "BitwiseXor": lambda a, b: a ^ b,
}
BINARY_FLOAT = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide,
    "Mod": np.fmod, "Max": np.maximum, "Min": np.minimum, "Pow": np.power,
}
COMPARE = {
    "Equal": np.equal, "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal, "Less": np.less,
    "LessOrEqual": np.less_equal,
}


@probes("Add Sub Mul Div Mod Max Min", NUMERIC)
def binary(op, t):
    if t in FLOATS:
        def ref(a, b):
            return BINARY_FLOAT[op](up(a), up(b)).astype(DTYPES[t])
    else:
        def ref(a, b):
            return pyints(BINARY_INT[op], t, a, b)
    attrs = {"fmod": 1} if op == "Mod" and t in FLOATS else {}
    divides = op in ("Div", "Mod")
    for sa, sb in BROADCASTS:
        a, b = data(t, sa, "any", 1), data(t, sb, "any", 2)
        if divides and t in INTS:
            b = pyints(lambda v: 3 if v in (0, -1) else v, t, b)
        yield Probe(op, t, f"{sa}x{sb}", [a, b], ref(a, b), attrs)
    s = arr(t, specials(t))
    if divides and t in INTS:
        d = arr(t, [v for v in specials(t) if v not in (0, -1)])
        a, b = s.reshape(-1, 1), d.reshape(1, -1)
        yield Probe(op, t, "range ends", [a, b], ref(a, b), attrs)
        if op == "Mod":
            yield Probe(op, t, "range ends, fmod=1", [a, b],
                        pyints(int_fmod, t, a, b), {"fmod": 1})
        if RANGES[t][0] < 0:
            a = arr(t, [5, -7, RANGES[t][1]])
            b = arr(t, [-1, -1, -1])
            yield Probe(op, t, "by -1", [a, b], ref(a, b), attrs)
            a = arr(t, [RANGES[t][0]] * 3)
            yield Probe(op, t, "lowest by -1", [a, b], ref(a, b), attrs, "edge")
        yield Probe(op, t, "by zero", [arr(t, [5, 0, 7]), arr(t, [0, 0, 0])],
                    None, attrs, "observe")
        if RANGES[t][0] < 0:
            yield Probe(op, t, "lowest by constant -1", [
                arr(t, [RANGES[t][0]] * 3), arr(t, -1)], None, attrs,
                "observe", const=[1])
            yield Probe(op, t, "constant lowest by constant -1", [
                arr(t, [RANGES[t][0]] * 3), arr(t, -1)], None, attrs,
                "observe", const=[0, 1])
        if op == "Mod":
            yield Probe(op, t, "by zero, fmod=1", [arr(t, [5, 0, 7]),
                        arr(t, [0, 0, 0])], None, {"fmod": 1}, "observe")
        yield Probe(op, t, "by constant zero", [arr(t, [5, 0, 7]),
                    arr(t, [0])], None, attrs, "observe", const=[1])
    else:
        a, b = s.reshape(-1, 1), s.reshape(1, -1)
        if t in FLOATS:
            f = s[np.isfinite(s)]
            yield Probe(op, t, "finite range ends",
                        [f.reshape(-1, 1), f.reshape(1, -1)],
                        ref(f.reshape(-1, 1), f.reshape(1, -1)), attrs,
                        "edge" if divides else "core")
        yield Probe(op, t, "range ends", [a, b], ref(a, b), attrs,
                    "edge" if t in FLOATS else "core")
    if op in ("Max", "Min"):
        a, b, c = (data(t, (3, 2), "any", i) for i in range(3))
        yield Probe(op, t, "three inputs", [a, b, c], ref(ref(a, b), c))
        if t in FLOATS:
            n = arr(t, [math.nan] * 20)
            v = data(t, (20,), "any")
            yield Probe(op, t, "NaN first", [n, v], n, mode="edge")
            yield Probe(op, t, "NaN second", [v, n], n, mode="edge")
            yield Probe(op, t, "NaN scalar", [v, n[0]], n, mode="edge")


@probes("Pow", NUMERIC)
def power(op, t):
    def ref(a, b):
        if t in FLOATS:
            return np.power(up(a), up(b)).astype(DTYPES[t])
        return pyints(lambda x, y: x ** y, t, a, b)
    for sa, sb in BROADCASTS:
        a, b = data(t, sa, "pos", 1), data(t, sb, "pos", 2)
        if t in ("I8", "U8"):
            b = pyints(lambda v: min(v, 3), t, b)
            a = pyints(lambda v: min(v, 4), t, a)
        yield Probe(op, t, f"{sa}x{sb}", [a, b], ref(a, b))
    if t in FLOATS:
        a = arr(t, [-2, -2, -1.5, 0, 4, 2]); b = arr(t, [2, 3, -1, 0, .5, -2])
        yield Probe(op, t, "negative base", [a, b], ref(a, b))
        a = arr(t, specials(t))
        yield Probe(op, t, "specials", [a.reshape(-1, 1), a.reshape(1, -1)],
                    ref(a.reshape(-1, 1), a.reshape(1, -1)), mode="edge")
        for e in (2, 3):
            v = data(t, (9,), "small")
            yield Probe(op, t, f"scalar exponent {e}", [v, arr(t, e)],
                        ref(v, arr(t, e)))
    else:
        lo, hi = RANGES[t]
        cand = [(a, b) for a in (0, 1, 2, 3, 7, 10, 15, -1, -2, -3, -7)
                for b in (0, 1, 2, 3, 5, 7, 13, 19, 21, 23, 31, 32, 39)
                if lo <= a and lo <= a ** b <= hi]
        a, b = arr(t, [x for x, _ in cand]), arr(t, [x for _, x in cand])
        yield Probe(op, t, "representable results", [a, b], ref(a, b))
        for e in (1, 2, 3):
            top = int(round(hi ** (1 / e)))
            while top ** e > hi:
                top -= 1
            a = arr(t, [top, top - 1])
            yield Probe(op, t, f"large, scalar exponent {e}", [a, arr(t, e)],
                        ref(a, arr(t, e)))
        a, b = arr(t, [10, 3, 2, 2]), arr(t, [25, 50, 63, 70])
        yield Probe(op, t, "overflow wraps", [a, b], ref(a, b), mode="edge")
        if lo < 0:
            yield Probe(op, t, "negative exponent", [arr(t, [1, -1, 2, -2, 0]),
                        arr(t, [-1, -1, -1, -3, -1])], None, mode="observe")
    if t in ("F32", "I32", "I64"):
        for u in ("F32", "F64", "I32", "I64"):
            if u != t:
                a, b = data(t, (5,), "pos", 1), arr(u, [0, 1, 2, 3, 2])
                yield Probe(op, t, f"exponent of {u}", [a, b], np.power(
                    a.astype(np.float64), b.astype(np.float64)
                ).astype(DTYPES[t]), mode="edge")


@probes("Equal Greater GreaterOrEqual Less LessOrEqual", PLAIN)
def comparison(op, t):
    ref = COMPARE[op]
    for sa, sb in BROADCASTS:
        a, b = data(t, sa, "small", 1), data(t, sb, "small", 2)
        yield Probe(op, t, f"{sa}x{sb}", [a, b], ref(a, b))
    s = arr(t, specials(t))
    yield Probe(op, t, "range ends", [s.reshape(-1, 1), s.reshape(1, -1)],
                ref(s.reshape(-1, 1), s.reshape(1, -1)))
    for scalar in s:
        yield Probe(op, t, "constant", [s, np.asarray(scalar)],
                    ref(s, scalar), const=[1])


@probes("And Or Xor", ["BOOL"])
def logical(op, t):
    ref = {"And": np.logical_and, "Or": np.logical_or,
           "Xor": np.logical_xor}[op]
    for sa, sb in BROADCASTS:
        a, b = data(t, sa, seed=1), data(t, sb, seed=2)
        yield Probe(op, t, f"{sa}x{sb}", [a, b], ref(a, b))


@probes("Not", ["BOOL"])
def logical_not(op, t):
    for s in UNARY_SHAPES:
        a = data(t, s)
        yield Probe(op, t, f"{s}", [a], ~a)


@probes("BitwiseAnd BitwiseOr BitwiseXor", INTS)
def bitwise(op, t):
    for sa, sb in BROADCASTS:
        a, b = data(t, sa, seed=1), data(t, sb, seed=2)
        yield Probe(op, t, f"{sa}x{sb}", [a, b],
                    pyints(BINARY_INT[op], t, a, b))


@probes("BitwiseNot", INTS)
def bitwise_not(op, t):
    for s in UNARY_SHAPES:
        a = data(t, s)
        yield Probe(op, t, f"{s}", [a], ~a)


@probes("BitShift", INTS)
def bit_shift(op, t):
    bits = DTYPES[t].itemsize * 8
    for direction in ("LEFT", "RIGHT"):
        for sa, sb in BROADCASTS:
            a, b = data(t, sa, seed=1), data(t, sb, "pos", seed=2)
            f = ((lambda x, y: x << y) if direction == "LEFT"
                 else (lambda x, y: x >> y))
            yield Probe(op, t, f"{direction} {sa}x{sb}", [a, b],
                        pyints(f, t, a, b), {"direction": direction})
        yield Probe(op, t, f"{direction} by the width",
                    [data(t, (3,)), arr(t, [bits] * 3)], None,
                    {"direction": direction}, "observe")


erf = np.vectorize(math.erf, otypes=[np.float64])


def f64(fn):
    return lambda x: fn(x.astype(np.float64))


UNARY_FLOAT = {
    "Abs": np.abs, "Ceil": np.ceil, "Cos": np.cos, "Erf": erf, "Exp": np.exp,
    "Floor": np.floor, "Log": np.log, "Neg": np.negative,
    "Reciprocal": lambda x: 1 / x, "Round": np.rint, "Sin": np.sin,
    "Sign": np.sign, "Sqrt": np.sqrt, "Tan": np.tan,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.logaddexp(0, x),
    "Softsign": lambda x: x / (1 + np.abs(x)), "Tanh": np.tanh,
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
}
UNARY_INT = {
    "Abs": abs, "Neg": lambda x: -x, "Sign": lambda x: (x > 0) - (x < 0),
    "Relu": lambda x: max(x, 0),
}


@probes(" ".join(UNARY_FLOAT), NUMERIC)
def unary(op, t):
    if t in FLOATS:
        def ref(x):
            return f64(UNARY_FLOAT[op])(x).astype(DTYPES[t])
    elif op in UNARY_INT:
        def ref(x):
            return pyints(UNARY_INT[op], t, x)
    else:
        def ref(x):
            return f64(UNARY_FLOAT[op])(x).astype(DTYPES[t])
    kind = {"Log": "pos", "Sqrt": "pos", "Reciprocal": "pos",
            "Exp": "small", "Tan": "unit"}.get(op, "any")
    for s in UNARY_SHAPES:
        x = data(t, s, kind)
        yield Probe(op, t, f"{s}", [x], ref(x))
    s = arr(t, specials(t))
    if t in FLOATS:
        x = arr(t, [-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 3.5, 1e-3, -1e-3])
        if op in ("Log", "Sqrt"):
            x = np.abs(x)
        yield Probe(op, t, "halves", [x], ref(x))
        x = arr(t, np.linspace(-12, 12, 97))
        if op not in ("Log", "Sqrt", "Tan"):
            yield Probe(op, t, "sweep", [x], ref(x))
        for v in s:
            x = np.full((33,), v, DTYPES[t])
            yield Probe(op, t, f"special {v}", [x], ref(x), mode="edge")
    else:
        yield Probe(op, t, "range ends", [s], ref(s))


@probes("Identity", EVERY)
def identity(op, t):
    for s in UNARY_SHAPES:
        x = data(t, s)
        yield Probe(op, t, f"{s}", [x], x)


@probes("IsNaN IsInf", FLOATS)
def is_nan(op, t):
    ref = np.isnan if op == "IsNaN" else np.isinf
    for s in UNARY_SHAPES:
        x = np.resize(arr(t, specials(t))[::-1], s)
        yield Probe(op, t, f"{s}", [x], ref(x))


@probes("Elu LeakyRelu HardSigmoid Gelu", NUMERIC)
def activation(op, t):
    variants = {
        "Elu": [({"alpha": a}, lambda x, a=a: np.where(
            x < 0, a * np.expm1(np.minimum(x, 0)), x)) for a in (1.0, 0.5)],
        "LeakyRelu": [({"alpha": a}, lambda x, a=a: np.where(x < 0, a * x, x))
                      for a in (0.01, 0.5, 2.0, -1.0)],
        "HardSigmoid": [({"alpha": a, "beta": b}, lambda x, a=a, b=b: np.clip(
            a * x + b, 0, 1)) for a, b in ((0.2, 0.5), (-0.5, 0.1))],
        "Gelu": [({}, lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2)))),
                 ({"approximate": "tanh"}, lambda x: 0.5 * x * (1 + np.tanh(
                     math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))],
    }[op]
    for attrs, fn in variants:
        def ref(x):
            return f64(fn)(x).astype(DTYPES[t])
        for s in UNARY_SHAPES:
            x = data(t, s, "small")
            yield Probe(op, t, f"{s} {attrs}", [x], ref(x), attrs)
        if t in FLOATS:
            for v in arr(t, specials(t)):
                x = np.full((33,), v, DTYPES[t])
                yield Probe(op, t, f"special {v} {attrs}", [x], ref(x), attrs,
                            "edge")


@probes("Softmax", FLOATS)
def softmax(op, t):
    def ref(x, axis):
        x = x.astype(np.float64)
        e = np.exp(x - x.max(axis, keepdims=True))
        return (e / e.sum(axis, keepdims=True)).astype(DTYPES[t])
    for rank in range(1, 9):
        s = (3, 2, 4, 2, 3, 1, 2, 2)[:rank]
        x = data(t, s, "any")
        for axis in list(range(rank)) + [-1]:
            yield Probe(op, t, f"{s} axis {axis}", [x], ref(x, axis),
                        {"axis": axis})
    x = arr(t, [[1, -np.inf, 2], [60000, 60000, 0]])
    yield Probe(op, t, "large and -inf", [x], ref(x, 1), {"axis": 1}, "edge")


@probes("Where", EVERY)
def where(op, t):
    for sa, sb in BROADCASTS:
        for sc in (sa, sb, ()):
            c, a, b = data("BOOL", sc), data(t, sa, seed=1), data(t, sb, seed=2)
            yield Probe(op, t, f"{sc}?{sa}:{sb}", [c, a, b],
                        np.where(c, a, b).astype(DTYPES[t]))


@probes("Clip", NUMERIC)
def clip(op, t):
    s = arr(t, specials(t))
    for shape in UNARY_SHAPES:
        x = data(t, shape)
        for lo, hi in ((1, 3), (0, 6), (None, 2), (2, None), (None, None)):
            a = None if lo is None else arr(t, lo)
            b = None if hi is None else arr(t, hi)
            want = x
            if a is not None:
                want = np.maximum(want, a)
            if b is not None:
                want = np.minimum(want, b)
            yield Probe(op, t, f"{shape} {lo}..{hi}", [x, a, b], want,
                        const=[1, 2] if shape == (2, 3) else [])
    if t in INTS:
        lo, hi = RANGES[t]
        for a, b in ((lo, hi), (lo + 1, hi - 1), (hi - 1, hi), (lo, lo + 1)):
            yield Probe(op, t, f"range {a}..{b}", [s, arr(t, a), arr(t, b)],
                        np.minimum(np.maximum(s, arr(t, a)), arr(t, b)))
    else:
        yield Probe(op, t, "NaN and infinity", [s, arr(t, -1), arr(t, 1)],
                    np.clip(s, -1, 1), mode="edge")
        yield Probe(op, t, "infinite bounds", [s, arr(t, -math.inf),
                    arr(t, math.inf)], s, mode="edge")
    yield Probe(op, t, "min above max gives max", [data(t, (6,), "small"),
                arr(t, 3), arr(t, 1)], np.full((6,), 1, DTYPES[t]),
                mode="edge")


@probes("PRelu", NUMERIC)
def prelu(op, t):
    for sa, sb in (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3), ()),
                   ((2, 3, 4, 5), (3, 1, 1)), ((), ()), ((5,), (1,)),
                   ((2, 1, 2, 1, 3), (3,)),
                   ((1, 2, 1, 2, 1, 2, 1, 3), (2, 1, 1))):
        kind = "small"
        a, b = data(t, sa, kind, 1), data(t, sb, kind, 2)
        yield Probe(op, t, f"{sa}x{sb}", [a, b],
                    np.where(a < 0, a * b, a).astype(DTYPES[t]))
    for sa, sb in (((3,), (2, 3)), ((2, 1, 3), (4, 1))):
        a, b = data(t, sa, "small", 1), data(t, sb, "small", 2)
        yield Probe(op, t, f"bidirectional {sa}x{sb}", [a, b],
                    np.where(a < 0, a * b, a).astype(DTYPES[t]), mode="edge")


# --------------------------------------------------------------------------
# Reductions

REDUCE_FLOAT = {
    "ReduceSum": lambda x, a, k: x.sum(a, keepdims=k),
    "ReduceMax": lambda x, a, k: x.max(a, keepdims=k),
    "ReduceMin": lambda x, a, k: x.min(a, keepdims=k),
    "ReduceMean": lambda x, a, k: x.mean(a, keepdims=k),
    "ReduceProd": lambda x, a, k: x.prod(a, keepdims=k),
    "ReduceL1": lambda x, a, k: np.abs(x).sum(a, keepdims=k),
    "ReduceL2": lambda x, a, k: np.sqrt((x * x).sum(a, keepdims=k)),
    "ReduceLogSum": lambda x, a, k: np.log(x.sum(a, keepdims=k)),
    "ReduceLogSumExp": lambda x, a, k: np.logaddexp.reduce(
        x, axis=a, keepdims=k) if not isinstance(a, tuple) else
        np.log(np.exp(x - x.max()).sum(a, keepdims=k)) + x.max(),
    "ReduceSumSquare": lambda x, a, k: (x * x).sum(a, keepdims=k),
}
REDUCE_CASES = [
    ((), []), ((), None), ((5,), [0]), ((5,), []), ((2, 3), [0]),
    ((2, 3), [1]), ((2, 3), [-1]), ((2, 3), [0, 1]), ((2, 3), None),
    ((2, 3, 4, 2), [1]), ((2, 3, 4, 2), [0, 2]), ((2, 3, 4, 2), [1, 3]),
    ((2, 3, 4, 2), [2, 3]), ((2, 3, 4, 2), [0, 1, 2, 3]),
    ((2, 1, 2, 3, 2), [0, 2, 4]), ((2, 3, 2, 2, 2), [1, 3]),
    ((2, 2, 1, 2, 2, 1, 2, 2), [0, 3, 6]),
    ((2, 2, 1, 2, 2, 1, 2, 2), [1, 2, 4, 7]),
    ((2, 2, 1, 2, 2, 1, 2, 2), None),
]


@probes(" ".join(REDUCE_FLOAT), NUMERIC + ["BOOL"])
def reduce(op, t):
    if t == "BOOL" and op not in ("ReduceMax", "ReduceMin"):
        return
    exact = op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd",
                   "ReduceL1", "ReduceSumSquare")

    def ref(x, axes, keep):
        fn = REDUCE_FLOAT[op]
        if t in FLOATS:
            return np.asarray(fn(x.astype(np.float64), axes, keep)).astype(
                DTYPES[t])
        if exact and t != "BOOL":
            o = np.array([int(v) for v in x.ravel()],
                         dtype=object).reshape(x.shape)
            if o.ndim == 0:  # object scalars would decay to int
                r = fn(o.reshape(1), 0, False)
                return arr(t, wrap(t, r), ())
            r = np.asarray(fn(o, axes, keep))
            return arr(t, [wrap(t, v) for v in r.ravel()], r.shape)
        if t == "BOOL":
            return np.asarray(fn(x, axes, keep))
        return np.asarray(fn(x.astype(np.float64), axes, keep)).astype(
            DTYPES[t])

    logs = op in ("ReduceLogSum",)
    for shape, axes in REDUCE_CASES:
        for keep in (0, 1):
            for kind in ("pos",) if logs else ("small", "any"):
                if kind == "any" and (op == "ReduceProd" and t in FLOATS
                                      or not exact):
                    continue
                if not exact and t in INTS:
                    kind = "pos"
                x = data(t, shape, kind)
                if t in FLOATS and op == "ReduceProd":
                    x = data(t, shape, "pos", 3)
                    x = (x / DTYPES[t].type(2)).astype(DTYPES[t])
                a = None if axes is None else arr("I64", axes, (len(axes),))
                if a is not None and len(axes) == 0:
                    # An empty list with noop_with_empty_axes=0 reduces all.
                    na = None
                else:
                    na = None if axes is None else tuple(axes)
                # What an integer result that does not fit becomes is left
                # open by ONNX, so that is only reported.
                mode = "core"
                if t in INTS and exact:
                    o = [abs(int(v)) for v in x.ravel()]
                    bound = {"ReduceMax": 0, "ReduceMin": 0,
                             "ReduceProd": math.prod(max(v, 1) for v in o),
                             "ReduceSumSquare": sum(v * v for v in o),
                             }.get(op, sum(o))
                    if bound > RANGES[t][1]:
                        mode = "edge"
                yield Probe(op, t, f"{shape} {axes} keep={keep} {kind}",
                            [x, a], ref(x, na, bool(keep)),
                            {"keepdims": keep}, mode, const=[1])
    if t in INTS and not op.startswith("ReduceLog"):
        big = min(RANGES[t][1] - 1, 2**53 + 1)
        if op == "ReduceSumSquare":
            big = min(math.isqrt(RANGES[t][1]), 2**27 + 1)
        x = arr(t, [[big, 1], [big, 0]])
        want = arr(t, {
            "ReduceSum": [big + 1, big], "ReduceMax": [big, big],
            "ReduceMin": [1, 0], "ReduceProd": [big, 0],
            "ReduceL1": [big + 1, big], "ReduceL2": [big, big],
            "ReduceSumSquare": [big * big + 1, big * big],
            "ReduceMean": [(big + 1) // 2, big // 2]}[op])
        yield Probe(op, t, f"large {big}", [x, arr("I64", [1])], want,
                    {"keepdims": 0}, const=[1])
    if exact or op == "ReduceMean":
        # With noop_with_empty_axes=1 and no axes, ONNX leaves the input as is.
        x = data(t, (2, 3), "pos")
        yield Probe(op, t, "noop_with_empty_axes=1", [x, np.zeros(0, np.int64)],
                    x * x if op == "ReduceSumSquare" else x,
                    {"noop_with_empty_axes": 1}, "edge", const=[1])
    if t in FLOATS:
        x = arr(t, [[1, math.nan, 2], [math.inf, 1, 2], [-math.inf, 1, 2],
                    [math.nan, 1, 2], [1, 2, math.nan]])
        yield Probe(op, t, "NaN and infinity", [x, arr("I64", [1])],
                    ref(x, 1, False), {"keepdims": 0}, "edge", const=[1])
        if op == "ReduceLogSumExp":
            x = arr(t, [[100, 100, 99], [200, 0, -200], [-300, -300, -300]])
            want = np.logaddexp.reduce(x.astype(np.float64), axis=1)
            yield Probe(op, t, "no overflow", [x, arr("I64", [1])],
                        want.astype(DTYPES[t]), {"keepdims": 0}, const=[1])
        if t == "F16" and op in ("ReduceSum", "ReduceMean"):
            x = np.ones((4096,), np.float16)
            yield Probe(op, t, "4096 ones", [x, arr("I64", [0])],
                        ref(x, 0, False), {"keepdims": 0}, const=[1])


@probes("ArgMax ArgMin", PLAIN)
def arg_extreme(op, t):
    fn = np.argmax if op == "ArgMax" else np.argmin

    def ref(x, axis, keep, last):
        if last:
            r = x.shape[axis] - 1 - fn(np.flip(x, axis), axis)
        else:
            r = fn(x, axis)
        return np.asarray(np.expand_dims(r, axis) if keep else r, np.int64)
    for shape in ((5,), (2, 3), (3, 4, 2, 3), (2, 3, 2, 3, 2),
                  (2, 2, 1, 2, 2, 3, 2, 2)):
        for kind in ("small", "any"):
            x = data(t, shape, kind)
            if t in FLOATS and kind == "small":
                x = np.rint(x)  # ties
            for axis in range(len(shape)):
                for keep, last in ((0, 0), (1, 1)):
                    yield Probe(op, t, f"{shape} {axis} {kind} last={last}",
                                [x], ref(x, axis, keep, last),
                                {"axis": axis, "keepdims": keep,
                                 "select_last_index": last})
    if t in INTS:
        x = arr(t, [specials(t)])
        yield Probe(op, t, "range ends", [x], ref(x, 1, 1, 0), {"axis": 1})
    x = data(t, ())
    yield Probe(op, t, "rank 0", [x], None, {"axis": 0, "keepdims": 0},
                "observe", outs=["I64"])
    if t in FLOATS:
        x = arr(t, [[1, math.nan, 2], [3, 1, 2]])
        yield Probe(op, t, "NaN", [x], None, {"axis": 1}, "observe",
                    outs=["I64"])


@probes("CumSum", NUMERIC)
def cumsum(op, t):
    def ref(x, axis, excl, rev):
        if t in INTS:
            y = np.array([int(v) for v in x.ravel()], object).reshape(x.shape)
        else:
            y = x.astype(np.float64)
        if rev:
            y = np.flip(y, axis)
        c = np.cumsum(y, axis)
        if excl:
            c = c - y
        if rev:
            c = np.flip(c, axis)
        if t in INTS:
            return arr(t, [wrap(t, v) for v in c.ravel()], x.shape)
        return c.astype(DTYPES[t])
    for shape in ((5,), (1,), (2, 3), (2, 3, 2, 4), (2, 1, 3, 2, 2),
                  (1, 2, 1, 2, 2, 1, 2, 3)):
        for axis in range(len(shape)):
            for excl, rev in itertools.product((0, 1), (0, 1)):
                x = data(t, shape, "any" if t in INTS else "small")
                yield Probe(op, t, f"{shape} {axis} ex={excl} rev={rev}",
                            [x, arr("I64", axis)], ref(x, axis, excl, rev),
                            {"exclusive": excl, "reverse": rev}, const=[1])
    x = data(t, (3, 4), "small")
    yield Probe(op, t, "int32 axis", [x, arr("I32", 1)], ref(x, 1, 0, 0))


# --------------------------------------------------------------------------
# Data movement

@probes("Reshape", EVERY)
def reshape(op, t):
    for a, b in (((2, 3), (3, 2)), ((), (1,)), ((1,), ()), ((), ()),
                 ((2, 3, 4, 2), (6, 8)), ((24,), (1, 2, 1, 3, 1, 2, 1, 2)),
                 ((2, 1, 2, 1, 3, 1, 2, 1), (24,))):
        x = data(t, a)
        for const in ([1], []):
            yield Probe(op, t, f"{a}->{b}", [x, arr("I64", list(b),
                        (len(b),))], x.reshape(b), const=const)


@probes("Squeeze Unsqueeze", EVERY)
def squeeze(op, t):
    for small, axes in (((2, 3), [0]), ((2, 3), [1, 3]), ((), [0]),
                        ((), [0, 1]), ((3,), [1]), ((2, 3, 2, 2), [0, 3]),
                        ((2, 3, 2, 2), [0, 2, 4, 7])):
        x = data(t, small)
        y = np.expand_dims(x, tuple(axes))
        i = [y, x] if op == "Squeeze" else [x, y]
        yield Probe(op, t, f"{i[0].shape} {axes}", [i[0], arr("I64", axes)],
                    i[1], const=[1])


@probes("Transpose", EVERY)
def transpose(op, t):
    x = data(t, ())
    yield Probe(op, t, "rank 0", [x], x)
    for shape in ((5,), (2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 1, 3, 2, 2),
                  (2, 3, 1, 2, 2, 2), (2, 2, 1, 2, 3, 1, 2, 2)):
        n = len(shape)
        perms = list(itertools.permutations(range(n))) if n <= 4 else [
            tuple(int(v) for v in rng(n, i).permutation(n)) for i in range(6)]
        x = data(t, shape)
        for p in perms:
            yield Probe(op, t, f"{shape} {p}", [x], np.transpose(x, p),
                        {"perm": list(p)})


@probes("Concat", EVERY)
def concat(op, t):
    for shape in ((2,), (2, 3), (2, 3, 1, 2), (2, 1, 2, 1, 3),
                  (1, 2, 1, 2, 1, 2, 1, 3)):
        for axis in range(len(shape)):
            other = shape[:axis] + (shape[axis] + 1,) + shape[axis + 1:]
            xs = [data(t, shape, seed=1), data(t, other, seed=2),
                  data(t, shape, seed=3)]
            for k in (1, 2, 3):
                yield Probe(op, t, f"{shape} {axis} n={k}", xs[:k],
                            np.concatenate(xs[:k], axis), {"axis": axis})


@probes("Split", EVERY)
def split(op, t):
    for shape in ((6,), (6, 2), (2, 6, 1, 2), (2, 1, 6, 1, 3),
                  (1, 2, 1, 6, 1, 2, 1, 3)):
        axis = shape.index(6)
        x = data(t, shape)
        for sizes in ([1, 2, 3], [6], [2, 4]):
            yield Probe(op, t, f"{shape} {sizes}", [x, arr("I64", sizes)],
                        np.split(x, np.cumsum(sizes)[:-1], axis),
                        {"axis": axis}, const=[1])
        yield Probe(op, t, f"{shape} three parts", [x],
                    np.split(x, 3, axis), {"axis": axis, "num_outputs": 3})


@probes("Slice", EVERY)
def slices(op, t):
    int_min = -(2**63)
    for shape, starts, ends, axes, steps in (
            ((7,), [1], [6], [0], [1]), ((7,), [1], [7], [0], [3]),
            ((7,), [6], [int_min], [0], [-1]), ((4, 5), [1, 0], [3, 5],
            [0, 1], [1, 2]), ((4, 5), [-1], [int_min], [1], [-1]),
            ((4, 5), [3, 4], [int_min, int_min], [0, 1], [-1, -2]),
            ((2, 3, 4, 5), [1, 0, 1, 2], [2, 3, 4, 5], [0, 1, 2, 3],
             [1, 2, 2, 1]),
            ((2, 3, 2, 3, 2), [0, 1, 0, 0, 1], [2, 3, 1, 3, 2],
             [0, 1, 2, 3, 4], [1, 1, 1, 2, 1]),
            ((2, 3, 2, 1, 2, 3, 2, 2), [0, 1, 0, 0, 1, 0, 1, 0],
             [2, 3, 1, 1, 2, 3, 2, 2], list(range(8)),
             [1, 1, 1, 1, 1, 2, 1, 1]),
            ((2, 3, 2, 1, 2, 3, 2, 2), [-1] * 8, [int_min] * 8,
             list(range(8)), [-1] * 8)):
        x = data(t, shape)
        idx = [slice(None)] * len(shape)
        for s, e, a, st in zip(starts, ends, axes, steps):
            idx[a] = slice(s, None if e == int_min else e, st)
        want = np.ascontiguousarray(x[tuple(idx)])
        for i in ("I64", "I32"):
            if i == "I32":
                ends = [max(e, -(2**31)) for e in ends]
            yield Probe(op, t, f"{shape} {starts} {steps} {i}",
                        [x] + [arr(i, v) for v in (starts, ends, axes, steps)],
                        want, const=[1, 2, 3, 4])


@probes("Pad", EVERY)
def pad(op, t):
    for shape, pads in (((5,), [1, 2]), ((2, 3), [1, 0, 1, 2]),
                        ((3, 3), [2, 0, 2, 2]),
                        ((3, 2, 3, 3), [1, 0, 2, 1, 0, 1, 1, 2]),
                        ((2, 3, 4, 5), [0, 0, 1, 2, 0, 0, 3, 1]),
                        ((2, 2, 3, 2, 2), [1, 0, 0, 1, 0, 0, 1, 2, 0, 1]),
                        ((2, 2, 1, 2, 2, 2, 1, 2), [1, 0, 0, 1, 0, 0, 0, 1,
                                                    0, 1, 0, 0, 1, 0, 0, 1])):
        n = len(shape)
        x = data(t, shape)
        np_pads = list(zip(pads[:n], pads[n:]))
        for mode in ("constant", "edge", "reflect"):
            if mode == "constant":
                for v in (None, data(t, (), "any", 5)):
                    want = np.full([a + s + b for s, (a, b) in
                                    zip(shape, np_pads)],
                                   0 if v is None else v, DTYPES[t])
                    want[tuple(slice(a, a + s) for s, (a, _) in
                               zip(shape, np_pads))] = x
                    yield Probe(op, t, f"{shape} {mode} {v}",
                                [x, arr("I64", pads), v], want,
                                {"mode": mode}, const=[1, 2])
            else:
                idx = np.pad(np.arange(x.size).reshape(shape), np_pads,
                             mode=mode)
                yield Probe(op, t, f"{shape} {mode}", [x, arr("I64", pads)],
                            x.ravel()[idx], {"mode": mode}, const=[1])
    x = data(t, ())
    yield Probe(op, t, "rank 0", [x, np.zeros(0, np.int64)], x,
                {"mode": "constant"}, "edge", const=[1])
    x = data(t, (3,))
    idx = np.pad(np.arange(3), [(4, 3)], mode="edge")
    yield Probe(op, t, "edge, pads above the size", [x, arr("I64", [4, 3])],
                x[idx], {"mode": "edge"}, const=[1])
    yield Probe(op, t, "reflect, pads above the size",
                [x, arr("I64", [3, 4])], None, {"mode": "reflect"}, "observe",
                const=[1])


@probes("Expand", EVERY)
def expand(op, t):
    for a, b in (((), ()), ((), (3,)), ((), (2, 3)), ((1,), (4,)),
                 ((3, 1), (3, 4)), ((3, 1), (2, 1, 6)), ((2, 3, 1, 1),
                 (2, 3, 4, 5)), ((1, 2, 1, 2, 1), (2, 2, 3, 2, 2)),
                 ((1, 2, 1, 2, 1, 2, 1, 3), (2, 2, 2, 2, 2, 2, 2, 3)),
                 ((2, 1), (1, 2, 1, 2, 1, 2, 2, 3))):
        x = data(t, a)
        want = np.broadcast_to(x, np.broadcast_shapes(a, b))
        yield Probe(op, t, f"{a}->{b}", [x, arr("I64", list(b), (len(b),))],
                    np.array(want), const=[1])


@probes("Tile", EVERY)
def tile(op, t):
    for a, r in (((3,), [2]), ((2, 3), [1, 2]), ((2, 3), [2, 1]),
                 ((2, 1, 2, 3), [2, 3, 1, 2]), ((1, 2, 1, 2, 1),
                 [2, 1, 2, 1, 2]), ((1, 2, 1, 2, 1, 2, 1, 3),
                 [2, 1, 2, 1, 2, 1, 2, 2])):
        x = data(t, a)
        yield Probe(op, t, f"{a} {r}", [x, arr("I64", r)], np.tile(x, r),
                    const=[1])
    x = data(t, ())
    yield Probe(op, t, "rank 0", [x, np.zeros(0, np.int64)], x, mode="edge",
                const=[1])


@probes("Trilu", EVERY)
def trilu(op, t):
    for shape in ((3, 4), (4, 3), (2, 3, 3), (2, 1, 4, 3), (2, 1, 2, 3, 3),
                  (1, 2, 1, 2, 1, 2, 3, 4)):
        for upper, k in itertools.product((0, 1), (-5, -1, 0, 1, 5)):
            x = data(t, shape)
            m = (np.triu if upper else np.tril)(np.ones(shape, bool), k)
            yield Probe(op, t, f"{shape} upper={upper} k={k}",
                        [x, arr("I64", k)],
                        np.where(m, x, np.zeros((), DTYPES[t])).astype(
                            DTYPES[t]), {"upper": upper}, const=[1])


@probes("Gather", EVERY)
def gather(op, t):
    for shape, axis in (((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4, 2), 2),
                        ((2, 3, 2, 2, 3), 1), ((2, 2, 1, 2, 2, 3, 2, 2), 5)):
        x = data(t, shape)
        n = shape[axis]
        for idx in ([0, n - 1, 1], [[-1, 0], [1, -n]], 1, [1]):
            for i in ("I64", "I32"):
                yield Probe(op, t, f"{shape} {axis} {idx} {i}",
                            [x, arr(i, idx)],
                            np.take(x, np.array(idx), axis), {"axis": axis})
    x = data(t, (2, 3, 2, 2))
    idx = arr("I64", rng(1).integers(0, 3, (2, 1, 2, 1, 2)).tolist())
    yield Probe(op, t, "rank 8 result", [x, idx], np.take(x, idx, 1),
                {"axis": 1})
    for bad in (7, -8, 2**40, -(2**62)):
        yield Probe(op, t, f"index {bad}", [x, arr("I64", [0, bad])], None,
                    {"axis": 1}, "observe")


@probes("GatherElements", EVERY)
def gather_elements(op, t):
    for shape, axis in (((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4, 2), 1),
                        ((2, 3, 2, 2, 3), 4), ((2, 2, 1, 2, 2, 3, 2, 2), 5)):
        x = data(t, shape)
        n = shape[axis]
        ishape = shape[:axis] + (n + 2,) + shape[axis + 1:]
        for i in ("I64", "I32"):
            idx = rng(shape).integers(-n, n, ishape).astype(DTYPES[i])
            yield Probe(op, t, f"{shape} {axis} {i}", [x, idx],
                        np.take_along_axis(x, idx.astype(np.int64), axis),
                        {"axis": axis})
    x = data(t, (2, 3))
    for bad in (7, -8, 2**40, -(2**62)):
        yield Probe(op, t, f"index {bad}", [x, arr("I64", [[0, bad],
                    [0, 0]])], None, {"axis": 1}, "observe")


@probes("GatherND", EVERY)
def gather_nd(op, t):
    for shape, k, lead in (((5,), 1, (3,)), ((3, 4), 1, (2,)), ((3, 4), 2,
                           (2, 2)), ((3, 4), 2, ()), ((2, 3, 4, 2), 3, (2,)),
                           ((2, 3, 2, 2, 3), 2, (2, 1, 2)),
                           ((2, 2, 1, 2, 2, 3, 2, 2), 8, (2, 3)),
                           ((2, 2, 1, 2, 2, 3, 2, 2), 1, (2,))):
        x = data(t, shape)
        idx = np.stack([rng(shape, j).integers(-shape[j], shape[j], lead)
                        for j in range(k)], -1).astype(np.int64)
        want = x[tuple(idx[..., j] for j in range(k))]
        yield Probe(op, t, f"{shape} {idx.shape}", [x, idx], want)
        yield Probe(op, t, f"{shape} {idx.shape} int32 indices",
                    [x, idx.astype(np.int32)], want, mode="edge")
    x = data(t, (2, 3))
    for bad in (7, -8, 2**40, -(2**62)):
        yield Probe(op, t, f"index {bad}", [x, arr("I64", [[0, bad]])], None,
                    mode="observe")


@probes("ScatterElements", EVERY)
def scatter_elements(op, t):
    for shape, axis in (((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 4, 2), 1),
                        ((2, 3, 2, 2, 3), 4), ((2, 2, 1, 2, 2, 3, 2, 2), 5)):
        x = data(t, shape, seed=1)
        n = shape[axis]
        ishape = shape[:axis] + (2,) + shape[axis + 1:]
        base = rng(shape).permuted(np.broadcast_to(np.arange(n).reshape(
            [-1 if d == axis else 1 for d in range(len(shape))]), shape),
            axis=axis)
        idx = np.take(base, range(2), axis)
        idx = np.where(rng(shape, 1).integers(0, 2, ishape) == 1, idx - n, idx)
        u = data(t, ishape, seed=2)
        want = x.copy()
        np.put_along_axis(want, idx % n, u, axis)
        for i in ("I64", "I32"):
            yield Probe(op, t, f"{shape} {axis} {i}",
                        [x, idx.astype(DTYPES[i]), u], want, {"axis": axis})
    x, u = data(t, (2, 3)), data(t, (2, 2), seed=2)
    for bad in (7, -8, 2**40, -(2**62)):
        yield Probe(op, t, f"index {bad}", [x, arr("I64", [[0, bad],
                    [0, 1]]), u], None, {"axis": 1}, "observe")
    u = data(t, (1, 3), "pos", seed=2)
    x, i = data(t, (1, 2)), arr("I64", [[0, 0, 0]])
    want = x.copy(); want[0, 0] = u[0, 2]
    yield Probe(op, t, "duplicate indices, last wins", [x, i, u], want,
                {"axis": 1}, "edge")


@probes("ScatterND", EVERY)
def scatter_nd(op, t):
    for shape, k in (((5,), 1), ((3, 4), 1), ((3, 4), 2), ((2, 3, 4, 2), 3),
                     ((2, 3, 2, 2, 3), 2), ((2, 2, 1, 2, 2, 3, 2, 2), 8),
                     ((2, 2, 1, 2, 2, 3, 2, 2), 1)):
        x = data(t, shape, seed=1)
        flat = rng(shape, k).permutation(int(np.prod(shape[:k])))[:2]
        idx = np.stack(np.unravel_index(flat, shape[:k]), -1).astype(np.int64)
        u = data(t, (2,) + shape[k:], seed=2)
        want = x.copy()
        for j in range(2):
            want[tuple(idx[j])] = u[j]
        yield Probe(op, t, f"{shape} {idx.shape}", [x, idx, u], want)
        neg = idx - np.array(shape[:k])
        yield Probe(op, t, f"{shape} {idx.shape} negative", [x, neg, u], want)
    x = data(t, (2, 3))
    for bad in (7, -8, 2**40, -(2**62)):
        yield Probe(op, t, f"index {bad}", [x, arr("I64", [[0, bad]]),
                    data(t, (1,))], None, mode="observe")


# --------------------------------------------------------------------------
# Linear algebra, convolution, pooling, resampling, normalisation

def exact_matmul(t, a, b):
    if t in FLOATS:
        return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(
            DTYPES[t])
    return np.matmul(a, b)


@probes("MatMul", NUMERIC)
def matmul(op, t):
    for sa, sb in (((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)),
                   ((2, 3), (3,)), ((2, 2, 3), (3, 4)), ((2, 1, 2, 3),
                   (4, 3, 2)), ((5, 1, 2, 3), (5, 4, 3, 2)),
                   ((2, 1, 2, 2, 3), (1, 2, 2, 3, 4)),
                   ((1, 2, 1, 2, 1, 2, 2, 3), (2, 1, 2, 1, 2, 1, 3, 2)),
                   ((17, 33), (33, 19))):
        for kind in ("small",) if t in FLOATS else ("small", "any"):
            a, b = data(t, sa, kind, 1), data(t, sb, kind, 2)
            yield Probe(op, t, f"{sa}x{sb} {kind}", [a, b],
                        exact_matmul(t, a, b),
                        tol=(1e-2, 0.1) if t == "F16" else None)
    if t in FLOATS:
        a = arr(t, [[1, math.inf], [math.nan, 1]])
        b = arr(t, [[1, 0], [0, 1]])
        yield Probe(op, t, "NaN and infinity", [a, b], np.matmul(
            up(a), up(b)).astype(DTYPES[t]), mode="edge")


@probes("Gemm", NUMERIC)
def gemm(op, t):
    for ta, tb in itertools.product((0, 1), (0, 1)):
        for cs in (None, (), (1,), (4,), (1, 4), (2, 1), (2, 4)):
            a = data(t, (3, 2) if ta else (2, 3), "small", 1)
            b = data(t, (4, 3) if tb else (3, 4), "small", 2)
            c = None if cs is None else data(t, cs, "small", 3)
            for alpha, beta in ((1.0, 1.0), (2.0, 3.0)):
                y = exact_matmul(t, a.T if ta else a, b.T if tb else b)
                y = (y * DTYPES[t].type(alpha)).astype(DTYPES[t])
                if c is not None:
                    y = (y + c * DTYPES[t].type(beta)).astype(DTYPES[t])
                yield Probe(op, t, f"t={ta}{tb} C={cs} alpha={alpha}",
                            [a, b, c], y, {"alpha": alpha, "beta": beta,
                            "transA": ta, "transB": tb},
                            tol=(1e-2, 0.1) if t == "F16" else None)
    if t in INTS:
        a, b = data(t, (2, 3), "any", 1), data(t, (3, 4), "any", 2)
        yield Probe(op, t, "range ends", [a, b], exact_matmul(t, a, b))


def conv_ref(x, w, b, strides, pads, dil, groups):
    x, w = x.astype(np.float64), w.astype(np.float64)
    n, c, h, wd = x.shape
    o, cg, kh, kw = w.shape
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    oh = (x.shape[2] - (kh - 1) * dil[0] - 1) // strides[0] + 1
    ow = (x.shape[3] - (kw - 1) * dil[1] - 1) // strides[1] + 1
    y = np.zeros((n, o, oh, ow))
    for oc in range(o):
        g = oc // (o // groups)
        for i, j in itertools.product(range(kh), range(kw)):
            patch = x[:, g * cg:(g + 1) * cg,
                      i * dil[0]:i * dil[0] + (oh - 1) * strides[0] + 1:strides[0],
                      j * dil[1]:j * dil[1] + (ow - 1) * strides[1] + 1:strides[1]]
            y[:, oc] += np.einsum("nchw,c->nhw", patch, w[oc, :, i, j])
        if b is not None:
            y[:, oc] += float(b[oc])
    return y


CONV_CASES = [
    # x, filter count, kernel, strides, pads, dilations, groups
    ((1, 2, 5, 6), 3, (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((2, 2, 5, 6), 3, (3, 2), (2, 1), (1, 0, 2, 3), (1, 1), 1),
    ((1, 4, 7, 7), 4, (3, 3), (1, 2), (2, 1, 0, 3), (2, 2), 2),
    ((1, 4, 7, 7), 8, (2, 3), (2, 2), (0, 2, 1, 0), (1, 2), 4),
    ((1, 3, 4, 4), 2, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((1, 1, 3, 3), 1, (2, 2), (1, 1), (3, 3, 4, 3), (1, 1), 1),
    ((1, 8, 6, 6), 16, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
]


@probes("Conv", NUMERIC)
def conv(op, t):
    for xs, o, k, st, pads, dil, g in CONV_CASES:
        for bias in (0, 1):
            x = data(t, xs, "small", 1)
            w = data(t, (o, xs[1] // g) + k, "small", 2)
            b = data(t, (o,), "small", 3) if bias else None
            for const in ([], [1, 2]):
                yield Probe(op, t, f"{xs} k={k} s={st} p={pads} d={dil} g={g}",
                            [x, w, b], conv_ref(x, w, b, st, pads, dil, g)
                            .astype(DTYPES[t]), {
                                "kernel_shape": k, "strides": st,
                                "pads": pads, "dilations": dil, "group": g},
                            const=const, tol=(1e-4, 1e-4) if t == "F32" else
                            (1e-2, .1) if t == "F16" else None)


def conv_transpose_ref(x, w, b, strides, pads, dil, groups, opad):
    x, w = x.astype(np.float64), w.astype(np.float64)
    n, c, h, wd = x.shape
    _, og, kh, kw = w.shape
    fh = (h - 1) * strides[0] + (kh - 1) * dil[0] + 1
    fw = (wd - 1) * strides[1] + (kw - 1) * dil[1] + 1
    full = np.zeros((n, og * groups, fh + opad[0], fw + opad[1]))
    cg = c // groups
    for ic in range(c):
        g = ic // cg
        for i, j in itertools.product(range(kh), range(kw)):
            full[:, g * og:(g + 1) * og,
                 i * dil[0]:i * dil[0] + (h - 1) * strides[0] + 1:strides[0],
                 j * dil[1]:j * dil[1] + (wd - 1) * strides[1] + 1:strides[1]
                 ] += np.einsum("nhw,o->nohw", x[:, ic], w[ic, :, i, j])
    y = full[:, :, pads[0]:full.shape[2] - pads[2],
             pads[1]:full.shape[3] - pads[3]]
    return y if b is None else y + b.astype(np.float64).reshape(1, -1, 1, 1)


@probes("ConvTranspose", NUMERIC)
def conv_transpose(op, t):
    tol = {"F32": (1e-4, 1e-4), "F16": (1e-2, .1)}.get(t)
    for xs, og, k, st, pads, dil, g, opad, mode in (
            ((1, 2, 3, 4), 3, (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1, (0, 0), "core"),
            ((2, 2, 3, 4), 3, (3, 2), (2, 3), (1, 0, 2, 1), (1, 1), 1, (1, 2), "core"),
            ((1, 4, 3, 3), 2, (3, 3), (2, 1), (0, 1, 1, 2), (2, 2), 2, (0, 0), "core"),
            ((1, 4, 3, 3), 1, (2, 3), (1, 2), (0, 1, 1, 0), (1, 2), 4, (0, 1), "core"),
            ((1, 2, 3, 3), 2, (1, 1), (2, 2), (0, 0, 0, 0), (1, 1), 1, (0, 0), "core"),
            ((1, 1, 2, 2), 1, (2, 2), (1, 1), (0, 0, 0, 0), (1, 1), 1, (1, 1), "edge"),
            ((1, 1, 2, 2), 1, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), 1, (3, 2), "edge"),
            ((1, 1, 2, 2), 1, (2, 2), (2, 2), (0, 0, 0, 0), (3, 3), 1, (2, 2), "edge"),
            ((1, 1, 4, 4), 1, (2, 2), (1, 1), (2, 2, 2, 2), (1, 1), 1, (0, 0), "edge")):
        for bias in (0, 1):
            x = data(t, xs, "small", 1)
            w = data(t, (xs[1], og) + k, "small", 2)
            b = data(t, (og * g,), "small", 3) if bias else None
            attrs = {"kernel_shape": k, "strides": st, "pads": pads,
                     "dilations": dil, "group": g, "output_padding": opad}
            yield Probe(op, t, f"{xs} k={k} s={st} p={pads} d={dil} g={g} "
                        f"out_pad={opad}", [x, w, b],
                        conv_transpose_ref(x, w, b, st, pads, dil, g, opad)
                        .astype(DTYPES[t]), attrs, mode, tol=tol)


def pool_ref(t, x, kind, k, st, pads, dil, ceil, include, p=2):
    n, c, h, w = x.shape
    size = [h, w]
    out = []
    for d in range(2):
        span = (k[d] - 1) * dil[d] + 1
        total = size[d] + pads[d] + pads[d + 2] - span
        o = (-(-total // st[d]) if ceil else total // st[d]) + 1
        if ceil and (o - 1) * st[d] >= size[d] + pads[d]:
            o -= 1
        out.append(o)
    y = np.zeros((n, c, *out), np.float64 if t in FLOATS else DTYPES[t])
    xf = x.astype(np.float64) if t in FLOATS else x
    for i, j in itertools.product(range(out[0]), range(out[1])):
        cells, slots = [], 0
        for a, b in itertools.product(range(k[0]), range(k[1])):
            r = i * st[0] + a * dil[0] - pads[0]
            s = j * st[1] + b * dil[1] - pads[1]
            if r < h + pads[2] and s < w + pads[3]:
                slots += 1
            if 0 <= r < h and 0 <= s < w:
                cells.append(xf[:, :, r, s])
        if not cells:
            y[:, :, i, j] = {"MaxPool": -np.inf if t in FLOATS else
                             RANGES[t][0], "AveragePool": 0 if include else
                             np.nan, "LpPool": 0}[kind]
            continue
        v = np.stack(cells)
        if kind == "MaxPool":
            y[:, :, i, j] = v.max(0)
        elif kind == "AveragePool":
            y[:, :, i, j] = v.sum(0) / (slots if include else len(cells))
        else:
            y[:, :, i, j] = (np.abs(v) ** p).sum(0) ** (1 / p)
    return y.astype(DTYPES[t])


POOL_CASES = [
    # x, kernel, strides, pads, dilations, ceil, class
    ((1, 2, 5, 6), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 0, "core"),
    ((2, 2, 5, 6), (2, 3), (2, 1), (1, 2, 0, 1), (1, 1), 0, "core"),
    ((1, 2, 7, 7), (3, 2), (2, 2), (0, 0, 0, 0), (1, 1), 1, "core"),
    ((1, 2, 6, 7), (3, 3), (2, 3), (1, 0, 1, 2), (1, 1), 1, "core"),
    ((1, 2, 8, 8), (2, 3), (1, 2), (0, 0, 0, 0), (2, 3), 0, "core"),
    ((1, 2, 8, 8), (3, 2), (2, 1), (1, 1, 2, 0), (2, 2), 0, "core"),
    ((1, 2, 8, 9), (3, 2), (2, 2), (1, 1, 0, 1), (2, 2), 1, "core"),
    ((1, 2, 4, 4), (2, 2), (3, 3), (1, 1, 1, 1), (1, 1), 1, "core"),
    ((1, 1, 3, 3), (2, 2), (1, 1), (2, 2, 2, 2), (1, 1), 0, "edge"),
    ((1, 1, 3, 3), (2, 2), (1, 1), (3, 0, 0, 3), (1, 1), 0, "edge"),
    ((1, 1, 4, 4), (2, 2), (1, 1), (2, 2, 2, 2), (3, 3), 0, "edge"),
    ((1, 1, 2, 2), (2, 2), (1, 1), (1, 1, 2, 2), (3, 3), 0, "edge"),
]


@probes("MaxPool AveragePool LpPool", NUMERIC)
def pool(op, t):
    for xs, k, st, pads, dil, ceil, mode in POOL_CASES:
        for include in (0, 1) if op == "AveragePool" else (0,):
            x = data(t, xs, "any" if t in INTS else "small")
            if op == "MaxPool" and t in FLOATS:
                x = x - DTYPES[t].type(10)
            attrs = {"kernel_shape": k, "strides": st, "pads": pads,
                     "dilations": dil, "ceil_mode": ceil}
            if op == "AveragePool":
                attrs["count_include_pad"] = include
            yield Probe(op, t, f"{xs} k={k} s={st} p={pads} d={dil} "
                        f"ceil={ceil} include={include}", [x],
                        pool_ref(t, x, op, k, st, pads, dil, ceil, include),
                        attrs, mode)
    for xs, k, st, pads, dil, ceil in (
            ((1, 1, 2, 2), (2, 2), (1, 1), (1, 1, 1, 1), (3, 3), 0),
            ((1, 1, 3, 2), (2, 2), (2, 2), (1, 1, 1, 1), (1, 3), 1)):
        for include in (0, 1) if op == "AveragePool" else (0,):
            attrs = {"kernel_shape": k, "strides": st, "pads": pads,
                     "dilations": dil, "ceil_mode": ceil}
            if op == "AveragePool":
                attrs["count_include_pad"] = include
            yield Probe(op, t, f"window wholly in padding {xs} p={pads} "
                        f"d={dil} include={include}", [data(t, xs, "pos")],
                        None, attrs, "observe")
    if op == "LpPool":
        x = data(t, (1, 2, 5, 5), "small")
        yield Probe(op, t, "p=1", [x], pool_ref(
            t, x, op, (2, 2), (1, 1), (0,) * 4, (1, 1), 0, 0, 1),
            {"kernel_shape": (2, 2), "p": 1}, "edge")
    if op == "MaxPool" and t in FLOATS:
        x = arr(t, [[[[math.nan, 1, 2, -math.inf, -math.inf]]]])
        yield Probe(op, t, "NaN and infinity", [x], None,
                    {"kernel_shape": (1, 2)}, "observe")


def resize_ref(t, x, sizes, mode):
    y = x.astype(np.float64)
    for axis, size in enumerate(sizes):
        n = y.shape[axis]
        if n == size:
            continue
        pos = (np.arange(size) + 0.5) * (n / size) - 0.5
        if mode == "nearest":
            i = np.ceil(pos - 0.5).astype(int)  # half-way goes down
            y = np.take(y, np.clip(i, 0, n - 1), axis)
        else:
            pos = np.clip(pos, 0, n - 1)
            lo = np.floor(pos).astype(int)
            hi = np.minimum(lo + 1, n - 1)
            f = (pos - lo).reshape([-1 if d == axis else 1
                                    for d in range(y.ndim)])
            y = np.take(y, lo, axis) * (1 - f) + np.take(y, hi, axis) * f
    return y


@probes("Resize", NUMERIC)
def resize(op, t):
    for shape, sizes, axes in (
            ((1, 2, 3, 4), (1, 2, 6, 8), "2,3"),
            ((1, 2, 3, 4), (1, 2, 5, 7), "2,3"),
            ((2, 3, 7, 8), (2, 3, 3, 5), "2,3"),
            ((1, 3, 4, 2), (1, 6, 7, 2), "1,2"),
            ((2, 5, 4, 3), (2, 3, 7, 3), "1,2"),
            ((3, 4, 2, 3), (6, 6, 2, 3), "0,1"),
            ((3, 2, 4, 3), (5, 2, 4, 6), "0,3"),
            ((3, 2, 4, 3), (5, 2, 6, 3), "0,2"),
            ((3, 2, 4, 3), (3, 5, 4, 6), "1,3"),
            ((3, 4), (5, 6), "rank 2"), ((5,), (8,), "rank 1")):
        for mode in ("nearest", "linear"):
            x = data(t, shape, "any" if t in ("I8", "U8") else "small")
            exact = resize_ref(t, x, sizes, mode)
            attrs = {"mode": mode, "coordinate_transformation_mode":
                     "half_pixel"}
            if mode == "nearest":
                attrs["nearest_mode"] = "round_prefer_floor"
            inputs = [x, None, None, arr("I64", list(sizes))]
            core = "core" if axes == "2,3" else "edge"
            if t in FLOATS or mode == "nearest":
                yield Probe(op, t, f"{mode} {shape}->{sizes}", inputs,
                            exact.astype(DTYPES[t]), attrs, core, const=[3])
                if core == "edge" and len(shape) == 4:
                    a = [i for i in range(4) if shape[i] != sizes[i]]
                    yield Probe(op, t, f"{mode} {shape}->{sizes} axes={a}",
                                [x, None, None, arr("I64",
                                 [sizes[i] for i in a])],
                                exact.astype(DTYPES[t]), dict(attrs, axes=a),
                                core, const=[3])
            else:
                yield Probe(op, t, f"{mode} {shape}->{sizes} round half even",
                            inputs, np.rint(exact).astype(DTYPES[t]), attrs,
                            "edge", const=[3])
                yield Probe(op, t, f"{mode} {shape}->{sizes} truncate",
                            inputs, np.trunc(exact).astype(DTYPES[t]), attrs,
                            "edge", const=[3])
    if t in ("I8", "U8"):
        x = arr(t, [[[[0, 10, 101, 3 if t == "U8" else -101]]]])
        yield Probe(op, t, "linear values", [x, None, None, arr("I64",
                    [1, 1, 1, 8])], None, {"mode": "linear"}, "observe",
                    const=[3])
    x = data(t, (1, 2, 3, 4), "small")
    yield Probe(op, t, "scales", [x, None, arr("F32", [1, 1, 2, 2])],
                resize_ref(t, x, (1, 2, 6, 8), "nearest").astype(DTYPES[t]),
                {"mode": "nearest", "nearest_mode": "round_prefer_floor"},
                const=[2])


@probes("BatchNormalization", FLOATS)
def batch_norm(op, t):
    for shape in ((4, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 3),
                  (1, 3, 1, 2, 1, 2, 2, 3)):
        x = data(t, shape, "small")
        c = (3,)
        s, b, m = (data(t, c, "small", i) for i in range(3))
        v = data(t, c, "pos")
        r = [1, -1] + [1] * (len(shape) - 2)
        f = [p.astype(np.float64).reshape(r) for p in (s, b, m, v)]
        y = (x.astype(np.float64) - f[2]) / np.sqrt(f[3] + 1e-3) * f[0] + f[1]
        for const in ([], [1, 2, 3, 4]):
            yield Probe(op, t, f"{shape}", [x, s, b, m, v],
                        y.astype(DTYPES[t]), {"epsilon": 1e-3}, const=const,
                        tol=(1e-4, 1e-4) if t == "F32" else
                        (1e-2, 2e-2) if t == "F16" else (1e-7, 1e-7))
    x = data(t, (5,), "small")
    one = arr(t, [1.0])
    yield Probe(op, t, "rank 1", [x, one, one, one, one], None, {}, "observe")


@probes("InstanceNormalization", FLOATS)
def instance_norm(op, t):
    for shape in ((2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 3),
                  (1, 3, 1, 2, 1, 2, 2, 3)):
        x = data(t, shape, "small")
        s, b = (data(t, (3,), "small", i) for i in range(2))
        ax = tuple(range(2, len(shape)))
        xf = x.astype(np.float64)
        r = [1, -1] + [1] * (len(shape) - 2)
        y = (xf - xf.mean(ax, keepdims=True)) / np.sqrt(
            xf.var(ax, keepdims=True) + 1e-3) * s.reshape(r) + b.reshape(r)
        yield Probe(op, t, f"{shape}", [x, s, b], y.astype(DTYPES[t]),
                    {"epsilon": 1e-3}, tol=(1e-4, 1e-4) if t == "F32" else
                    (1e-2, 2e-2) if t == "F16" else (1e-7, 1e-7))


@probes("LayerNormalization", FLOATS)
def layer_norm(op, t):
    for shape, axis in (((6,), 0), ((3, 4), 1), ((3, 4), 0), ((2, 3, 4, 5), 1),
                        ((2, 3, 4, 5), -1), ((2, 1, 2, 3, 4), 2),
                        ((1, 2, 1, 2, 1, 2, 2, 3), 5)):
        for bias in (0, 1):
            x = data(t, shape, "small")
            ns = shape[axis:]
            s, b = data(t, ns, "small", 1), data(t, ns, "small", 2)
            ax = tuple(range(axis % len(shape), len(shape)))
            xf = x.astype(np.float64)
            y = (xf - xf.mean(ax, keepdims=True)) / np.sqrt(
                xf.var(ax, keepdims=True) + 1e-3) * s
            if bias:
                y = y + b
            yield Probe(op, t, f"{shape} {axis} bias={bias}",
                        [x, s, b if bias else None], y.astype(DTYPES[t]),
                        {"axis": axis, "epsilon": 1e-3},
                        tol=(1e-4, 1e-4) if t == "F32" else
                        (1e-2, 2e-2) if t == "F16" else (1e-6, 1e-6))


# --------------------------------------------------------------------------
# Quantisation and Cast

def scale_layouts(shape):
    """(scale shape, attributes, expanded index) for each granularity."""
    yield (), {}, "per-tensor"
    yield (1,), {}, "per-tensor, one element"
    for axis in range(len(shape)):
        yield (shape[axis],), {"axis": axis}, f"axis {axis}"
    for axis in range(len(shape)):
        for block in (2, 3):
            if shape[axis] % block == 0:
                s = list(shape)
                s[axis] //= block
                yield (tuple(s), {"axis": axis, "block_size": block},
                       f"axis {axis} block {block}")


def spread(s, shape, attrs):
    if "block_size" in attrs:
        return np.repeat(s, attrs["block_size"], attrs["axis"])
    if "axis" in attrs:
        return s.reshape([-1 if d == attrs["axis"] else 1
                          for d in range(len(shape))])
    return s.reshape(())


QSHAPES = [(), (6,), (4, 6), (2, 4, 3, 6), (2, 1, 4, 2, 6)]


def quantised_range(q):
    return RANGES[q]


@probes("QuantizeLinear", FLOATS + ["I8", "U8", "I32", "U32", "I4", "U4"])
def quantize(op, t):
    pairs = ([(t, q) for q in ("I8", "U8")] if t in FLOATS else
             [(f, t) for f in ("F32", "F16")])
    for f, q in pairs:
        lo, hi = RANGES[q]
        for shape in QSHAPES:
            for ss, attrs, label in scale_layouts(shape):
                for zp in (1, 0):
                    s = arr(f, np.exp2(rng(ss).integers(-2, 3, ss))).reshape(ss)
                    x = (data(f, shape, "any", 1) *
                         DTYPES[f].type(.25)).astype(DTYPES[f])
                    z = (data(q, ss, "small", 2) if zp else
                         np.zeros(ss, DTYPES[q]))
                    sf = spread(s.astype(np.float64), shape, attrs)
                    zf = spread(z.astype(np.int64), shape, attrs)
                    v = np.clip(np.rint(x.astype(np.float64) / sf) + zf, lo, hi)
                    want = v.astype(np.int64).astype(DTYPES[q])
                    if zp:
                        yield Probe(op, t, f"{f}->{q} {shape} {label}",
                                    [x, s, z], want, attrs)
                    else:
                        yield Probe(op, t, f"{f}->{q} {shape} {label} no zero "
                                    "point", [x, s], want, dict(
                                        attrs, output_dtype=ONNX_TYPES[q]))
        x = arr(f, [math.nan, math.inf, -math.inf, 65000, -65000, .5, 1.5,
                    2.5, -.5, 0])
        yield Probe(op, t, f"{f}->{q} NaN, inf, big", [x, arr(f, 1),
                    arr(q, 1)], None, mode="observe", outs=[q])
        yield Probe(op, t, f"{f}->{q} scale 0", [x, arr(f, 0), arr(q, 1)],
                    None, mode="observe", outs=[q])
        if f == "F32":
            x = arr(f, [3e9, -3e9, 1e20, -1e20, 3e38])
            yield Probe(op, t, f"{f}->{q} saturates beyond int32",
                        [x, arr(f, 1), arr(q, 1)],
                        arr(q, [hi, lo, hi, lo, hi]), mode="edge", outs=[q])


@probes("DequantizeLinear", FLOATS + ["I8", "U8", "I32", "U32", "I4", "U4"])
def dequantize(op, t):
    pairs = ([(t, q) for q in ("I8", "U8")] if t in FLOATS else
             [(f, t) for f in ("F32", "F16")])
    for f, q in pairs:
        for shape in QSHAPES:
            for ss, attrs, label in scale_layouts(shape):
                for zp in (0, 1):
                    s = arr(f, rng(ss).uniform(.1, 2, ss)).reshape(ss)
                    kind = "small" if q in ("I32", "U32") else "any"
                    x = data(q, shape, kind, 1)
                    z = data(q, ss, "small", 2)
                    sf = spread(s.astype(np.float64), shape, attrs)
                    zf = spread(z.astype(np.int64), shape, attrs)
                    want = ((x.astype(np.int64) - (zf if zp else 0)) *
                            sf).astype(DTYPES[f])
                    # The specification allows no int32 zero point but 0.
                    mode = "edge" if q in ("I32", "U32") and zp else "core"
                    for const in ([], [0, 1, 2]):
                        yield Probe(op, t, f"{q}->{f} {shape} {label} zp={zp} "
                                    f"const={bool(const)}",
                                    [x, s, z if zp else None], want, attrs,
                                    mode, const=const)
        if q == "I32":
            x = arr(q, [RANGES[q][0], RANGES[q][1], 2**24 + 1, -5])
            yield Probe(op, t, f"{q}->{f} range ends", [x, arr(f, 1)],
                        x.astype(DTYPES[f]), mode="edge")
            for zv in (1, RANGES[q][0], RANGES[q][1]):
                z = arr(q, zv)
                yield Probe(op, t, f"{q}->{f} zero point {zv}",
                            [x, arr(f, 1), z], (x.astype(np.int64) -
                            int(z)).astype(DTYPES[f]), mode="edge")


@probes("Cast", EVERY)
def cast(op, t):
    """The listed flag is for the source type; the report has every pair."""
    for u in EVERY:
        for shape in ((), (5,), (2, 3)):
            x = data(t, shape, "pos")
            want = (x.astype(np.float64) if t in WIDER else x)
            if u in WIDER:
                want = want.astype(np.int64).astype(DTYPES[u])
            else:
                want = want.astype(DTYPES[u])
            if t in FLOATS and u in WIDER:
                # The runtime rounds here; whole values must convert.
                x = np.trunc(x)
            yield Probe(op, t, f"{t}->{u} {shape}", [x], want,
                        {"to": ONNX_TYPES[u]})
        if t not in FLOATS:
            x = arr(t, specials(t))
            ints = [int(v) for v in x]
            if u == "BOOL":
                want = arr(u, [v != 0 for v in ints])
            elif u in FLOATS:
                want = np.array(ints, DTYPES["F64"]).astype(DTYPES[u])
                want = x.astype(np.int64 if t in WIDER else x.dtype).astype(
                    DTYPES[u])
            else:
                want = np.array([wrap(u, v) for v in ints], dtype=object)
                want = (want.astype(np.int64).astype(DTYPES[u]) if u in WIDER
                        else arr(u, list(want)))
            yield Probe(op, t, f"{t}->{u} range ends, wrapping", [x], want,
                        {"to": ONNX_TYPES[u]}, "edge", tol=(0, 0))
        else:
            x = arr(t, [-2.9, -1.5, -.9, -.2, .2, .9, 1.5, 2.9, 6.7])
            if u in RANGES and RANGES[u][0] == 0:
                x = np.abs(x)
            if u == "BOOL":
                want = x != 0
            elif u in FLOATS:
                want = x.astype(DTYPES[u])
            else:
                want = np.trunc(x.astype(np.float64)).astype(np.int64).astype(
                    DTYPES[u])
            yield Probe(op, t, f"{t}->{u} truncates", [x], want,
                        {"to": ONNX_TYPES[u]},
                        "edge" if u in WIDER else "core")
            big = [1e10, -1e10, 1e20, -1e20] if t != "F16" else [65504, -65504]
            x = arr(t, [-1, -5.7, 8.6, 17, 127.5, 128, 200, 255.5, 256, 300,
                        -129, -200, 40000, -40000] + big)
            yield Probe(op, t, f"{t}->{u} {[float(v) for v in x]}", [x], None,
                        {"to": ONNX_TYPES[u]}, "observe", outs=[u])
            x = arr(t, [math.nan, math.inf, -math.inf])
            yield Probe(op, t, f"{t}->{u} nan inf -inf", [x], None,
                        {"to": ONNX_TYPES[u]}, "observe", outs=[u])


# --------------------------------------------------------------------------
# Recurrent

ACT = {"Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Tanh": np.tanh,
       "Relu": lambda x: np.maximum(x, 0)}


def lstm_dir(x, w, r, b, h, c, p, acts, reverse):
    n = r.shape[1]
    f, g, hh = (ACT[a] for a in acts)
    ys = []
    for step in (reversed(range(x.shape[0])) if reverse
                 else range(x.shape[0])):
        z = x[step] @ w.T + h @ r.T + b[:4 * n] + b[4 * n:]
        i, o, fg, ct = (z[:, k * n:(k + 1) * n] for k in range(4))
        pi, po, pf = (p[k * n:(k + 1) * n] for k in range(3))
        i, fg = f(i + pi * c), f(fg + pf * c)
        c = fg * c + i * g(ct)
        h = f(o + po * c) * hh(c)
        ys.append(h)
    if reverse:
        ys.reverse()
    return np.stack(ys), h, c


def gru_dir(x, w, r, b, h, acts, reverse, lbr):
    n = r.shape[1]
    f, g = (ACT[a] for a in acts)
    ys = []
    wb, rb = b[:3 * n], b[3 * n:]
    for step in (reversed(range(x.shape[0])) if reverse
                 else range(x.shape[0])):
        xw = x[step] @ w.T + wb
        hr = h @ r[:2 * n].T + rb[:2 * n]
        z = f(xw[:, :n] + hr[:, :n])
        rr = f(xw[:, n:2 * n] + hr[:, n:])
        if lbr:
            ht = g(xw[:, 2 * n:] + rr * (h @ r[2 * n:].T + rb[2 * n:]))
        else:
            ht = g(xw[:, 2 * n:] + (rr * h) @ r[2 * n:].T + rb[2 * n:])
        h = (1 - z) * ht + z * h
        ys.append(h)
    if reverse:
        ys.reverse()
    return np.stack(ys), h


@probes("LSTM GRU", FLOATS)
def recurrent(op, t):
    seq, batch, size, n = 3, 2, 4, 5
    gates = 4 if op == "LSTM" else 3
    tol = {"F32": (1e-4, 1e-5), "F16": (2e-2, 5e-3)}.get(t)
    acts_sets = ([("Sigmoid", "Tanh", "Tanh"), ("Relu", "Relu", "Relu"),
                  ("Sigmoid", "Relu", "Tanh"), ("Tanh", "Sigmoid", "Relu")]
                 if op == "LSTM" else
                 [("Sigmoid", "Tanh"), ("Relu", "Relu"), ("Sigmoid", "Relu"),
                  ("Tanh", "Sigmoid")])
    for direction in ("forward", "reverse", "bidirectional"):
        nd = 2 if direction == "bidirectional" else 1
        for acts, variant, full in itertools.product(acts_sets, (0, 1),
                                                     (0, 1)):
            x = data(t, (seq, batch, size), "unit", 1)
            w = data(t, (nd, gates * n, size), "unit", 2)
            r = data(t, (nd, gates * n, n), "unit", 3)
            b = data(t, (nd, 2 * gates * n), "unit", 4) if full else None
            h = data(t, (nd, batch, n), "unit", 5) if full else None
            c = data(t, (nd, batch, n), "unit", 6) if full else None
            p = data(t, (nd, 3 * n), "unit", 7) if variant else None
            d = lambda a, s: (np.zeros(s) if a is None  # noqa: E731
                              else a.astype(np.float64))
            parts = []
            for k in range(nd):
                rev = direction == "reverse" or k == 1
                args = (x.astype(np.float64), d(w, 0)[k], d(r, 0)[k],
                        d(b, (nd, 2 * gates * n))[k],
                        d(h, (nd, batch, n))[k])
                if op == "LSTM":
                    parts.append(lstm_dir(*args, d(c, (nd, batch, n))[k],
                                          d(p, (nd, 3 * n))[k], acts, rev))
                else:
                    parts.append(gru_dir(*args, acts, rev, variant))
            outs = [np.stack([q[0] for q in parts], 1)] + [
                np.stack([q[k] for q in parts])
                for k in range(1, len(parts[0]))]
            outs = [o.astype(DTYPES[t]) for o in outs]
            attrs = {"hidden_size": n, "direction": direction,
                     "activations": list(acts) * nd}
            inputs = [x, w, r, b, None, h]
            if op == "LSTM":
                inputs += [c, p]
            else:
                attrs["linear_before_reset"] = variant
            what = "peepholes" if op == "LSTM" else "linear_before_reset"
            for const in ([1, 2, 3], []):
                yield Probe(op, t, f"{direction} {acts} {what}={variant} "
                            f"bias={full} const={bool(const)}", inputs, outs,
                            attrs, const=const, tol=tol)


# --------------------------------------------------------------------------
# Driver

def all_pairs(ops):
    for op in sorted(PROBES):
        if ops and op not in ops:
            continue
        for types, fn in PROBES[op]:
            for t in FLAG_ORDER:
                if t in types:
                    yield op, t, fn


def child(jobs, start, skip, write_fd):
    """Run jobs[start:], skipping the first `skip` probes of the first."""
    import onnxruntime as ort
    ort.set_default_logger_severity(4)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    with os.fdopen(write_fd, "w", buffering=1) as out:
        def send(*fields):
            out.write(json.dumps(fields) + "\n")
            out.flush()
        for n in range(start, len(jobs)):
            op, t, fn = jobs[n]
            try:
                misses = 0
                for k, p in enumerate(fn(op, t)):
                    if n == start and k < skip:
                        continue
                    send("begin", n, k, p.mode, p.label)
                    if misses >= 4:
                        break  # no kernel for the type; no need to go on
                    try:
                        status, detail, native = run_probe(p, ort)
                    except Exception as e:
                        status, native = "PROBE ERROR", None
                        detail = f"{type(e).__name__}: {e}"
                    if p.mode == "core" and status in (
                            "no kernel", "not in schema") and \
                            op not in ("Cast", "QuantizeLinear",
                                       "DequantizeLinear"):
                        misses += 1
                    send("end", n, k, status, detail, native)
            except Exception as e:
                send("begin", n, 10**6, "core", "generator")
                send("end", n, 10**6, "PROBE ERROR",
                     f"{type(e).__name__}: {e}", None)
            send("done", n)


def run_all(jobs):
    """Yields (op, type, mode, label, status, detail, native)."""
    start = skip = 0
    while start < len(jobs):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(r)
            code = 1
            try:
                child(jobs, start, skip, w)
                code = 0
            finally:
                os._exit(code)
        os.close(w)
        open_probe = None
        with os.fdopen(r) as lines:
            for line in lines:
                rec = json.loads(line)
                if rec[0] == "begin":
                    open_probe = rec[1:]
                elif rec[0] == "end":
                    n, k, status, detail, native = rec[1:]
                    op, t, _ = jobs[n]
                    yield (op, t, open_probe[2], open_probe[3], status,
                           detail, native)
                    start, skip, open_probe = n, k + 1, None
                else:
                    start, skip, open_probe = rec[1] + 1, 0, None
        _, status = os.waitpid(pid, 0)
        if open_probe is not None:
            n, k, mode, label = open_probe
            op, t, _ = jobs[n]
            what = (signal.Signals(os.WTERMSIG(status)).name
                    if os.WIFSIGNALED(status)
                    else f"exit {os.WEXITSTATUS(status)}")
            yield op, t, mode, label, "CRASH", what, None
            start, skip = n, k + 1
        elif status and start < len(jobs):
            raise RuntimeError(f"the probe process failed: {status}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--ops", help="comma-separated operators; default all")
    ap.add_argument("--table", help="write the C++ table here")
    ap.add_argument("--report", help="write a Markdown report here")
    ap.add_argument("--json", help="write all the results here")
    ap.add_argument("--merge", nargs="*", default=[],
                    help="earlier --json results to intersect with")
    args = ap.parse_args()
    jobs = list(all_pairs(set(args.ops.split(",")) if args.ops else None))

    from importlib.metadata import version as package_version
    version = package_version("onnxruntime")
    results = []
    last = None
    for rec in run_all(jobs):
        results.append(rec)
        if rec[0] != last:
            last = rec[0]
            print(last, file=sys.stderr, flush=True)

    supported, casts, versions = {}, set(), [version]
    for op, t, mode, label, status, detail, native in results:
        supported.setdefault((op, t), True)
        if status == "PROBE ERROR" or mode == "core" and status != "ok":
            supported[op, t] = False
        if native is False:
            casts.add(op)
    for path in args.merge:
        with open(path) as f:
            other = json.load(f)
        versions.append(other["version"])
        for op, t, ok in other["supported"]:
            if not ok and (op, t) in supported:
                supported[op, t] = False
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"version": version, "results": results,
                       "supported": [[o, t, ok] for (o, t), ok
                                     in supported.items()],
                       "f16_by_casts": sorted(casts)}, f)

    table = {}
    for (op, t), ok in supported.items():
        if ok:
            table.setdefault(op, []).append(t)
    lines = [
        "// ONNX operators and the element types for which ONNX Runtime's CPU",
        "// provider has a kernel that agrees with the ONNX specification.",
        "// Generated by tools/probe_onnxruntime_kernels.py with ONNX Runtime",
        f"// {' and '.join(versions)}; opset {OPSET}. Do not edit.",
        "//",
        "// The type is that of the operator's data input: the compared values",
        "// for comparisons, the branches for Where, the source type for Cast.",
        "// QuantizeLinear and DequantizeLinear list both the quantised types",
        "// and the types of the scale. F16 is listed also where the runtime",
        "// computes in F32 between casts that it inserts itself.",
        "//",
        "// Not visible in the flags: integer Resize is exact for the nearest",
        "// mode only; integer reductions and Pow are right as long as the",
        "// result fits the type; Cast from floating point to I4 and U4 rounds",
        "// where it truncates for the other integers.",
        "",
    ]
    for op in sorted(table):
        flags = " | ".join(f for f in FLAG_ORDER if f in table[op])
        lines.append(f"WEBNN_KERNEL({op}, {flags})")
    text = "\n".join(lines) + "\n"
    if args.table:
        with open(args.table, "w") as f:
            f.write(text)
    else:
        print(text)

    if args.report:
        with open(args.report, "w") as f:
            f.write(f"# ONNX Runtime {version} CPU, opset {OPSET}\n\n")
            f.write("float16 through inserted casts: "
                    f"{', '.join(sorted(casts))}\n\n")
            for op in sorted({r[0] for r in results}):
                f.write(f"## {op}\n\n")
                for t in FLAG_ORDER:
                    rs = [r for r in results if r[0] == op and r[1] == t]
                    if not rs:
                        continue
                    bad = [r for r in rs if r[4] != "ok"]
                    f.write(f"- {t}: {'ok' if supported[op, t] else 'NO'} "
                            f"({len(rs) - len(bad)}/{len(rs)})\n")
                    seen = {}
                    for _, _, mode, label, status, detail, _ in bad:
                        key = (mode, status)
                        seen[key] = seen.get(key, 0) + 1
                        if seen[key] <= 6 or mode == "observe":
                            f.write(f"  - {mode}, {label}: {status} "
                                    f"{detail}\n")
                f.write("\n")


if __name__ == "__main__":
    main()
