"""``python -m webnn``: the command line."""

from __future__ import annotations

import sys


def main() -> int:
    from . import _core, _runtime

    arguments = sys.argv[1:]
    if arguments == ["--cmake-dir"]:
        print(_runtime.cmake_dir())
        return 0
    if not hasattr(_core, "_command_line"):
        print("webnn: this package was built without the command line", file=sys.stderr)
        return 2
    # Ctrl-C ends the command, as it does the program's.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.flush()
    _runtime.tell_where_libraries_are()
    return _core._command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
