"""Finds where somebody speaks in a WAV file.

    python examples/voice_activity.py recording.wav

The model is Silero VAD, a recurrent network in an ONNX file of the package silero-vad. Its state
stays in tensors of the context's from one piece of sound to the next: each is an input of one run
and the output of the one before, and nothing but a probability is copied back.
"""

from __future__ import annotations

import argparse
import pathlib
import wave
from typing import Any

import numpy as np

import webnn
from _models import package_folder

RATE = 16000
STEP = 512  # samples that the network hears at a time: 32 ms
BEFORE = 64  # samples of the step before, which it hears again
BARS = " ▁▂▃▄▅▆▇█"


def read_wav(path: pathlib.Path) -> np.ndarray[Any, Any]:
    """One channel, 16 kHz, from -1 to 1."""
    with wave.open(str(path)) as file:
        rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
        data = file.readframes(file.getnframes())
    if width != 2:
        raise SystemExit(f"{path} has {8 * width} bits a sample; this example reads 16")
    sound = np.frombuffer(data, "<i2").reshape(-1, channels).mean(1) / 32768
    if rate != RATE:
        times = np.arange(int(len(sound) * RATE / rate)) * rate / RATE
        sound = np.interp(times, np.arange(len(sound)), sound)
    return np.asarray(sound, np.float32)


def probabilities(
    context: webnn.MLContext, model: pathlib.Path, sound: np.ndarray[Any, Any]
) -> list[float]:
    """Of speech, one for each 32 ms."""
    graph = webnn.load(
        model,
        context=context,
        shapes={"input": (1, BEFORE + STEP), "state": (2, 1, 128)},
        values={"sr": RATE},  # makes the branches of the model known
    )
    piece = context.create_tensor([1, BEFORE + STEP], writable=True)
    probability = context.create_tensor([1, 1], readable=True)
    state, next_state = (context.create_tensor([2, 1, 128]) for _ in range(2))

    steps = -(-len(sound) // STEP)
    padded = np.zeros(BEFORE + steps * STEP, np.float32)
    padded[BEFORE : BEFORE + len(sound)] = sound
    found = []
    for step in range(steps):
        context.write_tensor(piece, padded[None, step * STEP : step * STEP + BEFORE + STEP])
        context.dispatch(
            graph, {"input": piece, "state": state}, {"output": probability, "stateN": next_state}
        )
        state, next_state = next_state, state
        found.append(float(context.read_tensor(probability)[0, 0]))
    return found


def segments(speech: list[float]) -> list[tuple[float, float]]:
    """Seconds from and to: begins above 0.5, ends after 0.25 s below 0.35."""
    found, begin, quiet = [], None, 0
    patience = int(0.25 * RATE / STEP)
    for step, probability in enumerate([*speech, *[0.0] * (patience + 1)]):
        if begin is None:
            if probability >= 0.5:
                begin, quiet = step, 0
        elif probability < 0.35:
            quiet += 1
            if quiet > patience:
                found.append((begin * STEP / RATE, (step - quiet + 1) * STEP / RATE))
                begin = None
        else:
            quiet = 0
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Finds where somebody speaks in a WAV file.")
    parser.add_argument("wav", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).with_name("data") / "speech.wav")
    parser.add_argument("--backend", default="auto", help='"onnxruntime", "tensorrt" ...')
    options = parser.parse_args()

    sound = read_wav(options.wav)
    model = package_folder("silero_vad") / "data" / "silero_vad_op18_ifless.onnx"
    context = webnn.ML().create_context(backend=options.backend)
    speech = probabilities(context, model, sound)

    loudness = [np.abs(sound[i : i + STEP]).max() for i in range(0, len(sound), STEP)]
    top = max(max(loudness, default=0), 1e-9)
    print(f"{options.wav.name}: {len(sound) / RATE:.1f} s   ({context.backend})")
    print("sound  " + "".join(BARS[round(8 * float(one / top))] for one in loudness))
    print("speech " + "".join(BARS[round(8 * one)] for one in speech))
    for begin, end in segments(speech):
        print(f"  {begin:6.2f} s to {end:6.2f} s")


if __name__ == "__main__":
    main()
