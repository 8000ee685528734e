"""The first minute of a new user: `abide demo`, and each line it offers, pasted into a shell."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stand

OFFER = re.compile(r"^\d\. (?P<title>.+)\n(?P<line>.+)$", re.MULTILINE)
# How the demo ends what it prints.
LAST_LINE = "Ctrl-C ends it."


@pytest.fixture(scope="module")
def offers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running demo's lines by the first word of their titles."""
    folder = tmp_path_factory.mktemp("demo")
    command = [str(stand.program("abide")), "demo", "--port", "0", "--folder", str(folder / "demo")]
    with (folder / "log").open("w") as log:
        demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder)
    assert demo.stdout is not None
    shown = ""
    for line in demo.stdout:
        shown += line
        if line.startswith(LAST_LINE):
            break
    yield {
        found["title"].split()[0] + str(place): found["line"]
        for place, found in enumerate(OFFER.finditer(shown))
    }
    demo.send_signal(signal.SIGINT)
    assert demo.wait(timeout=stand.STOP_SECONDS_MAX) == 0


def paste(line: str) -> tuple[int, str]:
    """What a shell makes of the line, with the SDK installed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_four_lines_are_offered(offers: dict[str, str]) -> None:
    assert list(offers) == ["Chat0", "Chat1", "Ask2", "Print3"]


def test_curl_gets_an_answer(offers: dict[str, str]) -> None:
    code, shown = paste(offers["Chat0"])
    assert code == 0 and "1 2 3 4 5" in shown, shown


def test_the_sdk_gets_an_answer_that_remembers(offers: dict[str, str]) -> None:
    code, shown = paste(offers["Chat1"])
    assert code == 0 and "Your room is 12." in shown, shown


def test_the_agreement_answers(offers: dict[str, str]) -> None:
    code, shown = paste(offers["Ask2"])
    assert code == 3 and "contested" in shown and "frontier-is-api" in shown, shown


def test_the_statement_lists_what_was_used(offers: dict[str, str]) -> None:
    code, shown = paste(offers["Print3"])
    assert code == 0 and "apr27.revenue-share" in shown and "microsoft" in shown, shown
