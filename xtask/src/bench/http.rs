//! One keep-alive HTTP/1.1 connection that sends ready bytes and reads just enough of an answer.
//! Knows status, length, chunks and time; keeps no header and, unless asked, no body.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const WAIT_MAX: Duration = Duration::from_secs(10);
const BUFFER_BYTES: usize = 64 << 10;
const HEAD_BYTES_MAX: usize = 32 << 10;

/// What is worth knowing of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// When the first byte of the body arrived; of an empty body, its end.
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// The server ends this connection after the answer.
    pub(super) closes: bool,
}

pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    read_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
    UntilClose,
}

struct Head {
    status: u16,
    body: Body,
    closes: bool,
}

/// A complete request, ready to be sent as often as wanted.
pub(super) fn post(address: SocketAddr, path: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, WAIT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        let buffer = vec![0; BUFFER_BYTES];
        Ok(Connection { stream, buffer, start: 0, end: 0, read_at: Instant::now() })
    }

    /// Sends a request and reads the whole answer, giving each piece of the body to `hear`.
    pub(super) fn exchange(&mut self, request: &[u8], mut hear: impl FnMut(&[u8])) -> io::Result<Answer> {
        self.stream.write_all(request)?;
        let head = self.head()?;
        let mut first = None;
        let closes = head.closes || head.body == Body::UntilClose;
        match head.body {
            Body::Length(length) => self.pass(length, &mut first, &mut hear)?,
            Body::Chunked => self.chunks(&mut first, &mut hear)?,
            Body::UntilClose => self.rest(&mut first, &mut hear)?,
        }
        let first = first.unwrap_or(self.read_at);
        Ok(Answer { status: head.status, first, last: self.read_at, closes })
    }

    fn head(&mut self) -> io::Result<Head> {
        loop {
            let found = self.unread().windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(length) = found {
                let head = read_head(self.unread().get(..length).unwrap_or_default());
                self.start += length + 4;
                return head.ok_or_else(|| wrong("the answer is not HTTP/1.1"));
            }
            if self.unread().len() > HEAD_BYTES_MAX {
                return Err(wrong("the head of the answer is too long"));
            }
            self.more()?;
        }
    }

    fn chunks(&mut self, first: &mut Option<Instant>, hear: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let size = self.line()?;
            let size = size.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let size = std::str::from_utf8(size).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
            let size = size.ok_or_else(|| wrong("a chunk has no size"))?;
            self.pass(size, first, hear)?;
            // After the last chunk come trailers, up to an empty line.
            while !self.line()?.is_empty() {
                if size > 0 {
                    return Err(wrong("a chunk is longer than it said"));
                }
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = self.unread().iter().position(|byte| *byte == b'\n') {
                let line = self.unread().get(..length).unwrap_or_default().trim_ascii().to_vec();
                self.start += length + 1;
                return Ok(line);
            }
            self.more()?;
        }
    }

    fn pass(
        &mut self,
        length: usize,
        first: &mut Option<Instant>,
        hear: &mut impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            if self.unread().is_empty() {
                self.more()?;
            }
            first.get_or_insert(self.read_at);
            let taken = left.min(self.unread().len());
            hear(self.unread().get(..taken).unwrap_or_default());
            self.start += taken;
            left -= taken;
        }
        Ok(())
    }

    fn rest(&mut self, first: &mut Option<Instant>, hear: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let held = self.unread().len();
            self.pass(held, first, hear)?;
            match self.more() {
                Ok(()) => {}
                Err(problem) if problem.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                Err(problem) => return Err(problem),
            }
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn more(&mut self) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        if free.is_empty() {
            return Err(wrong("a line of the answer is too long"));
        }
        let count = self.stream.read(free)?;
        self.read_at = Instant::now();
        self.end += count;
        if count == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

fn read_head(head: &[u8]) -> Option<Head> {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next()?.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let status = std::str::from_utf8(status).ok()?.parse().ok()?;
    let bodiless = status == 204 || status == 304;
    let mut known = Head { status, body: Body::UntilClose, closes: false };
    for line in lines {
        if let Some(length) = value(line, b"content-length:") {
            known.body = Body::Length(std::str::from_utf8(length).ok()?.parse().ok()?);
        } else if let Some(coding) = value(line, b"transfer-encoding:") {
            known.body = if coding.eq_ignore_ascii_case(b"chunked") { Body::Chunked } else { return None };
        } else if let Some(option) = value(line, b"connection:") {
            known.closes = option.eq_ignore_ascii_case(b"close");
        }
    }
    if bodiless {
        known.body = Body::Length(0);
    }
    Some(known)
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| rest.trim_ascii())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// A server that answers each request on each connection with the same pieces, one write each.
    pub(in crate::bench) fn serve(pieces: &'static [&'static str], pause: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    stream.set_nodelay(true).unwrap();
                    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                        for piece in pieces {
                            if stream.write_all(piece.as_bytes()).is_err() {
                                return;
                            }
                            thread::sleep(pause);
                        }
                        if pieces.iter().any(|piece| piece.contains("connection: close")) {
                            return;
                        }
                    }
                });
            }
        });
        address
    }

    fn fetch(pieces: &'static [&'static str]) -> io::Result<(Answer, String)> {
        let address = serve(pieces, Duration::from_millis(5));
        let mut connection = Connection::open(address)?;
        let mut last = None;
        // Twice on one connection, so that an answer read too far or not far enough is seen.
        for _ in 0..2 {
            let mut body = Vec::new();
            let answer =
                connection.exchange(b"GET / HTTP/1.1\r\n\r\n", |piece| body.extend_from_slice(piece))?;
            last = Some((answer, String::from_utf8(body).unwrap()));
            if answer.closes {
                break;
            }
        }
        last.ok_or_else(|| wrong("nothing came"))
    }

    #[test]
    fn an_answer_with_a_length_is_read_in_any_pieces() {
        let (answer, body) = fetch(&["HTTP/1.1 200 OK\r\nContent-Le", "ngth: 5\r\n\r\nhe", "llo"]).unwrap();
        assert_eq!((answer.status, body.as_str(), answer.closes), (200, "hello", false));
    }

    #[test]
    fn chunks_extensions_and_trailers_are_read() {
        let pieces: &[&str] = &[
            "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1",
            "0\r\n sixteen letters\r\n0\r",
            "\nx-sum: 1\r\n\r\n",
        ];
        let (answer, body) = fetch(pieces).unwrap();
        assert_eq!((answer.status, body.as_str()), (201, "hello sixteen letters"));
    }

    #[test]
    fn an_answer_may_end_with_its_connection() {
        let (answer, body) = fetch(&["HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none", " two"]).unwrap();
        assert_eq!((body.as_str(), answer.closes), ("one two", true));
    }

    #[test]
    fn an_empty_answer_has_no_body_to_wait_for() {
        let (answer, body) = fetch(&["HTTP/1.1 204 No Content\r\n\r\n"]).unwrap();
        assert_eq!((answer.status, body.as_str()), (204, ""));
    }

    #[test]
    fn the_first_byte_comes_before_the_last() {
        let pieces: &[&str] = &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "a", "b"];
        let (answer, _) = fetch(pieces).unwrap();
        assert!(answer.first < answer.last);
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        for pieces in [
            &["SMTP ready\r\n\r\n"] as &[&str],
            &["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
            &["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"],
        ] {
            assert_eq!(fetch(pieces).unwrap_err().kind(), ErrorKind::InvalidData, "{pieces:?}");
        }
    }
}
