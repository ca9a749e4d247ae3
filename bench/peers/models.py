"""The networks that are compared: well-known shapes with random weights of fixed seeds, described
with webnn's builder and written as ONNX, so that every peer runs the same file. Real weights would
not change what is computed; only the PP-OCR pair is real."""

from __future__ import annotations

import math
import pathlib
from typing import Any, Callable

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Net:
    """A builder with layers whose weights come from one generator."""

    def __init__(self, seed: int, dtype: str) -> None:
        import webnn

        self.b = webnn.MLGraphBuilder()
        self.dtype = dtype
        self.random = np.random.default_rng(seed)

    def input(self, name: str, shape: list[int]) -> Any:
        return self.b.input(name, shape, self.dtype)

    def weight(self, shape: list[int], fan_in: int) -> Any:
        # He's scale keeps the values of deep networks where float16 is exact enough.
        values = self.random.standard_normal(shape, np.float32) * math.sqrt(2 / fan_in)
        return self.b.constant(values.astype(self.dtype))

    def small(self, size: int, around: float = 0) -> Any:
        values = around + 0.02 * self.random.standard_normal(size, np.float32)
        return self.b.constant(values.astype(self.dtype))

    def conv(self, x: Any, out: int, size: int, stride: int = 1, groups: int = 1) -> Any:
        """A convolution of the same size with a bias, as those whose normalisation is folded."""
        channels = x.shape[1] // groups
        pad = (size - 1) // 2
        weight = self.weight([out, channels, size, size], channels * size * size)
        return self.b.conv2d(
            x, weight, strides=[stride, stride], padding=[pad] * 4, groups=groups,
            bias=self.small(out),
        )

    def relu6(self, x: Any) -> Any:
        return self.b.clamp(x, 0, 6)

    def silu(self, x: Any) -> Any:
        return self.b.mul(x, self.b.sigmoid(x))

    def linear(self, x: Any, out: int) -> Any:
        size = x.shape[-1]
        return self.b.add(
            self.b.matmul(x, self.weight([size, out], 2 * size)), self.small(out)
        )

    def pool(self, x: Any) -> Any:
        return self.b.reshape(self.b.global_average_pool(x), [x.shape[0], x.shape[1]])

    def norm(self, x: Any) -> Any:
        size = x.shape[-1]
        return self.b.layer_normalization(
            x, self.small(size, 1), self.small(size), axes=[len(x.shape) - 1]
        )

    def attention(self, x: Any, heads: int) -> Any:
        b = self.b
        batch, length, size = x.shape
        split = [batch, length, heads, size // heads]
        q, k, v = (b.reshape(self.linear(x, size), split) for _ in range(3))
        scores = b.matmul(
            b.mul(b.transpose(q, permutation=[0, 2, 1, 3]),
                  b.constant(np.array((size // heads) ** -0.5, self.dtype))),
            b.transpose(k, permutation=[0, 2, 3, 1]),
        )
        mixed = b.matmul(b.softmax(scores, 3), b.transpose(v, permutation=[0, 2, 1, 3]))
        joined = b.reshape(b.transpose(mixed, permutation=[0, 2, 1, 3]), [batch, length, size])
        return self.linear(joined, size)

    def feed_forward(self, x: Any, hidden: int) -> Any:
        return self.linear(self.b.gelu(self.linear(x, hidden)), x.shape[-1])


def mobilenet_v2(net: Net, batch: int) -> dict[str, Any]:
    x = net.relu6(net.conv(net.input("x", [batch, 3, 224, 224]), 32, 3, 2))
    for expand, out, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
        (6, 160, 3, 2), (6, 320, 1, 1),
    ):
        for i in range(count):
            hidden = x.shape[1] * expand
            y = net.relu6(net.conv(x, hidden, 1)) if expand > 1 else x
            y = net.relu6(net.conv(y, hidden, 3, stride if i == 0 else 1, groups=hidden))
            y = net.conv(y, out, 1)
            x = net.b.add(x, y) if i > 0 else y
    x = net.relu6(net.conv(x, 1280, 1))
    return {"y": net.linear(net.pool(x), 1000)}


def resnet50(net: Net, batch: int) -> dict[str, Any]:
    b = net.b
    x = b.relu(net.conv(net.input("x", [batch, 3, 224, 224]), 64, 7, 2))
    x = b.max_pool2d(x, window_dimensions=[3, 3], strides=[2, 2], padding=[1, 1, 1, 1])
    for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(count):
            step = stride if i == 0 else 1
            y = b.relu(net.conv(x, width, 1))
            y = b.relu(net.conv(y, width, 3, step))
            y = b.mul(net.conv(y, 4 * width, 1), b.constant(np.array(0.3, net.dtype)))
            x = b.relu(b.add(net.conv(x, 4 * width, 1, step) if i == 0 else x, y))
    return {"y": net.linear(net.pool(x), 1000)}


def efficientnet_b0(net: Net, batch: int) -> dict[str, Any]:
    b = net.b
    x = net.silu(net.conv(net.input("x", [batch, 3, 224, 224]), 32, 3, 2))
    for expand, out, count, stride, size in (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
    ):
        for i in range(count):
            before = x.shape[1]
            hidden = before * expand
            y = net.silu(net.conv(x, hidden, 1)) if expand > 1 else x
            y = net.silu(net.conv(y, hidden, size, stride if i == 0 else 1, groups=hidden))
            squeezed = net.silu(net.conv(b.global_average_pool(y), max(1, before // 4), 1))
            y = b.mul(y, b.sigmoid(net.conv(squeezed, hidden, 1)))
            y = net.conv(y, out, 1)
            x = b.add(x, y) if i > 0 else y
    return {"y": net.linear(net.pool(net.silu(net.conv(x, 1280, 1))), 1000)}


def vit_b16(net: Net, batch: int) -> dict[str, Any]:
    b = net.b
    x = net.input("x", [batch, 3, 224, 224])
    patches = b.conv2d(x, net.weight([768, 3, 16, 16], 768), strides=[16, 16],
                       bias=net.small(768))
    x = b.transpose(b.reshape(patches, [batch, 768, 196]), permutation=[0, 2, 1])
    token = b.expand(b.reshape(net.small(768), [1, 1, 768]), [batch, 1, 768])
    x = b.add(b.concat([token, x], 1), b.reshape(net.small(197 * 768), [1, 197, 768]))
    for _ in range(12):
        x = b.add(x, net.attention(net.norm(x), 12))
        x = b.add(x, net.feed_forward(net.norm(x), 3072))
    first = b.reshape(b.slice(net.norm(x), [0, 0, 0], [batch, 1, 768]), [batch, 768])
    return {"y": net.linear(first, 1000)}


def bert_base(length: int) -> Callable[[Net, int], dict[str, Any]]:
    def build(net: Net, batch: int) -> dict[str, Any]:
        # From the embeddings on: looking words up costs nothing.
        x = net.norm(net.input("x", [batch, length, 768]))
        for _ in range(12):
            x = net.norm(net.b.add(x, net.attention(x, 12)))
            x = net.norm(net.b.add(x, net.feed_forward(x, 3072)))
        return {"y": x}

    return build


def unet_block(net: Net, batch: int) -> dict[str, Any]:
    """The middle of a diffusion model's UNet: two residual blocks around attention, and one level
    down and up."""
    b = net.b

    def residual(x: Any, out: int) -> Any:
        y = net.conv(net.silu(x), out, 3)
        y = net.conv(net.silu(y), out, 3)
        return b.add(net.conv(x, out, 1) if x.shape[1] != out else x, y)

    x = residual(net.input("x", [batch, 320, 32, 32]), 320)
    skip = x
    x = residual(net.conv(x, 640, 3, 2), 640)
    tokens = b.transpose(b.reshape(x, [batch, 640, 256]), permutation=[0, 2, 1])
    tokens = b.add(tokens, net.attention(net.norm(tokens), 8))
    tokens = b.add(tokens, net.feed_forward(net.norm(tokens), 2560))
    x = b.reshape(b.transpose(tokens, permutation=[0, 2, 1]), [batch, 640, 16, 16])
    x = residual(x, 640)
    x = b.resample2d(x, sizes=[32, 32], axes=[2, 3])
    return {"y": residual(b.concat([skip, net.conv(x, 320, 3)], 1), 320)}


def lstm(net: Net, batch: int) -> dict[str, Any]:
    """Two layers of 512 over 64 steps of 256 numbers."""
    x = net.input("x", [64, batch, 256])
    for size in (256, 512):
        outputs = net.b.lstm(
            x,
            net.weight([1, 4 * 512, size], 4 * size),
            net.weight([1, 4 * 512, 512], 4 * 512),
            steps=64,
            hidden_size=512,
            bias=net.b.reshape(net.small(4 * 512), [1, 4 * 512]),
            return_sequence=True,
        )
        x = net.b.reshape(outputs[2], [64, batch, 512])
    return {"y": x}


MODELS: dict[str, Callable[[Net, int], dict[str, Any]]] = {
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "efficientnet_b0": efficientnet_b0,
    "vit_b16": vit_b16,
    "bert_base_128": bert_base(128),
    "bert_base_512": bert_base(512),
    "unet_block": unet_block,
    "lstm": lstm,
}
#: Real files with open sizes: the name of the input, its shape and the file.
FILES = {
    "ppocr_detection": ("x", [3, 640, 640], "ch_PP-OCRv4_det_infer.onnx"),
    "ppocr_recognition": ("x", [3, 48, 320], "ch_PP-OCRv4_rec_infer.onnx"),
}
NAMES = [*MODELS, *FILES]


def is_there(name: str) -> bool:
    return name in MODELS or ocr_file(name) is not None


def ocr_file(name: str) -> pathlib.Path | None:
    for folder in (ROOT / ".deps/models", ROOT / "models"):
        for file in folder.rglob(FILES[name][2]):
            return file
    return None


def write(name: str, batch: int, dtype: str, folder: pathlib.Path) -> pathlib.Path:
    """The ONNX file of the model for this batch, made where it is not there yet."""
    import webnn

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}-{batch}-{dtype}.onnx"
    if target.exists():
        return target
    part = target.with_suffix(".part.onnx")
    if name in FILES:
        # With its sizes fixed, which is how webnn takes it: again the same work for all.
        size = [batch, *FILES[name][1]]
        graph = webnn.load(str(ocr_file(name)), shapes={FILES[name][0]: size})
    else:
        net = Net(sum(map(ord, name)), dtype)
        graph = net.b.build(MODELS[name](net, batch))
    graph.save(str(part), format="onnx")
    part.rename(target)
    return target


def inputs_of(name: str, batch: int, dtype: str) -> dict[str, np.ndarray]:
    """The same numbers for every peer."""
    random = np.random.default_rng(1)
    if name in FILES:
        return {FILES[name][0]: random.random([batch, *FILES[name][1]], np.float32)}
    shape = {
        "lstm": [64, batch, 256],
        "unet_block": [batch, 320, 32, 32],
        "bert_base_128": [batch, 128, 768],
        "bert_base_512": [batch, 512, 768],
    }.get(name, [batch, 3, 224, 224])
    return {"x": random.standard_normal(shape, np.float32).astype(dtype)}
