"""The OpenAI SDK as it comes from PyPI, and the same with strict validation of every answer."""

from __future__ import annotations

import json
import threading

import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from conftest import House

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a place",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
WEATHER_IN_CHAT = {
    "type": "function",
    "function": {name: WEATHER[name] for name in ("name", "description", "parameters", "strict")},
}


class Note(BaseModel):
    title: str
    done: bool


def calls_of(response: Response) -> list[tuple[str, str, str]]:
    """Call id, name and arguments of every function call."""
    calls = [item for item in response.output if item.type == "function_call"]
    return [(call.call_id, call.name, call.arguments) for call in calls]


# Responses and conversations


def test_three_turns_of_a_conversation_remember_the_first(client: openai.OpenAI) -> None:
    conversation = client.conversations.create(metadata={"desk": "north"})
    first = client.responses.create(
        model="demo", conversation=conversation.id, input="Hello, my favourite colour is teal."
    )
    assert first.status == "completed" and "Noted: your favourite colour is teal." in first.output_text
    assert first.conversation is not None and first.conversation.id == conversation.id

    with client.responses.stream(
        model="demo", conversation=conversation.id, input="What is the weather in Oslo?", tools=[WEATHER]
    ) as stream:
        kinds = [event.type for event in stream]
        second = stream.get_final_response()
    assert "response.function_call_arguments.delta" in kinds and kinds[-1] == "response.completed"
    [(call_id, name, arguments)] = calls_of(second)
    assert name == "get_weather" and json.loads(arguments) == {"city": "Oslo"}
    result = {"type": "function_call_output", "call_id": call_id, "output": "4 degrees and rain"}
    answered = client.responses.create(
        model="demo", conversation=conversation.id, input=[result], tools=[WEATHER]
    )
    assert "get_weather says: 4 degrees and rain" in answered.output_text

    third = client.responses.create(
        model="demo", conversation=conversation.id, input="What is my favourite colour?"
    )
    assert "Your favourite colour is teal." in third.output_text


def test_a_stream_numbers_its_events_and_its_pieces_make_the_whole(client: openai.OpenAI) -> None:
    stream = client.responses.create(model="demo", input="count to 12", stream=True)
    events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(pieces) > 1 and "".join(pieces) == "1 2 3 4 5 6 7 8 9 10 11 12"
    last = events[-1]
    assert last.type == "response.completed" and last.response.output_text == "".join(pieces)
    assert last.response.usage is not None and last.response.usage.output_tokens == 12


def test_a_stored_stream_can_be_read_again_from_any_event(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="demo", input="count to 5", stream=True))
    response_id = events[0].response.id
    again = list(client.responses.retrieve(response_id, stream=True))
    assert [event.to_json() for event in again] == [event.to_json() for event in events]
    rest = list(client.responses.retrieve(response_id, stream=True, starting_after=3))
    assert [event.to_json() for event in rest] == [event.to_json() for event in events[4:]]


def test_previous_response_id_continues_and_branches(client: openai.OpenAI) -> None:
    first = client.responses.create(model="demo", input="My dog is Rex.")
    second = client.responses.create(model="demo", input="My cat is Tom.", previous_response_id=first.id)
    third = client.responses.create(
        model="demo", input="What did I tell you?", previous_response_id=second.id
    )
    assert "your dog is Rex; your cat is Tom" in third.output_text
    assert third.previous_response_id == second.id
    branch = client.responses.create(
        model="demo", input="What did I tell you?", previous_response_id=first.id
    )
    assert "your dog is Rex." in branch.output_text and "Tom" not in branch.output_text


def test_instructions_reach_the_cloud_for_one_turn_alone(client: openai.OpenAI) -> None:
    first = client.responses.create(
        model="demo", input="What is my rank?", instructions="The user's rank is captain."
    )
    assert "Your rank is captain." in first.output_text
    second = client.responses.create(model="demo", input="What is my rank?", previous_response_id=first.id)
    assert "You have not told me your rank." in second.output_text


def test_an_agent_answers_under_its_own_instructions(client: openai.OpenAI) -> None:
    response = client.responses.create(model="agent/porter", input="What is my floor?")
    assert "Your floor is the seventh." in response.output_text


def test_a_structured_answer_is_parsed(client: openai.OpenAI) -> None:
    response = client.responses.parse(model="demo", input="Buy milk", text_format=Note)
    assert isinstance(response.output_parsed, Note)
    chat = client.chat.completions.parse(
        model="chat", messages=[{"role": "user", "content": "Buy milk"}], response_format=Note
    )
    assert isinstance(chat.choices[0].message.parsed, Note)


@pytest.mark.parametrize("model", ["demo", "bedrock"])
def test_two_tools_are_called_in_one_turn_through_either_cloud(client: openai.OpenAI, model: str) -> None:
    clock = {**WEATHER, "name": "local_time", "description": "The time of a place"}
    asked = client.responses.create(
        model=model, input="The weather and the local time in Lima, please", tools=[WEATHER, clock]
    )
    calls = calls_of(asked)
    assert sorted(name for _, name, _ in calls) == ["get_weather", "local_time"]
    results = [
        {"type": "function_call_output", "call_id": call_id, "output": f"{name} is fine"}
        for call_id, name, _ in calls
    ]
    answered = client.responses.create(
        model=model, input=results, tools=[WEATHER, clock], previous_response_id=asked.id
    )
    assert "get_weather is fine" in answered.output_text and "local_time is fine" in answered.output_text


def test_a_response_is_read_back_listed_and_deleted(client: openai.OpenAI) -> None:
    made = client.responses.create(model="demo", input="Say: twice", metadata={"row": "7"})
    read = client.responses.retrieve(made.id)
    assert read.to_dict() == made.to_dict() and read.metadata == {"row": "7"}
    items = client.responses.input_items.list(made.id).data
    assert [item.content[0].text for item in items if item.type == "message"] == ["Say: twice"]
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError) as gone:
        client.responses.retrieve(made.id)
    assert gone.value.code == "response_not_found"


def test_a_response_that_is_not_stored_cannot_be_read(client: openai.OpenAI) -> None:
    made = client.responses.create(model="demo", input="Hello", store=False)
    assert made.status == "completed" and made.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_a_background_response_can_be_cancelled(client: openai.OpenAI) -> None:
    started = client.responses.create(model="demo", input="count to 1000 [[sim:slow ms=20]]", background=True)
    assert started.status in ("queued", "in_progress") and started.background is True
    cancelled = client.responses.cancel(started.id)
    assert cancelled.status == "cancelled"
    assert client.responses.retrieve(started.id).status == "cancelled"
    assert client.responses.cancel(started.id).status == "cancelled", "a second time changes nothing"


def test_a_conversation_is_made_labelled_filled_and_deleted(client: openai.OpenAI) -> None:
    hello = {"type": "message", "role": "user", "content": "My boat is Argo."}
    made = client.conversations.create(items=[hello], metadata={"team": "blue"})
    assert client.conversations.retrieve(made.id).metadata == {"team": "blue"}
    assert client.conversations.update(made.id, metadata={"team": "red"}).metadata == {"team": "red"}
    added = client.conversations.items.create(
        made.id, items=[{"type": "message", "role": "user", "content": "My port is Pireus."}]
    )
    [port] = added.data
    assert client.conversations.items.retrieve(port.id, conversation_id=made.id).id == port.id
    told = client.responses.create(model="demo", conversation=made.id, input="What did I tell you?")
    assert "your boat is Argo; your port is Pireus" in told.output_text
    listed = list(client.conversations.items.list(made.id, order="asc", limit=2))
    assert [item.role for item in listed] == ["user", "user", "user", "assistant"]
    client.conversations.items.delete(port.id, conversation_id=made.id)
    told = client.responses.create(model="demo", conversation=made.id, input="What is my port?")
    assert "You have not told me your port." in told.output_text
    assert client.conversations.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError) as gone:
        client.conversations.retrieve(made.id)
    assert gone.value.code == "conversation_not_found"


# Chat completions and models


def test_chat_completions_answer_whole_and_streamed(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "count to 6"}]
    whole = client.chat.completions.create(model="chat", messages=messages)
    assert whole.choices[0].message.content == "1 2 3 4 5 6" and whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None and whole.usage.completion_tokens == 6
    chunks = list(
        client.chat.completions.create(
            model="chat", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == "1 2 3 4 5 6" and len(pieces) > 2
    assert chunks[-1].usage == whole.usage


@pytest.mark.parametrize("model", ["chat", "bedrock"])
def test_chat_completions_call_tools_whole_and_streamed(client: openai.OpenAI, model: str) -> None:
    messages: list = [{"role": "user", "content": "What is the weather in Quito?"}]
    whole = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER_IN_CHAT])
    [call] = whole.choices[0].message.tool_calls or []
    assert whole.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Quito"})
    with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER_IN_CHAT]) as stream:
        streamed = stream.until_done().get_final_completion()
    [again] = streamed.choices[0].message.tool_calls or []
    assert (again.function.name, again.function.arguments) == (call.function.name, call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "thin air"}
    messages += [whole.choices[0].message.to_dict(), result]
    answered = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER_IN_CHAT])
    assert "get_weather says: thin air" in (answered.choices[0].message.content or "")


def test_models_are_listed_and_read(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"demo", "frontier", "frontier-azure", "agent/porter"} <= names
    assert client.models.retrieve("demo").owned_by == "openai"


# Errors


def test_a_key_that_is_not_known_is_an_authentication_error(house: House) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        house.client(key="abide-unknown").models.list()
    assert refused.value.code == "invalid_api_key"


def test_a_model_that_is_not_known_is_suggested_its_neighbour(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.create(model="dmo", input="Hello")
    assert missing.value.code == "model_not_found" and "did you mean `demo`?" in missing.value.message


def test_a_wrong_value_is_a_bad_request_that_names_the_field(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as wrong:
        client.responses.create(model="demo", input="Hello", temperature=9)
    assert wrong.value.param == "temperature"


def test_what_an_agreement_forbids_is_a_permission_error_with_the_clause(client: openai.OpenAI) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.responses.create(model="frontier-azure", input="Hello")
    assert refused.value.code == "refused_by_agreement"
    assert "feb26.frontier-exclusive" in refused.value.message


def test_clouds_that_are_busy_are_a_rate_limit_error_with_the_time_to_wait(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        client.responses.create(model="bedrock", input="Hello [[sim:429 retry-after=2]]")
    assert limited.value.response.headers["retry-after"] == "2"


def test_a_cloud_that_fails_is_an_internal_server_error(own_house: House) -> None:
    own_house.abide.start()
    with pytest.raises(openai.InternalServerError) as failed:
        own_house.client().responses.create(model="lonely", input="Hello [[sim:500]]")
    assert failed.value.status_code == 502


# Many at once


def test_sixteen_clients_at_once_each_get_their_own_answer(house: House) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        stream = house.client().responses.create(model="demo", input=f"count to {number}", stream=True)
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        answers[number] = "".join(pieces)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20, 36)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: " ".join(map(str, range(1, number + 1))) for number in range(20, 36)}
