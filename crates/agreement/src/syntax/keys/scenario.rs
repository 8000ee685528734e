//! Keys of scenario files.

use super::entry::{BOUGHT, SOLD};
use super::registry::SOURCES;
use super::{Key, Keys, NOTE, Shape, key, needed};
use abide_model::decision::SourceClass;
use abide_model::scenario::Measure;
use abide_model::terms::Every;

/// A scenario: a forecast and the question that is put to it.
pub(crate) static SCENARIO: Keys = Keys {
    about: "A forecast of what is sold and bought, what is assumed besides, and what is to be compared.",
    parts: &[HEAD, TABLES, NOTE],
    choice: &[],
};

fn lengths() -> Vec<&'static str> {
    Every::ALL.map(Every::as_str).to_vec()
}

fn measures() -> Vec<&'static str> {
    Measure::ALL.map(Measure::as_str).to_vec()
}

fn shapes() -> Vec<&'static str> {
    ["uniform", "triangular", "normal", "lognormal"].to_vec()
}

const HEAD: &[Key] = &[
    needed("scenario", Shape::Name, "\"old-or-new\"", "The name of the scenario."),
    key("title", Shape::Text, "\"Is the old share better for the cloud?\"", "The question, in a sentence."),
    needed("from", Shape::Date, "2026-05-01", "The first day looked at. Present values are as of its start."),
    needed("until", Shape::Date, "2031-01-01", "The day at which it ends."),
    key(
        "every",
        Shape::Word(lengths),
        "\"year\"",
        "How long the periods of its tables are. A year when absent.",
    ),
    key(
        "known",
        Shape::Date,
        "2026-05-11",
        "As known at the start of this day. The day it is asked when absent.",
    ),
    needed("currency", Shape::Text, "\"USD\"", "The currency of all its amounts."),
    key("discount", Shape::Percent, "\"8%\"", "The discount rate a year. None when absent."),
    key("seed", Shape::Whole, "7131", "Which random numbers are drawn. 1 when absent."),
    key("draws", Shape::Whole, "1000", "How many times, where something is random. 1000 when absent."),
];

const TABLES: &[Key] = &[
    key("draft", Shape::Tables(&DRAFT), "", "The terms under which the forecast is worked out."),
    key("revenue", Shape::Tables(&REVENUE), "", "Revenue from a product through a channel over time."),
    key("purchase", Shape::Tables(&PURCHASE), "", "What one party buys from another over time."),
    key(
        "fact",
        Shape::Tables(&FACT),
        "",
        "Something that is assumed to happen, or the answer to a question; with a chance, in some futures.",
    ),
    key("valuation", Shape::Tables(&VALUATION), "", "What a company is assumed to be worth, from a day on."),
    key("holding", Shape::Tables(&HOLDING), "", "A part of one party that another is assumed to own."),
    key("assume", Shape::Tables(&ASSUME), "", "What the forecast rests on, in words."),
    key(
        "break_even",
        Shape::Tables(&BREAK_EVEN),
        "",
        "At which revenue one draft becomes better than another.",
    ),
    SOURCES,
];

static DRAFT: Keys = Keys {
    about: "A book, seen in some way: as known at some time, or with clauses left out.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"old\"", "What this file calls it."),
            key("title", Shape::Text, "\"The terms of October 2025\"", "What it is, in a few words."),
            key(
                "book",
                Shape::Word(|| vec!["own", "against"]),
                "\"against\"",
                "Whether it is the book that `--against` names.",
            ),
            key("known", Shape::Date, "2026-04-26", "As known at the start of this day."),
            key(
                "without",
                Shape::List(&Shape::Name),
                "[\"apr27.revenue-share\"]",
                "Clauses that are left out.",
            ),
            key(
                "keep",
                Shape::List(&Shape::Name),
                "[\"oct25.share\"]",
                "Superseded clauses that go on as if nobody had taken them back.",
            ),
        ],
        NOTE,
    ],
    choice: &[],
};

static REVENUE: Keys = Keys {
    about: "Revenue from a product through a channel over time: an amount that may grow, or points on a curve.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"red\"", "What this file calls it."),
            key("title", Shape::Text, "\"The API through the red cloud\"", "What it is, in a few words."),
            key("party", Shape::Name, "\"lab\"", "Who sells. The book's own party when absent."),
        ],
        SOLD,
        COURSE,
        &[
            key("price", AMOUNT, "\"80 USD\"", "What a unit costs; the amount buys so many."),
            key(
                "unit",
                Shape::Text,
                "\"seats\"",
                "What is counted, where there is a price. Units when absent.",
            ),
        ],
        NOTE,
    ],
    choice: &[&["amount"], &["points"]],
};

static PURCHASE: Keys = Keys {
    about: "What one party buys from another over time: an amount that may grow, or points on a curve.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"compute\"", "What this file calls it."),
            key("title", Shape::Text, "\"Compute in the blue cloud\"", "What it is, in a few words."),
        ],
        BOUGHT,
        COURSE,
        NOTE,
    ],
    choice: &[&["amount"], &["points"]],
};

/// How high something is over time.
const COURSE: &[Key] = &[
    key("since", Shape::Date, "2026-05-01", "Its first day. The scenario's when absent."),
    key("until", Shape::Date, "2030-01-01", "The day at which it ends. The scenario's when absent."),
    key("amount", AMOUNT, "\"12_000_000_000 USD\"", "How much it is at first."),
    key("per", Shape::Word(lengths), "\"year\"", "What the amount is for. A year when absent."),
    key("growth", AMOUNT, "\"40%\"", "By how much it grows from one step to the next."),
    key("step", Shape::Word(lengths), "\"year\"", "How long a step of growth is. A year when absent."),
    key(
        "points",
        Shape::Tables(&POINT),
        "[{ on = 2026-05-01, amount = \"12_000_000_000 USD\" }]",
        "Amounts a year on given days; straight lines between them.",
    ),
];

static FACT: Keys = Keys {
    about: "Something that is assumed to happen, the answer to a question, or what an amount comes to.",
    parts: &[
        &[
            key("event", Shape::Condition, "\"launched(lab/agent, blue)\"", "What happens."),
            key("question", Shape::Name, "\"agent-is-api\"", "The question that is answered."),
            key("answer", Shape::Bool, "true", "The answer. It holds for every day."),
            key("measure", Shape::Condition, "\"spend(lab, blue)\"", "The amount that is reported."),
            key(
                "amount",
                Shape::Money,
                "\"5_000_000 USD\"",
                "What it comes to, in all, by the day before `on`.",
            ),
            key("on", Shape::Date, "2028-01-01", "The day it happens; the day from which an amount counts."),
            key(
                "by",
                Shape::Date,
                "2030-01-01",
                "In place of `on`: where an event happens, it does in any month until then, each as likely.",
            ),
            key(
                "chance",
                Shape::Percent,
                "\"40%\"",
                "In which part of all futures an event happens, or a question is answered so and not the other way.",
            ),
            key(
                "draw",
                Shape::Name,
                "\"market\"",
                "Facts and numbers with one draw come true and are high together.",
            ),
            key(
                "recorded",
                Shape::Date,
                "2026-04-27",
                "What is assumed is known at every time: this means nothing.",
            ),
            key("source", Shape::Name, "\"press-release\"", "Where that was read: the ID of a [source.ID]."),
        ],
        NOTE,
    ],
    choice: &[&["event", "on"], &["event", "by"], &["question", "answer"], &["measure", "amount", "on"]],
};

static VALUATION: Keys = Keys {
    about: "What a company is assumed to be worth, from a day on until the next row.",
    parts: &[
        &[
            needed("of", Shape::Name, "\"lab\"", "The company: a party of the book."),
            needed("value", AMOUNT, "\"500_000_000_000 USD\"", "What all of it is worth."),
            key("on", Shape::Date, "2028-01-01", "From this day on. From the scenario's first when absent."),
        ],
        NOTE,
    ],
    choice: &[],
};

const AMOUNT: Shape = Shape::Either(&[Shape::Text, Shape::Table(&CHANCE)]);

static CHANCE: Keys = Keys {
    about: "A number that is drawn once for each run.",
    parts: &[&[
        needed("shape", Shape::Word(shapes), "\"normal\"", "How likely which number is."),
        key("low", Shape::Text, "\"20%\"", "The least, of `uniform` and `triangular`."),
        key("mode", Shape::Text, "\"40%\"", "The likeliest, of `triangular`."),
        key("high", Shape::Text, "\"60%\"", "The most, of `uniform` and `triangular`."),
        key("mean", Shape::Text, "\"40%\"", "The middle, of `normal`."),
        key("deviation", Shape::Text, "\"10%\"", "The standard deviation, of `normal`."),
        key("median", Shape::Text, "\"10_000_000_000 USD\"", "As often above as below, of `lognormal`."),
        key("p90", Shape::Text, "\"18_000_000_000 USD\"", "Exceeded one time in ten, of `lognormal`."),
        key("draw", Shape::Name, "\"market\"", "Numbers with one draw are high together and low together."),
    ]],
    choice: &[],
};

static POINT: Keys = Keys {
    about: "An amount a year, as of a day.",
    parts: &[&[
        needed("on", Shape::Date, "2026-05-01", "The first day of a month."),
        needed("amount", Shape::Money, "\"12_000_000_000 USD\"", "How much a year would come to."),
    ]],
    choice: &[],
};

static HOLDING: Keys = Keys {
    about: "A part of one party that another is assumed to own.",
    parts: &[
        &[
            needed("owner", Shape::Name, "\"cloud\"", "Who owns."),
            needed("of", Shape::Name, "\"lab\"", "Of whom."),
            needed("part", Shape::Percent, "\"27%\"", "Which part."),
        ],
        NOTE,
    ],
    choice: &[],
};

static ASSUME: Keys = Keys {
    about: "Something the forecast rests on.",
    parts: &[&[
        needed("text", Shape::Text, "\"Growth slows by a third each year.\"", "What is assumed."),
        key("source", Shape::Text, "\"company guidance, June 2026\"", "Where it comes from."),
        key(
            "class",
            Shape::Word(|| SourceClass::ALL.map(SourceClass::as_str).to_vec()),
            "\"inferred\"",
            "How strong that source is.",
        ),
    ]],
    choice: &[],
};

static BREAK_EVEN: Keys = Keys {
    about: "A search for the amount of a revenue or purchase at which one draft becomes better for a party than another.",
    parts: &[
        &[
            needed("id", Shape::Name, "\"red-mix\"", "What this file calls it."),
            key(
                "title",
                Shape::Text,
                "\"How much through the red cloud makes the new terms better?\"",
                "The question, in a sentence.",
            ),
            needed(
                "vary",
                Shape::Name,
                "\"red\"",
                "The revenue or purchase whose amount is varied, by its id.",
            ),
            needed("low", Shape::Money, "\"0 USD\"", "From this amount on."),
            needed("high", Shape::Money, "\"100_000_000_000 USD\"", "Up to this amount."),
            needed("party", Shape::Name, "\"cloud\"", "For whom."),
            needed("better", Shape::Name, "\"new\"", "The draft that may be better."),
            needed("than", Shape::Name, "\"old\"", "The draft it is compared with."),
            key(
                "measure",
                Shape::Word(measures),
                "\"present-value\"",
                "Compared by what. Present value when absent.",
            ),
        ],
        NOTE,
    ],
    choice: &[],
};
