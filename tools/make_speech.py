#!/usr/bin/env python3
"""Writes examples/data/speech.wav, 16 kHz and 16 bits: two spoken sentences with pauses, and a
background of faint noise.

    make_speech.py [FILE]

Needs the program espeak-ng, whose voice speaks. The file is kept in the repository; this is how it
was made.
"""

import array
import io
import math
import pathlib
import random
import subprocess
import sys
import wave

ROOT = pathlib.Path(__file__).resolve().parent.parent
RATE = 16000
SENTENCES = ("Describe a network once.", "Run it anywhere.")


def speak(text: str) -> list[float]:
    """The sentence at 16 kHz, from -1 to 1, without the silence at its ends."""
    command = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text]
    spoken = io.BytesIO(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    with wave.open(spoken) as file:
        rate = file.getframerate()
        samples = array.array("h", file.readframes(10 * rate))
    while samples and abs(samples[-1]) < 100:
        samples.pop()
    first = next(i for i, sample in enumerate(samples) if abs(sample) >= 100)
    samples = samples[first:]
    result = []
    for i in range(len(samples) * RATE // rate):
        place = i * rate / RATE
        left = min(int(place), len(samples) - 2)
        part = place - left
        result.append((samples[left] * (1 - part) + samples[left + 1] * part) / 32768)
    return result


def main() -> None:
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "examples/data/speech.wav")
    dice = random.Random(0)
    sound: list[float] = []
    for sentence in SENTENCES:
        sound += [0.0] * int(0.9 * RATE) + speak(sentence)
    sound += [0.0] * RATE
    noisy = (0.6 * sample + dice.gauss(0, 0.002) for sample in sound)
    samples = array.array("h", (max(-32768, min(32767, math.floor(32768 * s))) for s in noisy))
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    main()
