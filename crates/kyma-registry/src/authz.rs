//! Who may do what: a user, the attributes of a request, a verdict.
//!
//! Rules are the bootstrap ones: the group `system:masters` may do everything, whoever is authenticated may read
//! discovery, and everybody may ask for health and the version
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

/// Paths that whoever is authenticated may read (ClusterRole `system:discovery`).
const DISCOVERY: [&str; 4] = ["/api", "/apis", "/openapi", "/version"];

/// Lets the request pass, or says in the real server's words why not.
///
/// # Errors
/// 403 with the verb, the resource and the namespace that are missing.
pub fn authorize(user: &User, attributes: &Attributes<'_>) -> Result<(), ApiError> {
    if user.is_in(MASTERS) {
        return Ok(());
    }
    match attributes {
        Attributes::Path { verb, path } => {
            let discovery = DISCOVERY.iter().any(|allowed| {
                path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if *verb == "get" && discovery && user.is_in(AUTHENTICATED) {
                return Ok(());
            }
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
    fn a_refusal_names_verb_resource_and_namespace() {
        let error = authorize(&User::new("guest", []), &KYMAS).unwrap_err();
        assert_eq!(error.code(), 403);
        assert_eq!(
            error.to_string(),
            "kymas.inventory.kyma-project.io is forbidden: User \"guest\" cannot list resource \"kymas\" in API group \"inventory.kyma-project.io\" in the namespace \"pb\""
        );
    }
}
