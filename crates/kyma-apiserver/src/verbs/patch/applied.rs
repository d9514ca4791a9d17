//! The body of an apply: YAML, of which JSON is a part that most clients send.

use kyma_registry::ApiError;
use kyma_registry::patch::decode_json;
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;

use crate::encode::yaml::explain;

/// The body as a value, with what strict decoding finds wrong with its text.
///
/// # Errors
/// 400 for what is no YAML.
pub(super) fn decode(body: &[u8]) -> Result<(Value, Vec<String>), ApiError> {
    let refused = |cause: &str| {
        // What begins like JSON is taken for that at first.
        let step = if body.trim_ascii_start().starts_with(b"{") {
            "decoding patch: error converting YAML to JSON"
        } else {
            "encoding patch"
        };
        ApiError::bad_request(format!("error {step}: {cause}"))
    };
    if let Ok((value, complaints)) = decode_json(body)
        && complaints.is_empty()
    {
        return Ok((value, complaints));
    }
    let text = std::str::from_utf8(body).map_err(|error| refused(&format!("yaml: {error}")))?;
    if text.trim().is_empty() {
        return Ok((Value::Null, Vec::new()));
    }
    let problem = match serde_saphyr::from_str(text) {
        Ok(value) => return Ok((value, Vec::new())),
        Err(problem) => problem,
    };
    let complaint = match problem.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, location } => {
            format!(
                "line {}: key {:?} already set in map",
                location.line(),
                key.as_deref().unwrap_or_default()
            )
        }
        _ => return Err(refused(&explain(&problem, text))),
    };
    let lax = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    let value =
        serde_saphyr::from_str_with_options(text, lax).map_err(|error| refused(&explain(&error, text)))?;
    Ok((value, vec![complaint]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_are_read_and_doubles_complained_about() {
        for (body, value, complaints) in [
            ("", json!(null), vec![]),
            ("null", json!(null), vec![]),
            (r#"{"a": 1.0}"#, json!({"a": 1}), vec![]),
            ("a:\n  b: x\n", json!({"a": {"b": "x"}}), vec![]),
            ("a: 1\nb: 2\na: 3\n", json!({"a": 3, "b": 2}), vec!["line 3: key \"a\" already set in map"]),
            (r#"{"a": 1, "a": 2}"#, json!({"a": 2}), vec!["line 1: key \"a\" already set in map"]),
        ] {
            let (read, found) = decode(body.as_bytes()).unwrap();
            assert_eq!((read, found), (value, complaints.into_iter().map(str::to_owned).collect()), "{body}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        for body in [&b"a: b: c"[..], b"{", b"\xff"] {
            let error = decode(body).unwrap_err();
            assert_eq!(error.code(), 400);
            assert!(error.message().starts_with("error ") && error.message().contains(": yaml: "), "{error}");
        }
    }
}
