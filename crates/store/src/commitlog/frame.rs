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
    let sum = checksum(generation, number, step_of(frame));
    let head = u128::from(length) | u128::from(sum) << 32 | u128::from(number) << 64;
    if let Some(place) = frame.first_chunk_mut::<HEAD_BYTES>() {
        *place = head.to_le_bytes();
    }
}

/// The step of a frame that was made here.
pub(crate) fn step_of(frame: &[u8]) -> &[u8] {
    frame.get(HEAD_BYTES..).unwrap_or_default()
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

fn checksum(generation: Generation, number: u64, step: &[u8]) -> u32 {
    let mut place = [0; 24];
    let parts = [generation.salt, generation.n, number];
    place.as_chunks_mut().0.iter_mut().zip(parts).for_each(|(place, part)| *place = part.to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&place);
    sum.update(step);
    sum.finalize()
}
