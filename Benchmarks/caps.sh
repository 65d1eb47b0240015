#!/usr/bin/env bash
# Holds preprocessing to its memory cap: caps.sh [SCALE, 24] [CAP ..., 512MiB 1GiB 4GiB]
#
# Preprocesses a Kronecker graph of 2^SCALE nodes (128 bytes of input a node) under each cap, with
# RLIMIT_DATA at the cap (and what libraries reserve when they are loaded, 140 MB that nobody ever
# touches), in a memory group of the cap where one can be made, its memory sampled.
# The peak must stay below the cap and the graph be the same under every cap. FLAGS takes the place
# of "--shards 8 --partitioner ldg --order degree". Prints one line of JSON for each cap; exit 1
# where one is broken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scale=${1:-24}
caps=("${@:2}")
[ ${#caps[@]} -gt 0 ] || caps=(512MiB 1GiB 4GiB)
read -ra flags <<< "${FLAGS:---shards 8 --partitioner ldg --order degree}"
tool=${MERESTONE:-$here/../.build/release/merestone}
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-caps-XXXXXX")
trap 'rm -rf "$work"' EXIT
"$tool" generate kronecker -q --scale "$scale" --out "$work/raw" > /dev/null
# What an idle process has reserved but not touched, in bytes.
mkfifo "$work/idle"
"$tool" preprocess -q - --out "$work/none" < "$work/idle" > /dev/null 2>&1 & idle=$!
exec 3> "$work/idle"
sleep 1
reserved=$(awk '/^VmData/ { d = $2 } /^VmRSS/ { r = $2 } END { print (d > r ? d - r : 0) * 1024 }' \
  "/proc/$idle/status")
exec 3>&-
wait "$idle" 2> /dev/null || true
field() { grep -o "\"$1\": [0-9.]*" "$work/figures" | grep -o '[0-9.]*$' || echo null; }
broken=0 first=
for cap in "${caps[@]}"; do
  status=0
  data=$(($(numfmt --from=auto "${cap%B}") + reserved))
  "$here/memory.sh" --data "$data" --cgroup "$cap" "$tool" preprocess -q "$work/raw/edges.u32" \
    --node-count $((1 << scale)) "${flags[@]}" --memory "$cap" --out "$work/$cap" \
    > "$work/log" 2> "$work/figures" || status=$?
  peak=$(field peakBytes) bytes=$(numfmt --from=auto "${cap%B}") same=true
  if [ $status -ne 0 ]; then cat "$work/figures" >&2; broken=1
  elif [ "$peak" -gt "$bytes" ]; then echo "caps.sh: $peak bytes under a cap of $bytes" >&2; broken=1
  elif [ -z "$first" ]; then first=$cap
  else
    diff -rq --exclude=report.json "$work/$first" "$work/$cap" >&2 || { same=false broken=1; }
    rm -rf "${work:?}/$cap"
  fi
  printf '{"bench": "caps", "scale": %d, "capBytes": %d, "peakBytes": %s, "groupPeakBytes": %s, "seconds": %s, "exit": %d, "same": %s}\n' \
    "$scale" "$bytes" "$peak" "$(field groupPeakBytes)" "$(field seconds)" $status $same
done
exit $broken
