"""Child processes: bound to processors, and ended when this program ends."""

import ctypes
import os
import signal
import subprocess


class Problem(Exception):
    """What keeps the comparison from being made, in words for whoever asked for it."""


# By Linux's header prctl.h: sends a signal to a process when the one that started it is gone.
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# Those that were started and not yet waited for.
running = set()


def start(command, processors=None, **options):
    """Starts a process, in a process group of its own: then a Ctrl-C in the terminal reaches this
    program alone, which ends the others. If this program is killed, the system ends them.

    `processors` are those that it may use."""

    def prepare():
        os.setpgid(0, 0)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if processors is not None:
            os.sched_setaffinity(0, processors)

    process = subprocess.Popen(
        [str(word) for word in command], stdin=options.pop("stdin", subprocess.DEVNULL),
        preexec_fn=prepare, **options)
    running.add(process)
    return process


def finish(process):
    """Waits for a process; returns its exit status."""
    status = process.wait()
    running.discard(process)
    return status


def end(process):
    """Kills a process and those it has started, and waits for it."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    finish(process)


def interrupt(process):
    """Ends a process as Ctrl-C does, so that it can end those it has started in turn; kills it
    where that takes long."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
    end(process)


def end_all():
    for process in list(running):
        end(process)


def run(command, **options):
    """Runs a command to its end; returns its exit status."""
    process = start(command, **options)
    try:
        return finish(process)
    except BaseException:
        interrupt(process)
        raise


def output(command, **options):
    """What a command prints, and None where it fails."""
    process = start(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options)
    try:
        text, _ = process.communicate()
    except BaseException:
        end(process)
        raise
    return text if finish(process) == 0 else None


def last_line(path, default="it said nothing"):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else default
