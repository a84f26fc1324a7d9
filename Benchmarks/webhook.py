"""Measures kratix-webhook: webhook.py BINARY PROMISE.yaml REQUEST.yaml. Called by scripts/bench.sh.

The webhook runs on one core, behind TLS, before an API server that only lists and watches; reviews are sent by h2load
(HTTP/2) and wrk (HTTP/1.1) from the other cores. A review is an UPDATE of PROMISE with one image changed, as an API
server sends it: the spec is in it four times. BENCH_WEBHOOK_SECONDS is how long each load lasts (10).
"""

import copy
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

if len(sys.argv) != 4 or not all(map(os.path.isfile, sys.argv[1:])):
    sys.exit("webhook.py: name what to measure: webhook.py bin/kratix-webhook PROMISE.yaml REQUEST.yaml")
BINARY, PROMISE, REQUEST = sys.argv[1:]
SECONDS = int(os.environ.get("BENCH_WEBHOOK_SECONDS", "10"))
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="kratix-bench-"))
PLATFORM = "platform.kratix.io/v1alpha1"
PORT = 19443


def row(what, value, goal=""):
    print(f"{what:<58} {value:>14}  {goal}", flush=True)


def document(path):
    """A YAML document as kubectl reads it, without a server."""
    text = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", path, "bench=yes", "-o", "json"], text=True, check=True,
        capture_output=True).stdout
    value = json.loads(text)
    value["metadata"].pop("annotations")
    return value


def stored(value, name=None, namespace=None, **metadata):
    value = copy.deepcopy(value)
    value["metadata"].pop("creationTimestamp", None)
    if name:
        value["metadata"]["name"] = name
    if namespace:
        value["metadata"]["namespace"] = namespace
    value["metadata"].update(
        uid="5f1e8a0e-0000-4000-8000-000000000001", resourceVersion="1", generation=1,
        creationTimestamp="2026-01-01T00:00:00Z", **metadata)
    return value


class Platform:
    """What the webhook's caches hold."""

    def __init__(self, promise, request, resources):
        spec = promise["spec"]
        crd = spec["api"]["spec"]
        group, version = crd["group"], crd["versions"][0]["name"]
        name = promise["metadata"]["name"]
        self.promise = promise
        live = [
            stored(
                request, f"resource-{i:05}", "default", labels={"kratix.io/promise-name": name},
                finalizers=["kratix.io/resource-request-cleanup"])
            for i in range(resources)]
        for value in live:
            value["status"] = {
                "promiseVersion": "v1.0.0", "observedGeneration": 1, "message": "Resource requested",
                "conditions": [{
                    "type": kind, "status": "True", "reason": "Done", "message": "Done",
                    "lastTransitionTime": "2026-01-01T00:00:00Z"} for kind in ("ConfigureWorkflowCompleted", "Reconciled")]}
        bindings = [
            stored({
                "apiVersion": PLATFORM, "kind": "ResourceBinding", "metadata": {},
                "spec": {
                    "version": "latest", "promiseRef": {"name": name},
                    "resourceRef": {"name": f"resource-{i:05}", "namespace": "default"}}}, f"binding-{i:05}", "default")
            for i in range(resources)]
        revision = stored({
            "apiVersion": PLATFORM, "kind": "PromiseRevision", "metadata": {},
            "spec": {"version": "v1.0.0", "promiseRef": {"name": name}, "promiseSpec": spec},
            "status": {"latest": True}}, f"{name}-00001")
        destination = stored({
            "apiVersion": PLATFORM, "kind": "Destination",
            "metadata": {"labels": {"environment": "dev"}},
            "spec": {"path": "worker-1", "stateStoreRef": {"kind": "BucketStateStore", "name": "default"}}}, "worker-1")
        self.lists = {
            f"/apis/{PLATFORM}/promises": [promise], f"/apis/{PLATFORM}/promiserevisions": [revision],
            f"/apis/{PLATFORM}/resourcebindings": bindings, f"/apis/{PLATFORM}/destinations": [destination],
            f"/apis/{group}/{version}/{crd['names']['plural']}": live}

    def serve(self):
        lists, ended = self.lists, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                if "watch=" in query:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.flush()
                    return ended.wait()
                asked = urllib.parse.parse_qs(query)
                start = int(asked.get("continue", ["0"])[0])
                items = lists.get(path, [])
                end = start + int(asked.get("limit", [len(items) or 1])[0])
                metadata = {"resourceVersion": "1"}
                if end < len(items):
                    metadata["continue"] = str(end)
                body = json.dumps({
                    "apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items[start:end]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


class Webhook:
    """A running webhook, on one core."""

    def __init__(self, platform):
        self.api = platform.serve()
        kubeconfig = FOLDER / "kubeconfig"
        kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "users": [{"name": "bench", "user": {}}],
            "clusters": [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{self.api.server_port}"}}]}))
        self.context = ssl.create_default_context(cafile=str(FOLDER / "tls.crt"))
        start = time.perf_counter()
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", BINARY, "serve", "--kubeconfig", str(kubeconfig), "--host", "127.0.0.1",
             f"--port={PORT}", "--tls-cert-file", str(FOLDER / "tls.crt"),
             "--tls-private-key-file", str(FOLDER / "tls.key"), "--no-annotator", "--drain-delay=0",
             "--log-level=error"])
        while self.ready() != 200:
            if self.process.poll() is not None:
                sys.exit("the webhook ended before it was ready")
            time.sleep(0.002)
        self.start_milliseconds = (time.perf_counter() - start) * 1000

    def connection(self):
        return http.client.HTTPSConnection("localhost", PORT, context=self.context, timeout=30)

    def ready(self):
        try:
            connection = self.connection()
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except OSError:
            return None

    def resident(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def spent(self, bodies, path="/validate/promise"):
        """Milliseconds that each review took by the webhook's own clock, from the whole body to the answer."""
        connection, times = self.connection(), []

        def total():
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
            return float(re.search(r"^kratix_webhook_request_duration_seconds_sum (\S+)", text, re.M)[1])

        before = total()
        for body in bodies:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                sys.exit(f"{path}: {response.status} {response.read()[:300]}")
            response.read()
            after = total()
            times.append((after - before) * 1000)
            before = after
        return times

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.api.shutdown()


def review(old, new):
    def applied(value):
        value = stored(value)
        plain = {key: value[key] for key in ("apiVersion", "kind", "spec")}
        plain["metadata"] = {"annotations": {}, "name": value["metadata"]["name"]}
        value["metadata"]["annotations"] = {
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(plain, separators=(",", ":")) + "\n"}
        return value

    return {
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "4c44d09f-7384-4dcf-8c91-853f9810e82c",
            "kind": {"group": "platform.kratix.io", "version": "v1alpha1", "kind": "Promise"},
            "resource": {"group": "platform.kratix.io", "version": "v1alpha1", "resource": "promises"},
            "name": old["metadata"]["name"], "operation": "UPDATE",
            "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters"]},
            "object": applied(new), "oldObject": applied(old), "dryRun": False}}


def with_image(promise, tag):
    text = json.dumps(promise)
    return json.loads(re.sub(r"(configure-pipeline):v[\w.]+", rf"\1:{tag}", text))


def encoded(value):
    return json.dumps(value, separators=(",", ":")).encode()


def percentile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


def h2load(rate=None):
    """Milliseconds of each request, sorted; and requests a second."""
    log = FOLDER / "h2load.log"
    log.unlink(missing_ok=True)
    clients = 10
    command = [
        "taskset", "-c", OTHERS, "h2load", "-c", str(clients), "-t", "1", "-m", "1", "-D", str(SECONDS), "--warm-up-time=1",
        "-d", str(FOLDER / "review.json"), "-H", "content-type: application/json", "--log-file", str(log)]
    if rate:
        command.append(f"--rps={rate / clients}")
    output = subprocess.run(
        command + [f"https://localhost:{PORT}/validate/promise"], text=True, capture_output=True, check=True).stdout
    good = int(re.search(r"status codes: (\d+) 2xx", output)[1])
    failed = int(re.search(r"(\d+) failed", output)[1])
    if failed or not good:
        sys.exit(f"h2load: {failed} requests failed\n{output}")
    times = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    return times, float(re.search(r"([\d.]+) req/s", output)[1])


def wrk(varied):
    """The same over HTTP/1.1; with another image in each review when `varied`, so that no answer is known."""
    script = FOLDER / "review.lua"
    body = f'local file = io.open("{FOLDER}/review.json"); local body = file:read("*a"); file:close()\n'
    headers = 'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"\n'
    change = 'body = body:gsub("configure%-pipeline:v9%.9%.9", "configure-pipeline:v" .. n .. "." .. salt)'
    if varied:
        script.write_text(
            body + headers + 'local whole = body; local n = 0; local salt = 0\n'
            'function setup(thread) end\nfunction init(args) salt = tostring({}):gsub("%W", "") end\n'
            f'function request() n = n + 1; local body = whole; {change}; return wrk.format(nil, nil, nil, body) end\n')
    else:
        script.write_text(body + headers + "wrk.body = body\n")
    output = subprocess.run(
        ["taskset", "-c", OTHERS, "wrk", "-t1", "-c10", f"-d{SECONDS}s", "--latency", "-s", str(script),
         f"https://localhost:{PORT}/validate/promise"], text=True, capture_output=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"wrk: {output}")
    return (
        float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), re.search(r"50%\s+(\S+)", output)[1],
        re.search(r"99%\s+(\S+)", output)[1])


def main():
    global OTHERS
    cores = os.cpu_count()
    OTHERS = f"1-{cores - 1}" if cores > 2 else "1" if cores == 2 else "0"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(FOLDER / "tls.key"),
         "-out", str(FOLDER / "tls.crt")], check=True, capture_output=True)
    promise = document(PROMISE)
    promise["metadata"].setdefault("labels", {})["kratix.io/promise-version"] = "v1.0.0"
    promise = stored(promise)
    request = document(REQUEST)
    changed = with_image(promise, "v9.9.9")
    changed["metadata"]["labels"]["kratix.io/promise-version"] = "v2.0.0"
    body = encoded(review(promise, changed))
    (FOLDER / "review.json").write_bytes(body)
    print(f"{cores} processors; the webhook has one; a review of {len(body)} bytes; 1000 resources")

    webhook = Webhook(Platform(promise, request, 1000))
    row("webhook: cold start to ready", f"{webhook.start_milliseconds:.0f} ms", "goal: under 300 ms")
    for rate in (100, 500):
        times, _ = h2load(rate)
        goal = "goal: p99 under 5 ms" if rate == 500 else ""
        row(
            f"webhook: HTTP/2, {rate}/s: p50, p99, maximum",
            f"{percentile(times, 0.5):.1f} {percentile(times, 0.99):.1f} {times[-1]:.1f} ms", goal)
    _, most = h2load()
    row("webhook: HTTP/2, saturated", f"{most:.0f}/s", "goal: 1500/s")
    for varied, what in ((False, "the same review"), (True, "another image each time")):
        rate, p50, p99 = wrk(varied)
        row(f"webhook: HTTP/1.1, saturated, {what}", f"{rate:.0f}/s", "goal: 1500/s" if varied else "")
        row("  p50, p99 of it", f"{p50} {p99}")
    row("webhook: resident memory after that", f"{webhook.resident():.0f} MB")

    status = copy.deepcopy(promise)
    status["status"] = {"message": "changed"}
    times = sorted(webhook.spent([encoded(review(promise, status))] * 200))
    row("webhook: a status update of a Promise, p50", f"{percentile(times, 0.5):.3f} ms", "goal: under 0.5 ms")
    schemas = []
    for index in range(20):
        new = copy.deepcopy(changed)
        schema = new["spec"]["api"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"].setdefault("properties", {})[f"added{index}"] = {"type": "string", "maxLength": 9}
        schemas.append(encoded(review(promise, new)))
    first, again = sorted(webhook.spent(schemas)), sorted(webhook.spent(schemas))
    row("webhook: another schema against 1000 resources, p50", f"{percentile(first, 0.5):.1f} ms", "goal: under 20 ms")
    row("  the same schema again", f"{percentile(again, 0.5):.3f} ms")
    webhook.stop()

    webhook = Webhook(Platform(promise, request, 10000))
    webhook.spent([body] * 50)
    row("webhook: resident memory, 10000 resources", f"{webhook.resident():.0f} MB", "goal: under 64 MB")
    row("webhook: cold start to ready, 10000 resources", f"{webhook.start_milliseconds:.0f} ms")
    webhook.stop()


try:
    main()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
