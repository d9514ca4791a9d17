//! Patches: what a PATCH body asks for, and the object that comes of it
//! (`k8s.io/apiserver/pkg/endpoints/handlers/patch.go` and the json-patch library that it uses, quirks included).

mod apply;
mod json;
mod merge;
mod shown;
mod strategic;
mod strict;

use serde_json::{Map, Value};

use crate::Resource;
use crate::reason::{ApiError, FieldError, Path, gotext};
use crate::registry::FieldValidation;

pub use apply::ApplyPatch;
pub use json::JsonPatch;
pub use merge::MergePatch;
use shown::Opened;
pub use strategic::StrategicPatch;
pub use strict::decode_json;

/// The kinds of patches, by media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchType {
    /// RFC 6902: a list of operations.
    Json,
    /// RFC 7386: an object to be laid over.
    Merge,
    /// A merge patch that knows the keys of lists.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl PatchType {
    /// All that clients may send.
    pub const ALL: [Self; 4] = [Self::Json, Self::Merge, Self::Strategic, Self::Apply];

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }

    /// The type that a `Content-Type` header names, parameters left out.
    ///
    /// # Errors
    /// 415 with the list of accepted types, if it is none of them.
    pub fn from_content_type(header: &str, accepted: &[Self]) -> Result<Self, ApiError> {
        let name = header.split_once(';').map_or(header, |(name, _)| name);
        let found = Self::ALL.into_iter().find(|kind| kind.media_type() == name && accepted.contains(kind));
        found.ok_or_else(|| {
            let accepted: Vec<_> = accepted.iter().map(|kind| kind.media_type()).collect();
            ApiError::unsupported_media_type(&accepted)
        })
    }
}

/// The types that this server takes for a kind. A strategic merge patch needs the structures of the built-in ones.
pub fn accepted(resource: &Resource) -> &'static [PatchType] {
    const CUSTOM: [PatchType; 3] = [PatchType::Json, PatchType::Merge, PatchType::Apply];
    if resource.is_custom() { &CUSTOM } else { &PatchType::ALL }
}

/// What Go reads the kind and version of an object into, as its messages show it.
pub const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// A patch that has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    steps: Steps,
    complaints: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Steps {
    Json(JsonPatch),
    Merge(MergePatch),
    Strategic(StrategicPatch),
    Apply(ApplyPatch),
}

/// What a patch makes of an object.
pub(crate) struct Patched {
    pub(crate) object: Map<String, Value>,
    /// What the real server shows where the object cannot be decoded: of a strategic merge patch what is left of the
    /// patch itself, of the others the object (`None`).
    pub(crate) shown: Option<Map<String, Value>>,
    /// Which objects a patch of the others has opened.
    opened: Opened,
}

impl Patch {
    /// Reads a patch of this type, which must be one of the [`accepted`]. A configuration to be applied is read as JSON
    /// here, which is one way to write YAML; see [`Patch::applied`] for others.
    ///
    /// # Errors
    /// 400 for what is no patch of the type, 413 for too many operations. `mode` has a say in the words.
    pub fn parse(kind: PatchType, body: &[u8], mode: FieldValidation) -> Result<Self, ApiError> {
        let (steps, complaints) = match kind {
            PatchType::Json => {
                let (patch, complaints) = JsonPatch::parse(body, mode)?;
                (Steps::Json(patch), complaints)
            }
            PatchType::Strategic => {
                let (patch, complaints) = StrategicPatch::parse(body)?;
                (Steps::Strategic(patch), complaints)
            }
            PatchType::Merge => {
                let (patch, complaints) = MergePatch::parse(body, mode)?;
                (Steps::Merge(patch), complaints)
            }
            PatchType::Apply => {
                let (body, complaints) = decode_json(body)
                    .map_err(|error| ApiError::bad_request(format!("error encoding patch: yaml: {error}")))?;
                return Self::applied(body, complaints);
            }
        };
        Ok(Self { steps, complaints })
    }

    /// A configuration to be applied, from a body that was decoded; `complaints` are about its text.
    ///
    /// # Errors
    /// 400 for what is no object.
    pub fn applied(body: Value, complaints: Vec<String>) -> Result<Self, ApiError> {
        Ok(Self { steps: Steps::Apply(ApplyPatch::new(body)?), complaints })
    }

    /// The configuration, if the patch is one to be applied.
    pub(crate) fn configuration(&self) -> Option<&Map<String, Value>> {
        match &self.steps {
            Steps::Apply(patch) => Some(patch.object()),
            Steps::Json(_) | Steps::Merge(_) | Steps::Strategic(_) => None,
        }
    }

    /// Whether the patch reads or changes the list of managers, and so must see it.
    pub(crate) fn sees_managers(&self) -> bool {
        match &self.steps {
            Steps::Json(patch) => patch.mentions("metadata", "managedFields"),
            Steps::Merge(patch) => names_managers(patch.object()),
            Steps::Strategic(patch) => names_managers(patch.object()),
            Steps::Apply(_) => false,
        }
    }

    /// What strict field validation finds wrong with the patch itself, such as `duplicate field "spec"`: a warning
    /// each, or under `Strict` a refusal, which is [`undecodable`].
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The object of this kind with the patch applied.
    ///
    /// # Errors
    /// 400 and 422 where an operation fails, or where the result is no object; 415 for a strategic merge patch of a
    /// custom kind, and for an apply, which takes another way.
    pub(crate) fn apply(
        &self,
        resource: &Resource,
        object: &Map<String, Value>,
    ) -> Result<Patched, ApiError> {
        Ok(match (&self.steps, resource.builtin()) {
            (Steps::Json(patch), _) => {
                Patched { object: patch.apply(object)?, shown: None, opened: patch.opened() }
            }
            (Steps::Merge(patch), _) => {
                let opened = Opened::laid_over(patch.object(), object);
                Patched { object: patch.apply(object), shown: None, opened }
            }
            (Steps::Strategic(patch), Some(builtin)) => {
                let (object, rest) = patch.apply(object, builtin.structure)?;
                Patched { object, shown: Some(rest), opened: Opened::default() }
            }
            (Steps::Strategic(_), None) | (Steps::Apply(_), _) => return Err(ApiError::unsupported_patch()),
        })
    }
}

fn names_managers(patch: &Map<String, Value>) -> bool {
    patch.get("metadata").is_some_and(|metadata| metadata.get("managedFields").is_some())
}

/// 422: the patched object, which was `whole`, cannot be decoded, for the reason in `why`.
pub(crate) fn undecodable(
    resource: &Resource,
    patched: &Patched,
    whole: Map<String, Value>,
    why: &str,
) -> ApiError {
    let shown = match (&patched.shown, resource.builtin()) {
        (Some(rest), _) => gotext::value(&Value::Object(rest.clone())),
        (None, Some(builtin)) => shown::json(&whole, builtin.structure, &patched.opened),
        (None, None) => gotext::json(&Value::Object(whole)),
    };
    refused(shown, why)
}

/// 422: a patch leaves a list where the object was.
fn no_object(patched: &Value) -> ApiError {
    let why = format!(
        "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type {TYPE_META}"
    );
    refused(gotext::json(patched), &why)
}

fn refused(shown: String, why: &str) -> ApiError {
    ApiError::invalid("", "", "", vec![FieldError::invalid(&Path::new("patch"), shown, why)])
}

/// 400 for a body that is no JSON at all. The real server names no place in it.
fn unreadable() -> ApiError {
    ApiError::bad_request("invalid JSON patch")
}

/// 400 for a body of the wrong shape, in the words of Go's decoder.
fn wrong_shape(what: &str) -> ApiError {
    ApiError::bad_request(format!("error decoding patch: json: cannot unmarshal {what}"))
}

#[cfg(test)]
mod tests;
