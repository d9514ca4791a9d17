//! List: one consistent snapshot, in pages, with selectors
//! (continue tokens and their errors as in k8s.io/apiserver/pkg/storage/continue.go and storage/etcd3/errors.go).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kyma_store::{ListQuery, Object as Stored, ReadError, Revision};
use serde::{Deserialize, Serialize};

use crate::ApiError;
use crate::options::check_list;
use crate::reason::json_error;
use crate::registry::{Registry, Request};
use crate::selector::{FieldSelector, LabelSelector};

/// How a list's resourceVersion is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionMatch {
    /// The state at exactly that version.
    Exact,
    /// Any state that is not older.
    NotOlderThan,
    /// Neither; it is refused together with what else is wrong.
    Unknown(Arc<str>),
}

impl VersionMatch {
    /// What a query says.
    pub fn parse(text: &str) -> Self {
        match text {
            "Exact" => Self::Exact,
            "NotOlderThan" => Self::NotOlderThan,
            other => Self::Unknown(other.into()),
        }
    }

    /// As a query says it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exact => "Exact",
            Self::NotOlderThan => "NotOlderThan",
            Self::Unknown(text) => text,
        }
    }
}

/// Query parameters of a list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Labels that the objects must have.
    pub labels: LabelSelector,
    /// Fields that the objects must have.
    pub fields: FieldSelector,
    /// At most so many objects; 0 for all.
    pub limit: usize,
    /// Where an earlier page ended.
    pub continue_token: Option<String>,
    /// The version asked for; `None` for the newest state.
    pub resource_version: Option<Revision>,
    /// How that version is meant.
    pub version_match: Option<VersionMatch>,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The objects, by namespace and name.
    pub objects: Vec<Arc<Stored>>,
    /// The version at which all of them were so.
    pub revision: Revision,
    /// Where the next page begins, if there is one.
    pub continue_token: Option<String>,
    /// How many objects follow, where no selector makes that a guess.
    pub remaining: Option<usize>,
}

/// What a continue token holds; the form is the real server's.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    #[serde(rename = "v")]
    version: String,
    #[serde(rename = "rv")]
    revision: i64,
    start: String,
}

const TOKEN_VERSION: &str = "meta.k8s.io/v1";
const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";
const INCONSISTENT_CONTINUE: &str = "The provided continue parameter is too old to display a consistent list result. \
     You can start a new list without the continue parameter, or use the continue token in this response to retrieve \
     the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that \
     were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
/// A list with a selector and a limit reads so many objects at a time.
const SELECT_CHUNK: usize = 500;

impl Registry {
    /// Lists objects.
    ///
    /// # Errors
    /// 400 for a token that cannot be read, 410 for a version or token that is out of the history window, 504 for a
    /// version that is still to come, 422 for options that exclude each other.
    pub fn list(&self, request: &Request<'_>, options: &ListOptions) -> Result<Listed, ApiError> {
        check_list(options, false)?;
        let fields = stored_fields(request, &options.fields)?;
        let (mut after, at) = match &options.continue_token {
            Some(_) if options.resource_version.is_some_and(|version| version.get() > 0) => {
                let text = "specifying resource version is not allowed when using continue";
                return Err(ApiError::bad_request(text));
            }
            Some(token) => {
                let (after, at) = decode(token)?;
                (Some(after), at)
            }
            None => (None, self.snapshot_version(options)?),
        };
        // Any state will do: the real server answers from its cache then, and that knows no pages.
        let cached = options.resource_version.is_some_and(|version| version.get() == 0);
        let limit = if cached { 0 } else { options.limit };
        let plain = options.labels.is_empty() && options.fields.is_empty();
        let mut query = ListQuery {
            resource: request.resource.id,
            namespace: request.namespace.map(Arc::from),
            after: after.take(),
            limit: match (limit, plain) {
                (0, _) => None,
                (limit, true) => Some(limit),
                (limit, false) => Some(limit.max(SELECT_CHUNK)),
            },
            at,
        };
        let mut objects = Vec::new();
        loop {
            let page =
                self.store.list(&query).map_err(|error| read_error(&error, query.after.as_ref(), options))?;
            let revision = page.revision;
            let position =
                |object: &Arc<Stored>| (Arc::clone(&object.key.namespace), Arc::clone(&object.key.name));
            let last = page.objects.last().map(position);
            let wanted = |object: &Arc<Stored>| plain || matches(object, &options.labels, &fields);
            let mut found = page.objects.into_iter().filter(wanted);
            if limit == 0 {
                objects.extend(found);
                return Ok(Listed { objects, revision, continue_token: None, remaining: None });
            }
            objects.extend(found.by_ref().take(limit - objects.len()));
            let more_here = found.next().is_some();
            drop(found);
            if more_here || (objects.len() == limit && page.more) {
                let end = if more_here { objects.last().map(position) } else { last };
                let remaining = plain.then_some(page.remaining);
                let continue_token = end.map(|end| encode(&end, revision)).transpose()?;
                return Ok(Listed { objects, revision, continue_token, remaining });
            }
            if !page.more {
                return Ok(Listed { objects, revision, continue_token: None, remaining: None });
            }
            query.after = last;
            query.at = Some(revision);
        }
    }

    /// The version at which a first page is read.
    fn snapshot_version(&self, options: &ListOptions) -> Result<Option<Revision>, ApiError> {
        match (options.resource_version, &options.version_match) {
            (Some(version), Some(VersionMatch::Exact)) => Ok(Some(version)),
            // Without a match a version beside a limit is meant exactly, as it always was.
            (Some(version), None) if options.limit > 0 && version.get() > 0 => Ok(Some(version)),
            (Some(version), _) if version > self.store.revision() => {
                Err(ApiError::version_too_large(version.get(), self.store.revision().get()))
            }
            // The newest state is not older than any.
            _ => Ok(None),
        }
    }
}

/// What a field that a selector names is called in what is stored, if the kind lets selectors name it.
fn stored_field<'a>(request: &Request<'_>, field: &'a str) -> Option<&'a str> {
    let resource = request.resource;
    if field == "metadata.name" || (field == "metadata.namespace" && resource.namespaced()) {
        return Some(field);
    }
    match resource.builtin().map_or(&[][..], |builtin| builtin.selected_as) {
        [] => resource.selectable.iter().any(|path| **path == *field).then_some(field),
        names => names.iter().find(|(own, _)| *own == field).map(|(_, stored)| *stored),
    }
}

/// A selector of fields as the request's kind names them, with the names that they have in what is stored.
///
/// # Errors
/// 400 for the first field that the kind does not know.
pub(crate) fn stored_fields(
    request: &Request<'_>,
    fields: &FieldSelector,
) -> Result<FieldSelector, ApiError> {
    fields.renamed(|field| stored_field(request, field)).map_err(|field| {
        ApiError::bad_request(match request.resource.builtin() {
            Some(builtin) => builtin.unsupported_field(&field),
            None => format!("field label not supported: {field}"),
        })
    })
}

/// Whether the request's kind knows all fields of a selector.
///
/// # Errors
/// 400 for the first that it does not know.
pub fn check_fields(request: &Request<'_>, fields: &FieldSelector) -> Result<(), ApiError> {
    stored_fields(request, fields).map(drop)
}

/// Whether an object is what the selectors ask for, the fields as they are stored.
pub(crate) fn matches(object: &Stored, labels: &LabelSelector, fields: &FieldSelector) -> bool {
    labels.matches(&object.index.labels)
        && fields.matches(|field| match field {
            "metadata.name" => Some(&object.key.name),
            "metadata.namespace" => Some(&object.key.namespace),
            _ => object.index.fields.iter().find(|(path, _)| **path == *field).map(|(_, value)| &**value),
        })
}

fn encode((namespace, name): &(Arc<str>, Arc<str>), revision: Revision) -> Result<String, ApiError> {
    let start = if namespace.is_empty() { format!("{name}\0") } else { format!("{namespace}/{name}\0") };
    let revision = i64::try_from(revision.get()).unwrap_or(i64::MAX);
    let token = Token { version: TOKEN_VERSION.to_owned(), revision, start };
    let json = serde_json::to_vec(&token).map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

type Position = ((Arc<str>, Arc<str>), Option<Revision>);

fn decode(token: &str) -> Result<Position, ApiError> {
    let invalid = |detail: String| {
        ApiError::bad_request(format!("invalid continue token: continue key is not valid{detail}"))
    };
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|e| invalid(format!(": {e}")))?;
    let token: Token =
        serde_json::from_slice(&json).map_err(|e| invalid(format!(": {}", json_error(&json, &e))))?;
    if token.version != TOKEN_VERSION {
        return Err(invalid(format!(": server does not recognize this encoded version {}", token.version)));
    }
    if token.revision == 0 {
        return Err(invalid(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)".to_owned()));
    }
    if token.start.is_empty() {
        return Err(invalid(": encoded start key empty (version meta.k8s.io/v1)".to_owned()));
    }
    let start = token.start.trim_end_matches('\0');
    if start.split('/').any(|part| part.is_empty() || part == "." || part == "..")
        || start.matches('/').count() > 1
    {
        return Err(invalid(format!(": {}", token.start)));
    }
    let (namespace, name) = start.split_once('/').unwrap_or(("", start));
    // -1 goes on at the newest state, as an expired token's answer offers.
    let at = u64::try_from(token.revision).ok().map(Revision::new);
    Ok(((Arc::from(namespace), Arc::from(name)), at))
}

fn read_error(error: &ReadError, after: Option<&(Arc<str>, Arc<str>)>, options: &ListOptions) -> ApiError {
    match error {
        ReadError::Future { current } => {
            let asked = options.resource_version.map_or(0, Revision::get);
            ApiError::version_too_large(asked, current.get())
        }
        ReadError::Compacted { .. } => match (after, &options.continue_token) {
            (Some(after), Some(_)) => {
                let start = if after.0.is_empty() {
                    format!("{}\0", after.1)
                } else {
                    format!("{}/{}\0", after.0, after.1)
                };
                let token = Token { version: TOKEN_VERSION.to_owned(), revision: -1, start };
                let token =
                    serde_json::to_vec(&token).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
                ApiError::expired(INCONSISTENT_CONTINUE).with_continue(token)
            }
            _ => ApiError::expired(LIST_EXPIRED),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_went() {
        for (namespace, name) in [("pb", "kyma-sample-1"), ("", "default")] {
            let position = (Arc::from(namespace), Arc::from(name));
            let token = encode(&position, Revision::new(7)).unwrap();
            assert_eq!(decode(&token).unwrap(), (position, Some(Revision::new(7))));
        }
    }

    #[test]
    fn tokens_that_were_never_ours_are_refused() {
        let token = |json: &str| URL_SAFE_NO_PAD.encode(json);
        for bad in [
            "not base64!".to_owned(),
            token("{}"),
            token("[]"),
            token(r#"{"v":"meta.k8s.io/v2","rv":1,"start":"a"}"#),
            token(r#"{"v":"meta.k8s.io/v1","rv":0,"start":"a"}"#),
            token(r#"{"v":"meta.k8s.io/v1","rv":1,"start":""}"#),
            token(r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}"#),
            token(r#"{"v":"meta.k8s.io/v1","rv":1,"start":"a/b/c"}"#),
        ] {
            assert_eq!(decode(&bad).unwrap_err().code(), 400, "{bad}");
        }
    }
}
