#!/usr/bin/env bash
# Runs a command and says how much memory it took at most:
#
#   memory.sh [--data BYTES] [--cgroup BYTES] [--interval MS] COMMAND [ARGUMENT ...]
#
# The figure is the highest sum of proportional set sizes over the command's processes, sampled
# every 5 ms, as one line of JSON on standard error. --data runs it under RLIMIT_DATA, so that an
# allocation beyond BYTES fails; --cgroup in a memory control group of its own below the present
# one, where page cache counts as well. A machine that does not let groups be made says so and the
# command runs without. Exits as the command does.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data= group_limit= interval=5
while [ $# -gt 0 ]; do
  case $1 in
    --data) data=$(numfmt --from=auto "${2%B}") && shift 2 ;;
    --cgroup) group_limit=$(numfmt --from=auto "${2%B}") && shift 2 ;;
    --interval) interval=$2 && shift 2 ;;
    --*) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 64; }

sampler=$here/results/peak_pss
mkdir -p "$here/results"
[ "$sampler" -nt "$here/peak_pss.c" ] || cc -O2 -o "$sampler" "$here/peak_pss.c"

# Makes a memory group below the one that this shell is in, and prints its folder.
make_group() {
  local own folder
  if own=$(grep -m1 ':memory:' /proc/self/cgroup); then # version 1
    folder=/sys/fs/cgroup/memory${own#*:memory:}/merestone-$$
    mkdir "$folder" 2> /dev/null && echo "$1" > "$folder/memory.limit_in_bytes" && echo "$folder"
  elif own=$(grep -m1 '^0::' /proc/self/cgroup); then # version 2
    folder=/sys/fs/cgroup${own#0::}/merestone-$$
    mkdir "$folder" 2> /dev/null || return 1
    if [ -w "$folder/memory.max" ]; then echo "$1" > "$folder/memory.max" && echo "$folder"
    else rmdir "$folder" && return 1; fi
  else
    return 1
  fi
}

group=
if [ -n "$group_limit" ]; then
  group=$(make_group "$group_limit") ||
    { group=; echo "memory.sh: no control group can be made here; running without" >&2; }
fi
command=("$@")
[ -z "$data" ] || command=(prlimit "--data=$data" "${command[@]}")
[ -z "$group" ] || command=(sh -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$group" "${command[@]}")
status=0
"$sampler" -i "$interval" "${command[@]}" || status=$?
if [ -n "$group" ]; then
  for name in memory.peak memory.max_usage_in_bytes; do
    [ ! -r "$group/$name" ] || echo "{\"groupPeakBytes\": $(cat "$group/$name")}" >&2
  done
  rmdir "$group"
fi
exit "$status"
