"""What the exporters share: the options that describe a teacher's input, and the finished .onnx file.

The description goes into the model's metadata_props:
  onnx_amalgam.preprocessing   JSON with the keys of a recipe's `input`: y = (x * scale - mean) / std, x = 0..255
  names task stride batch imgsz channels   as Ultralytics writes them (all or none); names holds the labels
  Image.BitmapPixelFormat Image.NominalPixelRange   as ONNX's MetadataProps.md says
"""
import argparse
import json
import os
import pathlib
import sys

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
TORCH = {"scale": 1 / 255, "mean": [0.0], "std": [1.0], "order": "rgb", "resize": "shorter_side", "interpolation": "bilinear",
         "antialias": True}
KERAS = TORCH | {"scale": 1.0, "resize": "stretch", "antialias": False}
# The recipe's presets, by the same names: y = (x * scale - mean) / std for each channel as fed.
PRESETS = {
    "torchvision": TORCH | IMAGENET,
    "timm": TORCH | IMAGENET | {"interpolation": "bicubic"},
    "timm_inception": TORCH | {"mean": [0.5], "std": [0.5], "interpolation": "bicubic"},
    "timm_dpn": TORCH | {"mean": [124 / 255, 117 / 255, 104 / 255], "std": [1 / (0.0167 * 255)], "interpolation": "bicubic"},
    "clip": TORCH | {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711],
                     "interpolation": "bicubic"},
    "ultralytics": TORCH,
    "paddle": TORCH | IMAGENET | {"antialias": False},
    "keras_caffe": KERAS | {"order": "bgr", "mean": [103.939, 116.779, 123.68]},
    "keras_tf": KERAS | {"scale": 1 / 127.5, "mean": [1.0]},
    "keras_torch": KERAS | {"scale": 1 / 255} | IMAGENET,
    "keras_raw": KERAS,
}


class UserError(Exception):
    """Something the user can mend; one line, exit code 2."""


class Parser(argparse.ArgumentParser):
    """Prints the script's own text as help; a usage error is exit code 1."""

    def __init__(self, text):
        super().__init__(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def numbers(text):
    return [float(number) for number in text.split(",")]


def add_options(parser):
    """The options that every exporter has."""
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--labels", metavar="FILE|A,B,C", help="class names in output order: a file with one a line, or a list")
    parser.add_argument("--size", type=int, nargs="+", metavar="PIXELS", help="height and width, or one number for both")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=3)
    parser.add_argument("--preset", choices=PRESETS, help="a family's preprocessing; the options below override it")
    parser.add_argument("--scale", type=float, help="y = (x * scale - mean) / std with x = 0..255; default 1/255")
    parser.add_argument("--mean", type=numbers, metavar="M[,M,M]", help="default 0")
    parser.add_argument("--std", type=numbers, metavar="S[,S,S]", help="default 1")
    parser.add_argument("--order", choices=("rgb", "bgr"))
    parser.add_argument("--resize", choices=("shorter_side", "stretch"), help="then centre crop, or aspect ratio given up")
    parser.add_argument("--interpolation", choices=("nearest", "bilinear", "bicubic"))
    parser.add_argument("--no-antialias", dest="antialias", action="store_false", default=None,
                        help="the network was trained on images shrunk by OpenCV's plain filters")
    parser.add_argument("--description", help="free text for the model's metadata")
    parser.add_argument("--author")
    parser.add_argument("--license")


def read_labels(text):
    """Class names from --labels: a file, or the list itself; None without."""
    if text is None:
        return None
    path = pathlib.Path(text)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else text.split(",")
    labels = [line.strip() for line in lines if line.strip()]
    if len(labels) < 2:
        raise UserError(f"--labels: expected a file or at least two names, got '{text}'")
    if len(set(labels)) < len(labels):
        raise UserError(f"--labels: '{max(labels, key=labels.count)}' occurs more than once")
    return labels


def input_description(options, layout, known=None):
    """The recipe's `input` keys, from the least to the most specific: defaults, what is known of the network, preset, options."""
    size = (options.size or [])[:2]
    description = {"layout": layout, "dtype": "float32", "channels": options.channels, **TORCH, **(known or {})}
    if size:
        description["size"] = [size[0], size[-1]]
    if "size" not in description:
        raise UserError("--size is needed: this network does not say what size it was trained at")
    description.update(PRESETS.get(options.preset, {}))
    for key in ("scale", "mean", "std", "order", "resize", "interpolation", "antialias"):
        if (given := getattr(options, key)) is not None:
            description[key] = given
    if description["interpolation"] not in ("nearest", "bilinear", "bicubic"):
        raise UserError(f"--interpolation: expected nearest, bilinear or bicubic, got the network's own {description['interpolation']}; state the nearest to it")
    for key in ("mean", "std"):
        if len(description[key]) not in (1, description["channels"]):
            raise UserError(f"{key}: expected 1 or {description['channels']} values, got {len(description[key])}")
    return description


def pixel_range(description):
    """ONNX's name for the range of the values fed, where it has one."""
    known = {(1 / 255, 0.0, 1.0): "Normalized_0_1", (1 / 255, 0.5, 0.5): "Normalized_1_1", (1 / 127.5, 1.0, 1.0): "Normalized_1_1",
             (1.0, 0.0, 1.0): "NominalRange_0_255"}
    mean, std = set(description["mean"]), set(description["std"])
    return known.get((description["scale"], *mean, *std)) if len(mean) == len(std) == 1 else None


def metadata(options, description, labels):
    """The metadata_props as a dictionary, in a fixed order."""
    grey = description["channels"] == 1
    props = {key: getattr(options, key) for key in ("description", "author", "license") if getattr(options, key)}
    if labels is not None:
        props |= {"task": "classify", "stride": "1", "batch": "1", "imgsz": str(description["size"]),
                  "names": str(dict(enumerate(labels))), "channels": str(description["channels"])}
    props["Image.BitmapPixelFormat"] = "Gray8" if grey else "Bgr8" if description["order"] == "bgr" else "Rgb8"
    if (name := pixel_range(description)) is not None:
        props["Image.NominalPixelRange"] = name
    props["onnx_amalgam.preprocessing"] = json.dumps(description)
    return props


def inferred_outputs(model):
    """Each output's dimensions as they follow from the graph, whatever the file says of them; 0 where free or unknown."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for output in bare.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    del bare.graph.value_info[:]
    try:
        outputs = onnx.shape_inference.infer_shapes(bare).graph.output
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):  # an operator onnx cannot infer, or more than 2 GB: nothing is known
        outputs = []
    for output in outputs:
        yield output.name, [dim.dim_value for dim in output.type.tensor_type.shape.dim]


def check_shapes(model, labels):
    """The batch must be free, and where the width of the scores is known there is a label for each."""
    initializers = {tensor.name for tensor in model.graph.initializer}
    inputs = [(value.name, [dim.dim_value for dim in value.type.tensor_type.shape.dim])
              for value in model.graph.input if value.name not in initializers]
    outputs = list(inferred_outputs(model))
    for name, dims in inputs + outputs:
        if dims and dims[0] > 0:
            raise UserError(f"'{name}': expected a free batch, got {dims[0]}; "
                            "something in the network turns the batch size into a number (x.shape[0] in a reshape, often)")
    for name, dims in outputs:
        if labels and len(dims) == 2 and dims[1] not in (0, len(labels)):
            raise UserError(f"--labels: expected {dims[1]} names, one for each score of '{name}', got {len(labels)}")


def finish(model, options, description, labels):
    """Checks the model, writes the description into it and saves it: whole or not at all."""
    from onnx import helper

    check_shapes(model, labels)
    kept = {prop.key: prop.value for prop in model.metadata_props}
    helper.set_model_props(model, kept | metadata(options, description, labels))
    temporary = options.output.with_name(f".{options.output.name}.tmp")
    temporary.write_bytes(model.SerializeToString())
    os.replace(temporary, options.output)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes, "
          f"{f'{len(labels)} labels' if labels else 'no labels (a recipe can name them)'}")


def run(program, main):
    """Calls main; what the user can mend becomes one line and exit code 2."""
    try:
        main()
    except (UserError, ImportError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(2)
