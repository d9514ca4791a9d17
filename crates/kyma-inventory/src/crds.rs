//! The custom resource definitions, made from the types.
//!
//! Plain structural schemas: whatever a generator adds for its own purpose is taken out again, so that any
//! server that knows the basic keywords validates and prunes as the proof of concept's definitions did.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresourceStatus,
    CustomResourceSubresources, CustomResourceValidation, JSONSchemaProps,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube_core::Resource;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, ClusterSpec, ClusterStatus};
use crate::helm_component::{HelmComponent, HelmComponentSpec, HelmComponentStatus};
use crate::kyma::{Kyma, KymaSpec, KymaStatus};
use crate::{GROUP, VERSION};

/// Why a definition could not be made or written. Only a fault in the types themselves can cause it, so every
/// test that makes the definitions shows that it does not happen.
#[derive(Debug, thiserror::Error)]
pub enum CrdError {
    /// The schema of a type says something that a definition cannot hold.
    #[error("the schema of {kind} cannot be expressed in a definition")]
    ConvertSchema {
        /// The kind.
        kind: String,
        /// What is in the way.
        #[source]
        source: serde_json::Error,
    },
    /// The definition cannot be written as YAML.
    #[error("a definition cannot be written as YAML")]
    WriteYaml(#[source] serde_saphyr::SerializeError),
}

/// The three definitions, in the order of their file names.
///
/// # Errors
/// When a type's schema cannot be expressed; see [`CrdError`].
pub fn all() -> Result<Vec<CustomResourceDefinition>, CrdError> {
    Ok(vec![
        definition::<Cluster, ClusterSpec, ClusterStatus>(&[])?,
        definition::<HelmComponent, HelmComponentSpec, HelmComponentStatus>(&[("Status", ".status.status")])?,
        definition::<Kyma, KymaSpec, KymaStatus>(&[
            ("Ready", ".status.status"),
            ("WaitingFor", ".status.waitingFor"),
        ])?,
    ])
}

/// The definition's file in `config/crd/bases`, named as kubebuilder names it.
#[must_use]
pub fn file_name(definition: &CustomResourceDefinition) -> String {
    format!("{}_{}.yaml", definition.spec.group, definition.spec.names.plural)
}

/// The definition as one YAML document, the same in every run.
///
/// # Errors
/// When the YAML writer refuses; see [`CrdError`].
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, CrdError> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false, compact_list_indent: true };
    let body = serde_saphyr::to_string_with_options(definition, options).map_err(CrdError::WriteYaml)?;
    Ok(format!("---\n{body}"))
}

fn definition<K, Spec, Status>(columns: &[(&str, &str)]) -> Result<CustomResourceDefinition, CrdError>
where
    K: Resource<DynamicType = ()>,
    Spec: JsonSchema,
    Status: JsonSchema,
{
    let kind = K::kind(&()).into_owned();
    let plural = K::plural(&()).into_owned();
    let schema = object_schema::<Spec, Status>(&kind)
        .map_err(|source| CrdError::ConvertSchema { kind: kind.clone(), source })?;
    let version = CustomResourceDefinitionVersion {
        name: VERSION.to_owned(),
        served: true,
        storage: true,
        schema: Some(CustomResourceValidation { open_api_v3_schema: Some(schema) }),
        subresources: Some(CustomResourceSubresources {
            status: Some(CustomResourceSubresourceStatus(json!({}))),
            ..Default::default()
        }),
        additional_printer_columns: (!columns.is_empty())
            .then(|| columns.iter().map(|(name, path)| column(name, path)).collect()),
        ..Default::default()
    };
    Ok(CustomResourceDefinition {
        metadata: ObjectMeta { name: Some(format!("{plural}.{GROUP}")), ..Default::default() },
        spec: CustomResourceDefinitionSpec {
            group: GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                list_kind: Some(format!("{kind}List")),
                singular: Some(kind.to_lowercase()),
                kind,
                plural,
                ..Default::default()
            },
            scope: "Namespaced".to_owned(),
            versions: vec![version],
            ..Default::default()
        },
        status: None,
    })
}

fn column(name: &str, json_path: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: "string".to_owned(),
        json_path: json_path.to_owned(),
        ..Default::default()
    }
}

fn object_schema<Spec: JsonSchema, Status: JsonSchema>(kind: &str) -> serde_json::Result<JSONSchemaProps> {
    serde_json::from_value(json!({
        "description": format!("{kind} is a kind of the inventory of managed clusters."),
        "type": "object",
        "properties": {
            "apiVersion": { "type": "string", "description": "The group and version of this object's schema." },
            "kind": { "type": "string", "description": "The kind of this object." },
            "metadata": { "type": "object" },
            "spec": plain_schema::<Spec>(),
            "status": plain_schema::<Status>(),
        },
    }))
}

/// The schema of a type without references, and without what only the generator wants to say.
fn plain_schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    make_plain(&mut schema);
    schema
}

fn make_plain(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    // An absent field stays absent in the store: the old definitions had no defaults.
    keywords.remove("default");
    keywords.remove("title");
    drop_null(keywords);
    if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
        properties.values_mut().for_each(make_plain);
    }
    if let Some(items) = keywords.get_mut("items") {
        make_plain(items);
    }
}

/// An optional field may be left out; it may not be null, as in the old definitions.
fn drop_null(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keywords.insert("type".to_owned(), only);
        }
    }
    // A struct that may be absent comes as a choice between itself and null.
    if let Some(Value::Array(choices)) = keywords.remove("anyOf") {
        let described = keywords.get("description").cloned();
        for choice in choices {
            if let Value::Object(object) = choice
                && object.get("type").is_none_or(|name| name != "null")
            {
                keywords.extend(object);
            }
        }
        keywords.extend(described.map(|text| ("description".to_owned(), text)));
    }
}

#[cfg(test)]
mod tests;
