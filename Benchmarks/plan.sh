#!/usr/bin/env bash
# Compares what preprocessing was predicted to take with what it took: plan.sh [INPUT ...]
#
# Without inputs, Kronecker graphs of 2^20 and 2^22 nodes are made. Each input is preprocessed in
# several ways with 1 GiB; prints a table of predicted against actual memory, temporary disk, graph
# and time. Exit 1 where memory is off by more than a quarter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=${MERESTONE:-$here/../.build/release/merestone}
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-plan-XXXXXX")
trap 'rm -rf "$work"' EXIT
inputs=("$@")
if [ ${#inputs[@]} -eq 0 ]; then
  for scale in 20 22; do
    "$tool" generate kronecker -q --scale $scale --format u32 --out "$work/kron$scale" > /dev/null
    inputs+=("$work/kron$scale/edges.u32")
  done
fi
# What report.json says: field SECTION NAME
field() {
  awk -v section="\"$1\"" -v name="\"$2\"" '
    { match($0, /^ */) }
    $1 == section { inside = 1; indent = RLENGTH; next }
    inside && $1 == name && RLENGTH == indent + 2 { gsub(",", ""); print $NF; exit }
    inside && RLENGTH == indent { inside = 0 }' "$work/graph/report.json"
}
status=0
printf '%-44s %22s %22s %22s %16s\n' "MB and s, predicted / actual" memory "temporary disk" graph time
for input in "${inputs[@]}"; do
  for flags in "--partitioner range" "--shards 4 --partitioner ldg" "--shards 4 --reverse" \
    "--shards 4 --undirected"; do
    rm -rf "$work/graph"
    # shellcheck disable=SC2086
    "$tool" preprocess -q "$input" $flags --order degree --memory 1GiB --out "$work/graph" > /dev/null
    line=$(printf '%s %s' "$(basename "$(dirname "$input")")" "$flags")
    for name in peakMemoryBytes temporaryBytes outputBytes seconds; do
      printf '%s %s ' "$(field predicted $name)" "$(field actual $name)"
    done | awk -v line="$line" '{
      printf "%-44s", line
      for (i = 1; i < 7; i += 2) printf " %8.1f /%7.1f %+3.0f%%", $i / 1e6, $(i + 1) / 1e6, ($i / $(i + 1) - 1) * 100
      printf " %7.1f /%6.1f\n", $7, $8
      exit $1 > 1.25 * $2 || $1 < 0.75 * $2 }' || status=1
  done
done
exit $status
