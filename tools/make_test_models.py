#!/usr/bin/env python3
"""Writes tests/fixtures/exports: small models as exporters write them, with PyTorch's inputs and outputs beside them.

    /usr/bin/python3 tools/make_test_models.py

Needs torch and onnx; written with PyTorch 1.13.1 and onnx 1.12 (Debian 12). The weights follow from a seed; another
PyTorch writes other names and bytes, so the committed files are the fixtures and this script says how they came about.
tests/fixtures/exports/README.md says what each is for.
"""
import argparse
import pathlib
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F
from torch.onnx import TrainingMode

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


# Networks

class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, projected where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet(nn.Module):
    """Stem, two stages, global average, classifier; [N,3,16,16] -> [N,5]."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(8, 8, 1))
        self.layer2 = nn.Sequential(Block(8, 12, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(12, 5)

    def features(self, x):
        return self.layer2(self.layer1(self.maxpool(F.relu(self.bn1(self.conv1(x))))))

    def forward(self, x):
        return self.fc(self.dropout(torch.flatten(self.avgpool(self.features(x)), 1)))


class Encoder(ResNet):
    """Features without a classifier: the last map and its mean."""

    def forward(self, x):
        features = self.features(x)
        return features, features.mean((2, 3))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, l, c = x.shape
        q, k, v = self.qkv(x).reshape(n, l, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, l, c))


class Encode(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """4x4 patches, class token, learned positions; [N,3,16,16] -> [N,5]."""

    def __init__(self, dim=16, depth=2, heads=2):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, dim, 4, 4)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 17, dim))
        self.blocks = nn.Sequential(*[Encode(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 5)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, 4, 1)
        self.expand = nn.Conv2d(4, channels, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.expand(F.relu(self.reduce(x.mean((2, 3), keepdim=True)))))


class MobileNet(nn.Module):
    """Inverted bottlenecks, depthwise convolutions, ReLU6, hard swish, squeeze-excite; [N,3,16,16] -> [N,5]."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.expand = nn.Sequential(nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU6())
        self.depthwise = nn.Sequential(nn.Conv2d(24, 24, 5, 1, 2, groups=24, bias=False), nn.BatchNorm2d(24), nn.ReLU6())
        self.se = SqueezeExcite(24)
        self.project = nn.Sequential(nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8))
        self.head = nn.Sequential(nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        self.classifier = nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.project(self.se(self.depthwise(self.expand(x))))
        return self.classifier(self.head(x).mean((2, 3)))


class Plain(nn.Module):
    """Convolution, ReLU, mean, classifier, and what a subclass does with the scores; [N,3,8,8] -> [N,4]."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 1, 1)
        self.fc = nn.Linear(6, 4)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))


class SoftmaxTail(Plain):
    def forward(self, x):
        return super().forward(x).softmax(1)


class Tied(Plain):
    """The same layer twice, and the classifier's weight used a second time, transposed."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(6, 6, 3, 1, 1)

    def forward(self, x):
        features = F.relu(self.mix(F.relu(self.mix(F.relu(self.conv(x)))))).mean((2, 3))
        return self.fc(features + F.linear(self.fc(features), self.fc.weight.t()))


class FixedReshape(Plain):
    """Batch 1 written into a Reshape, so that no rewriting can free it."""

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).reshape(1, 6, 64).mean(2))


# Making and writing

def seeded(network, *arguments, **keywords):
    """A network in eval mode whose BatchNorm statistics are not the trivial ones."""
    torch.manual_seed(20261123)
    module = network(*arguments, **keywords)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.3)
            layer.running_var.uniform_(0.5, 2)
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.2)
    return module.eval()


def images(count, size):
    generator = torch.Generator().manual_seed(7)
    return torch.randn(count, 3, size, size, generator=generator)


class Folder:
    """Where the fixtures go."""

    def __init__(self, path):
        self.path = path
        self.shared = images(2, 16).numpy()
        path.mkdir(parents=True, exist_ok=True)
        np.save(path / "shared.input.npy", self.shared)

    def arrays(self, name, x, outputs):
        if not np.array_equal(self.shared, x):
            np.save(self.path / f"{name}.input.npy", x)
        for index, output in enumerate(outputs):
            np.save(self.path / f"{name}.output{index}.npy", output)

    def model(self, name, model):
        onnx.checker.check_model(model)
        onnx.save(model, str(self.path / f"{name}.onnx"))

    def export(self, name, module, x, opset, outputs=("logits",), dynamic=True, **options):
        """Exports with the TorchScript exporter and stores the module's own outputs on x."""
        axes = {value: {0: "batch"} for value in ("images", *outputs)} if dynamic else None
        torch.onnx.export(module, x, str(self.path / f"{name}.onnx"), opset_version=opset, input_names=["images"],
                          output_names=list(outputs), dynamic_axes=axes, **options)
        with torch.no_grad():
            result = module.eval()(x)
        self.arrays(name, x.numpy(), [r.numpy() for r in (result if isinstance(result, tuple) else (result,))])

    def load(self, name):
        return onnx.load(str(self.path / f"{name}.onnx"))


def torchscript(folder):
    x = images(2, 16)
    kept = {"training": TrainingMode.PRESERVE, "do_constant_folding": False}
    for opset in (11, 13, 17):
        folder.export(f"resnet_folded_opset{opset}", seeded(ResNet), x, opset)
        folder.export(f"resnet_batchnorm_opset{opset}", seeded(ResNet), x, opset, **kept)
    folder.export("resnet_training_opset17", seeded(ResNet, dropout=0.5).train(), x, 17, training=TrainingMode.TRAINING,
                  do_constant_folding=False)
    folder.export("encoder", seeded(Encoder), x, 13, ("features", "embedding"), **kept)
    folder.export("vit_opset13", seeded(VisionTransformer), x, 13)
    folder.export("vit_opset17", seeded(VisionTransformer), x, 17)
    folder.export("mobilenet_opset13", seeded(MobileNet), x, 13, **kept)
    folder.export("mobilenet_opset17", seeded(MobileNet), x, 17, **kept)
    x = images(2, 8)
    folder.export("softmax_tail", seeded(SoftmaxTail), x, 13, ("probabilities",))
    folder.export("tied_weights", seeded(Tied), x, 13)
    folder.export("weights_as_inputs", seeded(Plain), x, 13, keep_initializers_as_inputs=True)
    folder.export("fixed_batch_1", seeded(Plain), x[:1], 13, dynamic=False)
    folder.export("fixed_batch_1_reshape", seeded(FixedReshape), x[:1], 13, dynamic=False)


def external_data(folder):
    """Every tensor in a file beside the model."""
    folder.export("external_data", seeded(Plain), images(2, 8), 13)
    model = folder.load("external_data")
    onnx.save_model(model, str(folder.path / "external_data.onnx"), save_as_external_data=True, location="external_data.bin",
                    size_threshold=0)


def half_precision(folder):
    """float16 weights behind Casts in a float32 graph; and a graph that is float16 throughout."""
    x = images(2, 8)
    module = seeded(Plain)
    for parameter in module.parameters():
        parameter.data = parameter.data.half().float()

    folder.export("float16_weights", module, x, 13)
    model = folder.load("float16_weights")
    casts = []
    for tensor in model.graph.initializer:
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name + "_fp16")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], f"cast_{tensor.name}", to=TensorProto.FLOAT))
        tensor.CopyFrom(half)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    folder.model("float16_weights", model)

    folder.export("float16_graph", module, x.half().float(), 13)
    model = folder.load("float16_graph")
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    folder.model("float16_graph", model)
    folder.arrays("float16_graph", np.load(folder.path / "float16_graph.input.npy").astype(np.float16), [])


def tensor_type(shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_type_proto(kind, shape)


def value(name, shape):
    return helper.make_value_info(name, tensor_type(shape))


def tf2onnx_like(folder):
    """What tf2onnx makes of a Keras model: NHWC outside, Transposes around NCHW convolutions, Softmax at the end."""
    torch.manual_seed(3)
    scope = "StatefulPartitionedCall/model"
    weights = {
        f"{scope}/conv2d/Conv2D/ReadVariableOp:0": torch.randn(8, 3, 3, 3) * 0.3,
        f"{scope}/conv2d/BiasAdd/ReadVariableOp:0": torch.randn(8) * 0.1,
        f"{scope}/depthwise/depthwise:0": torch.randn(8, 1, 3, 3) * 0.3,
        f"{scope}/dense/MatMul/ReadVariableOp:0": torch.randn(8, 4),
        f"{scope}/dense/BiasAdd/ReadVariableOp:0": torch.randn(4) * 0.1,
    }
    conv, bias, depthwise, dense, dense_bias = weights
    n = f"{scope}/{{}}:0".format
    nodes = [
        helper.make_node("Transpose", ["input_1"], [n("conv2d/transpose")], f"{scope}/conv2d/Conv2D__6", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", [n("conv2d/transpose"), conv, bias], [n("conv2d/BiasAdd")], f"{scope}/conv2d/BiasAdd",
                         kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", dilations=[1, 1], group=1),
        helper.make_node("Clip", [n("conv2d/BiasAdd"), "const_zero", "const_six"], [n("re_lu/Relu6")], f"{scope}/re_lu/Relu6"),
        helper.make_node("Conv", [n("re_lu/Relu6"), depthwise], [n("depthwise")], f"{scope}/depthwise", kernel_shape=[3, 3],
                         strides=[1, 1], auto_pad="SAME_UPPER", dilations=[1, 1], group=8),
        helper.make_node("Transpose", [n("depthwise")], [n("depthwise/nhwc")], f"{scope}/depthwise__12", perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", [n("depthwise/nhwc")], [n("global_average_pooling2d/Mean")],
                         f"{scope}/global_average_pooling2d/Mean", axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", [n("global_average_pooling2d/Mean"), dense], [n("dense/MatMul")], f"{scope}/dense/MatMul"),
        helper.make_node("Add", [n("dense/MatMul"), dense_bias], [n("dense/BiasAdd")], f"{scope}/dense/BiasAdd"),
        helper.make_node("Softmax", [n("dense/BiasAdd")], ["dense"], f"{scope}/dense/Softmax", axis=1),
    ]
    constants = [numpy_helper.from_array(np.float32(0), "const_zero"), numpy_helper.from_array(np.float32(6), "const_six")]
    graph = helper.make_graph(nodes, "tf2onnx", [value("input_1", ["unk__13", 10, 10, 3])], [value("dense", ["unk__14", 4])],
                              [numpy_helper.from_array(w.numpy(), k) for k, w in weights.items()] + constants)
    model = helper.make_model(graph, producer_name="tf2onnx", producer_version="1.16.1",
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    folder.model("nhwc_tf2onnx", model)

    x = torch.rand(2, 10, 10, 3) * 255
    w = list(weights.values())
    with torch.no_grad():
        y = F.conv2d(F.pad(x.permute(0, 3, 1, 2), (0, 1, 0, 1)), w[0], w[1], 2).clamp(0, 6)
        y = F.conv2d(y, w[2], None, 1, 1, groups=8).mean((2, 3)) @ w[3] + w[4]
    folder.arrays("nhwc_tf2onnx", x.numpy(), [y.softmax(1).numpy()])


def skl2onnx_like(folder):
    """What skl2onnx makes of a LogisticRegression: an ai.onnx.ml classifier, ZipMap, labels as attributes."""
    torch.manual_seed(5)
    weight, bias, x = torch.randn(3, 12), torch.randn(3), torch.randn(2, 12)
    labels = ["ant", "bee", "cicada"]
    nodes = [
        helper.make_node("LinearClassifier", ["X"], ["label", "probability_tensor"], "LinearClassifier", domain="ai.onnx.ml",
                         classlabels_strings=labels, coefficients=weight.flatten().tolist(), intercepts=bias.tolist(),
                         multi_class=1, post_transform="SOFTMAX"),
        helper.make_node("Normalizer", ["probability_tensor"], ["probabilities"], "Normalizer", domain="ai.onnx.ml", norm="L1"),
        helper.make_node("Identity", ["label"], ["output_label"], "Identity"),
        helper.make_node("ZipMap", ["probabilities"], ["output_probability"], "ZipMap", domain="ai.onnx.ml",
                         classlabels_strings=labels),
    ]
    maps = onnx.TypeProto()
    maps.sequence_type.elem_type.map_type.key_type = TensorProto.STRING
    maps.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = TensorProto.FLOAT
    graph = helper.make_graph(nodes, "LogisticRegression", [value("X", [None, 12])],
                              [helper.make_value_info("output_label", tensor_type([None], TensorProto.STRING)),
                               helper.make_value_info("output_probability", maps)])
    model = helper.make_model(graph, producer_name="skl2onnx", producer_version="1.17.0", domain="ai.onnx",
                              opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 1)])
    model.ir_version = 8
    folder.model("sklearn_zipmap", model)
    folder.arrays("sklearn_zipmap", x.numpy(), [(x @ weight.T + bias).softmax(1).numpy()])


def paddle_like(folder):
    """What paddle2onnx made of a static model: weights in Constant nodes named as Paddle's variables, batch -1, operators spelled out."""
    torch.manual_seed(6)
    weights = {"conv2d_0.w_0": torch.randn(8, 3, 3, 3) / 5, "batch_norm_0.w_0": torch.rand(8) + 0.5, "batch_norm_0.b_0_deepcopy_0": torch.randn(8),
               "batch_norm_0.w_1": torch.randn(8) / 9, "batch_norm_0.w_2": torch.rand(8) + 0.5,
               "depthwise_conv2d_0.w_0": torch.randn(8, 1, 3, 3) / 3, "linear_0.w_0": torch.randn(8, 5), "linear_0.b_0": torch.randn(5)}
    nodes = [helper.make_node("Constant", [], [name], f"Constant_{i}", value=numpy_helper.from_array(w.numpy(), name))
             for i, (name, w) in enumerate(weights.items())]

    def constant(name, number):
        nodes.append(helper.make_node("Constant", [], [name], name, value=numpy_helper.from_array(np.asarray(number), name)))
        return name

    def hard_swish(x, y, prefix):
        nodes.extend([
            helper.make_node("Add", [x, constant(f"{prefix}.three", np.float32([3]))], [f"{prefix}.tmp_0"], f"{prefix}.Add"),
            helper.make_node("Clip", [f"{prefix}.tmp_0", constant(f"{prefix}.low", np.float32(0)), constant(f"{prefix}.high", np.float32(6))],
                             [f"{prefix}.tmp_1"], f"{prefix}.Clip"),
            helper.make_node("Mul", [x, f"{prefix}.tmp_1"], [f"{prefix}.tmp_2"], f"{prefix}.Mul"),
            helper.make_node("Div", [f"{prefix}.tmp_2", constant(f"{prefix}.six", np.float32([6]))], [y], f"{prefix}.Div"),
        ])

    nodes.extend([
        helper.make_node("Conv", ["x", "conv2d_0.w_0"], ["conv2d_0.tmp_0"], "Conv_0", kernel_shape=[3, 3], strides=[2, 2], dilations=[1, 1],
                         group=1, pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["conv2d_0.tmp_0", "batch_norm_0.w_0", "batch_norm_0.b_0_deepcopy_0", "batch_norm_0.w_1", "batch_norm_0.w_2"],
                         ["batch_norm_0.tmp_3"], "BatchNormalization_0", epsilon=1e-5, momentum=0.9),
    ])
    hard_swish("batch_norm_0.tmp_3", "hardswish_0.tmp_0", "p2o.hard_swish.0")
    nodes.extend([
        helper.make_node("Conv", ["hardswish_0.tmp_0", "depthwise_conv2d_0.w_0"], ["depthwise_conv2d_0.tmp_0"], "Conv_1", kernel_shape=[3, 3],
                         strides=[1, 1], dilations=[1, 1], group=8, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["depthwise_conv2d_0.tmp_0"], ["relu_0.tmp_0"], "Relu_0"),
        helper.make_node("GlobalAveragePool", ["relu_0.tmp_0"], ["pool2d_0.tmp_0"], "GlobalAveragePool_0"),
        helper.make_node("Mul", ["pool2d_0.tmp_0", constant("scale_0.factor", np.float32([0.8]))], ["dropout_0.tmp_0"], "Mul_scale_0"),
        helper.make_node("Add", ["dropout_0.tmp_0", constant("scale_0.bias", np.float32([0]))], ["scale_0.tmp_0"], "Add_scale_0"),
        helper.make_node("Shape", ["scale_0.tmp_0"], ["flatten_0.shape"], "Shape_0"),
        helper.make_node("Slice", ["flatten_0.shape", constant("flatten_0.start", np.int64([0])), constant("flatten_0.stop", np.int64([1]))],
                         ["flatten_0.batch"], "Slice_0"),
        helper.make_node("Concat", ["flatten_0.batch", constant("flatten_0.rest", np.int64([-1]))], ["flatten_0.to"], "Concat_0", axis=0),
        helper.make_node("Reshape", ["scale_0.tmp_0", "flatten_0.to"], ["flatten_0.tmp_0"], "Reshape_0"),
        helper.make_node("MatMul", ["flatten_0.tmp_0", "linear_0.w_0"], ["linear_0.tmp_0"], "MatMul_0"),
        helper.make_node("Add", ["linear_0.tmp_0", "linear_0.b_0"], ["linear_0.tmp_1"], "Add_1"),
        helper.make_node("Softmax", ["linear_0.tmp_1"], ["softmax_0.tmp_0"], "Softmax_0", axis=1),
        helper.make_node("Identity", ["softmax_0.tmp_0"], ["save_infer_model/scale_0.tmp_0"], "Identity_0"),
    ])
    graph = helper.make_graph(nodes, "paddle-onnx", [value("x", [-1, 3, 12, 12])], [value("save_infer_model/scale_0.tmp_0", [-1, 5])])
    model = helper.make_model(graph, producer_name="PaddlePaddle", producer_version="1.8.4", opset_imports=[helper.make_opsetid("", 11)])
    model.ir_version = 6
    folder.model("paddle_opset11", model)

    x, w = images(2, 12), list(weights.values())
    with torch.no_grad():
        y = F.hardswish(F.batch_norm(F.conv2d(x, w[0], None, 2, 1), w[3], w[4], w[1], w[2]))
        y = F.conv2d(y, w[5], None, 1, 1, groups=8).relu().mean((2, 3)) * 0.8 @ w[6] + w[7]
    folder.arrays("paddle_opset11", x.numpy(), [y.softmax(1).numpy()])


def cntk_like(folder):
    """What CNTK makes of a small network: IR 3, every weight an input and in float_data, biases of rank 3, a weight reshaped on the fly."""
    torch.manual_seed(8)
    weights = {"Parameter5": torch.randn(4, 3, 3, 3) / 5, "Parameter6": torch.randn(4, 1, 1), "Parameter87": torch.randn(4, 4, 3, 3) / 5,
               "scale": torch.rand(4) + 0.5, "bias": torch.randn(4), "runMean": torch.randn(4) / 9, "runVariance": torch.rand(4) + 0.5,
               "Parameter193": torch.randn(4, 3, 3, 5) / 4, "Parameter194": torch.randn(1, 5), "Constant339": torch.full((1,), 0.25)}
    lists = {"Pooling160_Output_0_reshape0_shape": [-1, 36], "Parameter193_reshape1_shape": [36, 5]}
    node, same = helper.make_node, dict(auto_pad="SAME_UPPER", kernel_shape=[3, 3], dilations=[1, 1], strides=[1, 1], group=1)
    nodes = [
        node("Reshape", ["Parameter193", "Parameter193_reshape1_shape"], ["Parameter193_reshape1"], "Times212_reshape1"),
        node("Sub", ["Input3", "Constant339"], ["Minus340_Output_0"], "Minus340"),
        node("Conv", ["Minus340_Output_0", "Parameter5"], ["Convolution28_Output_0"], "Convolution28", **same),
        node("Add", ["Convolution28_Output_0", "Parameter6"], ["Plus30_Output_0"], "Plus30"),
        node("Relu", ["Plus30_Output_0"], ["ReLU32_Output_0"], "ReLU32"),
        node("MaxPool", ["ReLU32_Output_0"], ["Pooling66_Output_0"], "Pooling66", auto_pad="NOTSET", kernel_shape=[2, 2], pads=[0, 0, 0, 0], strides=[2, 2]),
        node("Conv", ["Pooling66_Output_0", "Parameter87"], ["Convolution110_Output_0"], "Convolution110", **same),
        node("BatchNormalization", ["Convolution110_Output_0", "scale", "bias", "runMean", "runVariance"], ["BatchNormalization112_Output_0"],
             "BatchNormalization112", epsilon=1e-5, momentum=0.0, spatial=1),
        node("Relu", ["BatchNormalization112_Output_0"], ["ReLU114_Output_0"], "ReLU114"),
        node("AveragePool", ["ReLU114_Output_0"], ["Pooling160_Output_0"], "Pooling160", auto_pad="SAME_UPPER", kernel_shape=[3, 3], strides=[2, 2], count_include_pad=0),
        node("Reshape", ["Pooling160_Output_0", "Pooling160_Output_0_reshape0_shape"], ["Pooling160_Output_0_reshape0"], "Times212_reshape0"),
        node("MatMul", ["Pooling160_Output_0_reshape0", "Parameter193_reshape1"], ["Times212_Output_0"], "Times212"),
        node("Add", ["Times212_Output_0", "Parameter194"], ["Plus214_Output_0"], "Plus214"),
    ]
    tensors = [helper.make_tensor(k, TensorProto.FLOAT, w.shape, w.flatten().tolist()) for k, w in weights.items()]
    tensors += [helper.make_tensor(k, TensorProto.INT64, [len(v)], v) for k, v in lists.items()]
    inputs = [value("Input3", ["None", 3, 12, 12])] + [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in tensors]
    graph = helper.make_graph(nodes, "CNTKGraph", inputs, [value("Plus214_Output_0", ["None", 5])], tensors)
    model = helper.make_model(graph, producer_name="CNTK", producer_version="2.5.1", domain="ai.cntk", model_version=1,
                              opset_imports=[helper.make_opsetid("", 8)])
    model.ir_version = 3
    folder.model("cntk_opset8", model)

    x, w = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(9)), list(weights.values())
    with torch.no_grad():
        y = F.max_pool2d((F.conv2d(x - 0.25, w[0], None, 1, 1) + w[1]).relu(), 2)
        y = F.pad(F.batch_norm(F.conv2d(y, w[2], None, 1, 1), w[5], w[6], w[3], w[4]).relu(), (0, 1, 0, 1))
        y = F.avg_pool2d(y, 3, 2) / F.avg_pool2d(F.pad(torch.ones(1, 1, 6, 6), (0, 1, 0, 1)), 3, 2)
    folder.arrays("cntk_opset8", x.numpy(), [(y.flatten(1) @ w[7].reshape(36, 5) + w[8]).numpy()])


def wire(number, payload):
    """A length-delimited protobuf field."""
    size, prefix = len(payload), bytearray()
    while size > 127:
        prefix.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *prefix, size]) + payload


def scoped(node, scopes, fx_name):
    """The node with what torch's dynamo exporter writes of its module. onnx 1.12 has no field for it (NodeProto 9)."""
    for key, text in {
            "namespace": "/".join(f"{scope}: Module" for scope in scopes) + f"/{fx_name}: aten",
            "pkg.torch.onnx.name_scopes": repr([*scopes, fx_name]),
            "pkg.torch.onnx.class_hierarchy": repr([*["torch.nn.Module" for _ in scopes], "aten." + fx_name]),
            "pkg.torch.onnx.fx_node": f"%{fx_name} : [num_users=1] = call_function",
            "pkg.torch.onnx.stack_trace": f'File "/home/someone/train.py", line 12, in forward\n    {fx_name}'}.items():
        node.MergeFromString(wire(9, wire(1, key.encode()) + wire(2, text.encode())))
    return node


def dynamo_like(folder):
    """What torch 2's dynamo exporter makes of Plain: opset 18, IR 10, module paths in the nodes' metadata."""
    module = seeded(Plain)
    node = helper.make_node
    nodes = [
        scoped(node("Conv", ["images", "conv.weight", "conv.bias"], ["conv2d"], "node_conv2d", group=1, pads=[1, 1, 1, 1],
                    auto_pad="NOTSET", strides=[1, 1], dilations=[1, 1]), ["", "conv"], "conv2d"),
        scoped(node("Relu", ["conv2d"], ["relu"], "node_relu"), [""], "relu"),
        scoped(node("ReduceMean", ["relu", "val_0"], ["mean"], "node_mean", noop_with_empty_axes=0, keepdims=0), [""], "mean"),
        scoped(node("Gemm", ["mean", "fc.weight", "fc.bias"], ["logits"], "node_logits", alpha=1.0, beta=1.0, transA=0,
                    transB=1), ["", "fc"], "linear"),
    ]
    tensors = [numpy_helper.from_array(p.detach().numpy(), k) for k, p in module.named_parameters()]
    tensors.append(numpy_helper.from_array(np.array([2, 3], np.int64), "val_0"))
    shapes = {"conv2d": [6, 8, 8], "relu": [6, 8, 8], "mean": [6]}
    graph = helper.make_graph(nodes, "main_graph", [value("images", ["batch", 3, 8, 8])], [value("logits", ["batch", 4])],
                              tensors, value_info=[value(k, ["batch", *s]) for k, s in shapes.items()])
    model = helper.make_model(graph, producer_name="pytorch", producer_version="2.9.0",
                              opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    # onnx 1.12 knows neither IR 10 nor ReduceMean-18: written unchecked.
    onnx.save(model, str(folder.path / "dynamo.onnx"))
    x = images(2, 8)
    with torch.no_grad():
        folder.arrays("dynamo", x.numpy(), [module(x).numpy()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=pathlib.Path, default=REPOSITORY / "tests/fixtures/exports", metavar="DIR")
    folder = Folder(parser.parse_args().to)
    warnings.filterwarnings("ignore")
    for make in (torchscript, external_data, half_precision, tf2onnx_like, skl2onnx_like, dynamo_like, paddle_like, cntk_like):
        make(folder)


if __name__ == "__main__":
    main()
