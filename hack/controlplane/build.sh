#!/usr/bin/env bash
# Builds the real etcd, kube-apiserver, kube-controller-manager and kubectl from
# the Go modules pinned in hack/controlplane/$K8S_VERSION/{go.mod,go.sum}.
#
#   hack/controlplane/build.sh                      # the default version
#   K8S_VERSION=1.34.4 hack/controlplane/build.sh   # the oldest supported one
#
# CONTROLPLANE_CACHE replaces the parent folder, .cache/controlplane; the
# version is appended to it, so that versions never overwrite each other.
set -euo pipefail

fail() {
  echo "build.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${K8S_VERSION:-1.37.2}
version=${version#v}
module=$here/$version
[[ -f $module/go.mod ]] ||
  fail "Kubernetes '$version' is not pinned here; set K8S_VERSION to one of: $(cd "$here" && echo [0-9]*)"

# A toolchain of the user's choice, never one downloaded behind their back; and
# neither a go.work further up nor a cross-compiling environment may change
# what is built.
export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0
unset GOOS GOARCH

need=$(awk '$1 == "go" { print $2 }' "$module/go.mod")
command -v go >/dev/null ||
  fail "no 'go' in PATH; install Go $need or later to build Kubernetes $version"
go_version=$(cd "$here" && go env GOVERSION)
oldest=$(printf '%s\n' "$need" "${go_version#go}" | sort -V | head -n 1)
[[ $oldest == "$need" || $go_version == devel* ]] ||
  fail "Go $need or later is needed to build Kubernetes $version, but $(command -v go) is $go_version; put a newer one first in PATH"

out=${CONTROLPLANE_CACHE:-$here/../../.cache/controlplane}/$version
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Everything that decides what the binaries are, this script's flags included.
stamp=$({
  echo "$go_version"
  cat "$module/go.mod" "$module/go.sum" "$here/build.sh"
} | openssl dgst -sha256 -r)

built() {
  local name
  [[ -f $out/stamp && $(<"$out/stamp") == "$stamp" ]] || return 1
  for name in etcd kube-apiserver kube-controller-manager kubectl; do
    [[ -x $out/$name ]] || return 1
  done
}

if built; then
  exit 0
fi

# Of two calls at once the second waits, and then finds the work done.
if command -v flock >/dev/null; then
  exec 9>"$out/build.lock"
  flock 9
  if built; then
    exit 0
  fi
fi

# Built aside and moved in whole, so that an interrupted build leaves no half
# binary, and a binary in use is replaced rather than written to.
tmp=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

IFS=. read -r major minor _ <<<"$version"
ldflags="-s -w"
# client-go has a copy of its own, which goes into the User-Agent.
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=v$version"
  ldflags+=" -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done

# The tag is the one of the official builds: without gRPC's tracing pages the
# linker can drop far more code.
build() {
  go -C "$module" build -mod=readonly -buildvcs=false -trimpath \
    -tags grpcnotrace -ldflags "$ldflags" -o "$@"
}

echo "building Kubernetes $version with $go_version into $out (some minutes, the first time)" >&2
start=$SECONDS
build "$tmp/" k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kubectl}
build "$tmp/etcd" go.etcd.io/etcd/server/v3

rm -f "$out/stamp"
mv -f "$tmp"/* "$out/"
echo "$stamp" >"$out/stamp"
echo "built in $((SECONDS - start)) s" >&2
