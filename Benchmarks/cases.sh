# Sourced by soak.sh and faults.sh: small graphs with all that preprocessing has to carry, and how
# they are preprocessed. Expects $tool and $work; leaves inputs in $work/raw.
#
# A case is a name and a command line; paths are relative to $work/raw.

cases=(
  "binary-range|kron/edges.u32 --node-count ${nodes:=131072} --shards 4 --order degree"
  "binary-ldg|kron/edges.u32 --node-count $nodes --shards 4 --partitioner ldg"
  "text-ldg|text/edges.tsv --node-count $nodes --shards 3 --partitioner ldg"
  "undirected|text/edges.tsv --undirected --duplicates drop --shards 2 --partitioner random"
  "strings|words.tsv --shards 2 --partitioner ldg"
  "sparse|sparse.csv --shards 3"
  "columns|columns.csv --columns src=payer,dst=payee,weight=amount,time=ts --duplicates sum --shards 2"
  "features|club --undirected --shards 2 --partitioner ldg"
)

# CASES, a pattern such as 'text|strings', leaves the others out.
for index in "${!cases[@]}"; do
  [[ ${cases[index]%%|*} =~ ${CASES:-.} ]] || unset "cases[index]"
done
cases=("${cases[@]}")

make_inputs() {
  local raw=$work/raw scale=17
  mkdir -p "$raw"
  nodes=131072
  "$tool" generate kronecker -q --scale $scale --out "$raw/kron" > /dev/null
  "$tool" generate kronecker -q --scale $scale --format tsv --out "$raw/text" > /dev/null
  "$tool" generate communities -q --nodes 20000 --features 32 --out "$raw/club" > /dev/null
  awk 'BEGIN { srand(3); for (i = 0; i < 600000; i++)
    printf "page-%d.example.org\tpage-%d.example.org\n", int(rand() * rand() * 200000),
      int(rand() * 200000) }' > "$raw/words.tsv"
  awk 'BEGIN { srand(4); print "src,dst"; for (i = 0; i < 600000; i++)
    printf "%d%010d,%d%010d\n", 1 + rand() * 9, int(rand() * 3000) * 2499991,
      1 + rand() * 9, int(rand() * 3000) * 2499991 }' > "$raw/sparse.csv"
  awk 'BEGIN { srand(5); print "payer,payee,amount,ts"; for (i = 0; i < 600000; i++)
    printf "%d,%d,%.2f,%d\n", int(rand() * 900), int(rand() * 50000), rand() * 100,
      1700000000 + int(i / 3) }' > "$raw/columns.csv"
}

# start CASE OUT [FLAG ...]: starts a case in $work/raw as process $pid; output goes to $work/log.
start() {
  local arguments=() out=$2
  read -ra arguments <<< "${1#*|}"
  shift 2
  (cd "$work/raw" && exec "$tool" preprocess -q "${arguments[@]}" --out "$out" "$@") \
    > "$work/log" 2>&1 &
  pid=$!
}

# As start, to its end; the status is the program's.
preprocess() {
  start "$@"
  wait "$pid"
}

# The graph of every case, and the seconds that it takes, undisturbed.
declare -A seconds
make_references() {
  local case name began
  mkdir -p "$work/reference"
  for case in "${cases[@]}"; do
    name=${case%%|*}
    began=$(date +%s.%N)
    preprocess "$case" "$work/reference/$name" "$@" ||
      { echo "$name fails undisturbed:" >&2; cat "$work/log" >&2; exit 1; }
    seconds[$name]=$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }')
  done
}

# A moment of a run: uniform over its time and a little more.
moment_of() { awk -v t="${seconds[$1]}" -v r=$RANDOM 'BEGIN { printf "%.3f", 1.1 * t * r / 32768 }'; }

# same_graph NAME GRAPH: whether all bytes but the report are those of the undisturbed graph.
same_graph() { diff -rq --exclude=report.json "$work/reference/$1" "$2"; }
