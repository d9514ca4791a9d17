use serde_json::json;

use super::*;

fn definition(plural: &str, kind: &str) -> Object {
    let mut definition = json!({
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    let definition = definition.as_object_mut().unwrap();
    prepare_create(definition);
    definition.clone()
}

#[test]
fn a_new_definition_gets_defaults_and_its_storage_version_noted() {
    let widgets = definition("widgets", "Widget");
    assert_eq!(widgets["spec"]["names"]["singular"], "widget");
    assert_eq!(widgets["spec"]["names"]["listKind"], "WidgetList");
    assert_eq!(widgets["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(validate(&widgets, None), []);
}

#[test]
fn names_are_accepted_and_then_the_kind_is_served() {
    let widgets = definition("widgets", "Widget");
    let accepted = next_status(&widgets, [], "2026-01-01T00:00:00Z").unwrap();
    assert!(is_established(&accepted) && has_condition(&accepted, "NamesAccepted"));
    assert_eq!(next_status(&accepted, [], "2026-01-02T00:00:00Z"), None, "a second look changes nothing");
}

#[test]
fn a_name_that_is_taken_in_the_group_is_not_accepted() {
    let widgets = next_status(&definition("widgets", "Widget"), [], "t").unwrap();
    let mut others = definition("gadgets", "Widget");
    others["spec"]["names"]["singular"] = "gadget".into();
    let refused = next_status(&others, [&widgets], "t").unwrap();
    assert!(!is_established(&refused));
    let condition = condition(&refused, "NamesAccepted").unwrap();
    assert_eq!(
        (condition["reason"].as_str(), condition["message"].as_str()),
        (Some("KindConflict"), Some("\"Widget\" is already in use"))
    );
}

#[test]
fn faults_are_named() {
    for (pointer, value, field) in [
        ("/metadata/name", json!("other"), "metadata.name"),
        ("/spec/group", json!("nodots"), "spec.group"),
        ("/spec/scope", json!("Planet"), "spec.scope"),
        ("/spec/names/kind", json!("No Kind"), "spec.names.kind"),
        ("/spec/versions/0/storage", json!(false), "spec.versions"),
        ("/spec/versions/0/schema", json!({}), "spec.versions[0].schema.openAPIV3Schema"),
        ("/spec/versions/0/name", json!("V1"), "spec.versions[0].name"),
        ("/spec/conversion/strategy", json!("Webhook"), "spec.conversion.strategy"),
    ] {
        let mut broken = Value::Object(definition("widgets", "Widget"));
        *broken.pointer_mut(pointer).unwrap() = value;
        let errors = validate(broken.as_object().unwrap(), None);
        assert!(errors.iter().any(|error| error.path.to_string() == field), "{pointer}: {errors:?}");
    }
}

#[test]
fn versions_order_by_stability_then_number() {
    let mut versions = ["v1alpha1", "v2", "foo", "v1beta2", "v10", "v1", "v1beta10"];
    versions.sort_by(|a, b| compare_versions(b, a));
    assert_eq!(versions, ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"]);
}
