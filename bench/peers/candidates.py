"""What runs a model: webnn on one of its back ends, and its peers through their own Python packages.
Each has its fastest way from memory to memory of its device: tensors are bound once, and a run waits
until the result is there."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any, Callable

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass
class Runner:
    """Private tensors of one caller: `run` waits for the result, which `read` gives."""

    run: Callable[[], object]
    read: Callable[[], list[np.ndarray]]


class Candidate:
    """A loaded model. `versions` is for the report; `runner` is called once a thread."""

    versions = ""

    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        raise NotImplementedError

    def runner(self, inputs: Arrays) -> Runner:
        raise NotImplementedError


class Webnn(Candidate):
    def __init__(self, backend: str, precision: str = "auto") -> None:
        self.backend, self.precision = backend, precision

    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        import webnn

        self.context = webnn.ML().create_context(
            backend=self.backend, precision=self.precision, threads=threads,
            cache=cache is not None, cache_dir=cache,
        )
        self.graph = webnn.load(path, context=self.context)
        info = next(one for one in self.context.candidates() if one["state"] == "chosen")
        self.versions = f"webnn {webnn.__version__}, {info['backend']} {info['version']}"

    def runner(self, inputs: Arrays) -> Runner:
        context = self.context

        def tensor(shape: Any, data_type: str) -> Any:
            return context.create_tensor(list(shape), data_type, readable=True, writable=True)

        sources = {
            name: tensor(array.shape, str(array.dtype)) for name, array in inputs.items()
        }
        for name, array in inputs.items():
            context.write_tensor(sources[name], array)
        outputs = {
            name: tensor(shape, data_type) for name, (data_type, shape) in self.graph.outputs.items()
        }
        wait = context.device != "cpu"

        def run() -> None:
            context.dispatch(self.graph, sources, outputs)
            if wait:
                context.synchronize()

        return Runner(run, lambda: [context.read_tensor(one) for one in outputs.values()])


class OnnxRuntime(Candidate):
    def __init__(self, provider: str = "CPUExecutionProvider", **options: Any) -> None:
        self.provider, self.options = provider, options

    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        own = dict(self.options)
        if self.provider == "TensorrtExecutionProvider" and cache is not None:
            own |= {"trt_engine_cache_enable": 1, "trt_engine_cache_path": cache}
        providers: list[Any] = [(self.provider, own)]
        if self.provider == "TensorrtExecutionProvider":
            providers.append(("CUDAExecutionProvider", {"use_tf32": 0}))
        if self.provider != "CPUExecutionProvider" and hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()
        self.session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        if self.session.get_providers()[0] != self.provider:
            raise RuntimeError(f"{self.provider} did not start: {self.session.get_providers()}")
        self.device = "cpu" if self.provider == "CPUExecutionProvider" else "cuda"
        self.versions = f"onnxruntime {onnxruntime.__version__}"

    def runner(self, inputs: Arrays) -> Runner:
        import onnxruntime

        binding = self.session.io_binding()
        for name, array in inputs.items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(array, self.device, 0)
            binding.bind_ortvalue_input(name, value)
        kept = []
        for output in self.session.get_outputs():
            dtype = np.float16 if "float16" in output.type else np.float32
            value = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
                output.shape, dtype, self.device, 0
            )
            kept.append(value)
            binding.bind_ortvalue_output(output.name, value)
        return Runner(
            lambda: self.session.run_with_iobinding(binding),
            lambda: [value.numpy() for value in kept],
        )


class OpenVino(Candidate):
    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        import os

        import openvino

        core = openvino.Core()
        if cache is not None:
            core.set_property({"CACHE_DIR": cache})
        # As webnn sets it: float32 is float32, and one inference has all its threads.
        cores = os.cpu_count() or 1
        streams = 1 if threads == 0 else max(1, cores // threads)
        config = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": str(threads * streams),
            "ENABLE_CPU_PINNING": "NO",
        }
        self.compiled = core.compile_model(str(path), "CPU", config)
        self.versions = f"openvino {openvino.__version__.split('-')[0]}"

    def runner(self, inputs: Arrays) -> Runner:
        import openvino

        request = self.compiled.create_infer_request()
        for name, array in inputs.items():
            request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        return Runner(
            request.infer,
            lambda: [np.array(request.get_output_tensor(i).data) for i in
                     range(len(self.compiled.outputs))],
        )


class Torch(Candidate):
    def __init__(self, compiled: bool, device: str = "cpu", mode: str | None = None) -> None:
        self.compiled, self.device, self.mode = compiled, device, mode

    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        import torch
        from onnx_torch import OnnxModule

        if threads:
            torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = self.device != "cpu"
        self.module: Any = OnnxModule(path).eval().to(self.device)
        self.names = self.module.input_names
        if self.compiled:
            self.module = torch.compile(self.module, mode=self.mode)
        self.versions = f"torch {torch.__version__}"

    def runner(self, inputs: Arrays) -> Runner:
        import torch

        tensors = [torch.from_numpy(inputs[name]).to(self.device) for name in self.names]
        last: list[Any] = []

        def run() -> None:
            with torch.inference_mode():
                last[:] = self.module(*tensors)
                if self.device != "cpu":
                    torch.cuda.synchronize()

        return Runner(run, lambda: [one.float().cpu().numpy() for one in last])


class PyWebnn(Candidate):
    """The other Python package of this name; an interpreter that has both cannot import both, so it
    is looked for in a folder of its own."""

    def load(self, path: pathlib.Path, threads: int, cache: str | None) -> None:
        import webnn

        if hasattr(webnn, "FallbackWarning"):
            raise RuntimeError("this is not pywebnn: name its folder with --pywebnn")
        self.context = webnn.ML().create_context(device_type="cpu", accelerated=False)
        self.graph = webnn.load(str(path)) if hasattr(webnn, "load") else None
        if self.graph is None:
            raise RuntimeError("pywebnn reads no ONNX")
        self.versions = "pywebnn"

    def runner(self, inputs: Arrays) -> Runner:
        last: list[Any] = []

        def run() -> None:
            last[:] = self.context.compute(self.graph, inputs).values()

        return Runner(run, lambda: list(last))


@dataclasses.dataclass
class Kind:
    """A column of the tables."""

    make: Callable[[], Candidate]
    #: Of webnn: the peer that has the same engine under it.
    raw: str | None = None
    dtype: str = "float32"
    ours: bool = False


CPU = {
    "webnn openvino": Kind(lambda: Webnn("openvino", "float32"), "OpenVINO", ours=True),
    "webnn onnxruntime": Kind(lambda: Webnn("onnxruntime"), "ONNX Runtime", ours=True),
    "ONNX Runtime": Kind(lambda: OnnxRuntime()),
    "OpenVINO": Kind(OpenVino),
    "PyTorch": Kind(lambda: Torch(False)),
    "torch.compile": Kind(lambda: Torch(True)),
    "pywebnn": Kind(PyWebnn),
}
#: float16 everywhere: webnn takes the float32 file and makes it so, and so does TensorRT under ONNX
#: Runtime; the others get the model with weights of float16.
GPU = {
    "webnn tensorrt": Kind(lambda: Webnn("tensorrt", "float16"), ours=True),
    "ONNX Runtime CUDA": Kind(
        lambda: OnnxRuntime("CUDAExecutionProvider", use_tf32=0), dtype="float16"
    ),
    "ONNX Runtime TensorRT": Kind(
        lambda: OnnxRuntime("TensorrtExecutionProvider", trt_fp16_enable=1)
    ),
    "PyTorch": Kind(lambda: Torch(False, "cuda"), dtype="float16"),
    "torch.compile": Kind(
        lambda: Torch(True, "cuda", "reduce-overhead"), dtype="float16"
    ),
}
SETS = {"cpu": CPU, "gpu": GPU}
