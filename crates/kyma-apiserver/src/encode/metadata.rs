//! PartialObjectMetadata: the metadata alone (k8s.io/apiserver/pkg/endpoints/handlers/response.go).

use kyma_registry::{ApiError, Listed, object};
use kyma_store::Object as Stored;
use serde_json::{Value, json};

use super::json::list_metadata;

/// One object's metadata.
pub(crate) fn object(stored: &Stored) -> Result<Value, ApiError> {
    let mut value = object::parse(&stored.json)?;
    let metadata = value.remove("metadata").unwrap_or_else(|| json!({}));
    Ok(partial(&metadata))
}

/// What an object becomes of which nothing but this metadata is shown.
pub(super) fn partial(metadata: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}

/// The metadata of each object of a list.
pub(crate) fn list(listed: &Listed) -> Result<Value, ApiError> {
    let items = listed.objects.iter().map(|stored| object(stored)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata(listed),
        "items": items,
    }))
}
