#!/usr/bin/env bash
# Tests the crate in examples/operator-test as somebody else would have it: in a
# folder of its own, with the API server as a git dependency. What is not
# committed is not in it.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git -C "$repository" archive HEAD examples/operator-test | tar -x -C "$folder"
cd "$folder/examples/operator-test"
sed -i "s|path = \"../../crates/kyma-apiserver\"|git = \"file://$repository\"|" Cargo.toml
grep -q 'git = "file://' Cargo.toml
# Not among the user's own: a later call compiles only what has changed.
CARGO_TARGET_DIR=$repository/.cache/example cargo test
