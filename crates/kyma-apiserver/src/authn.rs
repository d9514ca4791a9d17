//! Who sends a request: a client certificate, or a bearer token. Pure: what was shown comes in, a user goes out.
//!
//! The rules are the real server's (k8s.io/apiserver/pkg/authentication/request: `union` of `x509`, `bearertoken`): the
//! first method that knows the client decides; where none does, one that failed makes the request unauthorized, also on
//! paths that are open to everybody. Without any credentials a request has no user.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use kyma_registry::authz::User;
use subtle::ConstantTimeEq as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Credentials that are not valid. Says no more, as the real server does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credentials are not valid")]
pub(crate) struct Unauthorized;

/// A secret that stands for a user: 256 random bits. Its text is never in a log.
#[derive(Clone)]
pub(crate) struct Token([u8; Token::BYTES]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// How many random bytes a token has.
    pub(crate) const BYTES: usize = 32;

    pub(crate) fn new(random: [u8; Token::BYTES]) -> Self {
        Token(random)
    }

    /// Reads a token's text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Token)
    }

    /// What clients send.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Compares in a time that does not depend on how much is right.
    fn is(&self, shown: &[u8]) -> bool {
        self.text().as_bytes().ct_eq(shown).into()
    }
}

/// What a client has shown in the TLS handshake.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    /// No certificate.
    Nothing,
    /// One that no authority of ours has signed, or that is not valid now.
    Invalid,
    /// A valid one, with the user it names and its last second.
    Certificate { user: Option<Arc<User>>, until: Timestamp },
}

impl Shown {
    /// What a certificate says that was verified already. The common name is the user, organizations are groups; without
    /// a common name it stands for nobody.
    pub(crate) fn verified(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Shown::Invalid };
        let Ok(until) = Timestamp::from_second(certificate.validity().not_after.timestamp()) else {
            return Shown::Invalid;
        };
        let subject = certificate.subject();
        let name = subject.iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
        let groups = subject.iter_organization().filter_map(|group| group.as_str().ok()).map(str::to_owned);
        let user = (!name.is_empty()).then(|| Arc::new(User::new(name, groups)));
        Shown::Certificate { user, until }
    }
}

/// The one token that is known, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct TokenHolder {
    pub(crate) token: Token,
    pub(crate) user: Arc<User>,
}

/// Who sends a request with these headers, `None` for somebody without credentials.
///
/// # Errors
/// Where credentials were shown and none of them is valid.
pub(crate) fn authenticate(
    shown: &Shown,
    headers: &HeaderMap,
    holder: &TokenHolder,
    now: Timestamp,
) -> Result<Option<Arc<User>>, Unauthorized> {
    let mut failed = false;
    match shown {
        Shown::Nothing | Shown::Certificate { user: None, .. } => {}
        // A connection may outlive the certificate it began with.
        Shown::Certificate { user: Some(user), until } if now <= *until => return Ok(Some(Arc::clone(user))),
        Shown::Certificate { .. } | Shown::Invalid => failed = true,
    }
    match bearer(headers) {
        Some(shown) if holder.token.is(shown) => return Ok(Some(Arc::clone(&holder.user))),
        Some(_) => failed = true,
        None => {}
    }
    if failed { Err(Unauthorized) } else { Ok(None) }
}

/// The bearer token of a request (RFC 6750, section 2.1). As in the real server, another scheme or an empty token counts
/// as none, and what stands behind a second space is ignored.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes().trim_ascii();
    let mut parts = value.split(|byte| *byte == b' ');
    let scheme = parts.next()?;
    let token = parts.next()?;
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000, 0);

    fn holder() -> TokenHolder {
        TokenHolder { token: Token::new([7; 32]), user: Arc::new(User::admin()) }
    }

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    fn certificate(until: i64) -> Shown {
        let user = Some(Arc::new(User::new("guest", [])));
        Shown::Certificate { user, until: Timestamp::from_second(until).unwrap() }
    }

    fn name(shown: &Shown, headers: &HeaderMap) -> Result<Option<String>, Unauthorized> {
        let user = authenticate(shown, headers, &holder(), NOW)?;
        Ok(user.map(|user| user.name.clone()))
    }

    #[test]
    fn the_header_is_read_as_the_real_server_reads_it() {
        let token = holder().token.text();
        let (admin, nobody) = (Ok(Some("kubernetes-admin".to_owned())), Ok(None));
        for (value, expected) in [
            (format!("Bearer {token}"), admin.clone()),
            (format!("  bEARER {token} behind  "), admin),
            (format!("Bearer  {token}"), nobody.clone()),
            (format!("Basic {token}"), nobody.clone()),
            (token.clone(), nobody.clone()),
            ("Bearer".to_owned(), nobody.clone()),
            (String::new(), nobody),
            ("Bearer wrong".to_owned(), Err(Unauthorized)),
            (format!("Bearer {token}x"), Err(Unauthorized)),
            (format!("Bearer {}", &token[1..]), Err(Unauthorized)),
        ] {
            assert_eq!(name(&Shown::Nothing, &headers(&value)), expected, "{value:?}");
        }
        assert_eq!(name(&Shown::Nothing, &HeaderMap::new()), Ok(None));
    }

    #[test]
    fn the_first_method_that_knows_the_client_decides() {
        let right = headers(&format!("Bearer {}", holder().token.text()));
        let (wrong, none) = (headers("Bearer wrong"), HeaderMap::new());
        let guest = Ok(Some("guest".to_owned()));
        let admin = Ok(Some("kubernetes-admin".to_owned()));
        let nameless = Shown::Certificate { user: None, until: NOW };
        for (shown, headers, expected) in [
            (certificate(1_000), &wrong, guest.clone()),
            (certificate(1_000), &right, guest.clone()),
            (certificate(1_000), &none, guest),
            (certificate(999), &none, Err(Unauthorized)),
            (certificate(999), &right, admin.clone()),
            (Shown::Invalid, &none, Err(Unauthorized)),
            (Shown::Invalid, &wrong, Err(Unauthorized)),
            (Shown::Invalid, &right, admin.clone()),
            (nameless.clone(), &none, Ok(None)),
            (nameless.clone(), &wrong, Err(Unauthorized)),
            (nameless, &right, admin),
        ] {
            assert_eq!(name(&shown, headers), expected, "{shown:?} {headers:?}");
        }
    }

    #[test]
    fn a_token_reads_as_it_was_written_and_hides_itself() {
        let token = Token::new([0xfe; 32]);
        assert_eq!(Token::parse(&token.text()).unwrap().0, token.0);
        for bad in ["", "short", &token.text()[1..], &format!("{}=", token.text())] {
            assert!(Token::parse(bad).is_none(), "{bad:?}");
        }
        assert!(!format!("{:?}", holder()).contains(&holder().token.text()));
    }
}
