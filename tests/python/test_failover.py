"""One conversation over two clouds: the first is busy on turn two and cut off in the middle of turn three."""

from __future__ import annotations

import openai

from conftest import House


def test_a_conversation_goes_on_through_a_busy_and_a_cut_cloud(own_house: House) -> None:
    own_house.abide.start()
    client = own_house.client(strict=True)
    conversation = client.conversations.create().id
    say = {"model": "demo", "conversation": conversation}

    first = client.responses.with_raw_response.create(**say, input="My colour is teal.")
    assert first.headers["x-abide-target"] == "azure/gpt-demo"
    assert "This is azure, turn 1." in first.parse().output_text

    second = client.responses.with_raw_response.create(
        **say, input="What is my colour? [[sim:azure:429 retry-after=1]]"
    )
    assert second.headers["x-abide-target"] == "aws/openai.gpt-demo-1:0"
    assert "This is aws, turn 2. Your colour is teal." in second.parse().output_text

    wait_until_azure_is_tried_again(own_house)
    third = list(
        client.responses.create(
            **say, input="Again: what is my colour? [[sim:azure:cut after=4]]", stream=True
        )
    )
    check_the_cut_stream(third)
    check_the_transcript(own_house, conversation)


def wait_until_azure_is_tried_again(house: House) -> None:
    """A cloud that said `429` rests as long as it asked; whoever else asks meanwhile is served by the other."""
    client = house.client()
    for _ in range(400):
        answer = client.responses.with_raw_response.create(model="demo", input="Hello")
        if answer.headers["x-abide-target"].startswith("azure/"):
            return
    raise AssertionError("azure was never tried again")


def check_the_cut_stream(events: list) -> None:
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.status for item in done] == ["incomplete", "completed"]
    assert "This is azure" in done[0].content[0].text and done[0].content[0].text != ""
    assert "This is aws, turn 3. Your colour is teal." in done[1].content[0].text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    answer = events[-1].response.output_text
    assert answer.count("Your colour is teal.") == 1, "what was produced anew is said once"


def check_the_transcript(house: House, conversation: str) -> None:
    """What a person reads: each run, where its parts came from, and why."""
    shown = house.abide.run("session", "show", conversation).stdout
    assert shown.count("azure/gpt-demo") >= 3 and shown.count("aws/openai.gpt-demo-1:0") >= 2
    assert "429" in shown or "rate_limited" in shown
    assert "cut" in shown


def test_a_chat_completion_fails_over_before_anything_was_sent(own_house: House) -> None:
    own_house.abide.start()
    for fault in ("500", "drop", "429", "malformed"):
        answer = own_house.client().chat.completions.create(
            model="chat", messages=[{"role": "user", "content": f"Hello [[sim:azure:{fault}]]"}]
        )
        assert "This is aws" in (answer.choices[0].message.content or ""), fault


def test_a_chat_stream_that_is_cut_ends_with_an_error_and_is_not_begun_again(own_house: House) -> None:
    """One message cannot be taken back, so what was sent stays the only answer."""
    own_house.abide.start()
    stream = own_house.client().chat.completions.create(
        model="chat",
        messages=[{"role": "user", "content": "count to 9 [[sim:azure:cut after=4]]"}],
        stream=True,
    )
    pieces: list[str] = []
    try:
        for chunk in stream:
            pieces += [choice.delta.content or "" for choice in chunk.choices]
        ended = False
    except openai.APIError:
        ended = True
    assert ended and "1 2 3 4 5 6 7 8 9".startswith("".join(pieces)) and "".join(pieces) != ""
    assert own_house.clouds.calls("aws") == []
