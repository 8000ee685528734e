//! Values: scalars as they were written, tables on one line, lists on one where they fit.

use super::comments::{block, note};
use super::{LINE_CHARS_MAX, sort, write_lines};
use crate::syntax::keys::Shape;
use toml_edit::{Array, Decor, InlineTable, RawString, Value};

/// How far the elements of a broken list stand in, in characters.
const INDENT_CHARS: usize = 4;

/// The value as it stands behind `column` characters of a line that is indented by `indent`.
pub(super) fn lay_out(value: &Value, shape: Option<Shape>, column: usize, indent: usize) -> String {
    let one = if has_comments(value) { None } else { Some(one_line(value, shape)) };
    match (one, value) {
        (Some(one), _) if !one.contains('\n') && column + one.chars().count() <= LINE_CHARS_MAX => one,
        (_, Value::Array(array)) => lines(array, shape, indent).unwrap_or_else(|| verbatim(value)),
        (Some(one), _) => one,
        (None, _) => verbatim(value),
    }
}

/// On one line; comments are lost.
fn one_line(value: &Value, shape: Option<Shape>) -> String {
    match value {
        Value::Array(array) => {
            let items = array.iter().map(|item| one_line(item, shape.and_then(Shape::item)));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::InlineTable(table) => inline(table, shape),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            verbatim(value)
        }
    }
}

fn inline(table: &InlineTable, shape: Option<Shape>) -> String {
    let mut entries = table.get_values();
    sort(&mut entries, shape);
    let entries: Vec<_> = entries
        .iter()
        .map(|(path, value)| {
            let name: Vec<_> = path.iter().map(|key| key.display_repr()).collect();
            let below = path.iter().fold(shape, |shape, key| shape.and_then(|shape| shape.child(key.get())));
            format!("{} = {}", name.join("."), one_line(value, below))
        })
        .collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// One element a line, each with its comments. `None` where a comment stands where it would have to move.
fn lines(array: &Array, shape: Option<Shape>, indent: usize) -> Option<String> {
    let inner = indent + INDENT_CHARS;
    let count = array.len();
    let mut out = String::from("[");
    let mut last = block(array.trailing().as_str()?);
    for (at, item) in array.iter().enumerate() {
        let (mut above, before) = split(space(item.decor().prefix())?, at > 0);
        if let Some(before) = before {
            out += &format!("  {before}");
        }
        out.push('\n');
        above.retain(|line| !line.is_empty());
        write_lines(&mut out, &above, inner);
        out += &" ".repeat(inner);
        out += &lay_out(item, shape.and_then(Shape::item), inner, inner);
        out.push(',');
        let (below, behind) = split(space(item.decor().suffix())?, true);
        if !below.iter().all(String::is_empty) || (behind.is_some() && at + 1 < count) {
            return None;
        }
        if let Some(behind) = behind {
            out += &format!("  {behind}");
        }
    }
    if array.trailing_comma()
        && let Some(first) = space(Some(array.trailing()))?.split('\n').next().and_then(note)
    {
        out += &format!("  {first}");
        last.remove(0);
    }
    out.push('\n');
    last.retain(|line| !line.is_empty());
    write_lines(&mut out, &last, inner);
    out += &" ".repeat(indent);
    out.push(']');
    Some(out)
}

/// The comments in `space`, apart from one in its first line when that belongs to the word before.
fn split(space: &str, behind: bool) -> (Vec<String>, Option<String>) {
    let (first, rest) = space.split_once('\n').unwrap_or((space, ""));
    match note(first).filter(|_| behind) {
        Some(note) => (block(rest), Some(note)),
        None => (block(space), None),
    }
}

fn space(raw: Option<&RawString>) -> Option<&str> {
    raw.map_or(Some(""), RawString::as_str)
}

/// As it was written, without the space around it.
fn verbatim(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string().trim().to_owned()
}

/// Whether a comment stands inside the value.
fn has_comments(value: &Value) -> bool {
    let found = |raw: Option<&RawString>| space(raw).is_none_or(|text| text.contains('#'));
    let around = |decor: &Decor| found(decor.prefix()) || found(decor.suffix());
    match value {
        Value::Array(array) => {
            found(Some(array.trailing()))
                || array.iter().any(|item| around(item.decor()) || has_comments(item))
        }
        Value::InlineTable(table) => {
            found(Some(table.trailing()))
                || table.get_values().iter().any(|(path, value)| {
                    let keys = path.iter().any(|key| around(key.leaf_decor()) || around(key.dotted_decor()));
                    keys || around(value.decor()) || has_comments(value)
                })
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            false
        }
    }
}
