//! One step in the file: `length u32 | checksum u32 | number u64 | step`, integers little-endian.
//!
//! The checksum (CRC-32 of IEEE 802.3) covers the generation with its salt, the number and the step, so that neither
//! what an earlier generation left behind a shorter one, nor bytes inside of it that somebody chose, are ever taken for
//! a step of this one.

use super::{Generation, step};
use crate::append::Append;

/// Bytes before the step.
pub(crate) const HEAD_BYTES: usize = 16;

/// Makes the frame of a step, in place of what `frame` held.
pub(crate) fn encode(frame: &mut Vec<u8>, generation: Generation, number: u64, append: &Append) {
    frame.clear();
    frame.extend_from_slice(&[0; HEAD_BYTES]);
    step::encode(append, frame);
    let length = u32::try_from(frame.len() - HEAD_BYTES).unwrap_or(u32::MAX);
    let sum = checksum(generation, number, frame.get(HEAD_BYTES..).unwrap_or_default());
    let head = length.to_le_bytes().into_iter().chain(sum.to_le_bytes()).chain(number.to_le_bytes());
    frame.iter_mut().zip(head).for_each(|(place, byte)| *place = byte);
}

/// The step of the frame at the beginning, which must have `number`, and the bytes of its frame; `None` when there is
/// none.
pub(crate) fn take(bytes: &[u8], generation: Generation, number: u64) -> Option<(&[u8], usize)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (found, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let step = rest.get(..length)?;
    let fits = u64::from_le_bytes(*found) == number
        && u32::from_le_bytes(*sum) == checksum(generation, number, step);
    fits.then_some((step, HEAD_BYTES + length))
}

/// Bytes that the frame at the beginning says it takes, when it says that it has `number`.
pub(crate) fn bytes(bytes: &[u8], number: u64) -> Option<usize> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (found, _) = rest.get(4..)?.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    (u64::from_le_bytes(*found) == number).then_some(HEAD_BYTES + length)
}

/// Reads the step of a frame.
pub(crate) fn decode(step: &[u8]) -> Option<Append> {
    step::decode(step)
}

fn checksum(generation: Generation, number: u64, step: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&generation.salt.to_le_bytes());
    sum.update(&generation.n.to_le_bytes());
    sum.update(&number.to_le_bytes());
    sum.update(step);
    sum.finalize()
}
