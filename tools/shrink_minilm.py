#!/usr/bin/env python3
"""Makes MiniLM's weights small enough to carry:  shrink_minilm.py FOLDER FILE SOURCE

FOLDER has vocab.txt and model.safetensors; FILE is written. Of the table of words only the rows stay
that the program SOURCE has words for. 16 of the 23 bits of a weight's fraction stay, which is
more than float16 can hold.
"""

import json
import pathlib
import re
import struct
import sys

import numpy


def rows_of(source: str, words: dict[str, int]) -> set[int]:
    """The rows for all words of a program, texts and others alike."""
    rows = {words[word] for word in ("[CLS]", "[SEP]", "[PAD]", "[UNK]")}
    for word in re.findall(r"[^\W_]+|[^\w\s]", source.lower()):
        at = 0
        while at < len(word):  # the longest piece first, as examples/sentences.cc does it
            for end in range(len(word), at, -1):
                piece = ("##" if at else "") + word[at:end]
                if piece in words:
                    rows.add(words[piece])
                    at = end
                    break
            else:
                break
    return rows


def main() -> None:
    folder, target, source = (pathlib.Path(argument) for argument in sys.argv[1:])
    vocabulary = (folder / "vocab.txt").read_text().split("\n")
    words = {word: number for number, word in enumerate(vocabulary)}
    needed = rows_of(source.read_text(), words)
    content = bytearray((folder / "model.safetensors").read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    for name, entry in json.loads(content[8:8 + length]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + length + at for at in entry["data_offsets"])
        bits = numpy.frombuffer(content, numpy.uint32, (end - begin) // 4, begin).copy()
        bits = (bits + 0x40) & ~numpy.uint32(0x7F)
        if name == "embeddings.word_embeddings.weight":
            rows = bits.reshape(entry["shape"])
            rows[[row for row in range(len(rows)) if row not in needed]] = 0
        content[begin:end] = bits.tobytes()
    target.write_bytes(content)


if __name__ == "__main__":
    main()
