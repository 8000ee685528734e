"""Compares what the clouds served with what the ledger holds, call by call.

Both sides are told apart by the mark that the client put into its text: the clouds keep the requests they got, and
a line names the run, whose input can be read. Within one mark a reported line must equal one served call to the
token; an estimated line stands for one call that was cut, and only a call that never reached a cloud may leave an
estimated line without output. Calls that are not kept share one mark: they are told apart by their tokens alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import stand
from talk import UNKEPT_MARK

MARK = re.compile(r"\[c\d+-t\d+-a\d+\]")

Tokens = tuple[str, int, int]


@dataclass
class Verdict:
    """How calls and lines fit together."""

    calls: int = 0
    lines: int = 0
    reported: int = 0
    estimated: int = 0
    unsent: int = 0
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Line:
    """One line of the ledger."""

    cloud: str
    input: int
    output: int
    estimated: bool

    @property
    def tokens(self) -> Tokens:
        return self.cloud, self.input, self.output


def compare(abide: stand.Abide, clouds: stand.Clouds, key: str) -> Verdict:
    verdict = Verdict()
    served = calls_by_mark(clouds, verdict)
    posted = lines_by_mark(abide, key, verdict)
    for mark in sorted(served.keys() | posted.keys()):
        match(mark, served[mark], posted[mark], verdict)
    return verdict


def calls_by_mark(clouds: stand.Clouds, verdict: Verdict) -> defaultdict[str, list[Tokens]]:
    """Every call that a cloud began to serve."""
    found: defaultdict[str, list[Tokens]] = defaultdict(list)
    for call in clouds.log():
        tokens = call["cloud"], call["input_tokens"], call["output_tokens"]
        found[last_mark(json.dumps(call["request"]))].append(tokens)
        verdict.calls += 1
        if call["outcome"].startswith("rejected"):
            verdict.problems.append(f"{call['cloud']} refused a request: {call['outcome']}")
    return found


def lines_by_mark(abide: stand.Abide, key: str, verdict: Verdict) -> defaultdict[str, list[Line]]:
    exported = abide.run("ledger", "export", "--format", "jsonl", "--detail", "call").stdout
    found: defaultdict[str, list[Line]] = defaultdict(list)
    once: Counter[tuple[str, int]] = Counter()
    marks: dict[str, str] = {}
    for entry in map(json.loads, exported.splitlines()):
        if entry["kind"] != "call":
            continue
        run = entry["run"]
        if run not in marks:
            status, items = abide.ask("GET", f"/v1/responses/{run}/input_items", None, key)
            marks[run] = last_mark(json.dumps(items)) if status == 200 else UNKEPT_MARK
        once[conversation_of(run), entry["call"]] += 1
        [income] = [posting for posting in entry["postings"] if "input_tokens" in posting]
        estimated = income["estimated_calls"] > 0
        line = Line(entry["cloud"], income["input_tokens"], income["output_tokens"], estimated)
        found[marks[run]].append(line)
    verdict.lines = once.total()
    verdict.doubled += once.total() - len(once)
    return found


def conversation_of(run: str) -> str:
    return run.removeprefix("resp_")[:32]


def last_mark(text: str) -> str:
    marks = MARK.findall(text)
    return marks[-1] if marks else UNKEPT_MARK


def match(mark: str, served: list[Tokens], posted: list[Line], verdict: Verdict) -> None:
    open_calls = Counter(served)
    estimates = [line for line in posted if line.estimated]
    reported = [line for line in posted if not line.estimated]
    verdict.reported += len(reported)
    verdict.estimated += len(estimates)
    for line in reported:
        if open_calls[line.tokens] > 0:
            open_calls[line.tokens] -= 1
        else:
            verdict.doubled += 1
            verdict.problems.append(f"{mark}: the line {line} equals no call of {served}")
    left = open_calls.total()
    lost = max(0, left - len(estimates))
    surplus = max(0, len(estimates) - left)
    unsent = min(surplus, sum(line.output == 0 for line in estimates))
    verdict.lost += lost
    verdict.unsent += unsent
    verdict.doubled += surplus - unsent
    if lost or surplus > unsent:
        verdict.problems.append(f"{mark}: calls {served}, lines {posted}")
