//! Questions about oneself: who one is (`kubectl auth whoami`), and what one may do (`kubectl auth can-i`). They are
//! posted like objects, answered at once, and nothing is stored (k8s.io/kubernetes/pkg/registry/{authentication,
//! authorization}).

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use kyma_registry::ApiError;
use kyma_registry::authz::{Attributes, User, allowed, rules};
use kyma_registry::reason::{FieldError, Path};
use serde_json::{Value, json};

use crate::body::Body;
use crate::encode::Accept;
use crate::path::ResourcePath;
use crate::{decode, response};

/// A kind of question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Review {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    answer: fn(&User, &Value) -> Result<Value, ApiError>,
}

/// The version of all of them.
pub(crate) const VERSION: &str = "v1";
const AUTHORIZATION: &str = "authorization.k8s.io";

/// All questions, by group and plural.
pub(crate) const REVIEWS: [Review; 3] = [
    Review {
        group: "authentication.k8s.io",
        plural: "selfsubjectreviews",
        kind: "SelfSubjectReview",
        answer: who,
    },
    Review {
        group: AUTHORIZATION,
        plural: "selfsubjectaccessreviews",
        kind: "SelfSubjectAccessReview",
        answer: access,
    },
    Review {
        group: AUTHORIZATION,
        plural: "selfsubjectrulesreviews",
        kind: "SelfSubjectRulesReview",
        answer: all_rules,
    },
];

impl Review {
    /// The question of a path.
    pub(crate) fn of(path: &ResourcePath<'_>) -> Option<Self> {
        let bare = path.namespace.is_none() && path.name.is_none() && path.version == VERSION;
        let same = |review: &Review| review.group == path.group && review.plural == path.resource;
        REVIEWS.into_iter().find(|review| bare && same(review))
    }

    pub(crate) fn answer(
        self,
        user: &User,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Body>, ApiError> {
        let accept = Accept::from_headers(headers, false)?;
        let (asked, _) = decode::value(headers, body, self.kind)?;
        let mut answer = (self.answer)(user, &asked)?;
        answer["kind"] = self.kind.into();
        answer["apiVersion"] = format!("{}/{VERSION}", self.group).into();
        response::value(StatusCode::CREATED, accept, &answer)
    }
}

fn who(user: &User, _asked: &Value) -> Result<Value, ApiError> {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    Ok(json!({"metadata": {}, "status": {"userInfo": info}}))
}

/// A text that is there and not empty.
fn given<'a>(attributes: &'a Value, field: &str) -> Option<&'a str> {
    attributes[field].as_str().filter(|text| !text.is_empty())
}

fn access(user: &User, asked: &Value) -> Result<Value, ApiError> {
    let spec = &asked["spec"];
    let (kind, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let text = |attributes: &Value, field: &str| attributes[field].as_str().unwrap_or_default().to_owned();
    if kind.is_null() == path.is_null() {
        let given = match path {
            Value::Null => Value::Null,
            path => json!({"Path": text(path, "path"), "Verb": text(path, "verb")}),
        };
        let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let errors = vec![FieldError::invalid(&Path::new("spec"), given, detail)];
        return Err(ApiError::invalid(AUTHORIZATION, "", "", errors));
    }
    let allowed = if kind.is_null() {
        allowed(user, &Attributes::Path { verb: &text(path, "verb"), path: &text(path, "path") })
    } else {
        allowed(
            user,
            &Attributes::Kind {
                verb: &text(kind, "verb"),
                group: &text(kind, "group"),
                resource: &text(kind, "resource"),
                subresource: given(kind, "subresource"),
                namespace: given(kind, "namespace"),
                name: given(kind, "name"),
            },
        )
    };
    Ok(json!({"metadata": {}, "spec": spec, "status": {"allowed": allowed}}))
}

fn all_rules(user: &User, _asked: &Value) -> Result<Value, ApiError> {
    let (resources, paths) = rules(user);
    let resources = resources
        .iter()
        .map(|rule| json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources}));
    let paths = paths.iter().map(|rule| json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}));
    let status = json!({
        "resourceRules": resources.collect::<Vec<_>>(),
        "nonResourceRules": paths.collect::<Vec<_>>(),
        "incomplete": false,
    });
    Ok(json!({"metadata": {}, "spec": {}, "status": status}))
}
