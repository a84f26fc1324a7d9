"""Measures commands as whole processes, beside what a person would run without them: commands.py PLUGIN. Called by
scripts/bench.sh. Needs hyperfine and kubectl, and nothing of Python but its standard library."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

PLUGIN = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNS = os.environ.get("BENCH_RUNS", "60")


def largest_promise():
    """Of the real Promises beside the repository; of its own example where they are missing."""
    found = [path for path in (ROOT / "../shared/promises").glob("*.yaml") if ".request." not in path.name]
    return max(found or [ROOT / "examples/mongodb/promise.yaml"], key=lambda path: path.stat().st_size).resolve()


def plugin(*words):
    return [PLUGIN, *map(str, words)]


def milliseconds(command, prepare=None):
    """Mean time of a process, started without a shell."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        arguments = ["hyperfine", "-N", "--style", "none", "--warmup", "5", "--runs", RUNS]
        if prepare:
            arguments += ["--prepare", shlex.join(map(str, prepare))]
        arguments += ["--export-json", result.name, shlex.join(map(str, command))]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
        return json.load(result)["results"][0]["mean"] * 1000


def row(what, value, goal=""):
    print(f"{what:<58} {value:>14}  {goal}", flush=True)


def main():
    os.environ["KUBECONFIG"] = os.devnull
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source, promise = largest_promise(), folder / "promise.yaml"
        image = re.search(r"image: *[\"']?([^\s\"'@]+):[^\s\"':@/]+", source.read_text()).group(1)
        kubectl = milliseconds(["kubectl", "version", "--client"])
        row("kubectl version --client", f"{kubectl:.1f} ms")
        version = milliseconds(plugin("version"))
        row("kubectl-kratix version", f"{version:.1f} ms", f"goal: under half of it ({version / kubectl:.2f})")

        size = f"{source.name}, {source.stat().st_size / 1024:.0f} KiB"
        label = ["kubectl", "label", "--local", "--overwrite", "-f", source, "kratix.io/promise-version=v9.9.9", "-o"]
        row(f"kubectl label --local ({size})", f"{milliseconds([*label, 'yaml']):.1f} ms")
        bump = milliseconds(
            plugin("bump", "-f", promise, "--image", f"{image}:v9.9.9", "--promise-version", "v9.9.9"),
            prepare=["cp", "--no-preserve=mode", source, promise])
        row(f"kubectl-kratix bump ({size})", f"{bump:.1f} ms", "goal: under 25 ms")

        subprocess.run(plugin("package", "--unpack", source, "-o", folder / "split"), check=True)
        for name, directory in [("examples/mongodb", ROOT / "examples/mongodb"), (source.stem, folder / "split")]:
            command = plugin("package", directory, "--version", "v9.9.9", "-o", folder / "out.yaml")
            with open(os.devnull, "w") as nowhere:
                subprocess.run(command, check=True, stderr=nowhere)
            row(f"kubectl-kratix package ({name})", f"{milliseconds(command):.1f} ms", "goal: under 60 ms")
        # What else makes one file of several.
        (folder / "split/kustomization.yaml").write_text("resources: [promise-base.yaml, api.yaml]\n")
        row("kubectl kustomize (the same)", f"{milliseconds(['kubectl', 'kustomize', folder / 'split']):.1f} ms")


main()
