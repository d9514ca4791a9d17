//! What names, labels, annotations and the other metadata of an object may look like.
//!
//! Each check returns the real server's sentences, none when the text is fine; the callers put them into field
//! errors. Sources: `k8s.io/apimachinery/pkg/util/validation` and `pkg/api/validate/content` (1.37). The two word the
//! length limit differently ("characters" and "bytes"), and clients see both.

pub(crate) mod address;
mod metadata;
mod options;
mod time;
mod words;

pub use metadata::{NameRule, validate_create, validate_update};
pub(crate) use metadata::{
    check_annotations_at, check_finalizer, check_labels_at, finalizer_warnings, group_version_problem,
    validate_create_at,
};
pub use options::{
    validate_dry_run, validate_field_manager, validate_field_validation, validate_patch_options,
    validate_propagation,
};
pub(crate) use time::{format_micro, parse_micro};
pub use time::{format_rfc3339, parse_rfc3339};
pub(crate) use words::{
    domain_prefixed_path, header_name, percent, port_name, underscored_subdomain, variable_name,
};

pub use crate::structure::decode_metadata;

const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS1035_FORMAT: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE_FORMAT: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

const LABEL_MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                             and must start and end with an alphanumeric character";
const SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character";
const DNS1035_MESSAGE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
                               with an alphabetic character, and end with an alphanumeric character";
const KEY_MESSAGE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                           alphanumeric character";
const VALUE_MESSAGE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' \
                             or '.', and must start and end with an alphanumeric character";
const CONFIG_KEY_MESSAGE: &str =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";

/// A label of RFC 1123, such as a namespace's name (`IsDNS1123Label`).
pub fn dns1123_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL_MAX {
        problems.push(too_many_characters(LABEL_MAX));
    }
    if !is_label(text) {
        problems.push(if is_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            regex_problem(LABEL_MESSAGE, LABEL_FORMAT, &["my-name", "123-abc"])
        });
    }
    problems
}

/// A subdomain of RFC 1123, such as most objects' names (`IsDNS1123Subdomain`).
pub fn dns1123_subdomain(text: &str) -> Vec<String> {
    subdomain(text, too_many_characters)
}

/// A label of RFC 1035, such as a resource's plural name (`IsDNS1035Label`).
pub fn dns1035_label(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL_MAX {
        problems.push(too_many_characters(LABEL_MAX));
    }
    if !(is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())) {
        problems.push(regex_problem(DNS1035_MESSAGE, DNS1035_FORMAT, &["my-name", "abc-123"]));
    }
    problems
}

/// A label's key, with or without a prefix: `app` or `inventory.kyma-project.io/shard` (`IsQualifiedName`).
pub fn qualified_name(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((prefix, name)) if !name.contains('/') => {
            if prefix.is_empty() {
                problems.push("prefix part must be non-empty".to_owned());
            } else {
                problems.extend(subdomain(prefix, too_many_bytes).iter().map(|p| format!("prefix part {p}")));
            }
            name
        }
        Some(_) => {
            let problem = regex_problem(KEY_MESSAGE, KEY_FORMAT, &["MyName", "my.name", "123-abc"]);
            let suffix = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {problem} {suffix}")];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        problems.push(format!("name part {}", too_many_bytes(LABEL_MAX)));
    }
    if !is_key(name) {
        let problem = regex_problem(KEY_MESSAGE, KEY_FORMAT, &["MyName", "my.name", "123-abc"]);
        problems.push(format!("name part {problem}"));
    }
    problems
}

/// A label's value (`IsValidLabelValue`).
pub fn label_value(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > LABEL_MAX {
        problems.push(too_many_bytes(LABEL_MAX));
    }
    if !(text.is_empty() || is_key(text)) {
        problems.push(regex_problem(VALUE_MESSAGE, VALUE_FORMAT, &["MyValue", "my_value", "12345"]));
    }
    problems
}

/// A name that can stand in a URL path (`IsPathSegmentName`).
pub fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    path_segment_prefix(text)
}

/// The beginning of a name that can stand in a URL path (`IsPathSegmentPrefix`).
pub fn path_segment_prefix(text: &str) -> Vec<String> {
    let illegal = ['/', '%'].into_iter().filter(|c| text.contains(*c));
    illegal.map(|c| format!("may not contain '{c}'")).collect()
}

/// A key of a ConfigMap or Secret (`IsConfigMapKey`).
pub fn config_map_key(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        problems.push(too_many_characters(SUBDOMAIN_MAX));
    }
    if text.is_empty() || !text.bytes().all(is_key_byte) {
        let examples = ["key.name", "KEY_NAME", "key-name"];
        problems.push(regex_problem(CONFIG_KEY_MESSAGE, "[-._a-zA-Z0-9]+", &examples));
    }
    match text {
        "." | ".." => problems.push(format!("must not be '{text}'")),
        _ if text.starts_with("..") => problems.push("must not start with '..'".to_owned()),
        _ => {}
    }
    problems
}

fn subdomain(text: &str, too_long: fn(usize) -> String) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        problems.push(too_long(SUBDOMAIN_MAX));
    }
    if !is_subdomain(text) {
        problems.push(regex_problem(SUBDOMAIN_MESSAGE, SUBDOMAIN_FORMAT, &["example.com"]));
    }
    problems
}

/// `LABEL_FORMAT` without a regular expression: these checks run for every write.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_key(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.bytes().all(is_key_byte) && edge(text.bytes().next()) && edge(text.bytes().next_back())
}

fn too_many_characters(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn too_many_bytes(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

fn regex_problem(message: &str, format: &str, examples: &[&str]) -> String {
    // Two spaces: upstream's way of joining has them, and the text is compared as it is.
    let examples = examples.join("',  or '");
    format!("{message} (e.g. '{examples}', regex used for validation is '{format}')")
}

#[cfg(test)]
mod tests;
