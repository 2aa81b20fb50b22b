#!/usr/bin/env python3
"""Trains the CIFAR-10 teachers of the measured protocols (docs/benchmarks.md) and exports them.

    python3 tools/train_teachers.py                        all of them into models/teachers/
    python3 tools/train_teachers.py five_a --epochs 20     one, longer

Each teacher sees only the images of its own classes, of the first 45,000 training images; the other 5,000 and the test images are for
those who compare. What was reached on both is printed. Weights are stored as float16, half the bytes (but of
four_resnet, which would not train as a student so: a step is lost in the rounding). The networks are small and plain, an architecture each:

    five_a  five_b                        two halves of the classes: a resnet and a mobilenet
    six_a   six_b                         six classes each, two of them (deer, dog) known to both: a resnet and a mobilenet
    four_resnet  four_mobilenet           three classes each
    four_convmixer  four_vit              two classes each
    mixed_a  mixed_b                      every other class: a resnet and a convmixer

Needs torch and onnx; run with PyTorch 1.13.1.
"""
import argparse
import pathlib
import time

import export_torch
import teacher_file
import torch
from teacher_file import UserError
from torch import nn
from torch.nn import functional as F

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
TRAINED_ON = 45_000
RECORD = 1 + 3 * 32 * 32
# teacher: network, classes, epochs of them (fewer images take more)
TEACHERS = {
    "five_a": ("resnet", ["airplane", "automobile", "bird", "cat", "deer"], 12),
    "five_b": ("mobilenet", ["dog", "frog", "horse", "ship", "truck"], 12),
    "six_a": ("resnet", ["airplane", "automobile", "bird", "cat", "deer", "dog"], 12),
    "six_b": ("mobilenet", ["deer", "dog", "frog", "horse", "ship", "truck"], 12),
    "four_resnet": ("resnet", ["airplane", "automobile", "bird"], 15),
    "four_mobilenet": ("mobilenet", ["cat", "deer", "dog"], 20),
    "four_convmixer": ("convmixer", ["frog", "horse"], 20),
    "four_vit": ("vit", ["ship", "truck"], 25),
    "mixed_a": ("resnet", ["airplane", "bird", "deer", "frog", "ship"], 12),
    "mixed_b": ("convmixer", ["automobile", "cat", "dog", "horse", "truck"], 15),
}
WIDTHS = {"mixed_a": {"widths": (16, 32, 48)}, "mixed_b": {"width": 64}}  # instead of each network's own
WHOLE = ("four_resnet",)  # stored in float32


def norm(inputs, outputs, kernel, stride=1, groups=1):
    """Convolution and BatchNorm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    """x + body(x), the shortcut a 1x1 convolution where shapes differ."""

    def __init__(self, body, inputs, outputs, stride, activation):
        super().__init__()
        self.body, self.activation = body, activation
        self.shortcut = nn.Identity() if inputs == outputs and stride == 1 else norm(inputs, outputs, 1, stride)

    def forward(self, x):
        return self.activation(self.body(x) + self.shortcut(x))


def resnet(classes, widths=(16, 64, 128)):
    """He et al. 2016: a basic block a stage."""
    layers, inputs = [norm(3, widths[0], 3), nn.ReLU()], widths[0]
    for stage, width in enumerate(widths):
        stride = 1 if stage == 0 else 2
        layers.append(Residual(nn.Sequential(norm(inputs, width, 3, stride), nn.ReLU(), norm(width, width, 3)), inputs, width, stride, nn.ReLU()))
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def mobilenet(classes):
    """Sandler et al. 2018: inverted residuals, here with a shortcut each."""
    layers, inputs = [norm(3, 16, 3), nn.ReLU6()], 16
    for width, stride in ((24, 2), (32, 1), (64, 2), (64, 1), (64, 1)):
        wide = inputs * 4
        body = nn.Sequential(norm(inputs, wide, 1), nn.ReLU6(), norm(wide, wide, 3, stride, wide), nn.ReLU6(), norm(wide, width, 1))
        layers.append(Residual(body, inputs, width, stride, nn.Identity()))
        inputs = width
    return nn.Sequential(*layers, norm(inputs, 128, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


def convmixer(classes, width=96, depth=4):
    """Trockman and Kolter 2022: patches of 4, depthwise 5x5, pointwise."""
    layers = [nn.Conv2d(3, width, 4, 4), nn.GELU(), nn.BatchNorm2d(width)]
    for _ in range(depth):
        depthwise = nn.Sequential(nn.Conv2d(width, width, 5, padding=2, groups=width), nn.GELU(), nn.BatchNorm2d(width))
        layers += [Residual(depthwise, width, width, 1, nn.Identity()), nn.Conv2d(width, width, 1), nn.GELU(), nn.BatchNorm2d(width)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


class VisionTransformer(nn.Module):
    """Dosovitskiy et al. 2021: patches of 4, learned positions, blocks that normalise first; the mean of the tokens is classified."""

    def __init__(self, classes, width=96, depth=4, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.positions = nn.Parameter(torch.randn(1, 64, width) * 0.02)
        self.blocks = nn.ModuleList(Attention(64, width, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


class Attention(nn.Module):
    """A transformer's block: attention, then two linear layers, each beside a shortcut."""

    def __init__(self, tokens, width, heads):
        super().__init__()
        self.tokens, self.heads, self.width, self.scale = tokens, heads, width // heads, (width // heads) ** -0.5
        self.norm1, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).reshape(-1, self.tokens, 3, self.heads, self.width).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * self.scale).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


NETWORKS = {"resnet": resnet, "mobilenet": mobilenet, "convmixer": convmixer, "vit": VisionTransformer}


def read(folder, names, classes):
    """Images [n, 3, 32, 32] as bytes and their labels, the indices into classes; images of other classes are left out."""
    records = b"".join((folder / f"{name}.bin").read_bytes() for name in names)
    table = torch.frombuffer(bytearray(records), dtype=torch.uint8).view(-1, RECORD)
    index = torch.full((len(CLASSES),), -1, dtype=torch.long)
    for position, name in enumerate(classes):
        index[CLASSES.index(name)] = position
    return table[:, 1:].view(-1, 3, 32, 32), index[table[:, 0].long()]


def normalised(images):
    return (images.float() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def augmented(images, generator):
    """Flipped by chance and shifted by up to 4 pixels: a draw an image."""
    count = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    rows, columns = (torch.randint(0, 9, (count, 1), generator=generator) + torch.arange(32) for _ in range(2))
    flipped = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(flipped, columns.flip(1), columns)
    return padded[torch.arange(count).view(-1, 1, 1, 1), torch.arange(3).view(1, 3, 1, 1), rows.view(count, 1, 32, 1), columns.view(count, 1, 1, 32)]


def train(network, images, labels, epochs, batch, generator):
    steps = len(images) // batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3 if not isinstance(network, VisionTransformer) else 2e-3, total_steps=epochs * steps)
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(images), generator=generator)[:steps * batch].view(steps, batch):
            loss = F.cross_entropy(network(normalised(augmented(images[rows], generator))), labels[rows], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()


@torch.no_grad()
def accuracy(network, images, labels):
    right = sum((network(normalised(x)).argmax(1) == y).sum().item() for x, y in zip(images.split(500), labels.split(500)))
    return right / len(images)


def half_weights(model):
    """Stores what is large as float16, with a Cast to float32 each, which ONNX Runtime carries out once, when it loads the file."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and (values := numpy_helper.to_array(weight)).size >= 1024:
            casts.append(helper.make_node("Cast", [f"{weight.name}/half"], [weight.name], f"{weight.name}/Cast", to=TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype("float16"), f"{weight.name}/half"))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def known(images, labels):
    keep = labels >= 0
    return images[keep], labels[keep]


def make(name, options):
    kind, classes, epochs = TEACHERS[name]
    images, labels = read(options.data, [f"data_batch_{i}" for i in range(1, 6)], classes)
    validation = known(images[TRAINED_ON:], labels[TRAINED_ON:])
    images, labels = known(images[:TRAINED_ON], labels[:TRAINED_ON])
    torch.manual_seed(options.seed)
    network, start = NETWORKS[kind](len(classes), **WIDTHS.get(name, {})), time.time()
    train(network, images, labels, options.epochs or epochs, 64, torch.Generator().manual_seed(options.seed))
    test = known(*read(options.data, ["test_batch"], classes))
    weights = sum(parameter.numel() for parameter in network.parameters())
    print(f"{name}: {kind}, {weights:,} weights, {len(images):,} images, {time.time() - start:.0f} s; "
          f"validation {accuracy(network, *validation):.4f}, test {accuracy(network, *test):.4f}", flush=True)

    description = {"layout": "nchw", "dtype": "float32", "channels": 3, **teacher_file.TORCH, "size": [32, 32], "mean": MEAN, "std": STD}
    file = argparse.Namespace(tap=[], exporter="torchscript", opset=17, keep_batchnorm=False, output=options.output / f"{name}.onnx",
                              description=f"{kind}, CIFAR-10: {', '.join(classes)}", author=None, license=None)
    exported = export_torch.export(network, torch.rand(2, 3, 32, 32), file)
    teacher_file.finish(exported if name in WHOLE else half_weights(exported), file, description, classes)


def main():
    parser = teacher_file.Parser(__doc__)
    parser.add_argument("teacher", nargs="*", metavar="TEACHER", help=f"{', '.join(TEACHERS)}; default all")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("data/cifar10"), metavar="FOLDER", help="CIFAR-10's binary files")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=pathlib.Path("models/teachers"), metavar="FOLDER")
    parser.add_argument("--epochs", type=int, help="instead of each teacher's own number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="threads of PyTorch")
    options = parser.parse_args()
    for name in options.teacher:
        if name not in TEACHERS:
            raise UserError(f"unknown teacher '{name}'; there are: {', '.join(TEACHERS)}")
    if options.threads:
        torch.set_num_threads(options.threads)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in options.teacher or TEACHERS:
        make(name, options)


if __name__ == "__main__":
    teacher_file.run("train_teachers", main)
