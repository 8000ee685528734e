//! Server-sent events, as the WHATWG HTML standard defines them: an incremental parser.
//!
//! Knows nothing of what events carry. Bytes may be split anywhere; events come out the same.

use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::fmt;

/// The largest event accepted unless the caller says otherwise, in bytes.
pub const EVENT_BYTES_MAX: usize = 8 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// An event, or one of its lines, is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The most that is allowed, in bytes.
    pub bytes_max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a server-sent event is longer than {} bytes", self.bytes_max)
    }
}

impl std::error::Error for TooLong {}

/// One dispatched event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event` field; empty where the sender named none, which the standard reads as `message`.
    pub name: Cow<'a, str>,
    /// The `data` lines, joined by line feeds. Bytes that are not UTF-8 become U+FFFD.
    pub data: Cow<'a, str>,
    /// The last `id` seen on the stream, empty before the first.
    pub id: &'a str,
}

/// Takes bytes in as they arrive and gives whole events out.
#[derive(Debug)]
pub struct Parser {
    bytes_max: usize,
    pending: Vec<u8>,
    /// Where unread bytes of `pending` begin.
    start: usize,
    /// How far behind `start` no line end was found, so that a long line is not searched twice.
    searched: usize,
    /// A CR ended the last line: an LF right after it belongs to it.
    after_cr: bool,
    at_first_line: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    given_out: bool,
    id: String,
    retry_ms: Option<u64>,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(EVENT_BYTES_MAX)
    }
}

impl Parser {
    /// A parser that refuses events over `bytes_max` bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            pending: Vec::new(),
            start: 0,
            searched: 0,
            after_cr: false,
            at_first_line: true,
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
            given_out: false,
            id: String::new(),
            retry_ms: None,
        }
    }

    /// Takes in the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.pending.drain(..self.start);
            self.start = 0;
        }
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole event, or `None` until more bytes are pushed. An event that the stream breaks off is never
    /// given out, as the standard wants it.
    ///
    /// # Errors
    /// When an event is longer than this parser allows; the stream cannot be read on from there.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, TooLong> {
        if self.given_out {
            self.given_out = false;
            self.name.clear();
            self.data.clear();
            self.has_data = false;
        }
        while let Some((from, to)) = self.next_line() {
            if from == to {
                if self.has_data {
                    return Ok(Some(self.give_out()));
                }
                self.name.clear();
            } else {
                self.field(from, to)?;
            }
        }
        if self.pending.len() - self.start > self.bytes_max {
            return Err(TooLong { bytes_max: self.bytes_max });
        }
        Ok(None)
    }

    /// How long the sender asks to wait before reconnecting, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    fn give_out(&mut self) -> Event<'_> {
        self.given_out = true;
        Event { name: text(&self.name), data: text(&self.data), id: &self.id }
    }

    /// The bounds in `pending` of the next line without its end, and moves past it.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        if self.after_cr && self.pending.get(self.start) == Some(&b'\n') {
            self.start += 1;
        }
        if self.start < self.pending.len() {
            self.after_cr = false;
        }
        let from = self.start;
        let rest = self.pending.get(from + self.searched..)?;
        let Some(found) = memchr2(b'\n', b'\r', rest) else {
            self.searched += rest.len();
            return None;
        };
        let end = from + self.searched + found;
        self.searched = 0;
        self.start = end + 1;
        self.after_cr = self.pending.get(end) == Some(&b'\r');
        if std::mem::take(&mut self.at_first_line) && self.pending.get(from..end)?.starts_with(BOM) {
            return Some((from + BOM.len(), end));
        }
        Some((from, end))
    }

    fn field(&mut self, from: usize, to: usize) -> Result<(), TooLong> {
        let line = self.pending.get(from..to).unwrap_or_default();
        let (field, value) = match memchr(b':', line) {
            Some(colon) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                (line.get(..colon).unwrap_or_default(), value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => {
                self.id.clear();
                self.id.push_str(&text(value));
            }
            b"retry" => {
                self.retry_ms = digits(value).or(self.retry_ms);
            }
            // A comment, or a field the standard says to ignore.
            _ => {}
        }
        if self.data.len() + self.name.len() + self.id.len() > self.bytes_max {
            return Err(TooLong { bytes_max: self.bytes_max });
        }
        Ok(())
    }
}

/// Nearly always it is text, which is quicker to see than to look for what is not.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use std::fmt::Write;

    fn rows(pieces: &[&[u8]]) -> String {
        let mut parser = Parser::new(64);
        let mut rows = String::new();
        for piece in pieces {
            parser.push(piece);
            while let Some(event) = parser.next_event().unwrap() {
                writeln!(rows, "{:?} {:?} id={:?}", event.name, event.data, event.id).unwrap();
            }
        }
        rows
    }

    fn check(input: &[u8], expected: Expect) {
        let whole = rows(&[input]);
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(rows(&[head, tail]), whole, "split at byte {at}");
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(rows(&bytes), whole, "byte by byte");
        expected.assert_eq(&whole);
    }

    #[test]
    fn lf_crlf_and_cr_all_end_lines() {
        check(
            b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n",
            expect![[r#"
            "" "a" id=""
            "" "b" id=""
            "" "c" id=""
            "" "d" id=""
        "#]],
        );
    }

    #[test]
    fn a_byte_order_mark_is_skipped_at_the_start_only() {
        check(
            b"\xEF\xBB\xBFdata: a\n\n\xEF\xBB\xBFdata: b\n\n",
            expect![[r#"
            "" "a" id=""
        "#]],
        );
    }

    #[test]
    fn data_lines_join_and_comments_and_unknown_fields_vanish() {
        check(
            b": hello\ndata: a\ndata:b\ndata\nother: x\ndata:  c\n\n",
            expect![[r#"
            "" "a\nb\n\n c" id=""
        "#]],
        );
    }

    #[test]
    fn a_name_lasts_for_one_event_and_an_id_until_the_next() {
        check(
            b"event: x\nid: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            expect![[r#"
            "x" "a" id="7"
            "" "b" id="7"
            "" "c" id=""
        "#]],
        );
    }

    #[test]
    fn an_event_without_data_or_without_its_blank_line_is_not_given_out() {
        check(
            b"event: x\n\ndata: a\n\ndata: never",
            expect![[r#"
            "" "a" id=""
        "#]],
        );
    }

    #[test]
    fn an_empty_data_line_is_an_event() {
        check(
            b"data:\n\n",
            expect![[r#"
            "" "" id=""
        "#]],
        );
    }

    #[test]
    fn an_id_with_a_null_is_ignored_and_bytes_that_are_no_text_are_replaced() {
        check(
            b"id: a\x00b\ndata: \xFF\xC3\xA4\n\n",
            expect![[r#"
            "" "�ä" id=""
        "#]],
        );
    }

    #[test]
    fn the_delay_to_reconnect_counts_only_when_it_is_digits() {
        let mut parser = Parser::default();
        parser.push(b"retry: 250\nretry: 1s\n\n");
        assert!(parser.next_event().unwrap().is_none());
        assert_eq!(parser.retry_ms(), Some(250));
    }

    #[test]
    fn an_event_over_the_limit_is_refused_as_one_line_and_as_many() {
        let mut parser = Parser::new(8);
        parser.push(b"data: 12345678901234567890");
        assert_eq!(parser.next_event().unwrap_err(), TooLong { bytes_max: 8 });
        let mut parser = Parser::new(8);
        parser.push(b"data: 12345\ndata: 12345\n");
        assert_eq!(parser.next_event().unwrap_err(), TooLong { bytes_max: 8 });
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back(name in "[a-z.]{0,12}", data in "\\PC{0,40}(\n\\PC{0,9}){0,3}", cut in 0usize..80) {
            let lines = data.replace('\n', "\ndata: ");
            let bytes = format!(": ping\nid: 41\nevent: {name}\ndata: {lines}\n\n").into_bytes();
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut parser = Parser::default();
            parser.push(head);
            let early = parser.next_event().unwrap().map(|event| (event.name.into_owned(), event.data.into_owned()));
            parser.push(tail);
            let late = parser.next_event().unwrap().map(|event| (event.name.into_owned(), event.data.into_owned()));
            prop_assert_eq!(early.or(late), Some((name, data)));
        }
    }
}
