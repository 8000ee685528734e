//! Configurations with something wrong in them, and what `abide check` says.

use crate::stage::Stage;
use expect_test::{Expect, expect};

const BOOK: &str = r#"
book = "small"
self = "us"
[[party]]
id = "us"
[[party]]
id = "them"
[[channel]]
id = "azure"
operator = "them"
[[product]]
id = "us/api"
owner = "us"
"#;

fn check(files: &[(&str, &str)], expected: Expect) {
    let done = Stage::new(files).run(&["check"]);
    expected.assert_eq(&done.text());
}

#[test]
fn every_finding_of_a_file_comes_out_at_once() {
    check(
        &[(
            "abide.toml",
            r#"listen = "localhost"
agent = "agents"

[cloud.azure]
dialect = "azur"
url = "https://name.openai.azure.com"
key = { env = "ABIDE_TEST_NOT_SET" }

[cloud.own]
dialect = "openai"
url = "http://models.example.com/v1"
chanel = "direct"

[model.fast]
targets = ["own/a"]
"#,
        )],
        expect![[r#"
            error[bad-address]: `localhost` is not an address and port
             --> abide.toml:1:11
              |
            1 | listen = "localhost"
              |           ^^^^^^^^^
              = help: write one such as "127.0.0.1:7777", or "0.0.0.0:7777" for every network

            error[unknown-key]: abide.toml has no key `agent`
             --> abide.toml:2:1
              |
            2 | agent = "agents"
              | ^^^^^
              = help: did you mean `agents`?

            error[unknown-name]: there is no dialect `azur`
             --> abide.toml:5:12
              |
            5 | dialect = "azur"
              |            ^^^^
              = help: did you mean `azure`?

            error[missing-secret]: the environment variable `ABIDE_TEST_NOT_SET` is not set
             --> abide.toml:7:16
              |
            7 | key = { env = "ABIDE_TEST_NOT_SET" }
              |                ^^^^^^^^^^^^^^^^^^
              = help: set it where Abide is started: export ABIDE_TEST_NOT_SET=…

            error[plain-http]: keys and content would travel unencrypted to another machine
              --> abide.toml:11:8
               |
            11 | url = "http://models.example.com/v1"
               |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               = help: write https://, or set allow_plain_http = true at the top of this file

            error[unknown-key]: [cloud.own] has no key `chanel`
              --> abide.toml:12:1
               |
            12 | chanel = "direct"
               | ^^^^^^
               = help: did you mean `channel`?

            6 errors
            exit 2
        "#]],
    );
}

#[test]
fn targets_are_checked_word_by_word() {
    check(
        &[(
            "abide.toml",
            r#"[cloud.own]
dialect = "openai"
url = "http://127.0.0.1:1"
[model.fast]
targets = ["onw/gpt-5", "own", { cloud = "own", model = "m", can = { pictures = true } }]
[model.none]
[model."agent/a"]
targets = []
"#,
        )],
        expect![[r#"
            error[unknown-name]: no cloud `onw` is configured
             --> abide.toml:5:13
              |
            5 | targets = ["onw/gpt-5", "own", { cloud = "own", model = "m", can = { pictures = true } }]
              |             ^^^
              = help: did you mean `own`?

            error[bad-target]: `own` names no cloud and model
             --> abide.toml:5:26
              |
            5 | targets = ["onw/gpt-5", "own", { cloud = "own", model = "m", can = { pictures = true } }]
              |                          ^^^
              = help: write "CLOUD/MODEL", the cloud's name before the first /

            error[unknown-key]: `can` has no key `pictures`
             --> abide.toml:5:70
              |
            5 | targets = ["onw/gpt-5", "own", { cloud = "own", model = "m", can = { pictures = true } }]
              |                                                                      ^^^^^^^^
              = help: it may have `images`, `json_schema`, `tools`

            error[missing-key]: [model.none] lacks `targets`
             --> abide.toml:6:1
              |
            6 | [model.none]
              | ^^^^^^^^^^^^
              = help: add a line such as: targets = ["CLOUD/MODEL"]

            error[bad-name]: `agent/a` is a name for an agent
             --> abide.toml:7:8
              |
            7 | [model."agent/a"]
              |        ^^^^^^^^^
              = help: name the model otherwise; agents are files in the folder of agents

            error[empty-list]: `targets` is an empty list
             --> abide.toml:8:11
              |
            8 | targets = []
              |           ^^
              = help: name at least one

            6 errors
            exit 2
        "#]],
    );
}

#[test]
fn times_and_counts_that_are_none_say_what_they_may_be() {
    let config = "[cloud.own]\ndialect = \"openai\"\nurl = \"http://127.0.0.1:1\"\n[model.a]\ntargets = [\"own/a\"]\n\
        [waits]\nconnect = \"5 s\"\n[limits]\nruns = 0\n";
    check(
        &[("abide.toml", config)],
        expect![[r#"
        error[wrong-type]: `connect` needs a time such as "250ms", "30s", "10m" or "2h"
         --> abide.toml:7:11
          |
        7 | connect = "5 s"
          |           ^^^^^

        error[wrong-type]: `runs` needs a whole number from 1 to 1048576, without quotes
         --> abide.toml:9:8
          |
        9 | runs = 0
          |        ^

        2 errors
        exit 2
    "#]],
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    check(
        &[(
            "abide.toml",
            r#"[cloud.openai]
dialect = "openai"
key = "sk-live-1234"
[model.a]
targets = ["openai/a"]
"#,
        )],
        expect![[r#"
            error[secret-in-file]: `key` holds a secret, and this file is no place for one
             --> abide.toml:3:8
              |
            3 | key = "************"
              |        ^^^^^^^^^^^^
              = help: key = { env = "NAME" } or key = { file = "/run/secrets/NAME" }

            1 error
            exit 2
        "#]],
    );
}

#[test]
fn a_secret_in_the_file_is_taken_for_a_cloud_of_this_machine() {
    check(
        &[(
            "abide.toml",
            r#"[cloud.fake]
dialect = "azure"
url = "http://127.0.0.1:7801"
key = "opens-nothing"
[model.a]
targets = ["fake/a"]
"#,
        )],
        expect![[r#"
            abide.toml: 1 cloud, 1 model, 0 agents, no agreements; nothing wrong
            exit 0
        "#]],
    );
}

#[test]
fn a_missing_secret_says_where_it_was_looked_for() {
    check(
        &[(
            "abide.toml",
            r#"[cloud.aws]
dialect = "bedrock"
region = "us-east-1"
access_key_id = { env = "ABIDE_TEST_NOT_SET" }
secret_access_key = { file = "nowhere.txt" }
[model.a]
targets = ["aws/a"]
"#,
        )],
        expect![[r#"
            error[missing-secret]: the environment variable `ABIDE_TEST_NOT_SET` is not set
             --> abide.toml:4:26
              |
            4 | access_key_id = { env = "ABIDE_TEST_NOT_SET" }
              |                          ^^^^^^^^^^^^^^^^^^
              = help: set it where Abide is started: export ABIDE_TEST_NOT_SET=…

            error[missing-secret]: `nowhere.txt` cannot be read: No such file or directory (os error 2)
             --> abide.toml:5:31
              |
            5 | secret_access_key = { file = "nowhere.txt" }
              |                               ^^^^^^^^^^^

            2 errors
            exit 2
        "#]],
    );
}

#[test]
fn credentials_of_aws_are_one_kind_and_whole() {
    check(
        &[
            (
                "abide.toml",
                r#"[cloud.both]
dialect = "bedrock"
region = "US East"
key = { file = "key" }
access_key_id = "AKIA"
[cloud.half]
dialect = "bedrock"
url = "https://bedrock.example.com"
access_key_id = "AKIA"
[cloud.none]
dialect = "bedrock"
[model.a]
targets = ["both/a"]
"#,
            ),
            ("key", "k\n"),
        ],
        expect![[r#"
            error[bad-name]: `US East` is not a region
             --> abide.toml:3:11
              |
            3 | region = "US East"
              |           ^^^^^^^
              = help: write one such as "us-east-1"

            error[two-keys]: [cloud.both] has both a `key` and an access key; one of them is used
             --> abide.toml:4:1
              |
            4 | key = { file = "key" }
              | ^^^
              = help: take out `key`, or `access_key_id` and `secret_access_key`

            error[missing-key]: [cloud.half] lacks `secret_access_key`
             --> abide.toml:6:1
              |
            6 | [cloud.half]
              | ^^^^^^^^^^^^
              = help: add a line such as: secret_access_key = { env = "AWS_SECRET_ACCESS_KEY" }

            error[missing-key]: [cloud.half] lacks `region`
             --> abide.toml:6:1
              |
            6 | [cloud.half]
              | ^^^^^^^^^^^^
              = help: add a line such as: region = "us-east-1"

            error[missing-key]: [cloud.none] lacks `region`
              --> abide.toml:10:1
               |
            10 | [cloud.none]
               | ^^^^^^^^^^^^
               = help: add a line such as: region = "us-east-1"

            error[missing-key]: [cloud.none] lacks `key`
              --> abide.toml:10:1
               |
            10 | [cloud.none]
               | ^^^^^^^^^^^^
               = help: add a line such as: key = { env = "AWS_BEARER_TOKEN_BEDROCK" }, or access_key_id and secret_access_key

            6 errors
            exit 2
        "#]],
    );
}

#[test]
fn products_and_channels_are_those_of_the_book() {
    check(
        &[
            ("book/book.toml", BOOK),
            (
                "abide.toml",
                r#"agreements = "book"
[cloud.azure]
dialect = "azure"
url = "http://127.0.0.1:1"
key = "k"
[cloud.vm]
dialect = "openai"
url = "http://127.0.0.1:1"
[model.a]
product = "us/apo"
targets = ["azure/a"]
[model.b]
targets = [{ cloud = "azure", model = "b", product = "us/api", channel = "azrue" }, "azure/c"]
"#,
            ),
        ],
        expect![[r#"
            error[unknown-name]: the agreements have no channel `vm`, the name of this cloud
             --> abide.toml:6:8
              |
            6 | [cloud.vm]
              |        ^^
              = help: add channel = "…" with one of: azure

            error[unknown-name]: the agreements have no product `us/apo`
              --> abide.toml:10:12
               |
            10 | product = "us/apo"
               |            ^^^^^^
               = help: did you mean `us/api`?

            error[missing-key]: [model.b] lacks `product`
              --> abide.toml:12:1
               |
            12 | [model.b]
               | ^^^^^^^^^
               = help: add a line such as: product = "lab/api"

            error[unknown-name]: the agreements have no channel `azrue`
              --> abide.toml:13:75
               |
            13 | targets = [{ cloud = "azure", model = "b", product = "us/api", channel = "azrue" }, "azure/c"]
               |                                                                           ^^^^^
               = help: did you mean `azure`?

            4 errors
            exit 2
        "#]],
    );
}

#[test]
fn a_broken_book_is_shown_under_the_path_it_lies_at() {
    check(
        &[
            ("book/book.toml", &BOOK.replace("owner = \"us\"", "owner = \"uss\"")),
            (
                "abide.toml",
                r#"agreements = "book"
[cloud.azure]
dialect = "azure"
url = "http://127.0.0.1:1"
key = "k"
[model.a]
product = "us/api"
targets = ["azure/a"]
"#,
            ),
        ],
        expect![[r#"
            error[unknown-name]: there is no party `uss` in this book
              --> book/book.toml:13:10
               |
            13 | owner = "uss"
               |          ^^^
               = help: did you mean `us`?

            1 error
            exit 2
        "#]],
    );
}

#[test]
fn agents_are_checked_with_the_file_that_names_their_models() {
    let config = r#"[cloud.own]
dialect = "openai"
url = "http://127.0.0.1:1"
[model.balanced]
targets = ["own/a"]
"#;
    check(
        &[
            ("abide.toml", config),
            ("agents/none.md", "You help.\n"),
            ("agents/slip.md", "+++\nmodel = \"balancd\"\ntemprature = 1\n+++\nYou help.\n"),
            ("agents/no toml.md", "+++\nmodel: balanced\n+++\nYou help.\n"),
            ("agents/silent.md", "+++\nmodel = \"balanced\"\n+++\n"),
            ("agents/notes.txt", "not an agent"),
        ],
        expect![[r#"
            error[bad-name]: model `agent/no toml` holds ` `; letters, digits, `-`, `_`, `.`, `/`, `:`, `@` and `+` are allowed
             --> agents/no toml.md:1:1
              |
            1 | +++
              | ^^^

            error[toml]: this is not TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
             --> agents/no toml.md:2:6
              |
            2 | model: balanced
              |      ^

            error[toml]: this is not TOML: key with no value, expected `=`
             --> agents/no toml.md:2:8
              |
            2 | model: balanced
              |        ^

            error[front-matter]: an agent begins with a line +++, its settings, and another line +++
             --> agents/none.md:1:1
              |
            1 | You help.
              | ^^^^^^^^^
              = help: +++, model = "NAME", +++, each on a line, then the instructions

            warning[no-instructions]: no instructions follow
             --> agents/silent.md:3:1
              |
            3 | +++
              | ^^^

            error[unknown-name]: there is no model `balancd`
             --> agents/slip.md:2:10
              |
            2 | model = "balancd"
              |          ^^^^^^^
              = help: did you mean `balanced`?

            error[unknown-key]: this agent has no key `temprature`
             --> agents/slip.md:3:1
              |
            3 | temprature = 1
              | ^^^^^^^^^^
              = help: it may have `description`, `model`

            6 errors, 1 warning
            exit 2
        "#]],
    );
}

#[test]
fn a_target_that_is_listed_twice_is_found() {
    check(
        &[(
            "abide.toml",
            r#"[cloud.own]
dialect = "openai"
url = "http://127.0.0.1:1"
[model.a]
targets = ["own/a", "own/b", { cloud = "own", model = "a" }]
"#,
        )],
        expect![[r#"
            error[listed-twice]: `own/a` is listed twice
             --> abide.toml:5:30
              |
            5 | targets = ["own/a", "own/b", { cloud = "own", model = "a" }]
              |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              = help: one that failed is not tried again for the same request; take it out

            1 error
            exit 2
        "#]],
    );
}

#[test]
fn a_file_that_is_not_toml_says_where_it_stops_being_it() {
    check(
        &[("abide.toml", "listen = \"127.0.0.1:7777\"\n[cloud.openai\ndialect = \"openai\"\n")],
        expect![[r#"
            error[toml]: this is not TOML: unclosed table, expected `]`
             --> abide.toml:2:14
              |
            2 | [cloud.openai
              |              ^

            1 error
            exit 2
        "#]],
    );
}

#[test]
fn an_empty_file_says_what_to_add() {
    check(
        &[("abide.toml", "")],
        expect![[r#"
        error[no-cloud]: no cloud is configured
         --> abide.toml:1:1
          |
        1 | 
          | ^
          = help: add one: [cloud.openai] with dialect = "openai" and key = { env = "OPENAI_API_KEY" }

        error[no-model]: no model is configured
         --> abide.toml:1:1
          |
        1 | 
          | ^
          = help: add one: [model.balanced] with targets = ["CLOUD/MODEL"]

        2 errors
        exit 2
    "#]],
    );
}

#[test]
fn a_configuration_that_is_not_there_leads_to_init() {
    check(
        &[],
        expect![[r#"
        error: there is no configuration `abide.toml`
        help: `abide init` writes one; --config names another than `abide.toml`
        exit 2
    "#]],
    );
}

#[test]
fn findings_are_json_for_a_program() {
    let stage = Stage::new(&[(
        "abide.toml",
        "lisen = \"127.0.0.1:1\"\n[cloud.a]\ndialect = \"openai\"\nurl = \"http://127.0.0.1:1\"\n[model.a]\ntargets = [\"a/a\"]\n",
    )]);
    let done = stage.run(&["check", "--json"]);
    expect![[r#"
        {"ok":false,"findings":[{"severity":"error","code":"unknown-key","file":"abide.toml","line":1,"column":1,"message":"abide.toml has no key `lisen`","help":"did you mean `listen`?","also":[]}]}
        exit 2
    "#]].assert_eq(&done.text());
}

#[test]
fn a_fault_on_a_line_that_two_targets_use_is_reported_once() {
    let cloud = |name: &str| {
        format!(
            "[cloud.{name}]\ndialect = \"openai\"\nurl = \"http://127.0.0.1:1/v1\"\nchannel = \"azure\"\n"
        )
    };
    let config = format!(
        "agreements = \"book\"\n{}{}[model.m]\nproduct = \"us/app\"\ntargets = [\"a/x\", \"b/x\"]\n",
        cloud("a"),
        cloud("b")
    );
    let done = Stage::new(&[("abide.toml", &config), ("book/book.toml", BOOK)]).run(&["check"]);
    assert!(done.err.ends_with("\n1 error\n") && done.err.contains("no product `us/app`"), "{}", done.text());
}

#[test]
fn an_address_that_others_can_reach_is_warned_of_until_it_is_meant() {
    let config = "listen = \"0.0.0.0:7777\"\n[cloud.a]\ndialect = \"openai\"\nurl = \"http://127.0.0.1:1/v1\"\n\
                  [model.m]\ntargets = [\"a/x\"]\n";
    let warned = Stage::new(&[("abide.toml", config)]).run(&["check"]);
    assert!(warned.status == 0 && warned.err.contains("warning[open-address]"), "{}", warned.text());
    let meant = format!("allow_remote = true\n{config}");
    let quiet = Stage::new(&[("abide.toml", &meant)]).run(&["check"]);
    assert!(quiet.status == 0 && quiet.err.is_empty(), "{}", quiet.text());
}
