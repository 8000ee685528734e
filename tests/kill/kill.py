#!/usr/bin/env python3
"""Kills `abide serve` again and again under load, and counts what was lost.

    python3 tests/kill/kill.py --kills 200 --conversations 16 --seed 7131

Clients hold streamed conversations while the server is killed with SIGKILL at random moments and started again.
Every event a client received must be readable again, letter by letter and once; every interrupted response must end
and be remembered; every call the fake clouds served must be in the ledger exactly once. Prints the counts, and ends
with 1 when anything was lost, doubled, forgotten or unreadable.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import stand
from talk import Caller, Talker, Tally
from usage import Verdict, compare

TOKEN_MILLISECONDS = 8
# Between a start and the next kill: most kills fall on a busy server, some on one that is still starting.
BUSY_SECONDS = (0.05, 1.2)
STARTING_SECONDS = (0.0, 0.05)
STARTING_SHARE = 0.1
PROBLEMS_SHOWN_MAX = 8
FINISH_SECONDS_MAX = 90.0
IDLE_SECONDS_MAX = 60.0
CALLERS = 2


class Killer:
    """Ends and starts the server, and times how long it takes to come back."""

    def __init__(self, abide: stand.Abide, tally: Tally, seed: int) -> None:
        self.abide = abide
        self.tally = tally
        self.random = Random(seed)
        self.ready_seconds: list[float] = []
        self.under_load = 0
        self.unreadable = 0

    def kill(self, times: int) -> None:
        pause = self.random.uniform(*BUSY_SECONDS)
        for left in range(times, 0, -1):
            time.sleep(pause)
            self.under_load += self.tally.streaming > 0
            self.abide.kill()
            began = self.abide.spawn()
            early = left > 1 and self.random.random() < STARTING_SHARE
            if not early:
                self.come_back(began)
            pause = self.random.uniform(*(STARTING_SECONDS if early else BUSY_SECONDS))

    def come_back(self, began: float) -> None:
        try:
            self.abide.wait_ready()
        except AssertionError as error:
            self.unreadable += 1
            self.tally.problem(str(error))
            raise
        self.ready_seconds.append(time.monotonic() - began)


def main() -> int:
    asked = arguments()
    with contextlib.ExitStack() as stack:
        folder: Path = asked.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="abide-kill-")))
        options = ["--token-delay-ms", str(TOKEN_MILLISECONDS), "--keep-requests"]
        abide, clouds = stack.enter_context(stand.house(folder, *options))
        return run(asked, abide, clouds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="how often the server is killed")
    parser.add_argument("--conversations", type=int, default=16, help="clients that talk at once")
    parser.add_argument(
        "--seed", type=int, default=time.time_ns() % 10**6, help="chooses the moments and texts"
    )
    parser.add_argument("--folder", type=Path, help="an empty folder that keeps the store and the logs")
    return parser.parse_args()


def run(asked: argparse.Namespace, abide: stand.Abide, clouds: stand.Clouds) -> int:
    key = abide.make_key("killed")
    abide.start()
    tally = Tally()
    kinds = [Talker] * asked.conversations + [Caller] * CALLERS
    talkers = [kind(number, abide, key, asked.seed, tally) for number, kind in enumerate(kinds)]
    for talker in talkers:
        talker.start()
    killer = Killer(abide, tally, asked.seed)
    killer.kill(asked.kills)
    finish(talkers, tally)
    if clouds.process.poll() is not None:
        tally.problem("the fake clouds ended before the clients did")
    wait_until_idle(abide)
    verdict = compare(abide, clouds, key)
    if abide.stop() != 0 or not is_whole(abide.store / "abide.db"):
        killer.unreadable += 1
    return report(asked, tally, killer, verdict)


def finish(talkers: list[Talker], tally: Tally) -> None:
    """Lets every client end its turn. One that cannot is stuck on a response that never ends."""
    until = time.monotonic() + FINISH_SECONDS_MAX
    for talker in talkers:
        talker.over.set()
    for talker in talkers:
        talker.join(max(0.0, until - time.monotonic()))
        if talker.is_alive():
            tally.problem(f"{talker.name} is stuck: {talker.doing}")


def wait_until_idle(abide: stand.Abide) -> None:
    """Runs that lost their client before it knew of them go on to their end."""
    until = time.monotonic() + IDLE_SECONDS_MAX
    while active_runs(abide) > 0:
        assert time.monotonic() < until, "runs go on without an end"
        time.sleep(0.1)
    # The clouds write a call down when its connection closes, just after the last byte.
    time.sleep(0.3)


def active_runs(abide: stand.Abide) -> int:
    lines = abide.text_of("/metrics").splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("abide_runs_active"))


def is_whole(file: Path) -> bool:
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        database.close()


def report(asked: argparse.Namespace, tally: Tally, killer: Killer, verdict: Verdict) -> int:
    ready = sorted(seconds * 1_000 for seconds in killer.ready_seconds)
    problems = tally.problems + verdict.problems
    wrong = {
        "lost events": tally.lost,
        "doubled events": tally.doubled,
        "forgotten turns": tally.forgotten,
        "lost usage": verdict.lost,
        "doubled usage": verdict.doubled,
        "unreadable stores": killer.unreadable,
        "other problems": len(problems),
    }
    rows = {
        "seed": asked.seed,
        "conversations at once": asked.conversations,
        "kills": asked.kills,
        "of them under load": killer.under_load,
        "turns": tally.turns,
        "ended completed": tally.completed,
        "ended incomplete": tally.incomplete,
        "streams cut and taken up": tally.cut,
        "requests sent again": tally.retried,
        "events received": tally.events,
        "calls the clouds served": verdict.calls,
        "usage lines": verdict.lines,
        "of them reported": verdict.reported,
        "of them estimated": verdict.estimated,
        "started, never sent": verdict.unsent,
        **wrong,
        "restart to ready, p50 ms": f"{median(ready):.0f}",
        "restart to ready, max ms": f"{ready[-1]:.0f}",
    }
    for name, value in rows.items():
        print(f"{name:<28}{value:>12}")
    for problem in problems[:PROBLEMS_SHOWN_MAX]:
        print(f"problem: {problem}")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
