//! Requests with more than one fault: which is looked at first, and what the others do then. Most were found by the
//! differential fuzzer.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{JSON_PATCH, MERGE, STRATEGIC};
use crate::context::{Context, config_maps};
use crate::fixture::{Kind, config_map, lease, with, without};

cases! {
    "precedence/namespace-before-absence" => namespace_before_absence,
    "precedence/update-that-creates" => update_that_creates,
    "precedence/immutable-before-keys" => immutable_before_keys,
    "precedence/preconditions-of-the-query" => preconditions_of_the_query,
    "precedence/events-by-path-segments" => events_by_path_segments,
    "precedence/events-of-the-newer-group" => events_of_the_newer_group,
    "precedence/built-in-without-a-version" => built_in_without_a_version,
    "precedence/kind-that-is-a-number" => kind_that_is_a_number,
    "precedence/custom-of-another-version" => custom_of_another_version,
    "precedence/custom-without-a-version" => custom_without_a_version,
    "precedence/custom-without-a-kind" => custom_without_a_kind,
    "precedence/custom-metadata-thrice" => custom_metadata_thrice,
    "precedence/finalizer-without-a-domain" => finalizer_without_a_domain,
    "precedence/null-that-is-applied" => null_that_is_applied,
    "precedence/more-behind-a-part" => more_behind_a_part,
    "precedence/selector-before-version" => selector_before_version,
    "precedence/cut-off-literal" => cut_off_literal,
    "precedence/patches-that-nobody-looks-into" => patches_that_nobody_looks_into,
    "precedence/version-of-a-dry-run" => version_of_a_dry_run,
}

const ELSEWHERE: &str =
    "the namespace of the provided object does not match the namespace sent on the request";
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";
const NOT_QUALIFIED: &str = "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', \
    and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
    validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn leases(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
}

fn bad_request(message: &str) -> Value {
    json!({"message": message, "reason": "BadRequest", "code": 400})
}

async fn made(cx: &Context) -> Outcome<(Kind, Value)> {
    let widgets = cx.widgets().await?;
    let object = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    Ok((widgets, object))
}

async fn namespace_before_absence(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("b"), "/metadata/namespace", "elsewhere");
    cx.put(&format!("{path}/absent"), &object).await?.refused(&bad_request(ELSEWHERE))?;
    cx.post(&path, &config_map("a")).await?.created()?;
    let both = json!({"metadata": {"namespace": "elsewhere", "name": null, "resourceVersion": "nonsense"}});
    cx.patch(&format!("{path}/a"), MERGE, &both).await?.refused(&bad_request(ELSEWHERE))
}

/// Its UID and its version are looked at before anything else of the object, and what was sent is owned, although it is not
/// kept.
async fn update_that_creates(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let item = format!("{}/a", leases(&namespace));
    let bad = with(lease("a"), "/spec/leaseDurationSeconds", -1);
    let conflict = |key: &str| {
        json!({
            "message": format!(
                "Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": StorageError: invalid object, Code: 4, \
                 Key: {key}leases/{namespace}/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in \
                 precondition: {NO_UID}, UID in object meta: "
            ),
            "reason": "Conflict", "code": 409,
            "details": {"name": "a", "group": "coordination.k8s.io", "kind": "leases"},
        })
    };
    let with_uid = with(bad.clone(), "/metadata/uid", NO_UID);
    cx.put(&item, &with_uid).await?.refused(&conflict("/registry/"))?;
    cx.put(&format!("{item}?dryRun=All"), &with_uid).await?.refused(&conflict("/"))?;
    let number = json!({"message": "strconv.ParseUint: parsing \"nonsense\": invalid syntax", "code": 500});
    cx.put(&item, &with(bad.clone(), "/metadata/resourceVersion", "nonsense")).await?.refused(&number)?;
    cx.put(&item, &with(bad, "/metadata/resourceVersion", "5")).await?.refused_as(422, "Invalid")?;
    let deleted = with(lease("a"), "/metadata/deletionTimestamp", "2020-01-01T00:00:00Z");
    let made = cx.put(&item, &with(deleted, "/metadata/resourceVersion", "5")).await?.coded(201)?;
    same("it is not being deleted", &made["metadata"]["deletionTimestamp"], &Value::Null)?;
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"];
    same("but that is owned", owned, &json!({"f:deletionTimestamp": {}}))
}

async fn immutable_before_keys(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &with(config_map("a"), "/immutable", true)).await?.created()?;
    let bad = without(with(config_map("a"), "/data", json!({"a b": ""})), "/immutable");
    let message = cx.put(&format!("{path}/a"), &bad).await?.message();
    let order =
        ["immutable: Forbidden", "data: Forbidden", "data[a b]: Invalid"].map(|part| message.find(part));
    holds("in this order", order.is_sorted() && order[0].is_some(), &message)
}

async fn preconditions_of_the_query(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let made = cx.post(&path, &config_map("a")).await?.created()?;
    for query in ["resourceVersion=nonsense", "resourceVersion=1"] {
        cx.delete(&format!("{path}/a?{query}")).await?.refused_as(409, "Conflict")?;
    }
    let version = made["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    cx.delete(&format!("{path}/a?resourceVersion={version}")).await?.ok().map(drop)
}

fn event(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "reason": "Because", "message": "text",
        "involvedObject": {"kind": "ConfigMap", "namespace": namespace, "name": "a"}, "type": "Normal",
    })
}

/// The core group's Event is judged by rules of its own, and by those of all kinds only where it passes them.
async fn events_by_path_segments(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = format!("/api/v1/namespaces/{namespace}/events");
    cx.post(&path, &event(&namespace, "Any_Name")).await?.created()?;
    let held = with(event(&namespace, "held"), "/metadata/finalizers", json!(["short"]));
    cx.post(&path, &held).await?.created()?;
    cx.patch(&format!("{path}/held"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    let slash = ("FieldValueInvalid", "metadata.name", "Invalid value: \"a/b\": may not contain '/'");
    cx.post(&path, &event(&namespace, "a/b")).await?.invalid(&[slash])?;
    let label = with(event(&namespace, "c"), "/metadata/labels", json!({"a b": ""}));
    cx.post(&path, &label).await?.invalid(&[("FieldValueInvalid", "metadata.labels", NOT_QUALIFIED)])?;
    let elsewhere = with(label, "/involvedObject/namespace", "elsewhere");
    let message = "Invalid value: \"elsewhere\": does not match event.namespace";
    let cause = ("FieldValueInvalid", "involvedObject.namespace", message);
    cx.post(&path, &elsewhere).await?.invalid(&[cause])
}

async fn events_of_the_newer_group(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "a", "finalizers": ["short"]},
        "eventTime": "2026-01-01T00:00:00.000000Z", "action": "Act", "reason": "Because", "type": "Normal",
        "reportingController": "example.com/c", "reportingInstance": "i",
        "regarding": {"kind": "ConfigMap", "namespace": namespace, "name": "a"},
    });
    let message =
        "Invalid value: \"short\": name is neither a standard finalizer name nor is it fully qualified";
    cx.post(&path, &event).await?.invalid(&[("FieldValueInvalid", "metadata.finalizers[0]", message)])?;
    let event = without(event, "/metadata/finalizers");
    let named = with(event.clone(), "/metadata/name", "Any_Name");
    let body = cx.post(&path, &named).await?.refused_as(422, "Invalid")?;
    same("of its name", &body["details"]["causes"][0]["field"], &json!("metadata.name"))?;
    same("it has no group", &body["details"].get("group"), &None)?;
    let old = with(without(event.clone(), "/eventTime"), "/deprecatedCount", 1);
    cx.post(&path, &with(old, "/type", "Odd")).await?.invalid(&[
        ("FieldValueRequired", "eventTime", "Required value"),
        ("FieldValueInvalid", "type", "Invalid value: \"\": has invalid value: Odd"),
        ("FieldValueInvalid", "count", "Invalid value: \"\": needs to be unset"),
    ])?;
    cx.post(&path, &event).await?.created()?;
    let change = json!({"note": "new", "regarding": {"name": "b"}, "series": {"count": 1}});
    let regarding = format!(
        "Invalid value: {{\"Kind\":\"ConfigMap\",\"Namespace\":\"{namespace}\",\"Name\":\"b\",\"UID\":\"\",\
         \"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}}: field is immutable"
    );
    cx.patch(&format!("{path}/a"), MERGE, &change).await?.invalid(&[
        ("FieldValueInvalid", "series.count", "Invalid value: \"\": should be at least 2"),
        ("FieldValueRequired", "series.lastObservedTime", "Required value"),
        ("FieldValueInvalid", "involvedObject", &regarding),
        ("FieldValueInvalid", "message", "Invalid value: \"new\": field is immutable"),
    ])
}

/// The real server takes it for its internal version, which has other names in JSON.
async fn built_in_without_a_version(cx: &Context) -> Outcome {
    let item = format!("{}/a", config_maps(&cx.namespace().await?));
    cx.post(item.trim_end_matches("/a"), &config_map("a")).await?.created()?;
    let nameless = "the name of the object (a based on URL) was undeterminable: name must be provided";
    for (media_type, patch) in [
        (MERGE, json!({"apiVersion": "", "data": {"key": 5}})),
        (JSON_PATCH, json!([{"op": "remove", "path": "/apiVersion"}])),
    ] {
        let answer = cx.patch(&item, media_type, &patch).await?;
        answer.refused(&bad_request(nameless))?;
        same("warnings", &answer.warnings(), &["unknown field \"data\"", "unknown field \"metadata\""])?;
        let silent = cx.patch(&format!("{item}?fieldValidation=Ignore"), media_type, &patch).await?;
        silent.refused(&bad_request(nameless))?;
        same("warnings", &silent.warnings(), &[""; 0])?;
        let strict = cx.patch(&format!("{item}?fieldValidation=Strict"), media_type, &patch).await?;
        strict.refused_as(422, "Invalid")?;
        let end = "strict decoding error: unknown field \"data\", unknown field \"metadata\"";
        holds("the fields are named", strict.message().ends_with(end), &strict.message())?;
    }
    let other = cx.patch(&item, MERGE, &json!({"apiVersion": "", "kind": "Other"})).await?;
    let end = "no kind \"Other\" is registered for the internal version of group \"\" in scheme \"pkg/runtime/scheme.go:111\"";
    other.refused_as(422, "Invalid")?;
    holds("another kind without a version", other.message().ends_with(end), &other.message())
}

async fn kind_that_is_a_number(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &config_map("a")).await?.created()?;
    let message = "Invalid value: \"map[kind:1]\": cannot convert int64 to string";
    let patch = cx.patch(&format!("{path}/a"), STRATEGIC, &json!({"kind": 1}));
    patch.await?.invalid(&[("FieldValueInvalid", "patch", message)])
}

/// It is judged behind the metadata that all kinds share, and named without the group that it does not say.
async fn custom_of_another_version(cx: &Context) -> Outcome {
    let (widgets, made) = made(cx).await?;
    let item = widgets.item("a");
    let message = format!("Invalid value: \"v9\": must be {}", widgets.api_version());
    let version = ("FieldValueInvalid", "apiVersion", &*message);
    let label = ("FieldValueInvalid", "metadata.labels", NOT_QUALIFIED);
    let answer = cx.patch(&item, MERGE, &json!({"apiVersion": "v9", "surplus": 1})).await?;
    answer.invalid(&[version])?;
    same(
        "details",
        &without(answer.value()["details"].clone(), "/causes"),
        &json!({"name": "a", "kind": "Widget"}),
    )?;
    same("nothing is unknown there", &answer.warnings(), &[""; 0])?;
    let labelled = json!({"apiVersion": "v9", "metadata": {"labels": {"a b": ""}}, "spec": {"must": 5}});
    cx.patch(&item, MERGE, &labelled).await?.invalid(&[label, label, version])?;
    cx.patch(&item, MERGE, &json!({"apiVersion": "a/b/c"})).await?.refused_as(422, "Invalid")?;

    let other = with(made.clone(), "/apiVersion", "v9");
    let message = format!(
        "the API version in the data (v9) does not match the expected API version ({})",
        widgets.api_version()
    );
    cx.put(&item, &other).await?.refused(&bad_request(&message))?;
    let time = with(with(other, "/metadata/creationTimestamp", "soon"), "/kind", "Other");
    let message = "Other in version \"v9\" cannot be handled as a Widget: parsing time \"soon\" as \
        \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"";
    cx.put(&item, &time).await?.refused(&bad_request(message))?;
    same("nothing changed", &cx.get(&item).await?.ok()?, &made)
}

async fn custom_without_a_version(cx: &Context) -> Outcome {
    let (widgets, made) = made(cx).await?;
    let item = widgets.item("a");
    let missing = "Object 'apiVersion' is missing in 'object has no apiVersion field'";
    let internal = json!({
        "message": format!("Internal error occurred: {missing}"), "reason": "InternalError", "code": 500,
        "details": {"causes": [{"message": missing}]},
    });
    for version in [json!(""), Value::Null] {
        let patch = json!({"apiVersion": version, "spec": {"must": 5}});
        cx.patch(&item, MERGE, &patch).await?.refused(&internal)?;
        let nameless = json!({"apiVersion": version, "metadata": {"name": "b"}});
        cx.patch(&item, MERGE, &nameless).await?.refused_as(400, "BadRequest")?;
    }
    let message = "Widget in version \"\" cannot be handled as a Widget: .apiVersion accessor error: <nil> is of the type \
        <nil>, expected string";
    cx.put(&item, &with(made.clone(), "/apiVersion", Value::Null)).await?.refused(&bad_request(message))?;
    let surplus = with(with(made, "/apiVersion", ""), "/metadata/surplus", 1);
    cx.put(&format!("{item}?fieldValidation=Strict"), &surplus).await?.refused(&bad_request(missing))
}

async fn custom_without_a_kind(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = widgets.path();
    for kind in [json!(""), Value::Null] {
        let object = with(widgets.object("a", &json!({"must": "m"})), "/kind", kind);
        let strict = cx.post(&path, &object).await?.refused_as(400, "BadRequest")?;
        let message = strict["message"].as_str().unwrap_or_default().to_owned();
        let start =
            "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in ";
        holds("it is not recognized", message.starts_with(start), &message)?;
        let lax = cx.post(&format!("{path}?fieldValidation=Ignore"), &object).await?;
        let message = format!(
            "Widget in version \"v1\" cannot be handled as a Widget: Object 'Kind' is missing in '{object}'"
        );
        lax.refused(&bad_request(&message))?;
    }
    Ok(())
}

async fn custom_metadata_thrice(cx: &Context) -> Outcome {
    let (widgets, _) = made(cx).await?;
    let label = ("FieldValueInvalid", "metadata.labels", NOT_QUALIFIED);
    let uid = format!("Invalid value: \"{NO_UID}\": field is immutable");
    let uid = ("FieldValueInvalid", "metadata.uid", &*uid);
    let bad = json!({"metadata": {"labels": {"a b": ""}, "uid": NO_UID}});
    cx.patch(&widgets.item("a"), MERGE, &bad).await?.invalid(&[label, label, uid, label, uid])
}

async fn finalizer_without_a_domain(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = widgets.path();
    let warning = "metadata.finalizers: \"short\": prefer a domain-qualified finalizer name to avoid accidental conflicts \
        with other finalizer writers";
    let object = widgets.object("a", &json!({"must": "m"}));
    let held = with(object, "/metadata/finalizers", json!(["short", "orphan", "example.com/long"]));
    for code in [201, 409] {
        let answer = cx.post(&path, &held).await?;
        same("code", &answer.code(), &code)?;
        same("warnings", &answer.warnings(), &[warning])?;
    }
    let kept = cx.patch(&widgets.item("a"), MERGE, &json!({"spec": {"must": "n"}})).await?;
    same("what was there is no news", &kept.warnings(), &[""; 0])?;
    cx.patch(&widgets.item("a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok().map(drop)
}

async fn null_that_is_applied(cx: &Context) -> Outcome {
    let (widgets, _) = made(cx).await?;
    let nothing = json!({"must": null, "filled": null});
    let message = "Invalid value: \"null\": spec.must in body must be of type string: \"null\"";
    for name in ["a", "new"] {
        let applied =
            cx.call(http::Method::PATCH, &format!("{}?fieldManager=me&force=true", widgets.item(name)));
        let applied =
            applied.body("application/apply-patch+yaml", widgets.object(name, &nothing).to_string());
        applied.await?.invalid(&[("FieldValueTypeInvalid", "spec.must", message)])?;
    }
    let required = ("FieldValueRequired", "spec.must", "Required value");
    cx.post(&widgets.path(), &widgets.object("b", &nothing)).await?.invalid(&[required])
}

/// A custom kind's server looks at the name of the part only.
async fn more_behind_a_part(cx: &Context) -> Outcome {
    let (widgets, made) = made(cx).await?;
    let beyond = format!("{}/status/more", widgets.item("a"));
    same("it is the object", &cx.get(&beyond).await?.ok()?, &made)?;
    let written = cx.patch(&beyond, MERGE, &json!({"status": {"phase": "On"}})).await?.ok()?;
    same("its status is written", &written["status"], &json!({"phase": "On"}))?;
    let not_found = json!({
        "message": format!("{} \"a\" not found", widgets.resource()), "reason": "NotFound", "code": 404,
        "details": widgets.details("a"),
    });
    cx.get(&format!("{}/absent/more", widgets.item("a"))).await?.refused(&not_found)
}

async fn selector_before_version(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let unknown = bad_request("field label not supported: spec.must");
    let query = "fieldSelector=spec.must%3Dm&resourceVersion=nonsense";
    cx.get(&format!("{}?{query}", widgets.path())).await?.refused(&unknown)
}

async fn cut_off_literal(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    for (body, problem) in [
        ("{\"data\":nul", "invalid character ' ' in literal null (expecting 'l')"),
        ("{\"data\":-", "invalid character ' ' in numeric literal"),
        ("{\"data\":1", "unexpected end of JSON input"),
    ] {
        let message = format!(
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: \
             {problem} ({body})"
        );
        let post = cx.call(http::Method::POST, &path).body("application/json", body);
        post.await?.refused(&bad_request(&message))?;
    }
    Ok(())
}

async fn patches_that_nobody_looks_into(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &config_map("a")).await?.created()?;
    let ignoring = format!("{path}/a?fieldValidation=Ignore");
    let message = "json: cannot unmarshal object into Go value of type jsonpatch.Patch";
    cx.patch(&ignoring, JSON_PATCH, &json!({})).await?.refused(&bad_request(message))?;
    let list = json!([{"a": null, "b": 1}, null]);
    let body = cx.patch(&ignoring, MERGE, &list).await?.refused_as(422, "Invalid")?;
    let cause = body["details"]["causes"][0]["message"].as_str().unwrap_or_default().to_owned();
    let start = "Invalid value: \"[{\\\"b\\\":1},null]\": couldn't get version/kind; json parse error: json: cannot unmarshal \
        array into Go value of type struct";
    holds("the list is shown without null members", cause.starts_with(start), &cause)
}

async fn version_of_a_dry_run(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    for version in ["nonsense", "0"] {
        let object = with(config_map("a"), "/metadata/resourceVersion", version);
        let made = cx.post(&format!("{path}?dryRun=All"), &object).await?.created()?;
        same("what was sent stays", &made["metadata"]["resourceVersion"], &json!(version))?;
    }
    let made = cx.post(&format!("{path}?dryRun=All"), &config_map("a")).await?.created()?;
    same("without one", &made["metadata"].get("resourceVersion"), &None)
}
