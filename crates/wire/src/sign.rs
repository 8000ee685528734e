//! AWS Signature Version 4 for one request. Time and credentials are arguments.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>. The path
//! is signed as it stands on the wire, percent-encoded once more, as every service but S3 wants it.

use abide_model::Time;
use abide_model::secret::Secret;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use std::fmt;
use std::time::SystemTime;

/// What a request is signed with.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// The access key id, which is no secret.
    pub access_key: &'a str,
    /// The secret access key.
    pub secret: &'a Secret,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a Secret>,
    /// The region of the endpoint: `us-east-1`.
    pub region: &'a str,
    /// The service's signing name: `bedrock`.
    pub service: &'a str,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The whole address; path and query percent-encoded as they are sent.
    pub url: &'a str,
    /// Headers besides `host` that the signature must cover, names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The whole body.
    pub body: &'a [u8],
}

/// A header to send, and whether its value is a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its value.
    pub value: Secret,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.name, self.value)
    }
}

/// The request or the key cannot be signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsignable(String);

impl fmt::Display for Unsignable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request cannot be signed: {}", self.0)
    }
}

impl std::error::Error for Unsignable {}

/// The headers that carry the signature of `request` made at `now`: `x-amz-date`, `authorization`, and
/// `x-amz-security-token` where the key has a session.
///
/// # Errors
/// When the address or a header is malformed.
pub fn headers(request: &Request<'_>, key: &Key<'_>, now: Time) -> Result<Vec<Header>, Unsignable> {
    let token = key.session_token.map(|token| token.expose().to_owned());
    let identity = Credentials::new(key.access_key, key.secret.expose(), token, None, "abide").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(key.region)
        .name(key.service)
        .time(SystemTime::from(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| Unsignable(error.to_string()))?
        .into();
    let body = SignableBody::Bytes(request.body);
    let (instructions, _signature) =
        SignableRequest::new(request.method, request.url, request.headers.iter().copied(), body)
            .and_then(|request| sign(request, &params))
            .map_err(|error| Unsignable(error.to_string()))?
            .into_parts();
    let (signed, _query) = instructions.into_parts();
    Ok(signed
        .iter()
        .map(|header| Header { name: header.name(), value: Secret::new(header.value()) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use hmac::{Hmac, Mac};
    use sha2::{Digest, Sha256};

    /// The key and moment of the test suite that AWS publishes for version 4.
    fn check(method: &str, url: &str, token: Option<&str>, expected: Expect) {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let token = token.map(Secret::new);
        let key = Key {
            access_key: "AKIDEXAMPLE",
            secret: &secret,
            session_token: token.as_ref(),
            region: "us-east-1",
            service: "service",
        };
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let request = Request { method, url, headers: &[], body: b"" };
        let rows: Vec<String> = headers(&request, &key, now)
            .unwrap()
            .iter()
            .map(|header| format!("{}: {}", header.name, header.value.expose().replace(", ", "\n  ")))
            .collect();
        expected.assert_eq(&rows.join("\n"));
    }

    #[test]
    fn the_vector_get_vanilla_signs_as_published() {
        check(
            "GET",
            "https://example.amazonaws.com/",
            None,
            expect![[r#"
            x-amz-date: 20150830T123600Z
            authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request
              SignedHeaders=host;x-amz-date
              Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"#]],
        );
    }

    #[test]
    fn the_vector_post_vanilla_query_signs_as_published() {
        check(
            "POST",
            "https://example.amazonaws.com/?Param1=value1",
            None,
            expect![[r#"
            x-amz-date: 20150830T123600Z
            authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request
              SignedHeaders=host;x-amz-date
              Signature=28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"#]],
        );
    }

    #[test]
    fn the_vector_with_a_session_token_signs_as_published() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        check(
            "GET",
            "https://example.amazonaws.com/",
            Some(token),
            expect![[r#"
            x-amz-date: 20150830T123600Z
            authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request
              SignedHeaders=host;x-amz-date;x-amz-security-token
              Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8
            x-amz-security-token: 6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"#]],
        );
    }

    /// The signature by the published recipe, step by step, over a canonical path given by hand.
    fn by_hand(canonical_path: &str, signed_body: &[u8]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mac = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let host = "host:bedrock-runtime.us-east-1.amazonaws.com";
        let canonical = format!(
            "POST\n{canonical_path}\n\n{host}\nx-amz-date:20260115T120000Z\n\nhost;x-amz-date\n{}",
            hex(&Sha256::digest(signed_body))
        );
        let scope = "20260115/us-east-1/bedrock/aws4_request";
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n20260115T120000Z\n{scope}\n{digest}");
        let mut key = b"AWS4secret".to_vec();
        for step in scope.split('/') {
            key = mac(&key, step);
        }
        hex(&mac(&key, &to_sign))
    }

    #[test]
    fn the_path_on_the_wire_is_encoded_once_more_in_what_is_signed() {
        let secret = Secret::new("secret");
        let key = Key {
            access_key: "AK",
            secret: &secret,
            session_token: None,
            region: "us-east-1",
            service: "bedrock",
        };
        let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3Ab%2Fc.d/converse";
        let request = Request { method: "POST", url, headers: &[], body: b"{}" };
        let signed = headers(&request, &key, "2026-01-15T12:00:00Z".parse().unwrap()).unwrap();
        let authorization = signed.iter().find(|header| header.name == "authorization").unwrap();
        let expected = by_hand("/model/a%253Ab%252Fc.d/converse", b"{}");
        assert!(authorization.value.expose().ends_with(&format!("Signature={expected}")));
    }

    #[test]
    fn a_key_never_shows_when_signed_headers_are_printed() {
        let secret = Secret::new("hush");
        let key = Key {
            access_key: "AK",
            secret: &secret,
            session_token: None,
            region: "eu-west-1",
            service: "bedrock",
        };
        let request = Request { method: "POST", url: "http://localhost/x", headers: &[], body: b"{}" };
        let signed = headers(&request, &key, Time::UNIX_EPOCH).unwrap();
        assert!(!format!("{signed:?} {key:?}").contains("hush"));
        assert!(!format!("{signed:?}").contains("Signature="));
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let secret = Secret::new("s");
        let key =
            Key { access_key: "AK", secret: &secret, session_token: None, region: "r", service: "bedrock" };
        let request = Request { method: "POST", url: "not a url", headers: &[], body: b"" };
        assert!(headers(&request, &key, Time::UNIX_EPOCH).is_err());
    }
}
