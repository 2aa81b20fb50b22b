"""Writes FOLDER/NAME.onnx: classifiers of torchvision with random weights, as PyTorch's TorchScript exporter writes them; of some
also FOLDER/NAME_fixed.onnx, exported for a batch of 1.

    /usr/bin/python3 torchvision_students.py FOLDER
"""
import pathlib
import sys
import warnings

import torch
from torch import nn
from torchvision import models
from torchvision.models.convnext import CNBlockConfig

MODELS = {
    "resnet18": (lambda: models.resnet18(num_classes=10), 64, 13),
    "mobilenet_v2": (lambda: models.mobilenet_v2(num_classes=10), 64, 13),
    "mobilenet_v3_small": (lambda: models.mobilenet_v3_small(num_classes=10), 64, 17),
    "densenet121": (lambda: models.densenet121(num_classes=10), 64, 13),
    "efficientnet_b0": (lambda: models.efficientnet_b0(num_classes=10), 64, 13),
    "googlenet": (lambda: models.googlenet(num_classes=10, init_weights=False, aux_logits=False), 64, 13),
    "regnet_y_400mf": (lambda: models.regnet_y_400mf(num_classes=10), 64, 13),
    "shufflenet_v2_x0_5": (lambda: models.shufflenet_v2_x0_5(num_classes=10), 64, 11),
    "squeezenet1_1": (lambda: models.squeezenet1_1(num_classes=10), 64, 13),
    "vit": (lambda: models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=10), 32, 14),
    "vit_opset17": (lambda: models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=10), 32, 17),
    "swin": (lambda: models.SwinTransformer([4, 4], 24, [2, 2], [2, 4], [4, 4], num_classes=10), 64, 13),
    "convnext": (lambda: models.ConvNeXt([CNBlockConfig(24, 48, 1), CNBlockConfig(48, None, 1)], num_classes=10), 32, 13),
}

warnings.simplefilter("ignore")
torch.set_num_threads(1)
for name, (make, size, opset) in MODELS.items():
    torch.manual_seed(20261126)
    model = make().eval()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
        if isinstance(layer, nn.Linear) and not layer.weight.any():
            nn.init.normal_(layer.weight, 0, 0.1)  # a zero head would agree with everything
    names = {"input_names": ["image"], "output_names": ["logits"]}
    torch.onnx.export(model, torch.randn(2, 3, size, size), str(pathlib.Path(sys.argv[1]) / f"{name}.onnx"), opset_version=opset,
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, **names)
    if name in ("shufflenet_v2_x0_5", "vit", "swin"):
        torch.onnx.export(model, torch.randn(1, 3, size, size), str(pathlib.Path(sys.argv[1]) / f"{name}_fixed.onnx"), opset_version=opset, **names)
