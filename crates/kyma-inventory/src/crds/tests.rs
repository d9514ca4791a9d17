use serde_json::{Value, json};

use super::{all, file_name, to_yaml};

fn yaml_of(plural: &str) -> String {
    let all = all().unwrap();
    let definition = all.iter().find(|definition| definition.spec.names.plural == plural).unwrap();
    to_yaml(definition).unwrap()
}

#[test]
fn the_definition_of_kymas() {
    insta::assert_snapshot!(yaml_of("kymas"));
}

#[test]
fn the_definition_of_helm_components() {
    insta::assert_snapshot!(yaml_of("helmcomponents"));
}

#[test]
fn the_definition_of_clusters() {
    insta::assert_snapshot!(yaml_of("clusters"));
}

#[test]
fn files_are_named_as_kubebuilder_names_them() {
    let names: Vec<String> = all().unwrap().iter().map(file_name).collect();
    let expected = [
        "inventory.kyma-project.io_clusters.yaml",
        "inventory.kyma-project.io_helmcomponents.yaml",
        "inventory.kyma-project.io_kymas.yaml",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_yaml_says_what_the_definition_says() {
    for definition in all().unwrap() {
        let read: Value = serde_saphyr::from_str(&to_yaml(&definition).unwrap()).unwrap();
        assert_eq!(read, serde_json::to_value(&definition).unwrap());
    }
}

#[test]
fn schemas_use_only_plain_keywords_and_require_nothing_old() {
    const PLAIN: [&str; 8] = [
        "description",
        "format",
        "items",
        "properties",
        "required",
        "type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
    ];
    fn check(schema: &Value, path: &str) {
        for (keyword, value) in schema.as_object().unwrap() {
            assert!(PLAIN.contains(&keyword.as_str()), "{path} has {keyword}");
            match keyword.as_str() {
                "properties" => {
                    for (name, property) in value.as_object().unwrap() {
                        check(property, &format!("{path}.{name}"));
                    }
                }
                "items" => check(value, &format!("{path}[]")),
                "type" => assert!(value.is_string(), "{path} has several types"),
                "required" => assert!(path.ends_with(".conditions[]"), "{path} requires {value}"),
                _ => {}
            }
        }
        assert!(schema["type"].is_string(), "{path} has no type");
    }
    for definition in all().unwrap() {
        let schema =
            definition.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
        check(&serde_json::to_value(schema).unwrap(), &definition.spec.names.kind);
    }
}

/// Every field of the proof of concept is there, under its old name and with its old type.
#[test]
fn old_fields_keep_name_and_type() {
    let string = || json!("string");
    let expected = [
        ("kymas", "/spec/properties/components/items/properties/name/type", string()),
        ("kymas", "/spec/properties/components/items/properties/namespace/type", string()),
        ("kymas", "/status/properties/status/type", string()),
        ("kymas", "/status/properties/waitingFor/items/type", string()),
        ("helmcomponents", "/spec/properties/componentName/type", string()),
        ("helmcomponents", "/spec/properties/chartLocation/type", string()),
        ("helmcomponents", "/spec/properties/version/type", string()),
        ("helmcomponents", "/spec/properties/namespace/type", string()),
        ("helmcomponents", "/status/properties/status/type", string()),
        ("helmcomponents", "/status/properties/lastReconciliation/type", string()),
        ("helmcomponents", "/status/properties/lastReconciliation/format", json!("date-time")),
        ("clusters", "/spec/properties/provider/type", string()),
        ("clusters", "/spec/properties/region/type", string()),
        ("clusters", "/spec/properties/oidc/properties/clientID/type", string()),
        ("clusters", "/spec/properties/oidc/properties/groupsClaim/type", string()),
        ("clusters", "/spec/properties/oidc/properties/issuerURL/type", string()),
        ("clusters", "/spec/properties/oidc/properties/signingAlgs/items/type", string()),
        ("clusters", "/spec/properties/oidc/properties/usernameClaim/type", string()),
        ("clusters", "/spec/properties/oidc/properties/usernamePrefix/type", string()),
        ("clusters", "/status/type", json!("object")),
    ];
    let all = all().unwrap();
    for (plural, path, value) in expected {
        let definition = all.iter().find(|definition| definition.spec.names.plural == plural).unwrap();
        let whole = serde_json::to_value(definition).unwrap();
        let path = format!("/spec/versions/0/schema/openAPIV3Schema/properties{path}");
        assert_eq!(whole.pointer(&path), Some(&value), "{plural}{path}");
    }
}
