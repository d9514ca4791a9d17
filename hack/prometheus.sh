#!/usr/bin/env bash
# Gets Debian's Prometheus, with promtool, into .cache/prometheus: unpacked, not
# installed. Does nothing where it is there already, or promtool is in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FOLDER=.cache/prometheus

if command -v promtool >/dev/null || [[ -x $FOLDER/usr/bin/promtool ]]; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "no promtool: install Prometheus by your system's means; here is no apt-get" >&2
  exit 1
fi

mkdir -p "$FOLDER"
unpacked=$(mktemp -d "$FOLDER/unpacked.XXXXXX")
trap 'rm -rf "$unpacked"' EXIT
download() { (cd "$unpacked" && apt-get -qq -o APT::Sandbox::User=root download prometheus); }
# A machine that has just been made may not know yet what there is.
download || { apt-get -qq update && download; }
dpkg-deb --extract "$unpacked"/prometheus_*.deb "$unpacked/root"
rm -rf "$FOLDER/usr"
mv "$unpacked/root/usr" "$FOLDER/usr"
