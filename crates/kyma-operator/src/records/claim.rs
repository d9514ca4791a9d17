//! Whose metadata an object carries.

use kube::Resource;
use kube::api::ObjectMeta;
use kyma_inventory::names::SHARD_LABEL;
use kyma_inventory::{GROUP, Kyma};

/// Whether an object's metadata holds something that others may have applied: labels, annotations, finalizers or
/// owners beside those that the operator gives to a component itself.
///
/// The server takes a status PUT without them for the wish to remove them: it keeps them, but not who applied them
/// (`metadata.managedFields`). Whoever applied a label could then never remove it by leaving it out
/// (upstream: structured-merge-diff, merge/update.go; status strategies reset only `spec`).
#[must_use]
pub fn claimed(meta: &ObjectMeta) -> bool {
    let labels = meta.labels.iter().flatten().any(|(key, _)| key != SHARD_LABEL);
    let owners = meta.owner_references.iter().flatten().any(|owner| {
        let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
        (group, owner.kind.as_str()) != (GROUP, Kyma::kind(&()).as_ref())
    });
    let annotations = meta.annotations.as_ref().is_some_and(|all| !all.is_empty());
    let finalizers = meta.finalizers.as_ref().is_some_and(|all| !all.is_empty());
    labels || owners || annotations || finalizers
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_the_operator_gives_a_component_is_nobodys_claim() {
        let own = json!({
            "labels": { "inventory.kyma-project.io/shard": "37" },
            "ownerReferences": [{
                "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k", "uid": "u",
            }],
        });
        let foreign_owner = json!([{ "apiVersion": "apps/v1", "kind": "Kyma", "name": "k", "uid": "u" }]);
        let cases: [(Value, bool); 8] = [
            (json!({}), false),
            (json!({ "labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": [] }), false),
            (own, false),
            (json!({ "labels": { "team": "a" } }), true),
            (json!({ "labels": { "inventory.kyma-project.io/shard": "37", "team": "a" } }), true),
            (json!({ "annotations": { "a": "" } }), true),
            (json!({ "finalizers": ["example.com/f"] }), true),
            (json!({ "ownerReferences": foreign_owner }), true),
        ];
        for (metadata, expected) in cases {
            let meta: ObjectMeta = serde_json::from_value(metadata.clone()).unwrap();
            assert_eq!(claimed(&meta), expected, "{metadata}");
        }
    }
}
