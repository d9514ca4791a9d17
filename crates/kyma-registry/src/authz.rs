//! Who may do what: a user, the attributes of a request, a verdict.
//!
//! Rules are the bootstrap ones: the group `system:masters` may do everything, whoever is authenticated may read
//! discovery and ask about themselves, and everybody may ask for health and the version
//! (k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy). Who may act as somebody else is in
//! `impersonation.rs`.

mod impersonation;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::ApiError;
use crate::reason::gotext::quote;

pub use impersonation::{Impersonated, impersonate, nameless};

/// The group that is allowed everything.
pub const MASTERS: &str = "system:masters";
/// The group of all who have shown credentials.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of all who have not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of all who have not.
pub const ANONYMOUS: &str = "system:anonymous";

/// Who sends a request (`user.Info` of k8s.io/apiserver/pkg/authentication/user).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// What tells users of one name apart over time; empty for most.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// What else is known of the user, by lower-case keys.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// An authenticated user of these groups.
    pub fn new(name: impl Into<String>, groups: impl IntoIterator<Item = String>) -> Self {
        let mut groups: Vec<String> = groups.into_iter().collect();
        groups.push(AUTHENTICATED.to_owned());
        User { name: name.into(), groups, ..User::default() }
    }

    /// A user who may do everything.
    pub fn admin() -> Self {
        User::new("kubernetes-admin", [MASTERS.to_owned()])
    }

    /// Somebody without credentials.
    pub fn anonymous() -> Self {
        User { name: ANONYMOUS.to_owned(), groups: vec![UNAUTHENTICATED.to_owned()], ..User::default() }
    }

    fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub enum Attributes<'a> {
    /// A path outside the kinds: discovery, OpenAPI, metrics.
    Path {
        /// Lower-case HTTP method.
        verb: &'a str,
        /// The path.
        path: &'a str,
    },
    /// A kind.
    Kind {
        /// API verb: get, list, watch, create, update, patch, delete, deletecollection.
        verb: &'a str,
        /// API group.
        group: &'a str,
        /// Plural.
        resource: &'a str,
        /// The part of the object that is meant, where it is not all of it.
        subresource: Option<&'a str>,
        /// Namespace, where there is one.
        namespace: Option<&'a str>,
        /// Name, where there is one.
        name: Option<&'a str>,
    },
}

/// What a role allows to do with kinds.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceRule {
    /// API verbs.
    pub verbs: &'static [&'static str],
    /// API groups.
    pub groups: &'static [&'static str],
    /// Plurals.
    pub resources: &'static [&'static str],
}

/// What a role allows to do with other paths.
#[derive(Debug, PartialEq, Eq)]
pub struct PathRule {
    /// Lower-case HTTP methods.
    pub verbs: &'static [&'static str],
    /// Paths; `/*` at the end stands for all below.
    pub paths: &'static [&'static str],
}

/// A role, and the groups that have it.
struct Role {
    groups: &'static [&'static str],
    resources: &'static [ResourceRule],
    paths: &'static [PathRule],
}

const CLUSTER_ADMIN: Role = Role {
    groups: &[MASTERS],
    resources: &[ResourceRule { verbs: &["*"], groups: &["*"], resources: &["*"] }],
    paths: &[PathRule { verbs: &["*"], paths: &["*"] }],
};

const BASIC_USER: Role = Role {
    groups: &[AUTHENTICATED],
    resources: &[
        ResourceRule {
            verbs: &["create"],
            groups: &["authorization.k8s.io"],
            resources: &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        },
        ResourceRule {
            verbs: &["create"],
            groups: &["authentication.k8s.io"],
            resources: &["selfsubjectreviews"],
        },
    ],
    paths: &[],
};

const DISCOVERY: Role = Role {
    groups: &[AUTHENTICATED],
    resources: &[],
    paths: &[PathRule {
        verbs: &["get"],
        paths: &[
            "/api",
            "/api/*",
            "/apis",
            "/apis/*",
            "/healthz",
            "/livez",
            "/openapi",
            "/openapi/*",
            "/readyz",
            "/version",
            "/version/",
        ],
    }],
};

const PUBLIC_INFO_VIEWER: Role = Role {
    groups: &[AUTHENTICATED, UNAUTHENTICATED],
    resources: &[],
    paths: &[PathRule {
        verbs: &["get"],
        paths: &["/healthz", "/livez", "/readyz", "/version", "/version/"],
    }],
};

static ROLES: [Role; 4] = [CLUSTER_ADMIN, BASIC_USER, DISCOVERY, PUBLIC_INFO_VIEWER];

fn roles(user: &User) -> impl Iterator<Item = &'static Role> {
    ROLES.iter().filter(|role| role.groups.iter().any(|group| user.is_in(group)))
}

/// All that a user may do, as the real server's SelfSubjectRulesReview lists it.
pub fn rules(user: &User) -> (Vec<&'static ResourceRule>, Vec<&'static PathRule>) {
    (roles(user).flat_map(|role| role.resources).collect(), roles(user).flat_map(|role| role.paths).collect())
}

/// Whether the user's roles allow the request.
pub fn allowed(user: &User, attributes: &Attributes<'_>) -> bool {
    let any = |list: &[&str], wanted: &str| list.iter().any(|entry| matches(entry, wanted));
    let mut roles = roles(user);
    user.is_in(MASTERS)
        || roles.any(|role| match attributes {
            Attributes::Path { verb, path } => {
                role.paths.iter().any(|rule| any(rule.verbs, verb) && any(rule.paths, path))
            }
            Attributes::Kind { verb, group, resource, subresource, .. } => {
                let whole = named(resource, *subresource);
                role.resources.iter().any(|rule| {
                    any(rule.verbs, verb) && any(rule.groups, group) && any(rule.resources, &whole)
                })
            }
        })
}

/// Whether an entry of a rule stands for this; `*` at its end does for all that may follow.
fn matches(entry: &str, wanted: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == wanted, |start| wanted.starts_with(start))
}

/// A kind's plural with its subresource, as rules and refusals name it.
fn named<'a>(resource: &'a str, subresource: Option<&str>) -> Cow<'a, str> {
    match subresource {
        Some(part) => format!("{resource}/{part}").into(),
        None => resource.into(),
    }
}

/// Lets the request pass, or says in the real server's words why not.
///
/// # Errors
/// 403 with the verb, the resource and the namespace that are missing.
pub fn authorize(user: &User, attributes: &Attributes<'_>) -> Result<(), ApiError> {
    if allowed(user, attributes) { Ok(()) } else { Err(forbidden(user, attributes, "")) }
}

/// A refusal, with a reason where there is more to say
/// (k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go).
fn forbidden(user: &User, attributes: &Attributes<'_>, reason: &str) -> ApiError {
    let name = quote(&user.name);
    let mut text = match attributes {
        Attributes::Path { verb, path } => format!("User {name} cannot {verb} path {}", quote(path)),
        Attributes::Kind { verb, group, resource, subresource, namespace, .. } => {
            let scope = match namespace {
                Some(namespace) => format!("in the namespace {}", quote(namespace)),
                None => "at the cluster scope".to_owned(),
            };
            let resource = quote(&named(resource, *subresource));
            format!("User {name} cannot {verb} resource {resource} in API group {} {scope}", quote(group))
        }
    };
    // What looks like HTML must not become it where somebody shows the text.
    text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if !reason.is_empty() {
        text = format!("{text}: {reason}");
    }
    match attributes {
        Attributes::Path { .. } => ApiError::forbidden("", "", "", &text),
        Attributes::Kind { group, resource, name, .. } => {
            ApiError::forbidden(group, resource, name.unwrap_or_default(), &text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KYMAS: Attributes<'_> = Attributes::Kind {
        verb: "list",
        group: "inventory.kyma-project.io",
        resource: "kymas",
        subresource: None,
        namespace: Some("pb"),
        name: None,
    };

    #[test]
    fn masters_may_do_everything_and_others_read_discovery() {
        let guest = User::new("guest", []);
        assert!(authorize(&User::admin(), &KYMAS).is_ok());
        assert!(authorize(&guest, &Attributes::Path { verb: "get", path: "/apis/apps/v1" }).is_ok());
        assert!(authorize(&guest, &Attributes::Path { verb: "get", path: "/apisx" }).is_err());
        assert!(authorize(&guest, &Attributes::Path { verb: "get", path: "/metrics" }).is_err());
    }

    #[test]
    fn whoever_is_authenticated_may_ask_about_themselves() {
        let ask = |verb| Attributes::Kind {
            verb,
            group: "authorization.k8s.io",
            resource: "selfsubjectaccessreviews",
            subresource: None,
            namespace: None,
            name: None,
        };
        let guest = User::new("guest", []);
        assert!(allowed(&guest, &ask("create")) && !allowed(&guest, &ask("list")));
        assert_eq!(rules(&guest).0.len() + 1, rules(&User::admin()).0.len());
    }

    #[test]
    fn a_refusal_names_verb_resource_and_namespace() {
        let error = authorize(&User::new("guest", []), &KYMAS).unwrap_err();
        assert_eq!(error.code(), 403);
        assert_eq!(
            error.to_string(),
            "kymas.inventory.kyma-project.io is forbidden: User \"guest\" cannot list resource \"kymas\" in API group \"inventory.kyma-project.io\" in the namespace \"pb\""
        );
    }

    #[test]
    fn a_refusal_is_no_html_and_quotes_as_go_does() {
        let path = Attributes::Path { verb: "get", path: "/a\u{1}<b>" };
        let error = authorize(&User::new("M\u{e4}x & \"co\"", []), &path).unwrap_err();
        assert_eq!(
            error.to_string(),
            "forbidden: User \"M\u{e4}x &amp; \\\"co\\\"\" cannot get path \"/a\\x01&lt;b&gt;\""
        );
    }
}
