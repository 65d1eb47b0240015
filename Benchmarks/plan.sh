#!/usr/bin/env bash
# Compares what `merestone plan` predicts with what preprocessing takes: plan.sh [INPUT ...]
#
# Without inputs, Kronecker graphs of 2^20 and 2^22 nodes are made. Each input is planned and
# preprocessed in several ways with MEMORY (default 1GiB), in the orders that ORDERS names (default:
# degree; auto and locality look for clusters). Prints a table of predicted against actual memory,
# temporary disk, graph and time. Exit 1 where memory or the graph is off by more than a quarter.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=${MERESTONE:-$here/../.build/release/merestone}
memory=${MEMORY:-1GiB}
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-plan-XXXXXX")
trap 'rm -rf "$work"' EXIT
inputs=("$@")
if [ ${#inputs[@]} -eq 0 ]; then
  for scale in 20 22; do
    "$tool" generate kronecker -q --scale $scale --format u32 --out "$work/kron$scale" > /dev/null
    inputs+=("$work/kron$scale/edges.u32")
  done
fi
# The first number of that name, in a section of the report, or at the top of the plan.
predicted() {
  awk -v name="\"$1\":" '$1 == name { gsub(",", ""); print $NF; exit }' "$work/plan.json"
}
actual() {
  awk -v name="\"$1\"" '
    { match($0, /^ */) }
    $1 == "\"actual\"" { inside = 1; indent = RLENGTH; next }
    inside && $1 == name && RLENGTH == indent + 2 { gsub(",", ""); print $NF; exit }
    inside && RLENGTH == indent { inside = 0 }' "$work/graph/report.json"
}
status=0
printf '%-58s %22s %22s %22s %16s\n' "MB and s, predicted / actual" memory "temporary disk" graph time
for input in "${inputs[@]}"; do
  for order in ${ORDERS:-degree}; do
    for flags in "--partitioner range" "--shards 4 --partitioner ldg" "--shards 4 --reverse" \
      "--shards 4 --undirected"; do
      rm -rf "$work/graph"
      # shellcheck disable=SC2086
      "$tool" plan "$input" $flags --order "$order" --memory "$memory" --json > "$work/plan.json"
      # shellcheck disable=SC2086
      "$tool" preprocess -q "$input" $flags --order "$order" --memory "$memory" \
        --out "$work/graph" > /dev/null
      line=$(printf '%s %s %s' "$(basename "$(dirname "$input")")" "$order" "$flags")
      for name in peakMemoryBytes temporaryBytes outputBytes seconds; do
        printf '%s %s ' "$(predicted $name)" "$(actual $name)"
      done | awk -v line="$line" '
        function isFar(predicted, actual) { return predicted > 1.25 * actual || predicted < 0.75 * actual }
        {
          printf "%-58s", line
          for (i = 1; i < 7; i += 2)
            printf " %8.1f /%7.1f %+3.0f%%", $i / 1e6, $(i + 1) / 1e6, ($i / $(i + 1) - 1) * 100
          printf " %7.1f /%6.1f\n", $7, $8
          exit isFar($1, $2) || isFar($5, $6)
        }' || status=1
    done
  done
done
exit $status
