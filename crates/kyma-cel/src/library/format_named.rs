//! Named formats: `format.dns1123Label().validate(x)`.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use super::{Implementation, text, times, url};
use crate::error::EvalError;
use crate::value::{Library, Outcome, Value};

/// A format with a name.
#[derive(Debug)]
pub struct NamedFormat {
    /// Under which functions find it.
    identifier: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// The length of a regular expression that would cost as much.
    pub(crate) regex_size: u64,
    validate: fn(&str) -> Vec<String>,
}

static FORMATS: [NamedFormat; 13] = [
    format("dns1123Label", "DNS1123Label", 30, label),
    format("dns1123Subdomain", "DNS1123Subdomain", 60, subdomain),
    format("dns1035Label", "DNS1035Label", 30, label_1035),
    format("qualifiedName", "QualifiedName", 60, qualified_name),
    format("dns1123LabelPrefix", "DNS1123LabelPrefix", 30, |text| label(&masked(text))),
    format("dns1123SubdomainPrefix", "DNS1123SubdomainPrefix", 60, |text| subdomain(&masked(text))),
    format("dns1035LabelPrefix", "DNS1035LabelPrefix", 30, |text| label_1035(&masked(text))),
    format("labelValue", "LabelValue", 40, label_value),
    format("uri", "URI", 1103, |text| url::parse_request_uri(text).err().into_iter().collect()),
    format("uuid", "uuid", 70, |text| refuse(!is_uuid(text), "does not match the UUID format")),
    format("byte", "byte", 84, |text| {
        refuse(text.is_empty() || STANDARD.decode(text).is_err(), "invalid base64")
    }),
    format("date", "date", 71, |text| refuse(times::parse_date(text).is_none(), "invalid date")),
    format("datetime", "datetime", 71, |text| refuse(!is_date_time(text), "invalid datetime")),
];

const fn format(
    identifier: &'static str,
    name: &'static str,
    regex_size: u64,
    validate: fn(&str) -> Vec<String>,
) -> NamedFormat {
    NamedFormat { identifier, name, regex_size, validate }
}

fn named(identifier: &str) -> Option<&'static NamedFormat> {
    FORMATS.iter().find(|format| format.identifier == identifier)
}

fn refuse(refused: bool, why: &str) -> Vec<String> {
    if refused { vec![why.to_owned()] } else { Vec::new() }
}

/// What a generated name could look like: a dash at the end is not its last character.
fn masked(text: &str) -> String {
    match text.strip_suffix('-') {
        // The name's last two characters are replaced by one, as the real server does it.
        Some(rest) if !rest.is_empty() => {
            let kept = rest.char_indices().next_back().map_or(0, |(place, _)| place);
            format!("{}a", rest.get(..kept).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// A pattern for the whole of a text.
struct Whole(&'static str, LazyLock<Option<Regex>>);

impl Whole {
    fn matches(&self, text: &str) -> bool {
        self.1.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

macro_rules! whole {
    ($pattern:expr) => {
        Whole($pattern, LazyLock::new(|| Regex::new(&format!("^(?:{})$", $pattern)).ok()))
    };
}

static LABEL_PATTERN: Whole = whole!(LABEL);
static SUBDOMAIN_PATTERN: Whole = whole!(SUBDOMAIN);
static LABEL_1035_PATTERN: Whole = whole!(LABEL_1035);
static NAME_PATTERN: Whole = whole!(NAME);
static VALUE_PATTERN: Whole = whole!("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?");
static UUID_PATTERN: Whole = whole!("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
static TIME_PATTERN: Whole = whole!("([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))");

fn is_uuid(text: &str) -> bool {
    UUID_PATTERN.matches(text)
}

/// RFC 3339, but laxer.
fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return false };
    let within = |start: usize, max: &str| time.get(start..start + 2).is_some_and(|part| part <= max);
    times::parse_date(date).is_some()
        && TIME_PATTERN.matches(time)
        && within(0, "23")
        && within(3, "59")
        && within(6, "59")
}

/// The unit has two names, depending on where the real server's function comes from.
fn too_long(text: &str, max: usize, unit: &str) -> Vec<String> {
    refuse(text.len() > max, &format!("must be no more than {max} {unit}"))
}

/// What is said of a text that does not match.
fn unmatched(why: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{why} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

fn label(text: &str) -> Vec<String> {
    let mut errors = too_long(text, 63, "characters");
    if !LABEL_PATTERN.matches(text) {
        errors.push(if SUBDOMAIN_PATTERN.matches(text) {
            "must not contain dots".to_owned()
        } else {
            let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                       start and end with an alphanumeric character";
            unmatched(why, LABEL, &["my-name", "123-abc"])
        });
    }
    errors
}

fn subdomain(text: &str) -> Vec<String> {
    subdomain_in(text, "characters")
}

fn subdomain_in(text: &str, unit: &str) -> Vec<String> {
    let mut errors = too_long(text, 253, unit);
    if !SUBDOMAIN_PATTERN.matches(text) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                   must start and end with an alphanumeric character";
        errors.push(unmatched(why, SUBDOMAIN, &["example.com"]));
    }
    errors
}

fn label_1035(text: &str) -> Vec<String> {
    let mut errors = too_long(text, 63, "characters");
    if !LABEL_1035_PATTERN.matches(text) {
        let why = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                   alphabetic character, and end with an alphanumeric character";
        errors.push(unmatched(why, LABEL_1035, &["my-name", "abc-123"]));
    }
    errors
}

fn label_value(text: &str) -> Vec<String> {
    let mut errors = too_long(text, 63, "bytes");
    if !VALUE_PATTERN.matches(text) {
        let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                   must start and end with an alphanumeric character";
        errors.push(unmatched(why, VALUE_PATTERN.0, &["MyValue", "my_value", "12345"]));
    }
    errors
}

fn label_prefix(text: &str) -> Vec<String> {
    subdomain_in(text, "bytes")
}

fn qualified_name(text: &str) -> Vec<String> {
    let why = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
               character";
    let wrong = unmatched(why, NAME, &["MyName", "my.name", "123-abc"]);
    let mut errors = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                errors.extend(label_prefix(prefix).into_iter().map(|error| format!("prefix part {error}")));
            }
            *name
        }
        _ => {
            let tail = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {wrong} {tail}")];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else {
        errors.extend(too_long(name, 63, "bytes").into_iter().map(|error| format!("name part {error}")));
    }
    if !NAME_PATTERN.matches(name) {
        errors.push(format!("name part {wrong}"));
    }
    errors
}

macro_rules! constant {
    ($identifier:literal) => {
        |_| {
            let found = named($identifier).ok_or_else(EvalError::no_such_overload)?;
            Ok(Value::Library(Library::Format(found)))
        }
    };
}

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "format.dns1123Label" => constant!("dns1123Label"),
        "format.dns1123Subdomain" => constant!("dns1123Subdomain"),
        "format.dns1035Label" => constant!("dns1035Label"),
        "format.qualifiedName" => constant!("qualifiedName"),
        "format.dns1123LabelPrefix" => constant!("dns1123LabelPrefix"),
        "format.dns1123SubdomainPrefix" => constant!("dns1123SubdomainPrefix"),
        "format.dns1035LabelPrefix" => constant!("dns1035LabelPrefix"),
        "format.labelValue" => constant!("labelValue"),
        "format.uri" => constant!("uri"),
        "format.uuid" => constant!("uuid"),
        "format.byte" => constant!("byte"),
        "format.date" => constant!("date"),
        "format.datetime" => constant!("datetime"),
        "format-named" => |args| {
            let found = named(text(args, 0)?);
            Ok(found
                .map_or(Value::Optional(None), |found| Value::some(Value::Library(Library::Format(found)))))
        },
        "format-validate" => validate,
        _ => return None,
    })
}

fn validate<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let [Value::Library(Library::Format(format)), _] = args else {
        return Err(EvalError::no_such_overload());
    };
    let errors = (format.validate)(text(args, 1)?);
    if errors.is_empty() {
        return Ok(Value::Optional(None));
    }
    Ok(Value::some(Value::list(errors.into_iter().map(Value::text).collect())))
}
