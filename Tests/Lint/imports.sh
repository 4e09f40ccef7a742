#!/usr/bin/env bash
# Checks that each target imports exactly the modules that it declares in Package.swift.
#
# Swift itself accepts an import of what only another target declares, as long as it has been built
# by then, and says nothing of dependencies that are no longer imported.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Lines "target NAME TYPE", "path NAME PATH" and "dependency NAME MODULE". Only Swift's targets are
# given a path: those of C include headers.
described=$(swift package describe --type text </dev/null | awk '
  /^Targets:$/ { inside = 1 }
  !inside { next }
  /^    [A-Z]/ { isDependency = /^    (Target|Product) dependencies:$/ }
  /^    Name: / { name = $2 }
  /^    Type: / { print "target", name, $2 }
  /^    Module type: / { isSwift = $3 == "SwiftTarget" }
  /^    Path: / && isSwift { print "path", name, substr($0, 11) }
  /^        / && isDependency { print "dependency", name, $1 }')

# Lines "import NAME MODULE FILE:LINE".
imports=$(
  form='^ *(@[A-Za-z_]+ +)*((public|package|internal|fileprivate|private) +)?import +'
  kind='((struct|class|enum|protocol|typealias|func|var|let) +)?'
  while read -r _ name path; do
    { grep -rnoE --include='*.swift' "$form$kind[A-Za-z_0-9]+" "$path" || true; } |
      sed -nE "s#^([^:]+:[0-9]+):.* ([A-Za-z_0-9]+)\$#import $name \2 \1#p"
  done < <(grep '^path ' <<<"$described")
)

printf '%s\n' "$described" "$imports" | awk '
  $1 == "target" { type[$2] = $3; isKnown[$2] = 1; targets++ }
  $1 == "path" { isSwift[$2] = 1 }
  $1 == "dependency" { isDeclared[$2, $3] = 1; isKnown[$3] = 1; owner[++count] = $2; module[count] = $3 }
  $1 == "import" {
    imports++
    # One file a module is enough to find the others.
    if (isImported[$2, $3]++) next
    # Modules of Swift and of the system are neither targets nor declared by anyone.
    if (!isKnown[$3] || isDeclared[$2, $3]) next
    print $4 ": imports " $3 ", which Package.swift does not declare for " $2 \
      "; add it to the dependencies of " $2 ", or remove the import"
    faults++
  }
  END {
    for (i = 1; i <= count; i++) {
      # Tests run a command, and do not import it.
      if (!isSwift[owner[i]] || isImported[owner[i], module[i]]) continue
      if (type[module[i]] == "executable") continue
      print "Package.swift: " owner[i] " declares " module[i] \
        ", which none of its files imports; remove it from the dependencies"
      faults++
    }
    if (!targets || !imports) {
      print "imports.sh: found " targets + 0 " targets with " imports + 0 \
        " imports; is the output of swift package describe of another form?"
      faults++
    }
    exit faults > 0
  }' >&2
