//! Warns of purchases of what metered calls have counted already, by what they cost.

use crate::book::{Book, PurchaseEntry};
use crate::diagnostic::{Sink, Spot};
use abide_model::terms::{Cost, Price};

pub(super) fn warn(book: &Book, sink: &mut Sink) {
    for entry in &book.entries.purchases {
        let Some((cost, spot)) = metered(book, entry) else { continue };
        let (product, channel) = (&cost.price.product, &cost.channel);
        let since = cost.price.since.to_zoned(book.zone.clone()).date();
        let message = format!(
            "calls of `{product}` through `{channel}` are counted by what they cost from {since} on, and this purchase \
             counts them again"
        );
        sink.warning("counted-twice", entry.spot, message).also(spot, "what they cost").help(
            "take one of them out: the purchase where it is the bill for these calls, or the cost where bills are entered",
        );
    }
}

/// The cost by which calls of what a purchase names are counted on its day.
fn metered<'b>(book: &'b Book, entry: &PurchaseEntry) -> Option<(&'b Cost, Spot)> {
    let words = &book.words;
    let (channel, product) = (&words.channels[entry.channel?], &words.products[entry.product?]);
    let at = book.start_of_day(entry.on);
    let (buyer, seller) = (&words.parties[entry.by], &words.parties[entry.from]);
    let costs = book.entries.costs.iter().map(|(dated, spot)| (&dated.row, *spot));
    let holds = |(cost, _): &(&Cost, Spot)| {
        (&cost.buyer, &cost.seller, &cost.channel) == (buyer, seller, channel)
            && cost.price.since <= at
            && cost.price.product.covers(product)
    };
    // As a call finds its cost: by the longest path, then by the latest day.
    let held =
        costs.filter(holds).max_by_key(|(cost, _)| (cost.price.product.as_str().len(), cost.price.since));
    // A credit note takes back, and where calls cost nothing bills may be entered.
    held.filter(|(cost, _)| entry.amount.pico > 0 && charges(&cost.price))
}

fn charges(price: &Price) -> bool {
    [price.input, price.cache_read, price.cache_write, price.output].iter().any(|amount| amount.pico > 0)
}
