"""Measures a running sandbox over HTTPS: bench.py PID MILLISECONDS_UNTIL_READY, with KUBECONFIG set. Called by
scripts/bench.sh. Needs nothing but Python's standard library and kubectl."""

import base64
import http.client
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PID, READY = int(sys.argv[1]), int(sys.argv[2])
RESOURCES = int(os.environ.get("BENCH_RESOURCES", "5000"))
WRITES = int(os.environ.get("BENCH_WRITES", "10000"))
WORKFLOWS = int(os.environ.get("BENCH_WORKFLOWS", "100"))
ROWS = []


def kubectl(*arguments, stdin=None):
    return subprocess.run(["kubectl", *arguments], input=stdin, text=True, check=True, capture_output=True).stdout


def client():
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    files = []
    for data in (user["client-certificate-data"], user["client-key-data"]):
        file = tempfile.NamedTemporaryFile(delete=False)
        file.write(base64.b64decode(data))
        file.close()
        files.append(file.name)
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    context.load_cert_chain(*files)
    for file in files:
        os.unlink(file)
    host = cluster["server"].removeprefix("https://")
    return lambda: http.client.HTTPSConnection(host, context=context, timeout=120)


def send(connection, method, path, body=None):
    connection.request(
        method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    response = connection.getresponse()
    data = response.read()
    if response.status >= 300:
        sys.exit(f"{method} {path}: {response.status} {data[:300].decode()}")
    return data


def resident():
    with open(f"/proc/{PID}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def processor_seconds():
    with open(f"/proc/{PID}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(what, value, goal=""):
    ROWS.append((what, value, goal))
    print(f"{what:<58} {value:>14}  {goal}", flush=True)


def promise(name, pipeline):
    kind = name.capitalize()
    containers = [{"name": "nothing", "image": "example.com/kratix-bench/nothing:v1"}]
    workflow = {
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": {"name": "run"},
        "spec": {"jobOptions": {"backoffLimit": 0}, "containers": containers}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    spec = {
        "api": {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{name}s.bench.example.com"},
            "spec": {
                "group": "bench.example.com", "scope": "Namespaced",
                "names": {"kind": kind, "plural": f"{name}s", "singular": name},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}},
        "destinationSelectors": [{"matchLabels": {"environment": "dev"}}]}
    if pipeline:
        spec["workflows"] = {"resource": {"configure": [workflow]}}
    document = {
        "apiVersion": "platform.kratix.io/v1alpha1", "kind": "Promise", "metadata": {"name": name}, "spec": spec}
    kubectl("apply", "-f", "-", stdin=json.dumps(document))
    kubectl("wait", f"promise/{name}", "--for=condition=Available", "--timeout=60s")
    return f"/apis/bench.example.com/v1/namespaces/default/{name}s", kind


def resource(kind, name):
    return {
        "apiVersion": "bench.example.com/v1", "kind": kind, "metadata": {"name": name, "namespace": "default"},
        "spec": {"size": 1}}


def watch(connect, path, seen, ready):
    connection = connect()
    connection.request("GET", f"{path}?watch=1&resourceVersion=0")
    response = connection.getresponse()
    ready.set()
    while line := response.readline():
        event = json.loads(line)
        if event["type"] == "ADDED":
            seen[event["object"]["metadata"]["name"]] = time.perf_counter()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def fleet(connect):
    """Resources of one Promise: a batch through kubectl, the list, a watch."""
    path, kind = promise("plain", pipeline=False)
    batch = "\n---\n".join(json.dumps(resource(kind, f"plain-{index}")) for index in range(RESOURCES))
    start = time.perf_counter()
    kubectl("create", "-f", "-", "--validate=false", stdin=batch)
    row(f"{RESOURCES} resources created by one kubectl", f"{time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    listed = kubectl("get", "plains", "--no-headers").count("\n")
    row(f"listed by kubectl ({listed})", f"{time.perf_counter() - start:.2f} s")
    connection = connect()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        send(connection, "GET", path)
        times.append((time.perf_counter() - start) * 1000)
    row("the whole list in one answer, median of 5", f"{statistics.median(times):.0f} ms")


def latency(connect):
    """From a write's answer being asked for to the event at a watcher. ConfigMaps: no controller works beside it."""
    path = "/api/v1/namespaces/default/configmaps"
    seen, sent, ready = {}, {}, threading.Event()
    threading.Thread(target=watch, args=(connect, path, seen, ready), daemon=True).start()
    ready.wait()
    connection = connect()
    for index in range(500):
        name = f"latency-{index}"
        sent[name] = time.perf_counter()
        send(connection, "POST", path, {"metadata": {"name": name}, "data": {"a": "b"}})
    end = time.monotonic() + 10
    while any(name not in seen for name in sent) and time.monotonic() < end:
        time.sleep(0.05)
    delays = [(seen[name] - sent[name]) * 1000 for name in sent if name in seen]
    row(
        f"write to watch event, median / p99 of {len(delays)}",
        f"{statistics.median(delays):.1f} / {percentile(delays, 0.99):.1f} ms")


def writes(connect):
    """The 100th, 1,000th and last create: each the median of the hundred before it."""
    path = "/api/v1/namespaces/default/secrets"
    connection, times = connect(), []
    for index in range(WRITES):
        start = time.perf_counter()
        send(connection, "POST", path, {"metadata": {"name": f"write-{index}"}, "data": {"a": "Yg=="}})
        times.append((time.perf_counter() - start) * 1000)
    marks = [mark for mark in (100, 1000, 10000) if mark <= WRITES] or [WRITES]
    medians = {mark: statistics.median(times[max(0, mark - 100):mark]) for mark in marks}
    for mark, value in medians.items():
        row(f"create number {mark}", f"{value:.2f} ms")
    row("slowest of them by the fastest", f"{max(medians.values()) / min(medians.values()):.2f}", "goal: under 1.5")


def workflows(connect):
    """Resources whose pipeline does nothing, and the processor time of the sandbox itself meanwhile."""
    path, kind = promise("worked", pipeline=True)
    connection = connect()
    before, start = processor_seconds(), time.perf_counter()
    for index in range(WORKFLOWS):
        send(connection, "POST", path, resource(kind, f"worked-{index}"))
    # One client on one connection: what many cost the sandbox is not the workflows'.
    kubectl("wait", "workeds", "--all", "--for=condition=Reconciled", "--timeout=300s")
    elapsed, used = time.perf_counter() - start, processor_seconds() - before
    row(f"{WORKFLOWS} workflows, start to end", f"{elapsed:.1f} s")
    row("sandbox CPU per workflow, all controllers", f"{used * 1000 / WORKFLOWS:.0f} ms", "goal: under 25 ms")


def measured(*arguments):
    """Runs a program with its output thrown away: seconds, the most megabytes resident, CPU seconds with its children."""
    start = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit(f"{' '.join(arguments)}: {process.returncode} {error[-300:].decode()}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def candidate(name, folder, pipeline):
    """The Promise as the next version, with a field more in its API."""
    document = json.loads(kubectl("get", "promise", name, "-o", "json"))
    document["metadata"] = {"name": name, "labels": {"kratix.io/promise-version": "v2.0.0"}}
    document.pop("status", None)
    properties = document["spec"]["api"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["note"] = {"type": "string"}
    if pipeline:
        container = document["spec"]["workflows"]["resource"]["configure"][0]["spec"]["containers"][0]
        container["env"] = [{"name": "NEXT", "value": "yes"}]
    path = os.path.join(folder, f"{name}.json")
    with open(path, "w") as file:
        json.dump(document, file)
    return path


def preview():
    """Plans of the fleets that are there: without pipelines beside kubectl reading the same, and with one that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = candidate("plain", folder, pipeline=False)
        reads = [measured("kubectl", "get", "plains", "-A", "-o", "json") for _ in range(3)]
        plans = [measured("kubectl-kratix", "upgrade", "preview", "-f", path, "-o", "json") for _ in range(3)]
        seconds, megabytes = (statistics.median(run[column] for run in reads) for column in (0, 1))
        row(f"kubectl get -A -o json of {RESOURCES}", f"{seconds:.2f} s, {megabytes:.0f} MB")
        own, size = (statistics.median(run[column] for run in plans) for column in (0, 1))
        row(f"upgrade preview of {RESOURCES}, no pipelines", f"{own:.2f} s, {size:.0f} MB")
        row("  of kubectl's time", f"{own / seconds:.2f}", "goal: under 0.4")
        row("  of kubectl's memory", f"{size / megabytes:.2f}", "goal: under 0.25")
        path = candidate("worked", folder, pipeline=True)
        own, _, used = measured(
            "kubectl-kratix", "upgrade", "preview", "-f", path, "--no-baseline", "-o", "json")
        row(f"upgrade preview of {WORKFLOWS}, a pipeline that does nothing", f"{own:.2f} s")
        row("  CPU per resource, the isolated program's own included", f"{used * 1000 / WORKFLOWS:.1f} ms", "goal: under 15 ms")


def main():
    connect = client()
    with open("/proc/cpuinfo") as file:
        cores = file.read().count("processor\t")
    print(f"{cores} processors, {os.uname().sysname} {os.uname().machine}")
    row("sandbox up until ready", f"{READY} ms", "goal: under 1000 ms")
    time.sleep(2)
    row("resident memory, idle", f"{resident():.0f} MB", "goal: under 60 MB")
    latency(connect)
    writes(connect)
    workflows(connect)
    fleet(connect)
    preview()
    row("resident memory at the end", f"{resident():.0f} MB")


main()
