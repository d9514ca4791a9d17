//! Definitions of custom resources: from created to served to gone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Failure, Outcome, holds, same};
use crate::client::{JSON_PATCH, MERGE};
use crate::context::{Context, DEFINITIONS, NAMESPACES};
use crate::fixture::{Kind, condition, definition, names, text, with};
use crate::poll::eventually;

cases! {
    "definitions/filled-in" => filled_in,
    "definitions/established" => established,
    "definitions/served-soon" => served_soon,
    "definitions/cluster-scoped" => cluster_scoped,
    "definitions/default-columns" => default_columns,
    "definitions/names-conflict" => names_conflict,
    "definitions/change-of-schema-is-in-force" => change_of_schema_is_in_force,
    "definitions/short-name-added" => short_name_added,
    "definitions/what-cannot-change" => what_cannot_change,
    "definitions/two-versions" => two_versions,
    "definitions/another-version-is-stored" => another_version_is_stored,
    "definitions/deletion-removes-objects" within 60 => deletion_removes_objects,
    "definitions/deletion-waits-for-finalizers" within 90 => deletion_waits_for_finalizers,
    "definitions/made-again" within 60 => made_again,
}

const SOON: Duration = Duration::from_secs(20);

fn item(kind: &Kind) -> String {
    format!("{DEFINITIONS}/{}", kind.definition)
}

fn object_schema() -> Value {
    json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}}})
}

async fn filled_in(cx: &Context) -> Outcome {
    let sent = definition(&cx.group(), "Thing", &object_schema());
    let made = cx.post(DEFINITIONS, &sent).await?.created()?;
    cx.remember(format!("{DEFINITIONS}/{}", text(&sent, "/metadata/name")));
    let expected = json!({"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"});
    same("names", &made["spec"]["names"], &expected)?;
    same("conversion", &made["spec"]["conversion"], &json!({"strategy": "None"}))?;
    same("generation", &made["metadata"]["generation"], &1)?;
    same("storedVersions", &made["status"]["storedVersions"], &json!(["v1"]))?;
    same("versions", &made["spec"]["versions"], &sent["spec"]["versions"])
}

async fn established(cx: &Context) -> Outcome {
    let kind = cx.install(&definition(&cx.group(), "Thing", &object_schema())).await?;
    let object = eventually("it is established", SOON, || async {
        let object = cx.get(&item(&kind)).await?.ok()?;
        let done = condition(&object, "Established")["status"] == "True";
        Ok(if done { Ok(object) } else { Err(object["status"].to_string()) })
    })
    .await?;
    for (kind, reason, message) in [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ] {
        let expected = json!({"type": kind, "status": "True", "reason": reason, "message": message});
        same(kind, &condition(&object, kind), &expected)?;
    }
    same("acceptedNames", &object["status"]["acceptedNames"], &object["spec"]["names"])?;
    same("generation", &object["metadata"]["generation"], &1)
}

async fn served_soon(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let list = cx.get(&widgets.path()).await?.ok()?;
    same("items", &list["items"], &json!([]))?;
    let groups = eventually("the group is discovered", SOON, || async {
        let answer = cx.get(&format!("/apis/{}", widgets.group)).await?;
        Ok(if answer.code() == 200 { Ok(answer.value()) } else { Err(answer.shown()) })
    })
    .await?;
    same("preferred", &groups["preferredVersion"]["version"], &"v1")
}

async fn cluster_scoped(cx: &Context) -> Outcome {
    let sent = with(definition(&cx.group(), "Thing", &object_schema()), "/spec/scope", "Cluster");
    let kind = cx.install(&sent).await?;
    let made = cx.post(&kind.path(), &kind.object("a", &json!({"a": "b"}))).await?.created()?;
    same("namespace", &made["metadata"]["namespace"], &Value::Null)?;
    // A namespace that is given all the same is dropped.
    let object = with(kind.object("b", &json!({})), "/metadata/namespace", "somewhere");
    same(
        "dropped",
        &cx.post(&kind.path(), &object).await?.created()?["metadata"]["namespace"],
        &Value::Null,
    )?;
    same("list", &names(&cx.get(&kind.path()).await?.ok()?), &["a", "b"])?;
    let inside = format!("/apis/{}/v1/namespaces/default/things", kind.group);
    same("not in a namespace", &cx.get(&inside).await?.code(), &404)
}

async fn default_columns(cx: &Context) -> Outcome {
    let mut sent = definition(&cx.group(), "Thing", &object_schema());
    if let Some(version) = sent["spec"]["versions"][0].as_object_mut() {
        version.remove("additionalPrinterColumns");
    }
    let kind = cx.install(&sent).await?;
    cx.post(&kind.path(), &kind.object("a", &json!({}))).await?.created()?;
    let table = cx.get(&kind.path()).accept(crate::client::TABLE).await?.ok()?;
    let columns = table["columnDefinitions"].as_array().into_iter().flatten().map(|column| &column["name"]);
    same("columns", &columns.collect::<Vec<_>>(), &["Name", "Age"])
}

/// The second that wants a name does not get it, and is not served.
async fn names_conflict(cx: &Context) -> Outcome {
    cx.widgets().await?;
    let sent = with(definition(&cx.group(), "Gizmo", &object_schema()), "/spec/names/singular", "widget");
    cx.post(DEFINITIONS, &sent).await?.created()?;
    let path = format!("{DEFINITIONS}/{}", text(&sent, "/metadata/name"));
    cx.remember(path.clone());
    let object = eventually("it is judged", SOON, || async {
        let object = cx.get(&path).await?.ok()?;
        Ok(if condition(&object, "Established").is_null() {
            Err(object["status"].to_string())
        } else {
            Ok(object)
        })
    })
    .await?;
    for (kind, reason, message) in [
        ("NamesAccepted", "SingularConflict", "\"widget\" is already in use"),
        ("Established", "NotAccepted", "not all names are accepted"),
    ] {
        let expected = json!({"type": kind, "status": "False", "reason": reason, "message": message});
        same(kind, &condition(&object, kind), &expected)?;
    }
    let served = cx.get(&format!("/apis/{}/v1/gizmos", cx.group())).await?;
    same("not served", &served.code(), &404)
}

async fn change_of_schema_is_in_force(cx: &Context) -> Outcome {
    let kind = cx.install(&definition(&cx.group(), "Thing", &object_schema())).await?;
    let made = cx.post(&kind.path(), &kind.object("old", &json!({"a": "long", "b": 1}))).await?.created()?;
    same("pruned", &made["spec"], &json!({"a": "long"}))?;
    let mut object = cx.get(&item(&kind)).await?.ok()?;
    let properties =
        &mut object["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    *properties = json!({"a": {"type": "string", "maxLength": 2}, "b": {"type": "integer"}});
    let updated = cx.put(&item(&kind), &object).await?.ok()?;
    same("generation", &updated["metadata"]["generation"], &2)?;
    eventually("the new schema is in force", SOON, || async {
        let answer =
            cx.post(&format!("{}?dryRun=All", kind.path()), &kind.object("x", &json!({"b": 1}))).await?;
        Ok(if answer.value()["spec"] == json!({"b": 1}) { Ok(()) } else { Err(answer.shown()) })
    })
    .await?;
    let long = kind.object("new", &json!({"a": "long"}));
    cx.post(&kind.path(), &long).await?.invalid(&[(
        "FieldValueTooLong",
        "spec.a",
        "Too long: may not be more than 2 bytes",
    )])?;
    // What is stored stays readable, valid or not.
    same("an old object", &cx.get(&kind.item("old")).await?.ok()?["spec"], &json!({"a": "long"}))
}

async fn short_name_added(cx: &Context) -> Outcome {
    let kind = cx.install(&definition(&cx.group(), "Thing", &object_schema())).await?;
    let patch = json!({"spec": {"names": {"shortNames": ["thg"]}}});
    cx.patch(&item(&kind), MERGE, &patch).await?.ok()?;
    eventually("it is accepted", SOON, || async {
        let object = cx.get(&item(&kind)).await?.ok()?;
        let accepted = object["status"]["acceptedNames"] == object["spec"]["names"];
        Ok(if accepted { Ok(()) } else { Err(object["status"].to_string()) })
    })
    .await?;
    eventually("it is discovered", SOON, || async {
        let resources = cx.get(&format!("/apis/{}/v1", kind.group)).await?.value();
        let found = resources["resources"][0]["shortNames"] == json!(["thg"]);
        Ok(if found { Ok(()) } else { Err(resources.to_string()) })
    })
    .await
}

async fn what_cannot_change(cx: &Context) -> Outcome {
    let kind = cx.install(&definition(&cx.group(), "Thing", &object_schema())).await?;
    let object = cx.get(&item(&kind)).await?.ok()?;
    for (pointer, value, field) in [
        ("/spec/group", "other.example.com", "spec.group"),
        ("/spec/scope", "Cluster", "spec.scope"),
        ("/spec/names/kind", "Other", "spec.names.kind"),
    ] {
        let body =
            cx.put(&item(&kind), &with(object.clone(), pointer, value)).await?.refused_as(422, "Invalid")?;
        let causes = body["details"]["causes"].as_array().into_iter().flatten();
        let said = format!("Invalid value: \"{value}\": field is immutable");
        let found =
            causes.into_iter().any(|cause| cause["field"] == field && cause["message"] == said.as_str());
        holds(field, found, &body)?;
    }
    let other = json!([{
        "name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
    }]);
    let body =
        cx.put(&item(&kind), &with(object, "/spec/versions", other)).await?.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"status.storedVersions[0]")
}

/// A kind with the versions v1, which is stored, and v1beta1, and the path of the latter's objects.
async fn install_two_versions(cx: &Context) -> Outcome<(Kind, String)> {
    let mut sent = definition(&cx.group(), "Thing", &object_schema());
    let mut second = sent["spec"]["versions"][0].clone();
    second["name"] = json!("v1beta1");
    second["storage"] = json!(false);
    if let Some(versions) = sent["spec"]["versions"].as_array_mut() {
        versions.push(second);
    }
    let kind = cx.install(&sent).await?;
    let beta = kind.path().replace("/v1/", "/v1beta1/");
    eventually("v1beta1 is served", SOON, || async {
        let answer = cx.get(&beta).await?;
        Ok(if answer.code() == 200 { Ok(()) } else { Err(answer.shown()) })
    })
    .await?;
    Ok((kind, beta))
}

/// What was stored in one version is read and written in all of them when another one is stored, and written anew by
/// whatever writes it.
async fn another_version_is_stored(cx: &Context) -> Outcome {
    let (kind, beta) = install_two_versions(cx).await?;
    for name in ["a", "b"] {
        cx.post(&kind.path(), &kind.object(name, &json!({"a": "b"}))).await?.created()?;
    }
    let version = cx.get(&kind.item("a")).await?.ok()?["metadata"]["resourceVersion"].clone();
    let swap = json!([
        {"op": "replace", "path": "/spec/versions/0/storage", "value": false},
        {"op": "replace", "path": "/spec/versions/1/storage", "value": true},
    ]);
    cx.patch(&item(&kind), JSON_PATCH, &swap).await?.ok()?;
    eventually("a write that changes nothing is one", SOON, || async {
        let written = cx.patch(&kind.item("a"), MERGE, &json!({})).await?.ok()?;
        let same = written["metadata"]["resourceVersion"] == version;
        Ok(if same { Err(written.to_string()) } else { Ok(()) })
    })
    .await?;
    for name in ["a", "b"] {
        let read = cx.get(&kind.item(name)).await?.ok()?;
        same("as v1", &read["apiVersion"], &kind.api_version())?;
        let read = cx.get(&format!("{beta}/{name}")).await?.ok()?;
        same("as v1beta1", &read["apiVersion"], &format!("{}/v1beta1", kind.group))?;
    }
    let list = cx.get(&kind.path()).await?.ok()?;
    same("in a list", &list["items"][1]["apiVersion"], &kind.api_version())?;
    let status = json!({"status": {"phase": "On"}});
    cx.patch(&format!("{}/status", kind.item("b")), MERGE, &status).await?.ok()?;
    let changed = cx.patch(&kind.item("b"), MERGE, &json!({"spec": {"a": "c"}})).await?.ok()?;
    same("and its spec", &changed["metadata"]["generation"], &2)?;
    for version in ["v1beta1", "v3"] {
        let said = format!("{}/{version}", kind.group);
        let patch = json!({"apiVersion": said});
        let error = format!("Invalid value: \"{said}\": must be {}", kind.api_version());
        let cause = ("FieldValueInvalid", "apiVersion", error.as_str());
        cx.patch(&kind.item("b"), MERGE, &patch).await?.invalid(&[cause])?;
        cx.patch(&format!("{}/status", kind.item("b")), MERGE, &patch).await?.ok()?;
    }
    Ok(())
}

/// Without conversion an object is the same in all versions but for its apiVersion.
async fn two_versions(cx: &Context) -> Outcome {
    let (kind, beta) = install_two_versions(cx).await?;
    let object = with(kind.object("a", &json!({"a": "b"})), "/apiVersion", format!("{}/v1beta1", kind.group));
    cx.post(&kind.path(), &object).await?.refused_as(400, "BadRequest")?;
    let made = cx.post(&beta, &object).await?.created()?;
    same("as it was sent", &made["apiVersion"], &format!("{}/v1beta1", kind.group))?;
    let read = cx.get(&kind.item("a")).await?.ok()?;
    same("in the other version", &read["apiVersion"], &kind.api_version())?;
    same("one object", &read["metadata"]["uid"], &made["metadata"]["uid"])?;
    same("its spec", &read["spec"], &json!({"a": "b"}))?;
    let group = eventually("both are discovered", SOON, || async {
        let group = cx.get(&format!("/apis/{}", kind.group)).await?.value();
        let both = group["versions"].as_array().is_some_and(|versions| versions.len() == 2);
        Ok(if both { Ok(group) } else { Err(group.to_string()) })
    })
    .await?;
    same("preferred", &group["preferredVersion"]["version"], &"v1")
}

async fn deletion_removes_objects(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    for name in ["a", "b"] {
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    let deleting = cx.delete(&item(&widgets)).await?.ok()?;
    let held = json!(["customresourcecleanup.apiextensions.k8s.io"]);
    same("finalizers", &deleting["metadata"]["finalizers"], &held)?;
    holds("deletionTimestamp", deleting["metadata"]["deletionTimestamp"].is_string(), &deleting)?;
    cx.gone(&item(&widgets), Duration::from_secs(45)).await?;
    cx.gone(&widgets.path(), SOON).await?;
    same("the path", &cx.get(&widgets.path()).await?.text(), &"404 page not found\n")?;
    cx.gone(&format!("/apis/{}", widgets.group), SOON).await
}

async fn deletion_waits_for_finalizers(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let held =
        with(widgets.object("a", &json!({"must": "m"})), "/metadata/finalizers", json!(["example.com/hold"]));
    cx.post(&widgets.path(), &held).await?.created()?;
    cx.delete(&item(&widgets)).await?.ok()?;
    let seen = eventually("it is terminating", SOON, || async {
        let object = cx.get(&item(&widgets)).await?.ok()?;
        let told = condition(&object, "Terminating")["status"] == "True";
        Ok(if told { Ok(object) } else { Err(object["status"].to_string()) })
    })
    .await?;
    same("still established", &condition(&seen, "Established")["status"], &"True")?;
    let answer = eventually("creates are refused", SOON, || async {
        let answer = cx.post(&widgets.path(), &widgets.object("late", &json!({"must": "m"}))).await?;
        match answer.code() {
            403 => Ok(Ok(answer)),
            // Until the handlers have heard of it, creates still work.
            201 => cx.delete(&widgets.item("late")).await.map(|answer| Err(answer.shown())),
            _ => Err(Failure::new("a create while terminating", "403", answer.shown())),
        }
    })
    .await?;
    answer.refused(&json!({
        "message": format!(
            "{} \"late\" is forbidden: create not allowed while custom resource definition is terminating",
            widgets.resource()
        ),
        "reason": "Forbidden", "details": widgets.details("late"), "code": 403,
    }))?;
    let object = eventually("the object is being deleted", SOON, || async {
        let object = cx.get(&widgets.item("a")).await?.ok()?;
        Ok(if object["metadata"]["deletionTimestamp"].is_string() {
            Ok(object)
        } else {
            Err(object.to_string())
        })
    })
    .await?;
    same("and can be read", &object["spec"]["must"], &"m")?;
    cx.patch(&widgets.item("a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&item(&widgets), Duration::from_secs(45)).await
}

/// A kind of the same name is another kind, without objects.
async fn made_again(cx: &Context) -> Outcome {
    let sent = definition(&cx.group(), "Thing", &object_schema());
    let kind = cx.install(&sent).await?;
    cx.post(&kind.path(), &kind.object("a", &json!({}))).await?.created()?;
    cx.delete(&item(&kind)).await?.ok()?;
    cx.gone(&item(&kind), Duration::from_secs(30)).await?;
    cx.gone(&kind.path(), SOON).await?;
    cx.post(DEFINITIONS, &sent).await?.created()?;
    cx.served(&kind.path()).await?;
    same("items", &cx.get(&kind.path()).await?.ok()?["items"], &json!([]))?;
    cx.get(NAMESPACES).await?.ok().map(drop)
}
