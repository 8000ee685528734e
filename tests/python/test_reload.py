"""A changed configuration is taken up while the server runs, as a whole or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import stand
from conftest import House

PATIENCE_SECONDS_MAX = 20.0

ANOTHER = """
[model.another]
product = "openai/api/chat"
targets = ["azure/gpt-demo"]
"""


def names(house: House) -> set[str]:
    return {model.id for model in house.client().models.list()}


def wait_until(holds: Callable[[], bool], house: House) -> None:
    until = time.monotonic() + PATIENCE_SECONDS_MAX
    while not holds():
        assert time.monotonic() < until, house.abide.log_tail()
        time.sleep(0.05)


def change(house: House, text: str) -> None:
    house.abide.config.write_text(text)
    house.abide.reload()


def test_a_valid_change_is_taken_up_without_a_restart(own_house: House) -> None:
    own_house.abide.start()
    assert "another" not in names(own_house)
    change(own_house, own_house.abide.text + ANOTHER)
    wait_until(lambda: "another" in names(own_house), own_house)
    answer = own_house.client().responses.create(model="another", input="Hello")
    assert answer.status == "completed"
    change(own_house, own_house.abide.text)
    wait_until(lambda: "another" not in names(own_house), own_house)


def test_a_change_is_noticed_by_itself(own_house: House) -> None:
    own_house.abide.start()
    own_house.abide.config.write_text(own_house.abide.text + ANOTHER)
    wait_until(lambda: "another" in names(own_house), own_house)


def test_of_an_invalid_change_nothing_is_taken_up_and_the_log_says_why(own_house: House) -> None:
    own_house.abide.start()
    before = names(own_house)
    change(own_house, own_house.abide.text + ANOTHER.replace("azure/", "azuer/"))
    wait_until(lambda: "`azuer`" in own_house.abide.log_path.read_text(), own_house)
    log = own_house.abide.log_path.read_text()
    assert "did you mean `azure`?" in log and "^" in log
    assert names(own_house) == before
    assert own_house.client().responses.create(model="demo", input="Hello").status == "completed"


def test_a_broken_book_leaves_the_old_one_in_force(own_house: House) -> None:
    book = own_house.abide.folder / "book"
    shutil.copytree(stand.BOOK, book)
    text = own_house.abide.text.replace(str(stand.BOOK), str(book))
    own_house.abide.config.write_text(text)
    own_house.abide.start()
    assert refused(own_house)
    break_book(book)
    own_house.abide.reload()
    wait_until(lambda: "book.toml" in own_house.abide.log_path.read_text(), own_house)
    assert refused(own_house)


def break_book(book: Path) -> None:
    with (book / "book.toml").open("a") as text:
        text.write("\n[[chanel]]\nid = 'gcp'\n")


def refused(house: House) -> bool:
    body = {"model": "frontier-azure", "input": "Hello"}
    status, answer = house.abide.ask("POST", "/v1/responses", body, house.key)
    return status == 403 and "feb26.frontier-exclusive" in answer["error"]["message"]


def test_a_run_at_work_ends_under_the_configuration_it_began_with(own_house: House) -> None:
    own_house.abide.start()
    client = own_house.client()
    stream = client.responses.create(model="lonely", input="count to 60 [[sim:slow ms=20]]", stream=True)
    events = iter(stream)
    next(events)
    change(own_house, own_house.abide.text.replace("[model.lonely]", "[model.renamed]"))
    wait_until(lambda: "renamed" in names(own_house), own_house)
    last = list(events)[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == " ".join(map(str, range(1, 61)))
