#!/usr/bin/env python3
"""Exports torchvision's classification models with seeded random weights, and checks each in the program.

    python3 tools/export_torchvision.py --check table.md -- dotnet run -c Release --no-build --project src/OnnxAmalgam.Cli -- check --steps 1
    python3 tools/export_torchvision.py --list
    python3 tools/export_torchvision.py resnet18 vit_b_32 -o exports

Without names: every model of at most --most million parameters, smallest first. Each is exported at 64 px or the least
size it takes. What follows `--` is run on each file with --json, and the file is deleted then; the table is written after every
model, so an interrupted run keeps what it has. A model that torch cannot export is listed with torch's error.

Needs torch, torchvision 0.14 or later and onnx.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

SIZES = {"inception_v3": 75, "vit_h_14": 56, "maxvit_t": 224, "alexnet": 224}
TRAINING_SIZES = {"inception_v3": 299}  # its auxiliary classifier, which evaluation leaves out, takes no less
OPSET = 16


def size_of(name, training):
    """alexnet and vgg: torch exports their adaptive pooling only where its output divides its input."""
    return TRAINING_SIZES.get(name) if training and name in TRAINING_SIZES else 224 if name.startswith("vgg") else SIZES.get(name, 64)


def make(name, training):
    """Stochastic depth stays off: torch has no ONNX form of it, and off it is nothing."""
    import torch
    import torchvision
    from torchvision import models

    torch.manual_seed(1)
    extra = {"image_size": size_of(name, training)} if name.startswith("vit_") else {}
    if name in ("googlenet", "inception_v3"):
        extra["init_weights"] = False
    network = models.get_model(name, weights=None, **extra)
    settle(network)
    network.train(training)
    for module in network.modules():
        if isinstance(module, torchvision.ops.StochasticDepth):
            module.eval()
    return network


def settle(network):
    """Running statistics as training would leave them: with those of a new network deep models overflow or fall to nothing."""
    import torch

    generator = torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
        elif isinstance(module, torch.nn.Linear) and not module.weight.any():  # vit's head: all scores would be 0
            torch.nn.init.normal_(module.weight, 0, 0.02)


def export(network, name, path, training):
    import torch

    size = size_of(name, training)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, torch.zeros(2, 3, size, size), path, opset_version=OPSET, input_names=["images"],
                          output_names=["logits"], dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}},
                          training=torch.onnx.TrainingMode.PRESERVE if training else torch.onnx.TrainingMode.EVAL, do_constant_folding=not training)


def check(command, path):
    run = subprocess.run([*command, path, "--json", "--quiet"], stdout=subprocess.PIPE, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[0]) if lines else {"status": f"exit {run.returncode}", "message": "no result"}


def row(name, count, result, training):
    number = lambda key: "" if result.get(key) is None else f"{result[key]:.1e}"
    remark = (result.get("message") or "").replace("|", "/").replace("\n", " ")[:160]
    count = result.get("parameters") or count
    return f"| {name} | {size_of(name, training)} | {count / 1e6:.1f} M | {number('maxDifference')} | {number('maxDifferenceAfterTraining')} | {result['status']} | {remark} |\n"


def sizes(names):
    """Parameters by name, counted without drawing weights where torch can."""
    import torch
    from torchvision import models

    counted = {}
    for name in names:
        weights = models.get_model_weights(name)
        counted[name] = next(iter(weights)).meta["num_params"]
    return counted


def main():
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    own, command = sys.argv[1:end], sys.argv[end + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="names in torchvision.models; default: all that are small enough")
    parser.add_argument("--most", type=float, default=60, help="largest number of parameters, in millions (default 60)")
    parser.add_argument("--least", type=float, default=0, help="smallest number of parameters, in millions (default 0)")
    parser.add_argument("--form", choices=["inference", "training"], default="inference", help="training: batch statistics and dropout stay in the file")
    parser.add_argument("--check", metavar="FILE", help="run the command after -- on each model and write the table here")
    parser.add_argument("-o", "--output", metavar="DIR", help="keep the files here instead")
    parser.add_argument("--list", action="store_true", help="say what would be exported")
    options = parser.parse_args(own)
    if not (options.check or options.output or options.list):
        parser.error("expected --check, --output or --list")
    if options.check and not command:
        parser.error("expected a command after --")

    import torch
    import torchvision

    torch.set_num_threads(1)
    counts = sizes(options.models or torchvision.models.list_models(module=torchvision.models))
    names = [n for n in sorted(counts, key=counts.get) if options.models or options.least * 1e6 < counts[n] <= options.most * 1e6]
    if options.list:
        print("\n".join(f"{n} {counts[n]}" for n in names))
        return 0
    table = "| model | px | parameters | difference | after a step | status | remark |\n|---|---|---|---|---|---|---|\n"
    failed, training = False, options.form == "training"
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.output or temporary
        os.makedirs(folder, exist_ok=True)
        for name in names:
            print(name, file=sys.stderr)
            own_folder = os.path.join(folder, name)  # weights over 2 GB lie in files of their own
            os.makedirs(own_folder, exist_ok=True)
            path = os.path.join(own_folder, f"{name}.onnx")
            try:
                network = make(name, training)
                count = sum(p.numel() for p in network.parameters())
                export(network, name, path, training)
                del network
            except Exception as error:  # whatever torch raises is the finding
                table += row(name, counts[name], {"status": "not exported", "message": f"{type(error).__name__}: {error}"}, training)
                continue
            finally:
                if options.check:
                    with open(options.check, "w") as file:
                        file.write(table)
            if options.check:
                result = check(command, path)
                failed |= result["status"] == "fail"
                table += row(name, count, result, training)
                with open(options.check, "w") as file:
                    file.write(table)
            if not options.output:
                shutil.rmtree(own_folder)
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
