#!/usr/bin/env python3
"""Exports a PyTorch classifier as a teacher: one .onnx file with free batch, labels and preprocessing inside.

    python3 tools/export_torch.py torchvision:resnet18 --weights DEFAULT -o resnet18.onnx
    python3 tools/export_torch.py timm:vit_tiny_patch16_224 --weights DEFAULT --labels imagenet.txt -o vit.onnx
    python3 tools/export_torch.py mymodel.py:make_model --weights best.pth --size 64 --labels cat,dog \\
        --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 --tap layer4 -o pets.onnx

MODEL is torchvision:NAME, timm:NAME, FILE.py:NAME or package.module:NAME (a class or function that gives the network when
called without arguments), or a TorchScript file (.pt). Its output must be the scores [batch, classes] before any softmax.

The module tree stays visible: the TorchScript exporter names values after it (/layer4/layer4.1/relu_1/Relu_output_0), the
dynamo exporter writes it into each node's metadata. --tap layer4 moreover names that module's output `layer4`.

Needs torch and onnx; with onnxruntime installed the file is compared with the network. Run with PyTorch 1.13.1 (TorchScript
exporter). Written for, and not run with, PyTorch 2.5 and later (--exporter dynamo, which also needs onnxscript).
"""
import importlib
import importlib.util
import os
import pathlib
import pickle
import sys
import tempfile

import teacher_file
from teacher_file import UserError

WRAPPERS = ("state_dict", "model_state_dict", "model")


def build(spec, weights, classes):
    """The network that MODEL names, with its own idea of preprocessing and labels where it has one."""
    import torch

    kind, _, name = spec.rpartition(":")
    if not kind:
        if not os.path.isfile(spec):
            raise UserError(f"expected torchvision:NAME, timm:NAME, FILE.py:NAME, MODULE:NAME or a TorchScript file, got '{spec}'")
        try:
            return torch.jit.load(spec, map_location="cpu"), {}, None
        except RuntimeError as error:
            raise UserError(f"{spec}: expected a TorchScript file; a state dict goes to --weights, beside FILE.py:NAME") from error
    if kind in ("torchvision", "timm") and weights == "DEFAULT" and classes is not None:
        raise UserError(f"--classes: expected none beside --weights DEFAULT, got {classes}; trained weights have their own classes")
    width = {} if classes is None else {"num_classes": classes}
    if kind in ("torchvision", "timm"):
        try:
            return (from_torchvision if kind == "torchvision" else from_timm)(name, weights == "DEFAULT", width)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{spec}: {error}") from error
    module = load_module(kind)
    if not hasattr(module, name):
        raise UserError(f"{kind} has no '{name}'")
    return getattr(module, name)(), {}, None


def from_torchvision(name, pretrained, width):
    import torchvision

    if not pretrained:
        return torchvision.models.get_model(name, **width), {}, None
    weights = torchvision.models.get_model_weights(name).DEFAULT
    transform = weights.transforms()
    known = {"size": [*transform.crop_size * 2][:2], "scale": 1 / 255, "mean": list(transform.mean), "std": list(transform.std),
             "interpolation": transform.interpolation.value}
    return torchvision.models.get_model(name, weights=weights), known, weights.meta["categories"]


def from_timm(name, pretrained, width):
    import timm

    model = timm.create_model(name, pretrained=pretrained, **width)
    config = timm.data.resolve_data_config({}, model=model)
    known = {"size": list(config["input_size"][1:]), "scale": 1 / 255, "mean": list(config["mean"]), "std": list(config["std"]),
             "interpolation": config["interpolation"], "resize": "stretch" if config.get("crop_mode") == "squash" else "shorter_side"}
    return model, known, None


def load_module(name):
    """A module by dotted name, or the file NAME.py."""
    if not name.endswith(".py"):
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(pathlib.Path(name).stem, name)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(pathlib.Path(name).resolve().parent))
    spec.loader.exec_module(module)
    return module


def load_weights(model, path):
    """Loads a state dict, also one inside a checkpoint and one of a DataParallel network; never runs code from the file."""
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise UserError(f"--weights {path}: expected a state dict, got: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(state, dict):
        raise UserError(f"--weights {path}: expected a state dict, got {type(state).__name__}")
    for key in WRAPPERS:
        if isinstance(state.get(key), dict):
            state = state[key]
            break
    try:
        model.load_state_dict({str(name).removeprefix("module."): tensor for name, tensor in state.items()})
    except RuntimeError as error:
        raise UserError(f"--weights {path}: {' '.join(str(error).split())}") from error


def expose(model, taps):
    """Makes the network return the named modules' outputs behind its own."""
    seen, forward = {}, model.forward
    for path in taps:
        try:
            module = model.get_submodule(path)
        except AttributeError:
            names = [name for name, _ in model.named_modules() if name]
            raise UserError(f"--tap: no module '{path}'; there are: {', '.join(names)}") from None
        module.register_forward_hook(lambda _module, _inputs, output, path=path: seen.__setitem__(path, output))
    model.forward = lambda x: (forward(x), *[seen[path] for path in taps])


def export(model, image, options):
    """The ONNX model. Taps are graph outputs only while exporting, so that their values get the modules' names."""
    import onnx
    import torch

    names = {"input_names": ["images"], "output_names": ["logits", *options.tap]}
    newer = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 5)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        if options.exporter == "dynamo":
            if not newer:
                raise UserError(f"--exporter dynamo: expected PyTorch 2.5 or later, got {torch.__version__}; use torchscript")
            program = torch.onnx.export(model, (image,), dynamo=True, opset_version=max(options.opset, 18),
                                        dynamic_shapes=({0: torch.export.Dim("batch")},), **names)
            program.save(path, external_data=False)
        else:
            keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if options.keep_batchnorm else {}
            torch.onnx.export(model, (image,), path, opset_version=options.opset, **names, **keep,
                              dynamic_axes={name: {0: "batch"} for name in ("images", *names["output_names"])},
                              **({"dynamo": False} if newer else {}))
        exported = onnx.load(path)
    del exported.graph.output[1:]
    if options.keep_batchnorm:
        untie(exported, model)
    return exported


def untie(exported, model):
    """Gives each of the network's tensors an initializer of its own again.

    PyTorch's TorchScript exporter stores equal tensors once and passes them on through Identity nodes: in a network fresh from its
    constructor a norm's weight would be its running variance too. Tensors that are one in the network itself stay one."""
    places = {name: tensor.data_ptr() for name, tensor in model.state_dict().items()}
    graph = exported.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity"]:
        name, source = node.output[0], node.input[0]
        if source in stored and name in places and places[name] != places.get(source):
            copy = graph.initializer.add()
            copy.CopyFrom(stored[source])
            copy.name = name
            graph.node.remove(node)


def compare(exported, model, image):
    """Compares the file's scores with the network's, for batches other than the exported one too."""
    import torch

    try:
        import onnxruntime
    except ImportError:
        print("not compared with the network: onnxruntime is not installed", file=sys.stderr)
        return
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        x = torch.rand(batch, *image.shape[1:])
        expected = model(x)
        expected = expected[0] if isinstance(expected, tuple) else expected
        actual = torch.from_numpy(session.run(["logits"], {"images": x.numpy()})[0])
        difference = ((actual - expected).abs().max() / expected.abs().max()).item()
        if not difference <= 1e-4:
            raise UserError(f"the exported scores differ from the network's by {difference:.1e} (batch {batch})")


def main():
    parser = teacher_file.Parser(__doc__)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--weights", metavar="FILE|DEFAULT", help="a state dict, or the library's own pretrained weights")
    parser.add_argument("--classes", type=int, help="width of a torchvision or timm network's classifier")
    parser.add_argument("--tap", action="append", default=[], metavar="MODULE", help="name this module's output in the graph")
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--exporter", choices=("torchscript", "dynamo"), default="torchscript")
    parser.add_argument("--keep-batchnorm", action="store_true",
                        help="do not fold BatchNorm into convolutions: for a network that is to be trained further, a student; "
                             "equal tensors are kept apart")
    teacher_file.add_options(parser)
    options = parser.parse_args()
    import torch

    model, known, labels = build(options.model, options.weights, options.classes)
    if options.weights not in (None, "DEFAULT"):
        load_weights(model, options.weights)
    labels = teacher_file.read_labels(options.labels) or labels
    description = teacher_file.input_description(options, "nchw", known)
    model.eval()
    if options.tap:
        expose(model, options.tap)
    image = torch.rand(2, description["channels"], *description["size"])
    # With gradients on, nn.MultiheadAttention takes the path that has an ONNX form; without, PyTorch 1.13's fused one.
    try:
        exported = export(model, image, options)
    except RuntimeError as error:
        raise UserError(f"PyTorch's {options.exporter} exporter: {str(error).strip().splitlines()[0][:300]}") from error
    with torch.no_grad():
        compare(exported, model, image)
    teacher_file.finish(exported, options, description, labels)


if __name__ == "__main__":
    teacher_file.run("export_torch", main)
