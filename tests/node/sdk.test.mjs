// The OpenAI SDK for Node as it comes from npm, against the built program.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import OpenAI from "openai";

import { start } from "./stand.mjs";

const weather = {
  type: "function",
  name: "get_weather",
  description: "The weather of a place",
  strict: true,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};
const { type, ...weatherFunction } = weather;
const weatherInChat = { type, function: weatherFunction };

let house;
let client;

before(async () => {
  house = await start();
  client = new OpenAI({ baseURL: house.baseURL, apiKey: house.key, maxRetries: 0 });
});

after(async () => {
  assert.equal(await house?.stop(), 0);
});

for (const model of ["demo", "bedrock"]) {
  test(`three turns of a conversation on ${model} stream, call a tool and recall the first`, async () => {
    const { id: conversation } = await client.conversations.create({ metadata: { desk: "north" } });
    const first = await client.responses.create({ model, conversation, input: "My favourite colour is teal." });
    assert.match(first.output_text, /Noted: your favourite colour is teal\./);

    const asked = "What is the weather in Oslo?";
    const stream = client.responses.stream({ model, conversation, input: asked, tools: [weather] });
    const kinds = [];
    for await (const event of stream) kinds.push(event.type);
    assert.ok(kinds.includes("response.function_call_arguments.delta"));
    assert.equal(kinds.at(-1), "response.completed");
    const second = await stream.finalResponse();
    const [call] = second.output.filter((item) => item.type === "function_call");
    assert.equal(call.name, "get_weather");
    assert.deepEqual(JSON.parse(call.arguments), { city: "Oslo" });

    const input = [{ type: "function_call_output", call_id: call.call_id, output: "4 degrees" }];
    const answered = await client.responses.create({ model, conversation, input, tools: [weather] });
    assert.match(answered.output_text, /get_weather says: 4 degrees/);

    const third = await client.responses.create({ model, conversation, input: "What is my favourite colour?" });
    assert.match(third.output_text, /Your favourite colour is teal\./);
  });
}

test("a stream numbers its events and its pieces make the whole", async () => {
  const stream = await client.responses.create({ model: "demo", input: "count to 9", stream: true });
  const events = await Array.fromAsync(stream);
  assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  const pieces = events.filter((event) => event.type === "response.output_text.delta");
  assert.ok(pieces.length > 1);
  assert.equal(pieces.map((event) => event.delta).join(""), "1 2 3 4 5 6 7 8 9");
});

test("a stored stream is read again from the event after the last one seen", async () => {
  const stream = await client.responses.create({ model: "demo", input: "count to 5", stream: true });
  const events = await Array.fromAsync(stream);
  const rest = await client.responses.retrieve(events[0].response.id, { stream: true, starting_after: 3 });
  assert.deepEqual(await Array.fromAsync(rest), events.slice(4));
});

test("chat completions stream, and call tools through the SDK's own runner", async () => {
  const messages = [{ role: "user", content: "count to 6" }];
  const chunks = await Array.fromAsync(
    await client.chat.completions.create({ model: "demo", messages, stream: true }),
  );
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), "1 2 3 4 5 6");

  const called = [];
  const runnable = { ...weatherFunction, parse: JSON.parse, function: (args) => (called.push(args), "thin air") };
  const runner = client.chat.completions.runTools({
    model: "demo",
    messages: [{ role: "user", content: "What is the weather in Quito?" }],
    tools: [{ ...weatherInChat, function: runnable }],
  });
  assert.match(await runner.finalContent(), /get_weather says: thin air/);
  assert.deepEqual(called, [{ city: "Quito" }]);
});

test("errors arrive as the SDK's own classes", async () => {
  const ask = (model, key) =>
    new OpenAI({ baseURL: house.baseURL, apiKey: key, maxRetries: 0 }).responses.create({ model, input: "Hello" });
  await assert.rejects(ask("demo", "abide-unknown"), OpenAI.AuthenticationError);
  await assert.rejects(ask("dmo", house.key), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    return error.code === "model_not_found" && /did you mean `demo`\?/.test(error.message);
  });
  await assert.rejects(ask("frontier-azure", house.key), (error) => {
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    return /feb26\.frontier-exclusive/.test(error.message);
  });
});
