#!/usr/bin/env bash
# Fuzzes every reader: fuzz.sh [SECONDS for each reader, 600] [SEED, 1] [TARGET ...]
#
# Inputs that end a reader by a signal, a hang or a wrong answer are left in
# Benchmarks/results/fuzz-findings, with the numbers that repeat them. Exit 1 with findings.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600} seed=${2:-1}
targets=("${@:3}")
swift build -c release --product merestone
swift build -c release --product merestone-fuzz
tool=$PWD/.build/release/merestone
work=${FUZZ_WORK:-$(mktemp -d)}
[ -n "${FUZZ_WORK:-}" ] || trap 'rm -rf "$work"' EXIT

# Small graphs of every kind of id, with columns of every kind, made by this version.
mkdir -p "$work/graphs" "$work/raw"
raw=$work/raw
awk 'BEGIN { srand(7); print "# columns: src\tdst\tweight\ttime\tsplit"
  for (i = 0; i < 6000; i++) printf "%d\t%d\t%.3f\t%d\t%s\n", int(rand() * rand() * 900),
    int(rand() * 900), rand(), 1700000000 + i, substr("trainval  test -", 1 + 5 * (i % 3), 5) }' |
  sed 's/ *$//; s/\tval$/\tval/' > "$raw/dense.tsv"
awk 'BEGIN { srand(8); for (i = 0; i < 3000; i++)
  printf "%d%09d\t%d%09d\n", 1 + rand() * 8, int(rand() * 40) * 24999991, 1 + rand() * 8,
    int(rand() * 40) * 24999991 }' > "$raw/sparse.tsv"
awk 'BEGIN { srand(9); for (i = 0; i < 2000; i++)
  printf "node-%d\tknows\tnode-%d\n", int(rand() * 256), int(rand() * 256) }' > "$raw/words.tsv"
"$tool" preprocess -q "$raw/dense.tsv" --out "$work/graphs/dense" --shards 3 --reverse > "$work/log"
"$tool" preprocess -q "$raw/dense.tsv" --out "$work/graphs/both" --shards 2 --encoding both > "$work/log"
"$tool" preprocess -q "$raw/dense.tsv" --out "$work/graphs/packed" --shards 2 --encoding packed > "$work/log"
"$tool" preprocess -q "$raw/sparse.tsv" --out "$work/graphs/sparse" --shards 2 --undirected > "$work/log"
"$tool" preprocess -q "$raw/words.tsv" --columns src=column1,relation=column2,dst=column3 --reverse --out "$work/graphs/words" > "$work/log"
"$tool" generate communities -q --nodes 600 --mean-degree 6 --features 5 --out "$raw/club" > "$work/log"
"$tool" preprocess -q "$raw/club" --out "$work/graphs/club" --shards 2 --undirected > "$work/log"

# Inputs as other programs write them.
inputs=$work/inputs
mkdir -p "$inputs/edges-compressed" "$inputs/features-npz" "$inputs/nodes"
for source in dense sparse words; do
  for packer in gzip:gz zstd:zst lz4:lz4; do
    command -v "${packer%:*}" > /dev/null || continue
    head -n 300 "$raw/$source.tsv" |
      "${packer%:*}" -c > "$inputs/edges-compressed/edges-$source.tsv.${packer#*:}"
  done
done
head -n 200 "$raw/club/nodes.tsv" > "$inputs/nodes/nodes.tsv"

# Runs that were interrupted, to be resumed.
[ -d "$work/runs" ] || .build/release/merestone-fuzz --make-runs "$work/runs"

findings=$PWD/Benchmarks/results/fuzz-findings
mkdir -p "$findings"
.build/release/merestone-fuzz --seconds "$seconds" --seed "$seed" --inputs "$inputs" \
  --graphs "$work/graphs" --runs "$work/runs" --findings "$findings" "${targets[@]}"
