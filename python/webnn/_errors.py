"""The exceptions of this package, one a kind of error of the specification, and its warnings."""


class WebNNError(Exception):
    """What every error of this package is.

    ``code`` is the name that a browser gives it, ``rule`` the stable name of the validation rule
    that was broken, or "".
    """

    code = "UnknownError"
    rule = ""


class ValidationError(WebNNError, ValueError, TypeError):
    """An argument is not valid (the specification's ``TypeError``): data type, shape, value, name."""

    code = "TypeError"


class InvalidStateError(WebNNError, RuntimeError):
    """The object is spent, destroyed or lost, or does not allow this use."""

    code = "InvalidStateError"


class NotSupportedError(WebNNError, RuntimeError):
    """This machine, library or back end cannot do it; the message says what was tried."""

    code = "NotSupportedError"


class OperationError(WebNNError, RuntimeError):
    """Building or running a valid graph failed."""

    code = "OperationError"


class FileError(OperationError, OSError):
    """A file could not be read or written."""


class UnknownError(WebNNError, RuntimeError):
    """Allocating or copying a tensor failed."""

    code = "UnknownError"


class AbortError(WebNNError, RuntimeError):
    """The caller cancelled it."""

    code = "AbortError"


class FallbackWarning(RuntimeWarning):
    """A context with ``fallback="backend"`` goes on to another back end; says why."""


def warn_of_fallback(message: str) -> None:
    """Warns at the line that called into this package."""
    import inspect
    import os
    import warnings

    level = 1
    package = os.path.dirname(os.path.abspath(__file__))
    frame = inspect.currentframe()
    while frame is not None and os.path.abspath(frame.f_code.co_filename).startswith(package):
        frame = frame.f_back
        level += 1
    warnings.warn(message, FallbackWarning, stacklevel=level)


by_code: "dict[str, type[WebNNError]]" = {
    kind.code: kind
    for kind in (
        ValidationError,
        InvalidStateError,
        NotSupportedError,
        OperationError,
        UnknownError,
        AbortError,
    )
}
