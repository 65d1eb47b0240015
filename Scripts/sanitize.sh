#!/usr/bin/env bash
# Runs the sampler's tests under the address sanitizer, then under the thread sanitizer; or under
# those that are named. Each has a build folder of its own, so that the usual builds stay as they
# are. FILTER names other tests, as those of `swift test` do; all of them, FILTER=., take hours on
# two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/Scripts/leaks.supp:${LSAN_OPTIONS-}"
# A stream of mini-batches in a variable of a whole program joins its threads never.
export TSAN_OPTIONS="report_thread_leaks=0:suppressions=$PWD/Scripts/threads.supp:${TSAN_OPTIONS-}"
for sanitizer in ${*:-address thread}; do
  echo "== tests under the $sanitizer sanitizer"
  swift test --sanitize="$sanitizer" --scratch-path ".build/sanitize-$sanitizer" \
    --filter "${FILTER:-MerestoneSamplingTests|MerestoneTests}"
done
