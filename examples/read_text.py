"""Reads the text in pictures.

    python examples/read_text.py picture.png            each picture is one line of text
    python examples/read_text.py --page scan.jpg        finds the lines first

The models are PP-OCRv4's, ONNX files of the package rapidocr-onnxruntime. One line is read by its
recogniser alone, as examples/read_text.cc does it. --page runs that package's whole pipeline
(detection, direction, recognition) as it is: only the module `onnxruntime` that it imports is ours.
Needs Pillow, and for --page what rapidocr-onnxruntime needs.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

import numpy as np
from PIL import Image

import webnn
from _models import package_folder

DATA = pathlib.Path(__file__).with_name("data")
HEIGHT, MIN_WIDTH = 48, 320  # of the pictures that the model was trained on


def prepare(path: pathlib.Path) -> np.ndarray[Any, Any]:
    """float32 [1, 3, 48, width]: blue, green, red, from -1 to 1; beyond the picture 0."""
    picture = Image.open(path).convert("RGB")
    filled = max(1, round(HEIGHT * picture.width / picture.height))
    pixels = np.asarray(picture.resize((filled, HEIGHT), Image.Resampling.BILINEAR), np.float32)
    values = np.zeros((1, 3, HEIGHT, max(MIN_WIDTH, filled)), np.float32)
    values[0, :, :, :filled] = pixels[:, :, ::-1].transpose(2, 0, 1) / 127.5 - 1
    return values


class Reader:
    """The recogniser, compiled once for each width."""

    def __init__(self, context: webnn.MLContext, model: pathlib.Path) -> None:
        self.context, self.model = context, model
        self.graphs: dict[tuple[int, ...], webnn.MLGraph] = {}
        # The model brings its characters along. Class 0 separates, the last one is a space.
        characters = webnn.inspect(model)["metadata"]["character"].split("\n")
        if characters[-1] == "":
            characters.pop()
        self.characters = ["", *characters, " "]

    def __call__(self, path: pathlib.Path) -> tuple[str, float]:
        """The text, and how sure the model is of it, up to 1."""
        values = prepare(path)
        if values.shape not in self.graphs:
            self.graphs[values.shape] = webnn.load(
                self.model, context=self.context, shapes={"x": values.shape}
            )
        (outputs,) = self.context.compute(self.graphs[values.shape], {"x": values}).values()
        best, sure = outputs[0].argmax(-1), outputs[0].max(-1)
        # The best class of each column, where it changes, spells the text.
        kept = [i for i, one in enumerate(best) if one and (i == 0 or best[i - 1] != one)]
        text = "".join(self.characters[best[i]] for i in kept).strip(" ")
        return text, float(np.mean([sure[i] for i in kept])) if kept else 0.0


def show(path: pathlib.Path, width: int = 76) -> None:
    """The picture, two rows of pixels a line; what covers less of it is the ink."""
    picture = Image.open(path).convert("L")
    rows = 2 * max(1, round(picture.height * width / picture.width / 2))
    pixels = np.asarray(picture.resize((width, rows)), np.float32)
    ink = pixels < (pixels.max() + pixels.min()) / 2
    if ink.mean() > 0.5:
        ink = ~ink
    for upper, lower in zip(ink[::2], ink[1::2], strict=True):
        print("  " + "".join(" ▄▀█"[2 * int(u) + int(d)] for u, d in zip(upper, lower, strict=True)))


def read_page(paths: list[pathlib.Path], backend: str) -> None:
    import webnn.onnxruntime_adaptor

    if backend != "auto":
        raise SystemExit("--page takes the back end that the pipeline asks for; leave --backend out")
    sys.path.append(str(package_folder("rapidocr_onnxruntime").parent))
    sys.modules["onnxruntime"] = webnn.onnxruntime_adaptor
    from rapidocr_onnxruntime import RapidOCR

    ocr = RapidOCR()
    for path in paths:
        print(path.name)
        for box, text, sure in ocr(str(path))[0] or []:
            left, top = (round(value) for value in box[0])
            print(f"  at {left:4},{top:4}  {float(sure):4.0%}  {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Reads the text in pictures.")
    parser.add_argument("pictures", nargs="*", type=pathlib.Path, metavar="PICTURE")
    parser.add_argument("--page", action="store_true", help="find the lines of text first")
    parser.add_argument("--backend", default="auto", help='"onnxruntime", "tensorrt" ...')
    options = parser.parse_args()
    pictures = options.pictures or sorted(DATA.glob("*.png"))
    if options.page:
        read_page(pictures, options.backend)
        return
    context = webnn.ML().create_context(backend=options.backend)
    models = package_folder("rapidocr_onnxruntime") / "models"
    reader = Reader(context, models / "ch_PP-OCRv4_rec_infer.onnx")
    for picture in pictures:
        text, sure = reader(picture)
        show(picture)
        print(f"{picture.name}: {text}   ({sure:.0%} sure, {context.backend})\n")


if __name__ == "__main__":
    main()
