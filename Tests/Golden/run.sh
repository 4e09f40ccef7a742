#!/usr/bin/env bash
# Compares the code that is generated with the committed list of hashes.
#
#   run.sh            compare, and name what differs
#   run.sh --update   write the list anew
#   run.sh show NAME  print the C of one name
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tool=${QUERN_GOLDEN:-$here/../../.build/release/QuernGolden}
list=$here/golden.txt

case ${1-} in
  '' | --update) ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
  *) exec "$tool" "$@" ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Two processes whose sets and dictionaries have different orders must make the same code.
SWIFT_DETERMINISTIC_HASHING=1 "$tool" list >"$scratch/first" &
first=$!
env -u SWIFT_DETERMINISTIC_HASHING "$tool" list >"$scratch/second"
wait "$first"

# Prints the names of lines that differ, at most 20.
names() {
  diff "$1" "$2" | sed -nE 's/^[<>] ([0-9a-f]{16} ){3}/  /p' | sort -u >"$scratch/names" || true
  head -n 20 "$scratch/names" >&2
  local count
  count=$(wc -l <"$scratch/names")
  if ((count > 20)); then echo "  … and $((count - 20)) more" >&2; fi
}

if ! cmp -s "$scratch/first" "$scratch/second"; then
  echo "make golden: the code depends on the order of a set or a dictionary, in:" >&2
  names "$scratch/first" "$scratch/second"
  exit 1
fi
if [[ ${1-} = --update ]]; then
  cp "$scratch/first" "$list"
  echo "make golden: wrote $(wc -l <"$list") lines to Tests/Golden/golden.txt"
  exit
fi
if ! cmp -s "$list" "$scratch/first"; then
  echo "make golden: other code than Tests/Golden/golden.txt says, for:" >&2
  names "$list" "$scratch/first"
  echo "To see it: make golden ARGS=\"show 'NAME'\", here and at the last good revision, and diff." >&2
  echo "If it is meant to differ: make golden ARGS=--update, and say why in the commit." >&2
  exit 1
fi
echo "make golden: all $(wc -l <"$list") are as they were"
