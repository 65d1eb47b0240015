#!/usr/bin/env bash
# Lets the disk and the input fail while preprocessing runs: faults.sh [ROUNDS for each, 8] [SEED, 1]
#
#   full     the disk of temporaries and output fills up at a random moment: exit 74
#   small    the disk is too small from the start: exit 74, or 64 where that is found beforehand
#   gone     the folder of temporaries is removed: exit 74, or the whole graph
#   grown    the input gets further bytes: exit 65, or the whole graph where reading was over
#   shrunk   the input is cut off: as grown
#
# After a fault there is no output, and what a run without one makes is the same as ever; where
# --resume exists, the run that the disk stopped is resumed on a larger one. `full` and `small` need
# the right to mount a tmpfs and are left out, saying so, without. Prints one line of JSON for each;
# exit 1 where something else happens.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-8}
RANDOM=${2:-1}
tool=${MERESTONE:-$here/../.build/release/merestone}
help=$("$tool" preprocess --help)
has() { grep -q -- "$1" <<< "$help"; }
work=$(mktemp -d "${TMPDIR:-/tmp}/merestone-faults-XXXXXX")
disk=$work/disk
mkdir -p "$disk"
unmount() { mountpoint -q "$disk" && umount "$disk"; }
trap 'unmount; rm -rf "$work"' EXIT
. "$here/cases.sh"
make_inputs
make_references
failed=0

# What a round may end with, and what it did. Prints nothing when all is well.
judge() { # FAULT CASE-NAME STATUS "ALLOWED STATUSES" GRAPH
  local fault=$1 name=$2 status=$3 allowed=" $4 " graph=$5 problem=
  if [[ $allowed != *" $status "* ]]; then problem="exit $status: $(tail -n 2 "$work/log")"
  elif [ "$status" -ne 0 ] && [ -e "$graph" ]; then problem="exit $status with an output"
  elif [ "$status" -eq 0 ] && ! difference=$(same_graph "$name" "$graph"); then problem=$difference
  elif [ "$status" -ne 0 ] && ! grep -q 'error: ' "$work/log"; then problem="no error message"
  fi
  ends[$status]=$((${ends[$status]:-0} + 1))
  [ -n "$problem" ] || return 0
  echo "$fault, $name: $problem" >&2
  failed=$((failed + 1))
}

report() {
  local status text=
  for status in "${!ends[@]}"; do text+="${text:+, }\"exit $status\": ${ends[$status]}"; done
  printf '{"bench": "faults", "fault": "%s", "ends": {%s}, "failures": %d}\n' "$1" "$text" $failed
  total=$((${total:-0} + failed)) failed=0
}

temporary_flag() { ! has --temporary || echo "--temporary $1"; }

# Bytes that a case needs at most on the disk: its graph, its input twice, and some room.
size_of() { # CASE NAME, in MiB
  local bytes
  bytes=$(du -sm "$work/reference/$1" | cut -f1)
  echo $((3 * bytes + 120))
}

disk_fault() { # full | small
  local fault=$1 case name mib status
  declare -A ends=()
  for ((round = 0; round < rounds; round++)); do
    case=${cases[$((round % ${#cases[@]}))]} name=${case%%|*}
    mib=$(size_of "$name")
    [ "$fault" = full ] || mib=$((1 + mib * (RANDOM % 50) / 1000))
    mount -t tmpfs -o "size=${mib}m" tmpfs "$disk" || exit 1
    mkdir "$disk/t"
    start "$case" "$disk/graph" $(temporary_flag "$disk/t")
    if [ "$fault" = full ]; then
      sleep "$(moment_of "$name")"
      dd if=/dev/zero of="$disk/filler" bs=1M status=none 2> /dev/null
    fi
    wait $pid
    status=$?
    local allowed="74 64 0"
    [ "$fault" = small ] || allowed="74 0"
    judge "$fault" "$name" $status "$allowed" "$disk/graph"
    if [ "$fault" = full ] && [ $status -eq 74 ]; then
      rm -f "$disk/filler"
      if has --resume; then
        preprocess "$case" "$disk/graph" $(temporary_flag "$disk/t") --resume
        judge "$fault, resumed" "$name" $? 0 "$disk/graph"
      fi
    fi
    unmount
  done
  report "$fault"
}

gone() {
  local case name
  declare -A ends=()
  for ((round = 0; round < rounds; round++)); do
    case=${cases[$((round % ${#cases[@]}))]} name=${case%%|*}
    rm -rf "$work/t" "$work/graph" && mkdir "$work/t"
    start "$case" "$work/graph" --temporary "$work/t"
    sleep "$(moment_of "$name")"
    rm -rf "$work/t"
    wait $pid
    judge gone "$name" $? "74 0" "$work/graph"
    rm -rf "$work/graph" "$work/graph".*
  done
  report gone
}

changed() { # grown | shrunk
  local fault=$1 case name file
  declare -A ends=()
  for ((round = 0; round < rounds; round++)); do
    case=${cases[$((round % ${#cases[@]}))]} name=${case%%|*}
    file=${case#*|} file=$work/raw/${file%% *}
    [ -f "$file" ] || file=$file/edges.tsv
    cp -p "$file" "$work/kept"
    rm -rf "$work/graph"
    start "$case" "$work/graph"
    sleep 0.2 # an input that changes before it is opened is just another input
    sleep "$(moment_of "$name")"
    if [ "$fault" = grown ]; then head -c 4096 "$file" > "$work/more" && cat "$work/more" >> "$file"
    else truncate -s $(($(stat -c %s "$file") * 3 / 4)) "$file"; fi
    wait $pid
    judge "$fault" "$name" $? "65 74 0" "$work/graph"
    cp -p "$work/kept" "$file"
    rm -rf "$work/graph" "$work/graph".*
  done
  report "$fault"
}

if mount -t tmpfs -o size=1m tmpfs "$disk" 2> /dev/null; then
  unmount
  disk_fault full
  disk_fault small
else
  echo "faults.sh: cannot mount a tmpfs here; the full disk is left out" >&2
fi
if has --temporary; then gone; else echo "faults.sh: no --temporary; left out" >&2; fi
changed grown
changed shrunk
[ "$total" -eq 0 ]
