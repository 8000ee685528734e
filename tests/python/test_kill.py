"""A short run of the kill script, and whether its judgement can be trusted.

The long run is `python3 tests/kill/kill.py --kills 200`.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import stand

SCRIPT = stand.REPO / "tests" / "kill" / "kill.py"
KILLS, CONVERSATIONS, SEED = 8, 16, 7131

sys.path.insert(0, str(SCRIPT.parent))

from stream import Seen
from usage import Line, Tokens, Verdict, match


def test_nothing_is_lost_or_doubled_when_the_server_is_killed_under_load() -> None:
    words = ["--kills", str(KILLS), "--conversations", str(CONVERSATIONS), "--seed", str(SEED)]
    done = subprocess.run(
        [sys.executable, "-B", str(SCRIPT), *words], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


def seen(*numbers: int, text: str = "") -> Seen:
    """A client that received events with these numbers."""
    client = Seen()
    for number in numbers:
        client.take(json.dumps({"sequence_number": number, "delta": f"{number}{text}"}))
    return client


@pytest.mark.parametrize(
    ("received", "stored", "lost", "doubled"),
    [
        (seen(0, 1, 2), seen(0, 1, 2), 0, 0),
        (seen(0, 1, 2), seen(0, 1, 2, 3), 0, 0),
        (seen(0, 1, 2), seen(0, 1), 1, 0),
        (seen(0, 1, 2), seen(0, 1, 2, text="x"), 3, 0),
        (seen(0, 2), seen(0, 1, 2), 2, 0),
        (seen(0, 1, 1, 2), seen(0, 1, 2), 0, 1),
    ],
)
def test_events_that_differ_between_two_readings_are_counted(
    received: Seen, stored: Seen, lost: int, doubled: int
) -> None:
    received.compare(stored)
    assert (received.lost, received.doubled) == (lost, doubled)


CALL: Tokens = ("azure", 10, 30)
REPORTED = Line("azure", 10, 30, estimated=False)
CUT = Line("azure", 12, 4, estimated=True)
UNSENT = Line("azure", 12, 0, estimated=True)


@pytest.mark.parametrize(
    ("served", "posted", "lost", "doubled", "unsent"),
    [
        ([CALL], [REPORTED], 0, 0, 0),
        ([CALL, ("azure", 10, 4)], [CUT, REPORTED], 0, 0, 0),
        ([], [UNSENT], 0, 0, 1),
        ([CALL], [], 1, 0, 0),
        ([CALL], [REPORTED, REPORTED], 0, 1, 0),
        ([CALL], [REPORTED, CUT], 0, 1, 0),
        ([CALL], [Line("aws", 10, 30, estimated=False)], 1, 1, 0),
        ([CALL], [Line("azure", 10, 31, estimated=False)], 1, 1, 0),
    ],
)
def test_usage_that_differs_from_what_was_served_is_counted(
    served: list[Tokens], posted: list[Line], lost: int, doubled: int, unsent: int
) -> None:
    verdict = Verdict()
    match("[c0-t1-a1]", served, posted, verdict)
    assert (verdict.lost, verdict.doubled, verdict.unsent) == (lost, doubled, unsent)
