#!/bin/sh
# Runs each spec file in an interpreter of its own, as many at a time as there are processors, or as JOBS says. So a file cannot
# lean on what another one left behind, and memory stays small. The failures of all files are printed at the end; the last line
# adds up the counts.
# usage: RUNNER='lua5.4' suite.sh [options of busted] FILE|FOLDER...
set -u
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export work

options=
for word in "$@"; do # options first, then paths
  shift
  case $word in -*) options="$options '$word'" ;; *) set -- "$@" "$word" ;; esac
done
export options

# One file. What was printed up to its line "ok" or "FAILED" is shown at once, the rest is kept for the end. An interpreter that
# ended without counts crashed: that counts as a failure.
cat >"$work/one" <<'ONE'
file=$1 out=$(mktemp "$work/out.XXXXXX")
eval "$RUNNER spec/support/run.lua $options '$file'" >"$out" 2>&1
status=$?
counts=$(tail -n 1 "$out" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$')
if [ -n "$counts" ]; then
  sed '$d' "$out" >"$out.text"
  sed '/^\(ok\|FAILED\) /q' "$out.text"
  awk 'told && (NF || more++) { print } /^(ok|FAILED) / { told = 1 }' "$out.text" >"$out.rest"
else
  counts='0 passed, 1 failed, 0 skipped'
  echo "FAILED $file: the interpreter ended with status $status"
  { echo; echo "crashed: $file"; cat "$out"; } >"$out.rest"
fi
echo "$counts" >"$out.counts"
ONE

find "$@" -type f -name '*_spec.lua' | LC_ALL=C sort -u | xargs -n 1 -P "$jobs" sh "$work/one"
find "$work" -name 'out.*.rest' -size +0 -exec cat {} +
find "$work" -name 'out.*.counts' -exec cat {} + | awk '
  { passed += $1; failed += $3; skipped += $5 }
  END {
    if (passed + failed == 0) print "\nno test ran"
    printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit passed == 0 || failed > 0
  }'
