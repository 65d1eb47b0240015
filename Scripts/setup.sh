#!/usr/bin/env bash
# Installs the Debian packages that Merestone builds with, where they are missing, and checks the
# Swift toolchain. Prints what it does, and nothing where all is there.
set -euo pipefail

packages=(libopenblas-dev liblz4-dev zlib1g-dev libzstd-dev libhwy-dev pkg-config)
minimum_swift=6.2

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done

if [ "${#missing[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: missing ${missing[*]}, and there is no apt-get here;" >&2
    echo "setup: install OpenBLAS, LZ4, zlib, Zstandard and Highway with their headers, and pkg-config" >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: missing ${missing[*]}; run as root: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "== installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes -qq --no-install-recommends "${missing[@]}"
fi

if ! command -v swift >/dev/null; then
  echo "setup: no swift in PATH; install Swift $minimum_swift or later: https://www.swift.org/install/linux" >&2
  exit 1
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n' "$minimum_swift" "${version:-0}" | sort -V | head -n 1)" != "$minimum_swift" ]; then
  echo "setup: Swift ${version:-of unknown version} found, $minimum_swift or later needed:" >&2
  echo "setup: https://www.swift.org/install/linux" >&2
  exit 1
fi
