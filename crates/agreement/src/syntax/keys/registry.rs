//! Keys of `book.toml` and of other files that are not instruments.

use super::entry::{DATED, PURCHASE, RATE, REVENUE, VALUATION};
use super::{Key, Keys, NAMES, NOTE, Shape, key, needed};
use abide_model::decision::SourceClass;

/// `book.toml`.
pub(crate) static BOOK: Keys = Keys {
    about: "The file that names a book of agreements: its owner, its zone, and who and what there is.",
    parts: &[HEAD, TABLES],
    choice: &[],
};

/// Any other file that is not an instrument.
pub(crate) static REGISTRY: Keys = Keys {
    about: "A file of a book that is no instrument: who and what there is, what happened, what it costs.",
    parts: &[TABLES],
    choice: &[],
};

const HEAD: &[Key] = &[
    needed("book", Shape::Text, "\"my-clouds\"", "The name of the book."),
    needed(
        "self",
        Shape::Name,
        "\"lab\"",
        "The party whose Abide this is: who acts where an ask names nobody.",
    ),
    key(
        "zone",
        Shape::Text,
        "\"America/Los_Angeles\"",
        "The time zone in which the book's days begin, by its IANA name. UTC when absent.",
    ),
    key(
        "year_begins",
        Shape::Text,
        "\"07-01\"",
        "The first day of the year by which quarters, halves and years are counted: the first of a month. \"01-01\" \
         when absent.",
    ),
];

const TABLES: &[Key] = &[
    key("party", Shape::Tables(&PARTY), "", "Who signs, owns, operates, pays."),
    key("channel", Shape::Tables(&CHANNEL), "", "A route to the customer."),
    key(
        "product",
        Shape::Tables(&PRODUCT),
        "",
        "What is offered. A clause that names `lab` covers `lab/api` too.",
    ),
    key("segment", Shape::Tables(&SEGMENT), "", "A group of customers."),
    key("territory", Shape::Tables(&TERRITORY), "", "A set of countries, such as `EU`."),
    key("question", Shape::Tables(&QUESTION), "", "A point on which readings differ."),
    key(
        "event",
        Shape::Tables(&EVENT),
        "",
        "Something that may happen. `launched`, `offered`, `accepted` and `declined` are there already.",
    ),
    key("fact", Shape::Tables(&FACT), "", "Something that did happen, or the answer to a question."),
    key("price", Shape::Tables(&PRICE), "", "What a customer is charged, per million tokens."),
    key(
        "cost",
        Shape::Tables(&COST),
        "",
        "What the operator of a channel charges you for metered calls through it, per million tokens.",
    ),
    key("rate", Shape::Tables(&RATE), "", "What a currency is worth in another, from a day on."),
    key("valuation", Shape::Tables(&VALUATION), "", "What a company is worth, from a day on."),
    key("revenue", Shape::Tables(&REVENUE), "", "Revenue that was not metered."),
    key("purchase", Shape::Tables(&PURCHASE), "", "Something that was bought."),
    SOURCES,
];

static ONE_SOURCE: Shape = Shape::Table(&SOURCE);

/// `[source.ID]`, which instruments have too.
pub(super) const SOURCES: Key =
    key("source", Shape::Map(&ONE_SOURCE), "", "Where words were read, as [source.ID].");

static PARTY: Keys = Keys {
    about: "Who signs, owns, operates, pays.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"lab\"", "What the files call it."),
            key("name", Shape::Text, "\"OpenAI\"", "What people call it."),
            key(
                "address",
                Shape::List(&Shape::Text),
                "[\"1 Quay Street\", \"20457 Hamburg\"]",
                "Where it sits, line by line, for invoices.",
            ),
            key("tax_id", Shape::Text, "\"DE123456789\"", "Its VAT or tax number, for invoices."),
            key(
                "pay_to",
                Shape::List(&Shape::Text),
                "[\"IBAN DE02 1203 0000 0000 2020 51\"]",
                "Where it is paid, line by line, on invoices from it.",
            ),
            key(
                "pay_within",
                Shape::Span,
                "\"30d\"",
                "Within what time after its day of issue an invoice from it is to be paid.",
            ),
        ],
        NOTE,
    ],
    choice: &[],
};

static CHANNEL: Keys = Keys {
    about: "A route to the customer.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"blue\"", "What the files call it."),
            needed("operator", Shape::Name, "\"cloud\"", "The party that runs it."),
        ],
        NOTE,
    ],
    choice: &[],
};

static PRODUCT: Keys = Keys {
    about: "What is offered.",
    parts: &[
        &[
            needed(
                "id",
                Shape::Path,
                "\"lab/agent\"",
                "Its path. A clause that names a path covers everything below it.",
            ),
            needed(
                "owner",
                Shape::Name,
                "\"lab\"",
                "The party that may do anything with it that it has not promised away.",
            ),
            key(
                "classes",
                Shape::List(&Shape::Either(&[Shape::Name, Shape::Table(&CLASS)])),
                "[\"api\"]",
                "The kinds of product it counts as. Where that is disputed: { class = \"api\", if = \"some-question\" }.",
            ),
        ],
        NOTE,
    ],
    choice: &[],
};

static CLASS: Keys = Keys {
    about: "A class that the product is in only if a question is answered yes.",
    parts: &[&[
        needed("class", Shape::Name, "\"api\"", "The class."),
        needed("if", Shape::Name, "\"agent-is-api\"", "The question on which it hangs."),
    ]],
    choice: &[],
};

static SEGMENT: Keys = Keys {
    about: "A group of customers.",
    parts: &[
        &[
            needed("id", Shape::Path, "\"government/national-security\"", "Its path."),
            key("name", Shape::Text, "\"National security\"", "What people call it."),
        ],
        NOTE,
    ],
    choice: &[],
};

static TERRITORY: Keys = Keys {
    about: "A set of countries.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"EU\"", "What clauses call it."),
            key("members", NAMES, "[\"DE\", \"FR\"]", "Its countries, as ISO 3166 codes of two letters."),
        ],
        NOTE,
    ],
    choice: &[],
};

static QUESTION: Keys = Keys {
    about: "A point on which readings differ; open until a fact answers it.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"agent-is-api\"", "What conditions and classes call it."),
            needed(
                "ask",
                Shape::Text,
                "\"Is it an API product?\"",
                "The question itself, to be answered yes or no.",
            ),
            key(
                "positions",
                Shape::Map(&Shape::Bool),
                "{ cloud = true, lab = false }",
                "Who reads it how. Where two or more have a position and all agree, it is not open between them.",
            ),
            key("settled_by", Shape::Text, "\"amendment or court\"", "What would settle it."),
        ],
        NOTE,
    ],
    choice: &[],
};

static EVENT: Keys = Keys {
    about: "Something that may happen. What no fact records has not happened.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"agi-verified\"", "What conditions and facts call it."),
            key(
                "args",
                Shape::List(&Shape::Word(|| vec!["party", "channel", "product"])),
                "[\"channel\", \"product\"]",
                "What it is said of.",
            ),
            needed("ask", Shape::Text, "\"Has it happened?\"", "The question that a fact answers with yes."),
        ],
        NOTE,
    ],
    choice: &[],
};

pub(super) static FACT: Keys = Keys {
    about: "Something that happened, the answer to a question, or what an amount had come to.",
    parts: &[
        &[
            key("event", Shape::Condition, "\"launched(lab/agent, blue)\"", "What happened."),
            key("question", Shape::Name, "\"agent-is-api\"", "The question that is answered."),
            key("answer", Shape::Bool, "true", "The answer. It holds for every day, once it is known."),
            key(
                "measure",
                Shape::Condition,
                "\"spend(lab, blue)\"",
                "The amount that is reported: spend(party, party or channel), or revenue(party) with a product or channel.",
            ),
            key(
                "amount",
                Shape::Money,
                "\"5_000_000 USD\"",
                "What it had come to, in all, by the end of the day before `on`.",
            ),
            needed(
                "on",
                Shape::Date,
                "2026-04-27",
                "The day it happened; the day from which an amount counts.",
            ),
            key("recorded", Shape::Date, "2026-04-27", "The day it became known; the same day when absent."),
            key("source", Shape::Name, "\"press-release\"", "Where that was read: the ID of a [source.ID]."),
        ],
        NOTE,
    ],
    choice: &[&["event"], &["question", "answer"], &["measure", "amount"]],
};

static PRICE: Keys =
    Keys { about: "What a customer is charged, per million tokens.", parts: &[TOKENS, NOTE], choice: &[] };

static COST: Keys = Keys {
    about: "What the operator of a channel charges the party whose book this is for metered calls through it, per \
            million tokens. It draws down the commitments between the two.",
    parts: &[
        &[needed("channel", Shape::Name, "\"blue\"", "The channel; its operator charges.")],
        TOKENS,
        DATED,
        NOTE,
    ],
    choice: &[],
};

const TOKENS: &[Key] = &[
    needed(
        "product",
        Shape::Path,
        "\"lab/api\"",
        "The product and everything below it; the longest path that covers a product wins.",
    ),
    needed(
        "since",
        Shape::Date,
        "2026-04-27",
        "The first day it is charged; the latest that has begun wins.",
    ),
    needed("input", Shape::Money, "\"2.50 USD\"", "For a million tokens of input."),
    key("cached", Shape::Money, "\"0.25 USD\"", "For input read from a cache; as `input` when absent."),
    key("cache_write", Shape::Money, "\"3.00 USD\"", "For input written to a cache; as `input` when absent."),
    needed("output", Shape::Money, "\"10 USD\"", "For a million tokens of output."),
];

static SOURCE: Keys = Keys {
    about: "Where words were read, and how strong that is.",
    parts: &[
        &[
            needed(
                "class",
                Shape::Word(|| SourceClass::ALL.map(SourceClass::as_str).to_vec()),
                "\"official\"",
                "official: a party's own text. filing: given to an authority. reported: press. inferred: concluded by \
                 whoever wrote the book.",
            ),
            key("url", Shape::Text, "\"example.com/terms\"", "Where it can be read."),
            key("title", Shape::Text, "\"Joint statement\"", "What it is called."),
        ],
        NOTE,
    ],
    choice: &[],
};
