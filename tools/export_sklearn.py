#!/usr/bin/env python3
"""Exports a scikit-learn classifier of images as a teacher: one .onnx file with free batch and labels inside.

    python3 tools/export_sklearn.py digits.joblib --size 8 --channels 1 --scale 0.0627451 -o digits.onnx

MODEL is a fitted classifier or Pipeline, saved by joblib or pickle (loading such a file runs code: only your own), that was
trained on flattened images, images.reshape(n, -1). The file gets an image input [batch, channels, height, width] (or
[batch, height, width, channels] with --layout nhwc) in front, flattened inside; its labels are the model's classes_.
Such a teacher gives soft targets only: a tree or a linear model has no features to tap.

Written for skl2onnx 1.17 with scikit-learn 1.5 and onnx 1.16. NOT RUN by this project's tests: skl2onnx is not installed
where they run. What skl2onnx makes has the form of tests/fixtures/exports/sklearn_zipmap.onnx.
"""
import teacher_file
from teacher_file import UserError


def load(path):
    try:
        import joblib
    except ImportError:
        import pickle

        with open(path, "rb") as file:
            return pickle.load(file)
    return joblib.load(path)


def with_image_input(model, shape):
    """The model with its [batch, features] input replaced by an image [batch, *shape] and a Flatten."""
    from onnx import TensorProto, helper

    (vector,) = model.graph.input
    model.graph.node.insert(0, helper.make_node("Flatten", ["images"], [vector.name], "flatten_images", axis=1))
    vector.CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", *shape]))
    if not any(entry.domain in ("", "ai.onnx") for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 15))
    return model


def main():
    parser = teacher_file.Parser(__doc__)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--layout", choices=("nchw", "nhwc"), default="nchw", help="order in which the pixels were flattened")
    parser.add_argument("--opset", type=int, default=15)
    teacher_file.add_options(parser)
    options = parser.parse_args()
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    model = load(options.model)
    description = teacher_file.input_description(options, options.layout)
    height, width = description["size"]
    shape = (options.channels, height, width) if options.layout == "nchw" else (height, width, options.channels)
    features = options.channels * height * width
    if model.n_features_in_ != features:
        raise UserError(f"--size, --channels: expected {model.n_features_in_} values an image, got {features}")
    exported = to_onnx(model, initial_types=[("pixels", FloatTensorType([None, features]))], target_opset={"": options.opset},
                       options={id(model): {"zipmap": False}})
    labels = teacher_file.read_labels(options.labels) or [str(label) for label in model.classes_]
    teacher_file.finish(with_image_input(exported, shape), options, description, labels)


if __name__ == "__main__":
    teacher_file.run("export_sklearn", main)
