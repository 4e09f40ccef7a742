"""Revisions of Quern, and their executables."""

import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from processes import Problem, output, run

ROOT = Path(__file__).resolve().parents[2]
BUILDS = ROOT / ".build-compare"
PRODUCTS = ("quern", "QuernPeer")
# What the executables are made from.
SOURCES = ("Package.swift", "Sources", "Kernels", "Tests/Peers/QuernPeer")


@dataclass(frozen=True)
class Executables:
    """A revision's name for whoever reads, and what was built of it."""

    name: str
    quern: Path
    peer: Path


def git(*arguments):
    """What git says, None where it fails."""
    text = output(["git", "-C", ROOT, *arguments])
    return None if text is None else text.strip()


def is_changed():
    """Whether the sources differ from those of HEAD; new files count."""
    return bool(git("status", "--porcelain", "--", *SOURCES))


def commit(revision):
    # A name that begins with a hyphen would be taken for an option.
    found = None if revision.startswith("-") else git(
        "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not found:
        raise Problem(
            f"{revision}: git knows no such revision; give a commit, a branch or a tag. "
            "(Workloads are chosen with --workloads.)")
    return found


def default_revision():
    """What is there to compare with: HEAD where the sources are changed; else where the branch has
    left main; on main itself, the commit before."""
    if is_changed():
        return "HEAD"
    for branch in "main", "origin/main":
        base = git("merge-base", "HEAD", branch)
        if base and base != git("rev-parse", "HEAD"):
            return base
    if git("rev-parse", "--verify", "--quiet", "HEAD~1") is None:
        raise Problem("HEAD has no parent to compare with; give a revision")
    return "HEAD~1"


def described(revision):
    return git("log", "-1", "--format=%h (%s)", revision)


def build_tree(say):
    """The executables of the tree as it is."""
    build(ROOT, BUILDS / "tree.log", "the tree as it is", say)
    name = described("HEAD")
    return executables(ROOT, name + (", changed" if is_changed() else ""))


def build_commit(revision, say):
    """The executables of a commit, from a copy of its files. Built once: they are kept."""
    hash_ = commit(revision)
    folder = BUILDS / hash_[:12]
    # Another compiler builds other executables.
    compiler = output(["swift", "--version"]) or ""
    stamp = folder / "built-with"
    found = executables(folder, described(hash_))
    is_built = stamp.exists() and stamp.read_text() == compiler
    if not (is_built and found.quern.exists() and found.peer.exists()):
        if not folder.exists():
            export(hash_, folder)
        build(folder, folder.with_suffix(".log"), found.name, say)
        stamp.write_text(compiler)
    return found


def export(hash_, folder):
    """Writes the files of a commit; the folder is there when all of them are."""
    folder.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        archive, files = Path(temporary) / "files.tar", Path(temporary) / "files"
        status = run(["git", "-C", ROOT, "archive", "--output", archive, hash_])
        if status != 0:
            raise Problem(f"git archive {hash_} failed (exit {status})")
        with tarfile.open(archive) as opened:
            opened.extractall(files)
        # The dependencies in the same versions, or they would be compared too.
        resolved = ROOT / "Package.resolved"
        if resolved.exists():
            shutil.copy(resolved, files)
        files.rename(folder)


def executables(folder, name):
    products = folder / ".build" / "release"
    return Executables(name, products / "quern", products / "QuernPeer")


def build(folder, log, name, say):
    """Builds as `make` does."""
    log.parent.mkdir(exist_ok=True)
    say(f"Building {name}; the compiler's messages go to {log.relative_to(ROOT)}")
    with open(log, "w") as file:
        for product in PRODUCTS:
            status = run(
                ["swift", "build", "-c", "release", "--package-path", folder, "--product", product],
                stdout=file, stderr=file)
            if status != 0:
                said = log.read_text(errors="replace").strip().splitlines()[-12:]
                raise Problem("\n  ".join(
                    [f"{name}: swift build --product {product} failed (exit {status}):", *said]))
