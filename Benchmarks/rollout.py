"""What moving a fleet in waves costs beside Kratix's own way: rollout.py PLUGIN [RESOURCES].

A sandbox of its own; a Promise whose pipeline does nothing, and so many resources (1000). Times are from the moment when
the fleet begins to be held, or the Promise is applied, until the command says that the fleet is done: the preview, which
is the same for each, is left out. Memory is the peak of the plugin's process."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

PROMISE = """
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata:
  name: widget
  labels: {{kratix.io/promise-version: v{version}}}
spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {{name: widgets.bench.example.com}}
    spec:
      group: bench.example.com
      names: {{kind: Widget, plural: widgets, singular: widget}}
      scope: Namespaced
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties: {{spec: {{type: object, properties: {{size: {{type: string}}}}}}}}
  workflows:
    resource:
      configure:
      - apiVersion: platform.kratix.io/v1alpha1
        kind: Pipeline
        metadata: {{name: configure}}
        spec:
          containers:
          - {{name: nothing, image: "example.com/kratix-bench/nothing:v{version}"}}
"""

STRATEGY = "groups:\n" + "".join(
    f"- {{name: wave-{number}, size: 10%}}\n" for number in range(1, 10)) + "- {name: rest, matchAll: true}\n"


def main():
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("rollout.py: name the plugin to measure: rollout.py bin/kubectl-kratix [RESOURCES]")
    plugin = os.path.realpath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = tempfile.mkdtemp()
    image = f"{root}/Benchmarks/Images/nothing"
    sandbox = f"{folder}/sandbox"
    environment = dict(os.environ, KUBECONFIG=f"{sandbox}/kubeconfig", HOME=folder)

    def run(*arguments, text=None):
        subprocess.run(arguments, input=text, text=True, check=True, env=environment, stdout=subprocess.DEVNULL)

    def file(name, text):
        with open(f"{folder}/{name}", "w") as stream:
            stream.write(text)
        return stream.name

    def upgrade(version, *options):
        """Seconds from the first write to the end, and the plugin's peak memory in MB."""
        promise = file(f"v{version}.yaml", PROMISE.format(version=version))
        process = subprocess.Popen(
            [plugin, "upgrade", "-f", promise, "--yes", *options], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        begin, lines = None, []
        for line in process.stdout:
            lines.append(line)
            if begin is None and (line.startswith("Rollout ") or line.startswith("promise/widget applied")):
                begin = time.monotonic()
        seconds = time.monotonic() - begin if begin else 0
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0 or f"done: {count} upgraded" not in lines[-1]:
            sys.exit("".join(lines[-20:]))
        return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime

    try:
        images = []
        for version in range(1, 5):
            images += ["--image", f"example.com/kratix-bench/nothing:v{version}={image}"]
        run(plugin, "sandbox", "up", "--dir", sandbox, "--no-webhook", "--engine", "process", *images)
        run("kubectl", "apply", "-f", "-", text=PROMISE.format(version=1))
        run("kubectl", "wait", "promise/widget", "--for=condition=Available", "--timeout=60s")
        requests = "\n---\n".join(
            f"apiVersion: bench.example.com/v1\nkind: Widget\nmetadata: {{name: w{number:04}, namespace: default}}"
            for number in range(count))
        run("kubectl", "create", "-f", "-", text=requests)
        run("kubectl", "wait", "widgets", "--all", "--for=condition=Reconciled", "--timeout=900s")
        strategy = file("strategy.yaml", STRATEGY)
        kratix = upgrade(2, "--all-at-once")
        pause = upgrade(3, "--strategy", strategy, "--hold", "pause")
        pin = upgrade(4, "--strategy", strategy, "--hold", "pin")
        print(f"\n{count} resources, pipelines that do nothing, ten waves of 10%, --pace fast")
        for name, measured in [("Kratix's way", kratix), ("--hold pause", pause), ("--hold pin", pin)]:
            seconds, megabytes, processor = measured
            print(f"{name:14} {seconds:7.1f} s  {seconds / kratix[0]:5.2f} of Kratix's way  "
                  f"{megabytes:6.0f} MB  {processor:6.1f} s of processor time in the plugin")
    finally:
        subprocess.run([plugin, "sandbox", "down", "--dir", sandbox, "--purge"], env=environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
