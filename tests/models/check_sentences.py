#!/usr/bin/env python3
"""Checks the vectors of examples/sentences:  check_sentences.py PROGRAM MODEL_FOLDER

The reference is the same network, written down a second time with numpy in float64: one sentence at
a time, so without a mask. Exit status 77 (skipped) when the model is not there.
"""

import json
import math
import pathlib
import subprocess
import sys

import numpy

SENTENCES = [
    "How old are you?",
    "What is your age?",
    "The weather is unusually nice today, isn't it?",
    "Electroencephalographically speaking: hmm...",
    "a",
]
TOLERANCE = 1e-4


def read_safetensors(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            values = numpy.frombuffer(content[start:end], dtype="<f4")
            tensors[name] = values.reshape(entry["shape"]).astype(numpy.float64)
    return tensors


def tokens_of(sentence: str, vocabulary: dict[str, int]) -> list[int]:
    spaced = "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in sentence.lower())
    numbers = []
    for word in spaced.split():
        pieces, rest, prefix = [], word, ""
        while rest:
            length = next((n for n in range(len(rest), 0, -1) if prefix + rest[:n] in vocabulary), 0)
            if not length:
                pieces = [vocabulary["[UNK]"]]
                break
            pieces.append(vocabulary[prefix + rest[:length]])
            rest, prefix = rest[length:], "##"
        numbers += pieces
    return [vocabulary["[CLS]"], *numbers, vocabulary["[SEP]"]]


class Network:
    def __init__(self, weights: dict[str, numpy.ndarray], config: dict):
        self.weights, self.config = weights, config

    def norm(self, x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        x = (x - mean) / numpy.sqrt(variance + self.config["layer_norm_eps"])
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def dense(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def attention(self, x, name):
        width = self.config["hidden_size"] // self.config["num_attention_heads"]
        query, key, value = (self.dense(x, f"{name}attention.self.{part}")
                             for part in ("query", "key", "value"))
        heads = []
        for start in range(0, self.config["hidden_size"], width):
            part = slice(start, start + width)
            scores = query[:, part] @ key[:, part].T / math.sqrt(width)
            weights = numpy.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weights / weights.sum(-1, keepdims=True) @ value[:, part])
        return numpy.concatenate(heads, -1)

    def vector(self, numbers: list[int]) -> numpy.ndarray:
        x = (self.weights["embeddings.word_embeddings.weight"][numbers] +
             self.weights["embeddings.position_embeddings.weight"][:len(numbers)] +
             self.weights["embeddings.token_type_embeddings.weight"][0])
        x = self.norm(x, "embeddings.LayerNorm")
        erf = numpy.vectorize(math.erf)
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}."
            x = self.norm(x + self.dense(self.attention(x, name), name + "attention.output.dense"),
                          name + "attention.output.LayerNorm")
            inner = self.dense(x, name + "intermediate.dense")
            inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
            x = self.norm(x + self.dense(inner, name + "output.dense"), name + "output.LayerNorm")
        mean = x.mean(0)
        return mean / numpy.linalg.norm(mean)


def main() -> int:
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (folder / "model.safetensors").exists():
        print(f"no {folder / 'model.safetensors'}: run tools/setup.sh models")
        return 77
    output = subprocess.run([program, "--model", folder, "--vectors", *SENTENCES], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    got = numpy.array([line.split() for line in output.splitlines()], dtype=numpy.float64)

    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    vocabulary = {word: number for number, word in enumerate(words)}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    network = Network(read_safetensors(folder / "model.safetensors"), config)
    expected = numpy.array([network.vector(tokens_of(one, vocabulary)) for one in SENTENCES])

    if got.shape != expected.shape:
        print(f"the vectors' shape is {got.shape} instead of {expected.shape}")
        return 1
    worst = (abs(got - expected) / abs(expected).max()).max()
    print(f"largest difference {worst:.2e}, allowed {TOLERANCE:.0e}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
