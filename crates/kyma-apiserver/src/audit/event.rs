//! An audit event as kube-apiserver writes it (k8s.io/apiserver/pkg/apis/audit/v1/types.go), members in its order.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use kyma_registry::ApiError;
use kyma_registry::authz::User;
use kyma_registry::selector::FieldSelector;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{AuditLevel, PeerAddress};
use crate::asked::{Asked, Asker};
use crate::decode;
use crate::encode::yaml;
use crate::path::Target;
use crate::query::Query;

/// A longer user agent is cut, as in the real server.
const USER_AGENT_MAX: usize = 1024;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Stage {
    /// The head of a watch's answer is sent, its events follow.
    ResponseStarted,
    /// Nothing more will be sent.
    ResponseComplete,
}

/// How a request has ended.
pub(crate) enum Ending<'a> {
    /// With an answer of this code and, where it is there at once, this body.
    Answer(StatusCode, &'a HeaderMap, Option<&'a Bytes>),
    /// With a failure.
    Failure(&'a ApiError),
    /// The client went away before it had an answer.
    Gone,
}

/// A stage of a request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    kind: &'static str,
    api_version: &'static str,
    #[serde(serialize_with = "level")]
    level: AuditLevel,
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: Stage,
    #[serde(rename = "requestURI")]
    request_uri: String,
    verb: String,
    user: UserInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_user: Option<UserInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_metadata: Option<AuthenticationMetadata>,
    #[serde(rename = "sourceIPs", skip_serializing_if = "Vec::is_empty")]
    source_ips: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    user_agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<ObjectReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_object: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_object: Option<Value>,
    #[serde(serialize_with = "micros")]
    request_received_timestamp: Timestamp,
    #[serde(serialize_with = "micros")]
    stage_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
}

#[derive(Debug, Clone, Serialize)]
struct UserInfo {
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, Vec<String>>,
}

impl From<&User> for UserInfo {
    fn from(user: &User) -> Self {
        let User { name, uid, groups, extra } = user.clone();
        UserInfo { username: name, uid, groups, extra }
    }
}

/// How somebody came to act as another.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthenticationMetadata {
    impersonation_constraint: &'static str,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectReference {
    #[serde(skip_serializing_if = "String::is_empty")]
    resource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    api_group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    api_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    resource_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subresource: String,
}

#[derive(Debug, Clone, Serialize)]
struct Annotations {
    #[serde(rename = "authorization.k8s.io/decision")]
    decision: &'static str,
    #[serde(rename = "authorization.k8s.io/reason")]
    reason: String,
}

fn level<S: Serializer>(level: &AuditLevel, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.as_str())
}

/// `metav1.MicroTime`.
fn micros<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
}

impl Event {
    /// What is known when a request comes in.
    pub(crate) fn new(
        level: AuditLevel,
        audit_id: &str,
        asked: &Asked<'_>,
        asker: Asker<'_>,
        received: Timestamp,
    ) -> Self {
        let Asked { parts, target, verb_name, .. } = asked;
        let constraint = asker.other.and_then(|other| other.constraint);
        let header = |name| parts.headers.get(name).map(|value: &http::HeaderValue| value.as_bytes());
        let mut user_agent = String::from_utf8_lossy(header(USER_AGENT).unwrap_or_default()).into_owned();
        if user_agent.len() > USER_AGENT_MAX {
            user_agent.truncate(user_agent.floor_char_boundary(USER_AGENT_MAX));
            user_agent.push_str("...TRUNCATED");
        }
        let path_and_query = parts.uri.path_and_query().map_or("/", |uri| uri.as_str());
        Event {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level,
            audit_id: audit_id.to_owned(),
            stage: Stage::ResponseComplete,
            request_uri: path_and_query.to_owned(),
            verb: verb_name.clone().into_owned(),
            user: asker.user.map_or_else(|| UserInfo::from(&User::anonymous()), UserInfo::from),
            impersonated_user: asker.other.map(|other| UserInfo::from(&other.user)),
            authentication_metadata: constraint
                .map(|constraint| AuthenticationMetadata { impersonation_constraint: constraint }),
            source_ips: parts
                .extensions
                .get::<PeerAddress>()
                .map(|peer| peer.0.ip().to_canonical().to_string())
                .into_iter()
                .collect(),
            user_agent,
            object_ref: object_reference(parts, target),
            response_status: None,
            request_object: None,
            response_object: None,
            request_received_timestamp: received,
            stage_timestamp: received,
            annotations: None,
        }
    }

    /// Whether its user may do that.
    pub(crate) fn decided(&mut self, allowed: bool) {
        let decision = if allowed { "allow" } else { "forbid" };
        self.annotations = Some(Annotations { decision, reason: String::new() });
    }

    /// The request's body was read.
    pub(crate) fn body(&mut self, headers: &HeaderMap, body: &[u8]) {
        if body.is_empty() {
            return;
        }
        let patch = self.verb == "patch";
        // A body that cannot be read is refused with a text that shows why.
        let value = match patch {
            true => decode_patch(headers, body),
            false => decode::value(headers, body, "").ok().map(|(value, _)| value),
        };
        let Some(value) = value else { return };
        if let Some(reference) = self.object_ref.as_mut().filter(|_| !patch) {
            let text = |member: &str| value["metadata"][member].as_str().unwrap_or_default().to_owned();
            let fill = |field: &mut String, member: &str| {
                if field.is_empty() {
                    *field = text(member);
                }
            };
            fill(&mut reference.namespace, "namespace");
            fill(&mut reference.name, "name");
            fill(&mut reference.uid, "uid");
            fill(&mut reference.resource_version, "resourceVersion");
        }
        if self.level >= AuditLevel::Request {
            self.request_object = Some(value);
        }
    }

    /// Sets what is known at a stage.
    pub(crate) fn reached(&mut self, stage: Stage, at: Timestamp) {
        self.stage = stage;
        self.stage_timestamp = at;
    }

    /// Sets how it ended.
    pub(crate) fn ended(&mut self, ending: &Ending<'_>) {
        let (mut status, object) = match ending {
            Ending::Failure(error) => {
                let object = serde_json::to_value(error).unwrap_or_default();
                (status_members(&object), Some(object))
            }
            Ending::Answer(code, headers, body) => {
                let object = body.and_then(|body| decode_answer(headers, body));
                let mut status = match &object {
                    Some(object) if object["kind"] == "Status" && object["apiVersion"] == "v1" => {
                        status_members(object)
                    }
                    _ => Map::from_iter([("metadata".to_owned(), json!({}))]),
                };
                status.insert("code".to_owned(), code.as_u16().into());
                (status, object)
            }
            Ending::Gone => {
                let gone = json!({"metadata": {}, "status": "Success", "message": "Connection closed early", "code": 200});
                (status_members(&gone), None)
            }
        };
        status.entry("metadata").or_insert_with(|| json!({}));
        self.response_status = Some(Value::Object(status));
        if self.level >= AuditLevel::RequestResponse && self.object_ref.is_some() {
            self.response_object = object;
        }
    }
}

/// The members of a Status that an event repeats.
fn status_members(status: &Value) -> Map<String, Value> {
    let mut members = status.as_object().cloned().unwrap_or_default();
    members.retain(|name, _| name != "kind" && name != "apiVersion");
    members
}

fn object_reference(parts: &Parts, target: &Target<'_>) -> Option<ObjectReference> {
    let Target::Resource(path) = target else { return None };
    let name = path.name.map_or_else(|| selected_name(parts), str::to_owned);
    Some(ObjectReference {
        resource: path.resource.to_owned(),
        namespace: match path.resource {
            // As the real server has it: a namespace is in itself.
            "namespaces" if path.group.is_empty() => path.name.unwrap_or_default().to_owned(),
            _ => path.namespace.unwrap_or_default().to_owned(),
        },
        name,
        api_group: path.group.to_owned(),
        api_version: path.version.to_owned(),
        subresource: path.subresource.unwrap_or_default().to_owned(),
        ..ObjectReference::default()
    })
}

/// The one object that a list or a watch asks for.
fn selected_name(parts: &Parts) -> String {
    let query = Query::parse(parts.uri.query());
    let selector = query.get("fieldSelector").and_then(|text| FieldSelector::parse(text).ok());
    selector.as_ref().and_then(|selector| selector.exact("metadata.name")).unwrap_or_default().to_owned()
}

/// A patch, which may be a list, and an apply patch may be YAML.
fn decode_patch(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    match decode::media_type(headers) {
        "application/apply-patch+yaml" => yaml::to_value(body).ok(),
        _ => serde_json::from_slice(body).ok(),
    }
}

fn decode_answer(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    match kind {
        "application/json" => serde_json::from_slice(body).ok(),
        "application/yaml" => yaml::to_value(body).ok(),
        _ => None,
    }
}
