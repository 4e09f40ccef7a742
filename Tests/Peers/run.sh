#!/usr/bin/env bash
# Compares Quern with other systems: see README.md beside this file.
#
#   run.sh [speed] [arguments of bench_peers.py]
#   run.sh gradients [arguments of compare_gradients.py]
#   run.sh tensorboard [arguments of check_tensorboard.py]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
environment=$here/.venv

fail() {
  printf 'Tests/Peers/run.sh: %s\n' "$@" >&2
  exit 1
}

what=speed
case ${1-} in
  gradients | speed | tensorboard) what=$1; shift ;;
  -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit ;;
esac

python=${PYTHON:-python3}
command -v "$python" >/dev/null ||
  fail "there is no $python. On Debian: apt-get install python3 python3-venv" \
    "Or name another: PYTHON=/path/to/python3 make peers"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old for the pinned packages: 3.11 or newer is needed." \
    "Name another: PYTHON=/path/to/python3 make peers"

packages=PyTorch
requirements=(-r "$here/requirements.txt")
case $what in
  speed) requirements+=(-r "$here/requirements-speed.txt") ;;
  tensorboard)
    packages=TensorBoard
    requirements=(-r "$here/requirements-tensorboard.txt") ;;
esac

# An environment that was left half made, or whose Python is gone, is made anew.
if ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv or no pip. On Debian: apt-get install python3-venv"
  rm -rf "$environment"
  "$python" -m venv "$environment"
fi

# pip is asked only when what is wanted has changed since it last succeeded.
stamp=$environment/installed-$what
wanted=$(cat "$here"/requirements*.txt)
if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
  echo "Installing $packages and what else $what needs into Tests/Peers/.venv"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    "${requirements[@]}" ||
    fail "pip could not install the packages (its message is above)." \
      "It needs the network, and for PyTorch disk space: 2 GB, or 6 GB where it comes with CUDA."
  printf '%s\n' "$wanted" >"$stamp"
fi

command -v swift >/dev/null ||
  fail "there is no swift in the PATH; install it as https://www.swift.org/install/linux tells."
cd "$root"
# As `make install` builds what people use, and in the same folder.
build=(swift build -c release --scratch-path .build-install)
[[ $(uname -s) = Linux ]] && build+=(--static-swift-stdlib)
"${build[@]}" --product quern
[[ $what = speed ]] && "${build[@]}" --product QuernPeer

case $what in
  gradients) exec "$environment/bin/python" "$here/compare_gradients.py" "$@" ;;
  speed) exec "$environment/bin/python" "$here/bench_peers.py" "$@" ;;
  tensorboard) exec "$environment/bin/python" "$here/check_tensorboard.py" "$@" ;;
esac
