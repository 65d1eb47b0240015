#!/usr/bin/env bash
# Kills preprocessing at random moments and resumes it: soak.sh [ROUNDS, 100] [SEED, 1]
#
# A round starts one of the cases, kills it with SIGKILL, and resumes it with --resume, up to three
# times killed again. The graph must be, byte for byte but for the report, the one of an undisturbed
# run, and nothing else may be left in the folders of output and temporaries. Prints one line of
# JSON; exit 1 where a round differs, with the folders of that round kept.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-100}
RANDOM=${2:-1}
tool=${MERESTONE:-$here/../.build/release/merestone}
"$tool" preprocess --help | grep -q -- --resume ||
  { echo "this merestone has no preprocess --resume" >&2; exit 64; }
memory=512MiB
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-soak-XXXXXX")
. "$here/cases.sh"
make_inputs
make_references --memory $memory

began=$SECONDS kills=0 failures=0
for ((round = 0; round < rounds; round++)); do
  case=${cases[$((round % ${#cases[@]}))]}
  name=${case%%|*}
  folder=$work/round-$round
  mkdir -p "$folder/out" "$folder/temporary"
  flags=(--memory $memory --temporary "$folder/temporary" --threads $((1 + RANDOM % 3)))
  tries=$((1 + RANDOM % 4)) resume=() status=137 story=
  for ((try = 0; try < tries && status == 137; try++)); do
    moment=$(moment_of "$name")
    start "$case" "$folder/out/graph" "${flags[@]}" "${resume[@]}"
    sleep "$moment"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
    status=$?
    story+=" $moment:$status"
    [ $status -ne 137 ] || kills=$((kills + 1))
    resume=(--resume)
  done
  if [ $status -eq 137 ]; then
    preprocess "$case" "$folder/out/graph" "${flags[@]}" --resume
    status=$?
    story+=" end:$status"
  fi
  problem=
  if [ $status -ne 0 ]; then problem="exit $status: $(tail -n 3 "$work/log")"
  elif ! difference=$(same_graph "$name" "$folder/out/graph"); then problem=$difference
  elif [ "$(ls -A "$folder/out")" != graph ]; then problem="left beside the graph: $(ls -A "$folder/out")"
  elif [ -n "$(ls -A "$folder/temporary")" ]; then problem="left: $(ls -A "$folder/temporary")"
  fi
  if [ -n "$problem" ]; then
    failures=$((failures + 1))
    printf 'round %d, %s,%s: %s\n  kept in %s\n' $round "$name" "$story" "$problem" "$folder" >&2
    [ $failures -lt 5 ] || break
  else
    rm -rf "$folder"
  fi
done
printf '{"bench": "soak", "rounds": %d, "kills": %d, "failures": %d, "seconds": %d}\n' \
  "$round" $kills $failures $((SECONDS - began))
[ $failures -eq 0 ] && rm -rf "$work"
[ $failures -eq 0 ]
