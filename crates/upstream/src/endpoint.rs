//! Where a cloud is and how to show it who calls.

use abide_model::name::Cloud;
use abide_model::secret::Secret;
use abide_model::target::Dialect;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// One configured cloud.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// What the configuration calls it.
    pub name: Cloud,
    /// Where it is.
    pub base: Base,
    /// What it speaks.
    pub dialect: Dialect,
    /// How a call shows who makes it.
    pub auth: Auth,
}

/// Credentials of a cloud.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer …`: OpenAI and compatible servers, Entra tokens, Bedrock API keys.
    Bearer(Secret),
    /// `api-key: …`: Azure.
    ApiKey(Secret),
    /// AWS Signature Version 4 for the service `bedrock`.
    SigV4 {
        /// The access key id.
        access_key: String,
        /// The secret access key.
        secret: Secret,
        /// The session token of temporary credentials.
        session_token: Option<Secret>,
        /// The region the endpoint is in.
        region: String,
    },
    /// Nothing: a server of one's own that asks for no key.
    Nothing,
}

impl Auth {
    /// Every text that must never appear in a message.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Auth::Bearer(secret) | Auth::ApiKey(secret) => vec![secret],
            Auth::SigV4 { secret, session_token, .. } => {
                std::iter::once(secret).chain(session_token.as_ref()).collect()
            }
            Auth::Nothing => Vec::new(),
        }
    }
}

/// The part of an address that all calls to a cloud share: scheme, host, port, path prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Scheme and authority.
    host: Arc<str>,
    /// The authority as the header `Host` names it.
    header: HeaderValue,
    prefix: String,
}

/// Why a text is not a base address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBase {
    /// It is no address at all.
    Malformed,
    /// It does not begin with `http://` or `https://`.
    Scheme,
    /// It holds a user name or password.
    Credentials,
    /// It holds a query.
    Query,
}

impl fmt::Display for BadBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadBase::Malformed => "not an address of the form `https://host:port/path`",
            BadBase::Scheme => "an address of a cloud begins with `https://` or `http://`",
            BadBase::Credentials => {
                "an address of a cloud holds no user name or password; give a key instead"
            }
            BadBase::Query => "an address of a cloud holds no `?` part",
        })
    }
}

impl std::error::Error for BadBase {}

impl Base {
    /// Reads the address of a cloud that speaks `dialect`, in the form its own SDK takes: for OpenAI and compatible
    /// servers with `/v1` (added where there is no path), for Azure the resource with or without `/openai/v1`, for
    /// Bedrock the runtime endpoint of a region.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, BadBase> {
        let uri = Uri::from_str(text.trim()).map_err(|_| BadBase::Malformed)?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.ok_or(BadBase::Malformed)?;
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(BadBase::Scheme);
        }
        let authority = parts.authority.ok_or(BadBase::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(BadBase::Credentials);
        }
        if authority.host().is_empty() {
            return Err(BadBase::Malformed);
        }
        let path = parts.path_and_query.ok_or(BadBase::Malformed)?;
        if path.query().is_some() {
            return Err(BadBase::Query);
        }
        let path = path.path().trim_end_matches('/');
        let prefix = match dialect {
            Dialect::OpenAi if path.is_empty() => "/v1",
            Dialect::Azure => path.strip_suffix("/openai/v1").unwrap_or(path),
            Dialect::OpenAi | Dialect::Bedrock => path,
        };
        let host = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        let header = named(&scheme, &authority).ok_or(BadBase::Malformed)?;
        Ok(Self { host: Arc::from(host), header, prefix: prefix.to_owned() })
    }

    /// What two addresses must share to share connections.
    pub(crate) fn host(&self) -> Arc<str> {
        self.host.clone()
    }

    /// What tells a server which host it is asked for (RFC 9112, section 3.2).
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// What a server is asked for (RFC 9112, section 3.2.1): all of the address of `path` but scheme and authority.
    pub(crate) fn origin_form(&self, path: &str) -> String {
        [&self.prefix, path].concat()
    }

    /// The whole address of `path`, which begins with `/` and is percent-encoded already.
    pub(crate) fn address(&self, path: &str) -> String {
        [&*self.host, &self.prefix, path].concat()
    }
}

/// Without the port that the scheme implies.
fn named(scheme: &Scheme, authority: &Authority) -> Option<HeaderValue> {
    let implied = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    let name = match authority.port_u16() {
        Some(port) if port == implied => authority.host(),
        Some(_) | None => authority.as_str(),
    };
    HeaderValue::from_str(&name.to_ascii_lowercase()).ok()
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_taken_in_the_form_each_sdk_takes() {
        for (dialect, text, path, expected) in [
            (Dialect::OpenAi, "https://api.openai.com/v1", "/x", "https://api.openai.com/v1/x"),
            (Dialect::OpenAi, "https://api.openai.com/v1/", "/x", "https://api.openai.com/v1/x"),
            (Dialect::OpenAi, "http://127.0.0.1:8000", "/x", "http://127.0.0.1:8000/v1/x"),
            (Dialect::OpenAi, "https://host/api/v1", "/x", "https://host/api/v1/x"),
            (
                Dialect::Azure,
                "https://r.openai.azure.com",
                "/openai/v1/x",
                "https://r.openai.azure.com/openai/v1/x",
            ),
            (
                Dialect::Azure,
                "https://r.openai.azure.com/openai/v1/",
                "/openai/v1/x",
                "https://r.openai.azure.com/openai/v1/x",
            ),
            (
                Dialect::Bedrock,
                "http://[::1]:9000",
                "/model/a%3Ab/converse",
                "http://[::1]:9000/model/a%3Ab/converse",
            ),
        ] {
            assert_eq!(Base::parse(text, dialect).unwrap().address(path), expected);
        }
    }

    #[test]
    fn a_host_is_named_without_the_port_its_scheme_implies() {
        for (text, expected) in [
            ("https://api.openai.com/v1", "api.openai.com"),
            ("https://API.openai.com:443/v1", "api.openai.com"),
            ("https://api.openai.com:80/v1", "api.openai.com:80"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]:9000", "[::1]:9000"),
        ] {
            assert_eq!(Base::parse(text, Dialect::OpenAi).unwrap().header(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_base_is_refused_with_its_reason() {
        for (text, reason) in [
            ("api.openai.com", BadBase::Malformed),
            ("/v1", BadBase::Malformed),
            ("", BadBase::Malformed),
            ("ftp://host/", BadBase::Scheme),
            ("https://me:pass@host/v1", BadBase::Credentials),
            ("https://host/v1?key=1", BadBase::Query),
        ] {
            assert_eq!(Base::parse(text, Dialect::OpenAi), Err(reason), "{text}");
        }
    }
}
