//! Delete: options, preconditions, finalizers, collections.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{Call, MERGE};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{config_map, lease, names, plain, version, with, without};

cases! {
    "delete/answers-a-status" => answers_a_status,
    "delete/absent" => absent,
    "delete/preconditions" => preconditions,
    "delete/bad-options" => bad_options,
    "delete/bad-bodies" => bad_bodies,
    "delete/options-in-the-query" => options_in_the_query,
    "delete/a-body-hides-the-query" => a_body_hides_the_query,
    "delete/finalizers-hold" => finalizers_hold,
    "delete/finalizers-hold-custom-resources" => finalizers_hold_custom_resources,
    "delete/no-new-finalizers" => no_new_finalizers,
    "delete/name-is-taken-until-it-is-gone" => name_is_taken_until_it_is_gone,
    "delete/propagation-policies" => propagation_policies,
    "delete/collection" => collection,
    "delete/collection-with-finalizers" => collection_with_finalizers,
    "delete/collection-that-is-not-allowed" => collection_that_is_not_allowed,
}

/// A delete with these options.
fn delete(cx: &Context, path: &str, options: &Value) -> Call {
    let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
    if let (Value::Object(body), Value::Object(options)) = (&mut body, options) {
        body.extend(options.clone());
    }
    cx.delete(path).json(&body)
}

async fn answers_a_status(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let answer = cx.delete(&format!("{path}/a")).await?.ok()?;
    same(
        "the answer",
        &answer,
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {
                "name": "a", "group": "coordination.k8s.io", "kind": "leases", "uid": made["metadata"]["uid"],
            },
        }),
    )?;
    let path = config_maps(&cx.namespace().await?);
    let made = cx.post(&path, &config_map("a")).await?.created()?;
    let answer = cx.delete(&format!("{path}/a")).await?.ok()?;
    let details = json!({"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]});
    same("without a group", &answer["details"], &details)?;
    let widgets = cx.widgets().await?;
    let made = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    let answer = cx.delete(&widgets.item("a")).await?.ok()?;
    same(
        "of a custom resource",
        &answer["details"],
        &with(widgets.details("a"), "/uid", made["metadata"]["uid"].clone()),
    )
}

async fn absent(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let refusal = json!({
        "message": "leases.coordination.k8s.io \"a\" not found", "reason": "NotFound",
        "details": {"name": "a", "group": "coordination.k8s.io", "kind": "leases"}, "code": 404,
    });
    cx.delete(&format!("{path}/a")).await?.refused(&refusal)?;
    cx.post(&path, &lease("a")).await?.created()?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    cx.delete(&format!("{path}/a")).await?.refused(&refusal)
}

async fn preconditions(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let made = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    let (uid, at) = (made["metadata"]["uid"].as_str().unwrap_or(""), version(&made));
    let subject = format!("Operation cannot be fulfilled on Widget.{} \"a\"", widgets.group);
    let by_uid = format!(
        "{subject}: the UID in the precondition (other) does not match the UID in record ({uid}). The object might \
         have been deleted and then recreated"
    );
    let by_version = format!(
        "{subject}: the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({at}). \
         The object might have been modified"
    );
    for (asked, message) in [
        (json!({"uid": "other"}), &by_uid),
        (json!({"resourceVersion": "1"}), &by_version),
        (json!({"uid": "other", "resourceVersion": "1"}), &by_uid),
        (json!({"uid": uid, "resourceVersion": "1"}), &by_version),
    ] {
        delete(cx, &widgets.item("a"), &json!({"preconditions": asked})).await?.refused(&json!({
            "message": message, "reason": "Conflict",
            "details": {"name": "a", "group": widgets.group, "kind": "Widget"}, "code": 409,
        }))?;
    }
    let asked = json!({"preconditions": {"uid": uid, "resourceVersion": at}});
    delete(cx, &widgets.item("a"), &asked).await?.ok()?;
    cx.get(&widgets.item("a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn bad_options(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let item = format!("{path}/a");
    let unsupported = (
        "FieldValueNotSupported",
        "propagationPolicy",
        "Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
    );
    let answer = delete(cx, &item, &json!({"propagationPolicy": "Sideways"})).await?;
    answer.invalid(&[unsupported])?;
    same("details", &answer.value()["details"]["kind"], &"DeleteOptions")?;
    cx.delete(&format!("{item}?propagationPolicy=Sideways")).await?.invalid(&[unsupported])?;
    let both = json!({"propagationPolicy": "Orphan", "orphanDependents": true});
    delete(cx, &item, &both).await?.invalid(&[(
        "FieldValueInvalid",
        "propagationPolicy",
        "Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set",
    )])?;
    cx.get(&item).await?.ok().map(drop)
}

async fn bad_bodies(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let item = format!("{path}/a");
    for body in ["{", "[]", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}"] {
        cx.delete(&item).body("application/json", body).await?.refused_as(400, "BadRequest")?;
    }
    cx.delete(&item).body("application/json", "{").await?.refused(&json!({
        "message": "couldn't get version/kind; json parse error: unexpected end of JSON input",
        "reason": "BadRequest", "code": 400,
    }))?;
    cx.delete(&item).body("text/plain", "{}").await?.refused_as(415, "UnsupportedMediaType")?;
    cx.get(&item).await?.ok()?;
    // Kind and version may be left out, or be those of the group of such options.
    cx.delete(&item).body("application/json", "{\"gracePeriodSeconds\":0}").await?.ok()?;
    cx.post(&path, &lease("a")).await?.created()?;
    let options = json!({"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions"});
    cx.delete(&item).json(&options).await?.ok().map(drop)
}

async fn options_in_the_query(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    cx.delete(&format!("{path}/a?dryRun=All")).await?.ok()?;
    cx.get(&format!("{path}/a")).await?.ok()?;
    let answer =
        cx.delete(&format!("{path}/a?propagationPolicy=Background&gracePeriodSeconds=0")).await?.ok()?;
    same("status", &answer["status"], &"Success")?;
    cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn a_body_hides_the_query(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    delete(cx, &format!("{path}/a?dryRun=All"), &json!({})).await?.ok()?;
    cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn finalizers_hold(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let held = with(lease("a"), "/metadata/finalizers", json!(["example.com/one", "example.com/two"]));
    let made = cx.post(&path, &held).await?.created()?;
    let item = format!("{path}/a");
    let deleting = cx.delete(&item).await?.ok()?;
    same("the answer is the object", &deleting["kind"], &"Lease")?;
    holds("deletionTimestamp", deleting["metadata"]["deletionTimestamp"].is_string(), &deleting)?;
    same("deletionGracePeriodSeconds", &deleting["metadata"]["deletionGracePeriodSeconds"], &0)?;
    holds("a new version", version(&deleting) != version(&made), &deleting)?;
    same("again changes nothing", &cx.delete(&item).await?.ok()?, &deleting)?;
    // It can still be changed, but not be called back.
    let changed = cx.patch(&item, MERGE, &json!({"spec": {"holderIdentity": "x"}})).await?.ok()?;
    let called_back = json!({"metadata": {"deletionTimestamp": null, "deletionGracePeriodSeconds": null}});
    same("not called back", &cx.patch(&item, MERGE, &called_back).await?.ok()?, &changed)?;
    let less = json!({"metadata": {"finalizers": ["example.com/two"]}});
    let one_left = cx.patch(&item, MERGE, &less).await?.ok()?;
    same("one left", &cx.get(&item).await?.ok()?, &one_left)?;
    let last = cx.put(&item, &without(one_left.clone(), "/metadata/finalizers")).await?.ok()?;
    let expected = without(one_left, "/metadata/finalizers");
    same("the last answer is the object without them", &plain(last.clone()), &plain(expected.clone()))?;
    same("which is no write", &version(&last), &version(&expected))?;
    cx.get(&item).await?.refused_as(404, "NotFound").map(drop)
}

/// The deletion itself counts as a generation.
async fn finalizers_hold_custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let object =
        with(widgets.object("a", &json!({"must": "m"})), "/metadata/finalizers", json!(["example.com/one"]));
    cx.post(&widgets.path(), &object).await?.created()?;
    let deleting = cx.delete(&widgets.item("a")).await?.ok()?;
    same("generation", &deleting["metadata"]["generation"], &2)?;
    let patch = json!([{"op": "remove", "path": "/metadata/finalizers"}]);
    cx.patch(&widgets.item("a"), crate::client::JSON_PATCH, &patch).await?.ok()?;
    cx.get(&widgets.item("a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn no_new_finalizers(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let held = with(lease("a"), "/metadata/finalizers", json!(["example.com/one"]));
    cx.post(&path, &held).await?.created()?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    let more = json!({"metadata": {"finalizers": ["example.com/one", "example.com/two"]}});
    cx.patch(&format!("{path}/a"), MERGE, &more).await?.invalid(&[(
        "FieldValueForbidden",
        "metadata.finalizers",
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{\"example.com/two\"}",
    )])?;
    cx.patch(&format!("{path}/a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok().map(drop)
}

async fn name_is_taken_until_it_is_gone(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let held = with(lease("a"), "/metadata/finalizers", json!(["example.com/one"]));
    let made = cx.post(&path, &held).await?.created()?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    cx.post(&path, &lease("a")).await?.refused(&json!({
        "message": "object is being deleted: leases.coordination.k8s.io \"a\" already exists",
        "reason": "AlreadyExists",
        "details": {"name": "a", "group": "coordination.k8s.io", "kind": "leases"}, "code": 409,
    }))?;
    cx.patch(&format!("{path}/a"), MERGE, &json!({"metadata": {"finalizers": []}})).await?.ok()?;
    let again = cx.post(&path, &lease("a")).await?.created()?;
    holds("another UID", again["metadata"]["uid"] != made["metadata"]["uid"], &again)
}

/// What the policies do to dependents is among the cases of garbage collection; here it is what the answer says.
async fn propagation_policies(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    for (options, finalizer) in [
        (json!({"propagationPolicy": "Orphan"}), "orphan"),
        (json!({"orphanDependents": true}), "orphan"),
        (json!({"propagationPolicy": "Foreground"}), "foregroundDeletion"),
    ] {
        cx.post(&path, &lease("a")).await?.created()?;
        let answer = delete(cx, &format!("{path}/a"), &options).await?.ok()?;
        same("kind", &answer["kind"], &"Lease")?;
        same("finalizers", &answer["metadata"]["finalizers"], &json!([finalizer]))?;
        holds("deletionTimestamp", answer["metadata"]["deletionTimestamp"].is_string(), &answer)?;
        cx.gone(&format!("{path}/a"), std::time::Duration::from_secs(20)).await?;
    }
    for options in [json!({"propagationPolicy": "Background"}), json!({"orphanDependents": false}), json!({})]
    {
        cx.post(&path, &lease("a")).await?.created()?;
        same("kind", &delete(cx, &format!("{path}/a"), &options).await?.ok()?["kind"], &"Status")?;
        cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound")?;
    }
    Ok(())
}

async fn collection(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    for (name, pick) in [("a", "yes"), ("b", "no"), ("c", "yes"), ("d", "no")] {
        cx.post(&path, &with(lease(name), "/metadata/labels/pick", pick)).await?.created()?;
    }
    let answer = cx.delete(&format!("{path}?labelSelector=pick%3Dyes")).await?.ok()?;
    same("kind", &answer["kind"], &"LeaseList")?;
    same("what was deleted", &names(&answer), &["a", "c"])?;
    same("what is left", &names(&cx.get(&path).await?.ok()?), &["b", "d"])?;
    let answer = cx.delete(&format!("{path}?fieldSelector=metadata.name%3Dd")).await?.ok()?;
    same("by name", &names(&answer), &["d"])?;
    same("the rest", &names(&cx.delete(&path).await?.ok()?), &["b"])?;
    same("nothing", &names(&cx.delete(&path).await?.ok()?), &[""; 0])?;

    let widgets = cx.widgets().await?;
    for name in ["a", "b"] {
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    same("custom resources", &names(&cx.delete(&widgets.path()).await?.ok()?), &["a", "b"])?;
    same("are gone", &cx.get(&widgets.path()).await?.ok()?["items"], &json!([]))
}

async fn collection_with_finalizers(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &with(lease("a"), "/metadata/finalizers", json!(["example.com/one"]))).await?.created()?;
    cx.post(&path, &lease("b")).await?.created()?;
    cx.delete(&path).await?.ok()?;
    let left = cx.get(&path).await?.ok()?;
    same("held", &names(&left), &["a"])?;
    holds("deletionTimestamp", left["items"][0]["metadata"]["deletionTimestamp"].is_string(), &left)?;
    cx.patch(&format!("{path}/a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok().map(drop)
}

async fn collection_that_is_not_allowed(cx: &Context) -> Outcome {
    for path in ["/api/v1/namespaces", "/apis/coordination.k8s.io/v1/leases"] {
        cx.delete(path).await?.refused(&json!({
            "message": "the server does not allow this method on the requested resource",
            "reason": "MethodNotAllowed", "details": {}, "code": 405,
        }))?;
    }
    Ok(())
}
