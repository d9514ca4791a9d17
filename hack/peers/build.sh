#!/usr/bin/env bash
# Builds the test suites of other projects' Go modules, pinned by
# hack/peers/*/{go.mod,go.sum,packages}, into .cache/peers/<project>/: for each
# package a <name>.test, and <name>.dir, the folder in which it has to run.
#
# PEERS_CACHE replaces .cache/peers.
set -euo pipefail

fail() {
  echo "build.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v go >/dev/null || fail "no 'go' in PATH; the peers' suites are built with Go"
# As in hack/controlplane/build.sh: the user's toolchain and nothing from around.
export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 GOFLAGS=-mod=readonly
unset GOOS GOARCH

for module in "$here"/*/; do
  project=$(basename "$module")
  out=${PEERS_CACHE:-$here/../../.cache/peers}/$project
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  stamp=$({
    go env GOVERSION
    cat "$module"/go.mod "$module"/go.sum "$module"/packages "$here/build.sh"
  } | openssl dgst -sha256 -r)
  if [[ -f $out/stamp && $(<"$out/stamp") == "$stamp" ]]; then
    continue
  fi
  echo "building the suites of $project (about seven minutes on two cores, the first time)" >&2
  rm -f "$out"/*
  while read -r package; do
    name=$(basename "$package")
    go -C "$module" test -c -trimpath -ldflags='-s -w' -o "$out/$name.test" "$package"
    go -C "$module" list -f '{{.Dir}}' "$package" >"$out/$name.dir"
  done <"$module/packages"
  echo "$stamp" >"$out/stamp"
done
