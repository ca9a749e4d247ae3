"""A bar on the terminal while a graph is built."""

from __future__ import annotations

import sys
from typing import Any


class ProgressBar:
    """Shows each phase with tqdm where that is installed, else by itself.

    Any other display is a function of a phase, a fraction and seconds: for rich,
    ``progress=lambda phase, fraction, seconds: bar.update(task, completed=fraction)``.
    """

    def __init__(self) -> None:
        self._phase = ""
        self._bar: Any = None
        self._tqdm: Any = None
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]

            self._tqdm = tqdm
        except ImportError:
            pass

    def __call__(self, phase: str, fraction: float, seconds: float, /) -> bool:
        if self._tqdm is None:
            done = int(fraction * 30)
            end = "\n" if fraction >= 1 else ""
            sys.stderr.write(
                f"\r{phase:<8}[{'#' * done}{'.' * (30 - done)}] {fraction:4.0%} {seconds:6.1f} s{end}"
            )
            sys.stderr.flush()
            return True
        if phase != self._phase:
            if self._bar is not None:
                self._bar.close()
            self._bar = self._tqdm(total=100, desc=phase, leave=False)
            self._phase = phase
        self._bar.update(round(fraction * 100) - self._bar.n)
        if fraction >= 1:
            self._bar.close()
            self._bar = None
            self._phase = ""
        return True
