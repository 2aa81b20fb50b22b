# make build | test | demo | bench | bench-cuda | bench-parts | publish | clean | lock; CUDA=1 builds with the GPU packages, CUDA=external with the libtorch and the
# ONNX Runtime of LD_LIBRARY_PATH (both restored without a lock file).
DOTNET ?= dotnet
CONFIGURATION ?= Release
SOLUTION := OnnxAmalgam.sln
PROGRAM := $(DOTNET) run -c $(CONFIGURATION) --no-build --project src/OnnxAmalgam.Cli --

ifeq ($(CUDA),1)
PROPERTIES := -p:Cuda=true
RESTORE := $(PROPERTIES)
else ifeq ($(CUDA),external)
PROPERTIES := -p:Cuda=external
RESTORE := $(PROPERTIES)
else
PROPERTIES :=
RESTORE := --locked-mode
endif

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export TESTINGPLATFORM_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.PHONY: build restore lock test demo bench bench-cuda bench-parts publish clean
.DEFAULT_GOAL := build

restore:
	$(DOTNET) restore $(SOLUTION) $(RESTORE)

build: restore
	$(DOTNET) build $(SOLUTION) -c $(CONFIGURATION) --no-restore $(PROPERTIES)

# After a change of packages: the lock files of all systems (downloads what the other systems need, 150 MB).
lock:
	for rid in win-x64 osx-arm64 linux-x64; do $(DOTNET) restore $(SOLUTION) -r $$rid --force-evaluate || exit 1; done
	$(DOTNET) restore $(SOLUTION)

# One test program at a time: each uses all cores, and some measure time and memory.
test: build
	$(DOTNET) test --solution $(SOLUTION) -c $(CONFIGURATION) --no-build --max-parallel-test-modules 1 $(PROPERTIES)

# The last line quotes docs/benchmarks.md.
demo: build
	$(PROGRAM) train models/demo/recipe.yaml
	@echo "ungated (labels: concat; models/recipes/mnist-fashion): 0.7965 on the union, mean of three seeds"

# A step beside the same method in plain PyTorch (where a Python has it), in turn; writes the measured parts of docs/speed.md. An hour on
# two quiet cores: BENCH="--only cifar/soft" takes a part of it.
BENCH ?=
BENCHMARKS := $(DOTNET) run -c $(CONFIGURATION) --no-build --project tools/OnnxAmalgam.Benchmarks --
bench: build
	$(BENCHMARKS) --write docs/speed.md $(BENCH)

# The step on an NVIDIA GPU in every variant, beside PyTorch there where a Python has one with CUDA; writes the part "cuda" of docs/speed.md.
# Some twenty minutes. Builds with the GPU packages, or with CUDA=external. Without a GPU: one line and exit code 2.
bench-cuda:
	@nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU' || { echo "bench-cuda: expected an NVIDIA GPU, got none (nvidia-smi --list-gpus); nothing was measured" >&2; exit 2; }
	$(MAKE) build CUDA=$(or $(CUDA),1)
	$(BENCHMARKS) cuda --write docs/speed.md $(BENCH)

# Operators, MMD, decoding, CSV by themselves (BenchmarkDotNet).
bench-parts: build
	$(BENCHMARKS) parts

# The program as a folder to copy, compiled ahead: starts with a fifth to two fifths less work (docs/speed.md). Downloads the compiler.
publish:
	$(DOTNET) publish src/OnnxAmalgam.Cli -c $(CONFIGURATION) -p:PublishReadyToRun=true -o artifacts/onnx-amalgam $(PROPERTIES)

clean:
	rm -rf src/*/bin src/*/obj tests/*/bin tests/*/obj artifacts TestResults tests/*/TestResults
