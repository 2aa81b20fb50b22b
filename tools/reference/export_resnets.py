#!/usr/bin/env python3
"""Writes resnet34, resnet50 (teachers of 200 and 120 classes) and resnet18 (student of 320) with random weights as ONNX, for `make bench`.

    export_resnets.py FOLDER

The student keeps its BatchNormalization, the teachers' is folded as the exporter does it.
"""
import argparse
import os

import torch
import torchvision


def settled(network):
    """With normalisations of their own, as after some training: the exporter would store equal tensors once, one for many layers."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.9, 1.1)
            torch.nn.init.normal_(module.bias, std=0.01)
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 64, 64))
    return network.eval()


def main(folder):
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(1)
    for name, classes, mode in (("resnet34", 200, torch.onnx.TrainingMode.EVAL), ("resnet50", 120, torch.onnx.TrainingMode.EVAL), ("resnet18", 320, torch.onnx.TrainingMode.PRESERVE)):
        network = settled(getattr(torchvision.models, name)(num_classes=classes))
        torch.onnx.export(network, torch.zeros(2, 3, 64, 64), os.path.join(folder, f"{name}.onnx"), opset_version=13, input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, training=mode, do_constant_folding=mode == torch.onnx.TrainingMode.EVAL)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", metavar="FOLDER")
main(parser.parse_args().folder)
