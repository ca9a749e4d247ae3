# Front door of the project: `make` lists what there is. CMake does the work; see CMakePresets.json.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
PYTHON ?= python3

# Tests of one build folder, then a summary whose last line is "N passed, N failed".
define run_tests
@rm -rf $(1)/test-results/*.xml $(1)/junit.xml $(1)/conformance.json $(1)/onnx_suite.json; \
status=0; \
ctest --test-dir $(1) --output-on-failure --output-junit junit.xml -j $(JOBS) $(CTEST_ARGS) </dev/null || status=$$?; \
$(PYTHON) tools/test_summary.py $(1) || status=1; \
exit $$status
endef

# Configures a preset; ninja does so again by itself when a CMake file changes.
define configure
@test $(2)/build.ninja -nt CMakePresets.json || cmake --preset $(1)
endef

.DEFAULT_GOAL := help
.PHONY: python python-stub wheel help setup models tensorrt-dev configure build demo test lint format tidy asan tsan debug fuzz bench test-tensorrt gpu-bundle benchmark-tensorrt benchmark-peers docs site install clean distclean

help:  ## Show this list
	@echo "webnn.cpp: the W3C WebNN operators in C++"
	@echo
	@echo "Start here:"
	@echo "  make demo     build everything and read the text in pictures"
	@echo "  make test     build everything and run all tests"
	@echo
	@echo "All targets:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24
	@echo
	@echo "Settings: JOBS=$(JOBS) PREFIX=$(PREFIX) FUZZ_SECONDS=$(FUZZ_SECONDS) CTEST_ARGS= BENCH_ARGS= FILES= (for tidy)"

setup:
	@tools/setup.sh

# Packages with model files.
models: setup
	@tools/setup.sh models

configure: setup
	$(call configure,release,build)

build: configure  ## Library, tests, tools, examples and benchmarks in build/ (installs what is missing)
	@cmake --build build -j $(JOBS)

python: configure  ## The Python package in build/python: PYTHONPATH=build/python python3 -c 'import webnn'
	@cmake --build build -j $(JOBS) --target webnn_python

python-stub: python  ## Write python/webnn/_core.pyi anew from the built module
	@PYTHONPATH=build/python .deps/venv/bin/python tools/generate_stub.py >build/_core.pyi
	@cp build/_core.pyi python/webnn/_core.pyi

# WHEEL_ARGS='--python /path/to/python3' builds with that interpreter alone.
wheel: setup  ## Wheels of the Python package in dist/, one for each CPython that needs its own
	@CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) .deps/venv/bin/python tools/wheels.py build $(WHEEL_ARGS)

demo: build models  ## Read the text in the pictures of examples/data with PP-OCRv4
	@echo "PP-OCRv4's recogniser, an ONNX file of the package rapidocr-onnxruntime, as"
	@echo "examples/read_text.cc loads and runs it:"
	@for picture in examples/data/*.png; do \
	  printf '\n$$ build/examples/read_text %s\n' "$$picture"; \
	  build/examples/read_text "$$picture" || exit 1; \
	done

tensorrt-dev: setup  ## TensorRT's own libraries (3 GB) in .deps/, for work on a machine with a GPU
	@tools/setup.sh tensorrt

# Without them their tests say so in the summary.
test: build  ## Run all tests; the report is build/junit.xml
	@tools/setup.sh models || echo "the packages with models could not be installed" >&2
	$(call run_tests,build)

lint: format-check tidy  ## Check the format, then run clang-tidy; warnings are errors

.PHONY: lint-setup format-check
lint-setup:
	@tools/setup.sh lint

format: lint-setup  ## Format all C++ sources in place
	@$(PYTHON) tools/lint.py format --fix

format-check: lint-setup
	@$(PYTHON) tools/lint.py format

# clang-tidy reads the generated protobuf header, so that has to be there.
tidy: lint-setup configure  ## Run clang-tidy on what has changed since it last passed
	@cmake --build build -j $(JOBS) --target webnn_onnx_proto_files
	@$(PYTHON) tools/lint.py tidy --build build --jobs $(JOBS) $(FILES)

debug: setup  ## Build and test without optimisation, in build-debug/
	$(call configure,debug,build-debug)
	@cmake --build build-debug -j $(JOBS)
	$(call run_tests,build-debug)

asan: setup  ## Build and test with AddressSanitizer and UBSan, in build-asan/
	$(call configure,asan,build-asan)
	@cmake --build build-asan -j $(JOBS)
	$(call run_tests,build-asan)

tsan: setup  ## Build and test with ThreadSanitizer, in build-tsan/
	$(call configure,tsan,build-tsan)
	@cmake --build build-tsan -j $(JOBS)
	$(call run_tests,build-tsan)

fuzz: setup  ## Run every fuzzer for FUZZ_SECONDS seconds, in build-fuzz/
	@tools/setup.sh fuzz
	$(call configure,fuzz,build-fuzz)
	@cmake --build build-fuzz -j $(JOBS) --target webnn_fuzzers
	@tools/run_fuzzers.sh build-fuzz $(FUZZ_SECONDS)

bench: build  ## Run all benchmarks
	@for program in build/bench/*; do \
	  if [ -f "$$program" ] && [ -x "$$program" ]; then "$$program" || exit 1; fi; \
	done

test-tensorrt: build  ## Run the tests that need an NVIDIA GPU, the command line and the conformance cases on it
	@tools/test_tensorrt.sh build

# To copy to a machine with a GPU: .gpu/run.sh build/tests/gpu_test, .gpu/run.sh tests/gpu/cli_on_gpu.sh
gpu-bundle: build models  ## All that the GPU tests need in .gpu/, to copy to a machine with a GPU
	@tools/gpu_bundle.sh build .gpu

benchmark-tensorrt: build models  ## The TensorRT back end against TensorRT by hand, on a GPU
	@build/bench/tensorrt --json build/benchmark-tensorrt.json --check $(BENCH_ARGS)

# Needs about six minutes and a machine that does nothing else.
benchmark-peers: python models  ## webnn against ONNX Runtime, OpenVINO and PyTorch, into docs/performance.md
	@tools/setup.sh peers
	@PYTHONPATH=build/python .deps/peers/bin/python bench/peers --quick --docs --out build $(BENCH_ARGS)

docs: build  ## Write the generated pages of docs/ anew from the operator tables
	@build/tools/generate_docs >build/ops.md
	@cp build/ops.md docs/ops.md && echo "docs/ops.md written"
	@build/tools/generate_onnx_docs >build/onnx-operators.md
	@cp build/onnx-operators.md docs/onnx-operators.md && echo "docs/onnx-operators.md written"
	@build/tools/generate_status >build/implementation-status.md
	@cp build/implementation-status.md docs/implementation-status.md && echo "docs/implementation-status.md written"

site: setup  ## The documentation as a site in build/site
	@tools/setup.sh site
	@NO_MKDOCS_2_WARNING=1 .deps/site/bin/mkdocs build --strict --quiet
	@echo "build/site/index.html written"

install: build  ## Install library, headers, CMake package and pkg-config file under PREFIX
	@cmake --install build --prefix $(PREFIX)

clean:  ## Remove all build folders
	rm -rf build build-asan build-tsan build-debug build-fuzz build-wheel-*

distclean: clean  ## Remove the build folders and .deps/
	rm -rf .deps
