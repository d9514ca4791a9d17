//! The headers by which a client acts as somebody else (k8s.io/apiserver/pkg/endpoints/filters/impersonation). Who may is
//! `kyma_registry::authz`'s business.

use http::HeaderMap;
use kyma_registry::ApiError;
use kyma_registry::authz::{Impersonated, User, impersonate, nameless};

use crate::asked::Asked;

const NAME: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";

/// Whom this request's user acts as, `None` where they act as themselves.
///
/// # Errors
/// 400 for headers without a name among them, 403 where the user may not.
pub(crate) fn acting(asked: &Asked<'_>, user: Option<&User>) -> Result<Option<Impersonated>, ApiError> {
    if user.is_none() && !asked.is_open() {
        // They are turned away anyway, and first.
        return Ok(None);
    }
    let Some(wanted) = wanted(&asked.parts.headers)? else { return Ok(None) };
    let anonymous;
    let requestor = match user {
        Some(user) => user,
        None => {
            anonymous = User::anonymous();
            &anonymous
        }
    };
    impersonate(requestor, &wanted, &asked.attributes()).map(Some)
}

/// The user that the headers describe.
fn wanted(headers: &HeaderMap) -> Result<Option<User>, ApiError> {
    // Nearly no request has any.
    if !headers.keys().any(|name| name.as_str().starts_with("impersonate-")) {
        return Ok(None);
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let first = |name| headers.get(name).map(text).unwrap_or_default();
    let mut user = User { name: first(NAME), uid: first(UID), ..User::default() };
    user.groups = headers.get_all(GROUP).iter().map(text).collect();
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            user.extra.entry(unescaped(key)).or_default().push(text(value));
        }
    }
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    let nothing = user.uid.is_empty() && user.groups.is_empty() && user.extra.is_empty();
    if nothing { Ok(None) } else { Err(nameless(&user)) }
}

/// A key without its percent-encoding; one that is not encoded well is taken as it is.
fn unescaped(key: &str) -> String {
    fn decoded(key: &str) -> Option<Vec<u8>> {
        let mut pieces = key.split('%');
        let mut bytes = pieces.next()?.as_bytes().to_vec();
        for piece in pieces {
            let digits =
                piece.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            bytes.extend_from_slice(&piece.as_bytes()[2..]);
        }
        Some(bytes)
    }
    match decoded(key) {
        Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        headers
    }

    #[test]
    fn headers_describe_a_user() {
        let user = wanted(&headers(&[
            ("Impersonate-User", b"jane"),
            ("Impersonate-User", b"joe"),
            ("Impersonate-Uid", b"7"),
            ("Impersonate-Group", b"a, b"),
            ("Impersonate-Group", b"a\xff"),
            ("Impersonate-Extra-Acme.com%2FProject", b"p"),
            ("Impersonate-Extra-Scopes", b"view"),
            ("Impersonate-Extra-Scopes", b""),
            ("Impersonate-Extra-a%zz", b"x"),
            ("Impersonate-Extra-%", b"y"),
            ("Impersonate-Extra-", b"z"),
            ("Impersonate-Other", b"nothing"),
        ]));
        let user = user.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("jane", "7"));
        assert_eq!(user.groups, ["a, b", "a\u{fffd}"]);
        let extra: Vec<_> = user.extra.iter().map(|(key, values)| (key.as_str(), values.join("|"))).collect();
        assert_eq!(
            extra,
            [("", "z"), ("%", "y"), ("a%zz", "x"), ("acme.com/project", "p"), ("scopes", "view|")]
                .map(|(key, value)| (key, value.to_owned()))
        );
    }

    #[test]
    fn without_a_name_there_must_be_nothing_else() {
        for pairs in [&[][..], &[("Impersonate-User", b"".as_slice())], &[("Impersonate-Uid", b"")]] {
            assert_eq!(wanted(&headers(pairs)), Ok(None), "{pairs:?}");
        }
        for (name, value) in
            [("Impersonate-Uid", "1"), ("Impersonate-Group", ""), ("Impersonate-Extra-a", "")]
        {
            let error = wanted(&headers(&[(name, value.as_bytes())])).unwrap_err();
            assert_eq!(error.code(), 400, "{name}");
        }
    }
}
