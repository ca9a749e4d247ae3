"""Where things lie: ONNX Runtime's library, this package's own files. Opens no library."""

from __future__ import annotations

import os
import sys

from . import _core


def _onnxruntime_library() -> str | None:
    # The package is looked for, not imported: importing it would open its library.
    for folder in sys.path:
        capi = os.path.join(folder or ".", "onnxruntime", "capi")
        try:
            names = os.listdir(capi)
        except OSError:
            continue
        found = [
            name
            for name in names
            if name.startswith(("libonnxruntime.so", "libonnxruntime.")) and "providers" not in name
        ]
        if found:
            return os.path.join(capi, min(found, key=lambda name: (len(name), name)))
    return None


# pywebnn's variable: programs read it, and set it to name another library.
_named = os.environ.get("ORT_DYLIB_PATH", "")
if not _named:
    _found = _onnxruntime_library()
    if _found is not None:
        os.environ["ORT_DYLIB_PATH"] = _found


def tell_where_libraries_are() -> None:
    """The library looks for its back ends in the packages of the environment that is active; this
    interpreter's may be others. Of this process alone: children find their own."""
    _core._set_package_folders([folder for folder in sys.path if os.path.isdir(folder)])
    _core._prefer_onnxruntime(_named)


def cmake_dir() -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "cmake", "webnn")
    if not os.path.isdir(folder):
        from ._errors import NotSupportedError

        raise NotSupportedError(
            f"{folder} does not exist: this package was not installed from a wheel; "
            "use the library's own installation (make install)"
        )
    return folder
