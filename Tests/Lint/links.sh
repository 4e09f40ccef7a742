#!/usr/bin/env bash
# Refuses relative links in Markdown that lead to no file.
#
#   Tests/Lint/links.sh [FILE or FOLDER…]    (by default README.md, Sources and Tests)
#
# Code is left out, and so are links to addresses and to headings. Links of the documentation
# (<doc:…>) are checked by "make docs".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
(($#)) || set -- README.md Sources Tests

# A line each: file, line, target.
links=$(find "$@" -name '.?*' -prune -o -name '*.md' -print0 | sort -z | xargs -0 -r awk '
  function link(target) {
    sub(/^ +/, "", target)
    # Without a title, pointed brackets and the heading.
    if (target ~ /^</) { sub(/^</, "", target); sub(/>.*/, "", target) }
    else sub(/[ \t].*/, "", target)
    sub(/#.*/, "", target)
    if (target != "" && target !~ /^[A-Za-z][A-Za-z0-9+.-]*:/)
      print FILENAME "\t" FNR "\t" target
  }
  FNR == 1 { isCode = 0 }
  /^ *(```|~~~)/ { isCode = !isCode }
  isCode { next }
  {
    text = $0
    gsub(/``[^`]*``|`[^`]*`/, "", text)
    # [text]: target
    if (text !~ /^ *\[\^/ && match(text, /^ *\[[^]]+\]: */)) link(substr(text, RSTART + RLENGTH))
    # [text](target), whose text may have begun on an earlier line
    while (match(text, /\]\([^)]*\)/)) {
      link(substr(text, RSTART + 2, RLENGTH - 3))
      text = substr(text, RSTART + RLENGTH)
    }
  }
')

bad=0
while IFS=$'\t' read -r file line target; do
  if [ -n "$file" ] && ! [ -e "$(dirname "$file")/$target" ]; then
    echo "$file:$line: the link leads to $target, which is not there; correct the link" >&2
    bad=1
  fi
done <<<"$links"
if ((bad)); then
  echo "make lint: the links above are refused" >&2
  exit 1
fi
