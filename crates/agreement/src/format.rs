//! Lays a file of a book out in the one way: keys in the order of the table of keys, one blank line before each table,
//! lists broken where they are long. Comments stay with what they stand above or behind.
//!
//! Never changes what a file means: what comes out is read again and compared before it is given out.

mod comments;
mod value;

use crate::Source;
use crate::diagnostic::{Diagnostic, Files, Sink, Spot};
use crate::syntax::{self, FileKind, keys::Shape};
use comments::{block, note};
use toml_edit::{DocumentMut, Item, Key, Table, Value};

/// The widest line that a list is kept on, in characters.
const LINE_CHARS_MAX: usize = 110;

/// The text of `source`, laid out. Keys that files do not have keep their order, after those they do.
///
/// # Errors
/// When the file is not TOML, with every place where it is not.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let mut sink = Sink::default();
    let whole = Spot { file: 0, start: 0, end: 0 };
    let laid = syntax::parse(0, source, &mut sink).and_then(|_| {
        let document: DocumentMut = source.text.parse().ok()?;
        let text = lay_out(&document);
        same(&source.text, &text).then_some(text)
    });
    if laid.is_none() && !sink.failed() {
        sink.error("format", whole, "this file cannot be laid out without changing what it says")
            .help("leave it as it is, and please report it");
    }
    laid.ok_or_else(|| sink.finish(&Files::new(std::slice::from_ref(source))))
}

/// Whether two texts hold the same values, and no `#` of a comment is lost.
fn same(before: &str, after: &str) -> bool {
    let values = |text: &str| text.parse::<toml::Table>().ok();
    let hashes = |text: &str| text.bytes().filter(|byte| *byte == b'#').count();
    values(before).is_some_and(|before| values(after) == Some(before)) && hashes(before) == hashes(after)
}

/// A table as it stands in the file: under its header, or the top of the file.
struct Section<'d> {
    position: isize,
    path: Vec<&'d Key>,
    table: &'d Table,
    many: bool,
    shape: Option<Shape>,
}

fn lay_out(document: &DocumentMut) -> String {
    let root = document.as_table();
    // What other files hold, `book.toml` may hold too, in the same order.
    let kind = match FileKind::of("", |key| root.contains_key(key)) {
        FileKind::Book | FileKind::Registry => FileKind::Book,
        kind @ (FileKind::Instrument | FileKind::Scenario) => kind,
    };
    let mut sections = Vec::new();
    gather(root, &mut Vec::new(), false, Some(Shape::Table(kind.keys())), &mut sections);
    sections.sort_by_key(|section| (!section.path.is_empty(), section.position));
    let mut out = String::new();
    for section in &sections {
        write_section(&mut out, section);
    }
    let mut last = block(document.trailing().as_str().unwrap_or(""));
    while last.last().is_some_and(String::is_empty) {
        last.pop();
    }
    write_lines(&mut out, &last, 0);
    out
}

/// Every table that has a header of its own, below `table` and itself.
fn gather<'d>(
    table: &'d Table,
    path: &mut Vec<&'d Key>,
    many: bool,
    shape: Option<Shape>,
    out: &mut Vec<Section<'d>>,
) {
    let hidden = table.is_dotted() || table.is_implicit() && table.get_values().is_empty();
    if path.is_empty() || !hidden {
        let before = out.last().map_or(0, |section| section.position);
        out.push(Section {
            position: table.position().unwrap_or(before),
            path: path.clone(),
            table,
            many,
            shape,
        });
    }
    for (name, item) in table.iter() {
        let Some(key) = table.key(name) else { continue };
        let shape = shape.and_then(|shape| shape.child(name));
        path.push(key);
        match item {
            Item::Table(below) => gather(below, path, false, shape, out),
            Item::ArrayOfTables(below) => {
                below.iter().for_each(|below| gather(below, path, true, shape, out));
            }
            Item::Value(_) | Item::None => {}
        }
        path.pop();
    }
}

fn write_section(out: &mut String, section: &Section<'_>) {
    let table = section.table;
    let mut entries = table.get_values();
    let mut above = Vec::new();
    if section.path.is_empty() {
        // What stands above the first key speaks of the file, and stays on top.
        let first = entries.first().and_then(|(path, _)| path.last().copied());
        above = first.map(above_key).unwrap_or_default();
        above.drain(..above.iter().take_while(|line| line.is_empty()).count());
        write_lines(out, &above, 0);
        sort(&mut entries, section.shape);
        let lines = entries.iter().map(|entry| line(entry, section.shape, first));
        write_body(out, lines.collect(), above.last().is_none_or(String::is_empty));
        return;
    }
    if let Some(text) = table.decor().prefix().and_then(|text| text.as_str()) {
        above = block(text);
    }
    above.drain(..above.iter().take_while(|line| line.is_empty()).count());
    if !out.is_empty() {
        out.push('\n');
    }
    write_lines(out, &above, 0);
    let name: Vec<_> = section.path.iter().map(|key| key.display_repr()).collect();
    let (open, close) = if section.many { ("[[", "]]") } else { ("[", "]") };
    let behind = table.decor().suffix().and_then(|text| note(text.as_str()?));
    let behind = behind.map_or(String::new(), |note| format!("  {note}"));
    *out += &format!("{open}{}{close}{behind}\n", name.join("."));
    sort(&mut entries, section.shape);
    write_body(out, entries.iter().map(|entry| line(entry, section.shape, None)).collect(), true);
}

fn sort(entries: &mut [(Vec<&Key>, &Value)], shape: Option<Shape>) {
    entries.sort_by_cached_key(|(path, _)| rank(path, shape));
}

/// Where a key stands among those of its table: by row; those without one come last, as written.
fn rank(path: &[&Key], shape: Option<Shape>) -> Vec<usize> {
    let mut at = shape;
    let mut ranks = Vec::new();
    for key in path {
        let row = at.and_then(|shape| shape.keys().rows().position(|row| row.name == key.get()));
        ranks.push(row.unwrap_or(usize::MAX));
        at = at.and_then(|shape| shape.child(key.get()));
    }
    ranks
}

/// A key with its value, and the comments about it.
struct Line {
    above: Vec<String>,
    text: String,
    behind: Option<String>,
}

fn line((path, value): &(Vec<&Key>, &Value), shape: Option<Shape>, on_top: Option<&Key>) -> Line {
    let name: Vec<_> = path.iter().map(|key| key.display_repr()).collect();
    let name = format!("{} = ", name.join("."));
    let shape = path.iter().fold(shape, |shape, key| shape.and_then(|shape| shape.child(key.get())));
    let own = path.last().copied();
    let above = own.filter(|key| on_top.is_none_or(|top| !std::ptr::eq(*key, top)));
    let behind = value.decor().suffix().and_then(|text| note(text.as_str()?));
    Line {
        above: above.map(above_key).unwrap_or_default(),
        text: format!("{name}{}", value::lay_out(value, shape, name.chars().count(), 0)),
        behind,
    }
}

/// The comments above a key; blank lines count only beside comments.
fn above_key(key: &Key) -> Vec<String> {
    let text = key.leaf_decor().prefix().and_then(|text| text.as_str()).unwrap_or("");
    let lines = block(text);
    if lines.iter().all(String::is_empty) { Vec::new() } else { lines }
}

fn write_body(out: &mut String, lines: Vec<Line>, mut first: bool) {
    let mut rest = lines.as_slice();
    while let Some(line) = rest.first() {
        // Comments behind neighbouring lines stand below one another.
        let neighbour =
            |line: &&Line| line.behind.is_some() && line.above.is_empty() && !line.text.contains('\n');
        let follow = rest.iter().skip(1).take_while(neighbour).count();
        let many = if line.behind.is_some() && !line.text.contains('\n') { 1 + follow } else { 1 };
        let (group, after) = rest.split_at(many);
        let width = |line: &Line| line.text.lines().last().unwrap_or("").chars().count();
        let widest = group.iter().map(width).max().unwrap_or(0);
        for line in group {
            let blank = usize::from(first && line.above.first().is_some_and(String::is_empty));
            write_lines(out, line.above.get(blank..).unwrap_or(&[]), 0);
            first = false;
            *out += &line.text;
            if let Some(note) = &line.behind {
                *out += &" ".repeat(widest - width(line) + 2);
                *out += note;
            }
            out.push('\n');
        }
        rest = after;
    }
}

fn write_lines(out: &mut String, lines: &[String], indent: usize) {
    for line in lines {
        if !line.is_empty() {
            *out += &" ".repeat(indent);
            *out += line;
        }
        out.push('\n');
    }
}
