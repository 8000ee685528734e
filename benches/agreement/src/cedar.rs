//! The same rights and promises as policies of Cedar, a general policy engine.

use crate::deal::{Deal, Kind, Row, Wish, lab, partner, products};
use crate::figures::{Call, timed};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;

pub(crate) const LEFT_OUT: &str = "\
The translation: each grant is a `permit` for its grantee, each promise a `forbid` for all but its holder, with the
leave that lifts it in its `unless`; products are entities under their families, channel, segment, country and month
stand in the context. It leaves out chains of more than one grant, shares (which decide nothing), what was known when,
open questions (read as no), the quotes and places of clauses, duties, and until when an answer holds: Cedar is asked
for less than Abide answers.";

pub(crate) struct Translation {
    policies: PolicySet,
    entities: Entities,
    authorizer: Authorizer,
}

impl Translation {
    pub(crate) fn of(deal: &Deal) -> Self {
        let mut text =
            "permit(principal, action, resource) when { resource.owner == principal };\n".to_owned();
        deal.rows.iter().filter(|row| row.question.is_none()).for_each(|row| text += &policy(row, deal));
        let policies =
            PolicySet::from_str(&text).unwrap_or_else(|wrong| panic!("the translation is wrong: {wrong}"));
        let entities = Entities::from_entities(entities(deal), None).expect("entities are a tree");
        Self { policies, entities, authorizer: Authorizer::new() }
    }

    pub(crate) fn policies(&self) -> usize {
        self.policies.policies().count()
    }

    /// Asks; making the request is not counted.
    pub(crate) fn permits(&self, wish: &Wish) -> Call {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let context = Context::from_pairs([
            ("channel".to_owned(), text(&wish.channel)),
            ("segment".to_owned(), text(wish.segment.as_deref().unwrap_or(""))),
            ("country".to_owned(), text(wish.country.unwrap_or(""))),
            ("month".to_owned(), RestrictedExpression::new_long(wish.month as i64)),
        ]);
        let request = Request::new(
            uid("Party", &wish.actor),
            uid("Action", wish.action),
            uid("Product", &wish.product),
            context.expect("a context of plain values"),
            None,
        );
        let request = request.expect("a request without a schema");
        timed(|| {
            let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
            response.decision() == Decision::Allow
        })
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!("{kind}::\"{id}\"")).expect("names need no escape")
}

fn entities(deal: &Deal) -> Vec<Entity> {
    let mut found = BTreeMap::new();
    for number in 0..deal.owners() {
        let owner = RestrictedExpression::new_entity_uid(uid("Party", &lab(number)));
        for product in products(number) {
            let mut path = product.as_str();
            loop {
                let above = path.rsplit_once('/').map(|(above, _)| above);
                let parents: HashSet<_> = above.iter().map(|above| uid("Product", above)).collect();
                let attributes = HashMap::from([("owner".to_owned(), owner.clone())]);
                let entity = Entity::new(uid("Product", path), attributes, parents);
                found.insert(path.to_owned(), entity.expect("plain attributes"));
                match above {
                    Some(above) => path = above,
                    None => break,
                }
            }
        }
    }
    found.into_values().collect()
}

fn policy(row: &Row, deal: &Deal) -> String {
    let action = match (row.kind, row.actions) {
        (Kind::First, _) => "action == Action::\"launch\"".to_owned(),
        (_, Some(action)) => format!("action == Action::\"{action}\""),
        (_, None) => "action".to_owned(),
    };
    let (giver, holder) = (lab(row.lab), partner(row.partner));
    let resource = format!("resource in Product::\"{}\"", row.product);
    let when = covers(row);
    match row.kind {
        Kind::Grant => {
            format!("permit(principal == Party::\"{holder}\", {action}, {resource}) when {{ {when} }};\n")
        }
        Kind::Exclusive | Kind::First | Kind::Refusal => {
            let own = match row.kind {
                // What the owner does through the holder's channels is no deal with others.
                Kind::Refusal => {
                    let own: Vec<_> =
                        row.channels.iter().filter(|one| operated(one, deal) == holder).collect();
                    format!("principal == Party::\"{giver}\" && {own:?}.contains(context.channel) || ")
                }
                Kind::Grant | Kind::Exclusive | Kind::First | Kind::Share | Kind::Leave => String::new(),
            };
            let leave: String = leaves(row, deal)
                .map(|leave| {
                    let scope = leave
                        .actions
                        .map_or(String::new(), |action| format!("action == Action::\"{action}\" && "));
                    format!(" || {scope}resource in Product::\"{}\" && {}", leave.product, covers(leave))
                })
                .collect();
            format!(
                "forbid(principal, {action}, {resource}) when {{ {when} }} \
                 unless {{ {own}principal == Party::\"{holder}\"{leave} }};\n"
            )
        }
        Kind::Share | Kind::Leave => String::new(),
    }
}

fn operated(channel: &str, deal: &Deal) -> String {
    let number = channel.trim_start_matches("channel").parse().expect("a generated channel");
    deal.operator(number)
}

/// The leave that the holder of a promise gave back.
fn leaves<'a>(row: &'a Row, deal: &'a Deal) -> impl Iterator<Item = &'a Row> {
    let same =
        |other: &&Row| other.kind == Kind::Leave && (other.lab, other.partner) == (row.lab, row.partner);
    deal.rows.iter().filter(same)
}

fn covers(row: &Row) -> String {
    let mut parts = vec![format!("context.month >= {}", row.since)];
    parts.extend(row.until.map(|until| format!("context.month < {until}")));
    match row.kind {
        Kind::First => parts.push(format!("{:?}.contains(context.channel)", row.waiting())),
        Kind::Grant | Kind::Exclusive | Kind::Refusal | Kind::Share | Kind::Leave => {
            if !row.channels.is_empty() {
                parts.push(format!("{:?}.contains(context.channel)", row.channels));
            }
        }
    }
    parts.extend(row.segment.iter().map(|segment| format!("context.segment == \"{segment}\"")));
    parts.extend(row.country.iter().map(|country| format!("context.country == \"{country}\"")));
    parts.join(" && ")
}
