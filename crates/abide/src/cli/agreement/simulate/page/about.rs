//! What a page rests on: assumptions, what is unknown, the clauses with their words, and how figures are worked out.

use super::super::case::Case;
use super::super::figures::Money;
use super::super::text;
use super::{escaped, named, section, titled};
use abide_agreement::Explanation;
use abide_model::decision::SourceClass;
use abide_model::money::Exact;
use abide_model::scenario::{Level, Purchase, Quantity, Shape, Stream, Valuation};
use abide_model::terms::Limit;
use std::collections::BTreeMap;

pub(super) fn unknown(case: &Case, money: &Money) -> String {
    let mut body = String::new();
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        for clause in outcome.clauses.iter().filter(|clause| clause.cap == Limit::Unknown) {
            body += &format!(
                "<p>Under “{}” the cap of <code>{}</code> is not known. What it pays lies between {} {} in the middle \
                 future.</p>\n",
                escaped(&draft.title),
                clause.clause,
                escaped(&money.middle(&clause.due.total).replace(" to ", " and ")),
                escaped(&money.name())
            );
        }
    }
    body += &swings(case, money);
    section("What is not known, and how it moves the result", &body)
}

/// What the figures leave out, and what they hold although it may not come about.
pub(super) fn left_out(case: &Case) -> String {
    let left_out = text::left_out(case);
    let listed: String = left_out.iter().map(|one| format!("<li>{}</li>\n", named(one))).collect();
    let body = format!(
        "<ul>\n{listed}<li>Costs other than what is bought here, and taxes: the agreements do not speak of them.</li>\n</ul>\n"
    );
    section("What is not counted, and why", &(body + &unpermitted(case)))
}

fn unpermitted(case: &Case) -> String {
    let one = |one: &super::super::case::Unpermitted| {
        let stream = case.scenario.streams.get(one.stream).map_or("", called);
        let draft = case.scenario.drafts.get(one.draft).map_or("", |draft| draft.title.as_str());
        format!(
            "<tr><td>{}</td><td>{}</td><td>{} to {}</td><td>{}{}</td></tr>\n",
            escaped(stream),
            escaped(draft),
            one.from,
            one.until,
            escaped(&one.verdict),
            text::some_futures(case, one.times)
        )
    };
    let rows: String = case.unpermitted.iter().map(one).collect();
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<h3>Counted, although the terms do not plainly permit it</h3>\n<p>Cash, commitments and splits count it all the same, and shares where \
         a right is in doubt; what is sold without any right counts toward no share.</p>\n{}",
        table(&["revenue", "under", "when", "verdict"], &rows)
    )
}

/// A table of words.
fn table(titles: &[&str], rows: &str) -> String {
    let titles: String = titles.iter().map(|title| format!("<th>{title}</th>")).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr>{titles}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn swings(case: &Case, money: &Money) -> String {
    if case.swings.is_empty() {
        return String::new();
    }
    let row = |one: &super::super::case::Swing| {
        let draft = case.scenario.drafts.get(one.draft).map_or("", |draft| draft.title.as_str());
        format!(
            "<tr><td>{}<br><code>{}</code></td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escaped(&one.ask),
            escaped(&one.question),
            escaped(draft),
            escaped(&case.called(&one.party)),
            escaped(&money.span(&one.yes)),
            escaped(&money.span(&one.no)),
        )
    };
    let rows: String = case.swings.iter().map(row).collect();
    format!(
        "<h3>Open questions</h3>\n<p>Present value in {} on either answer, in the middle future.</p>\n{}",
        escaped(&money.name()),
        table(&["question", "under", "party", "if yes", "if no"], &rows)
    )
}

pub(super) fn assumed(case: &Case) -> String {
    let scenario = &case.scenario;
    let mut body = String::new();
    let row = |one: &abide_model::scenario::Assumption| {
        let class = one.class.map_or(String::new(), class);
        format!("<tr><td>{}</td><td>{} {class}</td></tr>\n", named(&one.text), escaped(&one.source))
    };
    let rows: String = scenario.assumptions.iter().map(row).collect();
    if !rows.is_empty() {
        body += &table(&["assumed", "after"], &rows);
    }
    let rows: String = scenario.streams.iter().map(|stream| revenue(case, stream)).collect();
    let may: String = text::chances(case).iter().map(|one| format!("<li>{}</li>", named(one))).collect();
    if !may.is_empty() {
        body += &format!("<h3>What may happen</h3>\n<ul>{may}</ul>\n");
    }
    if !rows.is_empty() {
        let titles = ["what", "who sells which product where", "how much"];
        body += &format!("<h3>Revenue</h3>\n{}", table(&titles, &rows));
    }
    body += &(purchases(case) + &valuations(case));
    let holdings = scenario.holdings.iter().map(|one| {
        let (owner, of) = (case.called(&one.owner), case.called(&one.of));
        format!(
            "<li>{} owns {} of {}.</li>",
            escaped(&owner),
            escaped(&text::percent(&one.part)),
            escaped(&of)
        )
    });
    let facts = scenario.supposed.iter().map(|fact| format!("<li>{}</li>", named(fact)));
    let supposed: String = facts.chain(holdings).collect();
    if !supposed.is_empty() {
        body += &format!("<h3>Supposed besides</h3>\n<ul>{supposed}</ul>\n");
    }
    section("What the forecast rests on", &body)
}

fn called(stream: &Stream) -> &str {
    if stream.title.is_empty() { &stream.name } else { &stream.title }
}

fn revenue(case: &Case, stream: &Stream) -> String {
    let where_to = [
        stream.customer.as_ref().map(|customer| format!(" to {customer}")),
        stream.segment.as_ref().map(|segment| format!(", segment {segment}")),
        stream.territory.as_ref().map(|territory| format!(", in {territory}")),
    ];
    let where_to: String = where_to.into_iter().flatten().collect();
    let price = stream.price.as_ref().map(|price| {
        format!("; {} for each of the {}", quantity(&price.amount, &|exact| money(case, exact)), price.unit)
    });
    format!(
        "<tr><td>{}</td><td>{}: <code>{}</code> through {}{}</td><td>{}{}</td></tr>\n",
        escaped(called(stream)),
        escaped(&case.called(&stream.party)),
        stream.product,
        stream.channel,
        escaped(&where_to),
        escaped(&level(case, &stream.level)),
        escaped(&price.unwrap_or_default())
    )
}

fn purchases(case: &Case) -> String {
    let row = |one: &Purchase| {
        let called = if one.title.is_empty() { &one.name } else { &one.title };
        let channel = one.channel.as_ref().map_or(String::new(), |channel| format!(" through {channel}"));
        let product =
            one.product.as_ref().map_or(String::new(), |product| format!(": <code>{product}</code>"));
        format!(
            "<tr><td>{}</td><td>{} from {}{channel}{product}</td><td>{}</td></tr>\n",
            escaped(called),
            escaped(&case.called(&one.buyer)),
            escaped(&case.called(&one.seller)),
            escaped(&level(case, &one.level))
        )
    };
    let rows: String = case.scenario.purchases.iter().map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("<h3>Purchases</h3>\n{}", table(&["what", "who buys from whom", "how much"], &rows))
}

fn valuations(case: &Case) -> String {
    let row = |one: &Valuation| {
        let value = quantity(&one.value, &|exact| money(case, exact));
        format!(
            "<li>{} is worth {} from {} on.</li>",
            escaped(&case.called(&one.of)),
            escaped(&value),
            one.on
        )
    };
    let rows: String = case.scenario.valuations.iter().map(row).collect();
    if rows.is_empty() { rows } else { format!("<h3>Valuations</h3>\n<ul>{rows}</ul>\n") }
}

fn money(case: &Case, exact: &Exact) -> String {
    let minor = exact.to_minor(case.scenario.currency).unwrap_or(i128::MAX);
    abide_draw::Scale::fitting(super::super::figures::unit(case), [minor]).told(minor, 2)
}

fn level(case: &Case, level: &Level) -> String {
    let money = |exact: &Exact| money(case, exact);
    match level {
        Level::Points(points) => {
            let shown: Vec<_> =
                points.iter().map(|(day, amount)| format!("{} on {day}", money(amount))).collect();
            format!("a year: {}; straight lines between", shown.join(", "))
        }
        Level::Growing(level) => {
            let amount = quantity(&level.amount, &money);
            let growth = match &level.growth {
                Quantity::Fixed(rate) if rate.is_zero() => String::new(),
                growth @ (Quantity::Fixed(_) | Quantity::Random { .. }) => {
                    format!("; growth a {} {}", level.step.as_str(), quantity(growth, &text::percent))
                }
            };
            format!("{amount} a {}{growth}", level.per.as_str())
        }
    }
}

fn quantity(quantity: &Quantity, shown: &dyn Fn(&Exact) -> String) -> String {
    match quantity {
        Quantity::Fixed(exact) => shown(exact),
        Quantity::Random { shape: Shape::Uniform { low, high }, .. } => {
            format!("anything from {} to {}", shown(low), shown(high))
        }
        Quantity::Random { shape: Shape::Triangular { low, mode, high }, .. } => {
            format!("from {} to {}, likeliest {}", shown(low), shown(high), shown(mode))
        }
        Quantity::Random { shape: Shape::Normal { mean, deviation }, .. } => {
            format!("normally about {}, deviation {}", shown(mean), shown(deviation))
        }
        Quantity::Random { shape: Shape::Lognormal { median, p90 }, .. } => {
            format!("{} in the middle, above {} one time in ten", shown(median), shown(p90))
        }
    }
}

fn class(class: SourceClass) -> String {
    format!("<span class=\"class\">{}</span>", class.as_str())
}

/// The clauses that come to something under any draft, each once, with the drafts it is in.
pub(super) fn clauses(case: &Case) -> String {
    let mut all: BTreeMap<(&str, u32, &str), (Vec<String>, &Explanation)> = BTreeMap::new();
    for (draft, told) in case.scenario.drafts.iter().zip(&case.told) {
        for one in told {
            let key = (one.file.as_str(), one.line, one.clause.as_str());
            all.entry(key).or_insert_with(|| (Vec::new(), one)).0.push(titled(case, &draft.name));
        }
    }
    let body: String = all.values().map(|(drafts, one)| clause(one, drafts)).collect();
    section("The clauses it rests on", &body)
}

fn clause(one: &Explanation, drafts: &[String]) -> String {
    let sentences: Vec<String> = one.sentences.iter().map(|sentence| named(&sentence.text)).collect();
    let quote = one
        .quote
        .as_ref()
        .map_or(String::new(), |quote| format!("<blockquote>{}</blockquote>\n", escaped(quote)));
    let note =
        one.note.as_ref().map_or(String::new(), |note| format!("<p class=\"small\">{}</p>\n", named(note)));
    let source = one.source.as_ref().map_or("no source is named".to_owned(), |source| {
        let title = source.title.iter().chain(&source.url).next().unwrap_or(&source.id);
        format!("{} {}", escaped(title), source.class.map_or(String::new(), class))
    });
    format!(
        "<div class=\"clause\">\n<h3><code>{}</code></h3>\n<p class=\"small\">{}:{} · counts under {}</p>\n<p>{}</p>\n\
         {quote}<p class=\"small\">After: {source}</p>\n{note}</div>\n",
        escaped(one.clause.as_str()),
        escaped(&one.file),
        one.line,
        escaped(&drafts.join(" and ")),
        sentences.join(" ")
    )
}

pub(super) fn method(case: &Case) -> String {
    let mut body = "<p>Clauses are worked out as in statements: exactly, period by period, rounded to the cent so that \
                    nothing is lost over time. What is sold or bought in a month is spread over its days. Cash is what a \
                    party sells and is paid, less what it buys from others and pays; other costs are not known here. What \
                    falls due counts on the last day of its period. Where a term is not known, a figure is the interval of \
                    all it can be. Before the first day only what was entered in the book is known.</p>\n"
        .to_owned();
    if case.is_random() {
        body += &format!(
            "<p>Random numbers are drawn once for each of {} futures, which all drafts share; seed {} draws the same \
             again on any machine. A single figure is the one in the middle (p50); eight of ten lie between p10 and \
             p90. Sums of middles are not middles of sums. What is searched for is searched in the one future in which \
             every number is the one in the middle.</p>\n",
            case.projection.futures, case.scenario.seed
        );
    }
    if !case.scenario.discount.is_zero() {
        body +=
            "<p>Present values compound over whole years and are simple within one, by days of 365.</p>\n";
    }
    if let Some(book) = case.books.first() {
        body += &format!(
            "<p class=\"small\">Book <code>{}</code>, version <code>{}</code>. Made by Abide.</p>\n",
            escaped(book.name()),
            book.hash().short()
        );
    }
    section("How it is worked out", &body)
}
