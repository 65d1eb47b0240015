#!/usr/bin/env bash
# The whole road on a graph of its own making: generate, preprocess, inspect, train, evaluate,
# sample. Usage: Scripts/demo.sh path/to/merestone
set -euo pipefail
cd "$(dirname "$0")/.."

merestone=${1:-.build/release/merestone}
folder=data/demo
started=$SECONDS

step() { printf '\n\n=== %s\n' "$1"; }
run() {
  printf '$ merestone'
  printf ' %s' "$@"
  printf '\n\n'
  "$merestone" "$@"
}
# The number behind a key of a JSON object.
value() { sed -n "s/^ *\"$2\": *\([-0-9.e]*\),\{0,1\}\$/\1/p" <<<"$1" | head -n 1; }
percent() { awk -v x="$1" 'BEGIN { printf "%.1f%%", 100 * x }'; }
# 1234567 -> 1,234,567
grouped() { rev <<<"$1" | sed 's/[0-9]\{3\}/&,/g; s/,$//' | rev; }

rm -rf "$folder"
mkdir -p "$folder"

step "1 of 6: make a graph with hidden communities, features, labels and a split"
run generate communities --out $folder/raw --seed 1

step "2 of 6: preprocess it into 4 shards that keep neighbours together"
run preprocess $folder/raw --out $folder/graph --undirected --shards 4 --partitioner ldg

step "3 of 6: look at what it costs"
run inspect $folder/graph

step "4 of 6: train GraphSAGE with 2 worker processes"
run train $folder/graph --out $folder/sage --workers 2 --epochs 10

step "5 of 6: train on the features alone (mlp), and compare both on the test nodes"
run train $folder/graph --out $folder/mlp --model mlp --workers 2 --epochs 10 --quiet
sage=$("$merestone" evaluate $folder/sage --split test --json)
mlp=$("$merestone" evaluate $folder/mlp --split test --json)

step "6 of 6: ask for the neighbourhood of one node, by the id of the raw files"
node=$(awk -F '\t' '!/^#/ { print $1; exit }' $folder/raw/nodes.tsv)
run sample $folder/graph --seeds "$node" --fanouts 5,5

graph=$("$merestone" inspect $folder/graph --json)
lines=$(grep -vc '^#' $folder/raw/edges.tsv)
cat <<SUMMARY


=== What has just happened, in $((SECONDS - started)) seconds

A raw list of $(grouped "$lines") links between $(grouped "$(value "$graph" nodes)") nodes became a graph directory of
$(awk -v b="$(value "$graph" diskBytes)" 'BEGIN { printf "%.1f MB", b / 1e6 }'), features included. Its $(grouped "$(value "$graph" edges)") directed edges take $(awk -v b="$(value "$graph" bitsPerEdge)" 'BEGIN { printf "%.1f", b }') bits each.
It is cut into 4 shards, and $(percent "$(value "$graph" cutRatio)") of the edges run between shards (cut at random: 75%).

Which of the hidden communities is a node in? On $(grouped "$(value "$sage" count)") test nodes whose answer training
never saw:

  from a node's own features alone (mlp)       $(percent "$(value "$mlp" accuracy)") right
  with its neighbours' features too (sage)     $(percent "$(value "$sage" accuracy)") right

Everything is in $folder:

  raw     the generated files: edges, labels, features
  graph   the preprocessed graph
  sage    the trained model; metrics.jsonl has a line per epoch
  mlp     the model that sees no neighbours

Try next:

  $merestone predict $folder/sage --out $folder/predictions.tsv
  $merestone lookup $folder/graph --raw $node
  $merestone preprocess YOUR-EDGES.tsv --out YOUR-GRAPH
SUMMARY
