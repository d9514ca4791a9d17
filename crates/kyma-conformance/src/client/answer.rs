//! What came back, and what a case may say about it.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::header::{CONTENT_TYPE, WARNING};
use serde_json::{Value, json};

use crate::check::{Failure, Outcome, cut, show};

/// One cause of a refusal: reason, field, message.
pub(crate) type Cause<'a> = (&'a str, &'a str, &'a str);

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    request: String,
    code: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(crate) fn new(request: String, code: u16, headers: HeaderMap, body: Bytes) -> Self {
        Self { request, code, headers, body }
    }

    pub(crate) fn code(&self) -> u16 {
        self.code
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty when it is not there.
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(&CONTENT_TYPE)
    }

    /// The texts of the `Warning: 299 - "..."` headers, unescaped.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let texts = self.headers.get_all(WARNING).iter().filter_map(|value| value.to_str().ok());
        texts
            .map(|text| {
                let text = text.strip_prefix("299 - \"").unwrap_or(text);
                text.strip_suffix('"').unwrap_or(text).replace("\\\"", "\"")
            })
            .collect()
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Code 200, and the body.
    #[track_caller]
    pub(crate) fn ok(&self) -> Outcome<Value> {
        self.coded(200)
    }

    /// Code 201, and the body.
    #[track_caller]
    pub(crate) fn created(&self) -> Outcome<Value> {
        self.coded(201)
    }

    /// This code, and the body as JSON.
    #[track_caller]
    pub(crate) fn coded(&self, code: u16) -> Outcome<Value> {
        if self.code != code {
            return Err(Failure::new(&self.request, format!("code {code}"), self.shown()));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::new(&self.request, "a JSON body", format!("{error}: {}", self.shown())))
    }

    /// A `Status` body that says exactly this: `message`, `reason`, `details` and `code`, which is also the HTTP
    /// code. What is left out here must be absent there.
    #[track_caller]
    pub(crate) fn refused(&self, status: &Value) -> Outcome {
        let mut expected = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        });
        if let (Value::Object(expected), Value::Object(status)) = (&mut expected, status) {
            expected.extend(status.clone());
        }
        let actual = self.value();
        if actual == expected && Some(u64::from(self.code)) == expected["code"].as_u64() {
            return Ok(());
        }
        Err(Failure::new(&self.request, show(&expected), self.shown()))
    }

    /// A `Status` body with this code and reason, whatever the message; for texts that name types or files of the
    /// real server's source.
    #[track_caller]
    pub(crate) fn refused_as(&self, code: u16, reason: &str) -> Outcome<Value> {
        let body = self.value();
        let expected = json!({"kind": "Status", "status": "Failure", "reason": reason, "code": code});
        let fields = ["kind", "status", "reason", "code"].map(|key| (key.to_owned(), body[key].clone()));
        if self.code == code && Value::Object(fields.into_iter().collect()) == expected {
            return Ok(body);
        }
        Err(Failure::new(&self.request, show(&expected), self.shown()))
    }

    /// Code 422, reason Invalid, and exactly these causes. The order of causes is
    /// the order of a Go map in places, so it does not count.
    #[track_caller]
    pub(crate) fn invalid(&self, causes: &[Cause<'_>]) -> Outcome {
        let body = self.refused_as(422, "Invalid")?;
        let mut actual: Vec<[&str; 3]> = body["details"]["causes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|cause| ["reason", "field", "message"].map(|key| cause[key].as_str().unwrap_or("")))
            .collect();
        let mut expected: Vec<[&str; 3]> =
            causes.iter().map(|(reason, field, message)| [*reason, *field, *message]).collect();
        actual.sort_unstable();
        expected.sort_unstable();
        if actual == expected {
            return Ok(());
        }
        Err(Failure::new(&self.request, show(&expected), self.shown()))
    }

    /// The message of a `Status` body.
    pub(crate) fn message(&self) -> String {
        self.value()["message"].as_str().unwrap_or("").to_owned()
    }

    /// Code and body as a failure shows them.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.code, cut(&self.text()))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;

    use super::Answer;

    fn answer(code: u16, body: &serde_json::Value) -> Answer {
        Answer::new("GET /x".into(), code, HeaderMap::new(), Bytes::from(body.to_string()))
    }

    fn status() -> serde_json::Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 422,
            "message": "m", "reason": "Invalid", "details": {"causes": [
                {"reason": "FieldValueRequired", "message": "b", "field": "spec.b"},
                {"reason": "FieldValueInvalid", "message": "a", "field": "spec.a"},
            ]},
        })
    }

    #[test]
    fn a_refusal_is_compared_whole() {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "m", "reason": "NotFound", "code": 404,
        });
        let said = json!({"message": "m", "reason": "NotFound", "code": 404});
        assert!(answer(404, &body).refused(&said).is_ok());
        assert!(answer(400, &body).refused(&said).is_err());
        body["details"] = json!({});
        assert!(answer(404, &body).refused(&said).is_err());
    }

    #[test]
    fn causes_are_compared_in_any_order() {
        let a = ("FieldValueInvalid", "spec.a", "a");
        let b = ("FieldValueRequired", "spec.b", "b");
        assert!(answer(422, &status()).invalid(&[a, b]).is_ok());
        assert!(answer(422, &status()).invalid(&[b, a]).is_ok());
        assert!(answer(422, &status()).invalid(&[a]).is_err());
        assert!(answer(422, &status()).invalid(&[a, ("FieldValueRequired", "spec.b", "c")]).is_err());
    }

    #[test]
    fn warnings_are_unescaped() {
        let mut headers = HeaderMap::new();
        headers.append("warning", "299 - \"unknown field \\\"a\\\"\"".parse().unwrap());
        headers.append("warning", "299 - \"two\"".parse().unwrap());
        let answer = Answer::new("GET /x".into(), 200, headers, Bytes::new());
        assert_eq!(answer.warnings(), ["unknown field \"a\"", "two"]);
    }
}
