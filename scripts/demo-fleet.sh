#!/usr/bin/env bash
# The second act: a fleet of 30 goes from v0.1.0 to v0.2.0 in waves. One resource fails; the rollout stops, names it, and
# leaves the rest at the version they run. It is fixed, the rollout completes, and then everything goes back.
# As scripts/demo.sh: every command is printed, every result checked.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/demo-steps.sh

image=registry.example.com/platform/topic-configure
pipelines=$root/examples/topic/pipelines/topic-configure

# count NUMBER PATTERN: so many lines of the last output match.
count() {
  local found
  found=$(grep -Ec -- "$2" <<<"$output") || true
  [ "$found" -eq "$1" ] || { echo "$found lines match where $1 are expected: $2" >&2; return 1; }
}

# versions V1 V2: so many topics run v0.1.0 and v0.2.0, by what their pipelines put out.
versions() {
  run 0 "kubectl --context platform get topics.platform.example.com -o custom-columns=NAME:.metadata.name,STATUS:.status.message"
  count "$1" 'days, 1 replica$'
  count "$2" 'days, 3 replicas$'
}

step "1. A platform, and a fleet of 30"
run 0 "kubectl kratix sandbox up --dir $sandbox --pace fast \
--image $image:v0.1.0=$pipelines/v0.1.0 --image $image:v0.2.0=$pipelines/v0.2.0"
export KUBECONFIG=$sandbox/kubeconfig
printf '\n$ export KUBECONFIG=%s\n' "${KUBECONFIG#"$root"/}"
run 0 "kubectl --context platform apply -f examples/topic/promise.yaml"
run 0 "kubectl --context platform wait promise/topic --for=condition=Available --timeout=60s"
for number in $(seq -w 1 30); do
  days=14
  [ "$number" = 05 ] && days=90
  printf -- '---\napiVersion: platform.example.com/v1\nkind: Topic\nmetadata: {name: t%s, namespace: default}\nspec: {retentionDays: %s}\n' \
    "$number" "$days"
done > "$work/topics.yaml"
run 0 "kubectl --context platform apply -f $work/topics.yaml"
count 30 'created$'
run 0 "kubectl --context platform wait topics.platform.example.com --all --for=condition=Reconciled --timeout=120s"
count 30 'condition met$'
versions 30 0

step "2. The next version: its pipeline refuses what one team asked for"
run 0 "cp examples/topic/promise.yaml $work/v2.yaml"
run 0 "kubectl kratix bump -f $work/v2.yaml --image $image:v0.2.0 --promise-version v0.2.0"
run 2 "kubectl kratix upgrade preview -f $work/v2.yaml"
expect '^fails +default +t05' '90 days are not offered any more: at most 30'

step "3. Somebody upgrades all the same: it stops at the first failure"
run 1 "kubectl kratix upgrade -f $work/v2.yaml --yes --force"
expect 'wave 1 of 3, canary: 1 resource' 'wave 2 of 3, quarter' 'default/t05 failed .*configure'
run 0 "kubectl kratix upgrade status topic"
expect '^State: stopped' '^default +t05 +quarter +v0.1.0 +failed' '^3 +rest +21 +0 +0 +0' \
  '^default/t05:' '^  .*90 days are not offered'
run 0 "kubectl kratix fleet topic"
expect '^default +t04 +v0.2.0' '^default +t05 +v0.1.0 .* failing ' '^default +t30 +v0.1.0 +v0.1.0 +v0.1.0 .* ready '

step "4. The cause is fixed, and the rollout goes on"
run 0 "kubectl --context platform patch topics.platform.example.com t05 --type=merge -p '{\"spec\":{\"retentionDays\":30}}'"
run 0 "kubectl kratix upgrade retry topic"
expect 'wave 3 of 3, rest' '^The fleet is done: 30 upgraded.$'
versions 0 30
run 0 "kubectl --context platform get resourcebindings -o custom-columns=NAME:.metadata.name,VERSION:.spec.version"
count 30 ' latest$'
run 0 "kubectl --context worker-1 wait configmap/topic-t05 --for=jsonpath='{.data.replicas}'=3 --timeout=60s"

step "5. And back"
run 0 "kubectl kratix upgrade rollback topic"
expect '^The fleet is back at v0.1.0.$|^The fleet is done'
versions 30 0
run 0 "kubectl --context platform get promises"
expect '^topic +Available +Topic .*v0.1.0'
run 0 "kubectl kratix upgrade history topic"
expect '^2 +v0.2.0 +v0.1.0 +done +30 +0 +0 ' '^1 +v0.1.0 +v0.2.0 +done +30 +0 +0 '
run 0 "kubectl kratix upgrade show topic 1"

step "6. The end"
run 0 "kubectl kratix sandbox down --dir $sandbox"
run 1 "kubectl kratix sandbox status --dir $sandbox"
expect 'no sandbox runs in'

printf '\nThe second act took %d s.\n' $(($(date +%s) - started))
