//! The stored form of a usage line: one version byte, then a CBOR array with numbered fields (RFC 8949).
//!
//! Old bytes decode for ever. A field may be added at the end as an `Option`: bytes without it still decode, and
//! a reader that does not know it skips it. What changes the meaning of a field takes the next version.

use abide_model::Time;
use abide_model::id::{CallNo, RunId, SessionId};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, MoneyError};
use abide_model::name::{Channel, Clause, Cloud, Customer, ModelName, NameError, Product};
use abide_model::usage::{Measure, Tokens, Usage};
use minicbor::{Decode, Encode};

const VERSION: u8 = 1;
/// Bytes that most lines fit into, to begin with.
const LINE_BYTES: usize = 256;

/// Why bytes are not a usage line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are none.
    #[error("a usage line has no bytes")]
    Empty,
    /// Written by a later Abide.
    #[error("a usage line is of version {found}, this program reads up to {VERSION}; use a newer Abide")]
    Newer {
        /// The version found.
        found: u8,
    },
    /// Damaged, or not a usage line.
    #[error("a usage line is damaged: {0}")]
    Damaged(String),
    /// A name in it is none.
    #[error("a usage line is damaged: {0}")]
    Name(#[from] NameError),
    /// The currency in it is none.
    #[error("a usage line is damaged: {0}")]
    Currency(#[from] MoneyError),
}

/// The bytes to store.
#[must_use]
pub fn encode(line: &UsageLine) -> Vec<u8> {
    let stored = Stored::from(line);
    let mut bytes = Vec::with_capacity(LINE_BYTES);
    bytes.push(VERSION);
    let written = minicbor::encode(&stored, &mut bytes);
    assert!(written.is_ok(), "writing to memory does not fail");
    bytes
}

/// The line that was stored.
///
/// # Errors
/// When the bytes are of a newer version or damaged.
pub fn decode(bytes: &[u8]) -> Result<UsageLine, DecodeError> {
    let (version, body) = bytes.split_first().ok_or(DecodeError::Empty)?;
    match *version {
        1 => decode_v1(body),
        0 => Err(DecodeError::Damaged("there is no version 0".to_owned())),
        found => Err(DecodeError::Newer { found }),
    }
}

fn decode_v1(body: &[u8]) -> Result<UsageLine, DecodeError> {
    let mut decoder = minicbor::Decoder::new(body);
    let stored: Stored<'_> = decoder.decode().map_err(|error| DecodeError::Damaged(error.to_string()))?;
    if decoder.position() != body.len() {
        return Err(DecodeError::Damaged(format!("{} bytes too many", body.len() - decoder.position())));
    }
    stored.line()
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Stored<'a> {
    #[n(0)]
    second: i64,
    #[n(1)]
    nanosecond: i32,
    #[cbor(n(2), with = "minicbor::bytes")]
    session: [u8; 16],
    #[n(3)]
    run: u32,
    #[n(4)]
    call: u32,
    #[b(5)]
    key: &'a str,
    #[b(6)]
    customer: &'a str,
    #[b(7)]
    model: &'a str,
    #[b(8)]
    cloud: &'a str,
    #[b(9)]
    product: &'a str,
    #[b(10)]
    channel: &'a str,
    #[n(11)]
    measure: StoredMeasure,
    #[n(12)]
    tokens: StoredTokens,
    #[b(13)]
    charge: Option<StoredCharge<'a>>,
    #[b(14)]
    duties: Vec<&'a str>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum StoredMeasure {
    #[n(0)]
    Reported,
    #[n(1)]
    Estimated,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredTokens {
    #[n(0)]
    input: u64,
    #[n(1)]
    cache_read: u64,
    #[n(2)]
    cache_write: u64,
    #[n(3)]
    output: u64,
    #[n(4)]
    reasoning: u64,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredCharge<'a> {
    #[b(0)]
    currency: &'a str,
    #[cbor(n(1), with = "pico")]
    pico: i128,
}

impl<'a> From<&'a UsageLine> for Stored<'a> {
    fn from(line: &'a UsageLine) -> Self {
        let tokens = &line.usage.tokens;
        Stored {
            second: line.at.as_second(),
            nanosecond: line.at.subsec_nanosecond(),
            session: line.run.session.0.to_be_bytes(),
            run: line.run.n,
            call: line.call.0,
            key: &line.key,
            customer: line.customer.as_str(),
            model: line.model.as_str(),
            cloud: line.cloud.as_str(),
            product: line.product.as_str(),
            channel: line.channel.as_str(),
            measure: match line.usage.measure {
                Measure::Reported => StoredMeasure::Reported,
                Measure::Estimated => StoredMeasure::Estimated,
            },
            tokens: StoredTokens {
                input: tokens.input,
                cache_read: tokens.cache_read,
                cache_write: tokens.cache_write,
                output: tokens.output,
                reasoning: tokens.reasoning,
            },
            charge: line
                .charge
                .as_ref()
                .map(|charge| StoredCharge { currency: charge.currency.as_str(), pico: charge.pico }),
            duties: line.duties.iter().map(Clause::as_str).collect(),
        }
    }
}

impl Stored<'_> {
    fn line(&self) -> Result<UsageLine, DecodeError> {
        let at = Time::new(self.second, self.nanosecond);
        let tokens = &self.tokens;
        let charge = self.charge.as_ref().map(|charge| {
            Currency::parse(charge.currency).map(|currency| Amount { pico: charge.pico, currency })
        });
        Ok(UsageLine {
            at: at.map_err(|error| DecodeError::Damaged(error.to_string()))?,
            run: RunId { session: SessionId(u128::from_be_bytes(self.session)), n: self.run },
            call: CallNo(self.call),
            key: self.key.to_owned(),
            customer: Customer::parse(self.customer)?,
            model: ModelName::parse(self.model)?,
            cloud: Cloud::parse(self.cloud)?,
            product: Product::parse(self.product)?,
            channel: Channel::parse(self.channel)?,
            usage: Usage {
                tokens: Tokens {
                    input: tokens.input,
                    cache_read: tokens.cache_read,
                    cache_write: tokens.cache_write,
                    output: tokens.output,
                    reasoning: tokens.reasoning,
                },
                measure: match self.measure {
                    StoredMeasure::Reported => Measure::Reported,
                    StoredMeasure::Estimated => Measure::Estimated,
                },
            },
            charge: charge.transpose()?,
            duties: self.duties.iter().map(|duty| Clause::parse(duty)).collect::<Result<_, _>>()?,
        })
    }
}

/// Trillionths: a CBOR integer when 64 bits hold them, else sixteen bytes, highest first.
mod pico {
    use minicbor::data::Type;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    pub(super) fn encode<C, W: Write>(
        pico: &i128,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match i64::try_from(*pico) {
            Ok(small) => encoder.i64(small)?.ok(),
            Err(_) => encoder.bytes(&pico.to_be_bytes())?.ok(),
        }
    }

    pub(super) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<i128, DecodeError> {
        if decoder.datatype()? != Type::Bytes {
            return decoder.i64().map(i128::from);
        }
        let bytes = decoder.bytes()?.try_into();
        bytes
            .map(i128::from_be_bytes)
            .map_err(|_| DecodeError::message("an amount is not sixteen bytes long"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    fn line() -> UsageLine {
        UsageLine {
            at: "2026-05-11T09:30:00.123456789Z".parse().unwrap(),
            run: RunId { session: SessionId(0x0190_f3a1_7c2b_7d3e_9a4f_5b6c_7d8e_9fa0), n: 7 },
            call: CallNo(12),
            key: "ci".to_owned(),
            customer: Customer::parse("acme").unwrap(),
            model: ModelName::parse("gpt-5.2").unwrap(),
            cloud: Cloud::parse("azure-east").unwrap(),
            product: Product::parse("openai/api/responses").unwrap(),
            channel: Channel::parse("azure").unwrap(),
            usage: Usage {
                tokens: Tokens {
                    input: 1_200,
                    cache_read: 400,
                    cache_write: 100,
                    output: 300,
                    reasoning: 64,
                },
                measure: Measure::Reported,
            },
            charge: Some(Amount::parse("0.00185 USD").unwrap()),
            duties: vec![Clause::parse("apr27.revenue-share").unwrap()],
        }
    }

    fn bare() -> UsageLine {
        let usage = Usage { tokens: Tokens::default(), measure: Measure::Estimated };
        UsageLine { charge: None, duties: vec![], usage, ..line() }
    }

    fn huge() -> UsageLine {
        UsageLine { charge: Some(Amount { pico: i128::MIN, currency: Currency::USD }), ..line() }
    }

    /// What was written once is read the same for ever; and what is written today is kept here.
    fn check_kept(hex: &str, line: &UsageLine) {
        assert_eq!(decode(&unhex(hex)).as_ref(), Ok(line));
        let today: String = encode(line).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(today, hex.trim());
    }

    #[test]
    fn old_bytes_decode_for_ever() {
        check_kept(include_str!("../testdata/usage-line/v1-priced.hex"), &line());
        check_kept(include_str!("../testdata/usage-line/v1-unpriced.hex"), &bare());
        check_kept(include_str!("../testdata/usage-line/v1-huge-charge.hex"), &huge());
    }

    #[test]
    fn bytes_with_a_field_of_a_later_day_still_decode() {
        let mut bytes = encode(&line());
        assert_eq!(bytes[1], 0x8f, "an array of fifteen");
        bytes[1] = 0x90;
        bytes.push(0x01);
        assert_eq!(decode(&bytes), Ok(line()));
    }

    fn check_refused(bytes: &[u8], expected: Expect) {
        expected.assert_eq(&decode(bytes).unwrap_err().to_string());
    }

    #[test]
    fn what_is_not_a_line_says_why() {
        let good = encode(&line());
        check_refused(&[], expect!["a usage line has no bytes"]);
        check_refused(
            &[2, 0x80],
            expect!["a usage line is of version 2, this program reads up to 1; use a newer Abide"],
        );
        check_refused(&[0, 0x80], expect!["a usage line is damaged: there is no version 0"]);
        check_refused(
            &[1, 0x80],
            expect![
                "a usage line is damaged: missing value at index 0 (Stored::second) in map or array starting at position 0"
            ],
        );
        check_refused(&[&good[..], &[0]].concat(), expect!["a usage line is damaged: 1 bytes too many"]);
        let changed = |word: &[u8], by: u8| {
            let mut bytes = good.clone();
            let place = bytes.windows(word.len()).position(|part| part == word).unwrap();
            bytes[place] = by;
            bytes
        };
        check_refused(
            &changed(b"acme", b' '),
            expect![
                "a usage line is damaged: customer ` cme` holds ` `; letters, digits, `-`, `_`, `.`, `/`, `:`, `@` and `+` are allowed"
            ],
        );
        check_refused(
            &changed(b"USD", b'u'),
            expect![
                "a usage line is damaged: `uSD` is not a currency code of three capital letters, like USD"
            ],
        );
    }

    #[test]
    fn cut_anywhere_it_is_refused() {
        let bytes = encode(&line());
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn a_line_survives_the_way_through_bytes(
            nanos in -377_705_023_201_000_000_000i128..253_402_207_200_000_000_000,
            pico in prop_oneof![any::<i64>().prop_map(i128::from), any::<i128>()],
            session in any::<u128>(),
            key in ".{0,20}",
            counts in any::<[u64; 5]>(),
        ) {
            let [input, cache_read, cache_write, output, reasoning] = counts;
            let tokens = Tokens { input, cache_read, cache_write, output, reasoning };
            let line = UsageLine {
                at: Time::from_nanosecond(nanos).unwrap(),
                run: RunId { session: SessionId(session), n: 1 },
                key,
                usage: Usage { tokens, measure: Measure::Estimated },
                charge: Some(Amount { pico, currency: Currency::USD }),
                ..line()
            };
            prop_assert_eq!(decode(&encode(&line)), Ok(line));
        }

        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = decode(&[&[1, 0x8f], &bytes[..]].concat());
        }
    }
}
