"""What is wrong gets an answer that says so, and costs nothing that was acknowledged before."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stand
from conftest import House

INVALID_BYTES = b"this is a letter to my aunt, and no database at all. " * 200
BODY_BYTES_MAX = 32 << 20


def error_of(answer: tuple[int, Any]) -> tuple[int, str]:
    """Status and code; the rest of OpenAI's shape must be there too."""
    status, body = answer
    assert set(body["error"]) == {"message", "type", "param", "code"} and body["error"]["message"]
    return status, body["error"]["code"]


def ask(house: House, **body: Any) -> tuple[int, Any]:
    return house.abide.ask("POST", "/v1/responses", {"model": "demo", **body}, house.key)


# Requests


@pytest.mark.parametrize(
    "body", [b"{", b"", b"[]", b'{"model": "demo", "input": "Hello",}', b"\xff\xfe", b"{}}"]
)
@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions"])
def test_a_body_that_is_no_json_object_is_refused(house: House, path: str, body: bytes) -> None:
    status, code = error_of(house.abide.ask("POST", path, body, house.key))
    assert status == 400 and code in ("invalid_json", "invalid_type")


def test_a_field_that_is_nearly_right_is_refused_with_the_right_one(house: House) -> None:
    answer = ask(house, input="Hello", temprature=1)
    assert error_of(answer) == (400, "unknown_parameter")
    assert "`temperature`" in answer[1]["error"]["message"]
    assert house.clouds.calls("azure") == []


def test_a_field_of_the_other_door_is_refused_with_its_name_here(house: House) -> None:
    status, body = ask(house, messages=[{"role": "user", "content": "Hello"}])
    assert status == 400 and "`input`" in body["error"]["message"]


def test_a_body_beyond_the_limit_is_refused_without_being_read_in(house: House) -> None:
    body = b'{"model": "demo", "input": "' + b"x" * BODY_BYTES_MAX + b'"}'
    answer = house.abide.ask("POST", "/v1/responses", body, house.key)
    assert error_of(answer) == (413, "body_too_large")
    assert str(BODY_BYTES_MAX) in answer[1]["error"]["message"]


def test_a_request_without_a_key_is_refused(house: House) -> None:
    answer = house.abide.ask("POST", "/v1/responses", {"model": "demo", "input": "Hello"}, None)
    assert error_of(answer) == (401, "missing_api_key")


def test_a_revoked_key_is_refused(own_house: House) -> None:
    own_house.abide.start()
    assert own_house.abide.ask("GET", "/v1/models", None, own_house.key)[0] == 200
    [key] = json.loads(own_house.abide.run("key", "list", "--json").stdout)
    own_house.abide.run("key", "revoke", key["id"])
    for _ in range(2_000):
        answer = own_house.abide.ask("GET", "/v1/models", None, own_house.key)
        if answer[0] != 200:
            break
    assert error_of(answer) == (401, "invalid_api_key")


def test_a_model_that_is_not_known_is_refused_with_a_suggestion(house: House) -> None:
    answer = house.abide.ask("POST", "/v1/responses", {"model": "frontiers", "input": "Hello"}, house.key)
    assert error_of(answer) == (404, "model_not_found")
    assert "did you mean `frontier`?" in answer[1]["error"]["message"]


def test_a_path_that_is_not_served_and_a_wrong_method_say_so(house: House) -> None:
    assert error_of(house.abide.ask("POST", "/v1/embeddings", {}, house.key)) == (404, "unknown_url")
    assert error_of(house.abide.ask("PUT", "/v1/models", {}, house.key)) == (405, "method_not_allowed")


def test_the_result_of_a_call_that_was_never_made_is_refused(house: House) -> None:
    result = {"type": "function_call_output", "call_id": "call_never", "output": "42"}
    assert error_of(ask(house, input=[result]))[0] == 400
    _, first = ask(house, input="Hello")
    answer = ask(house, input=[result], previous_response_id=first["id"])
    assert error_of(answer) == (400, "unknown_tool_call")
    assert "call_never" in answer[1]["error"]["message"]


def test_a_conversation_that_was_deleted_is_gone(house: House) -> None:
    _, conversation = house.abide.ask("POST", "/v1/conversations", {}, house.key)
    assert ask(house, input="Hello", conversation=conversation["id"])[0] == 200
    path = f"/v1/conversations/{conversation['id']}"
    assert house.abide.ask("DELETE", path, None, house.key)[0] == 200
    assert error_of(house.abide.ask("GET", path, None, house.key)) == (404, "conversation_not_found")
    answer = ask(house, input="Hello", conversation=conversation["id"])
    assert error_of(answer) == (404, "conversation_not_found")


def test_the_conversation_of_another_customer_cannot_be_seen(house: House) -> None:
    other = house.abide.make_key("rival", "--customer", "rival")
    _, conversation = house.abide.ask("POST", "/v1/conversations", {}, house.key)
    path = f"/v1/conversations/{conversation['id']}"
    for _ in range(2_000):
        answer = house.abide.ask("GET", path, None, other)
        if answer[0] != 401:
            break
    assert error_of(answer) == (404, "conversation_not_found")


# Files


def test_a_book_that_contradicts_itself_is_reported_with_carets(own_house: House) -> None:
    book = own_house.abide.folder / "book"
    shutil.copytree(stand.BOOK, book)
    with (book / "book.toml").open("a") as text:
        text.write('\n[[party]]\nid = "openai"\nname = "Another"\n')
    own_house.abide.config.write_text(own_house.abide.text.replace(str(stand.BOOK), str(book)))
    done = own_house.abide.run("check", check=False)
    shown = done.stdout + done.stderr
    assert done.returncode == 2 and "book.toml" in shown and "^" in shown and "`openai`" in shown
    serve = own_house.abide.run("serve", check=False)
    assert serve.returncode == 2 and "^" in serve.stderr


def test_a_configuration_with_a_slip_is_reported_with_a_caret_and_the_right_word(own_house: House) -> None:
    own_house.abide.config.write_text(own_house.abide.text.replace("dialect = ", "dialet = ", 1))
    done = own_house.abide.run("check", check=False)
    assert done.returncode == 2 and "^" in done.stderr and "`dialect`" in done.stderr


def test_a_file_that_is_no_store_is_left_alone(own_house: House) -> None:
    file = own_house.abide.store / "abide.db"
    for leftover in own_house.abide.store.glob("abide.db*"):
        leftover.unlink()
    file.write_bytes(INVALID_BYTES)
    done = own_house.abide.run("serve", check=False)
    assert done.returncode != 0 and "is not a store of Abide" in done.stderr
    assert file.read_bytes() == INVALID_BYTES


def test_the_database_of_another_program_is_left_alone(own_house: House) -> None:
    file = own_house.abide.store / "abide.db"
    for leftover in own_house.abide.store.glob("abide.db*"):
        leftover.unlink()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE letters (text TEXT)")
    database.close()
    before = file.read_bytes()
    done = own_house.abide.run("serve", check=False)
    assert done.returncode != 0 and "another program" in done.stderr
    assert file.read_bytes() == before


def test_a_store_of_a_newer_version_is_left_alone(own_house: House) -> None:
    file = own_house.abide.store / "abide.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    done = own_house.abide.run("serve", check=False)
    assert done.returncode != 0 and "format 99" in done.stderr and "newer Abide" in done.stderr
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)
    database.close()


def test_a_second_server_on_one_store_is_refused(own_house: House) -> None:
    own_house.abide.start()
    text = own_house.abide.text.replace(f":{own_house.abide.port}", f":{stand.free_port()}")
    own_house.abide.config.write_text(text)
    done = own_house.abide.run("serve", check=False)
    assert done.returncode != 0 and "in use by another server" in done.stderr


# A full disk


class SmallDisk:
    """A disk of its own for the store when root may mount one; else a limit on the size of the server's files."""

    SMALL_BYTES, LARGE_BYTES = 3 << 20, 64 << 20

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.mounted = os.geteuid() == 0 and self._mount(f"size={self.SMALL_BYTES}")

    @property
    def refusal(self) -> tuple[int, str]:
        """What a client is told. A limit on files is no full disk to the database, only a write that fails."""
        return (507, "store_full") if self.mounted else (500, "store_failed")

    def before_start(self) -> None:
        if not self.mounted:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.SMALL_BYTES, resource.RLIM_INFINITY))

    def make_room(self, abide: stand.Abide) -> None:
        if self.mounted:
            assert self._mount(f"remount,size={self.LARGE_BYTES}")
        elif abide.process is not None:
            free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(abide.process.pid, resource.RLIMIT_FSIZE, free)

    def _mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[tuple[House, SmallDisk]]:
    """A running house whose store soon has no room left."""
    disk = SmallDisk(tmp_path / "store")
    try:
        with stand.house(tmp_path) as (abide, clouds):
            house = House(abide, clouds, abide.make_key())
            abide.start(before=disk.before_start)
            yield house, disk
    finally:
        disk.close()


def test_a_full_disk_is_an_answer_and_loses_nothing_that_was_acknowledged(
    cramped: tuple[House, SmallDisk],
) -> None:
    house, disk = cramped
    kept, refusal = fill(house)
    assert refusal == disk.refusal
    check_kept(house, kept)
    disk.make_room(house.abide)
    kept |= one_more(house)
    check_kept(house, kept)
    assert house.abide.stop() == 0
    house.abide.start()
    check_kept(house, kept)


def test_a_conversation_whose_disk_is_full_is_out_of_reach_and_not_gone(
    cramped: tuple[House, SmallDisk],
) -> None:
    house, disk = cramped
    _, conversation = house.abide.ask("POST", "/v1/conversations", {}, house.key)
    within = {"conversation": conversation["id"]}
    assert ask(house, input="My colour is teal.", **within)[0] == 200
    assert fill(house, **within)[1] == disk.refusal
    path = f"/v1/conversations/{conversation['id']}"
    for answer in (ask(house, input="Hello", **within), house.abide.ask("GET", path, None, house.key)):
        assert answer[0] == 200 or error_of(answer) == disk.refusal
    disk.make_room(house.abide)
    assert house.abide.ask("GET", path, None, house.key)[0] == 200
    status, body = ask(house, input="What is my colour?", **within)
    assert status == 200 and "Your colour is teal." in text_of(body)


def fill(house: House, **within: str) -> tuple[dict[str, str], tuple[int, str]]:
    """Asks until the store refuses: the texts of what was acknowledged by id, and the refusal."""
    kept: dict[str, str] = {}
    for number in range(400):
        answer = ask(house, input=f"Say: {number} {os.urandom(12_000).hex(' ', 4)}", **within)
        if answer[0] != 200:
            return kept, error_of(answer)
        kept[answer[1]["id"]] = text_of(answer[1])
    raise AssertionError("the disk never filled")


def one_more(house: House) -> dict[str, str]:
    status, body = ask(house, input="Say: room again")
    assert status == 200 and text_of(body) == "room again"
    return {body["id"]: text_of(body)}


def check_kept(house: House, kept: dict[str, str]) -> None:
    assert kept
    for response, text in kept.items():
        status, body = house.abide.ask("GET", f"/v1/responses/{response}", None, house.key)
        assert status == 200 and body["status"] == "completed" and text_of(body) == text


def text_of(response: Any) -> str:
    [message] = response["output"]
    return "".join(part["text"] for part in message["content"])
