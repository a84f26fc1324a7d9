#!/usr/bin/env bash
# The webhook's image.
#
#   scripts/image.sh            builds it with podman, or docker: IMAGE (kratix-webhook:VERSION), and its SBOM into dist/
#   scripts/image.sh DIRECTORY  writes an OCI image layout and its SBOM there, without either
#
# BINARY names a kratix-webhook that is built already; its list of objects (for the SBOM) is found beside it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n 's/^appVersion: *"\(.*\)"/\1/p' "$root/charts/kratix-webhook/Chart.yaml")
image=${IMAGE:-kratix-webhook:$version}
cd "$root"

if [ $# -eq 0 ]; then
  engine=${ENGINE:-$(command -v podman || command -v docker || true)}
  if [ -z "$engine" ]; then
    echo "image.sh: neither podman nor docker is there; make image OCI=DIRECTORY needs neither" >&2
    exit 1
  fi
  "$engine" build --file webhook/Dockerfile --tag "$image" .
  # The SBOM is made where the binary is: in the image that builds it.
  "$engine" build --file webhook/Dockerfile --target build --tag "$image-build" . >/dev/null
  mkdir -p dist
  "$engine" run --rm "$image-build" cat /out/sbom.spdx.json > dist/.kratix-webhook.spdx.json.new
  mv dist/.kratix-webhook.spdx.json.new dist/kratix-webhook.spdx.json
  echo "built $image; its SBOM is dist/kratix-webhook.spdx.json"
  exit
fi

binary=${BINARY:-}
if [ -z "$binary" ]; then
  # A place of its own: everything is compiled for static linking.
  flags=(--configuration release --product kratix-webhook --static-swift-stdlib -Xswiftc -static-executable
    --scratch-path .build/image)
  ${SWIFT:-swift} build "${flags[@]}"
  binary=$(${SWIFT:-swift} build "${flags[@]}" --show-bin-path)/kratix-webhook
fi
python3 scripts/oci.py "$binary" "$1" --name "$image" --version "$version"
