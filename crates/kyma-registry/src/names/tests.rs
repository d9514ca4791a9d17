use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::reason::Path;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                   alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                   '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

#[expect(clippy::needless_pass_by_value, reason = "tests write their values in place")]
fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn texts(errors: &[crate::reason::FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn names_are_judged_in_the_real_servers_words() {
    let long = "a".repeat(64);
    type Check = fn(&str) -> Vec<String>;
    let table: [(Check, &str, &[&str]); 19] = [
        (dns1123_label, "my-name", &[]),
        (dns1123_label, "My", &[LABEL]),
        (dns1123_label, "a.b", &["must not contain dots"]),
        (dns1123_label, &long, &["must be no more than 63 characters"]),
        (dns1123_label, "", &[LABEL]),
        (dns1123_subdomain, "a.b-c.1", &[]),
        (dns1123_subdomain, "a..b", &[SUBDOMAIN]),
        (dns1123_subdomain, "a_b", &[SUBDOMAIN]),
        (dns1123_subdomain, "a\n", &[SUBDOMAIN]),
        (dns1035_label, "a1", &[]),
        (qualified_name, "example.com/My.Name_1", &[]),
        (qualified_name, "/a", &["prefix part must be non-empty"]),
        (qualified_name, "a/", &["name part must be non-empty", KEY]),
        (qualified_name, "-a", &[KEY]),
        (label_value, "", &[]),
        (label_value, &long, &["must be no more than 63 bytes"]),
        (path_segment, "..", &["may not be '..'"]),
        (path_segment, "a/b%", &["may not contain '/'", "may not contain '%'"]),
        (config_map_key, "a.b-C_1", &[]),
    ];
    for (check, text, problems) in table {
        assert_eq!(check(text), problems, "{text:?}");
    }
    assert_eq!(dns1035_label("1a").len(), 1);
    assert!(qualified_name("a/b/c")[0].starts_with("a valid label key must consist of"));
    assert_eq!(config_map_key("..")[0], "must not be '..'");
    assert_eq!(config_map_key("..a")[0], "must not start with '..'");
}

#[test]
fn a_prefix_may_end_in_a_dash() {
    assert!(NameRule::Subdomain.check_prefix("kyma-").is_empty());
    assert!(!NameRule::Subdomain.check("kyma-").is_empty());
    assert!(!NameRule::Subdomain.check_prefix("-").is_empty());
    assert!(!NameRule::Subdomain.check_prefix("é-").is_empty());
    assert!(NameRule::PathSegment.check_prefix("..").is_empty());
}

#[test]
fn a_new_object_needs_a_name_and_a_namespace() {
    let errors = validate_create(&Map::new(), true, NameRule::Subdomain);
    let expected = [
        "metadata.name: Required value: name or generateName is required",
        "metadata.namespace: Required value",
    ];
    assert_eq!(texts(&errors), expected);
    let metadata = map(json!({"name": "a", "namespace": "pb"}));
    assert!(validate_create(&metadata, true, NameRule::Subdomain).is_empty());
    let errors = validate_create(&metadata, false, NameRule::Subdomain);
    assert_eq!(texts(&errors), ["metadata.namespace: Forbidden: not allowed on this type"]);
}

/// Expected texts printed by `ValidateObjectMeta` of apimachinery 0.37.2.
#[test]
fn every_part_of_new_metadata_is_checked() {
    let owner = |kind: &str, controller: bool| json!({"apiVersion": "v1", "kind": kind, "name": "n", "uid": "u", "controller": controller});
    let metadata = map(json!({
        "name": "a", "generation": -1,
        "labels": {"a": "-"}, "annotations": {"-": "x"},
        "ownerReferences": [owner("Event", true), owner("Foo", true), {"apiVersion": "a/b/c"}],
        "finalizers": ["orphan", "foregroundDeletion", ""],
        "managedFields": [{"operation": "x", "fieldsType": "y", "manager": "m"}],
    }));
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                 regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let event = r#"{"apiVersion":"v1","kind":"Event","name":"n","uid":"u","controller":true}"#;
    let foo = r#"{"apiVersion":"v1","kind":"Foo","name":"n","uid":"u","controller":true}"#;
    let empty = r#"{"apiVersion":"a/b/c","kind":"","name":"","uid":""}"#;
    let path = "metadata.ownerReferences";
    let expected = [
        "metadata.generation: Invalid value: -1: must be greater than or equal to 0".to_owned(),
        format!("metadata.labels: Invalid value: \"-\": {value}"),
        format!("metadata.annotations: Invalid value: \"-\": {KEY}"),
        format!("{path}[0]: Invalid value: {event}: /v1, Kind=Event is disallowed from being an owner"),
        format!(
            "{path}: Invalid value: [{event},{foo},{empty}]: Only one reference can have Controller set to true. \
             Found \"true\" in references for Event/n and Foo/n"
        ),
        format!("{path}[2].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> or <version>"),
        format!("{path}[2].kind: Required value: must not be empty"),
        format!("{path}[2].name: Required value: must not be empty"),
        format!("{path}[2].uid: Required value: must not be empty"),
        "metadata.finalizers: Invalid value: \"\": name part must be non-empty".to_owned(),
        format!("metadata.finalizers: Invalid value: \"\": {KEY}"),
        "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\",\"\"]: finalizer orphan and \
         foregroundDeletion cannot be both set"
            .to_owned(),
        "metadata.managedFields[0].operation: Unsupported value: \"x\": supported values: \"Apply\", \"Update\""
            .to_owned(),
        "metadata.managedFields[0].fieldsType: Invalid value: \"y\": must be `FieldsV1`".to_owned(),
    ];
    assert_eq!(texts(&validate_create(&metadata, false, NameRule::Subdomain)), expected);
}

#[test]
fn annotations_have_a_size_together() {
    let annotations = |size: usize| map(json!({"name": "a", "annotations": {"Key": "x".repeat(size - 3)}}));
    assert!(validate_create(&annotations(256 * 1024), false, NameRule::Subdomain).is_empty());
    let errors = validate_create(&annotations(256 * 1024 + 1), false, NameRule::Subdomain);
    assert_eq!(texts(&errors), ["metadata.annotations: Too long: may not be more than 262144 bytes"]);
}

#[test]
fn an_update_changes_no_identity() {
    let old = map(json!({
        "name": "a", "namespace": "n", "uid": "u", "generation": 3, "resourceVersion": "7",
        "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "2020-01-01T00:00:00Z",
        "finalizers": ["a/b"],
    }));
    assert!(validate_update(&old, &old).is_empty());
    let new = map(json!({
        "name": "b", "namespace": "m", "uid": "<", "generation": 2,
        "creationTimestamp": "2021-01-01T00:00:00Z", "finalizers": ["y/z", "a/b", "c/d"],
    }));
    let expected = [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new \
         finalizers []string{\"c/d\", \"y/z\"}",
        "metadata.resourceVersion: Invalid value: \"\": must be specified for an update",
        "metadata.generation: Invalid value: 2: must not be decremented",
        "metadata.name: Invalid value: \"b\": field is immutable",
        "metadata.namespace: Invalid value: \"m\": field is immutable",
        "metadata.uid: Invalid value: \"<\": field is immutable",
        "metadata.creationTimestamp: Invalid value: \"2021-01-01T00:00:00Z\": field is immutable",
        "metadata.deletionTimestamp: Invalid value: null: field is immutable",
    ];
    assert_eq!(texts(&validate_update(&new, &old)), expected);
}

#[test]
fn metadata_is_brought_into_its_canonical_form() {
    let mut metadata = json!({
        "name": "a", "namespace": "", "labels": {"a": null}, "annotations": {}, "finalizers": [], "bla": 1,
        "creationTimestamp": "2020-01-01T01:00:00.9+01:00", "deletionTimestamp": null, "generation": 0,
        "deletionGracePeriodSeconds": 0, "ownerReferences": [{"kind": "K", "x": 1}],
    });
    let mut unknown = Vec::new();
    decode_metadata(&mut metadata, "metadata", &mut unknown).unwrap();
    let expected = json!({
        "name": "a", "labels": {"a": ""}, "creationTimestamp": "2020-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 0,
        "ownerReferences": [{"apiVersion": "", "kind": "K", "name": "", "uid": ""}],
    });
    assert_eq!(
        (metadata, unknown),
        (expected, vec!["metadata.bla".into(), "metadata.ownerReferences[0].x".into()])
    );
}

/// Messages printed by sigs.k8s.io/json for the same input.
#[test]
fn wrong_types_in_metadata_are_refused_in_go_s_words() {
    let table = [
        (json!([]), "json: cannot unmarshal array into Go value of type v1.ObjectMeta"),
        (
            json!({"name": 5}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string",
        ),
        (
            json!({"uid": true}),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.uid of type types.UID",
        ),
        (
            json!({"generation": 1.5}),
            "json: cannot unmarshal number 1.5 into Go struct field ObjectMeta.generation of type int64",
        ),
        (
            json!({"labels": {"a": 1}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
        ),
        (
            json!({"labels": "x"}),
            "json: cannot unmarshal string into Go struct field ObjectMeta.labels of type map[string]string",
        ),
        (
            json!({"finalizers": {}}),
            "json: cannot unmarshal object into Go struct field ObjectMeta.finalizers of type []string",
        ),
        (
            json!({"ownerReferences": [{"controller": "x"}]}),
            "json: cannot unmarshal string into Go struct field OwnerReference.ownerReferences.controller of type bool",
        ),
        (
            json!({"managedFields": [5]}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.managedFields of type v1.ManagedFieldsEntry",
        ),
        // An unreadable time wins over what came before it.
        (
            json!({"annotations": 1, "creationTimestamp": "x"}),
            "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"",
        ),
    ];
    for (mut metadata, message) in table {
        assert_eq!(decode_metadata(&mut metadata, "metadata", &mut Vec::new()).unwrap_err(), message);
    }
}

#[test]
fn times_are_read_as_go_reads_them() {
    let good = [
        ("2020-12-30T10:00:00Z", "2020-12-30T10:00:00Z"),
        ("2020-12-30T1:00:00Z", "2020-12-30T01:00:00Z"),
        ("2020-02-29T23:59:59.999999999999+02:30", "2020-02-29T21:29:59Z"),
        ("1960-01-01T00:00:00.5Z", "1960-01-01T00:00:00Z"),
    ];
    for (text, canonical) in good {
        assert_eq!(format_rfc3339(parse_rfc3339(text).unwrap()), canonical);
    }
    let failures = [
        ("2020-12-30", r#"cannot parse "" as "T""#),
        ("2020-12-30t00:00:00z", r#"cannot parse "t00:00:00z" as "T""#),
        ("2020-1-30T00:00:00Z", r#"cannot parse "1-30T00:00:00Z" as "01""#),
        ("2020-12-30T00:00:00+0200", r#"cannot parse "+0200" as "Z07:00""#),
        ("2020-12-30T00:00:00Zx", r#"extra text: "x""#),
        ("2020-02-30T00:00:00Z", "day out of range"),
        ("2020-13-01T00:00:00Z", "month out of range"),
        ("2020-12-30T24:00:00Z", "hour out of range"),
        ("2020-12-30T00:00:00+25:00", "time zone offset hour out of range"),
    ];
    for (text, end) in failures {
        let message = parse_rfc3339(text).unwrap_err();
        assert!(
            message.starts_with(&format!("parsing time \"{text}\"")) && message.ends_with(end),
            "{message}"
        );
    }
}

#[test]
fn query_parameters_of_writes_are_checked() {
    assert_eq!(
        texts(&validate_dry_run(&["All", "x"])),
        ["dryRun: Unsupported value: [\"All\",\"x\"]: supported values: \"All\""]
    );
    assert!(validate_dry_run(&["All"]).is_empty() && validate_dry_run(&[]).is_empty());
    assert_eq!(
        texts(&validate_field_validation("x")),
        [
            "fieldValidation: Unsupported value: \"x\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
        ]
    );
    assert_eq!(
        texts(&validate_field_manager("a\u{1}", &Path::new("fieldManager"))),
        ["fieldManager: Invalid value: \"a\\x01\": invalid character U+0001 (at position 1)"]
    );
    assert_eq!(
        texts(&validate_field_manager(&"a".repeat(129), &Path::new("fieldManager"))),
        ["fieldManager: Too long: may not be more than 128 bytes"]
    );
    assert_eq!(
        texts(&validate_patch_options(false, Some(true), "m")),
        ["force: Forbidden: may not be specified for non-apply patch"]
    );
    assert_eq!(
        texts(&validate_patch_options(true, None, "")),
        ["fieldManager: Required value: is required for apply patch"]
    );
    assert_eq!(
        texts(&validate_propagation(Some("x"), None)),
        ["propagationPolicy: Unsupported value: \"x\": supported values: \"Foreground\", \"Background\", \
             \"Orphan\", \"nil\""]
    );
    assert_eq!(validate_propagation(Some("Orphan"), Some(true)).len(), 1);
}

proptest! {
    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC*") {
        for check in [dns1123_label, dns1123_subdomain, dns1035_label, qualified_name, label_value, config_map_key] {
            check(&text);
        }
        NameRule::Subdomain.check_prefix(&text);
        let _ = parse_rfc3339(&text);
    }

    #[test]
    fn a_time_comes_back_as_it_was_written(second in -62_135_596_800_i64..253_402_300_799) {
        let time = Timestamp::from_second(second).unwrap();
        prop_assert_eq!(parse_rfc3339(&format_rfc3339(time)), Ok(time));
    }
}
