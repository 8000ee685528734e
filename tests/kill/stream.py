"""One streamed response as its client has it: the events so far, and whether they hang together.

Knows the bytes of server-sent events and their numbers, nothing of servers or conversations.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

READ_BYTES_MAX = 1 << 16
ENDINGS = ("response.completed", "response.incomplete", "response.failed")


def events(answer: http.client.HTTPResponse) -> Iterator[str]:
    """The payload of every whole event, as it was sent. Raises when the connection breaks before the end."""
    rest = b""
    while piece := answer.read1(READ_BYTES_MAX):
        *whole, rest = (rest + piece).split(b"\n\n")
        for frame in whole:
            payload = [line[6:] for line in frame.split(b"\n") if line.startswith(b"data: ")]
            if payload:
                yield b"\n".join(payload).decode()


@dataclass
class Seen:
    """The events of one response that a client has received, in order."""

    payloads: list[str] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    def take(self, payload: str) -> None:
        """Takes the next event; its number must follow on the one before."""
        event = json.loads(payload)
        number = event["sequence_number"]
        if number < len(self.payloads):
            self.doubled += 1
            return
        self.lost += number - len(self.payloads)
        self.payloads += [""] * (number - len(self.payloads)) + [payload]
        self.last = event

    @property
    def response_id(self) -> str | None:
        return json.loads(self.payloads[0])["response"]["id"] if self.payloads else None

    @property
    def ended(self) -> bool:
        return self.last.get("type") in ENDINGS

    @property
    def status(self) -> str:
        return self.last["response"]["status"]

    @property
    def text(self) -> str:
        """What the last message of the response says."""
        messages = [item for item in self.last["response"]["output"] if item["type"] == "message"]
        return "".join(part["text"] for part in messages[-1]["content"]) if messages else ""

    def compare(self, again: Seen) -> None:
        """Counts what this client received and cannot read again, letter by letter."""
        kept = zip(self.payloads, again.payloads, strict=False)
        self.lost += sum(mine != stored for mine, stored in kept)
        self.lost += max(0, len(self.payloads) - len(again.payloads)) + again.lost
        self.doubled += again.doubled
