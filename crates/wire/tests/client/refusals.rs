//! What is wrong with a request, said with the field and a stable code: one row a mistake.

use abide_wire::client::{Problem, chat, conversations, responses};
use expect_test::{Expect, expect};

/// One line a body: `code param message`.
fn check(decode: impl Fn(&[u8]) -> Result<(), Problem>, bodies: &[&str], expected: Expect) {
    let mut table = String::new();
    for body in bodies {
        let line = match decode(body.as_bytes()) {
            Ok(()) => "accepted".to_owned(),
            Err(problem) => {
                let param = problem.param.as_deref().unwrap_or("-");
                format!("{} | {param} | {}", problem.code, problem.message)
            }
        };
        table += &(line + "\n");
    }
    expected.assert_eq(&table);
}

fn response(body: &[u8]) -> Result<(), Problem> {
    responses::decode(body).map(drop)
}

fn completion(body: &[u8]) -> Result<(), Problem> {
    chat::decode(body).map(drop)
}

#[test]
fn a_body_that_is_not_a_json_object_is_refused_without_a_field() {
    check(
        response,
        &["", "{", "[]", "\u{feff}{}", r#"{"model":"m","input":"\ud800"}"#, r#"{"model":"m" "input":1}"#],
        expect![[r#"
            invalid_json | - | the body is not valid JSON: EOF while parsing a value at line 1 column 0
            invalid_json | - | the body is not valid JSON: EOF while parsing an object at line 1 column 1
            invalid_type | - | the body must be an object, not a list
            invalid_json | - | the body is not valid JSON: expected value at line 1 column 1
            invalid_json | input | `input` is not valid JSON: unexpected end of hex escape at line 1 column 8
            invalid_json | - | the body is not valid JSON: expected `,` or `}` at line 1 column 14
        "#]],
    );
    let problem = responses::decode(b"{\"model\":\"\xff\"}").unwrap_err();
    expect!["the body is not UTF-8 after byte 10"].assert_eq(&problem.to_string());
}

#[test]
fn a_field_that_is_missing_mistyped_or_out_of_range_is_named() {
    check(
        response,
        &[
            r#"{"input":"hi"}"#,
            r#"{"model":"m"}"#,
            r#"{"model":null,"input":"hi"}"#,
            r#"{"model":"a b","input":"hi"}"#,
            r#"{"model":"m","input":7}"#,
            r#"{"model":"m","input":[]}"#,
            r#"{"model":"m","input":"hi","temperature":"hot"}"#,
            r#"{"model":"m","input":"hi","temperature":2.5}"#,
            r#"{"model":"m","input":"hi","top_p":-1}"#,
            r#"{"model":"m","input":"hi","max_output_tokens":0}"#,
            r#"{"model":"m","input":"hi","max_output_tokens":1.5}"#,
            r#"{"model":"m","input":"hi","stream":"true"}"#,
            r#"{"model":"m","model":"n","input":"hi"}"#,
            r#"{"model":"m","input":"hi","service_tier":"gold"}"#,
            r#"{"model":"m","input":"hi","reasoning":{"effort":"enormous"}}"#,
            r#"{"model":"m","input":"hi","stream_options":{}}"#,
            r#"{"model":"m","input":"hi","background":true,"store":false}"#,
            r#"{"model":"m","input":"hi","conversation":"conv_00000000000000000000000000000001","store":false}"#,
            r#"{"model":"m","input":"hi","metadata":{"a":1}}"#,
            r#"{"model":"m","input":"hi","metadata":{"a":"1","a":"2"}}"#,
            r#"{"model":"m","input":"hi","metadata":[]}"#,
        ],
        expect![[r#"
            missing_required_parameter | model | `model` is missing
            missing_required_parameter | input | `input` is missing
            missing_required_parameter | model | `model` is missing
            invalid_value | model | model `a b` holds ` `; letters, digits, `-`, `_`, `.`, `/`, `:`, `@` and `+` are allowed
            invalid_type | input | `input` must be a string or a list, not a number
            invalid_value | input | `input` is empty
            invalid_type | temperature | `temperature` must be a number, not a string
            invalid_value | temperature | `temperature` must be from 0 to 2
            invalid_value | top_p | `top_p` must be from 0 to 1
            invalid_value | max_output_tokens | `max_output_tokens` must be from 1 to 4294967296
            invalid_type | max_output_tokens | `max_output_tokens` must be an integer, not a number
            invalid_type | stream | `stream` must be a boolean, not a string
            duplicate | - | the body has the field `model` twice
            invalid_value | service_tier | `service_tier` must be one of `auto`, `default`, `flex`, `scale`, `priority`, `fast`, `ultrafast`
            invalid_value | reasoning.effort | `reasoning.effort` must be one of `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`
            invalid_value | stream_options | `stream_options` needs `stream`
            invalid_value | background | `background` needs `store`, or nobody could read the answer
            invalid_value | store | `conversation` needs `store`: what is said in a conversation is kept in it
            invalid_type | metadata.a | `metadata.a` must be a string, not a number
            duplicate | metadata | `metadata` has the field `a` twice
            invalid_type | metadata | `metadata` must be an object, not a list
        "#]],
    );
}

#[test]
fn a_field_nobody_knows_is_refused_and_a_near_miss_names_what_was_meant() {
    check(
        response,
        &[
            r#"{"model":"m","input":"hi","temprature":1}"#,
            r#"{"model":"m","input":"hi","previous_respnse_id":"x"}"#,
            r#"{"model":"m","input":"hi","sotre":true}"#,
            r#"{"model":"m","input":"hi","frobnicate":null}"#,
            r#"{"model":"m","messages":[]}"#,
            r#"{"model":"m","input":"hi","max_tokens":5}"#,
            r#"{"model":"m","input":"hi","text":{"fromat":{}}}"#,
            r#"{"model":"m","input":[{"role":"user","contents":"hi"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function","function":{"name":"f"}}]}"#,
        ],
        expect![[r#"
            unknown_parameter | temprature | unknown field `temprature`; did you mean `temperature`?
            unknown_parameter | previous_respnse_id | unknown field `previous_respnse_id`; did you mean `previous_response_id`?
            unknown_parameter | sotre | unknown field `sotre`; did you mean `store`?
            unknown_parameter | frobnicate | unknown field `frobnicate`
            unknown_parameter | messages | unknown field `messages`; use `input`
            unknown_parameter | max_tokens | unknown field `max_tokens`; use `max_output_tokens`
            unknown_parameter | text.fromat | unknown field `text.fromat`; did you mean `format`?
            missing_required_parameter | input[0].content | `input[0].content` is missing; `contents` is there instead
            unknown_parameter | tools[0].function | unknown field `tools[0].function`; use `name`, `description`, `parameters` and `strict` beside `type`
        "#]],
    );
    check(
        completion,
        &[
            r#"{"model":"m","input":"hi","messages":[{"role":"user","content":"hi"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_output_tokens":5}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"top_k":5}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"sead":5}"#,
        ],
        expect![[r#"
            unknown_parameter | input | unknown field `input`; use `messages`
            unknown_parameter | max_output_tokens | unknown field `max_output_tokens`; use `max_completion_tokens`
            unknown_parameter | top_k | unknown field `top_k`; did you mean `top_p`?
            unknown_parameter | sead | unknown field `sead`; did you mean `seed`?
        "#]],
    );
}

#[test]
fn what_the_vendor_documents_and_abide_does_not_serve_is_never_dropped_in_silence() {
    check(
        response,
        &[
            r#"{"model":"m","input":"hi","prompt":{"id":"pmpt_1"}}"#,
            r#"{"model":"m","input":"hi","context_management":[{"type":"compaction"}]}"#,
            r#"{"model":"m","input":"hi","moderation":{"model":"x"}}"#,
            r#"{"model":"m","input":"hi","truncation":"auto"}"#,
            r#"{"model":"m","input":"hi","top_logprobs":3}"#,
            r#"{"model":"m","input":"hi","include":["message.output_text.logprobs"]}"#,
            r#"{"model":"m","input":"hi","include":["everything"]}"#,
            r#"{"model":"m","input":"hi","reasoning":{"context":"all_turns"}}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"web_search"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"mcp","server_label":"x"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"f","defer_loading":true}]}"#,
            r#"{"model":"m","input":"hi","tool_choice":{"type":"web_search_preview"}}"#,
            r#"{"model":"m","input":[{"type":"item_reference","id":"msg_1"}]}"#,
            r#"{"model":"m","input":[{"id":"msg_1"}]}"#,
            r#"{"model":"m","input":[{"type":"web_search_call","id":"ws_1"}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"a","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
        ],
        expect![[r#"
            unsupported_parameter | prompt | `prompt` is not supported by Abide
            unsupported_parameter | context_management | `context_management` is not supported by Abide
            unsupported_parameter | moderation | `moderation` is not supported by Abide
            unsupported_parameter | truncation | `truncation` `auto` is not supported by Abide
            unsupported_parameter | top_logprobs | `top_logprobs` above 0 is not supported by Abide
            unsupported_parameter | include[0] | `message.output_text.logprobs` is not supported by Abide
            invalid_value | include[0] | `include[0]` must be one of `file_search_call.results`, `web_search_call.results`, `web_search_call.action.sources`, `message.input_image.image_url`, `computer_call_output.output.image_url`, `code_interpreter_call.outputs`, `reasoning.encrypted_content`
            unsupported_parameter | reasoning.context | `reasoning.context` is not supported by Abide
            unsupported_parameter | tools[0].type | a tool of type `web_search` is not supported by Abide
            unsupported_parameter | tools[0].type | a tool of type `mcp` is not supported by Abide
            unsupported_parameter | tools[0].defer_loading | `tools[0].defer_loading` is not supported by Abide
            unsupported_parameter | tool_choice.type | a tool choice of type `web_search_preview` is not supported by Abide
            unsupported_parameter | input[0].type | an item of type `item_reference` is not supported by Abide
            unsupported_parameter | input[0] | a reference to an item is not supported by Abide
            unsupported_parameter | input[0].type | an item of type `web_search_call` is not supported by Abide
            unsupported_parameter | input[0].content[0].type | content of type `input_file` is not supported by Abide
            unsupported_parameter | input[0].content[0].file_id | `input[0].content[0].file_id` is not supported by Abide
            unsupported_parameter | input[0].content[0].prompt_cache_breakpoint | `input[0].content[0].prompt_cache_breakpoint` is not supported by Abide
        "#]],
    );
}

#[test]
fn a_chat_field_that_abide_does_not_serve_is_never_dropped_in_silence() {
    check(
        completion,
        &[
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"n":2}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"logprobs":true}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"modalities":["text","audio"]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"audio":{"format":"wav","voice":"ash"}}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"web_search_options":{}}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"functions":[{"name":"f"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"function_call":"auto"}"#,
            r#"{"model":"m","messages":[{"role":"function","name":"f","content":"1"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","name":"ann","content":"hi"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom","custom":{"name":"c"}}]}"#,
        ],
        expect![[r#"
            unsupported_parameter | n | `n` above 1 is not supported by Abide
            unsupported_parameter | logprobs | `logprobs` is not supported by Abide
            unsupported_parameter | modalities[1] | the modality `audio` is not supported by Abide
            unsupported_parameter | audio | `audio` is not supported by Abide
            unsupported_parameter | web_search_options | `web_search_options` is not supported by Abide
            unsupported_parameter | functions | `functions` is deprecated and not supported by Abide; use `tools`
            unsupported_parameter | function_call | `function_call` is deprecated and not supported by Abide; use `tool_choice`
            unsupported_parameter | messages[0].role | the role `function` is deprecated and not supported by Abide; use `tool`
            unsupported_parameter | messages[0].name | `messages[0].name` is not supported by Abide
            unsupported_parameter | messages[0].content[0].type | content of type `input_audio` is not supported by Abide
            unsupported_parameter | messages[0].content[0].type | content of type `file` is not supported by Abide
            unsupported_parameter | tools[0].type | a tool of type `custom` is not supported by Abide
        "#]],
    );
}

#[test]
fn an_item_that_makes_no_sense_is_named_by_its_place() {
    check(
        response,
        &[
            r#"{"model":"m","input":[7]}"#,
            r#"{"model":"m","input":[{}]}"#,
            r#"{"model":"m","input":[{"type":"mesage","role":"user","content":"hi"}]}"#,
            r#"{"model":"m","input":[{"role":"robot","content":"hi"}]}"#,
            r#"{"model":"m","input":[{"role":"user"}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":{}}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"output_text","text":"hi"}]}]}"#,
            r#"{"model":"m","input":[{"role":"assistant","content":[{"type":"input_text","text":"hi"}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"ftp://x"}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,a"}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:text/html;base64,aGk="}]}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png","detail":"sharp"}]}]}"#,
            r#"{"model":"m","input":["hi",{"type":"function_call_output","output":"1"}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":"hi"},{"type":"function_call_output","output":"1"}]}"#,
            r#"{"model":"m","input":[{"role":"user","content":"hi"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
            r#"{"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#,
            r#"{"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]}"#,
            r#"{"model":"m","input":[{"type":"function_call","call_id":"","name":"f","arguments":"{}"}]}"#,
        ],
        expect![[r#"
            invalid_type | input[0] | `input[0]` must be an object, not a number
            missing_required_parameter | input[0].type | `input[0].type` is missing
            invalid_value | input[0].type | `input[0].type` must be one of `message`, `function_call`, `function_call_output`, `reasoning`
            invalid_value | input[0].role | `input[0].role` must be one of `user`, `assistant`, `system`, `developer`
            missing_required_parameter | input[0].content | `input[0].content` is missing
            invalid_type | input[0].content | `input[0].content` must be a string or a list, not an object
            invalid_value | input[0].content[0].type | `input[0].content[0].type` must be one of `input_text`, `input_image`
            invalid_value | input[0].content[0].type | `input[0].content[0].type` must be one of `output_text`, `refusal`
            invalid_value | input[0].content[0].image_url | `input[0].content[0].image_url` must be an `https:`, `http:` or `data:` URL
            invalid_value | input[0].content[0].image_url | `input[0].content[0].image_url` is not `data:image/…;base64,` followed by base64
            invalid_value | input[0].content[0].image_url | `input[0].content[0].image_url` is not `data:image/…;base64,` followed by base64
            invalid_value | input[0].content[0].detail | `input[0].content[0].detail` must be one of `auto`, `low`, `high`, `original`
            invalid_type | input[0] | `input[0]` must be an object, not a string
            missing_required_parameter | input[1].call_id | `input[1].call_id` is missing
            invalid_value | input[1].call_id | no function call with `call_id` `c` comes before this output
            invalid_value | input[0].call_id | the function call `c` has no output in `input`
            invalid_type | input[0].arguments | `input[0].arguments` must be a string, not an object
            invalid_value | input[0].call_id | `input[0].call_id` is empty
        "#]],
    );
}

#[test]
fn a_message_that_makes_no_sense_is_named_by_its_place() {
    check(
        completion,
        &[
            r#"{"model":"m","messages":[]}"#,
            r#"{"model":"m","messages":"hi"}"#,
            r#"{"model":"m","messages":[{"content":"hi"}]}"#,
            r#"{"model":"m","messages":[{"role":"robot","content":"hi"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":null}]}"#,
            r#"{"model":"m","messages":[{"role":"assistant","content":null}]}"#,
            r#"{"model":"m","messages":[{"role":"tool","content":"1"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":"https://x"}]}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stop":["a","b","c","d","e"]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stop":{}}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1,"max_completion_tokens":2}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream_options":{"include_usage":true}}"#,
        ],
        expect![[r#"
            invalid_value | messages | `messages` is empty
            invalid_type | messages | `messages` must be a list, not a string
            missing_required_parameter | messages[0].role | `messages[0].role` is missing
            invalid_value | messages[0].role | `messages[0].role` must be one of `developer`, `system`, `user`, `assistant`, `tool`
            missing_required_parameter | messages[0].content | `messages[0].content` is missing
            missing_required_parameter | messages[0].content | `messages[0].content` is missing
            missing_required_parameter | messages[0].tool_call_id | `messages[0].tool_call_id` is missing
            invalid_value | messages[1].tool_call_id | no message before this one makes the tool call `c`
            invalid_value | messages[1].tool_calls | no message of the role `tool` answers the tool call `c`
            missing_required_parameter | messages[0].tool_calls[0].type | `messages[0].tool_calls[0].type` is missing
            invalid_value | messages[0].content[0].type | `messages[0].content[0].type` must be one of `text`
            invalid_type | messages[0].content[0].image_url | `messages[0].content[0].image_url` must be an object, not a string
            above_max_length | stop | `stop` holds 5 entries, the most is 4
            invalid_type | stop | `stop` must be a string or a list, not an object
            invalid_value | max_tokens | `max_tokens` and `max_completion_tokens` differ; give the second alone
            invalid_value | stream_options | `stream_options` needs `stream`
        "#]],
    );
}

#[test]
fn tools_are_named_once_and_a_choice_names_one_of_them() {
    check(
        response,
        &[
            r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"f"},{"type":"function","name":"f"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"get weather"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"f","parameters":"{}"}]}"#,
            r#"{"model":"m","input":"hi","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"g"}}"#,
            r#"{"model":"m","input":"hi","tool_choice":"required"}"#,
            r#"{"model":"agent/refunds","input":"hi","tool_choice":"required"}"#,
            r#"{"model":"m","input":"hi","tool_choice":"any"}"#,
            r#"{"model":"m","input":"hi","text":{"format":{"type":"json_schema","name":"x"}}}"#,
            r#"{"model":"m","input":"hi","text":{"format":{"type":"json_schema","name":"a b","schema":{}}}}"#,
        ],
        expect![[r#"
            duplicate | tools[1] | `tools[1]` has the name `f`, which an earlier tool has
            invalid_value | tools[0].name | `tools[0].name` may hold letters, digits, `_` and `-`, at least one of them
            missing_required_parameter | tools[0].name | `tools[0].name` is missing
            invalid_type | tools[0].parameters | `tools[0].parameters` must be an object, not a string
            invalid_value | tool_choice | `tool_choice` names `g`, which is not in `tools`
            invalid_value | tool_choice | `tool_choice` is `required`, but `tools` lists none
            accepted
            invalid_value | tool_choice | `tool_choice` must be one of `auto`, `none`, `required`
            missing_required_parameter | text.format.schema | `text.format.schema` is missing
            invalid_value | text.format.name | `text.format.name` may hold letters, digits, `_` and `-`, at least one of them
        "#]],
    );
}

#[test]
fn a_conversation_and_a_previous_response_are_ids_and_exclude_each_other() {
    check(
        response,
        &[
            r#"{"model":"m","input":"hi","conversation":"conv_1"}"#,
            r#"{"model":"m","input":"hi","conversation":{"id":7}}"#,
            r#"{"model":"m","input":"hi","previous_response_id":"resp_1"}"#,
            r#"{"model":"m","input":"hi","conversation":"conv_0000000000000000000000000190f3a1","previous_response_id":"resp_0000000000000000000000000190f3a100000001"}"#,
            r#"{"model":"m","conversation":"conv_0000000000000000000000000190f3a1"}"#,
            r#"{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"1"}],"previous_response_id":"resp_0000000000000000000000000190f3a100000001"}"#,
        ],
        expect![[r#"
            invalid_value | conversation | `conv_1` is not a conversation id
            invalid_type | conversation.id | `conversation.id` must be a string, not a number
            invalid_value | previous_response_id | `resp_1` is not a response id
            invalid_value | previous_response_id | `previous_response_id` and `conversation` exclude each other
            accepted
            accepted
        "#]],
    );
}

#[test]
fn every_limit_is_an_answer() {
    let pairs = |n: usize, value: &str| {
        let pairs: Vec<String> = (0..n).map(|i| format!("\"k{i}\":\"{value}\"")).collect();
        pairs.join(",")
    };
    let tools: Vec<String> = (0..129).map(|i| format!(r#"{{"type":"function","name":"f{i}"}}"#)).collect();
    let deep = format!("{}{}", "{\"a\":".repeat(101), "1".to_owned() + &"}".repeat(101));
    let many = vec!["\"x\""; 10_001].join(",");
    let bodies = [
        format!(r#"{{"model":"m","input":"hi","metadata":{{{}}}}}"#, pairs(17, "v")),
        format!(r#"{{"model":"m","input":"hi","metadata":{{{}}}}}"#, pairs(1, &"v".repeat(513))),
        format!(r#"{{"model":"m","input":"hi","metadata":{{"{}":"v"}}}}"#, "k".repeat(65)),
        format!(r#"{{"model":"m","input":"hi","tools":[{}]}}"#, tools.join(",")),
        format!(
            r#"{{"model":"m","input":"hi","tools":[{{"type":"function","name":"{}"}}]}}"#,
            "f".repeat(65)
        ),
        format!(
            r#"{{"model":"m","input":"hi","tools":[{{"type":"function","name":"f","parameters":{deep}}}]}}"#
        ),
        format!(r#"{{"model":"m","input":[{many}]}}"#),
        format!(r#"{{"model":"m","input":"hi",{}}}"#, pairs(256, "v")),
        format!(r#"{{"model":"{}","input":"hi"}}"#, "m".repeat(201)),
    ];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    check(
        response,
        &bodies,
        expect![[r#"
            above_max_length | metadata | `metadata` has 17 pairs, the most is 16
            above_max_length | metadata | `metadata` has a value of 513 characters under `k0`, the most is 512
            above_max_length | metadata | `metadata` has a key of 65 characters, the most is 64
            above_max_length | tools | `tools` holds 129 entries, the most is 128
            above_max_length | tools[0].name | `tools[0].name` is longer than 64 characters
            above_max_length | tools[0].parameters | `tools[0].parameters` nests deeper than 100 levels
            above_max_length | input | `input` holds 10001 entries, the most is 10000
            above_max_length | - | the body has more than 256 fields
            invalid_value | model | model is 201 bytes long, the most is 200
        "#]],
    );
}

#[test]
fn conversations_refuse_what_they_cannot_hold() {
    check(
        |body| conversations::decode_create(body).map(drop),
        &["", "{}", r#"{"items":null}"#, r#"{"item":[]}"#, r#"{"items":[{"role":"user"}]}"#],
        expect![[r#"
            accepted
            accepted
            accepted
            unknown_parameter | item | unknown field `item`; did you mean `items`?
            missing_required_parameter | items[0].content | `items[0].content` is missing
        "#]],
    );
    check(
        |body| conversations::decode_update(body).map(drop),
        &["{}", r#"{"metadata":null}"#, r#"{"metadata":{"a":"b"}}"#, r#"{"metadata":{"a":null}}"#],
        expect![[r#"
            missing_required_parameter | metadata | `metadata` is missing
            accepted
            accepted
            invalid_type | metadata.a | `metadata.a` must be a string, not null
        "#]],
    );
    let many = format!(r#"{{"items":[{}]}}"#, vec![r#"{"role":"user","content":"a"}"#; 21].join(","));
    check(
        |body| conversations::decode_items(body).map(drop),
        &["{}", &many],
        expect![[r#"
        missing_required_parameter | items | `items` is missing
        above_max_length | items | `items` holds 21 entries, the most is 20
    "#]],
    );
}

#[test]
fn a_body_that_nests_without_end_is_an_answer_too() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
    for value in [deep("[", "]"), deep("{\"a\":", "}")] {
        let tool = format!(r#"{{"type":"function","name":"f","parameters":{value}}}"#);
        for body in [
            format!(r#"{{"model":"m","input":{value}}}"#),
            format!(r#"{{"model":"m","input":"hi","tools":[{tool}]}}"#),
            format!(r#"{{"model":"m","input":"hi","metadata":{value}}}"#),
            value.clone(),
        ] {
            assert!(responses::decode(body.as_bytes()).is_err());
        }
    }
}
