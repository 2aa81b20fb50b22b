#!/usr/bin/env python3
"""Breaks the program in one place at a time and shows which test notices.

Each row of list.tsv is one mutation: a text that occurs once in a source file, what to put in its place, and the test classes that
must turn red. The script makes a scratch git worktree of HEAD beside the repository (uncommitted changes are not in it), and for each
test project first makes sure that the classes named are green as they stand. Then, one mutation at a time: apply, compile the one
project it is in (with the compiler arguments that MSBuild gives, so that nothing else is evaluated or built), put the assembly beside
the test program, run those classes, restore. A mutation changes bodies, not signatures or public constants: nothing that references
the project is compiled anew. One line a mutation says what came of it:

  killed by CLASS.METHOD         a test turned red, as it must
  killed: program ended with N   the test program itself did not survive (a crash is red, too)
  SURVIVED                       every test named stayed green: a test is missing
  DID NOT BUILD, TIMED OUT,      the row is of no use: mend it
  NOT FOUND ONCE

Exit 0: all killed; 1: not all; 2: the list or the tests as they stand are wrong.
"""
import argparse
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLUMNS = ["id", "room", "file", "text", "replacement", "tests", "classes", "breaks"]
RUNTIME = {"linux": "linux-x64", "darwin": "osx-arm64", "win32": "win-x64"}.get(sys.platform, "linux-x64")
# An unused variable must not hide what a test would say, so warnings are off.
BUILD = ["-c", "Release", "--no-restore", "-nologo", "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false",
         "-p:EnforceCodeStyleInBuild=false", "-p:WarningLevel=0"]
ARGUMENTS = ["-t:Compile", "-p:BuildProjectReferences=false", "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true",
             "-p:NonExistentFile=none", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath", "-getProperty:TargetFileName"]
TABLE = ("<!-- mutations: written by tools/mutations/run.py --docs -->", "<!-- end of mutations -->")


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if reader.fieldnames != COLUMNS:
            fail(f"{path}: expected the columns {', '.join(COLUMNS)}, got {reader.fieldnames}")
        rows = list(reader)
    wrong = [r["id"] or "?" for r in rows if any(not r[c] and c != "replacement" for c in COLUMNS) or r["text"] == r["replacement"]]
    ids = [r["id"] for r in rows]
    wrong += sorted({i for i in ids if ids.count(i) > 1})
    if wrong:
        fail(f"{path}: rows with an empty column, no change or an id that is taken: {', '.join(wrong)}")
    return rows


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def run(command, folder, seconds=None):
    """Exit code (None: timed out) and everything written."""
    environment = os.environ | {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "TESTINGPLATFORM_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"}
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          env=environment) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            process.kill()
            return None, process.communicate()[0]
        except BaseException:
            process.kill()
            raise


class Scratch:
    """A worktree of HEAD in which the sources are changed; built as far as the projects that were asked for."""

    def __init__(self, folder, seconds, files, built):
        self.folder, self.seconds, self.compilers = folder, seconds, {}
        head = self.git(ROOT, "rev-parse", "HEAD")
        if (folder / ".git").exists():
            self.git(folder, "checkout", "--quiet", "--force", "--detach", head)
            if built:
                return
        else:
            self.git(ROOT, "worktree", "add", "--quiet", "--detach", str(folder), head)
        for file in files:  # whatever an earlier run left built of a mutation is older now
            if (folder / file).exists():
                (folder / file).touch()
        code, output = run(["dotnet", "restore", "OnnxAmalgam.sln", "--locked-mode", "-v", "quiet"], folder)
        if code != 0:
            fail(output)

    @staticmethod
    def git(folder, *arguments):
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def build(self, tests):
        return run(["dotnet", "build", f"tests/OnnxAmalgam.{tests}.Tests", "-v", "quiet", *BUILD], self.folder)

    def programs(self, tests):
        return self.folder / "tests" / f"OnnxAmalgam.{tests}.Tests" / "bin" / "Release" / "net10.0" / RUNTIME

    def compile(self, project, output):
        """Compiles a project of src/ alone, into a file of its own."""
        folder = self.folder / "src" / project
        if project not in self.compilers:
            code, said = run(["dotnet", "build", f"{project}.csproj", *BUILD, *ARGUMENTS], folder)
            if code != 0:
                fail(said)
            said = json.loads(said)
            compiler = str(Path(said["Properties"]["RoslynTargetsPath"]) / "bincore" / "csc.dll")
            given = [i["Identity"] for i in said["Items"]["CscCommandLineArgs"]]
            dropped = ("/noconfig", "/out:", "/refout:", "/doc:", "/debug", "/embed:")
            self.compilers[project] = (compiler, [a for a in given if not a.startswith(dropped)], said["Properties"]["TargetFileName"])
        compiler, arguments, name = self.compilers[project]
        response = output / "arguments.rsp"
        response.write_text("\n".join(a if a.startswith("/") and '"' in a else f'"{a}"' for a in [*arguments, f"/out:{output / name}"]), encoding="utf-8")
        return (*run(["dotnet", "exec", compiler, "/noconfig", f"@{response}"], folder), name)

    def test(self, tests, classes, *options):
        name = f"OnnxAmalgam.{tests}.Tests"
        program = self.programs(tests) / (name + (".exe" if os.name == "nt" else ""))
        filters = [part for c in classes for part in ("-class", f"{name}.{c}")]
        return run([str(program), "-noLogo", "-noColor", "-noAutoReporters", *options, *filters], self.folder, self.seconds)

    def baseline(self, tests, classes):
        """Seconds that the tests take as they stand; ends the script where they are not green."""
        code, output = self.build(tests)
        if code != 0:
            fail(f"tests/OnnxAmalgam.{tests}.Tests does not build as it stands:\n{output}")
        for name in classes:
            found = list((self.folder / "tests" / f"OnnxAmalgam.{tests}.Tests").rglob(f"{name.split('.')[-1]}.cs"))
            if not found:
                fail(f"tests/OnnxAmalgam.{tests}.Tests: no class {name}")
        start = time.monotonic()
        code, output = self.test(tests, classes)
        total = re.search(r"Total: (\d+)", output)
        if code != 0 or total is None or int(total[1]) == 0:
            red = re.findall(r"^\s*(\S.*) \[FAIL\]", output, re.MULTILINE)
            fail(f"the tests of {tests} are not green as they stand:\n" + ("\n".join(red) or output))
        return int(total[1]), time.monotonic() - start

    def mutate(self, row):
        """What came of one mutation; the source is as before when this returns."""
        path = self.folder / row["file"]
        before = path.read_bytes() if path.exists() else b""
        text, replacement = row["text"].encode(), row["replacement"].encode()
        if before.count(text) != 1:
            return f"NOT FOUND ONCE (found {before.count(text)} times)"
        path.write_bytes(before.replace(text, replacement))
        try:
            with tempfile.TemporaryDirectory() as made:
                code, output, name = self.compile(row["file"].split("/")[1], Path(made))
                if code != 0:
                    error = re.search(r"error \w+: .*", output)
                    return f"DID NOT BUILD: {error[0] if error else output[-300:]}"
                return self.judge(row, Path(made) / name, self.programs(row["tests"]) / name)
        finally:
            path.write_bytes(before)

    def judge(self, row, mutated, place):
        """Runs the tests with the mutated assembly in its place; afterwards the place is as before. The build hard-links its copies, so
        a file is replaced, never written to."""
        original = place.with_suffix(".original")
        os.replace(place, original)
        try:
            shutil.copyfile(mutated, place)
            code, output = self.test(row["tests"], row["classes"].split(), "-stopOnFail")
        finally:
            os.replace(original, place)
        if code is None:
            return f"TIMED OUT after {self.seconds} s"
        red = re.search(rf"^\s*OnnxAmalgam\.{row['tests']}\.Tests\.(.+?) \[FAIL\]", output, re.MULTILINE)
        if red:
            return f"killed by {red[1].split('(')[0]}"
        return "SURVIVED" if code == 0 else f"killed: program ended with {code}"


def write_table(path, rows, results):
    """Puts the results between the two marks; rows that did not run keep the line they have."""
    text = path.read_text(encoding="utf-8")
    begin, end = text.index(TABLE[0]), text.index(TABLE[1])
    kept = {line.split("|")[1].strip(): line for line in text[begin:end].splitlines() if line.startswith("| ")}
    lines = [TABLE[0], "", "| | where | broken | turned red |", "|---|---|---|---|"]
    for row in rows:
        if row["id"] not in results:
            if row["id"] in kept:
                lines.append(kept[row["id"]])
            continue
        by = results[row["id"]]
        by = f"`{by[len('killed by '):]}`" if by.startswith("killed by ") else by
        lines.append(f"| {row['id']} | {row['file'].removeprefix('src/OnnxAmalgam.')} | {row['breaks']} | {by} |")
    path.write_text(text[:begin] + "\n".join(lines) + "\n\n" + text[end:], encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=HERE / "list.tsv", help="the mutations (default: list.tsv beside this file)")
    parser.add_argument("--only", default="", help="ids or rooms to run, separated by commas (default: all)")
    parser.add_argument("--seconds", type=int, default=300, help="time limit of a test run (default: 300)")
    parser.add_argument("--scratch", type=Path, default=ROOT.parent / f"{ROOT.name}.mutations", help="the scratch worktree (default: beside the repository)")
    parser.add_argument("--keep", action="store_true", help="leave the scratch worktree, built, for the next time")
    parser.add_argument("--built", action="store_true", help="trust what --keep left: the test programs are built and green")
    parser.add_argument("--docs", type=Path, help="write the results into this file's table")
    options = parser.parse_args()

    rows = rows_of(options.list)
    wanted = {word for word in options.only.split(",") if word}
    chosen = [r for r in rows if not wanted or r["id"] in wanted or r["room"] in wanted]
    unknown = wanted - {r["id"] for r in rows} - {r["room"] for r in rows}
    if unknown or not chosen:
        fail(f"no such id or room: {', '.join(sorted(unknown))}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = Scratch(options.scratch.resolve(), options.seconds, [r["file"] for r in rows], options.built)
    results = {}
    try:
        for tests in dict.fromkeys(r["tests"] for r in chosen):
            group = [r for r in chosen if r["tests"] == tests]
            if not options.built:
                count, seconds = scratch.baseline(tests, sorted({c for r in group for c in r["classes"].split()}))
                print(f"{tests}: {count} tests are green as they stand ({seconds:.0f} s)", flush=True)
            for row in group:
                start = time.monotonic()
                results[row["id"]] = scratch.mutate(row)
                print(f"{row['id']:5} {row['room']:10} {results[row['id']]}  [{row['breaks']}] {time.monotonic() - start:.0f} s", flush=True)
    finally:
        if options.docs:
            write_table(options.docs, rows, results)
        if not options.keep:
            subprocess.run(["git", "worktree", "remove", "--force", str(options.scratch)], cwd=ROOT, check=False)

    killed = sum(r.startswith("killed") for r in results.values())
    print(f"{killed} of {len(results)} mutations turned a test red")
    return 0 if killed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
