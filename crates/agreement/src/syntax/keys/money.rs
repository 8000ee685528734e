//! Keys of the clauses about money.

use super::clause::{HEAD, TAIL, WHERE};
use super::{Key, Keys, LIMIT, NAMES, NOTE, Shape, key, needed};
use abide_model::terms::{Basis, Conversion, Every, Rounding};

const EVERY: Shape = Shape::Word(|| Every::ALL.map(Every::as_str).to_vec());

pub(super) static SHARE: Keys = Keys {
    about: "A part of revenue that is owed.",
    parts: &[
        HEAD,
        &[
            key("rate", Shape::Percent, "\"20%\"", "How much of the revenue is owed."),
            key(
                "tiers",
                Shape::List(&A_TIER),
                "[{ upto = \"10_000_000 USD\", rate = \"10%\" }, { rate = \"5%\" }]",
                "Rates that change as the revenue since the share began grows. The last has no `upto`.",
            ),
            key(
                "basis",
                Shape::Word(|| Basis::ALL.map(Basis::as_str).to_vec()),
                "\"marginal\"",
                "marginal: each rate is of the revenue within its tier. volume: the rate reached is of all of it, \
                 retroactively. marginal when absent.",
            ),
            key("reset", EVERY, "\"year\"", "How often the tiers start anew at nothing. Never when absent."),
            BASE,
            needed("every", EVERY, "\"quarter\"", "The period for which it is worked out."),
            key(
                "currency",
                Shape::Text,
                "\"USD\"",
                "The currency it is settled in; revenue in others is converted at the book's rates. That of its \
                 amounts when absent.",
            ),
            key(
                "convert",
                Shape::Word(|| Conversion::ALL.map(Conversion::as_str).to_vec()),
                "\"average\"",
                "At which rate. day: that of the day of each sale. average: the average of the period. closing: that of \
                 its last day. day when absent.",
            ),
            key(
                "floor",
                Shape::Table(&FLOOR),
                "{ period = \"1_000_000 USD\" }",
                "The least that is owed for a period.",
            ),
            key("cap", Shape::Table(&CAP), "{ total = \"38_000_000_000 USD\" }", "The most that is owed."),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[&["rate"], &["tiers"]],
};

static A_TIER: Shape = Shape::Table(&TIER);

static TIER: Keys = Keys {
    about: "A rate up to an amount of revenue.",
    parts: &[&[
        key(
            "upto",
            Shape::Money,
            "\"10_000_000 USD\"",
            "Where it ends, counted from the first unit of revenue. Absent in the last tier, and only there.",
        ),
        needed("rate", Shape::Percent, "\"10%\"", "How much of the revenue is owed."),
    ]],
    choice: &[],
};

static FLOOR: Keys = Keys {
    about: "The least that is owed.",
    parts: &[&[needed("period", Shape::Money, "\"1_000_000 USD\"", "For each period, before any cap.")]],
    choice: &[],
};

static CAP: Keys = Keys {
    about: "The most that is owed: for a period, in all, or both.",
    parts: &[&[
        key("period", LIMIT, "\"2_000_000_000 USD\"", "For each period."),
        key("total", LIMIT, "\"38_000_000_000 USD\"", "In all, from the share's first day on."),
        key(
            "from",
            Shape::Date,
            "2026-04-27",
            "Only periods that begin on this day or later use up the total. All do when absent.",
        ),
        key(
            "used",
            LIMIT,
            "\"1_000_000_000 USD\"",
            "How much of the total earlier clauses used up; \"unknown\" where that is not public.",
        ),
        key(
            "known",
            Shape::Date,
            "2026-05-11",
            "The day the amounts became known. Before it, the share is known to be capped and the amounts are not.",
        ),
    ]],
    choice: &[],
};

/// A scope without actions: what revenue or spend is counted.
const BASE: Key = key(
    "of",
    Shape::Table(&SCOPE),
    "{ products = [\"lab\"] }",
    "The revenue or spend it is worked out on. All of it when absent.",
);

static SCOPE: Keys = Keys { about: "The revenue or spend that counts.", parts: &[WHERE], choice: &[] };

pub(super) static GUARANTEE: Keys = Keys {
    about: "A minimum over what shares pay in a period. What it adds can be recouped from later earnings.",
    parts: &[
        HEAD,
        &[
            needed(
                "over",
                NAMES,
                "[\"apr27.revenue-share\"]",
                "The shares whose sum is guaranteed; they have the same parties and the same period.",
            ),
            needed("every", EVERY, "\"quarter\"", "The period."),
            key("minimum", Shape::Money, "\"75_000 USD\"", "The minimum for each period."),
            key(
                "schedule",
                Shape::List(&A_MINIMUM),
                "[{ since = 2026-01-01, until = 2027-01-01, minimum = \"75_000 USD\" }]",
                "Minima by day: each holds for the periods that begin within it.",
            ),
            key(
                "window",
                Shape::Whole,
                "2",
                "For how many later periods a shortfall can be recouped. Not at all when absent.",
            ),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[&["minimum"], &["schedule"]],
};

static A_MINIMUM: Shape = Shape::Table(&MINIMUM);

static MINIMUM: Keys = Keys {
    about: "A minimum for the periods that begin within its days.",
    parts: &[
        STAGE_DAYS,
        &[needed("minimum", Shape::Money, "\"75_000 USD\"", "The minimum for each period.")],
    ],
    choice: &[],
};

const STAGE_DAYS: &[Key] = &[
    key("since", Shape::Date, "2026-01-01", "Its first day. The clause's when absent."),
    key("until", Shape::Date, "2027-01-01", "The first day after it. The clause's end when absent."),
];

pub(super) static COMMIT: Keys = Keys {
    about: "A commitment: `from` buys at least so much from `to`.",
    parts: &[
        HEAD,
        &[
            BASE,
            key(
                "total",
                LIMIT,
                "\"250_000_000_000 USD\"",
                "What is to be bought until the clause ends; \"unknown\" where it is not public.",
            ),
            key(
                "schedule",
                Shape::List(&A_STAGE),
                "[{ since = 2026-01-01, until = 2027-01-01, amount = \"10_000_000 USD\" }]",
                "What is to be bought, stage by stage.",
            ),
            key("capacity", Shape::Text, "\"4.5 GW\"", "What is committed to besides money. Only noted."),
            key(
                "shortfall",
                Shape::Percent,
                "\"100%\"",
                "How much of what was not bought is owed when a stage ends. Nothing when absent.",
            ),
            key(
                "carry",
                Shape::Percent,
                "\"20%\"",
                "How much of a stage's amount, bought beyond it, counts toward the next stage. Nothing when absent.",
            ),
            key(
                "rollover",
                Shape::Percent,
                "\"10%\"",
                "How much of a stage's amount may be bought in the next stage instead. Nothing when absent.",
            ),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static A_STAGE: Shape = Shape::Table(&STAGE);

static STAGE: Keys = Keys {
    about: "What is to be bought within its days.",
    parts: &[STAGE_DAYS, &[needed("amount", LIMIT, "\"10_000_000 USD\"", "How much.")]],
    choice: &[],
};

const HOLDER: &[Key] = &[
    needed("id", Shape::Name, "\"marketplace.waterfall\"", "Its name, once in the book."),
    needed("from", Shape::Name, "\"cloud\"", "The party that collects the gross and passes it on."),
];

pub(super) static SPLIT: Keys = Keys {
    about: "A waterfall: `from` collects gross revenue and passes it on in steps.",
    parts: &[
        HOLDER,
        &[
            BASE,
            needed("every", EVERY, "\"month\"", "The period for which it is worked out."),
            needed(
                "steps",
                Shape::List(&A_STEP),
                "[{ to = \"cloud\", rate = \"3%\" }, { to = \"lab\", remainder = true }]",
                "Who gets what, in order. The last takes the remainder.",
            ),
            key(
                "rounding",
                Shape::Word(|| Rounding::ALL.map(Rounding::as_str).to_vec()),
                "\"largest-remainder\"",
                "Who gets what is left when parts are rounded to the minor unit. largest-remainder when absent.",
            ),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static A_STEP: Shape = Shape::Table(&STEP);

static STEP: Keys = Keys {
    about: "A step of a waterfall. None takes more than is left.",
    parts: &[
        &[
            needed("to", Shape::Name, "\"cloud\"", "Who gets it."),
            key("rate", Shape::Percent, "\"3%\"", "This part, of the gross unless `of` says otherwise."),
            key(
                "of",
                Shape::Word(|| vec!["gross", "remaining"]),
                "\"remaining\"",
                "What the rate is of: the gross, or what is left.",
            ),
            key("fixed", Shape::Money, "\"500 USD\"", "This much for a period."),
            key("wholesale", Shape::Money, "\"80 USD\"", "This much for each unit sold."),
            key("remainder", Shape::Bool, "true", "All that is left."),
            key("cap", Shape::Money, "\"10_000 USD\"", "At most this much for a period."),
        ],
        NOTE,
    ],
    choice: &[&["rate"], &["fixed"], &["wholesale"], &["remainder"]],
};

pub(super) static PARITY: Keys = Keys {
    about: "A most favoured price: `from` charges `to` no more for a unit than comparable customers pay.",
    parts: &[
        HEAD,
        &[
            BASE,
            needed("every", EVERY, "\"quarter\"", "The period within which prices are compared."),
            key(
                "against",
                Shape::List(&A_COMPARABLE),
                "[{ customers = [\"acme\"], adjust = \"105%\" }]",
                "With whom prices are compared. With every other customer when absent.",
            ),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static A_COMPARABLE: Shape = Shape::Table(&COMPARABLE);

static COMPARABLE: Keys = Keys {
    about: "Customers that prices are compared with.",
    parts: &[&[
        key(
            "customers",
            super::PATHS,
            "[\"acme\"]",
            "These, and those below them. Every other customer when absent.",
        ),
        key(
            "adjust",
            Shape::Percent,
            "\"105%\"",
            "Their prices are taken times this, for what differs between the deals. 100% when absent.",
        ),
        key(
            "at_most",
            Shape::Text,
            "\"1_000\"",
            "Only those that bought at most so many units in the period. Any number when absent.",
        ),
    ]],
    choice: &[],
};

pub(super) static STAKE: Keys = Keys {
    about: "A part of the company `from` that `to` owns. Stakes of one holder in one company add up.",
    parts: &[
        HEAD,
        &[
            key("percent", Shape::Percent, "\"27%\"", "How much of the company."),
            key("invested", Shape::Money, "\"15_000_000_000 USD\"", "What is paid for it."),
        ],
        TAIL,
        NOTE,
    ],
    choice: &[],
};
