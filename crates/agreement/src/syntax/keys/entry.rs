//! Keys of dated rows that people enter.

use super::{Key, Keys, NOTE, Shape, key, needed};

const ON: &[Key] = &[needed("on", Shape::Date, "2026-04-27", "The day it is about.")];

pub(super) const DATED: &[Key] = &[
    key("recorded", Shape::Date, "2026-04-27", "The day it became known; the same day when absent."),
    key("source", Shape::Name, "\"press-release\"", "Where that was read: the ID of a [source.ID]."),
];

pub(super) static RATE: Keys = Keys {
    about: "What one unit of a currency is worth in another, from a day on until the next row; or over a time, on \
            average.",
    parts: &[
        &[
            needed("from", Shape::Text, "\"EUR\"", "One unit of this currency …"),
            needed("to", Shape::Text, "\"USD\"", "… is worth, in this one,"),
            key("value", Shape::Text, "\"1.08\"", "so much, from the day `on`."),
            key("average", Shape::Text, "\"1.0842\"", "so much on average, from `since` until `until`."),
            key("on", Shape::Date, "2026-04-27", "The day from which `value` holds."),
            key("since", Shape::Date, "2026-04-01", "The first day of the time that `average` is over."),
            key("until", Shape::Date, "2026-07-01", "The first day after that time."),
        ],
        DATED,
        NOTE,
    ],
    choice: &[&["value", "on"], &["average", "since", "until"]],
};

pub(super) static VALUATION: Keys = Keys {
    about: "What a company is worth, from a day on until the next row.",
    parts: &[
        &[
            needed("of", Shape::Name, "\"lab\"", "The company: a party of the book."),
            needed("value", Shape::Money, "\"500_000_000_000 USD\"", "What all of it is worth."),
        ],
        ON,
        DATED,
        NOTE,
    ],
    choice: &[],
};

/// What is sold, and to whom.
pub(super) const SOLD: &[Key] = &[
    needed("product", Shape::Path, "\"lab/api\"", "What is sold."),
    needed("channel", Shape::Name, "\"blue\"", "Through which route."),
    key("customer", Shape::Text, "\"acme/west\"", "To whom."),
    key("segment", Shape::Path, "\"government\"", "The group of customers it is sold to."),
    key("country", Shape::Text, "\"US\"", "The customer's country, as an ISO 3166 code."),
];

pub(super) static REVENUE: Keys = Keys {
    about: "Revenue that was not metered: of a day, or of a longer time in one sum.",
    parts: &[
        &[key("by", Shape::Name, "\"lab\"", "Who sold. The party whose book this is when absent.")],
        SOLD,
        &[
            needed(
                "amount",
                Shape::Money,
                "\"1_250.50 USD\"",
                "What was charged; below zero for a credit note.",
            ),
            key(
                "quantity",
                Shape::Text,
                "\"120 seats\"",
                "How many units. Wholesale prices and most favoured prices need it.",
            ),
        ],
        ON,
        DATED,
        NOTE,
    ],
    choice: &[],
};

/// What is bought, and by whom from whom.
pub(super) const BOUGHT: &[Key] = &[
    key("by", Shape::Name, "\"lab\"", "Who buys. The party whose book this is when absent."),
    key("from", Shape::Name, "\"cloud\"", "From whom. The operator of the channel when absent."),
    key("channel", Shape::Name, "\"blue\"", "Through which route."),
    key("product", Shape::Path, "\"cloud/compute\"", "What is bought."),
];

pub(super) static PURCHASE: Keys = Keys {
    about: "Something that was bought.",
    parts: &[
        BOUGHT,
        &[needed("amount", Shape::Money, "\"1_250.50 USD\"", "What was charged; below zero for a refund.")],
        ON,
        DATED,
        NOTE,
    ],
    choice: &[],
};
