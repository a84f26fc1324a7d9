#!/usr/bin/env bash
# The tutorial: a fleet of three MongoDB resources goes from pipeline image v0.1.0 to v0.2.0. Two change, one does not,
# and the person saw that before it happened. Every command is printed as a person would type it, then its output.
# Exits non-zero at the first step whose result is not the expected one. Works in .demo/ and leaves nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/demo-steps.sh

pipelines=$root/examples/mongodb/pipelines
registry=ghcr.io/syntasso/kratix-marketplace

step "1. A platform and one worker, in one process"
run 0 "kubectl kratix sandbox up --dir $sandbox \
--image $registry/mongodb-configure-pipeline:v0.1.0=$pipelines/mongodb-configure-pipeline/v0.1.0 \
--image $registry/mongodb-deps-configure-pipeline:v0.1.0=$pipelines/mongodb-deps-configure-pipeline/v0.1.0"
export KUBECONFIG=$sandbox/kubeconfig
printf '\n$ export KUBECONFIG=%s\n' "${KUBECONFIG#"$root"/}"

step "2. Where it schedules to"
run 0 "kubectl --context platform wait destination/worker-1 --for=condition=Ready --timeout=60s"
run 0 "kubectl --context platform get destinations.platform.kratix.io"
expect '^NAME +STATESTOREKIND +STATESTORENAME +READY' '^platform-cluster +BucketStateStore +default +True' \
  '^worker-1 +BucketStateStore +default +True'
run 0 "kubectl --context platform get bucketstatestores,gitstatestores"
expect '^bucketstatestore.platform.kratix.io/default +kratix' '^gitstatestore.platform.kratix.io/default'

step "3. The Promise, from its source directory"
run 0 "kubectl kratix package examples/mongodb -o $work/promise.yaml"

step "4. Install it"
run 0 "kubectl --context platform apply -f $work/promise.yaml"
run 0 "kubectl --context platform wait promise/mongodb --for=condition=Available --timeout=120s"
run 0 "kubectl --context platform get promises"
expect '^mongodb +Available +MongoDB +promise.kratix.io/v1alpha1 +v0.1.0'
run 0 "kubectl --context worker-1 wait deployment/mongodb-kubernetes-operator --for=create --timeout=60s"
run 0 "kubectl --context worker-1 wait deployment/mongodb-kubernetes-operator --for=condition=Available --timeout=60s"
run 0 "kubectl --context worker-1 get deployments"
expect '^mongodb-kubernetes-operator +1/1'

step "5. Three requests"
run 0 "kubectl --context platform apply -f examples/mongodb/requests"
versions_v1=(4:4.4.23 5:5.0.14 6:6.0.10)
for pair in "${versions_v1[@]}"; do
  run 0 "kubectl --context platform wait mongodb/mongo-v${pair%%:*} --for=jsonpath='{.status.message}'='mongodb version: ${pair#*:}' --timeout=120s"
done
for pair in "${versions_v1[@]}"; do
  run 0 "kubectl --context platform wait mongodb/mongo-v${pair%%:*} --for=condition=Reconciled --timeout=120s"
  run 0 "kubectl --context worker-1 wait mongodbcommunity/mongo-v${pair%%:*} --for=create --timeout=60s"
  run 0 "kubectl --context worker-1 wait mongodbcommunity/mongo-v${pair%%:*} --for=jsonpath='{.spec.version}'=${pair#*:} --timeout=60s"
done
run 0 "kubectl --context platform get pods"
[ "$(grep -c 'Completed' <<<"$output")" -eq 3 ] || { echo "three completed pods are expected" >&2; exit 1; }
run 0 "kubectl --context platform get mongodbs.promise.kratix.io"
expect '^NAME +STATUS' '^mongo-v4 +mongodb version: 4.4.23$' '^mongo-v5 +mongodb version: 5.0.14$' \
  '^mongo-v6 +mongodb version: 6.0.10$'
run 0 "kubectl --context worker-1 get mongodbcommunity -o custom-columns=NAME:.metadata.name,VERSION:.spec.version"
expect '^mongo-v4 +4.4.23' '^mongo-v5 +5.0.14' '^mongo-v6 +6.0.10'
v6_before=$(kubectl --context worker-1 get mongodbcommunity mongo-v6 -o jsonpath='{.metadata.resourceVersion}')

step "6. The new pipeline image, in the Promise"
run 0 "kubectl kratix sandbox load --dir $sandbox $registry/mongodb-configure-pipeline:v0.2.0=$pipelines/mongodb-configure-pipeline/v0.2.0"
cp "$work/promise.yaml" "$work/before.yaml"
run 0 "kubectl kratix bump -f $work/promise.yaml --image $registry/mongodb-configure-pipeline:v0.2.0 --promise-version v0.2.0"
run 1 "diff $work/before.yaml $work/promise.yaml"
expect 'kratix.io/promise-version: "?v0.2.0' 'mongodb-configure-pipeline:v0.2.0'
[ "$(grep -c '^[<>]' <<<"$output")" -eq 4 ] || { echo "two lines are to change, and no more" >&2; exit 1; }

step "7. What it would do, before it does"
run 0 "kubectl kratix upgrade preview -f $work/promise.yaml"
expect '^changes +default +mongo-v4' '^changes +default +mongo-v5' '^unchanged +default +mongo-v6' \
  'MongoDBCommunity/default/mongo-v4 spec.version: 4.4.23 -> 4.4.24' \
  'MongoDBCommunity/default/mongo-v5 spec.version: 5.0.14 -> 5.0.15' \
  'status message: mongodb version: 4.4.23 -> mongodb version: 4.4.24'
run 0 "kubectl --context platform get mongodbs.promise.kratix.io"
expect '^mongo-v4 +mongodb version: 4.4.23$'

run 0 "kubectl --context platform apply --dry-run=server -f $work/promise.yaml"
expect 'Warning: .*3 resources' 'default/mongo-v4' 'default/mongo-v5' 'default/mongo-v6'

step "8. The upgrade"
run 0 "kubectl kratix upgrade -f $work/promise.yaml --yes"
expect 'default/mongo-v4: done' 'default/mongo-v5: done' 'default/mongo-v6: done' 'The fleet is done: 3 upgraded'

step "9. What the fleet runs now"
run 0 "kubectl --context platform get mongodbs.promise.kratix.io"
expect '^mongo-v4 +mongodb version: 4.4.24$' '^mongo-v5 +mongodb version: 5.0.15$' '^mongo-v6 +mongodb version: 6.0.10$'
run 0 "kubectl kratix fleet mongodb"
expect 'mongo-v4 +v0.2.0' 'mongo-v5 +v0.2.0' 'mongo-v6 +v0.2.0'
for pair in 4:4.4.24 5:5.0.15; do
  run 0 "kubectl --context worker-1 wait mongodbcommunity/mongo-v${pair%%:*} --for=jsonpath='{.spec.version}'=${pair#*:} --timeout=60s"
done
run 0 "kubectl --context worker-1 get mongodbcommunity -o custom-columns=NAME:.metadata.name,VERSION:.spec.version,RESOURCEVERSION:.metadata.resourceVersion"
expect "^mongo-v6 +6.0.10 +$v6_before\$"

step "10. What the webhook says"
run 0 "kubectl patch --local -f $work/promise.yaml --type=json -o yaml -p '[{\"op\":\"remove\",\"path\":\"/spec/api/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/majorVersion\"}]' > $work/without-major-version.yaml"
run 1 "kubectl --context platform apply -f $work/without-major-version.yaml"
expect 'admission webhook "[^"]+" denied the request' 'majorVersion' 'default/mongo-v4' 'default/mongo-v5' \
  'default/mongo-v6'
run 0 "kubectl --context platform get mongodbs.promise.kratix.io"
expect '^mongo-v4 +mongodb version: 4.4.24$'

step "11. The end"
run 0 "kubectl kratix sandbox down --dir $sandbox"
run 1 "kubectl kratix sandbox status --dir $sandbox"
expect 'no sandbox runs in'

printf '\nThe demo took %d s.\n' $(($(date +%s) - started))
