"""Clients that go on talking while the server is killed under them, and remember all they were told.

Each conversation tells facts, has something long streamed to it, and asks for earlier facts again. A stream that
breaks is taken up where it broke; a request whose answer never began is sent again under a new mark.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import stand
from stream import Seen, events

TURNS_PER_CONVERSATION = 12
COUNT = 30
ANSWER_SECONDS_MAX = 60.0
RETRY_SECONDS = 0.005
MODELS = ("demo", "bedrock")
# Stands in calls of which nothing is kept that could tell them apart.
UNKEPT_MARK = "[unkept]"

BROKEN = (OSError, http.client.HTTPException)


@dataclass
class Tally:
    """What all clients together have seen. Guarded by its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    turns: int = 0
    completed: int = 0
    incomplete: int = 0
    events: int = 0
    cut: int = 0
    retried: int = 0
    lost: int = 0
    doubled: int = 0
    forgotten: int = 0
    problems: list[str] = field(default_factory=list)
    streaming: int = 0

    def add(self, **counts: int) -> None:
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)


class Talker(threading.Thread):
    """One client with one conversation at a time."""

    def __init__(self, number: int, abide: stand.Abide, key: str, seed: int, tally: Tally) -> None:
        super().__init__(name=f"talker-{number}", daemon=True)
        self.number = number
        self.abide = abide
        self.key = key
        self.random = Random(seed * 1_000 + number)
        self.tally = tally
        self.over = threading.Event()
        self.turn = 0
        self.doing = ""

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.converse()
        except Exception as error:
            # A thread that dies in silence would look like success.
            self.tally.problem(f"talker {self.number}: {error!r}")

    def converse(self) -> None:
        conversation = self.create()
        model = MODELS[self.turn % len(MODELS)]
        facts: dict[str, str] = {}
        for place in range(TURNS_PER_CONVERSATION):
            if self.over.is_set():
                return
            self.turn += 1
            if place % 3 == 2:
                subject = self.random.choice(sorted(facts))
                seen = self.say(conversation, model, f"What is my {subject}?")
                self.check(seen, f"Your {subject} is {facts[subject]}.")
            else:
                subject, value = f"code-{place}", f"v{self.random.randrange(10**9)}"
                facts[subject] = value
                seen = self.say(conversation, model, f"My {subject} is {value}. Count to {COUNT}.")
                self.check(seen, " ".join(map(str, range(1, COUNT + 1))))

    def check(self, seen: Seen, expected: str) -> None:
        completed = seen.status == "completed"
        forgotten = completed and not seen.text.endswith(expected)
        if forgotten:
            self.tally.problem(f"{seen.response_id} says `{seen.text[-80:]}`, not `{expected[-80:]}`")
        if seen.status not in ("completed", "incomplete"):
            self.tally.problem(f"{seen.response_id} ended {seen.status}")
        self.tally.add(
            turns=1,
            completed=completed,
            incomplete=not completed,
            events=len(seen.payloads),
            lost=seen.lost,
            doubled=seen.doubled,
            forgotten=forgotten,
        )

    def create(self) -> str:
        while True:
            try:
                status, body = self.abide.ask("POST", "/v1/conversations", {}, self.key)
                assert status == 200, body
                return body["id"]
            except BROKEN:
                self.over.wait(RETRY_SECONDS)

    def say(self, conversation: str, model: str, text: str) -> Seen:
        """One turn to its end, through as many deaths of the server as it takes."""
        seen = self.begin(conversation, model, text)
        path = f"/v1/responses/{seen.response_id}?stream=true"
        while not seen.ended:
            last = len(seen.payloads) - 1
            self.follow("GET", f"{path}&starting_after={last}", None, seen)
        again = Seen()
        while not again.ended:
            again = Seen()
            self.follow("GET", path, None, again)
        seen.compare(again)
        return seen

    def begin(self, conversation: str, model: str, text: str) -> Seen:
        attempt = 0
        while True:
            attempt += 1
            seen = Seen()
            marked = f"{text} [c{self.number}-t{self.turn}-a{attempt}]"
            body = {"model": model, "conversation": conversation, "input": marked, "stream": True}
            self.follow("POST", "/v1/responses", body, seen)
            if seen.payloads:
                return seen

    def follow(self, method: str, path: str, body: dict[str, Any] | None, seen: Seen) -> None:
        """Takes in a stream as far as it comes."""
        began = False
        self.doing = f"{method} {path} after {len(seen.payloads)} events"
        try:
            with self.answer(method, path, body) as answer:
                if answer.status != 200:
                    self.tally.problem(f"{method} {path}: {answer.status} {answer.read()[:200]!r}")
                    self.over.wait(RETRY_SECONDS)
                    return
                for payload in events(answer):
                    began = True
                    seen.take(payload)
        except ConnectionRefusedError:
            self.over.wait(RETRY_SECONDS)
        except BROKEN:
            self.tally.add(cut=began, retried=not began)

    @contextmanager
    def answer(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> Iterator[http.client.HTTPResponse]:
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        payload = json.dumps(body) if body else None
        connection = http.client.HTTPConnection("127.0.0.1", self.abide.port, timeout=ANSWER_SECONDS_MAX)
        with closing(connection):
            connection.request(method, path, body=payload, headers=headers)
            answer = connection.getresponse()
            self.tally.add(streaming=1)
            try:
                yield answer
            finally:
                self.tally.add(streaming=-1)


class Caller(Talker):
    """A client that keeps nothing: one streamed chat completion after the other, of random lengths."""

    def converse(self) -> None:
        text = f"Count to {self.random.randrange(10, 60)}. {UNKEPT_MARK}"
        body = {"model": "chat", "messages": [{"role": "user", "content": text}], "stream": True}
        try:
            with self.answer("POST", "/v1/chat/completions", body) as answer:
                if answer.status != 200:
                    self.tally.problem(f"chat: {answer.status} {answer.read()[:200]!r}")
                for _ in events(answer):
                    pass
        except BROKEN:
            self.over.wait(RETRY_SECONDS)
