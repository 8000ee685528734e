//! Verifies AWS Signature Version 4 as the service does. Knows nothing of Bedrock's operations.
//!
//! The rules are those of "Create a signed AWS API request" in the IAM user guide, for services
//! other than S3: the path is encoded twice, the payload hash is of the body, the clock may be five
//! minutes off.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const CLOCK_SKEW_SECONDS: i64 = 5 * 60;
const DAY_SECONDS: i64 = 86_400;

/// The key pair a caller signs with, and the scope it must sign for.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsKey {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// The session token of temporary credentials; when set, a call must carry it.
    pub session_token: Option<String>,
    /// Region of the credential scope.
    pub region: String,
    /// Service of the credential scope.
    pub service: String,
}

impl Default for AwsKey {
    fn default() -> Self {
        Self {
            access_key_id: crate::AWS_ACCESS_KEY_ID.to_owned(),
            secret_access_key: crate::AWS_SECRET_ACCESS_KEY.to_owned(),
            session_token: None,
            region: crate::AWS_REGION.to_owned(),
            service: "bedrock".to_owned(),
        }
    }
}

impl std::fmt::Debug for AwsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsKey").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// The path as it was sent, encoded.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Why a call is refused: the error type and message of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

fn problem(kind: &'static str, message: impl Into<String>) -> Problem {
    Problem { kind, message: message.into() }
}

/// Checks the signature of a request at a time in seconds since 1970.
pub(crate) fn verify(request: &Signed<'_>, key: &AwsKey, now: i64) -> Result<(), Problem> {
    let header = text(request.headers, "authorization")
        .ok_or_else(|| problem("MissingAuthenticationTokenException", "Missing Authentication Token"))?;
    let claim = Claim::parse(header)?;
    if claim.access_key_id != key.access_key_id {
        return Err(unrecognized());
    }
    check_token(request, key)?;
    let stamp = text(request.headers, "x-amz-date").ok_or_else(|| {
        let message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        problem("IncompleteSignatureException", format!("{message} Authorization={ALGORITHM}"))
    })?;
    check_clock(stamp, now)?;
    claim.check_scope(stamp, key)?;
    claim.check_signed_headers(request.headers)?;
    check_payload(request)?;
    let canonical = canonical_request(request, &claim.signed_headers);
    let scope = format!("{}/{}/{}/{TERMINATOR}", claim.date, claim.region, claim.service);
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    if signature(key, claim.date, &to_sign) == claim.signature {
        return Ok(());
    }
    Err(mismatch(&canonical, &to_sign))
}

fn unrecognized() -> Problem {
    problem("UnrecognizedClientException", "The security token included in the request is invalid.")
}

fn mismatch(canonical: &str, to_sign: &str) -> Problem {
    problem(
        "InvalidSignatureException",
        format!(
            "The request signature we calculated does not match the signature you provided. Check your \
             AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n\
             The Canonical String for this request should have been\n'{canonical}'\n\n\
             The String-to-Sign should have been\n'{to_sign}'\n"
        ),
    )
}

fn check_token(request: &Signed<'_>, key: &AwsKey) -> Result<(), Problem> {
    if text(request.headers, "x-amz-security-token") == key.session_token.as_deref() {
        Ok(())
    } else {
        Err(unrecognized())
    }
}

fn check_clock(stamp: &str, now: i64) -> Result<(), Problem> {
    let Some(signed_at) = seconds(stamp) else {
        let message = format!(
            "Date must be in ISO-8601 'basic format'. Got '{stamp}'. \
             See http://en.wikipedia.org/wiki/ISO_8601"
        );
        return Err(problem("IncompleteSignatureException", message));
    };
    let message = if signed_at < now - CLOCK_SKEW_SECONDS {
        let limit = basic_format(now - CLOCK_SKEW_SECONDS);
        format!("Signature expired: {stamp} is now earlier than {limit} ({} - 5 min.)", basic_format(now))
    } else if signed_at > now + CLOCK_SKEW_SECONDS {
        let limit = basic_format(now + CLOCK_SKEW_SECONDS);
        format!(
            "Signature not yet current: {stamp} is still later than {limit} ({} + 5 min.)",
            basic_format(now)
        )
    } else {
        return Ok(());
    };
    Err(problem("InvalidSignatureException", message))
}

/// Services other than S3 take no unsigned payload: a hash that is sent must be the body's.
fn check_payload(request: &Signed<'_>) -> Result<(), Problem> {
    match text(request.headers, "x-amz-content-sha256") {
        Some(sent) if sent != hex(&Sha256::digest(request.body)) => Err(problem(
            "InvalidSignatureException",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )),
        Some(_) | None => Ok(()),
    }
}

/// What the `Authorization` header claims.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Result<Self, Problem> {
        let fields = header.strip_prefix(ALGORITHM).unwrap_or_default();
        let field = |name: &str| {
            fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        let (credential, signed_headers, signature) =
            (field("Credential"), field("SignedHeaders"), field("Signature"));
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (credential, signed_headers, signature)
        else {
            let mut message = String::new();
            let parts =
                [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)];
            for (name, _) in parts.into_iter().filter(|(_, value)| value.is_none()) {
                let _ = write!(message, "Authorization header requires '{name}' parameter. ");
            }
            let scheme = header.split(' ').next().unwrap_or_default();
            let _ = write!(message, "Authorization={scheme}");
            return Err(problem("IncompleteSignatureException", message));
        };
        let malformed = || {
            let text = format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            );
            problem("IncompleteSignatureException", text)
        };
        let mut parts = credential.split('/');
        let mut part = || parts.next().ok_or_else(malformed);
        let (access_key_id, date, region, service, terminator) =
            (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(malformed());
        }
        if terminator != TERMINATOR {
            let text = format!("Credential should be scoped with a valid terminator: '{TERMINATOR}'.");
            return Err(problem("InvalidSignatureException", text));
        }
        let signed_headers = signed_headers.split(';').collect();
        Ok(Self { access_key_id, date, region, service, signed_headers, signature })
    }

    fn check_scope(&self, stamp: &str, key: &AwsKey) -> Result<(), Problem> {
        let message = if self.region != key.region {
            format!("Credential should be scoped to a valid region, not '{}'.", self.region)
        } else if self.service != key.service {
            format!("Credential should be scoped to correct service: '{}'.", key.service)
        } else if stamp.split('T').next() != Some(self.date) {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{}' != '{}', from '{stamp}'.",
                self.date,
                stamp.split('T').next().unwrap_or_default()
            )
        } else {
            return Ok(());
        };
        Err(problem("InvalidSignatureException", message))
    }

    /// `host` and every `x-amz-` header that is sent must be signed.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if !self.signed_headers.contains(&"host") {
            let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(problem("InvalidSignatureException", text));
        }
        let unsigned = headers
            .keys()
            .map(hyper::header::HeaderName::as_str)
            .find(|name| name.starts_with("x-amz-") && !self.signed_headers.contains(name));
        match unsigned {
            Some(name) => {
                let text = format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.");
                Err(problem("InvalidSignatureException", text))
            }
            None => Ok(()),
        }
    }
}

fn canonical_request(request: &Signed<'_>, signed_headers: &[&str]) -> String {
    let mut names = signed_headers.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut canonical =
        format!("{}\n{}\n{}\n", request.method, canonical_path(request.path), canonical_query(request.query));
    for name in &names {
        let _ = writeln!(canonical, "{name}:{}", canonical_value(request.headers, name));
    }
    let _ = write!(canonical, "\n{}\n{}", names.join(";"), hex(&Sha256::digest(request.body)));
    canonical
}

/// The service decodes each segment, so what it signs is the encoding of the encoding, however the
/// client spelled the path.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 8);
    for segment in &segments {
        canonical.push('/');
        canonical.push_str(&encode(encode(&decode(segment)).as_bytes()));
    }
    if segments.is_empty() || path.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (encode(&decode(key)), encode(&decode(value))))
        .collect();
    pairs.sort();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

fn canonical_value(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

fn signature(key: &AwsKey, date: &str, to_sign: &str) -> String {
    let start = format!("AWS4{}", key.secret_access_key);
    let mut secret = start.into_bytes();
    for part in [date, &key.region, &key.service, TERMINATOR, to_sign] {
        secret = keyed_hash(&secret, part.as_bytes());
    }
    hex(&secret)
}

fn keyed_hash(secret: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is a key for HMAC: the constructor has nothing to refuse.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Percent-encodes everything outside RFC 3986's unreserved set.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Percent-decodes; an escape that is none stays as it is.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if let (b'%', Some((digits, after))) = (first, tail.split_at_checked(2))
            && let Some(byte) =
                std::str::from_utf8(digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    bytes
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `20150830T123600Z` in seconds since 1970.
fn seconds(stamp: &str) -> Option<i64> {
    let (date, time) = stamp.strip_suffix('Z')?.split_once('T')?;
    let all_digits = date.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit());
    if date.len() != 8 || time.len() != 6 || !all_digits {
        return None;
    }
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let days = days_from_civil(part(date, 0, 4)?, part(date, 4, 6)?, part(date, 6, 8)?);
    Some(days * DAY_SECONDS + part(time, 0, 2)? * 3600 + part(time, 2, 4)? * 60 + part(time, 4, 6)?)
}

fn basic_format(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
    let rest = seconds.rem_euclid(DAY_SECONDS);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Days since 1970 of a date in the Gregorian calendar, counted in eras of 400 years that start in
/// March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
            })
            .collect()
    }

    fn documented_key(region: &str, service: &str) -> AwsKey {
        AwsKey {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            region: region.to_owned(),
            service: service.to_owned(),
        }
    }

    const NOON: &str = "20150830T123600Z";

    #[test]
    fn the_documented_iam_example_is_accepted() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date, \
            Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let headers = headers(&[
            ("authorization", authorization),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", NOON),
        ]);
        let query = "Action=ListUsers&Version=2010-05-08";
        let request = Signed { method: "GET", path: "/", query, headers: &headers, body: b"" };
        let key = documented_key("us-east-1", "iam");
        assert_eq!(verify(&request, &key, seconds(NOON).unwrap()), Ok(()));
    }

    #[test]
    fn the_vanilla_vector_of_the_test_suite_is_accepted_and_a_changed_body_is_not() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let headers = headers(&[
            ("authorization", authorization),
            ("host", "example.amazonaws.com"),
            ("x-amz-date", NOON),
        ]);
        let key = documented_key("us-east-1", "service");
        let now = seconds(NOON).unwrap();
        let request = Signed { method: "GET", path: "/", query: "", headers: &headers, body: b"" };
        assert_eq!(verify(&request, &key, now), Ok(()));
        let changed = Signed { body: b"x", ..request };
        assert_eq!(verify(&changed, &key, now).unwrap_err().kind, "InvalidSignatureException");
        let late = verify(&request, &key, now + 301).unwrap_err();
        assert_eq!(
            late.message,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
             (20150830T124101Z - 5 min.)"
        );
        let early = verify(&request, &key, now - 301).unwrap_err();
        assert!(early.message.starts_with("Signature not yet current"), "{}", early.message);
        let elsewhere = documented_key("eu-west-1", "service");
        assert!(verify(&request, &elsewhere, now).unwrap_err().message.contains("valid region"));
    }

    #[test]
    fn a_path_is_encoded_twice_however_it_was_spelled() {
        assert_eq!(canonical_path("/model/a.b-v1%3A0/converse"), "/model/a.b-v1%253A0/converse");
        assert_eq!(canonical_path("/model/a.b-v1:0/converse"), "/model/a.b-v1%253A0/converse");
        assert_eq!(canonical_path("/a//b/./../c/"), "/a/c/");
        assert_eq!(canonical_path("/"), "/");
    }

    #[test]
    fn a_query_is_sorted_and_encoded() {
        assert_eq!(canonical_query("b=2&a=x%20y&c"), "a=x%20y&b=2&c=");
    }

    #[test]
    fn times_go_both_ways() {
        for stamp in ["19700101T000000Z", "20000229T235959Z", "20150830T123600Z", "20991231T000001Z"] {
            assert_eq!(basic_format(seconds(stamp).unwrap()), stamp);
        }
        assert_eq!(seconds("2015-08-30T12:36:00Z"), None);
    }

    #[test]
    fn an_amz_header_that_is_not_signed_is_refused() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host, Signature=00";
        let headers = headers(&[
            ("authorization", authorization),
            ("host", "example.amazonaws.com"),
            ("x-amz-date", NOON),
        ]);
        let request = Signed { method: "GET", path: "/", query: "", headers: &headers, body: b"" };
        let refused = verify(&request, &documented_key("us-east-1", "service"), seconds(NOON).unwrap());
        assert!(refused.unwrap_err().message.starts_with("'x-amz-date' must be"));
    }
}
