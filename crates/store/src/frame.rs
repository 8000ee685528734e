//! Several records in one body: each preceded by its length as a little-endian base-128 integer.

/// Bytes a length takes at most: 64 bits in groups of seven.
const LENGTH_BYTES_MAX: usize = 10;

/// Puts records one behind the other, behind what `body` holds of them.
pub(crate) fn join(records: &[Vec<u8>], body: &mut Vec<u8>) {
    body.reserve(records.iter().map(|record| record.len() + LENGTH_BYTES_MAX).sum());
    for record in records {
        put_length(body, record.len() as u64);
        body.extend_from_slice(record);
    }
}

/// Takes them apart again; `None` when the bytes are not what [`join`] makes.
pub(crate) fn split(mut body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    while !body.is_empty() {
        let (length, rest) = take_length(body)?;
        let (record, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        records.push(record.to_vec());
        body = rest;
    }
    Some(records)
}

pub(crate) fn put_length(body: &mut Vec<u8>, mut length: u64) {
    while length >= 0x80 {
        body.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    body.push(length as u8);
}

pub(crate) fn take_length(body: &[u8]) -> Option<(u64, &[u8])> {
    let mut length = 0_u64;
    for (place, byte) in body.iter().enumerate().take(LENGTH_BYTES_MAX) {
        let group = u64::from(byte & 0x7f);
        let shift = u32::try_from(place).ok()? * 7;
        if group.leading_zeros() < shift {
            return None;
        }
        length |= group << shift;
        if byte & 0x80 == 0 {
            return Some((length, body.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(records: &[Vec<u8>]) -> Vec<u8> {
        let mut body = Vec::new();
        join(records, &mut body);
        body
    }

    #[test]
    fn a_body_that_ends_early_is_refused() {
        let whole = joined(&[vec![7; 300], vec![], vec![1]]);
        for end in 1..whole.len() {
            let cut = split(&whole[..end]);
            assert!(cut.is_none() || cut.unwrap().len() < 3, "{end}");
        }
        assert_eq!(split(&[0xff; 11]), None);
    }

    proptest! {
        #[test]
        fn records_come_back_as_they_were(records: Vec<Vec<u8>>) {
            prop_assert_eq!(split(&joined(&records)), Some(records));
        }

        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>) {
            let _ = split(&body);
        }
    }
}
