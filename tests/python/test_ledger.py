"""A thousand calls, and whether the books say what the clouds saw: to the cent, in every form."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import stand
from conftest import House

CALLS = 1_000
THREADS = 16
ZONE = ZoneInfo("America/Los_Angeles")
PRODUCTS = {"azure": "openai/api/chat", "aws": "openai/api/responses"}
SHARE = Fraction(20, 100)


@pytest.fixture(scope="module")
def busy_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house after its thousand calls."""
    with stand.house(tmp_path_factory.mktemp("ledger")) as (abide, clouds):
        house = House(abide, clouds, abide.make_key())
        abide.start()
        make_calls(house)
        yield house


def make_calls(house: House) -> None:
    """Chat completions of many lengths, two of three through azure, every fourth streamed."""
    client = house.client()

    def call(number: int) -> None:
        model = "bedrock" if number % 3 == 0 else "chat"
        messages = [{"role": "user", "content": f"count to {number % 37 + 1} {'please ' * (number % 11)}"}]
        if number % 4 == 0:
            for _ in client.chat.completions.create(model=model, messages=messages, stream=True):
                pass
        else:
            client.chat.completions.create(model=model, messages=messages)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(call, range(CALLS)))


def period() -> str:
    """The quarter that holds today, as the book's zone has it."""
    today = datetime.now(ZONE).date()
    return f"{today.year}-Q{(today.month + 2) // 3}"


def price_of(product: str) -> dict[str, Fraction]:
    """What a token of a product costs today, by the longest path and then the latest day that holds."""
    book = tomllib.loads((stand.BOOK / "prices.toml").read_text())
    today = datetime.now(ZONE).date()

    def holds(entry: dict) -> bool:
        covers = product == entry["product"] or product.startswith(entry["product"] + "/")
        return covers and entry["since"] <= today

    def rank(entry: dict) -> tuple[int, date]:
        return len(entry["product"]), entry["since"]

    best = max(filter(holds, book["price"]), key=rank)
    per_token = {name: Fraction(best[name].split()[0]) / 1_000_000 for name in ("input", "output")}
    return per_token


def charge(call: stand.Json) -> Fraction:
    price = price_of(PRODUCTS[call["cloud"]])
    return call["input_tokens"] * price["input"] + call["output_tokens"] * price["output"]


def in_cents(amount: Fraction) -> Fraction:
    """Half to even."""
    return Fraction(round(amount * 100), 100)


def statement(house: House, party: str) -> stand.Json:
    shown = house.abide.run("ledger", "statement", "--party", party, "--period", period(), "--json")
    return json.loads(shown.stdout)


def test_the_clouds_saw_a_thousand_calls(busy_house: House) -> None:
    log = busy_house.clouds.log()
    assert len(log) == CALLS
    assert {call["outcome"] for call in log} == {"completed"} and all(call["usage_sent"] for call in log)


def test_the_statement_equals_the_sum_of_the_calls_to_the_cent(busy_house: House) -> None:
    log = busy_house.clouds.log()
    [total] = statement(busy_house, "openai")["totals"]
    assert total["calls"] == CALLS and total["estimated_calls"] == 0
    assert total["input_tokens"] == sum(call["input_tokens"] for call in log)
    assert total["output_tokens"] == sum(call["output_tokens"] for call in log)
    exact = sum(map(charge, log), Fraction())
    assert Fraction(total["revenue"]) == exact
    assert Fraction(total["revenue_rounded"]) == in_cents(exact)


def test_each_product_and_channel_equals_its_own_calls(busy_house: House) -> None:
    rows = {row["channel"]: row for row in statement(busy_house, "openai")["revenue"]}
    for cloud, product in PRODUCTS.items():
        calls = [call for call in busy_house.clouds.log() if call["cloud"] == cloud]
        assert rows[cloud]["product"] == product and rows[cloud]["calls"] == len(calls)
        assert Fraction(rows[cloud]["revenue"]) == sum(map(charge, calls), Fraction())


def test_the_share_is_a_fifth_of_all_that_was_sold_wherever_it_was_served(busy_house: House) -> None:
    exact = SHARE * sum(map(charge, busy_house.clouds.log()), Fraction())
    [share] = [
        one for one in statement(busy_house, "microsoft")["shares"] if one["clause"] == "apr27.revenue-share"
    ]
    [entry] = share["entries"]
    assert Fraction(entry["share"]["low"]) == Fraction(entry["share"]["high"]) == exact
    accrued = entry["accrued"]["due"]
    assert Fraction(accrued["low"]) == Fraction(accrued["high"]) == in_cents(exact)


def test_every_call_is_a_line_with_the_tokens_the_cloud_counted(busy_house: House) -> None:
    exported = busy_house.abide.run("ledger", "export", "--format", "jsonl", "--detail", "call").stdout
    lines = [line for line in map(json.loads, exported.splitlines()) if line["kind"] == "call"]
    assert len({(line["run"], line["call"]) for line in lines}) == CALLS
    booked = sorted((line["cloud"], *tokens_of(line)) for line in lines)
    seen = sorted(
        (call["cloud"], call["input_tokens"], call["output_tokens"]) for call in busy_house.clouds.log()
    )
    assert booked == seen


def test_an_invoice_is_to_the_cent_what_the_export_says_the_customer_owes(busy_house: House) -> None:
    exported = busy_house.abide.run("ledger", "export", "--format", "jsonl", "--detail", "call").stdout
    owed: dict[str, Fraction] = {}
    for line in map(json.loads, exported.splitlines()):
        for posting in line.get("postings", []):
            if posting["account"].startswith("Assets:Receivable:Customers"):
                customer = posting["customer"]
                owed[customer] = owed.get(customer, Fraction()) + Fraction(posting["amount"])
    billed = {one["customer"]: one["billed"] for one in statement(busy_house, "openai")["customers"]}
    assert {customer: Fraction(amount) for customer, amount in billed.items()} == owed
    assert billed
    for customer, amount in billed.items():
        page = busy_house.abide.run("ledger", "invoice", "--customer", customer, "--period", period()).stdout
        total = page.split("To be paid", 1)[1]
        assert f">{Decimal(amount):,.2f} USD<" in total


def tokens_of(line: stand.Json) -> tuple[int, int]:
    [income] = [posting for posting in line["postings"] if "input_tokens" in posting]
    return income["input_tokens"], income["output_tokens"]


@pytest.mark.parametrize("detail", ["day", "call"])
def test_beancount_accepts_the_export(busy_house: House, tmp_path: Path, detail: str) -> None:
    book = tmp_path / "book.beancount"
    exported = busy_house.abide.run("ledger", "export", "--format", "beancount", "--detail", detail)
    book.write_text(exported.stdout)
    check = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([check, str(book)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert book.read_text().count("\n") > 10


def test_hledger_accepts_the_export_and_finds_the_same_income(busy_house: House, tmp_path: Path) -> None:
    book = tmp_path / "book.journal"
    book.write_text(busy_house.abide.run("ledger", "export", "--format", "hledger").stdout)
    command = ["hledger", "--file", str(book)]
    for words in (["check"], ["check", "accounts", "commodities"]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    words = ["balance", "^Income:Usage", "--depth", "1", "--output-format", "json", "--no-elide"]
    shown = subprocess.run([*command, *words], capture_output=True, text=True, timeout=120, check=True)
    [_, [total]] = json.loads(shown.stdout)
    quantity = total["aquantity"]
    booked = -Fraction(quantity["decimalMantissa"], 10 ** quantity["decimalPlaces"])
    assert booked == sum(map(charge, busy_house.clouds.log()), Fraction())


def test_calls_that_no_cloud_answered_cost_nothing(own_house: House) -> None:
    own_house.abide.start()
    client = own_house.client()
    ask = {"model": "chat", "messages": [{"role": "user", "content": "Hello [[sim:azure:429]]"}]}
    client.chat.completions.create(**ask)
    [total] = statement(own_house, "openai")["totals"]
    assert total["calls"] == 1
    [served] = [call for call in own_house.clouds.log() if call["outcome"] == "completed"]
    assert (total["input_tokens"], total["output_tokens"]) == (
        served["input_tokens"],
        served["output_tokens"],
    )


def test_usage_that_a_cloud_left_out_is_estimated_and_marked(own_house: House) -> None:
    own_house.abide.start()
    ask = {"model": "chat", "messages": [{"role": "user", "content": "count to 40 [[sim:no-usage]]"}]}
    own_house.client().chat.completions.create(**ask)
    [total] = statement(own_house, "openai")["totals"]
    assert total["calls"] == total["estimated_calls"] == 1
    assert total["input_tokens"] > 0 and total["output_tokens"] > 0


def test_a_client_that_leaves_in_the_middle_is_still_billed(own_house: House) -> None:
    own_house.abide.start()
    ask = {"model": "chat", "messages": [{"role": "user", "content": "count to 500 [[sim:slow ms=10]]"}]}
    stream = own_house.client().chat.completions.create(**ask, stream=True)
    for _, _chunk in zip(range(5), stream, strict=False):
        pass
    stream.close()
    for _ in range(500):
        totals = statement(own_house, "openai")["totals"]
        if totals:
            break
    assert totals and totals[0]["calls"] == totals[0]["estimated_calls"] == 1
    assert totals[0]["output_tokens"] > 0


def ledger(book: Path, command: str, *words: str) -> str:
    whole = [os.environ["ABIDE_BIN"], "ledger", command, str(book), *words]
    return subprocess.run(whole, capture_output=True, text=True, timeout=120, check=True).stdout


def both_tools_accept(book: Path, at: str, folder: Path) -> str:
    """Exports the book as known on a day; returns what hledger accepted."""
    bean, journal = folder / "book.beancount", folder / "book.journal"
    bean.write_text(ledger(book, "export", "--format", "beancount", "--at", at))
    journal.write_text(ledger(book, "export", "--format", "hledger", "--at", at))
    checks = [
        [str(Path(sys.executable).with_name("bean-check")), str(bean)],
        ["hledger", "--file", str(journal), "check", "--strict", "payees", "ordereddates"],
    ]
    for check in checks:
        done = subprocess.run(check, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    return journal.read_text()


def test_both_tools_accept_every_kind_of_clause_and_an_adjustment(tmp_path: Path) -> None:
    book = tmp_path / "book"
    shutil.copytree(Path(os.environ["ABIDE_REPO"]) / "crates/ledger/testdata/books/answers", book)
    ledger(book, "close", "--period", "2026-Q1", "--at", "2026-04-05")
    with (book / "rows.toml").open("a") as rows:
        rows.write('\n[[revenue]]\nproduct = "lab/api"\nchannel = "blue"\namount = "10 USD"\n')
        rows.write("on = 2026-03-30\nrecorded = 2026-05-04\n")
    journal = both_tools_accept(book, "2028-02-10", tmp_path)
    for kind in ("revenue", "purchase", "due", "parity", "split", "commit", "adjustment"):
        assert f"kind:{kind}" in journal


@pytest.mark.parametrize(
    # Nothing was sold or bought in the first, and entries of nothing are left out: it is a book without transactions.
    ("book", "kinds"),
    [("openai-clouds", ()), ("fernhill-chain", ("revenue", "due", "guarantee", "split", "parity"))],
)
def test_both_tools_accept_the_example_books(book: str, kinds: tuple[str, ...], tmp_path: Path) -> None:
    folder = Path(os.environ["ABIDE_REPO"]) / "examples/agreements" / book
    journal = both_tools_accept(folder, "2026-12-31", tmp_path)
    for kind in kinds:
        assert f"kind:{kind}" in journal
