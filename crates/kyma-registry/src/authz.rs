//! Who may do what: a user, the attributes of a request, a verdict.
//!
//! Rules are the bootstrap ones: the group `system:masters` may do everything, whoever is authenticated may read
//! discovery and ask about themselves, and everybody may ask for health and the version
//! (k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy).

use crate::ApiError;

/// The group that is allowed everything.
pub const MASTERS: &str = "system:masters";
/// The group of all who have shown credentials.
pub const AUTHENTICATED: &str = "system:authenticated";

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
}

impl User {
    /// An authenticated user of these groups.
    pub fn new(name: impl Into<String>, groups: impl IntoIterator<Item = String>) -> Self {
        let mut groups: Vec<String> = groups.into_iter().collect();
        groups.push(AUTHENTICATED.to_owned());
        User { name: name.into(), groups }
    }

    /// A user who may do everything.
    pub fn admin() -> Self {
        User::new("kubernetes-admin", [MASTERS.to_owned()])
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
        /// Plural, with the subresource behind a slash.
        resource: &'a str,
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

/// A role, and the group that has it.
struct Role {
    group: &'static str,
    resources: &'static [ResourceRule],
    paths: &'static [PathRule],
}

const CLUSTER_ADMIN: Role = Role {
    group: MASTERS,
    resources: &[ResourceRule { verbs: &["*"], groups: &["*"], resources: &["*"] }],
    paths: &[PathRule { verbs: &["*"], paths: &["*"] }],
};

const BASIC_USER: Role = Role {
    group: AUTHENTICATED,
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
    group: AUTHENTICATED,
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
    group: AUTHENTICATED,
    resources: &[],
    paths: &[PathRule {
        verbs: &["get"],
        paths: &["/healthz", "/livez", "/readyz", "/version", "/version/"],
    }],
};

static ROLES: [Role; 4] = [CLUSTER_ADMIN, BASIC_USER, DISCOVERY, PUBLIC_INFO_VIEWER];

fn roles(user: &User) -> impl Iterator<Item = &'static Role> {
    ROLES.iter().filter(|role| user.is_in(role.group))
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
            Attributes::Kind { verb, group, resource, .. } => role.resources.iter().any(|rule| {
                any(rule.verbs, verb) && any(rule.groups, group) && any(rule.resources, resource)
            }),
        })
}

/// Whether an entry of a rule stands for this; `*` at its end does for all that may follow.
fn matches(entry: &str, wanted: &str) -> bool {
    entry.strip_suffix('*').map_or(entry == wanted, |start| wanted.starts_with(start))
}

/// Lets the request pass, or says in the real server's words why not.
///
/// # Errors
/// 403 with the verb, the resource and the namespace that are missing.
pub fn authorize(user: &User, attributes: &Attributes<'_>) -> Result<(), ApiError> {
    if allowed(user, attributes) {
        return Ok(());
    }
    match attributes {
        Attributes::Path { verb, path } => {
            let text = format!("User {:?} cannot {verb} path {path:?}", user.name);
            Err(ApiError::forbidden("", "", "", &text))
        }
        Attributes::Kind { verb, group, resource, namespace, name } => {
            let scope = match namespace {
                Some(namespace) => format!("in the namespace {namespace:?}"),
                None => "at the cluster scope".to_owned(),
            };
            let user = &user.name;
            let text =
                format!("User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {scope}");
            let plural = resource.split('/').next().unwrap_or_default();
            Err(ApiError::forbidden(group, plural, name.unwrap_or_default(), &text))
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
}
