//! Acting as somebody else, by headers.

use http::{HeaderName, Request};
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Failure, Outcome, same};
use crate::client::{Call, chain};
use crate::context::{Context, config_maps};

cases! {
    "impersonation/user" => user,
    "impersonation/groups" => groups,
    "impersonation/implied-groups" => implied_groups,
    "impersonation/rules" => rules,
    "impersonation/without-a-name" => without_a_name,
    "impersonation/who-may" => who_may,
}

const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const USER: HeaderName = HeaderName::from_static("impersonate-user");
const UID: HeaderName = HeaderName::from_static("impersonate-uid");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
const SCOPES: HeaderName = HeaderName::from_static("impersonate-extra-scopes");
const PROJECT: HeaderName = HeaderName::from_static("impersonate-extra-acme.com%2fproject");

fn asked() -> Value {
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
}

fn who(cx: &Context, user: &str) -> Call {
    cx.post(WHO, &asked()).header(USER, user)
}

/// Who the server takes the sender of this for.
async fn seen(call: Call) -> Outcome<Value> {
    Ok(call.await?.created()?["status"]["userInfo"].clone())
}

async fn user(cx: &Context) -> Outcome {
    let info = seen(who(cx, "jane").header(UID, "7").header(SCOPES, "view").header(PROJECT, "p")).await?;
    let expected = json!({
        "username": "jane", "uid": "7", "groups": ["system:authenticated"],
        "extra": {"acme.com/project": ["p"], "scopes": ["view"]},
    });
    same("the user", &info, &expected)?;
    let oneself = seen(cx.post(WHO, &asked())).await?;
    same("an empty name", &seen(who(cx, "")).await?, &oneself)
}

async fn groups(cx: &Context) -> Outcome {
    let names = ["one", "two", "one"];
    let mut request = Request::post(WHO).header("content-type", "application/json").header(USER, "jane");
    for name in names {
        request = request.header(GROUP, name);
    }
    let failed = |error: &dyn std::error::Error| Failure::new("a review", "an answer", chain(error));
    let request = request.body(asked().to_string().into_bytes()).map_err(|error| failed(&error))?;
    let answer: Value = cx.kube().request(request).await.map_err(|error| failed(&error))?;
    let expected = json!(["one", "two", "one", "system:authenticated"]);
    same("groups", &answer["status"]["userInfo"]["groups"], &expected)?;
    for (group, expected) in [
        ("system:authenticated", json!(["system:authenticated"])),
        ("one, two", json!(["one, two", "system:authenticated"])),
        ("system:masters", json!(["system:masters", "system:authenticated"])),
    ] {
        let info = seen(who(cx, "jane").header(GROUP, group)).await?;
        same(group, &info["groups"], &expected)?;
    }
    Ok(())
}

async fn implied_groups(cx: &Context) -> Outcome {
    let account = "system:serviceaccount:ns:some.name";
    let info = seen(who(cx, account)).await?;
    let expected = json!(["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
    same("of a service account", &info, &json!({"username": account, "groups": expected}))?;
    let info = seen(who(cx, account).header(GROUP, "one")).await?;
    same("with another group", &info["groups"], &json!(["one", "system:authenticated"]))?;
    for name in ["system:serviceaccount:NS:name", "system:serviceaccount:ns:a:b", "system:serviceaccount:ns:"]
    {
        same(name, &seen(who(cx, name)).await?["groups"], &json!(["system:authenticated"]))?;
    }
    Ok(())
}

async fn rules(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let maps = config_maps(&namespace);
    let refused = |user: &str, name: &str, rest: String| {
        let subject =
            if name.is_empty() { "configmaps".to_owned() } else { format!("configmaps \"{name}\"") };
        let mut details = json!({"kind": "configmaps"});
        if !name.is_empty() {
            details["name"] = name.into();
        }
        json!({
            "message": format!(
                "{subject} is forbidden: User \"{user}\" cannot {rest} resource \"configmaps\" in API group \"\" in the namespace \"{namespace}\""
            ),
            "reason": "Forbidden", "details": details, "code": 403,
        })
    };
    let jane = |call: Call| call.header(USER, "jane");
    jane(cx.get(&maps)).await?.refused(&refused("jane", "", "list".to_owned()))?;
    jane(cx.get(&format!("{maps}/a"))).await?.refused(&refused("jane", "a", "get".to_owned()))?;
    jane(cx.get(&format!("{maps}?watch=1"))).await?.refused(&refused("jane", "", "watch".to_owned()))?;
    jane(cx.get("/api")).await?.ok()?;
    jane(cx.get("/nothing/here")).await?.refused_as(403, "Forbidden")?;
    let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    jane(cx.post(&maps, &made)).header(GROUP, "system:masters").await?.created()?;
    let anonymous = cx.get("/api").header(USER, "system:anonymous").await?;
    anonymous.refused(&json!({
        "message": "forbidden: User \"system:anonymous\" cannot get path \"/api\"",
        "reason": "Forbidden", "details": {}, "code": 403,
    }))?;
    let outsider = jane(cx.post(WHO, &asked())).header(GROUP, "system:unauthenticated");
    outsider.await?.refused_as(403, "Forbidden").map(|_| ())
}

async fn without_a_name(cx: &Context) -> Outcome {
    let (none, list) = ("[]string(nil)", "map[string][]string(nil)");
    for (header, value, shown) in [
        (GROUP, "a", format!("UID:\"\", Groups:[]string{{\"a\"}}, Extra:{list}")),
        (GROUP, "", format!("UID:\"\", Groups:[]string{{\"\"}}, Extra:{list}")),
        (GROUP, "a\"\\b", format!("UID:\"\", Groups:[]string{{\"a\\\"\\\\b\"}}, Extra:{list}")),
        (UID, "7", format!("UID:\"7\", Groups:{none}, Extra:{list}")),
        (
            PROJECT,
            "p",
            format!(
                "UID:\"\", Groups:{none}, Extra:map[string][]string{{\"acme.com/project\":[]string{{\"p\"}}}}"
            ),
        ),
    ] {
        let message =
            format!("requested &user.DefaultInfo{{Name:\"\", {shown}}} without impersonating a user name");
        for call in [cx.get("/api"), cx.get("/healthz"), cx.post(WHO, &asked()), cx.get("/nothing/here")] {
            let answer = call.header(header.clone(), value).await?;
            answer.refused(&json!({"message": message, "reason": "BadRequest", "code": 400}))?;
        }
    }
    same("an empty UID", &cx.get("/api").header(UID, "").await?.code(), &200)
}

/// Somebody without credentials may ask for the health, but not as another.
async fn who_may(cx: &Context) -> Outcome {
    for (user, way) in [
        ("jane", "user-info"),
        ("system:serviceaccount:ns:name", "serviceaccount"),
        ("system:node:n1", "arbitrary-node"),
    ] {
        for path in ["/healthz", "/version"] {
            let message = format!(
                "forbidden: User \"system:anonymous\" cannot impersonate-on:{way}:get path \"{path}\""
            );
            let answer = cx.anonymous().get(path).header(USER, user).await?;
            answer
                .refused(&json!({"message": message, "reason": "Forbidden", "details": {}, "code": 403}))?;
        }
    }
    let account = cx.anonymous().get("/healthz").header(USER, "system:serviceaccount:ns:name");
    account.header(GROUP, "one").await?.refused(&json!({
        "message": "serviceaccounts \"name\" is forbidden: User \"system:anonymous\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"ns\"",
        "reason": "Forbidden", "details": {"name": "name", "kind": "serviceaccounts"}, "code": 403,
    }))
}
