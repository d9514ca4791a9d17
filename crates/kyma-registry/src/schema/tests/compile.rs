use super::*;

pub(super) fn refused(raw: &Value) -> Vec<String> {
    Schema::compile(raw).map(|_| ()).map_err(|errors| texts(&errors)).unwrap_err()
}

/// What is wrong with the schema of `spec`, its path left out.
fn refused_spec(spec: &Value) -> Vec<String> {
    let all = refused(&with_spec(spec));
    all.iter().map(|text| text.strip_prefix("properties[spec].").unwrap_or(text).to_owned()).collect()
}

#[test]
fn the_schemas_of_our_own_kinds_compile() {
    let text = json!({"type": "string"});
    let spec = json!({"type": "object", "properties": {"components": {"type": "array", "items": {
        "type": "object", "properties": {"name": text, "namespace": text}}}}});
    schema_of(&spec);
}

#[test]
fn a_schema_must_be_structural() {
    let table = [
        (json!({}), vec!["type: Required value: must not be empty for specified object fields"]),
        (json!({"type": "array"}), vec!["items: Required value: must be specified"]),
        (
            json!({"type": "array", "items": {}}),
            vec!["items.type: Required value: must not be empty for specified array items"],
        ),
        (
            json!({"type": "string", "anyOf": [{"type": "string", "description": "d"}]}),
            vec![
                "anyOf[0].description: Forbidden: must be empty to be structural",
                "anyOf[0].type: Forbidden: must be empty to be structural",
            ],
        ),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true}),
            vec![
                "properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without \
                 x-kubernetes-preserve-unknown-fields",
            ],
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true}),
            vec![
                "x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if \
                 x-kubernetes-int-or-string is true",
            ],
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(refused_spec(&spec), expected, "{spec}");
    }
}

#[test]
fn int_or_string_may_name_its_types() {
    let types = json!([{"type": "integer"}, {"type": "string"}]);
    schema_of(&json!({"x-kubernetes-int-or-string": true, "anyOf": types}));
    schema_of(&json!({"x-kubernetes-int-or-string": true, "allOf": [{"anyOf": types}, {"pattern": "x"}]}));
    let other = json!([{"type": "string"}, {"type": "integer"}]);
    assert_eq!(refused_spec(&json!({"x-kubernetes-int-or-string": true, "anyOf": other})).len(), 2);
}

#[test]
fn the_root_has_rules_of_its_own() {
    assert_eq!(refused(&json!({})), ["type: Required value: must not be empty at the root"]);
    assert_eq!(
        refused(&json!({"type": "string"})),
        ["type: Invalid value: \"string\": must be object at the root"]
    );
    assert_eq!(
        refused(&json!({"type": "object", "nullable": true})),
        ["nullable: Forbidden: nullable cannot be true at the root"]
    );
    let additional = json!({"type": "object", "additionalProperties": {"type": "string"}});
    assert_eq!(refused(&additional), ["additionalProperties: Forbidden: must not be used at the root"]);
    let metadata =
        json!({"type": "object", "properties": {"metadata": {"type": "object", "description": "d"}}});
    assert_eq!(
        refused(&metadata),
        ["properties[metadata]: Forbidden: must not specify anything other than name and generateName, but \
             metadata is implicitly specified"]
    );
    let name = json!({"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}});
    assert!(Schema::compile(&json!({"type": "object", "properties": {"metadata": name}})).is_ok());
}

#[test]
fn conditions_of_the_root_name_known_fields_only() {
    let mut raw = with_spec(&json!({"type": "object"}));
    raw["anyOf"] = json!([{"properties": {"spec": {"required": ["a"]}, "other": {}}}]);
    let path = Path::new("spec").child("validation").child("openAPIV3Schema");
    let errors = Schema::compile_at(&raw, &path).unwrap_err();
    assert_eq!(
        texts(&errors),
        ["spec.validation.openAPIV3Schema.properties[other]: Required value: because it is defined in \
             spec.validation.openAPIV3Schema.anyOf[0].properties[other]"]
    );
}

#[test]
fn some_keywords_may_not_be_used() {
    let table = [
        (
            json!({"type": "foo"}),
            "type: Unsupported value: \"foo\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \
             \"object\", \"string\"",
        ),
        (json!({"type": "string", "$ref": "#/x"}), "$ref: Forbidden: $ref is not supported"),
        (json!({"type": "string", "id": "x"}), "id: Forbidden: id is not supported"),
        (
            json!({"type": "object", "patternProperties": {"a": {}}}),
            "patternProperties: Forbidden: patternProperties is not supported",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            "uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}),
            "additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            json!({"type": "string", "x-kubernetes-list-type": "set"}),
            "type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}),
            "items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with \
             x-kubernetes-list-type=set",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}),
            "x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            json!({"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}},
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}),
            "items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must \
             have a default or be a required property",
        ),
        (
            json!({"type": "object", "x-kubernetes-map-type": "x"}),
            "x-kubernetes-map-type: Unsupported value: \"x\": supported values: \"atomic\", \"granular\"",
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(refused_spec(&spec), [expected], "{spec}");
    }
    assert_eq!(
        refused(&json!({"type": "object", "properties": {"kind": {"type": "string", "default": "x"}}})),
        ["properties[kind].default: Forbidden: must not be set in top-level kind"]
    );
    assert_eq!(
        refused(&json!({"type": "object", "$schema": "http://x"})),
        ["<nil>: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported"]
    );
}

#[test]
fn defaults_must_be_valid_themselves() {
    let table = [
        (
            json!({"type": "integer", "default": "x"}),
            "default: Invalid value: \"string\":  in body must be of type integer: \"string\"",
        ),
        (
            json!({"type": "object", "default": {"b": 1}, "properties": {"a": {"type": "string"}}}),
            "default: Invalid value: {\"b\":1}: must not have unknown fields",
        ),
        (
            json!({"type": "array", "items": {"type": "integer", "maximum": 3}, "default": [1, 4]}),
            "default.[1]: Invalid value: 4: [1] in body should be less than or equal to 3",
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(refused_spec(&spec), [expected], "{spec}");
    }
}

#[test]
fn members_of_wrong_types_are_refused() {
    assert_eq!(
        refused_spec(&json!({"type": 5, "maxLength": "x", "properties": []})),
        [
            "type: Invalid value: 5: must be a string",
            "maxLength: Invalid value: \"x\": must be an integer",
            "properties: Invalid value: []: must be an object",
        ]
    );
    assert_eq!(refused(&json!([])), ["<nil>: Invalid value: []: must be a schema"]);
    schema_of(&json!({"type": "string", "maxLength": null, "enum": null, "items": null}));
}

#[test]
fn schemas_do_not_nest_without_end() {
    let mut spec = json!({"type": "string"});
    for _ in 0..300 {
        spec = json!({"type": "array", "items": spec});
    }
    let errors = refused_spec(&spec);
    assert!(errors.len() == 1 && errors[0].ends_with("schemas nested this deeply are not supported"));
}
