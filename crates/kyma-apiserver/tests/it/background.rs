//! What the server does by itself: definitions are served and go, namespaces are emptied, garbage is collected.

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::server::{Server, let_go, settle};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}}}},
            }],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {}})
}

fn owned(name: &str, owner: &Value, blocks: bool) -> Value {
    let reference = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "blockOwnerDeletion": blocks,
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]});
    json!({"metadata": {"name": name, "ownerReferences": [reference]}})
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_served_and_takes_its_instances_with_it() {
    let server = Server::start().await;
    assert_eq!(server.code(WIDGETS).await, StatusCode::NOT_FOUND);
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    let made = server.create(WIDGETS, &widget("a")).await;
    assert_eq!((made["spec"]["size"].as_i64(), made["metadata"]["generation"].as_i64()), (Some(3), Some(1)));
    let (status, marked) = server.delete(&format!("{DEFINITIONS}/widgets.example.com")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(marked["metadata"]["deletionTimestamp"].is_string(), "{marked}");
    settle().await;
    assert_eq!(server.code(&format!("{DEFINITIONS}/widgets.example.com")).await, StatusCode::NOT_FOUND);
    assert_eq!(server.code(WIDGETS).await, StatusCode::NOT_FOUND);
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    assert_eq!(server.get(WIDGETS).await["items"], json!([]), "the instances went with the old definition");
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_served_when_its_definition_says_so() {
    let server = Server::start().await;
    let path = format!("{DEFINITIONS}?watch=1");
    let mut watch = server.open(Method::GET, &path, None).await.into_body();
    server.create(DEFINITIONS, &definition()).await;
    loop {
        let frame = watch.frame().await.unwrap().unwrap().into_data().unwrap();
        if String::from_utf8_lossy(&frame).contains("InitialNamesAccepted") {
            break;
        }
    }
    assert_eq!(server.code(WIDGETS).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_held_instance_holds_its_definition() {
    let server = Server::start().await;
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    let mut held = widget("a");
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.create(WIDGETS, &held).await;
    server.delete(&format!("{DEFINITIONS}/widgets.example.com")).await;
    settle().await;
    let path = format!("{WIDGETS}/a");
    let mut held = server.get(&path).await;
    assert!(held["metadata"]["deletionTimestamp"].is_string(), "{held}");
    held["metadata"].as_object_mut().unwrap().remove("finalizers");
    assert_eq!(server.request(Method::PUT, &path, Some(&held)).await.0, StatusCode::OK);
    settle().await;
    assert_eq!(server.code(&format!("{DEFINITIONS}/widgets.example.com")).await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_when_its_content_is_gone() {
    let server = Server::start().await;
    server.create("/api/v1/namespaces", &json!({"metadata": {"name": "pb"}})).await;
    let maps = "/api/v1/namespaces/pb/configmaps";
    server.create(maps, &json!({"metadata": {"name": "free"}})).await;
    server.create(maps, &json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}})).await;
    let (_, going) = server.delete("/api/v1/namespaces/pb").await;
    assert_eq!(going["status"]["phase"], "Terminating");
    settle().await;
    assert_eq!(server.code(&format!("{maps}/free")).await, StatusCode::OK);
    let_go().await;
    assert_eq!(server.code(&format!("{maps}/free")).await, StatusCode::NOT_FOUND);
    let (refused, status) =
        server.request(Method::POST, maps, Some(&json!({"metadata": {"name": "new"}}))).await;
    assert_eq!((refused, status["reason"].as_str()), (StatusCode::FORBIDDEN, Some("Forbidden")));
    assert_eq!(status["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let waiting = server.get("/api/v1/namespaces/pb").await;
    let text = waiting["status"]["conditions"].to_string();
    assert!(text.contains("example.com/hold in 1 resource instances"), "{text}");
    let patch = json!({"metadata": {"finalizers": null}});
    let mut held = server.get(&format!("{maps}/held")).await;
    held["metadata"]["finalizers"] = patch["metadata"]["finalizers"].clone();
    server.request(Method::PUT, &format!("{maps}/held"), Some(&held)).await;
    settle().await;
    assert_eq!(server.code("/api/v1/namespaces/pb").await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn garbage_is_collected_when_the_last_owner_is_gone() {
    let server = Server::start().await;
    let (one, two) = (server.config_map("one").await, server.config_map("two").await);
    server.create(MAPS, &owned("child", &one, false)).await;
    let mut both = owned("both", &one, false);
    let second = owned("x", &two, false)["metadata"]["ownerReferences"][0].clone();
    both["metadata"]["ownerReferences"].as_array_mut().unwrap().push(second);
    server.create(MAPS, &both).await;
    server.delete(&format!("{MAPS}/one")).await;
    settle().await;
    assert_eq!(server.code(&format!("{MAPS}/child")).await, StatusCode::NOT_FOUND);
    let both = server.get(&format!("{MAPS}/both")).await;
    assert_eq!(
        both["metadata"]["ownerReferences"].as_array().unwrap().len(),
        1,
        "the dangling reference is taken"
    );
    server.delete(&format!("{MAPS}/two")).await;
    settle().await;
    assert_eq!(server.code(&format!("{MAPS}/both")).await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_never_was_makes_garbage_at_once_and_an_unknown_kind_does_not() {
    let server = Server::start().await;
    let ghost = json!({"metadata": {"name": "one", "uid": "6f1b8e9e-0000-4000-8000-000000000000"}});
    server.create(MAPS, &owned("orphan", &ghost, false)).await;
    let mut strange = owned("strange", &ghost, false);
    strange["metadata"]["ownerReferences"][0]["kind"] = "Planet".into();
    server.create(MAPS, &strange).await;
    settle().await;
    assert_eq!(server.code(&format!("{MAPS}/orphan")).await, StatusCode::NOT_FOUND);
    assert_eq!(server.code(&format!("{MAPS}/strange")).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_a_deletion_decides_over_the_dependents() {
    let server = Server::start().await;
    for (policy, blocks, kept) in
        [("Orphan", false, true), ("Background", true, false), ("Foreground", true, false)]
    {
        let owner = server.config_map("owner").await;
        server.create(MAPS, &owned("child", &owner, blocks)).await;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy});
        let (status, answer) = server.request(Method::DELETE, &format!("{MAPS}/owner"), Some(&options)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        settle().await;
        assert_eq!(server.code(&format!("{MAPS}/owner")).await, StatusCode::NOT_FOUND, "{policy}");
        let child = server.get(&format!("{MAPS}/child")).await;
        assert_eq!(child["kind"] == "ConfigMap", kept, "{policy}: {child}");
        if kept {
            assert_eq!(child["metadata"].get("ownerReferences"), None, "{policy}");
            server.delete(&format!("{MAPS}/child")).await;
        }
    }
}
