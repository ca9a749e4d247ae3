#!/usr/bin/env python3
"""Checks what examples/read_text reads:  check_read_text.py PROGRAM MODEL PICTURE_FOLDER

Each PICTURE.png of the folder stands in texts.json with the text that was drawn into it. The program
must print that text, and so must ONNX Runtime on the original file with the preparation and the
spelling written down a second time here. Exit status 77 (skipped) when the model is not there.
"""

import json
import pathlib
import subprocess
import sys
import zlib

import numpy
import onnxruntime


def read_png(path: pathlib.Path) -> numpy.ndarray:
    """[height, width, 3], for 8 bits, RGB, not interlaced: what tools/draw_text.py writes."""
    content, data, at = path.read_bytes(), b"", 8
    while at < len(content):
        length = int.from_bytes(content[at:at + 4], "big")
        kind, body = content[at + 4:at + 8], content[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height = (int.from_bytes(body[k:k + 4], "big") for k in (0, 4))
            assert body[8:] == bytes([8, 2, 0, 0, 0]), f"{path}: another kind of PNG"
        elif kind == b"IDAT":
            data += body
        at += length + 12
    rows = numpy.frombuffer(zlib.decompress(data), numpy.uint8).reshape(height, width * 3 + 1)
    picture = numpy.zeros((height + 1, width + 1, 3), numpy.uint8)  # a border of zeros
    for y in range(height):
        values = rows[y, 1:].astype(int).reshape(width, 3)
        for x in range(width):
            left, up, corner = (picture[y + 1, x].astype(int), picture[y, x + 1].astype(int),
                                picture[y, x].astype(int))
            guess = left + up - corner
            distances = numpy.stack([abs(guess - one) for one in (left, up, corner)])
            paeth = numpy.choose(distances.argmin(0), [left, up, corner])
            predicted = (0, left, up, (left + up) // 2, paeth)[rows[y, 0]]
            picture[y + 1, x + 1] = (values[x] + predicted) % 256
    return picture[1:, 1:]


def resize(picture: numpy.ndarray, height: int, width: int) -> numpy.ndarray:
    """Bilinear, pixel centres on pixel centres."""
    for axis, size in ((0, height), (1, width)):
        length = picture.shape[axis]
        at = numpy.clip((numpy.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = at.astype(int)
        high = numpy.minimum(low + 1, length - 1)
        part = numpy.expand_dims(at - low, [k for k in range(3) if k != axis])
        picture = picture.take(low, axis) * (1 - part) + picture.take(high, axis) * part
    return picture


def read_text(session: onnxruntime.InferenceSession, picture: numpy.ndarray) -> str:
    width = max(1, round(48 * picture.shape[1] / picture.shape[0]))
    pixels = resize(picture.astype(numpy.float64), 48, width)[:, :, ::-1]
    values = numpy.zeros((1, 3, 48, max(320, width)), numpy.float32)
    values[0, :, :, :width] = (pixels / 255 * 2 - 1).transpose(2, 0, 1)
    classes = session.run(None, {"x": values})[0][0].argmax(-1)
    characters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    if characters[-1] == "":
        characters.pop()
    characters = ["", *characters, " "]
    return "".join(characters[one] for k, one in enumerate(classes)
                   if k == 0 or classes[k - 1] != one).strip(" ")


def main() -> int:
    program, model, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if not model.exists():
        print(f"no {model}: run tools/setup.sh models")
        return 77
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    pictures = sorted(folder.glob("*.png"))
    if sorted(texts) != [picture.name for picture in pictures]:
        print(f"texts.json lists {sorted(texts)}")
        return 1
    output = subprocess.run([program, "--model", model, *pictures], check=True,
                            stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
    session = onnxruntime.InferenceSession(model)
    failed = False
    for picture, got in zip(pictures, output.splitlines(), strict=True):
        original = read_text(session, read_png(picture))
        drawn = texts[picture.name]
        print(f"{picture.name}: drawn {drawn!r}, read {got!r}, by ONNX Runtime {original!r}")
        failed = failed or not got == original == drawn
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
