//! Random books of a given size: owners of products, partners, and the clauses between them.

use crate::random::Random;
use abide_agreement::Source;
use std::fmt::Write as _;

const ACTIONS: [&str; 3] = ["serve", "sell", "launch"];
const COUNTRIES: [&str; 8] = ["US", "DE", "FR", "GB", "JP", "IN", "BR", "CA"];
const CHANNELS: usize = 24;
const SEGMENTS: usize = 12;
const QUESTIONS: usize = 8;
const FAMILIES: usize = 4;
const PRODUCTS_OF_A_FAMILY: usize = 5;
/// The first month of the asks, and how many there are, counted from January 2020.
const ASKED: (usize, usize) = (72, 12);

pub(crate) struct Deal {
    labs: usize,
    partners: usize,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Grant,
    Exclusive,
    First,
    Refusal,
    Share,
    /// A grant back to whoever promised, in a later amendment.
    Leave,
}

/// A clause.
pub(crate) struct Row {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) lab: usize,
    pub(crate) partner: usize,
    pub(crate) actions: Option<&'static str>,
    /// A product or a family.
    pub(crate) product: String,
    pub(crate) channels: Vec<String>,
    pub(crate) segment: Option<String>,
    pub(crate) country: Option<&'static str>,
    /// Months from January 2020.
    pub(crate) since: usize,
    pub(crate) until: Option<usize>,
    pub(crate) question: Option<usize>,
}

/// An ask.
pub(crate) struct Wish {
    pub(crate) actor: String,
    pub(crate) action: &'static str,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) segment: Option<String>,
    pub(crate) country: Option<&'static str>,
    /// Months from January 2020; the fifteenth is asked about.
    pub(crate) month: usize,
}

impl Wish {
    pub(crate) fn day(&self) -> String {
        format!("{}-{:02}-15", 2020 + self.month / 12, self.month % 12 + 1)
    }
}

fn month(month: usize) -> String {
    format!("{}-{:02}-01", 2020 + month / 12, month % 12 + 1)
}

pub(crate) fn lab(number: usize) -> String {
    format!("lab{number}")
}

pub(crate) fn partner(number: usize) -> String {
    format!("partner{number}")
}

pub(crate) fn channel(number: usize) -> String {
    format!("channel{number}")
}

/// Every product of a lab.
pub(crate) fn products(lab: usize) -> impl Iterator<Item = String> {
    (0..FAMILIES).flat_map(move |family| {
        (0..PRODUCTS_OF_A_FAMILY).map(move |one| format!("lab{lab}/family{family}/product{one}"))
    })
}

impl Deal {
    /// One owner of twenty products for so many clauses.
    pub(crate) fn new(clauses: usize, each: usize, seed: u64) -> Self {
        let labs = (clauses / each).max(1);
        let mut deal = Self { labs, partners: (clauses / 150).max(6), rows: Vec::new() };
        let mut random = Random::new(seed ^ clauses as u64);
        deal.rows = (0..clauses).map(|number| deal.row(number, &mut random)).collect();
        deal
    }

    pub(crate) fn clauses(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn labs(&self) -> String {
        if self.labs == 1 { "1 owner".to_owned() } else { format!("{} owners", self.labs) }
    }

    pub(crate) fn owners(&self) -> usize {
        self.labs
    }

    pub(crate) fn operator(&self, number: usize) -> String {
        partner(number % self.partners)
    }

    fn row(&self, number: usize, random: &mut Random) -> Row {
        let kind = match random.below(100) {
            0..45 => Kind::Grant,
            45..63 => Kind::Exclusive,
            63..71 => Kind::First,
            71..76 => Kind::Refusal,
            76..90 => Kind::Share,
            _ => Kind::Leave,
        };
        let lab = random.below(self.labs);
        let family = random.below(FAMILIES);
        let product = match random.below(10) {
            0..2 => format!("lab{lab}"),
            2..6 => format!("lab{lab}/family{family}"),
            _ => format!("lab{lab}/family{family}/product{}", random.below(PRODUCTS_OF_A_FAMILY)),
        };
        // Promises are about a few channels; a grant is often about all.
        let open = kind == Kind::Grant && random.percent(30);
        let count = if open { 0 } else { 1 + random.below(3) };
        let since = 48 + random.below(30);
        Row {
            number,
            kind,
            lab,
            partner: random.below(self.partners),
            actions: random.percent(40).then(|| *random.pick(&ACTIONS)),
            product,
            channels: (0..count).map(|_| channel(random.below(CHANNELS))).collect(),
            segment: random.percent(15).then(|| format!("segment{}", random.below(SEGMENTS))),
            country: random.percent(15).then(|| *random.pick(&COUNTRIES)),
            since,
            until: random.percent(70).then(|| since + 6 + random.below(48)),
            question: (kind == Kind::Exclusive && random.percent(3)).then(|| random.below(QUESTIONS)),
        }
    }

    /// The book, as files.
    pub(crate) fn files(&self) -> Vec<Source> {
        let mut files = vec![Source { path: "book.toml".to_owned(), text: self.registry() }];
        for lab in 0..self.labs {
            for partner in 0..self.partners {
                for amendment in [0, 1] {
                    let rows = self.rows.iter().filter(|row| {
                        (row.lab, row.partner, usize::from(row.kind == Kind::Leave))
                            == (lab, partner, amendment)
                    });
                    let clauses: String = rows.map(Row::text).collect();
                    if amendment == 0 || !clauses.is_empty() {
                        let path = format!("lab{lab}-partner{partner}/{amendment}.toml");
                        let text = format!(
                            "instrument = \"lab{lab}-partner{partner}\"\namendment = {amendment}\n\
                             parties = [\"lab{lab}\", \"partner{partner}\"]\nsigned = 202{}-01-01\n{clauses}",
                            3 + amendment
                        );
                        files.push(Source { path, text });
                    }
                }
            }
        }
        files
    }

    fn registry(&self) -> String {
        let mut out = "book = \"random\"\nself = \"lab0\"\n".to_owned();
        let parties = (0..self.labs).map(lab).chain((0..self.partners).map(partner));
        out.extend(parties.map(|party| format!("[[party]]\nid = \"{party}\"\n")));
        for number in 0..CHANNELS {
            let operator = self.operator(number);
            let _ = write!(out, "[[channel]]\nid = \"channel{number}\"\noperator = \"{operator}\"\n");
        }
        for number in 0..self.labs {
            for product in products(number) {
                let _ = write!(out, "[[product]]\nid = \"{product}\"\nowner = \"lab{number}\"\n");
            }
        }
        out.extend((0..SEGMENTS).map(|n| format!("[[segment]]\nid = \"segment{n}\"\n")));
        out.extend((0..QUESTIONS).map(|n| format!("[[question]]\nid = \"question{n}\"\nask = \"?\"\n")));
        out
    }

    /// Asks: most of what somebody was granted, some of what somebody owns, some of anything.
    pub(crate) fn wishes(&self, count: usize, seed: u64) -> Vec<Wish> {
        let mut random = Random::new(seed.wrapping_mul(31));
        let grants: Vec<&Row> = self.rows.iter().filter(|row| row.kind == Kind::Grant).collect();
        (0..count).map(|_| self.wish(&grants, &mut random)).collect()
    }

    fn wish(&self, grants: &[&Row], random: &mut Random) -> Wish {
        let owner = random.below(self.labs);
        let every: Vec<String> = products(owner).collect();
        let mut wish = Wish {
            actor: if random.percent(50) { lab(owner) } else { partner(random.below(self.partners)) },
            action: *random.pick(&ACTIONS),
            product: random.pick(&every).clone(),
            channel: channel(random.below(CHANNELS)),
            segment: random.percent(30).then(|| format!("segment{}", random.below(SEGMENTS))),
            country: random.percent(70).then(|| *random.pick(&COUNTRIES)),
            month: ASKED.0 + random.below(ASKED.1),
        };
        if random.percent(70) {
            let grant = random.pick(grants);
            let below: Vec<String> =
                products(grant.lab).filter(|one| one.starts_with(&grant.product)).collect();
            wish.actor = partner(grant.partner);
            wish.product = random.pick(&below).clone();
            wish.action = grant.actions.unwrap_or(wish.action);
            wish.channel = grant.channels.first().cloned().unwrap_or(wish.channel);
            wish.segment = grant.segment.clone().or(wish.segment);
            wish.country = grant.country.or(wish.country);
        }
        wish
    }
}

impl Row {
    fn text(&self) -> String {
        let (mut from, mut to) = (lab(self.lab), partner(self.partner));
        if self.kind == Kind::Leave {
            (from, to) = (to, from);
        }
        let kind = match self.kind {
            Kind::Grant | Kind::Leave => "grant",
            Kind::Exclusive => "exclusive",
            Kind::First => "first",
            Kind::Refusal => "refusal",
            Kind::Share => "share",
        };
        let mut scope = vec![format!("products = [\"{}\"]", self.product)];
        if !self.channels.is_empty() && self.kind != Kind::First {
            scope.push(format!("channels = {:?}", self.channels));
        }
        scope.extend(self.segment.iter().map(|segment| format!("segments = [\"{segment}\"]")));
        scope.extend(self.country.iter().map(|country| format!("territories = [\"{country}\"]")));
        let mut out = format!("[[{kind}]]\nid = \"c{}\"\nfrom = \"{from}\"\nto = \"{to}\"\n", self.number);
        let body = match self.kind {
            Kind::Share => {
                format!("rate = \"20%\"\nevery = \"month\"\nof = {{ {} }}\n", scope.join(", "))
            }
            Kind::First => {
                // A promise about a few channels: those but the first wait for it.
                let others: Vec<String> = (0..3).map(|at| channel((self.number + at) % CHANNELS)).collect();
                format!("channel = \"{}\"\nchannels = {others:?}\n{}\n", self.channels[0], scope.join("\n"))
            }
            Kind::Refusal => format!("within = \"30d\"\n{}\n", scope.join("\n")),
            Kind::Grant | Kind::Exclusive | Kind::Leave => format!("{}\n", scope.join("\n")),
        };
        out += &body;
        if matches!(self.kind, Kind::Grant | Kind::Exclusive | Kind::Refusal | Kind::Leave) {
            out += &self.actions.map_or(String::new(), |action| format!("actions = [\"{action}\"]\n"));
        }
        let _ = writeln!(out, "since = {}", month(self.since));
        out.extend(self.until.map(|until| format!("until = {}\n", month(until))));
        out.extend(self.question.map(|question| format!("if = 'question{question}'\n")));
        out
    }

    /// The channels that a first launch keeps waiting.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let others = (0..3).map(|at| channel((self.number + at) % CHANNELS));
        others.filter(|other| *other != self.channels[0]).collect()
    }
}
