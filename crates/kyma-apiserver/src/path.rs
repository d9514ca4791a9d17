//! What a request's path names (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).

/// A path of the server, taken apart. Whether the kind is served is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// `/healthz`, `/livez`, `/readyz`, with the single check behind it.
    Health { endpoint: &'a str, check: Option<&'a str> },
    /// `/version`.
    Version,
    /// `/metrics`.
    Metrics,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/GROUP`.
    Group(&'a str),
    /// `/api/v1` and `/apis/GROUP/VERSION`.
    GroupVersion { group: &'a str, version: &'a str },
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/openapi/v3`, with the group and version behind it.
    OpenApiV3(Option<&'a str>),
    /// `/` and `/index.html`: the list of paths.
    Root,
    /// A kind, an object, or a part of one.
    Resource(ResourcePath<'a>),
    /// Anything else.
    Unknown,
}

/// The path of a kind, an object, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResourcePath<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) resource: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) subresource: Option<&'a str>,
    /// The old form `/watch/…`, still used by some clients.
    pub(crate) watch: bool,
    /// Whether there is more behind the part of an object: no kind has parts of parts.
    pub(crate) more: bool,
}

/// Takes a path apart. Parts are not percent-decoded: no legal name needs it.
pub(crate) fn parse(path: &str) -> Target<'_> {
    let trimmed = path.trim_matches('/');
    let parts: Vec<&str> = if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
    match parts.as_slice() {
        [] | ["index.html"] => Target::Root,
        [endpoint @ ("healthz" | "livez" | "readyz")] => Target::Health { endpoint, check: None },
        [endpoint @ ("healthz" | "livez" | "readyz"), check] => {
            Target::Health { endpoint, check: Some(check) }
        }
        ["version"] => Target::Version,
        ["metrics"] => Target::Metrics,
        ["openapi", "v2"] => Target::OpenApiV2,
        ["openapi", "v3"] => Target::OpenApiV3(None),
        ["openapi", "v3", ..] => Target::OpenApiV3(trimmed.strip_prefix("openapi/v3/")),
        ["api"] => Target::CoreVersions,
        ["api", version] => Target::GroupVersion { group: "", version },
        ["api", version, rest @ ..] => resource("", version, rest),
        ["apis"] => Target::Groups,
        ["apis", group] => Target::Group(group),
        ["apis", group, version] => Target::GroupVersion { group, version },
        ["apis", group, version, rest @ ..] => resource(group, version, rest),
        _ => Target::Unknown,
    }
}

fn resource<'a>(group: &'a str, version: &'a str, rest: &[&'a str]) -> Target<'a> {
    let (watch, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let found = |namespace, resource, name, subresource, more| {
        Target::Resource(ResourcePath { group, version, namespace, resource, name, subresource, watch, more })
    };
    let path = |namespace, resource, name, part| found(namespace, resource, name, part, false);
    let beyond = |namespace, resource, name, part| found(namespace, resource, Some(name), Some(part), true);
    match rest {
        // A namespace itself, and its own parts.
        ["namespaces", name] => path(None, "namespaces", Some(*name), None),
        ["namespaces", name, part @ ("status" | "finalize")] => {
            path(None, "namespaces", Some(*name), Some(*part))
        }
        ["namespaces", namespace, resource] => path(Some(*namespace), *resource, None, None),
        ["namespaces", namespace, resource, name] => path(Some(*namespace), *resource, Some(*name), None),
        ["namespaces", namespace, resource, name, part] => {
            path(Some(*namespace), *resource, Some(*name), Some(*part))
        }
        ["namespaces", namespace, resource, name, part, _, ..] => {
            beyond(Some(*namespace), *resource, *name, *part)
        }
        [resource] => path(None, *resource, None, None),
        [resource, name] => path(None, *resource, Some(*name), None),
        [resource, name, part] => path(None, *resource, Some(*name), Some(*part)),
        [resource, name, part, _, ..] => beyond(None, *resource, *name, *part),
        _ => Target::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> (Option<&str>, &str, Option<&str>, Option<&str>, bool) {
        match parse(path) {
            Target::Resource(r) => (r.namespace, r.resource, r.name, r.subresource, r.watch),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn resources_are_found_in_every_form_of_path() {
        assert_eq!(found("/api/v1/namespaces"), (None, "namespaces", None, None, false));
        assert_eq!(found("/api/v1/namespaces/pb"), (None, "namespaces", Some("pb"), None, false));
        assert_eq!(
            found("/api/v1/namespaces/pb/finalize"),
            (None, "namespaces", Some("pb"), Some("finalize"), false)
        );
        assert_eq!(found("/api/v1/namespaces/pb/events"), (Some("pb"), "events", None, None, false));
        assert_eq!(found("/apis/g/v1/kymas"), (None, "kymas", None, None, false));
        assert_eq!(found("/apis/g/v1/watch/kymas"), (None, "kymas", None, None, true));
        assert_eq!(found("/apis/g/v1/namespaces/pb/kymas/a"), (Some("pb"), "kymas", Some("a"), None, false));
        assert_eq!(
            found("/apis/g/v1/namespaces/pb/kymas/a/status"),
            (Some("pb"), "kymas", Some("a"), Some("status"), false)
        );
    }

    #[test]
    fn other_paths_are_told_apart() {
        assert_eq!(parse("/"), Target::Root);
        assert_eq!(parse("/livez/ping"), Target::Health { endpoint: "livez", check: Some("ping") });
        assert_eq!(parse("/apis/g/v1"), Target::GroupVersion { group: "g", version: "v1" });
        assert_eq!(parse("/openapi/v3/apis/g/v1"), Target::OpenApiV3(Some("apis/g/v1")));
        let Target::Resource(beyond) = parse("/api/v1/namespaces/a/b/c/d/e") else { panic!() };
        assert!(beyond.more);
        assert_eq!(parse("/nothing"), Target::Unknown);
    }
}
