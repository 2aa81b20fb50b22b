#!/usr/bin/env python3
"""The amalgamation step in plain PyTorch: the yardstick of `make bench`.

Teachers, student, common space, loss and optimiser are those of the recipes in models/recipes, as anyone would write them with torch.nn and
torch.optim. It holds nothing of OnnxAmalgam. Speed is all it is for: images and weights of the torchvision teachers are random.

On a GPU (--device cuda) teachers and float32 are what they are elsewhere (TF32 off); --precision bf16 runs the student and its losses under autocast.

A worker: reads lines on stdin, answers each with one line of JSON on stdout.

    step N        N steps after each other            {"seconds": ..., "images": ...}
    teachers N    the teachers alone on one batch, N times
    ahead N       N batches and the teachers on each
    student N     N steps on teachers' answers that are already there
    memory        {"peak_bytes": ...} of this process
    quit

    step.py --setting cifar --method published --batch 64 --threads 2
"""
import argparse
import contextlib
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BANDWIDTHS = (.001, .01, .05, .1, .2, 1, 2)


class Block(nn.Module):
    """conv3x3, BN, relu, conv3x3, BN, add, relu; a 1x1 projection where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skip = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.second(self.first(x)) + self.skip(x))


class ResNet(nn.Module):
    """3x3 stem, stages of blocks with stride 2 between them, global average, linear. Returns scores and the last feature map."""

    def __init__(self, widths, blocks, classes):
        super().__init__()
        layers, inputs = [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()], widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            for i in range(count):
                layers.append(Block(inputs, width, 2 if stage > 0 and i == 0 else 1))
                inputs = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        features = self.features(x)
        return self.head(features.mean((2, 3))), features


class Inverted(nn.Module):
    """1x1, depthwise 3x3, 1x1 with ReLU6 between, and the input added where shapes agree."""

    def __init__(self, inputs, hidden, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(*conv(inputs, hidden, 1), *conv(hidden, hidden, 3, stride, hidden), *conv(hidden, outputs, 1)[:2])
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def conv(inputs, outputs, size, stride=1, groups=1):
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6()]


class MobileNet(nn.Module):
    """The vehicles teacher: pixels 0..255 as [n, h, w, c]."""

    ROWS = [(32, 128, 32, 1), (32, 128, 48, 2), (48, 192, 48, 1), (48, 192, 48, 1), (48, 192, 64, 2), (64, 256, 64, 1)]

    def __init__(self, classes):
        super().__init__()
        self.features = nn.Sequential(*conv(3, 24, 3), *conv(24, 32, 3, 2), *[Inverted(*row) for row in self.ROWS], *conv(64, 160, 1))
        self.head = nn.Linear(160, classes)
        self.register_buffer("mean", torch.tensor([.4914, .4822, .4465]).view(1, 3, 1, 1) * 255)
        self.register_buffer("rate", 1 / (torch.tensor([.247, .2435, .2616]).view(1, 3, 1, 1) * 255))

    def forward(self, x):
        features = self.features((x.permute(0, 3, 1, 2) - self.mean) * self.rate)
        return self.head(features.mean((2, 3))), features


class Torchvision(nn.Module):
    """A torchvision resnet, with its last feature map."""

    def __init__(self, name, classes):
        super().__init__()
        import torchvision
        self.net = getattr(torchvision.models, name)(num_classes=classes)

    def forward(self, x):
        n = self.net
        features = n.layer4(n.layer3(n.layer2(n.layer1(n.maxpool(n.relu(n.bn1(n.conv1(x))))))))
        return n.fc(n.avgpool(features).flatten(1)), features


class Residual(nn.Module):
    """3x3, relu, 3x3, add, relu; without normalisation and bias."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first, self.second = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.skip(x))


class CommonSpace(nn.Module):
    """Luo et al., IJCAI 2019: an aligner each, one extractor for all, a decoder for each teacher."""

    def __init__(self, student, teachers, channels):
        super().__init__()
        self.aligners = nn.ModuleList(nn.Conv2d(c, 2 * channels, 1, bias=False) for c in (student, *teachers))
        self.extractor = nn.Sequential(Residual(2 * channels, channels), Residual(channels, channels), Residual(channels, channels))
        self.decoders = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, c, 3, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(c, c, 1, bias=False)) for c in teachers)

    def forward(self, student, teachers):
        grid = student.shape[2:]
        targets = [F.adaptive_avg_pool2d(t, grid) if t.shape[2:] != grid else t for t in teachers]
        common = [self.extractor(F.relu(align(x))) for align, x in zip(self.aligners, (student, *targets))]
        units = [F.normalize(h.flatten(1), dim=1) for h in common]
        mmd = sum(discrepancy(units[0], u) for u in units[1:])
        mse = sum(F.mse_loss(decode(h), t) for decode, h, t in zip(self.decoders, common[1:], targets))
        return mmd, mse


def discrepancy(x, y):
    """Biased squared MMD under the published bank of Gaussian kernels."""
    def kernel(a, b):
        squares = ((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.t()).clamp_min(1e-12)
        return sum(torch.exp(squares * (-.5 / s ** 2)) for s in BANDWIDTHS).mean()
    return F.relu(kernel(x, x) + kernel(y, y) - 2 * kernel(x, y))


class Setting:
    def __init__(self, name, device):
        torch.manual_seed(1)
        mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in ([.4914, .4822, .4465], [.247, .2435, .2616]))
        if name == "cifar":
            self.size, self.channels = 32, 64
            self.teachers = [ResNet((16, 32, 64), (3, 2, 2), 6), MobileNet(4)]
            self.inputs = [lambda x: (x.float() / 255 - mean) / std, lambda x: x.float().permute(0, 2, 3, 1).contiguous()]
            self.student = ResNet((16, 32, 64), (1, 1, 1), 10)
            self.classes, self.student_width, self.widths = (6, 4), 64, (64, 160)
        else:
            self.size, self.channels = 64, 128
            self.teachers = [Torchvision("resnet34", 200), Torchvision("resnet50", 120)]
            self.inputs = [lambda x: (x.float() / 255 - mean) / std] * 2
            self.student = Torchvision("resnet18", 320)
            self.classes, self.student_width, self.widths = (200, 120), 512, (512, 2048)
        self.student.to(device)
        for teacher in self.teachers:
            teacher.eval().requires_grad_(False).to(device)


class Worker:
    def __init__(self, setting, method, batch, images, device, precision):
        self.s, self.method, self.batch, self.device = Setting(setting, device), method, batch, device
        self.mixed = (lambda: torch.autocast(device.type, torch.bfloat16)) if precision == "bf16" else contextlib.nullcontext
        size = self.s.size
        self.images = torch.randint(0, 256, (images, 3, size, size), dtype=torch.uint8)
        self.student = self.s.student.train()
        self.common = CommonSpace(self.s.student_width, self.s.widths, self.s.channels).to(device) if method == "published" else None
        parameters = [*self.student.parameters(), *(self.common.parameters() if self.common else [])]
        self.optimizer = torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-4)

    def next(self):
        """A batch, each image flipped and cropped by itself (padding 4)."""
        picked = self.images[torch.randint(0, len(self.images), (self.batch,))]
        padded, size = F.pad(picked, (4, 4, 4, 4)), self.s.size
        out = []
        for image, (dy, dx, flip) in zip(padded, torch.stack([torch.randint(0, 9, (self.batch,)), torch.randint(0, 9, (self.batch,)), torch.randint(0, 2, (self.batch,))], 1).tolist()):
            view = image[:, dy:dy + size, dx:dx + size]
            out.append(view.flip(2) if flip else view)
        canvas = torch.stack(out)
        return canvas if self.device.type == "cpu" else canvas.pin_memory().to(self.device, non_blocking=True)

    @torch.no_grad()
    def teach(self, canvas):
        return [teacher(prepare(canvas)) for teacher, prepare in zip(self.s.teachers, self.s.inputs)]

    def learn(self, canvas, answers):
        with self.mixed():
            scores, features = self.student((canvas.float() / 255 - .473) / .2503)
            target = torch.cat([z for z, _ in answers], 1).softmax(1)
            loss = -(target * scores.log_softmax(1)).sum(1).mean()
            if self.common is not None:
                mmd, mse = self.common(features, [f for _, f in answers])
                loss = loss + 10 * mmd + 10 * mse
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def run(self, command, count):
        canvas = self.next()
        answers = self.teach(canvas)
        self.finish()
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(count):
            if command == "step":
                canvas = self.next()
                self.learn(canvas, self.teach(canvas))
            elif command == "teachers":
                self.teach(canvas)
            elif command == "ahead":
                self.teach(self.next())
            elif command == "student":
                self.learn(canvas, answers)
            elif command == "data":
                self.next()
        self.finish()
        return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - processor, "images": count * self.batch}

    def finish(self):
        """Waits for the GPU."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", choices=("cifar", "resnets"), default="cifar")
    parser.add_argument("--method", choices=("soft", "published"), default="soft")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        sys.exit(f"step.py: expected a PyTorch with CUDA and a GPU, got PyTorch {torch.__version__} without; the yardstick is left out")
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(args.threads)
    worker = Worker(args.setting, args.method, args.batch, args.images, torch.device(args.device), args.precision)
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "quit":
            return
        if command == "memory":
            answer = {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        else:
            answer = worker.run(command, int(rest[0]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
