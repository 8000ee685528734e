//! Frames of a server-sent event stream (WHATWG HTML, section 9.2), as OpenAI's doors send them.

/// Appends one event; `fill` writes its data, one line of JSON.
pub(super) fn event(out: &mut Vec<u8>, name: &str, fill: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    unnamed(out, fill);
}

/// Appends one event without a name.
pub(super) fn unnamed(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"data: ");
    fill(out);
    out.extend_from_slice(b"\n\n");
}
