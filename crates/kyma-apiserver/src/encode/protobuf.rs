//! Protobuf bodies of the kinds that stock clients send in that encoding
//! (k8s.io/apimachinery/pkg/runtime/serializer/protobuf): four magic bytes, then a `runtime.Unknown`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_pb::api::authorization::v1::SelfSubjectAccessReview;
use k8s_pb::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_pb::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta};
use k8s_pb::apimachinery::pkg::runtime::Unknown;
use kyma_registry::ApiError;
use prost::Message;
use serde_json::{Map, Value, json};

const MAGIC: &[u8; 4] = b"k8s\0";

/// The content type of these bodies.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// A body of the kind `wanted` as the value that its JSON form would have.
pub(crate) fn to_value(body: &[u8], wanted: &str) -> Result<Value, ApiError> {
    let bad = |text: String| ApiError::bad_request(text);
    let Some(rest) = body.strip_prefix(MAGIC) else {
        return Err(bad(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
                .to_owned(),
        ));
    };
    let unknown =
        Unknown::decode(rest).map_err(|e| bad(format!("the protobuf envelope cannot be read: {e}")))?;
    let kind = unknown.type_meta.as_ref().and_then(|t| t.kind.clone()).unwrap_or_default();
    let api_version = unknown.type_meta.as_ref().and_then(|t| t.api_version.clone()).unwrap_or_default();
    let raw = unknown.raw.unwrap_or_default();
    let unreadable = |e: prost::DecodeError| bad(format!("the {kind} in protobuf cannot be read: {e}"));
    let mut value = match kind.as_str() {
        "Namespace" => namespace(&Namespace::decode(raw.as_slice()).map_err(unreadable)?),
        "ConfigMap" => config_map(&ConfigMap::decode(raw.as_slice()).map_err(unreadable)?),
        "Secret" => secret(&Secret::decode(raw.as_slice()).map_err(unreadable)?),
        "DeleteOptions" => delete_options(&DeleteOptions::decode(raw.as_slice()).map_err(unreadable)?),
        "SelfSubjectAccessReview" => {
            access_review(&SelfSubjectAccessReview::decode(raw.as_slice()).map_err(unreadable)?)
        }
        // What they ask is all in their kind.
        "SelfSubjectReview" | "SelfSubjectRulesReview" => Map::new(),
        _ if kind != wanted => {
            return Err(bad(format!(
                "{kind} in version {api_version:?} cannot be handled as a {wanted}: unknown conversion"
            )));
        }
        _ => {
            return Err(ApiError::unsupported_media_type(&["application/json", "application/yaml"]));
        }
    };
    value.insert("kind".into(), kind.into());
    value.insert("apiVersion".into(), api_version.into());
    Ok(Value::Object(value))
}

fn namespace(namespace: &Namespace) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(meta) = &namespace.metadata {
        value.insert("metadata".into(), metadata(meta));
    }
    if let Some(spec) = namespace.spec.as_ref().filter(|spec| !spec.finalizers.is_empty()) {
        value.insert("spec".into(), json!({"finalizers": spec.finalizers}));
    }
    if let Some(phase) =
        namespace.status.as_ref().and_then(|status| status.phase.clone()).filter(|p| !p.is_empty())
    {
        value.insert("status".into(), json!({"phase": phase}));
    }
    value
}

fn config_map(map: &ConfigMap) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(meta) = &map.metadata {
        value.insert("metadata".into(), metadata(meta));
    }
    if !map.data.is_empty() {
        value.insert("data".into(), json!(map.data));
    }
    let binary = map.binary_data.iter().map(|(key, bytes)| (key.clone(), STANDARD.encode(bytes).into()));
    let binary: Map<String, Value> = binary.collect();
    if !binary.is_empty() {
        value.insert("binaryData".into(), binary.into());
    }
    if let Some(immutable) = map.immutable {
        value.insert("immutable".into(), immutable.into());
    }
    value
}

fn secret(secret: &Secret) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(meta) = &secret.metadata {
        value.insert("metadata".into(), metadata(meta));
    }
    let data = secret.data.iter().map(|(key, bytes)| (key.clone(), STANDARD.encode(bytes).into()));
    let data: Map<String, Value> = data.collect();
    if !data.is_empty() {
        value.insert("data".into(), data.into());
    }
    if !secret.string_data.is_empty() {
        value.insert("stringData".into(), json!(secret.string_data));
    }
    if let Some(kind) = secret.r#type.as_ref().filter(|kind| !kind.is_empty()) {
        value.insert("type".into(), kind.as_str().into());
    }
    if let Some(immutable) = secret.immutable {
        value.insert("immutable".into(), immutable.into());
    }
    value
}

fn access_review(review: &SelfSubjectAccessReview) -> Map<String, Value> {
    let mut spec = Map::new();
    let asked = review.spec.as_ref();
    if let Some(kind) = asked.and_then(|spec| spec.resource_attributes.as_ref()) {
        let members = [
            ("namespace", &kind.namespace),
            ("verb", &kind.verb),
            ("group", &kind.group),
            ("version", &kind.version),
            ("resource", &kind.resource),
            ("subresource", &kind.subresource),
            ("name", &kind.name),
        ];
        spec.insert("resourceAttributes".into(), texts(&members));
    }
    if let Some(path) = asked.and_then(|spec| spec.non_resource_attributes.as_ref()) {
        let members = [("path", &path.path), ("verb", &path.verb)];
        spec.insert("nonResourceAttributes".into(), texts(&members));
    }
    Map::from_iter([("spec".to_owned(), Value::Object(spec))])
}

/// The texts that are set.
fn texts(members: &[(&str, &Option<String>)]) -> Value {
    let set =
        members.iter().filter_map(|(name, text)| Some((*name, text.as_ref().filter(|t| !t.is_empty())?)));
    Value::Object(set.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect())
}

fn metadata(meta: &ObjectMeta) -> Value {
    let mut value = Map::new();
    let strings = [
        ("name", &meta.name),
        ("generateName", &meta.generate_name),
        ("namespace", &meta.namespace),
        ("uid", &meta.uid),
        ("resourceVersion", &meta.resource_version),
    ];
    for (field, text) in strings {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            value.insert(field.into(), text.as_str().into());
        }
    }
    for (field, map) in [("labels", &meta.labels), ("annotations", &meta.annotations)] {
        if !map.is_empty() {
            value.insert(field.into(), json!(map));
        }
    }
    if !meta.finalizers.is_empty() {
        value.insert("finalizers".into(), json!(meta.finalizers));
    }
    let owners: Vec<Value> = meta
        .owner_references
        .iter()
        .map(|owner| {
            let mut reference = json!({"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid});
            for (field, flag) in [("controller", owner.controller), ("blockOwnerDeletion", owner.block_owner_deletion)] {
                if let Some(flag) = flag {
                    reference[field] = flag.into();
                }
            }
            reference
        })
        .collect();
    if !owners.is_empty() {
        value.insert("ownerReferences".into(), owners.into());
    }
    Value::Object(value)
}

fn delete_options(options: &DeleteOptions) -> Map<String, Value> {
    let mut value = Map::new();
    if let Some(seconds) = options.grace_period_seconds {
        value.insert("gracePeriodSeconds".into(), seconds.into());
    }
    if let Some(policy) = &options.propagation_policy {
        value.insert("propagationPolicy".into(), policy.as_str().into());
    }
    if let Some(orphan) = options.orphan_dependents {
        value.insert("orphanDependents".into(), orphan.into());
    }
    if !options.dry_run.is_empty() {
        value.insert("dryRun".into(), json!(options.dry_run));
    }
    if let Some(conditions) = &options.preconditions {
        let mut preconditions = Map::new();
        if let Some(uid) = &conditions.uid {
            preconditions.insert("uid".into(), uid.as_str().into());
        }
        if let Some(version) = &conditions.resource_version {
            preconditions.insert("resourceVersion".into(), version.as_str().into());
        }
        value.insert("preconditions".into(), preconditions.into());
    }
    value
}

#[cfg(test)]
mod tests {
    use k8s_pb::apimachinery::pkg::runtime::TypeMeta;

    use super::*;

    fn envelope(kind: &str, raw: Vec<u8>) -> Vec<u8> {
        let type_meta = TypeMeta { api_version: Some("v1".to_owned()), kind: Some(kind.to_owned()) };
        let unknown = Unknown { type_meta: Some(type_meta), raw: Some(raw), ..Unknown::default() };
        [MAGIC.as_slice(), &unknown.encode_to_vec()].concat()
    }

    #[test]
    fn a_namespace_reads_as_its_json() {
        let meta = ObjectMeta {
            name: Some("pb".to_owned()),
            labels: [("a".to_owned(), "b".to_owned())].into(),
            ..ObjectMeta::default()
        };
        let namespace = Namespace { metadata: Some(meta), ..Namespace::default() };
        assert_eq!(
            to_value(&envelope("Namespace", namespace.encode_to_vec()), "Namespace").unwrap(),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pb", "labels": {"a": "b"}}})
        );
    }

    #[test]
    fn a_secret_reads_as_its_json() {
        let data = [("key".to_owned(), b"value".to_vec())].into();
        let secret = Secret { data, r#type: Some("Opaque".to_owned()), ..Secret::default() };
        assert_eq!(
            to_value(&envelope("Secret", secret.encode_to_vec()), "Secret").unwrap(),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"key": "dmFsdWU="}})
        );
    }

    #[test]
    fn delete_options_read_as_their_json() {
        let options = DeleteOptions {
            propagation_policy: Some("Foreground".to_owned()),
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        assert_eq!(
            to_value(&envelope("DeleteOptions", options.encode_to_vec()), "DeleteOptions").unwrap(),
            json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground", "gracePeriodSeconds": 0})
        );
    }

    #[test]
    fn what_is_no_envelope_or_another_kind_is_refused() {
        assert_eq!(to_value(b"{}", "Pod").unwrap_err().code(), 400);
        assert_eq!(to_value(b"k8s\0\xff", "Pod").unwrap_err().code(), 400);
        assert_eq!(to_value(&envelope("Pod", Vec::new()), "Pod").unwrap_err().code(), 415);
        assert_eq!(to_value(&envelope("Pod", Vec::new()), "Namespace").unwrap_err().code(), 400);
    }
}
