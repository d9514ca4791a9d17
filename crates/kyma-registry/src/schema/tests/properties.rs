use proptest::prelude::*;

use super::*;

/// Structural schemas of some depth.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": "string", "default": "d", "nullable": true})),
        Just(json!({"type": "integer", "default": 1})),
        Just(json!({"x-kubernetes-int-or-string": true})),
        Just(json!({"type": "boolean", "nullable": true})),
    ];
    leaf.prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            prop::collection::btree_map("[abc]", inner.clone(), 0..3).prop_map(|properties| {
                let properties: Map<String, Value> = properties.into_iter().collect();
                json!({"type": "object", "properties": properties})
            }),
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            inner.prop_map(|values| json!({"type": "object", "additionalProperties": values, "default": {}})),
            Just(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3i64).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abcd]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// JSON with the members of schemas at all places, sensible or not.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1.5)),
        "object|array|string|integer|set|map|\\[|date".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "type",
        "properties",
        "items",
        "additionalProperties",
        "anyOf",
        "not",
        "default",
        "enum",
        "pattern",
        "format",
        "minimum",
        "required",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-preserve-unknown-fields",
    ]);
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn pruning_and_defaulting_twice_is_doing_it_once(spec in schema(), value in value()) {
        let schema = schema_of(&spec);
        let mut once = object_of(value);
        schema.prune(&mut once, &mut Vec::new()).unwrap();
        schema.default(&mut once);
        let mut twice = once.clone();
        let mut unknown = Vec::new();
        schema.prune(&mut twice, &mut unknown).unwrap();
        schema.default(&mut twice);
        prop_assert_eq!(twice, once);
        prop_assert!(unknown.is_empty());
    }

    #[test]
    fn an_object_that_does_not_change_is_always_let_pass(spec in schema(), value in value()) {
        let schema = schema_of(&spec);
        let mut object = object_of(value);
        // Metadata has no schema, and so counts as changed; the root of these schemas asks for nothing.
        schema.prune(&mut object, &mut Vec::new()).unwrap();
        prop_assert_eq!(schema.validate_update(&object, &object, Vec::new()).errors, Vec::new());
    }

    #[test]
    fn no_schema_makes_the_compiler_panic(raw in anything(), value in value()) {
        if let Ok(schema) = Schema::compile(&raw) {
            let mut object = object_of(value);
            let _ = schema.prune(&mut object, &mut Vec::new());
            schema.default(&mut object);
            schema.validate(&object, Vec::new());
        }
        let _ = Schema::compile(&with_spec(&raw));
    }
}
