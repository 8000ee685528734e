//! Keys of instrument files and of each kind of clause.

use super::money::{COMMIT, GUARANTEE, PARITY, SHARE, SPLIT, STAKE};
use super::registry::SOURCES;
use super::{Key, Keys, NAMES, NOTE, PATHS, Shape, key, needed};
use abide_model::decision::Action;

/// An instrument, or an amendment to one.
pub(crate) static INSTRUMENT: Keys = Keys {
    about: "An instrument between parties, or an amendment to one. A signed file is not edited: what changes is said \
            in an amendment.",
    parts: &[
        &[
            needed("instrument", Shape::Name, "\"lab-cloud\"", "Its name, which its amendments share."),
            key(
                "amendment",
                Shape::Whole,
                "1",
                "Which amendment this is, each number once. 0 when absent: the first text.",
            ),
            key("title", Shape::Text, "\"First amendment\"", "What people call it."),
            needed(
                "parties",
                NAMES,
                "[\"lab\", \"cloud\"]",
                "Who signed. Only they promise and receive in it.",
            ),
            needed("signed", Shape::Date, "2026-04-27", "The day it was signed."),
            key("effective", Shape::Date, "2026-05-01", "The day from which it holds; `signed` when absent."),
            key(
                "known",
                Shape::Date,
                "2026-05-11",
                "The day all of it became known, and what it supersedes with it; `signed` when absent.",
            ),
            key(
                "supersedes",
                NAMES,
                "[\"oct25.api-exclusive\"]",
                "Clauses of earlier amendments that end on the effective day.",
            ),
        ],
        NOTE,
        &[SOURCES],
        KINDS,
    ],
    choice: &[],
};

const KINDS: &[Key] = &[
    key("grant", Shape::Tables(&GRANT), "", "A licence or a permission."),
    key("exclusive", Shape::Tables(&EXCLUSIVE), "", "A promise that nobody else may."),
    key("first", Shape::Tables(&FIRST), "", "No channel launches a product before this one."),
    key(
        "refusal",
        Shape::Tables(&REFUSAL),
        "",
        "A right of first refusal: others only after this one was asked.",
    ),
    key("share", Shape::Tables(&SHARE), "", "A part of revenue."),
    key("guarantee", Shape::Tables(&GUARANTEE), "", "A minimum over what shares pay, with recoupment."),
    key("commit", Shape::Tables(&COMMIT), "", "A commitment to buy."),
    key("split", Shape::Tables(&SPLIT), "", "A waterfall: who collects passes on in steps."),
    key("parity", Shape::Tables(&PARITY), "", "A most favoured price."),
    key("stake", Shape::Tables(&STAKE), "", "A part of a company that a party owns."),
];

static GRANT: Keys = Keys {
    about: "A licence or a permission.",
    parts: &[
        HEAD,
        &[key(
            "depth",
            Shape::Whole,
            "1",
            "How many further grants may hang below it. No bound when absent.",
        )],
        ACTIONS,
        WHERE,
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static EXCLUSIVE: Keys = Keys {
    about: "A promise that nobody but the party it is made to does it.",
    parts: &[
        HEAD,
        &[key(
            "sole",
            Shape::Bool,
            "true",
            "Whether the party that promises may do it as well. false when absent.",
        )],
        ACTIONS,
        WHERE,
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static FIRST: Keys = Keys {
    about: "No other channel launches a product until it was launched through this one.",
    parts: &[
        HEAD,
        &[
            needed("channel", Shape::Name, "\"blue\"", "The channel that comes first."),
            key("lead", Shape::Span, "\"30d\"", "How long the others wait after it. Not at all when absent."),
        ],
        WHERE,
        TAIL,
        NOTE,
    ],
    choice: &[],
};

static REFUSAL: Keys = Keys {
    about: "A right of first refusal: `from` deals with others only after it has offered to deal with `to`.",
    parts: &[
        HEAD,
        &[needed("within", Shape::Span, "\"30d\"", "How long an offer stays open.")],
        ACTIONS,
        WHERE,
        TAIL,
        NOTE,
    ],
    choice: &[],
};

/// A scope of its own, as `except` lists them.
static SCOPE: Keys = Keys {
    about: "A scope that is carved out: all of the axes it names.",
    parts: &[ACTIONS, WHERE],
    choice: &[],
};

static CARVED: Shape = Shape::Table(&SCOPE);

pub(super) const HEAD: &[Key] = &[
    needed("id", Shape::Name, "\"apr27.licence\"", "Its name, once in the book."),
    needed("from", Shape::Name, "\"lab\"", "The party that gives, promises or owes."),
    needed("to", Shape::Name, "\"cloud\"", "The party to which it is given, promised or owed."),
];

const ACTIONS: &[Key] = &[key(
    "actions",
    Shape::List(&Shape::Word(|| Action::ALL.map(Action::as_str).to_vec())),
    "[\"serve\", \"sell\"]",
    "What is done. Every action when absent.",
)];

pub(super) const WHERE: &[Key] = &[
    key("products", PATHS, "[\"lab/api\"]", "Paths of products. Every product when absent."),
    key("classes", NAMES, "[\"api\"]", "The product is in one of these classes. Any when absent."),
    key("channels", NAMES, "[\"blue\"]", "Routes to the customer. Every route when absent."),
    key(
        "segments",
        PATHS,
        "[\"government\"]",
        "Paths of groups of customers. Every customer when absent; a customer whose group is not known is in none.",
    ),
    key(
        "territories",
        NAMES,
        "[\"EU\", \"US\"]",
        "Countries by their ISO 3166 codes, or sets of the book. Everywhere when absent.",
    ),
];

pub(super) const TAIL: &[Key] = &[
    key(
        "except",
        Shape::List(&CARVED),
        "[{ channels = [\"blue\"] }]",
        "Scopes carved out. Each takes out what matches all the axes it names.",
    ),
    key(
        "since",
        Shape::Date,
        "2026-04-27",
        "The first day it holds. The instrument's effective day when absent.",
    ),
    key("until", Shape::Date, "2031-01-01", "The first day it no longer holds. No end when absent."),
    key("if", Shape::Condition, "'agi-verified'", "It counts only while this holds."),
    key("unless", Shape::Condition, "'agi-verified'", "It does not count while this holds."),
    key(
        "overrides",
        NAMES,
        "[\"oct25.licence\"]",
        "Clauses of this instrument that it goes before where both apply.",
    ),
    key("known", Shape::Date, "2026-05-11", "The day it became known. The day of signing when absent."),
    key("cite", Shape::Table(&CITE), "{ source = \"apr27\", quote = \"…\" }", "Where its words were read."),
];

static CITE: Keys = Keys {
    about: "Where the words of a clause were read.",
    parts: &[&[
        needed("source", Shape::Name, "\"apr27\"", "The ID of a [source.ID] of the book."),
        key("quote", Shape::Text, "\"…\"", "The words themselves."),
    ]],
    choice: &[],
};
