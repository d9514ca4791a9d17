use serde_json::json;

use super::gotext::{float, json as go_json, quote};
use super::*;

#[test]
fn a_conflict_reads_as_the_real_server_writes_it() {
    let error = ApiError::stale("inventory.kyma-project.io", "kymas", "x");
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Operation cannot be fulfilled on kymas.inventory.kyma-project.io \"x\": the object has been \
                    modified; please apply your changes to the latest version and try again",
        "reason": "Conflict",
        "details": {"name": "x", "group": "inventory.kyma-project.io", "kind": "kymas"},
        "code": 409,
    });
    assert_eq!(error.to_status_json(), expected);
    assert_eq!(error.to_string(), expected["message"].as_str().unwrap());
}

#[test]
fn members_stand_in_the_real_servers_order() {
    let text = serde_json::to_string(&ApiError::not_found("", "namespaces", "pb")).unwrap();
    assert_eq!(
        text,
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"namespaces \"pb\" not found","reason":"NotFound","details":{"name":"pb","kind":"namespaces"},"code":404}"#
    );
}

/// The expected value is what `errors.NewInvalid` of apimachinery 0.37.2 gives for these field errors.
#[test]
fn an_invalid_object_lists_each_cause_and_names_it_once() {
    let errors = vec![
        FieldError::required(&Path::new("a"), ""),
        FieldError::required(&Path::new("a"), ""),
        FieldError::too_many(&Path::new("b"), 3, 2),
    ];
    let status = ApiError::invalid("g.io", "Foo", "x", errors).to_status_json();
    assert_eq!(
        status["message"],
        "Foo.g.io \"x\" is invalid: [a: Required value, b: Too many: 3: must have at most 2 items]"
    );
    let required = json!({"reason": "FieldValueRequired", "message": "Required value", "field": "a"});
    let many = json!({"reason": "FieldValueTooMany", "message": "Too many: 3: must have at most 2 items", "field": "b"});
    assert_eq!(status["details"]["causes"], json!([required, required, many]));
}

#[test]
fn every_constructor_has_its_code_reason_and_text() {
    let table = [
        (ApiError::already_exists("g", "r", "n"), 409, "AlreadyExists", "r.g \"n\" already exists"),
        (ApiError::unauthorized(), 401, "Unauthorized", "Unauthorized"),
        (ApiError::forbidden("g", "r", "n", "no"), 403, "Forbidden", "r.g \"n\" is forbidden: no"),
        (ApiError::forbidden("", "pods", "", "no"), 403, "Forbidden", "pods is forbidden: no"),
        (ApiError::forbidden("", "", "", "no"), 403, "Forbidden", "forbidden: no"),
        (ApiError::bad_request("b"), 400, "BadRequest", "b"),
        (
            ApiError::method_not_supported("g", "r", "patch"),
            405,
            "MethodNotAllowed",
            "patch is not supported on resources of kind \"r.g\"",
        ),
        (
            ApiError::unsupported_media_type(&["a/b", "c/d"]),
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: a/b, c/d",
        ),
        (
            ApiError::not_acceptable(&["a/b"]),
            406,
            "NotAcceptable",
            "only the following media types are accepted: a/b",
        ),
        (
            ApiError::request_entity_too_large("limit is 3145728"),
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
        ),
        (ApiError::expired("old"), 410, "Expired", "old"),
        (ApiError::gone("gone"), 410, "Gone", "gone"),
        (ApiError::internal("boom"), 500, "InternalError", "Internal error occurred: boom"),
        (ApiError::too_many_requests("slow down", 3), 429, "TooManyRequests", "slow down"),
        (
            ApiError::server_timeout("g", "r", "create", 1),
            500,
            "ServerTimeout",
            "The create operation against r.g could not be completed at this time, please try again.",
        ),
        (ApiError::timeout("t", 1), 504, "Timeout", "Timeout: t"),
        (ApiError::service_unavailable("s"), 503, "ServiceUnavailable", "s"),
        (
            ApiError::version_too_large(9, 5),
            504,
            "Timeout",
            "Timeout: Too large resource version: 9, current: 5",
        ),
        (
            ApiError::unprocessable(),
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        ),
    ];
    for (error, code, reason, message) in table {
        let status = error.to_status_json();
        assert_eq!((error.code(), error.reason().as_str(), error.message()), (code, reason, message));
        assert_eq!((&status["code"], &status["reason"]), (&json!(code), &json!(reason)));
    }
}

#[test]
fn what_upstream_adds_to_details_and_metadata_is_there() {
    let status = ApiError::version_too_large(9, 5).to_status_json();
    let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    assert_eq!(status["details"], json!({"causes": [cause], "retryAfterSeconds": 1}));
    let status = ApiError::namespace_terminating("", "pods", "p", "pb").to_status_json();
    assert_eq!(status["details"]["causes"][0]["field"], "metadata.namespace");
    let status = ApiError::expired("old").with_continue("token").to_status_json();
    assert_eq!(status["metadata"], json!({"continue": "token"}));
    assert_eq!(ApiError::unprocessable().to_status_json()["details"], json!({}));
    assert_eq!(ApiError::bad_request("b").to_status_json().get("details"), None);
}

#[test]
fn field_errors_show_values_as_go_does() {
    let path = Path::new("spec").child("items").index(2).key("a/b").child("x");
    let table = [
        (FieldError::invalid(&path, json!("a\"b"), "why"), r#"Invalid value: "a\"b": why"#),
        (FieldError::invalid(&path, json!(3), ""), "Invalid value: 3"),
        (FieldError::invalid(&path, json!(1_000_000.0), ""), "Invalid value: 1e+06"),
        (FieldError::invalid(&path, json!(true), ""), "Invalid value: true"),
        (FieldError::invalid(&path, json!(null), ""), "Invalid value: null"),
        (
            FieldError::invalid(&path, json!({"b": "<", "a": [1.5]}), ""),
            r#"Invalid value: {"a":[1.5],"b":"\u003c"}"#,
        ),
        (FieldError::type_invalid(&path, json!("x"), "t"), r#"Invalid value: "x": t"#),
        (FieldError::duplicate(&path, json!("x")), r#"Duplicate value: "x""#),
        (FieldError::not_found(&path, json!("x")), r#"Not found: "x""#),
        (
            FieldError::not_supported(&path, json!("c"), &["a", "b"]),
            r#"Unsupported value: "c": supported values: "a", "b""#,
        ),
        (FieldError::not_supported::<&str>(&path, json!("c"), &[]), r#"Unsupported value: "c""#),
        (FieldError::required(&path, "d"), "Required value: d"),
        (FieldError::forbidden(&path, "d"), "Forbidden: d"),
        (FieldError::too_long(&path, 1), "Too long: may not be more than 1 byte"),
        (FieldError::too_long(&path, 2), "Too long: may not be more than 2 bytes"),
        (FieldError::too_many(&path, 2, 1), "Too many: 2: must have at most 1 item"),
        (FieldError::internal(&path, "d"), "Internal error: d"),
    ];
    for (error, body) in table {
        assert_eq!(error.body(), body);
        assert_eq!(error.to_string(), format!("spec.items[2][a/b].x: {body}"));
    }
    assert_eq!(FieldError::required(&Path::root(), "").to_string(), "<nil>: Required value");
}

#[test]
fn errors_move_below_another_path() {
    let base = Path::new("spec").child("schema");
    let below = |path: Path| FieldError::required(&path, "").below(&base).path.to_string();
    assert_eq!(below(Path::root()), "spec.schema");
    assert_eq!(below(Path::new("type")), "spec.schema.type");
    assert_eq!(below(Path::root().key("x")), "spec.schema[x]");
}

/// Expected values printed by Go 1.26.
#[test]
fn texts_are_written_as_go_writes_them() {
    assert_eq!(quote("a\u{1}\u{7f}\u{ad}\u{200b} é<>&\u{2028}"), r#""a\x01\x7f\u00ad\u200b é<>&\u2028""#);
    assert_eq!(quote("\u{7}\u{8}\u{c}\n\r\t\u{b}\\\""), r#""\a\b\f\n\r\t\v\\\"""#);
    assert_eq!(quote("😀\u{e000}\u{10ffff}"), "\"😀\\ue000\\U0010ffff\"");
    let floats = [
        (0.0, "0"),
        (1.0, "1"),
        (1.5, "1.5"),
        (100_000.0, "100000"),
        (1_000_000.0, "1e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (1e20, "1e+20"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e-7, "-2.5e-07"),
    ];
    for (value, text) in floats {
        assert_eq!(float(value), text);
    }
    let values = [
        (json!(1e20), "100000000000000000000"),
        (json!(1e21), "1e+21"),
        (json!(1e-6), "0.000001"),
        (json!(1e-7), "1e-7"),
        (json!(18_446_744_073_709_551_615_u64), "18446744073709552000"),
        (json!("a\u{1}<>&\u{2028}é"), r#""a\u0001\u003c\u003e\u0026\u2028é""#),
    ];
    for (value, text) in values {
        assert_eq!(go_json(&value), text);
    }
}
