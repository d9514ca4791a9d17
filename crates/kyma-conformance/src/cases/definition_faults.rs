//! Definitions that are refused.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::Cause;
use crate::context::{Context, DEFINITIONS};
use crate::fixture::{definition, text, with, without};

cases! {
    "definition-faults/names" => names,
    "definition-faults/scope-and-versions" => scope_and_versions,
    "definition-faults/schema-structure" => schema_structure,
    "definition-faults/schema-keywords" => schema_keywords,
    "definition-faults/patterns" => patterns,
    "definition-faults/lists" => lists,
    "definition-faults/columns" => columns,
    "definition-faults/wrong-types" => wrong_types,
    "definition-faults/all-at-once" => all_at_once,
    "definition-faults/unknown-fields" => unknown_fields,
}

const SCHEMA: &str = "spec.validation.openAPIV3Schema";
const REQUIRED: &str = "FieldValueRequired";
const INVALID: &str = "FieldValueInvalid";
const UNSUPPORTED: &str = "FieldValueNotSupported";
const FORBIDDEN: &str = "FieldValueForbidden";

fn sound(cx: &Context) -> Value {
    let schema = json!({
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}},
    });
    definition(&cx.group(), "Thing", &schema)
}

/// A definition whose first version is changed; pointers do not lead into arrays.
fn with_version(mut definition: Value, change: impl FnOnce(Value) -> Value) -> Value {
    let version = definition["spec"]["versions"][0].take();
    definition["spec"]["versions"][0] = change(version);
    definition
}

/// The sound definition with another schema of the field `a`.
fn with_field(cx: &Context, field: &Value) -> Value {
    with_version(sound(cx), |version| {
        with(version, "/schema/openAPIV3Schema/properties/spec/properties/a", field.clone())
    })
}

async fn refused(cx: &Context, definition: &Value, causes: &[Cause<'_>]) -> Outcome {
    let answer = cx.post(DEFINITIONS, definition).await?;
    if answer.code() == 201 {
        cx.remember(format!("{DEFINITIONS}/{}", text(definition, "/metadata/name")));
    }
    answer.invalid(causes)
}

async fn names(cx: &Context) -> Outcome {
    let sound = sound(cx);
    let composed = "must be spec.names.plural+\".\"+spec.group";
    let name = text(&sound, "/metadata/name");
    let not_composed = format!("Invalid value: \"{name}\": {composed}");
    refused(
        cx,
        &with(sound.clone(), "/metadata/name", "x"),
        &[(INVALID, "metadata.name", &format!("Invalid value: \"x\": {composed}"))],
    )
    .await?;
    refused(
        cx,
        &without(sound.clone(), "/spec/group"),
        &[(INVALID, "metadata.name", &not_composed), (REQUIRED, "spec.group", "Required value")],
    )
    .await?;
    let no_dot = with(with(sound.clone(), "/spec/group", "nodot"), "/metadata/name", "things.nodot");
    let message = "Invalid value: \"nodot\": should be a domain with at least one dot";
    refused(cx, &no_dot, &[(INVALID, "spec.group", message)]).await?;
    refused(
        cx,
        &without(sound.clone(), "/spec/names/kind"),
        &["spec.names.singular", "spec.names.kind", "spec.names.listKind"]
            .map(|field| (REQUIRED, field, "Required value")),
    )
    .await?;
    refused(
        cx,
        &without(sound.clone(), "/spec/names/plural"),
        &[(INVALID, "metadata.name", &not_composed), (REQUIRED, "spec.names.plural", "Required value")],
    )
    .await?;
    let label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                 character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                 validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    refused(
        cx,
        &with(sound, "/spec/names/plural", "Things"),
        &[
            (INVALID, "metadata.name", &not_composed),
            (INVALID, "spec.names.plural", &format!("Invalid value: \"Things\": {label}")),
        ],
    )
    .await
}

async fn scope_and_versions(cx: &Context) -> Outcome {
    let sound = sound(cx);
    refused(cx, &without(sound.clone(), "/spec/scope"), &[(REQUIRED, "spec.scope", "Required value")])
        .await?;
    let message = "Unsupported value: \"Planet\": supported values: \"Cluster\", \"Namespaced\"";
    refused(cx, &with(sound.clone(), "/spec/scope", "Planet"), &[(UNSUPPORTED, "spec.scope", message)])
        .await?;
    let message = "Invalid value: []: must have exactly one version marked as storage version";
    let stored = "Invalid value: null: must have at least one stored version";
    refused(
        cx,
        &with(sound.clone(), "/spec/versions", json!([])),
        &[(INVALID, "spec.versions", message), (INVALID, "status.storedVersions", stored)],
    )
    .await?;
    let no_schema = with_version(sound.clone(), |version| without(version, "/schema"));
    let field = "spec.versions[0].schema.openAPIV3Schema";
    refused(cx, &no_schema, &[(REQUIRED, field, "Required value")]).await?;

    // These messages show the versions as Go structs, so only their fields are compared.
    let first = sound["spec"]["versions"][0].clone();
    let no_storage = with_version(sound.clone(), |version| with(version, "/storage", false));
    let twice = with(sound.clone(), "/spec/versions", json!([first, with(first.clone(), "/storage", false)]));
    let two_stored = with(sound, "/spec/versions", json!([first, with(first.clone(), "/name", "v2")]));
    for definition in [no_storage, twice, two_stored] {
        let body = cx.post(DEFINITIONS, &definition).await?.refused_as(422, "Invalid")?;
        same("field", &body["details"]["causes"][0]["field"], &"spec.versions")?;
    }
    Ok(())
}

async fn schema_structure(cx: &Context) -> Outcome {
    let root = format!("{SCHEMA}.type");
    let no_root = with_version(sound(cx), |version| without(version, "/schema/openAPIV3Schema/type"));
    refused(cx, &no_root, &[(REQUIRED, &root, "Required value: must not be empty at the root")]).await?;
    let string = with_version(sound(cx), |version| {
        with(version, "/schema/openAPIV3Schema", json!({"type": "string"}))
    });
    let message = "Invalid value: \"string\": only \"object\" is allowed as the type at the root of the schema if the \
                   status subresource is enabled";
    refused(
        cx,
        &string,
        &[
            (INVALID, &root, message),
            (INVALID, &root, "Invalid value: \"string\": must be object at the root"),
        ],
    )
    .await?;
    let field = format!("{SCHEMA}.properties[spec].properties[a].type");
    let message = "Required value: must not be empty for specified object fields";
    refused(cx, &with_field(cx, &json!({})), &[(REQUIRED, &field, message)]).await?;
    let metadata = with_version(sound(cx), |version| {
        let schema = json!({"type": "object", "properties": {"labels": {"type": "object"}}});
        with(version, "/schema/openAPIV3Schema/properties/metadata", schema)
    });
    let message = "Forbidden: must not specify anything other than name and generateName, but metadata is implicitly \
                   specified";
    refused(cx, &metadata, &[(FORBIDDEN, &format!("{SCHEMA}.properties[metadata]"), message)]).await
}

async fn schema_keywords(cx: &Context) -> Outcome {
    let field = format!("{SCHEMA}.properties[spec].properties[a]");
    for (schema, reason, keyword, message) in [
        (
            json!({"type": "text"}),
            UNSUPPORTED,
            ".type",
            "Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \
             \"object\", \"string\"",
        ),
        (
            json!({"type": "string", "pattern": "a**"}),
            INVALID,
            ".pattern",
            "Invalid value: \"a**\": must be a valid regular expression, but isn't: error parsing regexp: invalid \
             nested repetition operator: `**`",
        ),
        (
            json!({"type": "string", "default": 5}),
            "FieldValueTypeInvalid",
            ".default",
            "Invalid value: \"integer\":  in body must be of type string: \"integer\"",
        ),
        (json!({"type": "string", "$ref": "#/x"}), FORBIDDEN, ".$ref", "Forbidden: $ref is not supported"),
        (
            json!({"type": "string", "uniqueItems": true}),
            FORBIDDEN,
            ".uniqueItems",
            "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            json!({"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": false}),
            FORBIDDEN,
            ".additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
        ),
    ] {
        refused(cx, &with_field(cx, &schema), &[(reason, &format!("{field}{keyword}"), message)]).await?;
    }
    let preserve = with(sound(cx), "/spec/preserveUnknownFields", true);
    let message = "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                   spec.versions[*].schema instead";
    refused(cx, &preserve, &[(INVALID, "spec.preserveUnknownFields", message)]).await
}

async fn patterns(cx: &Context) -> Outcome {
    for (pattern, problem) in [
        ("a{2}+?", "invalid nested repetition operator: `{2}+?`"),
        ("[a", "missing closing ]: `[a`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("b*a|*a", "missing argument to repetition operator: `*`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(a)\\1", "invalid escape sequence: `\\1`"),
        ("[z-a]+", "invalid character class range: `z-a`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        ("(?P<a", "invalid named capture: `(?P<a`"),
    ] {
        let shown = json!(pattern);
        let message = format!(
            "Invalid value: {shown}: must be a valid regular expression, but isn't: error parsing regexp: {problem}"
        );
        let field = format!("{SCHEMA}.properties[spec].properties[a].pattern");
        let definition = with_field(cx, &json!({"type": "string", "pattern": pattern}));
        refused(cx, &definition, &[(INVALID, &field, &message)]).await?;
    }
    Ok(())
}

async fn lists(cx: &Context) -> Outcome {
    let field = format!("{SCHEMA}.properties[spec].properties[a]");
    let items = json!({"type": "object", "properties": {"key": {"type": "string"}}});
    for (schema, reason, keyword, message) in [
        (json!({"type": "array"}), REQUIRED, ".items", "Required value: must be specified"),
        (
            json!({"type": "array", "items": items, "x-kubernetes-list-type": "map"}),
            REQUIRED,
            ".x-kubernetes-list-map-keys",
            "Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            json!({"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["z"]}),
            INVALID,
            ".x-kubernetes-list-map-keys",
            "Invalid value: [\"z\"]: entries must all be names of item properties",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "bag"}),
            UNSUPPORTED,
            ".x-kubernetes-list-type",
            "Unsupported value: \"bag\": supported values: \"atomic\", \"set\", \"map\"",
        ),
    ] {
        refused(cx, &with_field(cx, &schema), &[(reason, &format!("{field}{keyword}"), message)]).await?;
    }
    Ok(())
}

async fn columns(cx: &Context) -> Outcome {
    for (column, reason, field, message) in [
        (
            json!({"name": "A", "type": "string", "jsonPath": "spec.a"}),
            INVALID,
            "spec.additionalPrinterColumns[0].JSONPath",
            "Invalid value: \"spec.a\": must be a simple json path starting with .",
        ),
        (
            json!({"name": "A", "type": "text", "jsonPath": ".spec.a"}),
            INVALID,
            "spec.additionalPrinterColumns[0].type",
            "Invalid value: \"text\": must be one of boolean,date,integer,number,string",
        ),
        (
            json!({"type": "string", "jsonPath": ".spec.a"}),
            REQUIRED,
            "spec.additionalPrinterColumns[0].name",
            "Required value",
        ),
    ] {
        let definition =
            with_version(sound(cx), |version| with(version, "/additionalPrinterColumns", json!([column])));
        refused(cx, &definition, &[(reason, field, message)]).await?;
    }
    Ok(())
}

async fn wrong_types(cx: &Context) -> Outcome {
    let answer = cx.post(DEFINITIONS, &with(sound(cx), "/spec/versions", "x")).await?;
    answer.refused_as(400, "BadRequest")?;
    let start =
        "CustomResourceDefinition in version \"v1\" cannot be handled as a CustomResourceDefinition: ";
    holds("message", answer.message().starts_with(start), &answer.message())
}

async fn all_at_once(cx: &Context) -> Outcome {
    let definition = without(with(sound(cx), "/spec/scope", "Planet"), "/spec/names/kind");
    let scope = "Unsupported value: \"Planet\": supported values: \"Cluster\", \"Namespaced\"";
    let required = |field| (REQUIRED, field, "Required value");
    let causes = [
        (UNSUPPORTED, "spec.scope", scope),
        required("spec.names.singular"),
        required("spec.names.kind"),
        required("spec.names.listKind"),
    ];
    refused(cx, &definition, &causes).await
}

async fn unknown_fields(cx: &Context) -> Outcome {
    let definition = with(sound(cx), "/spec/more", 1);
    let strict = cx.post(&format!("{DEFINITIONS}?fieldValidation=Strict"), &definition).await?;
    strict.refused(&json!({
        "message":
            "CustomResourceDefinition in version \"v1\" cannot be handled as a CustomResourceDefinition: strict \
             decoding error: unknown field \"spec.more\"",
        "reason": "BadRequest", "code": 400,
    }))?;
    let answer = cx.post(&format!("{DEFINITIONS}?dryRun=All"), &definition).await?;
    same("dropped", &answer.created()?["spec"]["more"], &Value::Null)?;
    same("warnings", &answer.warnings(), &["unknown field \"spec.more\""])
}
