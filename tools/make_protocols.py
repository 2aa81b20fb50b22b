#!/usr/bin/env python3
"""Writes the recipes of models/recipes/{headline,methods,five,six,four,foreign,mixed}: CIFAR-10, the same methods for each set of teachers.

    python3 tools/train_teachers.py                # the teachers of five, six, four, foreign and mixed
    python3 tools/make_protocols.py
    onnx-amalgam compare models/recipes/five/*.yaml --seeds 3
"""
import argparse
import pathlib

RECIPES = pathlib.Path(__file__).resolve().parent.parent / "models" / "recipes"
NORMALISED = "{layout: nchw, scale: 0.00392156862745098, mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]}"
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
ANIMALS, VEHICLES = [NAMES[i] for i in (2, 3, 4, 5, 6, 7)], [NAMES[i] for i in (0, 1, 8, 9)]

# set: what it is, teachers and their labels, the student's widths and blocks, epochs, and the classes that are tested
SETS = {
    "headline": ("animals and vehicles", {"cifar_animals": ANIMALS, "cifar_vehicles": VEHICLES}, "widths=[16,48,80], blocks=[2,2,2]", 30),
    "methods": ("animals and vehicles", {"cifar_animals": ANIMALS, "cifar_vehicles": VEHICLES}, SMALL := "widths=[16,32,64], blocks=[1,1,1]", 4),
    "five": ("two halves of the classes", {"five_a": NAMES[:5], "five_b": NAMES[5:]}, SMALL, 6),
    "six": ("six classes each, two of them known to both", {"six_a": NAMES[:6], "six_b": NAMES[4:]}, SMALL, 6),
    "four": ("four teachers of four architectures", {"four_resnet": NAMES[:3], "four_mobilenet": NAMES[3:6], "four_convmixer": NAMES[6:8], "four_vit": NAMES[8:]}, SMALL, 6),
    "foreign": ("two teachers; two fifths of the images are of classes that neither knows", {"four_resnet": NAMES[:3], "four_mobilenet": NAMES[3:6]}, SMALL, 6),
    "mixed": ("every other class each", {"mixed_a": NAMES[::2], "mixed_b": NAMES[1::2]}, SMALL, 6),
}

SGD, ADAM = "optimizer: sgd, learning_rate: 0.2, weight_decay: 5e-4", "optimizer: adam, learning_rate: 4e-3, weight_decay: 1e-4"
SOFT = "{soft_target: {weight: 1, temperature: 1}}"
COMMON = ["common_space: {channels: 64, blocks: 3}", f"losses: [{SOFT}, {{mmd: {{weight: 10, bandwidths: published}}}}, {{reconstruction: {{weight: 10}}}}]"]
GATED = ["labels: gated", f"losses: [{SOFT}]"]
# method: what it is, whether sources name domains, the lines of amalgamation
METHODS = {
    "gated": ("Gated soft targets; sources name the domain of their images.", True, GATED),
    "untagged": ("The same, but no source says whose its images are.", False, GATED),
    "soft-concat": ("Plain soft targets.", False, ["labels: concat", f"losses: [{SOFT}]"]),
    "published": ("Published common feature learning.", False, ["labels: concat", *COMMON]),
    "supervised": ("The yardstick: true labels instead of teachers.", False, ["labels: joint", "losses: [{hard_label: {weight: 1}}]"]),
}
# further baselines of a set: how labels are shared, where soft targets know nothing of domains or know them and yet do not gate
RESTRICTED = ("Soft targets of each teacher over its own labels alone, of the images of its domain.", True, ["labels: restricted", f"losses: [{SOFT}]"])
JOINT = ("Plain soft targets over one list of labels, on which both teachers have a say where they share them.", False, ["labels: joint", f"losses: [{SOFT}]"])
FURTHER = {
    ("six", "joint"): JOINT,
    ("methods", "restricted"): RESTRICTED,
    ("methods", "untagged-srd"): ("As untagged, and SRD's projector distance.", False, ["labels: gated", f"losses: [{SOFT}, {{srd: {{weight: 0.1}}}}]"]),
    ("foreign", "untagged-nobody"): ("As untagged; three tenths of the images, those of least energy, are taken for nobody's.", False, ["labels: gated", "gate: {refined: {nobody: 0.3}}", f"losses: [{SOFT}]"]),
}
# the ten best of the catalogue, in set methods (srd in headline, too): terms, standardise, whether on two levels
NEIGHBOURS = {
    "pretrained": ("Gated soft targets; the student comes from telling patches apart.", SOFT, None, False),
    "srd": ("Gated soft targets and SRD's projector distance.", SOFT + ", {srd: {weight: 0.1}}", None, False),
    "review": ("Gated soft targets and ReviewKD on two levels.", SOFT + ", {review: {weight: 0.3, channels: 16}}", "ema", True),
    "ickd": ("Gated soft targets and inter-channel correlation.", SOFT + ", {ickd: {weight: 3}}", None, False),
    "hint-levels": ("Gated soft targets and hints on two levels.", SOFT + ", {hint: {weight: 0.25}}", "ema", True),
    "hint-offline": ("Gated soft targets and hints; teachers' features standardised beforehand.", SOFT + ", {hint: {weight: 0.5}}", "offline", False),
    "standardised-logits": ("Standardised scores, gated.", "{standardised_logits: {weight: 1, temperature: 1}}", None, False),
    "similarity": ("Gated soft targets and the similarity of images.", SOFT + ", {similarity: {weight: 100}}", None, False),
    "hint": ("Gated soft targets and hints.", SOFT + ", {hint: {weight: 0.5}}", "ema", False),
    "infonce": ("Gated soft targets and InfoNCE in a common space.", SOFT + ", {infonce: {weight: 0.1}}, {reconstruction: {weight: 10}}", None, False),
}
PATCHES = "../../../data/patches.onnx"  # onnx-amalgam pretrain models/recipes/methods/gated.yaml --classes 500 -o data/patches.onnx
LEVELS = {"student": "[layer2, layer3]", "cifar_animals": "[f.5, f.7]", "cifar_vehicles": "[net.f.4, net.f.7]"}
INPUT = {"cifar_vehicles": "{layout: nhwc, scale: 1, mean: [0], std: [1]}"}


def sources(teachers, tagged):
    """The unlabelled images: in one source, or in one for each group of classes that have the same owners."""
    if not tagged:
        yield "{cifar10: ../../../data/cifar10, split: train, part: 0..0.9}"
        return
    owners = {}
    for name in NAMES:
        owners.setdefault(tuple(t for t, labels in teachers.items() if name in labels), []).append(name)
    for group, classes in owners.items():
        domain = "none" if not group else group[0] if len(group) == 1 else f"[{', '.join(group)}]"
        yield f"{{cifar10: ../../../data/cifar10, split: train, part: 0..0.9, classes: [{', '.join(classes)}], domain: {domain}}}"


def neighbour(name):
    """A method of the catalogue as METHODS has them, and whether it reads two levels."""
    about, terms, standardise, levels = NEIGHBOURS[name]
    lines = ["labels: gated", *([f"standardise: {standardise}"] if standardise else []), *(["common_space: {channels: 32, blocks: 1}"] if name == "infonce" else [])]
    return (about, True, [*lines, f"losses: [{terms}]"]), levels


def write(folder, name):
    about, teachers, student, epochs = SETS[folder]
    plain = METHODS.get(name) or FURTHER.get((folder, name))
    (what, tagged, amalgamation), levels = (plain, False) if plain else neighbour(name)
    taps = lambda of, indent: [f"{indent}taps: {LEVELS[of]}"] if levels else []
    known = [label for label in NAMES if any(label in labels for labels in teachers.values())]
    only = "" if len(known) == len(NAMES) else f", classes: [{', '.join(known)}]"
    images = 45_000
    if name == "supervised" and only:  # it has no use for the other images, and as many steps
        images = images * len(known) // len(NAMES)
        epochs = epochs * len(NAMES) // len(known)
    lines = [f"# CIFAR-10, {about}; {epochs} epochs of {images:,} images. {what}", f"name: {folder}-{name}", "teachers:"]
    for teacher, labels in teachers.items():
        lines += [f"  - model: ../../teachers/{teacher}.onnx", f"    input: {INPUT.get(teacher, NORMALISED)}", f"    labels: [{', '.join(labels)}]", *taps(teacher, "    ")]
    lines += ["student:", f"  model: {PATCHES}" if name == "pretrained" else f'  model: "zoo:resnet({student})"', *taps("student", "  "), "  input: {mean: [0.4730], std: [0.2503]}", "data:", "  unlabelled:"]
    if name == "supervised":
        lines += [f"    - {{cifar10: ../../../data/cifar10, split: train, part: 0..0.9{only}}}"]
    else:
        lines += [f"    - {source}" for source in sources(teachers, tagged)]
    lines += [f"  validate: [{{cifar10: ../../../data/cifar10, split: train, part: 0.9..1{only}}}]",
              f"  test: [{{cifar10: ../../../data/cifar10, split: test{only}}}]", "augment: [flip, {crop: {padding: 2}}]" if folder == "headline" else "augment: [flip]"]
    lines += ["amalgamation:", *[f"  {line}" for line in amalgamation]]
    optimizer, precision = SGD if folder == "headline" else ADAM, "bf16"
    if (folder, name) == ("headline", "published"):
        optimizer, precision = ADAM, "fp32"  # measured where the processor computes bfloat16 more slowly
        lines[0] += " Adam, for SGD at 0.2 ends in NaN here, and with clipped gradients learns less."
    lines += [f"train: {{epochs: {epochs}, batch: 64, {optimizer}, schedule: {{one_cycle: {{}}}}, select: last,",
              f"  seed: 1, precision: {precision}, cache: {{folder: ../../../data/cache, views: {15 if folder == 'headline' else 2}, max_size: 30GB}}}}"]
    (RECIPES / folder).mkdir(parents=True, exist_ok=True)
    (RECIPES / folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for folder in SETS:
        for old in (RECIPES / folder).glob("*.yaml"):
            old.unlink()
        for name in [*METHODS, *(NEIGHBOURS if folder == "methods" else ["srd"] if folder == "headline" else []), *(other for of, other in FURTHER if of == folder)]:
            write(folder, name)


if __name__ == "__main__":
    main()
