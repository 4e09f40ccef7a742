"""Running the `quern` command."""

import json
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where `run.sh` builds, as `make install` does.
PRODUCTS = ROOT / ".build-install" / "release"
COMMAND = PRODUCTS / "quern"


class QuernError(Exception):
    """What the command said when it failed."""


def run(*arguments):
    if not COMMAND.exists():
        raise QuernError(f"{COMMAND} is not there; Tests/Peers/run.sh builds it")
    result = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise QuernError(f"quern {' '.join(map(str, arguments))}: exit {result.returncode}: {said}")
    return result.stdout


def models():
    """The built-in models: a dictionary each, with name, inputShape, parameters."""
    return json.loads(run("models", "--json"))


def targets():
    """The instruction sets that this processor has, as `--target` names them."""
    found = ["portable"]
    if platform.machine() in ("x86_64", "AMD64"):
        flags = set()
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                flags = set(line.split(":", 1)[1].split())
                break
        if {"avx2", "fma"} <= flags:
            found.insert(0, "avx2")
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"} <= flags:
            found.insert(0, "avx512")
    return found
