//! The accounts of a book and their names in plain-text accounting: components that Beancount and hledger both
//! accept, one to one with the names people gave.

use crate::tally::Kind;
use abide_model::name::{Channel, Clause, Customer, Party, Product};

/// Where money stands or what it was for, seen from the book's own party.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What a customer owes, in whole minor units.
    Receivable(Customer),
    /// What a customer used beyond that: less than a minor unit, above or below zero.
    Unbilled(Customer),
    /// What a party owes under a share.
    ShareReceivable(Party),
    /// What a party will owe under a share for a period that is still open.
    ShareAccruedIn(Party),
    /// What is owed to a party under a share.
    Payable(Party),
    /// What will be owed to a party under a share for a period that is still open.
    ShareAccruedOut(Party),
    /// Revenue from use of a product through a channel.
    Usage(Product, Channel),
    /// Revenue from a share.
    ShareIncome(Clause),
    /// Cost of a share.
    ShareExpense(Clause),
    /// What is owed for revenue that was entered without naming a customer.
    ReceivableThrough(Channel),
    /// Cost of what was bought from a party.
    Purchase(Party),
    /// Cost of metered calls: what was served through which channel.
    Served(Product, Channel),
    /// What a party will charge for metered calls, by our own meter.
    Uninvoiced(Party),
    /// Revenue from another clause about money.
    ClauseIncome(Kind, Clause),
    /// Cost of another clause about money.
    ClauseExpense(Kind, Clause),
}

impl Account {
    /// The name, like `Income:Usage:Openai:Api:Azure`.
    #[must_use]
    pub fn name(&self) -> String {
        let join = |root: &str, name: &str| format!("{root}:{}", components(name));
        match self {
            Account::Receivable(customer) => join("Assets:Receivable:Customers", customer.as_str()),
            Account::Unbilled(customer) => join("Assets:Unbilled", customer.as_str()),
            Account::ShareReceivable(party) => join("Assets:Receivable:Parties", party.as_str()),
            Account::ShareAccruedIn(party) => join("Assets:Accrued", party.as_str()),
            Account::Payable(party) => join("Liabilities:Payable", party.as_str()),
            Account::ShareAccruedOut(party) => join("Liabilities:Accrued", party.as_str()),
            Account::Usage(product, channel) => {
                join(&join("Income:Usage", product.as_str()), channel.as_str())
            }
            Account::ShareIncome(clause) => join("Income:RevenueShare", clause.as_str()),
            Account::ShareExpense(clause) => join("Expenses:RevenueShare", clause.as_str()),
            Account::ReceivableThrough(channel) => join("Assets:Receivable:Channels", channel.as_str()),
            Account::Purchase(party) => join("Expenses:Purchases", party.as_str()),
            Account::Served(product, channel) => {
                join(&join("Expenses:Usage", product.as_str()), channel.as_str())
            }
            Account::Uninvoiced(party) => join("Liabilities:Uninvoiced", party.as_str()),
            Account::ClauseIncome(kind, clause) => join(&format!("Income:{}", word(*kind)), clause.as_str()),
            Account::ClauseExpense(kind, clause) => {
                join(&format!("Expenses:{}", word(*kind)), clause.as_str())
            }
        }
    }

    /// The names it is made of, as they were given, each with what it names.
    #[must_use]
    pub fn origin(&self) -> Vec<(&'static str, &str)> {
        match self {
            Account::Receivable(customer) | Account::Unbilled(customer) => {
                vec![("customer", customer.as_str())]
            }
            Account::ShareReceivable(party)
            | Account::ShareAccruedIn(party)
            | Account::Payable(party)
            | Account::ShareAccruedOut(party)
            | Account::Purchase(party)
            | Account::Uninvoiced(party) => vec![("party", party.as_str())],
            Account::Usage(product, channel) | Account::Served(product, channel) => {
                vec![("product", product.as_str()), ("channel", channel.as_str())]
            }
            Account::ReceivableThrough(channel) => vec![("channel", channel.as_str())],
            Account::ShareIncome(clause)
            | Account::ShareExpense(clause)
            | Account::ClauseIncome(_, clause)
            | Account::ClauseExpense(_, clause) => vec![("clause", clause.as_str())],
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Guarantee => "Guarantee",
        Kind::Commit => "Commitment",
        Kind::Split => "Split",
        Kind::Parity => "MostFavouredPrice",
    }
}

/// A name as account components: one a path segment.
///
/// A component must begin with a capital or a digit and hold letters, digits and `-` alone. So the first letter
/// is raised, `.` becomes `--`, and what that would leave ambiguous becomes `---` and two hexadecimal digits,
/// after an `X` where the component would begin with it.
fn components(name: &str) -> String {
    name.split('/').map(component).collect::<Vec<_>>().join(":")
}

fn component(text: &str) -> String {
    let bytes = text.as_bytes();
    let Some((first, rest)) = bytes.split_first() else { return "X---".to_owned() };
    let mut tail = String::with_capacity(text.len());
    for (i, byte) in rest.iter().enumerate() {
        let before_plain = rest.get(i + 1).is_some_and(u8::is_ascii_alphanumeric);
        match byte {
            b'-' if before_plain && !tail.ends_with('-') => tail.push('-'),
            b'.' if before_plain && !tail.ends_with('-') => tail.push_str("--"),
            byte if byte.is_ascii_alphanumeric() => tail.push(char::from(*byte)),
            byte => tail.push_str(&format!("---{byte:02X}")),
        }
    }
    // A raised `x` before three dashes would read as the `X` that stands before an escape.
    let raised = first.is_ascii_lowercase() && !(*first == b'x' && tail.starts_with("---"));
    if raised || first.is_ascii_digit() {
        format!("{}{tail}", char::from(first.to_ascii_uppercase()))
    } else {
        format!("X---{first:02X}{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    /// Reads [`components`] back.
    fn name_of(components: &str) -> String {
        let segments = components.split(':').map(|component| {
            let (mut rest, mut out) = match component.strip_prefix("X---") {
                Some("") => return String::new(),
                Some(_) => (&component[1..], String::new()),
                None => (&component[1..], component[..1].to_lowercase()),
            };
            while let Some(first) = rest.chars().next() {
                if let Some(hex) = rest.strip_prefix("---") {
                    out.push(char::from(u8::from_str_radix(&hex[..2], 16).unwrap()));
                    rest = &hex[2..];
                } else if let Some(after) = rest.strip_prefix("--") {
                    out.push('.');
                    rest = after;
                } else {
                    out.push(first);
                    rest = &rest[1..];
                }
            }
            out
        });
        segments.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn names_become_components_that_read_like_them() {
        let names = [
            "microsoft",
            "openai/gpt-4.1/mini",
            "apr27.revenue-share",
            "user:ann@example.com",
            "Acme",
            "a_b",
            "4.1",
            "x",
            "x-ray",
            "xerox",
            "-",
            "a--b",
            "a-.b",
            "a.",
            "a//b",
            "/",
            ".a",
        ];
        let rows = names.iter().map(|name| format!("{name} → {}\n", components(name)));
        expect![[r#"
            microsoft → Microsoft
            openai/gpt-4.1/mini → Openai:Gpt-4--1:Mini
            apr27.revenue-share → Apr27--revenue-share
            user:ann@example.com → User---3Aann---40example--com
            Acme → X---41cme
            a_b → A---5Fb
            4.1 → 4--1
            x → X
            x-ray → X-ray
            xerox → Xerox
            - → X---2D
            a--b → A---2D-b
            a-.b → A---2D--b
            a. → A---2E
            a//b → A:X---:B
            / → X---:X---
            .a → X---2Ea
        "#]]
        .assert_eq(&rows.collect::<String>());
    }

    proptest! {
        #[test]
        fn a_name_can_be_read_back_from_its_components(name in "[a-cxX0-9._/:@+-]{1,12}") {
            let components = components(&name);
            prop_assert_eq!(name_of(&components), name);
            for component in components.split(':') {
                prop_assert!(component.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()));
                prop_assert!(component.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
            }
        }
    }
}
