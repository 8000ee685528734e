"""What an operator relies on: health, metrics, limits, keys that are kept as hashes, logs without content, an end in
order.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

import stand
from conftest import House

LIMITS = """
[limits]
runs = 2
body_bytes = 2000
"""


@pytest.fixture
def bounded(tmp_path: Path) -> Iterator[House]:
    """A running house with low limits."""
    with stand.house(tmp_path, models=stand.MODELS + LIMITS) as (abide, clouds):
        house = House(abide, clouds, abide.make_key())
        abide.start()
        yield house


def long_stream(house: House, seconds: float) -> openai.Stream:
    """A stream of about this length, of which the first event has come."""
    tokens = int(seconds * 100)
    text = f"count to {tokens} [[sim:slow ms=10]]"
    stream = house.client().responses.create(model="demo", input=text, stream=True)
    next(iter(stream))
    return stream


def test_health_readiness_and_metrics_need_no_key(house: House) -> None:
    assert house.abide.status("/healthz") == 200 and house.abide.status("/readyz") == 200
    house.client().responses.create(model="demo", input="Hello")
    metrics = house.abide.text_of("/metrics")
    assert 'abide_calls_total{target="azure/gpt-demo",outcome="ok"}' in metrics
    assert all(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 for line in metrics.splitlines())


def test_more_runs_than_the_limit_are_told_to_come_back(bounded: House) -> None:
    streams = [long_stream(bounded, seconds=1) for _ in range(2)]
    with pytest.raises(openai.InternalServerError) as refused:
        bounded.client().responses.create(model="demo", input="Hello")
    assert (refused.value.status_code, refused.value.code) == (503, "overloaded")
    assert int(refused.value.response.headers["retry-after"]) >= 1
    for stream in streams:
        assert list(stream)[-1].type == "response.completed"
    assert bounded.client().responses.create(model="demo", input="Hello").status == "completed"


def test_the_limit_on_bodies_can_be_set(bounded: House) -> None:
    body = {"model": "demo", "input": "x" * 2_000}
    status, answer = bounded.abide.ask("POST", "/v1/responses", body, bounded.key)
    assert (status, answer["error"]["code"]) == (413, "body_too_large")


def test_a_stream_at_work_ends_whole_when_the_server_is_told_to_stop(own_house: House) -> None:
    own_house.abide.start()
    events = iter(long_stream(own_house, seconds=1))
    ended: list[int] = []
    stopping = threading.Thread(target=lambda: ended.append(own_house.abide.stop()))
    stopping.start()
    assert list(events)[-1].type == "response.completed"
    stopping.join()
    assert ended == [0]


def test_a_stopping_server_takes_on_nothing_new(own_house: House) -> None:
    own_house.abide.start()
    events = iter(long_stream(own_house, seconds=1))
    stopping = threading.Thread(target=own_house.abide.stop)
    stopping.start()
    while own_house.abide.status("/readyz") == 200:
        time.sleep(stand.POLL_SECONDS)
    assert own_house.abide.status("/readyz") in (503, None)
    with pytest.raises((openai.InternalServerError, openai.APIConnectionError)):
        own_house.client().responses.create(model="demo", input="Hello")
    assert list(events)[-1].type == "response.completed"
    stopping.join()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_holds_neither_content_nor_secrets(own_house: House, form: str) -> None:
    own_house.abide.start(form=form)
    client = own_house.client()
    word = "zymurgy"
    client.responses.create(model="demo", input=f"My craft is {word}.", metadata={"note": word})
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.create(model="frontier-azure", input=word)
    with pytest.raises(openai.AuthenticationError):
        own_house.client(key="sk-abide-wrong-" + word).models.list()
    own_house.abide.stop()
    log = own_house.abide.log_path.read_text()
    assert "/v1/responses" in log
    assert all(secret not in log for secret in (word, own_house.key, "sim-azure-key", "sim/secret"))
    if form == "json":
        assert all(json.loads(line)["level"] for line in log.splitlines())


def test_a_key_is_shown_once_and_kept_as_a_hash(own_house: House) -> None:
    listed = own_house.abide.run("key", "list").stdout
    assert "suite" in listed and own_house.key not in listed
    stored = b"".join(path.read_bytes() for path in own_house.abide.store.iterdir() if path.is_file())
    assert b"suite" in stored and own_house.key.encode() not in stored


def test_an_expired_key_opens_nothing(own_house: House) -> None:
    own_house.abide.start()
    key = own_house.abide.make_key("brief", "--expires", "1s")
    for _ in range(5_000):
        status, body = own_house.abide.ask("GET", "/v1/models", None, key)
        if status != 200 and "expired" in body["error"]["message"]:
            break
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
