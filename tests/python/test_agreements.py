"""What the example agreements say, asked by command and met by a call."""

from __future__ import annotations

import json

import openai
import pytest

import stand
from conftest import House

ALLOWED, REFUSED = 0, 3


def ask(house: House, *words: str) -> tuple[int, dict]:
    """`abide agreement ask` for Amazon and Frontier through aws: the exit code, and the answer as JSON."""
    question = ["--actor", "amazon", "--action", "sell", "--product", "openai/frontier", "--channel", "aws"]
    done = house.abide.command("agreement", "ask", stand.BOOK, *question, *words, "--json", check=False)
    return done.returncode, json.loads(done.stdout or "{}")


@pytest.mark.parametrize(
    ("day", "code", "verdict", "clauses"),
    [
        ("2026-01-15", REFUSED, "no_right", []),
        ("2026-03-18", REFUSED, "contested", ["oct25.api-exclusive"]),
        ("2026-04-28", ALLOWED, "permit", ["feb26.frontier-distribution"]),
    ],
)
def test_frontier_through_aws_is_answered_by_date(
    house: House, day: str, code: int, verdict: str, clauses: list[str]
) -> None:
    ended, answer = ask(house, "--at", day)
    assert (ended, answer["verdict"]) == (code, verdict)
    text = json.dumps(answer)
    assert all(clause in text for clause in clauses), text


def test_the_contested_sale_depends_on_one_question_toward_microsoft(house: House) -> None:
    _, answer = ask(house, "--at", "2026-03-18")
    text = json.dumps(answer)
    assert "frontier-is-api" in text and "microsoft" in text


def test_the_cap_of_april_was_not_known_on_the_first_of_may(house: House) -> None:
    assert cap_as_known(house, "2026-05-01") == "unknown"
    assert cap_as_known(house, "2026-05-12") == "38000000000.00 USD"


def cap_as_known(house: House, day: str) -> str | None:
    """The cap in total of the share in force on the first of May, as `day` knew it."""
    dates = ["--at", "2026-05-01", "--known", day]
    terms = json.loads(house.abide.command("agreement", "terms", stand.BOOK, *dates, "--json").stdout)
    [share] = [one for one in terms if one["clause"] == "apr27.revenue-share"]
    return share["cap"]["total"]


def test_a_forbidden_channel_is_refused_and_no_cloud_hears_of_it(house: House) -> None:
    client = house.client()
    for create in (client.responses.create, client.chat.completions.create):
        said = (
            {"input": "Hello"}
            if create == client.responses.create
            else {"messages": [{"role": "user", "content": "Hello"}]}
        )
        with pytest.raises(openai.PermissionDeniedError) as refused:
            create(model="frontier-azure", **said)
        assert "feb26.frontier-exclusive" in refused.value.message
    assert house.clouds.calls("azure") == [] and house.clouds.calls("aws") == []


def test_an_allowed_channel_of_the_same_product_is_served(house: House) -> None:
    answer = house.client().responses.with_raw_response.create(model="frontier", input="Hello")
    assert answer.headers["x-abide-decision"] == "permit"
    assert "This is aws" in answer.parse().output_text
