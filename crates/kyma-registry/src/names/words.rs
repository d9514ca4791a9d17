//! Further words that objects contain: ports' names, percentages, headers, environment variables
//! (`k8s.io/apimachinery/pkg/util/validation`).

use super::{SUBDOMAIN_MAX, regex_problem, too_many_characters};

const PORT_NAME_MAX: usize = 15;
const UNDERSCORED_FORMAT: &str = r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
const UNDERSCORED_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and \
     must start and end with an alphanumeric character";

/// The name of a port (`IsValidPortName`).
pub(crate) fn port_name(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > PORT_NAME_MAX {
        problems.push(too_many_characters(PORT_NAME_MAX));
    }
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || !text.bytes().all(known) {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        problems.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        problems.push("must not begin or end with a hyphen".to_owned());
    }
    problems
}

/// A percentage such as `25%` (`IsValidPercent`).
pub(crate) fn percent(text: &str) -> Vec<String> {
    let digits = text.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let message = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![regex_problem(message, "[0-9]+%", &["1%", "93%"])]
}

/// The name of a header (`IsHTTPHeaderName`).
pub(crate) fn header_name(text: &str) -> Vec<String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Vec::new();
    }
    let message = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![regex_problem(message, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// The name of an environment variable (`IsRelaxedEnvVarName`).
pub(crate) fn variable_name(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=') {
        return Vec::new();
    }
    let message =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
    vec![message.to_owned()]
}

/// A subdomain whose labels may have underscores (`IsDNS1123SubdomainWithUnderscore`).
pub(crate) fn underscored_subdomain(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        problems.push(too_many_characters(SUBDOMAIN_MAX));
    }
    if !text.split('.').all(is_underscored) {
        problems.push(regex_problem(UNDERSCORED_MESSAGE, UNDERSCORED_FORMAT, &["example.com"]));
    }
    problems
}

fn is_underscored(label: &str) -> bool {
    let label = label.strip_prefix('_').unwrap_or(label);
    let edge = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    label.bytes().all(inner) && edge(label.bytes().next()) && edge(label.bytes().next_back())
}

/// A domain with a path, such as `acme.io/foo` (`IsDomainPrefixedPath`).
pub(crate) fn domain_prefixed_path(text: &str) -> Vec<String> {
    const PATH_FORMAT: &str = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";
    let (host, path) = match text.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => (host, path),
        _ => return vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()],
    };
    let mut problems = super::dns1123_subdomain(host);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    if !path.bytes().all(known) {
        problems.push(format!("Invalid path (regex used for validation is '{PATH_FORMAT}')"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert!(port_name("http-2").is_empty());
        assert_eq!(port_name("").len(), 2);
        assert!(percent("25%").is_empty());
        assert!(!percent("%").is_empty());
        assert!(header_name("X-A").is_empty());
        assert!(!header_name("").is_empty());
        assert!(variable_name("a b").is_empty());
        assert!(!variable_name("a=b").is_empty());
        assert!(underscored_subdomain("_a._tcp.b").is_empty());
        assert!(!underscored_subdomain("a_.b").is_empty());
        assert!(domain_prefixed_path("acme.io/foo/bar").is_empty());
        assert!(!domain_prefixed_path("/foo").is_empty());
    }
}
