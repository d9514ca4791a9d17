//! Paths, methods and Accept headers that lead nowhere.

use http::Method;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{lease, names};

cases! {
    "bad-paths/unknown" => unknown,
    "bad-paths/unknown-resources" => unknown_resources,
    "bad-paths/unknown-custom-resources" => unknown_custom_resources,
    "bad-paths/methods" => methods,
    "bad-paths/object-without-its-namespace" => object_without_its_namespace,
    "bad-paths/trailing-slash" => trailing_slash,
    "bad-paths/unacceptable" => unacceptable,
    "bad-paths/unacceptable-for-custom-resources" => unacceptable_for_custom_resources,
}

fn not_allowed() -> Value {
    json!({
        "message": "the server does not allow this method on the requested resource",
        "reason": "MethodNotAllowed", "details": {}, "code": 405,
    })
}

fn no_such_resource() -> Value {
    json!({
        "message": "the server could not find the requested resource", "reason": "NotFound", "details": {}, "code": 404,
    })
}

/// The plain text of what is no API at all.
async fn plain_404(cx: &Context, method: Method, path: &str) -> Outcome {
    let answer = cx.call(method, path).await?;
    same(path, &answer.code(), &404)?;
    same("body", &answer.text(), &"404 page not found\n")?;
    same("Content-Type", &answer.content_type(), &"text/plain; charset=utf-8")
}

async fn unknown(cx: &Context) -> Outcome {
    for path in [
        "/foo",
        "/apis/nobody.example.com",
        "/apis/nobody.example.com/v1",
        "/apis/nobody.example.com/v1/things",
    ] {
        plain_404(cx, Method::GET, path).await?;
    }
    Ok(())
}

async fn unknown_resources(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let config_maps = config_maps(&namespace);
    cx.post(&config_maps, &crate::fixture::config_map("a")).await?.created()?;
    for path in [
        format!("/api/v1/namespaces/{namespace}/things"),
        format!("/api/v1/namespaces/{namespace}/things/a"),
        "/apis/coordination.k8s.io/v9/leases".to_owned(),
        format!("{config_maps}/a/unheard"),
        format!("{config_maps}/a/status"),
    ] {
        cx.get(&path).await?.refused(&no_such_resource())?;
    }
    Ok(())
}

async fn unknown_custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let group = format!("/apis/{}", widgets.group);
    plain_404(cx, Method::GET, &format!("{group}/v9/widgets")).await?;
    plain_404(cx, Method::GET, &format!("{group}/v1/nothings")).await?;
    plain_404(cx, Method::GET, &format!("{group}/v1/widgets/a")).await?;
    plain_404(cx, Method::POST, &format!("{group}/v1/widgets")).await
}

async fn methods(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let item = format!("{path}/a");
    let everywhere = "/apis/coordination.k8s.io/v1/leases";
    for (method, path) in [
        (Method::POST, item.as_str()),
        (Method::PUT, &path),
        (Method::PATCH, &path),
        (Method::POST, everywhere),
        (Method::DELETE, everywhere),
        (Method::POST, "/version"),
        (Method::DELETE, "/api"),
    ] {
        cx.call(method, path).json(&made).await?.refused(&not_allowed())?;
    }
    same("HEAD", &cx.call(Method::HEAD, &item).await?.code(), &405)?;
    same("nothing changed", &cx.get(&item).await?.ok()?, &made)
}

async fn object_without_its_namespace(cx: &Context) -> Outcome {
    cx.get("/apis/coordination.k8s.io/v1/leases/a").await?.refused(&no_such_resource())?;
    cx.get("/api/v1/configmaps/a").await?.refused(&no_such_resource())
}

async fn trailing_slash(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    same("names", &names(&cx.get(&format!("{path}/")).await?.ok()?), &["a"])?;
    same("/version/", &cx.get("/version/").await?.code(), &200)
}

async fn unacceptable(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    // Lists and watches name more of them.
    let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
                   application/vnd.kubernetes.protobuf";
    let refusal = json!({"message": message, "reason": "NotAcceptable", "details": {}, "code": 406});
    for accept in ["text/html", "image/png, text/*", "application/*"] {
        cx.get(&format!("{path}/a")).accept(accept).await?.refused(&refusal)?;
        cx.post(&path, &lease("a")).accept(accept).await?.refused(&refusal)?;
        let list = cx.get(&path).accept(accept).await?;
        list.refused_as(406, "NotAcceptable")?;
        holds("message", list.message().starts_with(message), &list.message())?;
    }
    same("nothing is made", &names(&cx.get(&path).await?.ok()?), &[""; 0])
}

async fn unacceptable_for_custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let refusal = json!({
        "message":
            "only the following media types are accepted: application/json, application/yaml, \
             application/vnd.kubernetes.protobuf",
        "reason": "NotAcceptable", "code": 406,
    });
    let object = widgets.object("a", &json!({"must": "m"}));
    cx.get(&widgets.path()).accept("text/html").await?.refused(&refusal)?;
    cx.post(&widgets.path(), &object).accept("text/html").await?.refused(&refusal)?;
    let list = cx.get(&widgets.path()).await?.ok()?;
    holds("nothing is made", names(&list).is_empty(), &list)
}
