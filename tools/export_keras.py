#!/usr/bin/env python3
"""Exports a Keras classifier as a teacher: one .onnx file with free batch, labels and preprocessing inside.

    python3 tools/export_keras.py pets.h5 --size 160 --labels cat,dog --preset keras_tf -o pets.onnx
    python3 tools/export_keras.py applications:ResNet50 --labels imagenet.txt --preset keras_caffe -o resnet50.onnx

MODEL is a saved Keras model (.h5, .keras or a SavedModel folder) or applications:NAME (tf.keras.applications, ImageNet
weights). The preset says what the network was trained on: keras_caffe (ResNet50, VGG: BGR), keras_tf (MobileNet v1/v2,
ResNetV2, Inception, Xception), keras_torch (DenseNet), keras_raw (EfficientNet, ConvNeXt, MobileNetV3: they rescale inside).
A Softmax at the end may stay: the scores before it are found.

Written for tf2onnx 1.16.1 with TensorFlow 2.13 to 2.15 (Keras 2) and onnx 1.12 to 1.16. NOT RUN by this project's tests:
none of them is installed where they run. What comes out has the form of tests/fixtures/exports/nhwc_tf2onnx.onnx.
"""
import teacher_file
from teacher_file import UserError


def load(spec):
    import tensorflow as tf

    kind, _, name = spec.partition(":")
    if kind == "applications":
        if not hasattr(tf.keras.applications, name):
            raise UserError(f"tf.keras.applications has no '{name}'")
        return getattr(tf.keras.applications, name)(weights="imagenet")
    return tf.keras.models.load_model(spec, compile=False)


def main():
    parser = teacher_file.Parser(__doc__)
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--opset", type=int, default=15, help="14 to 18; default 15, tf2onnx's own")
    teacher_file.add_options(parser)
    options = parser.parse_args()
    import tensorflow as tf
    import tf2onnx

    model = load(options.model)
    _, height, width, channels = model.input_shape
    options.channels = channels or options.channels
    description = teacher_file.input_description(options, "nhwc", {"size": [height, width]} if height and width else None)
    signature = [tf.TensorSpec((None, *description["size"], options.channels), tf.float32, name="images")]
    exported, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=options.opset)
    teacher_file.finish(exported, options, description, teacher_file.read_labels(options.labels))


if __name__ == "__main__":
    teacher_file.run("export_keras", main)
