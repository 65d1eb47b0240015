#!/usr/bin/env bash
# Merestone, DGL and METIS cut one graph into parts, one after the other in one run:
#
#   partition.sh VENV EDGES.u32 NODES [PARTS, 4] [METHOD ..., dgl-random dgl-metis pymetis]
#
# Merestone runs before, between and after its peers, with 1 GiB, ldg and degree order. Prints one
# line of JSON for each run; a method that fails, for want of memory for example, says so.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$1 edges=$2 nodes=$3 parts=${4:-4}
methods=("${@:5}")
[ ${#methods[@]} -gt 0 ] || methods=(dgl-random dgl-metis pymetis)
tool=${MERESTONE:-$here/../../.build/release/merestone}
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-partition-XXXXXX")
trap 'rm -rf "$work"' EXIT
field() { grep -o "\"$1\": [0-9.]*" "$2" | grep -o '[0-9.]*$' | head -1; }
merestone() {
  rm -rf "$work/graph"
  "$here/../memory.sh" "$tool" preprocess -q "$edges" --node-count "$nodes" --shards "$parts" \
    --partitioner ldg --order degree --memory 1GiB --out "$work/graph" > /dev/null 2> "$work/figures"
  printf '{"method": "merestone ldg", "seconds": %s, "peakGB": %.2f, "cut": %s}\n' \
    "$(field seconds "$work/figures")" "$(field peakBytes "$work/figures" | awk '{print $1 / 1e9}')" \
    "$(grep -o '"cutRatio" *: *[0-9.]*' "$work/graph/report.json" | grep -o '[0-9.]*$')"
}
merestone
for method in "${methods[@]}"; do
  "$venv/bin/python" "$here/partition.py" "$method" "$edges" --nodes "$nodes" --parts "$parts" \
    2> "$work/errors" || { echo "{\"method\": \"$method\", \"failed\": true}"; tail -3 "$work/errors" >&2; }
  merestone
done
