#!/usr/bin/env python3
"""Writes the recipes of models/recipes/catalogue: one a method, alike but for the name and what the method is; and those of its taggers.

    python3 tools/make_catalogue.py            # writes models/recipes/catalogue/*.yaml
    onnx-amalgam compare models/recipes/catalogue/{soft-gated,hint,vid}.yaml --seeds 3
"""
import argparse
import csv
import pathlib
import typing

RECIPES = pathlib.Path(__file__).resolve().parent.parent / "models" / "recipes"
SOFT = "{soft_target: {weight: 1, temperature: 1}}"
ZOO = '"zoo:resnet(widths=[16,32,64], blocks=[1,1,1])"'

BASE = """\
# {images}, the first 10,000 train images{each}, 3 epochs. {about}
name: {folder}-{name}
teachers:{teachers}
student:
  model: {model}{taps}
  input: {{mean: [0.2087], std: [0.3411]}}
data:
  unlabelled:{unlabelled}
  validate:{validate}
  test:{test}
{augment}amalgamation:
{amalgamation}
train:
  {{epochs: 3, batch: 64, optimizer: adam, learning_rate: 4e-3, weight_decay: 1e-4, schedule: {{one_cycle: {{}}}}, select: last, seed: 1,
   cache: {{folder: ../../../data/cache, views: {views}, max_size: 16GB}}}}
"""


class Side(typing.NamedTuple):
    """One of the two sets of images and the teacher that knows it."""
    name: str
    idx: str
    teacher: str
    tagger: str
    input: str
    labels: str
    own_labels: str  # of a source, where they are not the digits that idx files hold
    levels: str


CLOTHES = "[t-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot]"
DIGIT = Side("MNIST", "mnist", "digits_resnet", "digits_tagger", "mean: [0.1307], std: [0.3081]", '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]', "", "[f.3, f.4]")
CLOTH = Side("Fashion-MNIST", "fashion-mnist", "fashion_mixer", "fashion_tagger", "mean: [0.2860], std: [0.3530]", CLOTHES, f", labels: {CLOTHES}", "[f.14, f.26]")


def recipe(name, about, losses, labels="gated", domains=True, levels=False, weights=None, student=ZOO, augment=None, taggers=False, folder="catalogue", sides=(DIGIT, CLOTH), **keys):
    """One recipe; domains: whether sources say whose images they are; weights: each teacher's, and those of its taps; augment: one step, which
    takes a stored view an epoch; taggers: the teachers are the students of the recipes in taggers."""
    lines = [f"labels: {labels}"] + [f"{key}: {value}" for key, value in keys.items() if value is not None]
    lines += ["losses:"] + [f"  - {loss}" for loss in losses]

    def teacher(side):
        if taggers:
            return f"\n  - {{model: ../../../data/{side.tagger}/student.onnx, name: {side.tagger}, scores: sigmoid}}"
        taps = weights[side.teacher] if weights else f"\n    taps: {side.levels}" if levels else ""
        return f"\n  - model: ../../teachers/{side.teacher}.onnx\n    input: {{layout: nchw, scale: 0.00392156862745098, {side.input}}}\n    labels: {side.labels}{taps}"

    def source(side, keys):
        return f"\n    - {{idx: ../../../data/{side.idx}, {keys}}}"

    def unlabelled(side):
        owner = f", domain: {side.tagger if taggers else side.teacher}" if domains else ""
        return source(side, f"split: train, limit: 10000{owner}{side.own_labels if name == 'supervised' else ''}")

    each = lambda of: "".join(of(side) for side in sides)
    text = BASE.format(
        name=name, about=about, images=" + ".join(side.name for side in sides), each=" each" if len(sides) > 1 else "", folder=folder, teachers=each(teacher), model=student, taps="\n  taps: [layer2, layer3]" if levels else "",
        unlabelled=each(unlabelled), validate=each(lambda side: source(side, f"split: train, part: 0.916667..1{side.own_labels}")),
        test=each(lambda side: source(side, f"split: test{side.own_labels}")),
        augment=f"augment: [{augment}]\n" if augment else "", views=3 if augment else 1, amalgamation="\n".join("  " + line for line in lines))
    (RECIPES / folder / f"{name}.yaml").write_text(text)


def found(method):
    """Weights of teachers and taps as `onnx-amalgam search catalogue/hint.yaml --baselines` wrote them, kept in search.csv beside the recipes."""
    taps, factors = {}, {}
    with open(RECIPES / "catalogue" / "search.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in (r for r in rows if r["method"] == ("searched" if method == "average" else method)):
        taps.setdefault(row["teacher"], []).append(row)
        factors[row["teacher"]] = 1 if method == "average" else row["teacher_weight"]
    weight = lambda row, of: f"{1 / len(of):.6f}" if method == "average" else row["weight"]
    return {teacher: f"\n    weight: {factors[teacher]}\n    taps:" + "".join(f"\n      - {{value: {r['tap']}, weight: {weight(r, of)}}}" for r in of)
            for teacher, of in taps.items()}


def space(*terms):
    return [SOFT, *terms]


MMD, REBUILT = "{mmd: {weight: 10, bandwidths: published}}", "{reconstruction: {weight: 10}}"
MEDIAN = "{mmd: {weight: 1, bandwidths: median}}"
SMALL, SMALLER = "{channels: 32, blocks: 1}", "{channels: 16, blocks: 1}"

FEATURES = {  # name: (term, standardise, what it is)
    "hint": ("{hint: {weight: 0.5}}", "ema", "FitNets' hint"),
    "attention": ("{attention: {weight: 100}}", None, "attention transfer"),
    "similarity": ("{similarity: {weight: 100}}", None, "similarity preserving"),
    "rkd": ("{rkd: {weight: 3}}", None, "relational distillation"),
    "pkt": ("{pkt: {weight: 2000}}", None, "probabilistic knowledge transfer"),
    "vid": ("{vid: {weight: 1}}", "ema", "variational information"),
    "smooth-cosine": ("{smooth_cosine: {weight: 1}}", "phi_s", "cosine and smooth L1 on PHI-S features, as RADIO"),
    "teacher-dropping": ("{smooth_cosine: {weight: 1, teacher_dropping: 0.5}}", "phi_s", "the same with UNIC's teacher dropping"),
    "layer-wise": ("{layer_wise: {weight: 0.5}}", "ema", "layer-wise amalgamation"),
    "voted-features": ("{voted_features: {weight: 0.5, channels: 64}}", "ema", "UNIFORM's feature voting"),
    "nst": ("{nst: {weight: 10}}", None, "neuron selectivity transfer"),
    "cc": ("{cc: {weight: 10}}", None, "correlation congruence"),
    "ickd": ("{ickd: {weight: 3}}", None, "inter-channel correlation"),
    "srd": ("{srd: {weight: 0.1}}", None, "SRD's projector distance"),
}


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for folder in ("catalogue", "taggers"):
        (RECIPES / folder).mkdir(parents=True, exist_ok=True)
        for old in (RECIPES / folder).glob("*.yaml"):
            old.unlink()
    recipe("supervised", "The yardstick: true labels instead of teachers.", ["{hard_label: {weight: 1}}"], labels="concat", domains=False)
    for mode in ("concat", "joint", "restricted", "gated"):
        recipe(f"soft-{mode}", f"Soft targets, labels {mode}.", [SOFT], labels=mode, domains=mode in ("restricted", "gated"))
    for gate in ("energy", "standardised", "calibrated", "density", "statistics", "clusters", "refined"):
        recipe(f"gate-{gate}", f"Soft targets, no source says whose its images are: gate {gate}.", [SOFT], domains=False, gate=gate)
    recipe("gate-agreement", "Soft targets, the refined gate, decided anew by the student after the first epoch.", [SOFT], domains=False,
           gate="{refined: {agreement_after: 1}}")
    recipe("dkd", "Decoupled distillation instead of soft targets, at their temperature.", ["{dkd: {weight: 1, alpha: 1, beta: 1, temperature: 1}}"])
    recipe("dkd-published", "Decoupled distillation instead of soft targets, temperature and beta as published.", ["{dkd: {weight: 0.1, alpha: 1, beta: 8, temperature: 4}}"])
    recipe("standardised-logits", "Standardised scores instead of soft targets.", ["{standardised_logits: {weight: 1, temperature: 1}}"])
    recipe("standardised-joint", "Standardised scores instead of soft targets, labels joint.", ["{standardised_logits: {weight: 1, temperature: 2}}"], labels="joint", domains=False)
    recipe("dist", "Correlations of probabilities beside soft targets.", [SOFT, "{dist: {weight: 1}}"])
    recipe("skd", "Streamlined distillation instead of soft targets, at their temperature.", ["{skd: {weight: 1, temperature: 1}}"])
    recipe("voted-target", "UNIFORM's logit voting.", ["{voted_target: {weight: 1}}"])
    for name, (term, standardise, about) in FEATURES.items():
        recipe(name, f"Gated soft targets and {about}.", [SOFT, term], standardise=standardise)
    recipe("hint-offline", "Gated soft targets and FitNets' hint, statistics fitted before training.", [SOFT, FEATURES["hint"][0]], standardise="offline")
    recipe("review", "Gated soft targets and ReviewKD on two levels.", [SOFT, "{review: {weight: 0.3, channels: 16}}"], levels=True, standardise="ema")
    recipe("ladder", "Gated soft targets and UNIC's ladder on two levels, teachers dropped.", [SOFT, "{ladder: {weight: 1, hidden: 32, teacher_dropping: 0.5}}"],
           levels=True, standardise="ema")
    recipe("hint-levels", "Gated soft targets and hints on two levels.", [SOFT, "{hint: {weight: 0.25}}"], levels=True, standardise="ema")
    for method in ("searched", "random", "average"):
        recipe(f"taps-{method}", f"Gated soft targets and hints from the teachers' taps, summed with weights: {method}.", [SOFT, FEATURES["hint"][0]],
               standardise="ema", weights=found(method))
    recipe("pretrained", "Gated soft targets; the student comes from telling patches apart (pretrain).", [SOFT], student="../../students/patches.onnx")
    recipe("random-mask", "Gated soft targets and InfoNCE, a tenth of the images' squares hidden.", space("{infonce: {weight: 0.1}}", REBUILT), common_space=SMALL, augment="{random_mask: {share: 0.1, patch: 3}}")
    recipe("random-mask-apart", "Gated soft targets and InfoNCE; teachers see one half of the pixels, the student the other.", space("{infonce: {weight: 0.1}}", REBUILT), common_space=SMALL,
           augment="{random_mask: {share: 0.5, patch: 1}}", views_apart="true")
    recipe("exemplar", "Gated soft targets, a quarter of the surrogate classes' transformations as augmentation.", [SOFT], augment="{exemplar: {strength: 0.25}}")
    recipe("published", "Published common feature learning, with a smaller space.", space(MMD, REBUILT), labels="concat", domains=False, common_space=SMALL)
    recipe("cfl", "The same with gated labels.", space(MMD, REBUILT), common_space=SMALL)
    recipe("cfl-median", "Gated, bandwidths by the median.", space(MEDIAN, REBUILT), common_space=SMALL)
    recipe("cfl-unbiased", "Gated, median, unbiased.", space("{mmd: {weight: 1, bandwidths: median, unbiased: true}}", REBUILT), common_space=SMALL)
    recipe("cfl-pooled", "Gated, median, on pooled features of the common space.", space("{mmd: {weight: 1, bandwidths: median, form: pooled}}", REBUILT), common_space=SMALL)
    recipe("cfl-location", "Gated, median, position by position.", space("{mmd: {weight: 1, bandwidths: median, form: location}}", REBUILT), common_space=SMALLER)
    recipe("cfl-detached", "Gated, median, teachers detached.", space("{mmd: {weight: 1, bandwidths: median, detach_teachers: true}}", REBUILT), common_space=SMALL)
    recipe("cfl-ema", "Gated, median, teachers standardised.", space(MEDIAN, "{reconstruction: {weight: 1}}"), common_space=SMALL, standardise="ema")
    recipe("cfl-phi-s", "Gated, median, PHI-S.", space(MEDIAN, "{reconstruction: {weight: 1}}"), common_space=SMALL, standardise="phi_s")
    recipe("cfl-kae", "Gated, median, KamalEngine's block.", space(MEDIAN, REBUILT), common_space="{channels: 32, blocks: 1, form: kae}")
    recipe("cfl-fc", "Gated, median, KamalEngine's block on pooled taps.", space(MEDIAN, REBUILT), common_space="{channels: 32, blocks: 1, form: kae}", pool_taps="true")
    recipe("cfl-levels", "Gated, median, a common space at each of two levels.", space(MEDIAN, REBUILT), common_space=SMALLER, levels=True)
    recipe("cosine", "Gated, paired cosine in the common space.", space("{cosine: {weight: 1}}", REBUILT), common_space=SMALL)
    recipe("infonce", "Gated, InfoNCE in the common space.", space("{infonce: {weight: 0.1}}", REBUILT), common_space=SMALL)
    recipe("contrastive", "Gated, HeroCon's weighted contrast in the common space.", space("{contrastive: {weight: 2}}", REBUILT), common_space=SMALL)
    recipe("supervised-contrastive", "Gated, HeroCon's contrast on the teachers' labels in the common space.", space("{supervised_contrastive: {weight: 0.1}}", REBUILT), common_space=SMALL)
    recipe("supervised-contrastive-threshold", "The same, an image's labels all that are at least a tenth probable.",
           space("{supervised_contrastive: {weight: 0.1, labels: {threshold: 0.1}}}", REBUILT), common_space=SMALL)
    recipe("supervised-contrastive-top", "The same, an image's labels the two most probable.", space("{supervised_contrastive: {weight: 0.1, labels: {top: 2}}}", REBUILT), common_space=SMALL)
    recipe("multi-label", "Gated, label by label instead of soft targets.", ["{multi_label: {weight: 1}}"])
    recipe("taggers", "The same from two taggers, which the recipes in taggers train.", ["{multi_label: {weight: 1}}"], taggers=True)
    for side in (DIGIT, CLOTH):
        recipe(side.tagger, "A tagger: label by label, from one classifier.", ["{multi_label: {weight: 1}}"], labels="joint", domains=False, folder="taggers", sides=[side])
    several = [SOFT, "{hint: {weight: 1}}", "{attention: {weight: 1000}}"]
    recipe("balance-none", "Gated soft targets, hints and attention with the recipe's weights.", several, standardise="ema")
    recipe("balance-uncertainty", "The same, balanced by uncertainty.", several, standardise="ema", balance="uncertainty")
    recipe("balance-gradnorm", "The same, balanced by gradient norms.", several, standardise="ema", balance="gradnorm")


if __name__ == "__main__":
    main()
