//! Values as the fixtures write them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kyma_cel::{Library, Value};

pub(crate) fn render(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => format!("{value}u"),
        Value::Double(value) if value.is_nan() => "NaN".to_owned(),
        Value::Double(value) if value.is_infinite() => if *value > 0.0 { "Inf" } else { "-Inf" }.to_owned(),
        Value::Double(value) => format!("double:{:x}", value.to_bits()),
        Value::String(text) => quote(text),
        Value::Bytes(bytes) => format!("b:{}", STANDARD.encode(bytes)),
        Value::Duration(nanos) => format!("duration:{nanos}"),
        Value::Timestamp(time) => format!("timestamp:{}.{:09}", time.seconds, time.nanos),
        Value::List(list) => {
            let parts: Vec<String> = list.iter().map(|element| render(&element.unwrap())).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Map(map) => {
            let entry =
                |key: &Value<'_>| format!("{}: {}", render(key), render(&map.find(key).unwrap().unwrap()));
            let mut parts: Vec<String> = map.keys().iter().map(entry).collect();
            parts.sort();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Optional(Some(value)) => format!("optional({})", render(value)),
        Value::Optional(None) => "optional.none".to_owned(),
        Value::Type(name) => format!("type:{name}"),
        Value::Library(Library::Quantity(quantity)) => format!("quantity:{}", quantity.nanos()),
        Value::Library(Library::Semver(version)) => format!("semver:{version}"),
        Value::Library(Library::Ip(ip)) => format!("ip:{ip}"),
        Value::Library(Library::Cidr(cidr)) => format!("cidr:{cidr}"),
        Value::Library(Library::Url(url)) => format!("url:{url}"),
        Value::Library(Library::Format(format)) => format!("format:{}", format.name),
        Value::Preserved(json) => json.to_string(),
    }
}

/// JSON as Go's encoder writes it.
fn quote(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
