#!/usr/bin/env bash
# scripts/bench.sh [PLUGIN [WEBHOOK]]: the speed of commands, then the webhook's and the sandbox's speed and size, and what
# a rollout in waves costs, as tables. All measured in one run.
# PLUGIN, WEBHOOK: the kubectl-kratix and kratix-webhook to measure; those in bin/ when left out.
# BENCH_PROMISE, BENCH_REQUEST: what the webhook reviews; mongodb-full of ../shared/promises when left out.
# BENCH_RESOURCES, BENCH_WRITES, BENCH_WORKFLOWS and BENCH_FLEET are its sizes (5000, 10000, 100 and 200).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
plugin=$(realpath "${1:-$root/bin/kubectl-kratix}")
export PATH="$(dirname "$plugin"):$root/.tools/bin:$PATH"
python3 "$root/Benchmarks/commands.py" "$plugin"
promises=$root/../shared/promises
python3 "$root/Benchmarks/webhook.py" "$(realpath "${2:-$root/bin/kratix-webhook}")" \
  "${BENCH_PROMISE:-$promises/mongodb-full.yaml}" "${BENCH_REQUEST:-$promises/mongodb-full.request.yaml}"
folder=$(mktemp -d)
cleanup() {
  "$plugin" sandbox down --dir "$folder/sandbox" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap cleanup EXIT
image=$root/Benchmarks/Images/nothing
start=$(date +%s%N)
"$plugin" sandbox up --dir "$folder/sandbox" --no-webhook --engine process \
  --image "example.com/kratix-bench/nothing:v1=$image" >/dev/null
up=$((($(date +%s%N) - start) / 1000000))
export KUBECONFIG=$folder/sandbox/kubeconfig
process=$("$plugin" sandbox status --dir "$folder/sandbox" -o json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
python3 "$root/Benchmarks/bench.py" "$process" "$up"
cleanup
trap - EXIT
python3 "$root/Benchmarks/rollout.py" "$plugin" "${BENCH_FLEET:-200}"
