//! Amazon's binary event stream (`application/vnd.amazon.eventstream`): frames out of bytes.
//!
//! Follows the encoding that the AWS SDKs share: a prelude of two big-endian lengths and their CRC32, headers, a
//! payload, and a CRC32 over all that came before. Knows nothing of what the messages say.

use std::fmt;

/// The largest frame accepted unless the caller says otherwise, in bytes.
pub const FRAME_BYTES_MAX: usize = 16 << 20;

const PRELUDE_BYTES: usize = 12;
const CRC_BYTES: usize = 4;
const FRAME_BYTES_MIN: usize = PRELUDE_BYTES + CRC_BYTES;

/// Why bytes are not a frame. The stream cannot be read on after one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The checksum over the two lengths does not fit them.
    PreludeChecksum,
    /// The checksum over the frame does not fit it.
    FrameChecksum,
    /// A length that no frame can have.
    Length {
        /// What the frame claims, in bytes.
        bytes: usize,
    },
    /// Longer than the reader allows.
    TooLong {
        /// What the frame claims, in bytes.
        bytes: usize,
        /// The most that is allowed, in bytes.
        bytes_max: usize,
    },
    /// The headers do not follow the encoding.
    Headers,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::PreludeChecksum => f.write_str("the checksum of an event-stream prelude is wrong"),
            Broken::FrameChecksum => f.write_str("the checksum of an event-stream frame is wrong"),
            Broken::Length { bytes } => write!(f, "an event-stream frame claims {bytes} bytes"),
            Broken::TooLong { bytes, bytes_max } => {
                write!(f, "an event-stream frame of {bytes} bytes is over the limit of {bytes_max}")
            }
            Broken::Headers => f.write_str("the headers of an event-stream frame are malformed"),
        }
    }
}

impl std::error::Error for Broken {}

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    headers: &'a [u8],
    /// The message itself.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The text of a header, where it is there and a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.headers;
        while let Some((found, value, tail)) = header(rest) {
            if found == name.as_bytes() {
                return match value {
                    Value::Text(text) => std::str::from_utf8(text).ok(),
                    Value::Other => None,
                };
            }
            rest = tail;
        }
        None
    }
}

enum Value<'a> {
    Text(&'a [u8]),
    Other,
}

/// Takes bytes in as they arrive and gives whole, checked frames out.
#[derive(Debug)]
pub struct Reader {
    bytes_max: usize,
    pending: Vec<u8>,
    start: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(FRAME_BYTES_MAX)
    }
}

impl Reader {
    /// A reader that refuses frames over `bytes_max` bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, pending: Vec::new(), start: 0 }
    }

    /// Takes in the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.pending.drain(..self.start);
            self.start = 0;
        }
        self.pending.extend_from_slice(bytes);
    }

    /// Whether bytes of an unfinished frame are waiting for the rest of it.
    #[must_use]
    pub fn in_frame(&self) -> bool {
        self.start < self.pending.len()
    }

    /// The next whole frame, or `None` until more bytes are pushed.
    ///
    /// # Errors
    /// When the bytes are not a frame, or one over the limit.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        let from = self.start;
        let Some(bytes) = self.pending.get(from..) else { return Ok(None) };
        let Some((frame_bytes, header_bytes)) = prelude(bytes, self.bytes_max)? else { return Ok(None) };
        let Some(frame) = self.pending.get(from..from + frame_bytes) else { return Ok(None) };
        let (checked, crc) = frame.split_at(frame_bytes - CRC_BYTES);
        if number(crc) != Some(crc32fast::hash(checked)) {
            return Err(Broken::FrameChecksum);
        }
        let body = checked.get(PRELUDE_BYTES..).unwrap_or_default();
        let (headers, payload) = body.split_at_checked(header_bytes).ok_or(Broken::Headers)?;
        let mut rest = headers;
        while !rest.is_empty() {
            rest = header(rest).ok_or(Broken::Headers)?.2;
        }
        self.start = from + frame_bytes;
        Ok(Some(Frame { headers, payload }))
    }
}

/// Lengths of the frame and of its headers, once the prelude is there and true.
fn prelude(bytes: &[u8], bytes_max: usize) -> Result<Option<(usize, usize)>, Broken> {
    let Some((lengths, crc)) = bytes.get(..PRELUDE_BYTES).map(|prelude| prelude.split_at(8)) else {
        return Ok(None);
    };
    // Checked before a length is believed: a torn stream must not make us wait for gigabytes.
    if number(crc) != Some(crc32fast::hash(lengths)) {
        return Err(Broken::PreludeChecksum);
    }
    let length = |at: usize| number(lengths.get(at..at + 4)?).and_then(|n| usize::try_from(n).ok());
    let (Some(frame), Some(headers)) = (length(0), length(4)) else {
        return Err(Broken::Length { bytes: usize::MAX });
    };
    if frame < FRAME_BYTES_MIN || headers > frame - FRAME_BYTES_MIN {
        return Err(Broken::Length { bytes: frame });
    }
    if frame > bytes_max {
        return Err(Broken::TooLong { bytes: frame, bytes_max });
    }
    Ok(Some((frame, headers)))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4)?.try_into().ok().map(u32::from_be_bytes)
}

/// The first header's name and value, and what follows it.
fn header(bytes: &[u8]) -> Option<(&[u8], Value<'_>, &[u8])> {
    let (name_bytes, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*name_bytes))?;
    let (kind, rest) = rest.split_first()?;
    let fixed = match kind {
        0 | 1 => 0, // true, false
        2 => 1,     // byte
        3 => 2,     // short
        4 => 4,     // integer
        5 | 8 => 8, // long, timestamp
        6 | 7 => {
            let (length, rest) = rest.split_at_checked(2)?;
            let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
            let (value, rest) = rest.split_at_checked(length)?;
            let value = if *kind == 7 { Value::Text(value) } else { Value::Other };
            return Some((name, value, rest));
        }
        9 => 16, // UUID
        _ => return None,
    };
    Some((name, Value::Other, rest.get(fixed..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    use proptest::prelude::*;

    fn encoded(message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_message_to(message, &mut bytes).unwrap();
        bytes
    }

    fn every_kind() -> Message {
        Message::new(&b"{\"a\":1}"[..])
            .add_header(Header::new("true", HeaderValue::Bool(true)))
            .add_header(Header::new("false", HeaderValue::Bool(false)))
            .add_header(Header::new("byte", HeaderValue::Byte(-3)))
            .add_header(Header::new("short", HeaderValue::Int16(300)))
            .add_header(Header::new("integer", HeaderValue::Int32(70_000)))
            .add_header(Header::new("long", HeaderValue::Int64(1 << 40)))
            .add_header(Header::new("bytes", HeaderValue::ByteArray((&b"\0\x01"[..]).into())))
            .add_header(Header::new("time", HeaderValue::Timestamp(aws_smithy_types::DateTime::from_secs(9))))
            .add_header(Header::new("uuid", HeaderValue::Uuid(77)))
            .add_header(Header::new(":event-type", HeaderValue::String("chunk".into())))
    }

    #[test]
    fn a_text_header_is_found_behind_headers_of_all_other_kinds() {
        let bytes = encoded(&every_kind());
        let mut reader = Reader::default();
        reader.push(&bytes);
        let frame = reader.next_frame().unwrap().unwrap();
        assert_eq!(frame.text(":event-type"), Some("chunk"));
        assert_eq!(frame.text("uuid"), None);
        assert_eq!(frame.text("absent"), None);
        assert_eq!(frame.payload, b"{\"a\":1}");
        assert!(!reader.in_frame());
    }

    #[test]
    fn frames_come_out_the_same_wherever_the_bytes_are_split() {
        let bytes = [encoded(&every_kind()), encoded(&Message::new(&b"second"[..]))].concat();
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            let mut reader = Reader::default();
            let mut payloads = Vec::new();
            for piece in [head, tail] {
                reader.push(piece);
                while let Some(frame) = reader.next_frame().unwrap() {
                    payloads.push(frame.payload.to_vec());
                }
            }
            assert_eq!(payloads, [b"{\"a\":1}".to_vec(), b"second".to_vec()], "split at byte {at}");
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let bytes = encoded(&every_kind());
        for at in 0..bytes.len() {
            let mut torn = bytes.clone();
            torn[at] ^= 0x10;
            let mut reader = Reader::default();
            reader.push(&torn);
            assert!(reader.next_frame().is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_by_its_prelude_alone() {
        let bytes = encoded(&Message::new(vec![0_u8; 100]));
        let mut reader = Reader::new(64);
        reader.push(&bytes[..12]);
        assert_eq!(reader.next_frame(), Err(Broken::TooLong { bytes: 116, bytes_max: 64 }));
    }

    #[test]
    fn lengths_that_no_frame_can_have_are_refused() {
        for (frame, headers) in [(4_u32, 0_u32), (20, 9)] {
            let mut bytes = [frame.to_be_bytes(), headers.to_be_bytes()].concat();
            bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
            let mut reader = Reader::default();
            reader.push(&bytes);
            assert_eq!(reader.next_frame(), Err(Broken::Length { bytes: frame as usize }));
        }
    }

    #[test]
    fn headers_that_overrun_their_room_are_refused() {
        let mut bytes = [24_u32.to_be_bytes(), 8_u32.to_be_bytes()].concat();
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        bytes.extend([1, b'a', 7, 0, 200, 0, 0, 0]);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        let mut reader = Reader::default();
        reader.push(&bytes);
        assert_eq!(reader.next_frame(), Err(Broken::Headers));
    }

    proptest! {
        #[test]
        fn any_bytes_at_all_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(1 << 10);
            reader.push(&bytes);
            while let Ok(Some(_)) = reader.next_frame() {}
        }

        #[test]
        fn any_payload_and_header_read_back(payload in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,40}") {
            let message = Message::new(payload.clone()).add_header(Header::new("h", HeaderValue::String(text.clone().into())));
            let mut reader = Reader::default();
            reader.push(&encoded(&message));
            let frame = reader.next_frame().unwrap().unwrap();
            prop_assert_eq!(frame.payload, &payload[..]);
            prop_assert_eq!(frame.text("h"), Some(text.as_str()));
        }
    }
}
