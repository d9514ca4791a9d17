//! Health, version, and who may ask.

use http::header::AUTHORIZATION;
use serde_json::json;

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::Context;
use crate::fixture::text;

cases! {
    "health/for-everybody" => for_everybody,
    "health/verbose" => verbose,
    "health/version" => version,
    "health/metrics" => metrics,
    "who/without-credentials" => without_credentials,
    "who/wrong-token" => wrong_token,
}

async fn for_everybody(cx: &Context) -> Outcome {
    for path in ["/healthz", "/livez", "/readyz"] {
        for answer in [cx.get(path).await?, cx.anonymous().get(path).await?] {
            same("code", &answer.code(), &200)?;
            same("body", &answer.text(), &"ok")?;
            same("Content-Type", &answer.content_type(), &"text/plain; charset=utf-8")?;
        }
    }
    Ok(())
}

async fn verbose(cx: &Context) -> Outcome {
    for path in ["/readyz", "/livez", "/healthz"] {
        let answer = cx.get(&format!("{path}?verbose")).await?;
        same("code", &answer.code(), &200)?;
        let text = answer.text();
        holds("a line for each check", text.starts_with("[+]ping ok\n"), &text)?;
        let end = format!("{} check passed\n", path.trim_start_matches('/'));
        holds("the sum", text.ends_with(&end), &text)?;
    }
    same("one check", &cx.get("/livez/ping").await?.text(), &"ok")
}

async fn version(cx: &Context) -> Outcome {
    let answer = cx.get("/version").await?.ok()?;
    holds("major", text(&answer, "/major") == "1", &answer)?;
    holds("minor", text(&answer, "/minor").trim_end_matches('+').parse::<u32>().is_ok(), &answer)?;
    holds("gitVersion", text(&answer, "/gitVersion").starts_with("v1."), &answer)?;
    for key in ["gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"] {
        holds(key, answer[key].is_string(), &answer)?;
    }
    Ok(())
}

async fn metrics(cx: &Context) -> Outcome {
    let answer = cx.get("/metrics").await?;
    same("code", &answer.code(), &200)?;
    let content_type = answer.content_type();
    holds(
        "Content-Type",
        content_type.starts_with("text/plain") || content_type.starts_with("application/openmetrics-text"),
        content_type,
    )?;
    let text = answer.text();
    holds("requests are counted", text.contains("\napiserver_request_total{"), &text.len())
}

/// kube-apiserver lets anonymous users in and forbids them everything; a server that does not says 401.
async fn without_credentials(cx: &Context) -> Outcome {
    for path in
        ["/api/v1/namespaces", "/api", "/apis", "/openapi/v3", "/metrics", "/api/v1/namespaces/default", "/"]
    {
        let answer = cx.anonymous().get(path).await?;
        let body = answer.value();
        holds("refused", matches!(answer.code(), 401 | 403), &answer.shown())?;
        same("kind", &body["kind"], &"Status")?;
        same("code", &body["code"], &answer.code())?;
        let reason = if answer.code() == 401 { "Unauthorized" } else { "Forbidden" };
        same("reason", &body["reason"], &reason)?;
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cx.name()}});
    let answer = cx.anonymous().post("/api/v1/namespaces", &namespace).await?;
    holds("a write is refused", matches!(answer.code(), 401 | 403), &answer.shown())?;
    cx.get(&format!("/api/v1/namespaces/{}", cx.name())).await?.refused_as(404, "NotFound").map(drop)
}

async fn wrong_token(cx: &Context) -> Outcome {
    let answer = cx.anonymous().get("/api/v1/namespaces").header(AUTHORIZATION, "Bearer wrong").await?;
    answer.refused(&json!({"message": "Unauthorized", "reason": "Unauthorized", "code": 401}))
}
