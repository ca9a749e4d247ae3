"""``ML`` and ``MLContext``: options by their names in Python, pywebnn's names, and waiting without
blocking an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, TypeVar

from . import _core, _runtime
from ._builder import MLGraphBuilder
from ._core import MLTensor
from ._errors import NotSupportedError, ValidationError

if TYPE_CHECKING:
    import os

    import numpy as np
    import numpy.typing as npt

    from ._core import MLGraph
    from ._types import DataType, DeviceType, Fallback, PowerPreference, Precision, Progress

_T = TypeVar("_T")

_POWER_PREFERENCES = ("default", "high-performance", "low-power")
_DEVICE_TYPES = ("auto", "cpu", "gpu", "npu")
# Other projects' names of back ends.
_BACKEND_NAMES = {
    "auto": "",
    "onnx": "onnxruntime",
    "onnx_cpu": "onnxruntime",
    "trtx": "tensorrt-rtx",
    "rtx": "tensorrt-rtx",
    "trt": "tensorrt",
}
_FOREIGN_BACKENDS = ("coreml", "litert", "cann")


def compile_options(**options: Any) -> dict[str, Any] | None:
    """Those that were given, or None."""
    progress = options.pop("progress", None)
    given = {name: value for name, value in options.items() if value is not None}
    if progress:
        if progress is True:
            from ._progress import ProgressBar

            progress = ProgressBar()
        given["progress"] = progress
    return given or None


async def run_in_thread(call: Callable[[], _T]) -> _T:
    """Runs what releases the GIL in another thread, so that calls overlap."""
    import asyncio

    return await asyncio.get_running_loop().run_in_executor(None, call)


class MLContext(_core.Context):
    """A device with its queue; made by ``ML.create_context``.

    All methods may be called from several threads, and release the GIL while they work.
    """

    def __init__(self, **options: Any) -> None:
        self._progress = options.pop("progress", None)
        self._device_type = options.pop("device_type", "auto")
        self._requested = options.get("backend", "")
        _runtime.tell_where_libraries_are()
        super().__init__(**options)

    def __repr__(self) -> str:
        # As pywebnn prints it.
        accelerated = "true" if self.accelerated else "false"
        return f"MLContext(accelerated={accelerated}, power='{self.power_preference}')"

    # ---- Graphs. ----

    def create_graph_builder(self) -> MLGraphBuilder:
        """A builder whose graphs are compiled for this context."""
        return MLGraphBuilder(self)

    def load(self, path: str | os.PathLike[str], **options: Any) -> MLGraph:
        """``webnn.load`` for this context."""
        from ._files import load

        return load(path, context=self, **options)

    def compile(
        self,
        graph: MLGraph,
        path: str | os.PathLike[str] | None = None,
        *,
        precision: Precision | None = None,
        optimization_level: int | None = None,
        workspace_bytes: int | None = None,
        targets: Sequence[str] | None = None,
        hardware_compatible: bool | None = None,
        version_compatible: bool | None = None,
        progress: Progress | bool | None = None,
    ) -> MLGraph:
        """Compiles the graph for this context now, not when it is first computed.

        Args:
            graph: From any builder or file.
            path: Compile into this file instead, which ``webnn.load`` reads; NotSupportedError where
                the back end cannot. ``targets`` and the two ``_compatible`` are for this.
        """
        options = compile_options(
            precision=precision,
            optimization_level=optimization_level,
            workspace_bytes=workspace_bytes,
            targets=list(targets) if targets is not None else None,
            hardware_compatible=hardware_compatible,
            version_compatible=version_compatible,
            progress=progress,
        )
        if path is None:
            self._compile(graph, options)
        else:
            self._compile_to_file(graph, str(path), options)
        return graph

    async def compute_async(
        self,
        graph: MLGraph,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any] | None = None,
        precision: Precision | None = None,
    ) -> dict[str, npt.NDArray[Any]]:
        """``compute`` in another thread; calls that are awaited together run side by side."""
        return await run_in_thread(lambda: self.compute(graph, inputs, outputs, precision))

    async def dispatch_async(
        self, graph: MLGraph, inputs: Mapping[str, MLTensor], outputs: Mapping[str, MLTensor]
    ) -> None:
        """``dispatch`` in another thread."""
        await run_in_thread(lambda: self.dispatch(graph, inputs, outputs))

    # ---- Tensors. ----

    def create_tensor(
        self,
        shape: Sequence[int],
        data_type: DataType | str = "float32",
        readable: bool = False,
        writable: bool = False,
        exportable_to_gpu: bool = False,
    ) -> MLTensor:
        """A tensor filled with zeros.

        Args:
            shape: Sizes, outermost first.
            data_type: "float32", "int64" ...
            readable: ``read_tensor`` is allowed.
            writable: ``write_tensor`` is allowed.
            exportable_to_gpu: Is kept as a property; every tensor can be exported by DLPack.
        """
        tensor = self._create_tensor(shape, data_type, readable, writable)
        tensor.exportable_to_gpu = exportable_to_gpu
        return tensor

    def create_host_tensor(
        self, shape: Sequence[int], data_type: DataType | str = "float32"
    ) -> MLTensor:
        """A tensor that may be read and written."""
        return self._create_tensor(shape, data_type, True, True)

    def create_constant_tensor(self, value: Any, data_type: str | None = None) -> MLTensor:
        """An immutable tensor for ``MLGraphBuilder.constant``."""
        from ._arrays import constant_array

        array, data_type = constant_array(value, data_type, None)
        return self._create_constant_tensor(array, data_type, array.shape)

    def create_device_tensor(
        self,
        graph: MLGraph | None,
        shape: Sequence[int],
        data_type: DataType | str = "float32",
        device: str | None = None,
    ) -> MLDeviceTensor:
        """A tensor that may be read and written, in the memory of this context's device.

        ``graph`` is not needed any more. ``device`` must be the context's own.
        """
        del graph
        own = self.device
        if device is not None and device.split(":")[0] != own.split(":")[0]:
            raise NotSupportedError(
                f"create_device_tensor: device is {device!r}; this context's tensors lie on {own}"
            )
        return MLDeviceTensor(self, self._create_tensor(shape, data_type, True, True))

    def import_tensor(self, tensor: Any, readable: bool = True, writable: bool = True) -> MLTensor:
        """A tensor in the memory of another framework's, without a copy.

        Args:
            tensor: Anything with DLPack's ``__dlpack__`` (PyTorch, CuPy, JAX, numpy) or with
                ``__cuda_array_interface__``, packed, on this context's device. It is kept alive.

        Raises:
            NotSupportedError: memory on another device.
            ValidationError: strides or a data type that WebNN lacks.
        """
        from ._dlpack import import_tensor

        return import_tensor(self, tensor, readable, writable)

    def read_tensor(
        self, tensor: MLTensor, out: npt.NDArray[Any] | None = None
    ) -> npt.NDArray[Any]:
        """Waits for work on the tensor and copies its value, into ``out`` where it is given."""
        return tensor.read(out)

    def write_tensor(self, tensor: MLTensor, data: npt.ArrayLike) -> None:
        """Copies the data into the tensor; later work sees it."""
        tensor.write(data)

    async def read_tensor_async(
        self, tensor: MLTensor, out: npt.NDArray[Any] | None = None
    ) -> npt.NDArray[Any]:
        """``read_tensor`` without blocking the event loop."""
        return await run_in_thread(lambda: tensor.read(out))

    async def write_tensor_async(self, tensor: MLTensor, data: npt.ArrayLike) -> None:
        """``write_tensor`` without blocking the event loop."""
        await run_in_thread(lambda: tensor.write(data))

    # ---- What there is. ----

    def backend_info(self) -> dict[str, Any]:
        """pywebnn's description of the back end. ``backend`` and ``explain()`` say more."""
        names = [status["name"] for status in devices()["backends"] if status["available"]]
        gpu = self.device != "cpu"
        legacy = {
            "onnxruntime": "onnx_gpu" if gpu else "onnx_cpu",
            "tensorrt": "tensorrt",
            "tensorrt-rtx": "tensorrt",
        }
        return {
            "backend": legacy.get(self.backend, self.backend),
            "accelerated_available": gpu,
            "compiled_features": {
                "onnx_runtime": True,
                "coreml_runtime": False,
                "trtx_runtime": any(name.startswith("tensorrt") for name in names),
            },
            "backend_available": True,
            "name": self.backend,
            "device": self.device,
            "device_type_requested": self._device_type,
            "backend_requested": self._requested or "auto",
        }

    def convert_to_onnx(self, graph: MLGraph, path: str | os.PathLike[str]) -> None:
        """Writes the graph as an ONNX model."""
        graph.save(path, format="onnx")

    def convert_to_coreml(self, graph: MLGraph, path: str) -> None:
        """There is no Core ML here: raises NotSupportedError."""
        del graph, path
        raise NotSupportedError("convert_to_coreml: this library has no Core ML; use convert_to_onnx")

    def execute_with_coreml(self, graph: MLGraph, device: str = "cpu") -> dict[str, Any]:
        """There is no Core ML here: raises NotSupportedError."""
        del graph, device
        raise NotSupportedError("execute_with_coreml: this library has no Core ML; use compute")


class MLDeviceTensor(MLTensor):
    """A tensor with the names of pywebnn's device tensors."""

    def __init__(self, context: MLContext, tensor: MLTensor) -> None:
        super().__init__(tensor)
        self._device = context.device
        self._backend: str = context.backend_info()["backend"]

    @property
    def device(self) -> str:
        """"cpu", "cuda:0"."""
        return self._device

    @property
    def backend(self) -> str:
        """pywebnn's name of the back end."""
        return self._backend

    def __repr__(self) -> str:
        # As pywebnn prints it.
        return (
            f"MLDeviceTensor(shape={self.shape}, dtype={self.data_type}, device={self.device}, "
            f"backend={self.backend})"
        )


class AsyncMLContext:
    """A context whose slow calls are awaited. ``MLContext`` has the same methods itself."""

    def __init__(self, context: MLContext) -> None:
        self._context = context

    async def dispatch(
        self, graph: MLGraph, inputs: Mapping[str, MLTensor], outputs: Mapping[str, MLTensor]
    ) -> None:
        await self._context.dispatch_async(graph, inputs, outputs)

    async def compute_async(
        self,
        graph: MLGraph,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any] | None = None,
    ) -> dict[str, npt.NDArray[Any]]:
        return await self._context.compute_async(graph, inputs, outputs)

    async def read_tensor_async(self, tensor: MLTensor) -> npt.NDArray[Any]:
        return await self._context.read_tensor_async(tensor)

    async def write_tensor_async(self, tensor: MLTensor, data: npt.ArrayLike) -> None:
        await self._context.write_tensor_async(tensor, data)

    def create_graph_builder(self) -> MLGraphBuilder:
        return self._context.create_graph_builder()

    def create_tensor(
        self,
        shape: Sequence[int],
        data_type: DataType | str = "float32",
        readable: bool = True,
        writable: bool = True,
        exportable_to_gpu: bool = False,
    ) -> MLTensor:
        return self._context.create_tensor(shape, data_type, readable, writable, exportable_to_gpu)

    def compute(
        self,
        graph: MLGraph,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any] | None = None,
    ) -> dict[str, npt.NDArray[Any]]:
        return self._context.compute(graph, inputs, outputs)

    def read_tensor(self, tensor: MLTensor) -> npt.NDArray[Any]:
        return self._context.read_tensor(tensor)

    def write_tensor(self, tensor: MLTensor, data: npt.ArrayLike) -> None:
        self._context.write_tensor(tensor, data)

    @property
    def accelerated(self) -> bool:
        return self._context.accelerated

    @property
    def power_preference(self) -> str:
        return self._context.power_preference


class ML:
    """Where contexts come from."""

    def create_context(
        self,
        power_preference: PowerPreference | str = "default",
        accelerated: bool = True,
        device_type: DeviceType | str = "auto",
        *,
        backend: str = "auto",
        device: str | None = None,
        fallback: Fallback | str = "none",
        library_path: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        precision: Precision | str | None = None,
        optimization_level: int | None = None,
        workspace_bytes: int | None = None,
        hardware_compatible: bool | None = None,
        version_compatible: bool | None = None,
        cache: bool = True,
        cache_dir: str | os.PathLike[str] | None = None,
        progress: Progress | bool | None = None,
        cuda_stream: int | None = None,
        queued: bool = False,
        compile_only: bool = False,
        max_tensor_byte_length: int | None = None,
        log: Callable[[str, str], object] | None = None,
        log_level: str = "warning",
    ) -> MLContext:
        """A context on the best back end that works here, or on the one that is named.

        Args:
            power_preference: A hint: "default", "high-performance", "low-power".
            accelerated: A hint: False asks for the processor.
            device_type: A hint: "auto", "cpu", "gpu", "npu". "cpu" asks for the processor.
            backend: "auto", or a name of ``webnn.devices()``: "onnxruntime", "tensorrt" ...
            device: The back end's device: "cpu", "cuda:1".
            fallback: With "backend", a back end that cannot be opened, or a graph that it cannot
                build, makes the context go on to the next one that can, with one
                ``FallbackWarning``. A context moves as a whole: only while it has no tensors and no
                graphs. ``device`` and ``precision`` stay as they are given.
            library_path: The back end's shared library, where it is not to be looked for.
            threads: Threads inside one operator; None lets the back end choose.
            precision: What float32 operators are computed in: "auto", "float32", "tf32",
                "bfloat16", "float16".
            optimization_level, workspace_bytes, hardware_compatible, version_compatible: How graphs
                are compiled; see ``MLGraphBuilder.build`` and ``MLContext.compile``.
            cache, cache_dir: Whether and where compiled graphs are kept.
            progress: As ``MLGraphBuilder.build`` takes it, for all graphs of the context.
            cuda_stream: The address of a CUDA stream that all work goes to, in order with the
                caller's own.
            queued: Dispatches on the processor return at once, and a thread runs them in order.
            compile_only: The context compiles into files, and needs no device for it.
            max_tensor_byte_length: Larger tensors are refused.
            log, log_level: A function of a level and a message; "verbose", "info", "warning",
                "error".

        Raises:
            NotSupportedError: no back end fits; the message lists what was tried.
            ValidationError: an option is not one of its values.
        """
        if power_preference not in _POWER_PREFERENCES:
            raise ValidationError(
                f"power_preference is {power_preference!r}; it must be one of "
                + ", ".join(_POWER_PREFERENCES)
            )
        if device_type not in _DEVICE_TYPES:
            raise ValidationError(
                f"device_type is {device_type!r}; it must be one of " + ", ".join(_DEVICE_TYPES)
            )
        if backend in _FOREIGN_BACKENDS:
            raise NotSupportedError(
                f"there is no back end {backend!r}; there are "
                + ", ".join(status["name"] for status in devices()["backends"])
            )
        options: dict[str, Any] = {
            "power_preference": power_preference,
            "accelerated": bool(accelerated) and device_type != "cpu",
            "device_type": device_type,
            "backend": _BACKEND_NAMES.get(backend, backend),
            "fallback": fallback,
            "cache": cache,
            "queued": queued,
            "compile_only": compile_only,
            "log_level": log_level,
        }
        given = {
            "device": device,
            "library_path": str(library_path) if library_path is not None else None,
            "threads": threads,
            "precision": precision,
            "optimization_level": optimization_level,
            "workspace_bytes": workspace_bytes,
            "hardware_compatible": hardware_compatible,
            "version_compatible": version_compatible,
            "cache_dir": str(cache_dir) if cache_dir is not None else None,
            "cuda_stream": cuda_stream,
            "max_tensor_byte_length": max_tensor_byte_length,
            "log": log,
        }
        options.update((name, value) for name, value in given.items() if value is not None)
        if progress:
            options["progress"] = (compile_options(progress=progress) or {})["progress"]
        return MLContext(**options)


def devices(open_libraries: bool = False) -> dict[str, Any]:
    """The back ends and GPUs of this machine: ``backends`` (the preferred one first, each with
    ``available`` and, where it is not, a ``reason``), ``gpus``, ``driver``, ``gpu_reason``.

    Args:
        open_libraries: Also open libraries that have no device here, for their versions.
    """
    _runtime.tell_where_libraries_are()
    return _core._devices(open_libraries)
