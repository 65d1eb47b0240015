#!/usr/bin/env bash
# Runs the tests under the address sanitizer, then under the thread sanitizer. Each has a build
# folder of its own, so that the usual builds stay as they are. FILTER names tests, as those of
# `swift test` do; all of them take hours on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/Scripts/leaks.supp:${LSAN_OPTIONS-}"
export TSAN_OPTIONS="suppressions=$PWD/Scripts/threads.supp:${TSAN_OPTIONS-}"
for sanitizer in ${*:-address thread}; do
  echo "== tests under the $sanitizer sanitizer"
  swift test --sanitize="$sanitizer" --scratch-path ".build/sanitize-$sanitizer" \
    ${FILTER:+--filter "$FILTER"}
done
