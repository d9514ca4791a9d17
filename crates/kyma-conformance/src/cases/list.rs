//! List: order, pages of one snapshot, and at which revision.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::MERGE;
use crate::context::{Context, leases};
use crate::fixture::{lease, names, text, version, with};

cases! {
    "list/order-and-form" => order_and_form,
    "list/custom-resources" => custom_resources,
    "list/all-namespaces" => all_namespaces,
    "list/pages-are-one-snapshot" => pages_are_one_snapshot,
    "list/limit" => limit,
    "list/limit-with-selector" => limit_with_selector,
    "list/bad-continue" => bad_continue,
    "list/continue-with-resource-version" => continue_with_resource_version,
    "list/resource-version-0-and-older" => resource_version_0_and_older,
    "list/exact" => exact,
    "list/limit-makes-exact" => limit_makes_exact,
    "list/not-older-than" => not_older_than,
    "list/future-resource-version" => future_resource_version,
    "list/too-old" => too_old,
    "list/impossible-resource-version" => impossible_resource_version,
    "list/bad-resource-version-match" => bad_resource_version_match,
}

/// Makes Leases of these names, in this order, and answers their path.
async fn make(cx: &Context, names: &[&str]) -> Outcome<String> {
    let path = leases(&cx.namespace().await?);
    for name in names {
        cx.post(&path, &lease(name)).await?.created()?;
    }
    Ok(path)
}

async fn order_and_form(cx: &Context) -> Outcome {
    let path = make(cx, &["c", "a", "b2", "b.1", "b10", "b-1"]).await?;
    let list = cx.get(&path).await?.ok()?;
    same("names in the order of their bytes", &names(&list), &["a", "b-1", "b.1", "b10", "b2", "c"])?;
    same("kind", &list["kind"], &"LeaseList")?;
    same("apiVersion", &list["apiVersion"], &"coordination.k8s.io/v1")?;
    same("kind of an item", &list["items"][0]["kind"], &Value::Null)?;
    let newest = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| version(item).parse::<u64>().ok())
        .max();
    let of_list = version(&list).parse::<u64>().ok();
    holds("the list is not older than an item", of_list >= newest && newest.is_some(), &list["metadata"])?;
    same("the metadata's fields", &list["metadata"].as_object().map(serde_json::Map::len), &Some(1))
}

/// Their items say what they are, and `continue` is there even when it is empty.
async fn custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let empty = cx.get(&widgets.path()).await?.ok()?;
    same("items", &empty["items"], &json!([]))?;
    for name in ["b", "a"] {
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    let list = cx.get(&widgets.path()).await?.ok()?;
    same("names", &names(&list), &["a", "b"])?;
    same("kind", &list["kind"], &"WidgetList")?;
    same("kind of an item", &list["items"][1]["kind"], &"Widget")?;
    same("apiVersion of an item", &list["items"][1]["apiVersion"], &widgets.api_version())?;
    same("continue", &list["metadata"]["continue"], &"")
}

async fn all_namespaces(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let other = cx.namespace().await?;
    let elsewhere = crate::fixture::Kind { namespace: other.clone(), ..widgets.clone() };
    for (kind, name) in [(&widgets, "z"), (&elsewhere, "a")] {
        cx.post(&kind.path(), &kind.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    let everywhere = crate::fixture::Kind { namespace: String::new(), ..widgets.clone() };
    let list = cx.get(&everywhere.path()).await?.ok()?;
    // In the order of "namespace/name" as one text, in which `-` is before `/`.
    same("names", &names(&list), &["a", "z"])?;
    same("namespace", &list["items"][0]["metadata"]["namespace"], &other)?;
    same("one namespace", &names(&cx.get(&widgets.path()).await?.ok()?), &["z"])
}

async fn pages_are_one_snapshot(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b", "c", "d", "e", "f"]).await?;
    let first = cx.get(&format!("{path}?limit=2")).await?.ok()?;
    same("first page", &names(&first), &["a", "b"])?;
    same("remaining", &first["metadata"]["remainingItemCount"], &4)?;
    // None of this may show on the pages to come.
    cx.post(&path, &lease("bb")).await?.created()?;
    cx.delete(&format!("{path}/c")).await?.ok()?;
    cx.patch(&format!("{path}/d"), MERGE, &json!({"spec": {"holderIdentity": "other"}})).await?.ok()?;

    let token = text(&first, "/metadata/continue");
    let second = cx.get(&format!("{path}?limit=2&continue={token}")).await?.ok()?;
    same("second page", &names(&second), &["c", "d"])?;
    same("an object as it was", &second["items"][1]["spec"]["holderIdentity"], &"somebody")?;
    same("remaining", &second["metadata"]["remainingItemCount"], &2)?;
    let token = text(&second, "/metadata/continue");
    let third = cx.get(&format!("{path}?limit=2&continue={token}")).await?.ok()?;
    same("third page", &names(&third), &["e", "f"])?;
    for page in [&second, &third] {
        same("one version", &version(page), &version(&first))?;
    }
    for key in ["continue", "remainingItemCount"] {
        same(key, &third["metadata"][key], &Value::Null)?;
    }
    // A page can be asked for again, also without a limit.
    let token = text(&first, "/metadata/continue");
    let rest = cx.get(&format!("{path}?continue={token}")).await?.ok()?;
    same("the rest", &names(&rest), &["c", "d", "e", "f"])?;
    same("now", &names(&cx.get(&path).await?.ok()?), &["a", "b", "bb", "d", "e", "f"])
}

async fn limit(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b"]).await?;
    for limit in ["0", "-1", "2", "100"] {
        let list = cx.get(&format!("{path}?limit={limit}")).await?.ok()?;
        same("names", &names(&list), &["a", "b"])?;
        same("continue", &list["metadata"]["continue"], &Value::Null)?;
    }
    let refusal = json!({
        "message": "strconv.ParseInt: parsing \"abc\": invalid syntax", "reason": "BadRequest", "code": 400,
    });
    cx.get(&format!("{path}?limit=abc")).await?.refused(&refusal)
}

/// How many remain is not known then, so it is not said.
async fn limit_with_selector(cx: &Context) -> Outcome {
    let path = make(cx, &["b", "d"]).await?;
    for name in ["a", "c", "e"] {
        cx.post(&path, &with(lease(name), "/metadata/labels/pick", "yes")).await?.created()?;
    }
    let first = cx.get(&format!("{path}?labelSelector=pick%3Dyes&limit=2")).await?.ok()?;
    same("first page", &names(&first), &["a", "c"])?;
    same("remaining", &first["metadata"]["remainingItemCount"], &Value::Null)?;
    let token = text(&first, "/metadata/continue");
    let second = cx.get(&format!("{path}?labelSelector=pick%3Dyes&limit=2&continue={token}")).await?.ok()?;
    same("second page", &names(&second), &["e"])
}

async fn bad_continue(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b"]).await?;
    let token = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for bad in [
        "%7B%7D".to_owned(),
        "abc".to_owned(),
        token("{\"v\":\"meta.k8s.io/v2\",\"rv\":5,\"start\":\"a\\u0000\"}"),
        token("{\"v\":\"meta.k8s.io/v1\",\"rv\":5,\"start\":\"../x\"}"),
    ] {
        let answer = cx.get(&format!("{path}?limit=1&continue={bad}")).await?;
        answer.refused_as(400, "BadRequest")?;
        let message = answer.message();
        holds(
            "message",
            message.starts_with("invalid continue token: continue key is not valid: "),
            &message,
        )?;
    }
    Ok(())
}

async fn continue_with_resource_version(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b"]).await?;
    let first = cx.get(&format!("{path}?limit=1")).await?.ok()?;
    let token = text(&first, "/metadata/continue");
    cx.get(&format!("{path}?limit=1&continue={token}&resourceVersion=1")).await?.refused(&json!({
        "message": "specifying resource version is not allowed when using continue",
        "reason": "BadRequest", "code": 400,
    }))?;
    let zero = cx.get(&format!("{path}?continue={token}&resourceVersion=0")).await?.ok()?;
    same("0 is no version", &names(&zero), &["b"])
}

async fn resource_version_0_and_older(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b", "c"]).await?;
    // What "any version" gives may lag, so the newest is asked for first.
    cx.get(&path).await?.ok()?;
    for parameters in ["resourceVersion=0", "resourceVersion=1", "resourceVersion="] {
        let list = cx.get(&format!("{path}?{parameters}")).await?.ok()?;
        same(parameters, &names(&list), &["a", "b", "c"])?;
    }
    // "Whatever you have" cannot be paged, so all of it comes.
    let all = cx.get(&format!("{path}?resourceVersion=0&limit=2")).await?.ok()?;
    same("limit is left aside", &names(&all), &["a", "b", "c"])
}

async fn exact(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b"]).await?;
    let then = cx.get(&path).await?.ok()?;
    let at = version(&then);
    cx.post(&path, &lease("c")).await?.created()?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    let exact = format!("{path}?resourceVersion={at}&resourceVersionMatch=Exact");
    let list = cx.get(&exact).await?.ok()?;
    same("as it was", &list["items"], &then["items"])?;
    same("version", &version(&list), &at)?;
    let page = cx.get(&format!("{exact}&limit=1")).await?.ok()?;
    same("a page of it", &names(&page), &["a"])?;
    same("remaining", &page["metadata"]["remainingItemCount"], &1)
}

async fn limit_makes_exact(cx: &Context) -> Outcome {
    let path = make(cx, &["a", "b", "c"]).await?;
    let then = cx.get(&path).await?.ok()?;
    cx.post(&path, &lease("aa")).await?.created()?;
    let page = cx.get(&format!("{path}?resourceVersion={}&limit=2", version(&then))).await?.ok()?;
    same("as it was", &names(&page), &["a", "b"])?;
    same("version", &version(&page), &version(&then))
}

async fn not_older_than(cx: &Context) -> Outcome {
    let path = make(cx, &["a"]).await?;
    let then = cx.get(&path).await?.ok()?;
    let made = cx.post(&path, &lease("b")).await?.created()?;
    for at in [version(&made), version(&then), "1"] {
        let list =
            cx.get(&format!("{path}?resourceVersion={at}&resourceVersionMatch=NotOlderThan")).await?.ok()?;
        same("now", &names(&list), &["a", "b"])?;
    }
    Ok(())
}

async fn future_resource_version(cx: &Context) -> Outcome {
    let path = make(cx, &["a"]).await?;
    for parameters in ["", "&resourceVersionMatch=NotOlderThan", "&resourceVersionMatch=Exact"] {
        let answer = cx.get(&format!("{path}?resourceVersion=9000000000000{parameters}")).await?;
        let body = answer.refused_as(504, "Timeout")?;
        let message = answer.message();
        holds(
            "message",
            message.starts_with("Timeout: Too large resource version: 9000000000000, current: "),
            &message,
        )?;
        same("retry", &body["details"]["retryAfterSeconds"], &1)?;
    }
    Ok(())
}

/// Whether a version from before the kind can still be read depends on how much history is kept; an answer either
/// is the state of that version, or says that it is gone.
async fn too_old(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    let answer = cx.get(&format!("{}?resourceVersion=1&resourceVersionMatch=Exact", widgets.path())).await?;
    if answer.code() == 200 {
        same("items", &answer.ok()?["items"], &json!([]))?;
        return same("version", &version(&answer.ok()?), &"1");
    }
    answer.refused(&json!({
        "message": "The resourceVersion for the provided list is too old.", "reason": "Expired", "code": 410,
    }))
}

async fn impossible_resource_version(cx: &Context) -> Outcome {
    let path = make(cx, &["a"]).await?;
    for bad in ["abc", "-1", "1.5"] {
        cx.get(&format!("{path}?resourceVersion={bad}")).await?.refused(&json!({
            "message": format!(
                "invalid resource version: resourceVersion: Invalid value: \"{bad}\": strconv.ParseUint: parsing \
                 \"{bad}\": invalid syntax"
            ),
            "reason": "BadRequest", "code": 400,
        }))?;
    }
    Ok(())
}

async fn bad_resource_version_match(cx: &Context) -> Outcome {
    let path = make(cx, &["a"]).await?;
    for (parameters, reason, message) in [
        (
            "resourceVersionMatch=Exact",
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=0",
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        (
            "resourceVersionMatch=Near&resourceVersion=1",
            "FieldValueNotSupported",
            "Unsupported value: \"Near\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
    ] {
        let answer = cx.get(&format!("{path}?{parameters}")).await?;
        answer.invalid(&[(reason, "resourceVersionMatch", message)])?;
        same("details", &answer.value()["details"]["kind"], &"ListOptions")?;
    }
    Ok(())
}
