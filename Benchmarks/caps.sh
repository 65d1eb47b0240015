#!/usr/bin/env bash
# Holds preprocessing to its memory cap: caps.sh [SCALE, 24] [CAP ..., 512MiB 1GiB 4GiB]
#
# Preprocesses a Kronecker graph of 2^SCALE nodes (128 bytes of input a node) under each cap, with
# RLIMIT_DATA at the cap (and what libraries reserve when they are loaded, 140 MB that nobody ever
# touches), in a memory group of the cap where one can be made, its memory sampled.
# The peak must stay below the cap and the graph be the same under every cap. A cap of "least" is the
# one that the tool names when it is given less. FLAGS takes the place of "--shards 8 --partitioner
# ldg --order degree". KIND says what graph it is: plain (binary pairs), strings (text with string
# ids), columns (text with a weight and a time per edge), undirected or reverse (binary pairs with
# that flag). Prints one line of JSON for each cap; exit 1 where one is broken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scale=${1:-24}
caps=("${@:2}")
[ ${#caps[@]} -gt 0 ] || caps=(512MiB 1GiB 4GiB)
read -ra flags <<< "${FLAGS:---shards 8 --partitioner ldg --order degree}"
tool=${MERESTONE:-$here/../.build/release/merestone}
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-caps-XXXXXX")
trap 'rm -rf "$work"' EXIT
kind=${KIND:-plain}
format=u32
case $kind in
  plain) flags+=(--node-count $((1 << scale))) ;;
  undirected | reverse) flags+=("--$kind") ;;
  strings | columns) format=tsv ;;
  *) echo "caps.sh: no kind of graph is called $kind" >&2; exit 64 ;;
esac
"$tool" generate kronecker -q --scale "$scale" --format $format --out "$work/raw" > /dev/null
input=$work/raw/edges.$format
if [ $format = tsv ]; then
  awk -v kind="$kind" 'BEGIN { OFS = "\t"; if (kind == "columns") print "src", "dst", "weight", "time" }
    /^#/ { next }
    kind == "strings" { print "node-" $1, "node-" $2; next }
    { print $1, $2, ($1 * 7 + $2) % 1000 / 8, NR }' "$input" > "$work/input.tsv"
  rm "$input"
  input=$work/input.tsv
fi
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
run() {
  status=0
  data=$(($(numfmt --from=auto "${cap%B}") + reserved))
  "$here/memory.sh" --data "$data" --cgroup "$cap" "$tool" preprocess -q "$input" \
    "${flags[@]}" --memory "$cap" --out "$work/$cap" > "$work/log" 2> "$work/figures" || status=$?
}
for cap in "${caps[@]}"; do
  if [ "$cap" = least ]; then
    # For any graph, then for this one, then with what its stages find.
    cap=16MiB
    run
    while [ $status -eq 64 ]; do
      named=$(grep -o 'use --memory [0-9]*MiB' "$work/figures" | grep -o '[0-9]*MiB') || break
      cap=$named
      run
    done
  else
    run
  fi
  peak=$(field peakBytes) bytes=$(numfmt --from=auto "${cap%B}") same=true
  if [ $status -ne 0 ]; then cat "$work/figures" >&2; broken=1
  elif [ "$peak" -gt "$bytes" ]; then echo "caps.sh: $peak bytes under a cap of $bytes" >&2; broken=1
  elif [ -z "$first" ]; then first=$cap
  else
    diff -rq --exclude=report.json "$work/$first" "$work/$cap" >&2 || { same=false broken=1; }
    rm -rf "${work:?}/$cap"
  fi
  printf '{"bench": "caps", "kind": "%s", "scale": %d, "capBytes": %d, "peakBytes": %s, "groupPeakBytes": %s, "seconds": %s, "exit": %d, "same": %s}\n' \
    "$kind" "$scale" "$bytes" "$peak" "$(field groupPeakBytes)" "$(field seconds)" $status $same
done
exit $broken
