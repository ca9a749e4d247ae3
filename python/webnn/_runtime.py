"""Where things lie: ONNX Runtime's library, this package's own files. Opens no library."""

from __future__ import annotations

import os
import sys


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
if "ORT_DYLIB_PATH" not in os.environ:
    _found = _onnxruntime_library()
    if _found is not None:
        os.environ["ORT_DYLIB_PATH"] = _found
# The library looks in the environment that is active; this interpreter's may be another.
if "WEBNN_ONNXRUNTIME_LIBRARY" not in os.environ and os.environ.get("ORT_DYLIB_PATH"):
    os.environ["WEBNN_ONNXRUNTIME_LIBRARY"] = os.environ["ORT_DYLIB_PATH"]


def cmake_dir() -> str:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib", "cmake", "webnn")
    if not os.path.isdir(folder):
        from ._errors import NotSupportedError

        raise NotSupportedError(
            f"{folder} does not exist: this package was not installed from a wheel; "
            "use the library's own installation (make install)"
        )
    return folder
