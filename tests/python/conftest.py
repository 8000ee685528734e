"""What the tests share: one running Abide, a key for it, and the OpenAI SDK pointed at it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest

import stand


@dataclass
class House:
    """A server with its clouds and a key."""

    abide: stand.Abide
    clouds: stand.Clouds
    key: str = field(repr=False)

    def client(self, *, strict: bool = False, key: str | None = None) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=self.abide.base_url,
            api_key=self.key if key is None else key,
            max_retries=0,
            timeout=30,
            _strict_response_validation=strict,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test shows the end of the server's log, which holds neither content nor secrets."""
    report = yield
    running = [used for used in getattr(item, "funcargs", {}).values() if isinstance(used, House)]
    if report.failed and running:
        report.sections.append(("the server's log", running[0].abide.log_tail()))
    return report


@pytest.fixture(scope="session")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with stand.house(tmp_path_factory.mktemp("house")) as (abide, clouds):
        key = abide.make_key()
        abide.start()
        yield House(abide, clouds, key)
        assert abide.stop() == 0


@pytest.fixture
def house(shared_house: House) -> House:
    """The server that most tests share, its clouds without a memory of earlier tests."""
    shared_house.clouds.forget()
    return shared_house


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A server that is the test's alone, not started yet."""
    with stand.house(tmp_path) as (abide, clouds):
        yield House(abide, clouds, abide.make_key())


@pytest.fixture(params=["plain", "strict"])
def client(request: pytest.FixtureRequest, house: House) -> openai.OpenAI:
    """The SDK as it comes, and once more wanting every documented field."""
    return house.client(strict=request.param == "strict")
