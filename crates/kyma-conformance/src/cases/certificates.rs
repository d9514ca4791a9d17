//! What is decided on a CertificateSigningRequest.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::client::{MERGE, STRATEGIC};
use crate::context::Context;
use crate::fixture::with;

cases! {
    "certificates/approval" => approval,
    "certificates/approval-by-patch" => approval_by_patch,
    "certificates/approval-of-nonsense" => approval_of_nonsense,
    "certificates/approval-is-not-for-status" => not_for_status,
    "certificates/request-stays" => request_stays,
}

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Made with `openssl req -new -newkey ed25519 -nodes -subj /CN=kyma`, in base64.
const PEM: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHT01FSUNBUUF3RHpFTk1Bc0dBMVVFQXd3RWEzbHRZVEFxTUFVR0F5dGxjQU1oQUZBb1VEK0xBdXNJdWZaaQpSWXBQaU5BOGQ2Vk9wM05TdUdzWnBLSFp0dzdGb0FBd0JRWURLMlZ3QTBFQUwvbHJKUHcvL0xiMjk4U056UWZsClZuWDRIaElQWXdJdk5FakFnZHI0L1hIVnpuWUgzZCtGNjlRdnN6OUlEWU1SZWgzUHhPTUhDUjRRTXBmelBSSUgKQVE9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";

/// A request of this case, as it was made, and its path.
async fn request(cx: &Context) -> Outcome<(String, Value)> {
    let name = cx.name();
    let request = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": {"request": PEM, "signerName": "example.com/signer", "usages": ["client auth"]},
    });
    let made = cx.post(REQUESTS, &request).await?.created()?;
    let path = format!("{REQUESTS}/{name}");
    cx.remember(path.clone());
    Ok((path, made))
}

fn decision(kind: &str) -> Value {
    json!({"type": kind, "status": "True", "reason": "Because", "message": "It is so."})
}

async fn approval(cx: &Context) -> Outcome {
    let (path, made) = request(cx).await?;
    let part = format!("{path}/approval");
    same("what is read there", &cx.get(&part).await?.ok()?["metadata"]["uid"], &made["metadata"]["uid"])?;
    let approved = with(made, "/status", json!({"conditions": [decision("Approved")]}));
    let after = cx.put(&part, &approved).await?.ok()?;
    let condition = &after["status"]["conditions"][0];
    includes("the condition", condition, &decision("Approved"))?;
    let timed = condition["lastUpdateTime"].is_string() && condition["lastTransitionTime"].is_string();
    holds("its times", timed, condition)
}

async fn approval_by_patch(cx: &Context) -> Outcome {
    let (path, _) = request(cx).await?;
    let part = format!("{path}/approval");
    let patch = json!({"status": {"conditions": [decision("Denied")], "certificate": "Cg=="}});
    let after = cx.patch(&part, MERGE, &patch).await?.ok()?;
    includes("the condition", &after["status"]["conditions"][0], &decision("Denied"))?;
    same("the certificate", &after["status"]["certificate"], &Value::Null)?;
    let other = json!({"status": {"conditions": [decision("Custom")]}});
    cx.patch(&part, STRATEGIC, &other).await?.invalid(&[(
        "FieldValueForbidden",
        "status.conditions",
        "Forbidden: updates may not remove a condition of type \"Denied\"",
    )])?;
    let more = json!({"status": {"conditions": [decision("Denied"), decision("Custom")]}});
    let after = cx.patch(&part, STRATEGIC, &more).await?.ok()?;
    same("how many conditions", &after["status"]["conditions"].as_array().map_or(0, Vec::len), &2)
}

async fn approval_of_nonsense(cx: &Context) -> Outcome {
    let (path, made) = request(cx).await?;
    let part = format!("{path}/approval");
    let put =
        |conditions: Value| cx.put(&part, &with(made.clone(), "/status", json!({"conditions": conditions})));
    let at = |field: &str| format!("status.conditions[0].{field}");
    let no = with(decision("Approved"), "/status", json!("False"));
    put(json!([no])).await?.invalid(&[(
        "FieldValueNotSupported",
        &at("status"),
        "Unsupported value: \"False\": supported values: \"True\"",
    )])?;
    let other = with(decision("Custom"), "/status", json!("Maybe"));
    put(json!([other])).await?.invalid(&[(
        "FieldValueNotSupported",
        &at("status"),
        "Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"",
    )])?;
    let none = with(decision("Custom"), "/type", json!(""));
    put(json!([none])).await?.invalid(&[("FieldValueRequired", &at("type"), "Required value")])?;
    put(json!([decision("Approved"), decision("Denied")])).await?.invalid(&[(
        "FieldValueInvalid", "status.conditions",
        "Invalid value: \"{conditions[{\\\"type\\\": \\\"Approved\\\"}], conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": \
         must specify at most one of: `conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": \"Denied\"}]`",
    )])?;
    put(json!([decision("Custom"), decision("Custom")])).await?.invalid(&[(
        "FieldValueDuplicate",
        "status.conditions[1].type",
        "Duplicate value: \"Custom\"",
    )])?;
    same("the status", &cx.get(&path).await?.ok()?["status"], &json!({}))
}

async fn not_for_status(cx: &Context) -> Outcome {
    let (path, made) = request(cx).await?;
    let part = format!("{path}/status");
    let approved = with(made.clone(), "/status", json!({"conditions": [decision("Approved")]}));
    cx.put(&part, &approved).await?.invalid(&[(
        "FieldValueForbidden",
        "status.conditions",
        "Forbidden: updates may not add a condition of type \"Approved\"",
    )])?;
    let failed = with(made, "/status", json!({"conditions": [decision("Failed")]}));
    let after = cx.put(&part, &failed).await?.ok()?;
    holds("its time", after["status"]["conditions"][0]["lastUpdateTime"].is_string(), &after)?;
    let patch = json!({"status": {"conditions": [decision("Failed"), decision("Approved")]}});
    let after = cx.patch(&format!("{path}/approval"), STRATEGIC, &patch).await?.ok()?;
    let gone = with(after, "/status", json!({}));
    let kept = |kind: &str| format!("Forbidden: updates may not remove a condition of type {kind:?}");
    cx.put(&part, &gone).await?.invalid(&[
        ("FieldValueForbidden", "status.conditions", &kept("Approved")),
        ("FieldValueForbidden", "status.conditions", &kept("Failed")),
    ])
}

async fn request_stays(cx: &Context) -> Outcome {
    let (path, made) = request(cx).await?;
    let patch = json!({"spec": {"signerName": "example.com/other"}, "status": {"certificate": "Cg=="}});
    let after = cx.patch(&path, MERGE, &patch).await?.ok()?;
    same("the spec", &after["spec"], &made["spec"])?;
    same("the status", &after["status"], &made["status"])
}
