#!/usr/bin/env python3
"""Draws the pictures of examples/data anew:  draw_text.py CJK_FONT

What is written in them stands in texts.json there.
Needs Pillow, numpy and the font DejaVu; CJK_FONT is a font file with Chinese characters, for
example wqy-microhei.ttc of Debian's fonts-wqy-microhei.
"""

import json
import pathlib
import sys

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

DEJAVU = "/usr/share/fonts/truetype/dejavu/"


def draw(text: str, font: str, size: int, ink, paper) -> Image.Image:
    face = ImageFont.truetype(font, size)
    left, top, right, bottom = face.getbbox(text)
    margin = size // 4
    picture = Image.new("RGB", (right - left + 2 * margin, bottom - top + 2 * margin), paper)
    ImageDraw.Draw(picture).text((margin - left, margin - top), text, fill=ink, font=face)
    return picture


def photographed(picture: Image.Image) -> Image.Image:
    """As from a camera: turned a little, unevenly lit, blurred, noisy."""
    picture = picture.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=(226, 219, 200))
    pixels = numpy.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)), dtype=numpy.float32)
    light = numpy.linspace(0.72, 1.05, pixels.shape[1], dtype=numpy.float32)[None, :, None]
    noise = numpy.random.default_rng(0).normal(0, 7, pixels.shape)
    return Image.fromarray(numpy.clip(pixels * light + noise, 0, 255).astype(numpy.uint8))


def main() -> None:
    folder = pathlib.Path(__file__).parent.parent / "examples" / "data"
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    pictures = {
        "print.png": draw(texts["print.png"], DEJAVU + "DejaVuSans.ttf", 40, "black", "white"),
        "photo.png": photographed(draw(texts["photo.png"], DEJAVU + "DejaVuSerif-Bold.ttf", 36,
                                       (40, 40, 70), (226, 219, 200))),
        "chinese.png": draw(texts["chinese.png"], sys.argv[1], 44, (255, 240, 200), (24, 60, 110)),
    }
    for name, picture in pictures.items():
        picture.save(folder / name, optimize=True)


main()
