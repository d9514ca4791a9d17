//! Questions about oneself: who one is, and what one may do.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::Context;

cases! {
    "reviews/who" => who,
    "reviews/access" => access,
    "reviews/access-to-nothing" => access_to_nothing,
    "reviews/rules" => rules,
    "reviews/other-methods" => other_methods,
}

const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

fn question(kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec})
}

async fn who(cx: &Context) -> Outcome {
    let asked = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = cx.post(WHO, &asked).await?.created()?;
    same("kind", &answer["kind"], &"SelfSubjectReview")?;
    let groups = &answer["status"]["userInfo"]["groups"];
    same("groups", groups, &json!(["system:masters", "system:authenticated"]))?;
    holds("a name", answer["status"]["userInfo"]["username"].is_string(), &answer)
}

async fn access(cx: &Context) -> Outcome {
    for spec in [
        json!({"resourceAttributes": {"verb": "get", "resource": "configmaps", "namespace": "default"}}),
        json!({"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}),
        json!({"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}),
    ] {
        let answer = cx.post(ACCESS, &question("SelfSubjectAccessReview", &spec)).await?.created()?;
        same("spec", &answer["spec"], &spec)?;
        same("status", &answer["status"], &json!({"allowed": true}))?;
    }
    Ok(())
}

async fn access_to_nothing(cx: &Context) -> Outcome {
    let path = json!({"verb": "get", "path": "/x"});
    for (spec, shown) in [
        (json!({}), "null"),
        (
            json!({"resourceAttributes": {"verb": "get"}, "nonResourceAttributes": path}),
            "{\"Path\":\"/x\",\"Verb\":\"get\"}",
        ),
    ] {
        let answer = cx.post(ACCESS, &question("SelfSubjectAccessReview", &spec)).await?;
        let text = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let message = format!("Invalid value: {shown}: {text}");
        answer.invalid(&[("FieldValueInvalid", "spec", &message)])?;
    }
    Ok(())
}

async fn rules(cx: &Context) -> Outcome {
    let asked = question("SelfSubjectRulesReview", &json!({"namespace": "default"}));
    let answer = cx.post(RULES, &asked).await?.created()?;
    let has = |list: &str, rule: Value| {
        let rules = answer["status"][list].as_array().cloned().unwrap_or_default();
        holds(list, rules.contains(&rule), &rules)
    };
    has("resourceRules", json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}))?;
    has("nonResourceRules", json!({"verbs": ["*"], "nonResourceURLs": ["*"]}))?;
    same("incomplete", &answer["status"]["incomplete"], &false)
}

async fn other_methods(cx: &Context) -> Outcome {
    for path in [WHO, ACCESS, RULES] {
        cx.get(path).await?.refused_as(405, "MethodNotAllowed")?;
        cx.delete(path).await?.refused_as(405, "MethodNotAllowed")?;
    }
    Ok(())
}
