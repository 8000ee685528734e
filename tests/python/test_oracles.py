"""What Abide works out, beside a second implementation that shares no code with it."""

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(os.environ["ABIDE_REPO"])
BOOKS = 600
SEED = 1


def test_verdicts_agree_with_a_second_implementation_on_random_books() -> None:
    command = [
        sys.executable,
        str(REPO / "crates/agreement/oracle/agree.py"),
        os.environ["ABIDE_ASK"],
        "--books",
        str(BOOKS),
        "--seed",
        str(SEED),
        "--example",
        str(REPO / "examples/agreements/openai-clouds"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{BOOKS} random books from seed {SEED}" in ran.stdout


SERIES = 3_000


def test_money_agrees_with_a_second_implementation_on_random_series() -> None:
    command = [
        sys.executable,
        str(REPO / "crates/ledger/oracle/money.py"),
        os.environ["ABIDE_RECKON"],
        "--series",
        str(SERIES),
        "--seed",
        str(SEED),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{SERIES} random money series from seed {SEED}" in ran.stdout


def test_z3_finds_no_collision_that_the_engine_missed() -> None:
    books = 60
    command = [
        sys.executable,
        str(REPO / "crates/agreement/oracle/collide.py"),
        os.environ["ABIDE_ASK"],
        "--books",
        str(books),
        "--seed",
        str(SEED),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{books} random books from seed {SEED}" in ran.stdout


def test_forecasts_agree_with_a_second_implementation_on_random_books() -> None:
    books, futures = 60, 8
    command = [
        sys.executable,
        str(REPO / "crates/ledger/oracle/forecast.py"),
        os.environ["ABIDE_BIN"],
        "--books",
        str(books),
        "--futures",
        str(futures),
        "--seed",
        str(SEED),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{books} random forecasts from seed {SEED}" in ran.stdout
