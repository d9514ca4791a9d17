//! Patches: what a PATCH body asks for, and the object that comes of it
//! (`k8s.io/apiserver/pkg/endpoints/handlers/patch.go` and the json-patch library that it uses, quirks included).

mod json;
mod merge;
mod strict;

use serde_json::{Map, Value};

use crate::reason::{ApiError, FieldError, Path, gotext};

pub use json::JsonPatch;
pub use merge::MergePatch;
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

/// The types that this server takes so far.
pub const ACCEPTED: [PatchType; 2] = [PatchType::Json, PatchType::Merge];

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
}

impl Patch {
    /// Reads a patch of the type that the `Content-Type` header names.
    ///
    /// # Errors
    /// 400 for what is no patch of the type, 413 for too many operations, 415 for types that are not [`ACCEPTED`].
    pub fn parse(content_type: &str, body: &[u8]) -> Result<Self, ApiError> {
        let (steps, complaints) = match PatchType::from_content_type(content_type, &ACCEPTED)? {
            PatchType::Json => {
                let (patch, complaints) = JsonPatch::parse(body)?;
                (Steps::Json(patch), complaints)
            }
            // The other two are not accepted.
            PatchType::Merge | PatchType::Strategic | PatchType::Apply => {
                let (patch, complaints) = MergePatch::parse(body)?;
                (Steps::Merge(patch), complaints)
            }
        };
        Ok(Self { steps, complaints })
    }

    /// What strict field validation finds wrong with the patch itself, such as `duplicate field "spec"`: a warning
    /// each, or under `Strict` a refusal, which is [`undecodable`].
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The object with the patch applied.
    ///
    /// # Errors
    /// 422 where an operation fails, or where the result is no object.
    pub fn apply(&self, object: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
        match &self.steps {
            Steps::Json(patch) => patch.apply(object),
            Steps::Merge(patch) => Ok(patch.apply(object)),
        }
    }
}

/// 422: the patched object cannot be decoded, for the reason in `why`.
pub fn undecodable(patched: &Value, why: &str) -> ApiError {
    let error = FieldError::invalid(&Path::new("patch"), gotext::json(patched), why);
    ApiError::invalid("", "", "", vec![error])
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
