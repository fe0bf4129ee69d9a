"""The step entries of a run, for whoever asks while it runs or later. Only with STEP_ENTRIES=1: a run has thousands of steps.

They are written to a file that has no name: a pipe would hold the run up where nobody asks.
"""

import json
import os
import tempfile
import threading
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import count

WANTED = os.environ.get("STEP_ENTRIES") == "1"
# A variable that no source has: the routine that a step is in goes with its variables.
ROUTINE = "__routine"
TYPES = {
    "assign": "STEP_ASSIGN",
    "call": "STEP_CALL",
    "switch": "STEP_SWITCH",
    "for": "STEP_FOR",
    "parallel": "STEP_PARALLEL_BRANCH",
    "try": "STEP_TRY_RETRY_EXCEPT",
    "return": "STEP_RETURN",
    "raise": "STEP_RAISE",
}

numbers = count(1)
# The step that this thread is in: the engine takes what is inside a step for a step of the same name.
inside = threading.local()
file = None


def create():
    return tempfile.TemporaryFile(buffering=0) if WANTED else None


def begin(of_run):
    """In the run's own process."""
    global file
    file = of_run


def now():
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def tell(**fields):
    os.write(file.fileno(), json.dumps(fields).encode() + b"\n")


@contextmanager
def entry(step_id, config, context, leaving):
    """@param leaving what is thrown where a step returns, and nothing failed"""
    around = getattr(inside, "step", None)
    if around == step_id:
        yield
        return
    number, state, inside.step = str(next(numbers)), "STATE_FAILED", step_id
    kind = next((name for key, name in TYPES.items() if key in config), None)
    tell(
        entryId=number,
        routine=context.get(ROUTINE, "main"),
        step=step_id,
        state="STATE_IN_PROGRESS",
        createTime=now(),
        **({"stepType": kind} if kind else {}),
    )
    try:
        yield
        state = "STATE_SUCCEEDED"
    except leaving:
        state = "STATE_SUCCEEDED"
        raise
    finally:
        inside.step = around
        tell(entryId=number, state=state, updateTime=now())


def read(of_run, parent):
    """In the order of their numbers. The run's process writes at the place that both have: here nothing moves it."""
    if of_run is None:
        return []
    entries = {}
    size = os.fstat(of_run.fileno()).st_size
    for line in os.pread(of_run.fileno(), size, 0).splitlines():
        told = json.loads(line)
        number = told["entryId"]
        entries[number] = {"name": f"{parent}/stepEntries/{number}", **entries.get(number, {}), **told}
    return list(entries.values())
