use kube_core::Resource;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::helm_component::HelmComponent;
use crate::kyma::Kyma;

fn object(kind: &str, rest: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "inventory.kyma-project.io/v1alpha1",
        "kind": kind,
        "metadata": { "name": "n", "namespace": "pb" },
    });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

#[test]
fn resources_live_at_the_old_paths() {
    assert_eq!(
        Kyma::url_path(&(), Some("pb")),
        "/apis/inventory.kyma-project.io/v1alpha1/namespaces/pb/kymas"
    );
    assert_eq!(HelmComponent::url_path(&(), None), "/apis/inventory.kyma-project.io/v1alpha1/helmcomponents");
    assert_eq!(Cluster::plural(&()), "clusters");
}

#[test]
fn what_the_old_schema_accepted_decodes() {
    let kymas = [
        json!({}),
        json!({ "spec": {} }),
        json!({ "spec": { "components": [] }, "status": {} }),
        json!({ "spec": { "components": [{}, { "name": "istio" }, { "namespace": "x" }] } }),
        json!({ "status": { "status": "reconciling", "waitingFor": ["istio"] } }),
    ];
    for rest in kymas {
        assert!(serde_json::from_value::<Kyma>(object("Kyma", &rest)).is_ok(), "{rest}");
    }
    let components = [
        json!({}),
        json!({ "spec": { "componentName": "istio" }, "status": { "status": "whatever" } }),
        json!({ "status": { "lastReconciliation": "2021-11-02T10:00:00Z" } }),
        // Accepted as a date-time by the server's validation, though no calendar has it.
        json!({ "status": { "lastReconciliation": "2021-11-02 10:00:00Z" } }),
    ];
    for rest in components {
        assert!(serde_json::from_value::<HelmComponent>(object("HelmComponent", &rest)).is_ok(), "{rest}");
    }
    let clusters = [json!({}), json!({ "spec": { "oidc": {} } }), json!({ "status": {} })];
    for rest in clusters {
        assert!(serde_json::from_value::<Cluster>(object("Cluster", &rest)).is_ok(), "{rest}");
    }
}

#[test]
fn unknown_fields_and_odd_conditions_do_no_harm() {
    let rest = json!({
        "spec": { "componentName": "istio", "later": { "deep": [1] } },
        "status": { "conditions": [{ "type": "Ready", "lastTransitionTime": "soon", "later": 1 }, {}] },
    });
    let component: HelmComponent = serde_json::from_value(object("HelmComponent", &rest)).unwrap();
    assert_eq!(component.status.unwrap().conditions.len(), 2);
}

#[test]
fn all_fields_go_out_under_the_names_they_came_in() {
    let kyma = object(
        "Kyma",
        &json!({
            "spec": { "components": [{ "name": "istio", "namespace": "istio-system" }] },
            "status": {
                "status": "reconciling", "waitingFor": ["istio"], "observedGeneration": 1,
                "conditions": [{
                    "type": "Ready", "status": "False", "reason": "Reconciling", "message": "m",
                    "lastTransitionTime": "2024-01-01T00:00:00Z", "observedGeneration": 1,
                }],
            },
        }),
    );
    assert_eq!(serde_json::to_value(serde_json::from_value::<Kyma>(kyma.clone()).unwrap()).unwrap(), kyma);
    let component = object(
        "HelmComponent",
        &json!({
            "spec": {
                "componentName": "istio", "chartLocation": "charts/istio", "version": "2.0",
                "namespace": "istio-system",
            },
            "status": {
                "status": "started", "lastReconciliation": "2024-01-01T00:00:00.000001Z",
                "observedGeneration": 3,
            },
        }),
    );
    let read: HelmComponent = serde_json::from_value(component.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), component);
    let cluster = object(
        "Cluster",
        &json!({
            "spec": {
                "provider": "gcp", "region": "europe-west3",
                "oidc": {
                    "clientID": "c", "groupsClaim": "groups", "issuerURL": "https://issuer",
                    "signingAlgs": ["RS256"], "usernameClaim": "sub", "usernamePrefix": "-",
                },
            },
            "status": { "observedGeneration": 1 },
        }),
    );
    assert_eq!(
        serde_json::to_value(serde_json::from_value::<Cluster>(cluster.clone()).unwrap()).unwrap(),
        cluster
    );
}
