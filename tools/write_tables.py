#!/usr/bin/env python3
"""Writes the tables of docs/benchmarks.md that stand between <!-- measured NAME --> and <!-- /measured --> from the logs of measured runs.

    python3 tools/write_tables.py            # from docs/protocols.csv, docs/catalogue.csv and docs/step_times.csv
    python3 tools/write_tables.py --check    # says whether they are as the logs say; exit code 1 if not

The logs are those of `onnx-amalgam compare --log`: a row a run. Means are over seeds; each seed's accuracy on the union stands beside.
"""
import argparse
import csv
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
ABOUT = {
    "gated": "`gated`, by the source's domain",
    "untagged": "`untagged`: gated, no source names its domain",
    "soft-concat": "`soft-concat`: plain soft targets",
    "published": "`published`: common feature learning",
    "supervised": "`supervised`: true labels, no teacher",
    "estimated": "`estimated`: gated, no source names its domain",
}
SETS = {
    "mnist-fashion": "digits + clothes, 5 epochs",
    "headline": "animals + vehicles, 30 epochs",
    "methods": "animals + vehicles, 4 epochs",
    "five": "five + five classes, 6 epochs",
    "six": "six + six classes, two shared, 6 epochs",
    "mixed": "every other class each, 6 epochs",
    "four": "four teachers of two or three classes, 6 epochs",
    "foreign": "two teachers of three classes, and images of neither, 6 epochs",
}
NAMES = ["gated", "untagged", "estimated", "soft-concat", "published", "supervised"]


def runs(log):
    """{method: {seed: row}}; row['accuracy'] is {(model, task): accuracy}."""
    csv.field_size_limit(1 << 30)
    found = {}
    with open(DOCS / log, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            row["accuracy"] = {(model, task): value for model, task, metric, value, *_ in json.loads(row["evaluation"]) if metric == "accuracy_top1"}
            found.setdefault(row["method"], {})[int(row["seed"])] = row
    return found


def methods(name, log):
    """A protocol's own methods, without its name before theirs: {method: {seed: row}}."""
    return {method.removeprefix(name + "-"): of for method, of in log.items() if method.startswith(name + "-")}


def share(value):
    text = f"{value:.4f}"
    return text[1:] if text.startswith("0") else text


def hours(rows):
    return sum(float(row["seconds"] or 0) for row in rows) / 3600


def tasks(row):
    """The tasks of a run's teachers, in the recipe's order."""
    return [task for model, task in row["accuracy"] if model == task]


def mean(rows, task):
    return statistics.mean(row["accuracy"]["student", task] for row in rows)


def seeds(of):
    return ", ".join(share(of[seed]["accuracy"]["student", "union"]) for seed in sorted(of))


def protocol(name, log):
    """A protocol's methods beside its teachers; minutes: the fastest run's."""
    own = methods(name, log)
    if not own:
        return "Not measured yet."
    row = next(iter(next(iter(own.values())).values()))
    first, each = row["accuracy"], tasks(row)
    lines = [
        f"| learns from | union | each seed | {' | '.join(each)} | minutes |",
        "|---" * (len(each) + 4) + "|",
        f"| the teachers themselves | | | {' | '.join(share(first[task, task]) for task in each)} | |",
        f"| concatenated teachers (arg max over all scores) | {share(first['concatenated', 'union'])} | | {' | '.join(share(first['concatenated', task]) for task in each)} | |",
    ]
    others = sorted((m for m in own if m not in NAMES), key=lambda m: -mean(own[m].values(), "union"))
    for method in others + [n for n in NAMES if n in own]:
        rows = list(own[method].values())
        minutes = min(float(row["seconds"] or "inf") for row in rows) / 60
        lines.append(f"| {ABOUT.get(method, f'`{method}`')} | {share(mean(rows, 'union'))} | {seeds(own[method])} | "
                     f"{' | '.join(share(mean(rows, task)) for task in each)} | {minutes:.0f} |")
    every = [row for of in own.values() for row in of.values()]
    return "\n".join(lines) + f"\n\n{len(every)} runs, {hours(every):.1f} hours of one thread."


def points(of, than):
    """How many points of accuracy on the union a method is above another, over the seeds of both: mean (least to greatest)."""
    union = ("student", "union")
    gains = [100 * (of[seed]["accuracy"][union] - than[seed]["accuracy"][union]) for seed in sorted(of.keys() & than.keys())]
    if not gains:
        return ""
    return f"{statistics.mean(gains):+.1f}" + (f" ({min(gains):+.1f} to {max(gains):+.1f})" if len(gains) > 1 else " (one seed)")


def above_concatenated(of):
    gains = [100 * (row["accuracy"]["student", "union"] - row["accuracy"]["concatenated", "union"]) for row in of.values()]
    return f"{statistics.mean(gains):+.1f}" if gains else ""


def choosing(log):
    """What the domains, and an estimate of them, are worth in each protocol."""
    lines = ["| teachers and images | `gated` above soft targets | `untagged` above soft targets | `gated`, `untagged` above the concatenated teachers | `gated` above supervised |", "|---|---|---|---|---|"]
    for name, about in SETS.items():
        own = methods(name, log)
        if not own:
            continue
        of = lambda method: own.get(method, {})
        untagged = of("untagged") or of("estimated")
        lines.append(f"| {about} | {points(of('gated'), of('soft-concat'))} | {points(untagged, of('soft-concat'))} | "
                     f"{above_concatenated(of('gated'))}, {above_concatenated(untagged)} | {points(of('gated'), of('supervised'))} |")
    return "\n".join(lines)


def terms(protocols, log, times):
    """What a term beside gated soft targets adds on two sets of images."""
    lines = ["| beside gated soft targets | digits + clothes, 3 epochs | animals + vehicles, 4 epochs | time of a step, teachers computed |", "|---|---|---|---|"]
    cheap, hard = methods("catalogue", log), methods("methods", protocols)
    both = [name for name in hard if name in cheap and name not in NAMES]
    for name in sorted(both, key=lambda name: -mean(hard[name].values(), "union")):
        lines.append(f"| `{name}` | {points(cheap[name], cheap['soft-gated'])} | {points(hard[name], hard['gated'])} | {float(times[name]) / float(times['soft-gated']):.1f} times |")
    return "\n".join(lines)


def catalogue(log, times):
    lines = ["| recipe | union | each seed | digits | clothes | ms a step |", "|---|---|---|---|---|---|"]
    for method, of in sorted(log.items(), key=lambda m: -mean(m[1].values(), "union")):
        name, rows = method.removeprefix("catalogue-"), list(of.values())
        own = " | ".join(share(mean(rows, task)) for task in tasks(rows[0]))
        lines.append(f"| `{name}` | {share(mean(rows, 'union'))} | {seeds(of)} | {own} | {times.get(name, '')} |")
    every = [row for of in log.values() for row in of.values()]
    return "\n".join(lines) + f"\n\n{len(log)} methods, {len(every)} runs, {hours(every):.1f} hours of one thread. The concatenated teachers: " + \
        f"{share(every[0]['accuracy']['concatenated', 'union'])}."


def tables():
    protocols = runs("protocols.csv")
    with open(DOCS / "step_times.csv", newline="", encoding="utf-8") as file:
        times = {row["recipe"]: row["milliseconds"] for row in csv.DictReader(file)}
    made = {name: protocol(name, protocols) for name in SETS}
    log = runs("catalogue.csv")
    return made | {"choosing": choosing(protocols), "terms": terms(protocols, log, times), "catalogue": catalogue(log, times)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the document has other tables")
    options = parser.parse_args()
    path = DOCS / "benchmarks.md"
    old = path.read_text(encoding="utf-8")
    new = old
    for name, table in tables().items():
        mark = re.compile(rf"(<!-- measured {name} -->\n).*?(<!-- /measured -->)", re.DOTALL)
        if not mark.search(new):
            sys.exit(f"{path}: expected <!-- measured {name} --> and <!-- /measured -->, got neither; put them where the table belongs")
        new = mark.sub(lambda m: f"{m[1]}{table}\n{m[2]}", new)
    if options.check:
        if new != old:
            sys.exit(f"{path}: expected the tables that the logs give, got others; run: python3 tools/write_tables.py")
        return
    path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
