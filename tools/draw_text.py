#!/usr/bin/env python3
"""Draws the pictures of examples/data anew:  draw_text.py FOLDER CJK_FONT

Needs Pillow, numpy and the font DejaVu; CJK_FONT is a font file with Chinese characters, for
example wqy-microhei.ttc of Debian's fonts-wqy-microhei.
"""

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
    folder, cjk_font = pathlib.Path(sys.argv[1]), sys.argv[2]
    draw("Graphs of 95 operators, run natively", DEJAVU + "DejaVuSans.ttf", 40, "black",
         "white").save(folder / "print.png", optimize=True)
    photographed(draw("Invoice No. 2048-77", DEJAVU + "DejaVuSerif-Bold.ttf", 36, (40, 40, 70),
                      (226, 219, 200))).save(folder / "photo.png", optimize=True)
    draw("神经网络在本地运行", cjk_font, 44, (255, 240, 200), (24, 60, 110)).save(
        folder / "chinese.png", optimize=True)


main()
