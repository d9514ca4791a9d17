use super::*;

#[test]
fn what_the_old_crds_took_is_taken() {
    let text = json!({"type": "string"});
    let component = json!({"type": "object", "properties": {"name": text, "namespace": text}});
    let spec = json!({"type": "object", "properties": {"components": {"type": "array", "items": component}}});
    assert!(
        judged(&spec, json!({"components": [{"name": "istio", "namespace": "istio-system"}, {}]})).is_empty()
    );
    assert_eq!(
        judged(&spec, json!({"components": [{"name": 5}, "x"]})),
        [
            "spec.components[0].name: Invalid value: \"integer\": spec.components[0].name in body must be of type \
             string: \"integer\"",
            "spec.components[1]: Invalid value: \"string\": spec.components[1] in body must be of type object: \
             \"string\"",
        ]
    );
}

#[test]
fn each_keyword_has_its_words() {
    let date_time = json!({"type": "string", "format": "date-time"});
    let table = [
        (
            json!({"type": "integer"}),
            json!("x"),
            "Invalid value: \"string\": spec in body must be of type integer: \"string\"",
        ),
        (
            json!({"type": "integer"}),
            json!([]),
            "Invalid value: \"array\": spec in body must be of type integer: \"array\"",
        ),
        (
            json!({"type": "string"}),
            json!(null),
            "Invalid value: \"null\": spec in body must be of type string: \"null\"",
        ),
        (
            date_time.clone(),
            json!("x"),
            "Invalid value: \"x\": spec in body must be of type date-time: \"x\"",
        ),
        (date_time, json!(true), "Invalid value: \"\": spec in body must be of type date-time: \"\""),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            "Invalid value: \"boolean\": spec in body must be of type integer,string: \"boolean\"",
        ),
        (json!({"type": "string", "maxLength": 1}), json!("éé"), "Too long: may not be more than 1 byte"),
        (
            json!({"type": "string", "minLength": 2}),
            json!("é"),
            "Invalid value: \"é\": spec in body should be at least 2 chars long",
        ),
        (
            json!({"type": "string", "pattern": "^a$"}),
            json!("b"),
            "Invalid value: \"b\": spec in body should match '^a$'",
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            "Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ),
        (
            json!({"type": "integer", "enum": [1, 2]}),
            json!(3),
            "Unsupported value: 3: supported values: \"1\", \"2\"",
        ),
        (
            json!({"type": "integer", "minimum": 3}),
            json!(2),
            "Invalid value: 2: spec in body should be greater than or equal to 3",
        ),
        (
            json!({"type": "integer", "minimum": 3, "exclusiveMinimum": true}),
            json!(3),
            "Invalid value: 3: spec in body should be greater than 3",
        ),
        (
            json!({"type": "number", "maximum": 2.5}),
            json!(2.75),
            "Invalid value: 2.75: spec in body should be less than or equal to 2.5",
        ),
        (
            json!({"type": "integer", "maximum": 3, "exclusiveMaximum": true}),
            json!(3),
            "Invalid value: 3: spec in body should be less than 3",
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(7),
            "Invalid value: 7: spec in body should be a multiple of 5",
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}, "minItems": 1}),
            json!([]),
            "Invalid value: 0: spec in body should have at least 1 items",
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}, "maxItems": 1}),
            json!([1, 2]),
            "Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "minProperties": 1}),
            json!({}),
            "Invalid value: 0: spec in body should have at least 1 properties",
        ),
        (
            json!({"type": "object", "maxProperties": 1, "x-kubernetes-preserve-unknown-fields": true}),
            json!({"a": 1, "b": 2}),
            "Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "additionalProperties": false}),
            json!({"a": 1}),
            "Invalid value: \"a\": spec.a in body is a forbidden property",
        ),
    ];
    for (schema, value, expected) in table {
        assert_eq!(judged(&schema, value.clone()), [format!("spec: {expected}")], "{schema} {value}");
    }
}

#[test]
fn required_members_and_values_of_maps_are_found_by_their_path() {
    let schema = json!({"type": "object", "required": ["b", "c"], "properties": {
        "a": {"type": "object", "additionalProperties": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}},
        "b": {"type": "string"}, "c": {"type": "string"}}});
    assert_eq!(
        judged(&schema, json!({"a": {"k.k": {"x": "s"}, "l": {}}, "c": "s"})),
        [
            "spec.a.k.k.x: Invalid value: \"string\": spec.a.k.k.x in body must be of type integer: \"string\"",
            "spec.a.l.x: Required value",
            "spec.b: Required value",
        ]
    );
}

#[test]
fn numbers_fit_type_and_format() {
    let plain = |text: &str| format!("<nil>: Invalid value: \"\": {text}");
    assert_eq!(
        judged(&json!({"type": "integer", "format": "int32"}), json!(3_000_000_000_u32)),
        [plain("Checked value must be of type integer with format int32 in spec")]
    );
    assert_eq!(
        judged(&json!({"type": "number", "format": "float"}), json!(1e300)),
        [plain("Checked value must be of type number with format float in spec")]
    );
    assert_eq!(
        judged(&json!({"type": "integer", "minimum": 1.5}), json!(1)),
        [
            plain("Minimum boundary value must be of type integer (default format) in spec"),
            "spec: Invalid value: 1: spec in body should be greater than or equal to 1.5".to_owned(),
        ]
    );
    assert_eq!(
        judged(&json!({"type": "integer"}), json!(1.5)),
        [
            "spec: Invalid value: \"number\": spec in body must be of type integer: \"number\"".to_owned(),
            plain("Checked value must be of type integer (default format) in spec"),
        ]
    );
    // A whole float is an integer, and an integer a number.
    assert!(judged(&json!({"type": "integer"}), json!(2.0)).is_empty());
    assert!(judged(&json!({"type": "number"}), json!(2)).is_empty());
}

/// Surprising, but the real server does it.
#[test]
fn upstreams_leniency_is_kept() {
    assert!(judged(&json!({"type": "string", "format": "date"}), json!([])).is_empty());
    assert!(judged(&json!({"type": "number", "enum": [1]}), json!(1.5)).is_empty());
    assert!(judged(&json!({"type": "string", "format": "no-such-format"}), json!("x")).is_empty());
    assert!(judged(&json!({"type": "integer", "format": "date"}), json!(1)).is_empty());
}

#[test]
fn branches_report_the_one_that_got_furthest() {
    let schema = |key: &str, list: Value| json!({"type": "string", (key): list});
    let any = schema("anyOf", json!([{"minLength": 5}, {"pattern": "^a"}]));
    assert!(judged(&any, json!("ab")).is_empty());
    assert_eq!(
        judged(&any, json!("b")),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)",
            "spec: Invalid value: \"b\": spec in body should be at least 5 chars long",
        ]
    );
    let one = schema("oneOf", json!([{"minLength": 1}, {"pattern": "^a"}]));
    assert!(judged(&one, json!("b")).is_empty());
    assert_eq!(
        judged(&one, json!("a")),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
    assert_eq!(
        judged(&schema("oneOf", json!([{"minLength": 3}])), json!("a")),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
            "spec: Invalid value: \"a\": spec in body should be at least 3 chars long",
        ]
    );
    assert_eq!(
        judged(&schema("allOf", json!([{"minLength": 3}, {"pattern": "^a"}])), json!("a")),
        [
            "spec: Invalid value: \"a\": spec in body should be at least 3 chars long",
            "<nil>: Invalid value: \"\": \"spec\" must validate all the schemas (allOf)",
        ]
    );
    assert_eq!(
        judged(&schema("not", json!({"pattern": "^a"})), json!("a")),
        ["<nil>: Invalid value: \"\": \"spec\" must not validate the schema (not)"]
    );
}

#[test]
fn unknown_fields_are_pruned_and_named() {
    let schema = schema_of(&json!({"type": "object", "properties": {
        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": {"strict": {"type": "object", "properties": {"a": {"type": "string"}}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}}}}));
    let mut object = object_of(json!({
        "x": 1, "list": [{"a": "1", "b": 2}], "free": {"y": {"z": 1}, "strict": {"a": "1", "b": 2}}, "map": {"k": "v"},
    }));
    object.insert("extra".into(), json!(1));
    object.insert("metadata".into(), json!({"name": "a", "anything": 1}));
    let mut unknown = vec!["kept".to_owned()];
    schema.prune(&mut object, &mut unknown).unwrap();
    assert_eq!(unknown, ["kept", "extra", "spec.free.strict.b", "spec.list[0].b", "spec.x"]);
    let spec =
        json!({"list": [{"a": "1"}], "free": {"y": {"z": 1}, "strict": {"a": "1"}}, "map": {"k": "v"}});
    assert_eq!(object.get("spec"), Some(&spec));
    assert_eq!(object.get("metadata"), Some(&json!({"name": "a", "anything": 1})));
}

#[test]
fn nulls_go_unless_they_may_stay_or_have_a_default() {
    let schema = schema_of(&json!({"type": "object", "properties": {
        "plain": {"type": "string"}, "nullable": {"type": "string", "nullable": true},
        "default": {"type": "string", "default": "d"},
        "both": {"type": "string", "nullable": true, "default": "d"},
        "list": {"type": "array", "items": {"type": "string", "default": "i"}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}}}}));
    let mut object = object_of(json!({
        "plain": null, "nullable": null, "default": null, "both": null, "list": [null, "x"], "map": {"k": null},
    }));
    let mut kept = object.clone();
    schema.drop_nulls(&mut object);
    schema.default(&mut object);
    let expected = json!({"nullable": null, "default": "d", "both": null, "list": ["i", "x"], "map": {}});
    assert_eq!(object.get("spec"), Some(&expected));

    schema.default(&mut kept);
    let expected = json!({
        "plain": null, "nullable": null, "default": "d", "both": null, "list": ["i", "x"], "map": {"k": null},
    });
    assert_eq!(kept.get("spec"), Some(&expected), "of an apply they stay, but for those that have a default");
}

#[test]
fn defaults_fill_what_is_absent() {
    let schema = schema_of(&json!({"type": "object", "properties": {
        "a": {"type": "string", "default": "x"},
        "b": {"type": "object", "default": {}, "properties": {"c": {"type": "integer", "default": 7}}}}}));
    let mut object = object_of(json!({"a": "given"}));
    schema.default(&mut object);
    assert_eq!(object.get("spec"), Some(&json!({"a": "given", "b": {"c": 7}})));
    let mut without = object_of(json!({}));
    without.remove("spec");
    schema.default(&mut without);
    assert_eq!(without.get("spec"), None);
}

#[test]
fn sets_and_maps_have_no_doubles() {
    let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
    assert_eq!(judged(&set, json!(["a", "b", "a", "a"])), ["spec[2]: Duplicate value: \"a\""]);
    let map = |keys: Value| {
        json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
            "items": {"type": "object", "required": ["k", "l"],
                "properties": {"k": {"type": "string"}, "l": {"type": "integer"}}}})
    };
    let items = json!([{"k": "a", "l": 1}, {"k": "a", "l": 2}, {"k": "a", "l": 1}]);
    assert_eq!(judged(&map(json!(["k"])), items.clone()), ["spec[1]: Duplicate value: {\"k\":\"a\"}"]);
    assert_eq!(judged(&map(json!(["k", "l"])), items), ["spec[2]: Duplicate value: {\"k\":\"a\",\"l\":1}"]);
}

#[test]
fn what_was_wrong_and_is_unchanged_is_let_pass_at_an_update() {
    let schema = schema_of(&json!({"type": "object", "required": ["need"], "properties": {
        "need": {"type": "string"}, "a": {"type": "string", "maxLength": 2}, "b": {"type": "string"},
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}}));
    let old = object_of(json!({"a": "long", "b": "x", "set": ["s", "s"]}));
    let update = |spec: Value| texts(&schema.validate_update(&object_of(spec), &old, Vec::new()).errors);
    assert!(update(json!({"a": "long", "b": "x", "set": ["s", "s"]})).is_empty());
    assert_eq!(update(json!({"a": "long", "b": "y", "set": ["s", "s"]})), ["spec.need: Required value"]);
    assert_eq!(
        update(json!({"a": "longer", "b": "x", "need": "n"})),
        ["spec.a: Too long: may not be more than 2 bytes"]
    );
}

#[test]
fn items_of_maps_are_compared_by_their_keys() {
    let schema = schema_of(&json!({"type": "array", "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "required": ["k"],
            "properties": {"k": {"type": "string"}, "v": {"type": "string", "maxLength": 1}}}}));
    let old = object_of(json!([{"k": "a", "v": "long"}, {"k": "b", "v": "long"}]));
    let new = object_of(json!([{"k": "b", "v": "long"}, {"k": "a", "v": "longer"}]));
    let errors = schema.validate_update(&new, &old, Vec::new()).errors;
    assert_eq!(texts(&errors), ["spec[1].v: Too long: may not be more than 1 byte"]);
}

#[test]
fn a_status_is_judged_alone() {
    let raw = json!({"type": "object", "required": ["spec"], "properties": {
        "spec": {"type": "integer"},
        "status": {"type": "object", "required": ["phase"], "properties": {"phase": {"type": "string"}}}}});
    let schema = Schema::compile(&raw).unwrap();
    let status = |value: Value| json!({"spec": "wrong", "status": value}).as_object().cloned().unwrap();
    let old = status(json!({"phase": "x"}));
    assert_eq!(
        texts(&schema.validate_status_update(&status(json!({"phase": 1})), &old, Vec::new()).errors),
        ["status.phase: Invalid value: \"integer\": phase in body must be of type string: \"integer\""]
    );
    assert_eq!(
        texts(&schema.validate_status_update(&status(json!([])), &old, Vec::new()).errors),
        ["status: Invalid value: \"array\":  in body must be of type object: \"array\""]
    );
    assert!(schema.validate_status_update(&Map::new(), &old, Vec::new()).errors.is_empty());
}

#[test]
fn embedded_resources_are_resources() {
    let schema = schema_of(&json!({"type": "object", "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true}));
    let mut object = object_of(json!({"kind": "1x", "metadata": {"name": "a/b", "bla": 1, "labels": {}}}));
    let mut unknown = Vec::new();
    schema.prune(&mut object, &mut unknown).unwrap();
    assert_eq!(unknown, ["spec.metadata.bla"]);
    assert_eq!(object.get("spec"), Some(&json!({"kind": "1x", "metadata": {"name": "a/b"}})));
    let errors = texts(&schema.validate(&object, Vec::new()).errors);
    assert_eq!(errors[0], "spec.apiVersion: Required value");
    assert!(
        errors[1]
            .starts_with("spec.kind: Invalid value: \"1x\": may have mixed case, but should otherwise match")
    );
    assert_eq!(errors[2], "spec.metadata.name: Invalid value: \"a/b\": may not contain '/'");
    let mut wrong = object_of(json!({"metadata": {"name": 5}}));
    assert_eq!(
        schema.prune(&mut wrong, &mut Vec::new()).unwrap_err().to_string(),
        "spec.metadata: Invalid value: {\"name\":5}: json: cannot unmarshal number into Go struct field \
         ObjectMeta.name of type string"
    );
}
