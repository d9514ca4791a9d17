//! Acting as somebody else: who may, and who one is then (k8s.io/apiserver/pkg/endpoints/filters/impersonation, KEP-5284).
//!
//! There are several ways to be allowed it, tried from the narrow to the wide. A narrow one needs two things: to act as
//! such a user at all (`impersonate:user-info`), and to do this very thing as one (`impersonate-on:user-info:list`). The
//! wide one, `impersonate`, is good for everything. The first that succeeds decides; where none does, the first refusal is
//! the answer. (The real server begins with the way that this user succeeded with last; it saves time, but lets the groups
//! of a node depend on what was asked before.)

use super::{ANONYMOUS, AUTHENTICATED, Attributes, MASTERS, UNAUTHENTICATED, User, authorize, forbidden};
use crate::ApiError;
use crate::names::{dns1123_label, dns1123_subdomain};
use crate::reason::gotext::quote;

const AUTHENTICATION: &str = "authentication.k8s.io";
/// The group of all nodes.
const NODES: &str = "system:nodes";
/// The group of all service accounts; with a colon and a namespace, that of those in it.
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// Somebody whom another user acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonated {
    /// Who that is.
    pub user: User,
    /// The verb of the narrow permission by which it was allowed, `None` for the wide one.
    pub constraint: Option<&'static str>,
}

/// Lets `requestor` do what `attributes` say as the user that they want to be.
///
/// # Errors
/// 403 with what is missing.
pub fn impersonate(
    requestor: &User,
    wanted: &User,
    attributes: &Attributes<'_>,
) -> Result<Impersonated, ApiError> {
    let mut refusal = None;
    for way in Way::ALL.into_iter().filter(|way| way.fits(wanted)) {
        match way.go(requestor, wanted, attributes) {
            Ok(user) => return Ok(Impersonated { user, constraint: way.constraint() }),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    // The wide way fits everybody, so there was a refusal.
    Err(refusal.unwrap_or_else(ApiError::unauthorized))
}

/// 400: something was said of the user to be, but not the name. Shows it as Go prints it (`%#v`).
pub fn nameless(wanted: &User) -> ApiError {
    let list = |texts: &[String]| {
        let texts: Vec<_> = texts.iter().map(|text| quote(text)).collect();
        format!("[]string{{{}}}", texts.join(", "))
    };
    let groups = if wanted.groups.is_empty() { "[]string(nil)".to_owned() } else { list(&wanted.groups) };
    let extra: Vec<_> =
        wanted.extra.iter().map(|(key, values)| format!("{}:{}", quote(key), list(values))).collect();
    let extra = if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
    ApiError::bad_request(format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{}, Groups:{groups}, Extra:map[string][]string{extra}}} without \
         impersonating a user name",
        quote(&wanted.uid)
    ))
}

/// A way to be allowed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As a node, whose groups are known.
    Node,
    /// As a service account, whose groups are known.
    ServiceAccount,
    /// As anybody else.
    UserInfo,
    /// As whoever.
    Any,
}

impl Way {
    /// The narrow ones first.
    const ALL: [Way; 4] = [Way::Node, Way::ServiceAccount, Way::UserInfo, Way::Any];

    /// The verb of the permission to act as such a user.
    fn verb(self) -> &'static str {
        match self {
            Way::Node => "impersonate:arbitrary-node",
            Way::ServiceAccount => "impersonate:serviceaccount",
            Way::UserInfo => "impersonate:user-info",
            Way::Any => "impersonate",
        }
    }

    fn is_narrow(self) -> bool {
        self != Way::Any
    }

    fn constraint(self) -> Option<&'static str> {
        self.is_narrow().then(|| self.verb())
    }

    /// Whether it is meant for such a user.
    fn fits(self, wanted: &User) -> bool {
        let bare = wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty();
        let (node, account) = (node(&wanted.name), service_account(&wanted.name));
        match self {
            Way::Node => bare && node.is_some(),
            Way::ServiceAccount => bare && account.is_some(),
            Way::UserInfo => node.is_none() && account.is_none(),
            Way::Any => true,
        }
    }

    /// Checks all that is wanted, and says who one is then.
    fn go(self, requestor: &User, wanted: &User, attributes: &Attributes<'_>) -> Result<User, ApiError> {
        if let Some((_, name)) = self.verb().split_once(':') {
            let verb = |verb: &str| format!("impersonate-on:{name}:{verb}");
            match *attributes {
                Attributes::Path { verb: plain, path } => {
                    authorize(requestor, &Attributes::Path { verb: &verb(plain), path })?;
                }
                Attributes::Kind { verb: plain, group, resource, subresource, namespace, name } => {
                    let verb = &verb(plain);
                    let on = Attributes::Kind { verb, group, resource, subresource, namespace, name };
                    authorize(requestor, &on)?;
                }
            }
        }
        let mut user = wanted.clone();
        self.name(requestor, &mut user)?;
        if !wanted.uid.is_empty() {
            authorize(requestor, &self.attributes(AUTHENTICATION, "uids", &wanted.uid))?;
        }
        self.groups(requestor, wanted)?;
        self.extra(requestor, wanted)?;
        let has = |group: &str| user.groups.iter().any(|known| known == group);
        let missing = match user.name.as_str() {
            ANONYMOUS => Some(UNAUTHENTICATED),
            _ if has(UNAUTHENTICATED) => None,
            _ => Some(AUTHENTICATED),
        };
        if let Some(group) = missing.filter(|group| !has(group)) {
            user.groups.push(group.to_owned());
        }
        Ok(user)
    }

    /// What is asked for with a way's verb.
    fn attributes<'a>(self, group: &'a str, resource: &'a str, name: &'a str) -> Attributes<'a> {
        let (verb, name) = (self.verb(), Some(name));
        Attributes::Kind { verb, group, resource, subresource: None, namespace: None, name }
    }

    /// The group of what names and groups are called by.
    fn group(self) -> &'static str {
        if self.is_narrow() { AUTHENTICATION } else { "" }
    }

    /// May they be of this name? Some names imply groups.
    fn name(self, requestor: &User, user: &mut User) -> Result<(), ApiError> {
        if let Some(name) = node(&user.name).filter(|_| self.is_narrow()) {
            authorize(requestor, &self.attributes(self.group(), "nodes", name))?;
            user.groups = vec![NODES.to_owned()];
            return Ok(());
        }
        let Some((namespace, name)) = service_account(&user.name) else {
            return authorize(requestor, &self.attributes(self.group(), "users", &user.name));
        };
        let (verb, group, resource) = (self.verb(), self.group(), "serviceaccounts");
        let (namespace, name) = (Some(namespace), Some(name));
        authorize(
            requestor,
            &Attributes::Kind { verb, group, resource, subresource: None, namespace, name },
        )?;
        if user.groups.is_empty() {
            let of_namespace = format!("{SERVICE_ACCOUNTS}:{}", namespace.unwrap_or_default());
            user.groups = vec![SERVICE_ACCOUNTS.to_owned(), of_namespace];
        }
        Ok(())
    }

    fn groups(self, requestor: &User, wanted: &User) -> Result<(), ApiError> {
        if self.is_narrow() {
            for (group, text) in [("", "the empty string group"), (MASTERS, "the system:masters group")] {
                if wanted.is_in(group) {
                    let reason = format!("impersonating {text} is not allowed");
                    let attributes = self.attributes(self.group(), "groups", group);
                    return Err(forbidden(requestor, &attributes, &reason));
                }
            }
        }
        let mut groups = wanted.groups.iter();
        groups.try_for_each(|group| authorize(requestor, &self.attributes(self.group(), "groups", group)))
    }

    fn extra(self, requestor: &User, wanted: &User) -> Result<(), ApiError> {
        if self.is_narrow()
            && let Some(fault) = wanted.extra.iter().find_map(|(key, values)| extra_fault(key, values))
        {
            let reason = format!("impersonating {fault} in extra is not allowed");
            return Err(forbidden(requestor, &self.attributes(AUTHENTICATION, "userextras", ""), &reason));
        }
        let mut pairs =
            wanted.extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
        pairs.try_for_each(|(key, value)| {
            let (verb, group, resource) = (self.verb(), AUTHENTICATION, "userextras");
            let (subresource, name) = (Some(key.as_str()), Some(value.as_str()));
            authorize(
                requestor,
                &Attributes::Kind { verb, group, resource, subresource, namespace: None, name },
            )
        })
    }
}

/// The node whose user this is.
fn node(user: &str) -> Option<&str> {
    user.strip_prefix("system:node:").filter(|name| dns1123_subdomain(name).is_empty())
}

/// Namespace and name of the service account whose user this is (`serviceaccount.SplitUsername`).
fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let valid = dns1123_label(namespace).is_empty() && dns1123_subdomain(name).is_empty();
    valid.then_some((namespace, name))
}

/// What a narrow way does not allow in extra.
fn extra_fault(key: &str, values: &[String]) -> Option<&'static str> {
    let path = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    let domain_prefixed = || {
        let (domain, rest) = key.split_once('/')?;
        (dns1123_subdomain(domain).is_empty() && !rest.is_empty() && rest.bytes().all(path)).then_some(())
    };
    if key.is_empty() {
        Some("the empty string key")
    } else if domain_prefixed().is_none() {
        Some("an invalid key")
    } else if key.chars().any(char::is_uppercase) {
        Some("a non-lowercase key")
    } else if values.iter().any(String::is_empty) {
        Some("the empty string value")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Attributes<'_> = Attributes::Kind {
        verb: "list",
        group: "",
        resource: "configmaps",
        subresource: None,
        namespace: Some("pb"),
        name: None,
    };

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn wanted(name: &str, groups: &[&str]) -> User {
        User { name: name.to_owned(), groups: texts(groups), ..User::default() }
    }

    #[test]
    fn a_master_becomes_whoever_is_wanted_with_the_groups_that_a_name_implies() {
        let (user, account) = (Some("impersonate:user-info"), Some("impersonate:serviceaccount"));
        let node = Some("impersonate:arbitrary-node");
        for (name, asked, groups, constraint) in [
            ("jane", &[][..], &["system:authenticated"][..], user),
            ("jane", &["a", "b"], &["a", "b", "system:authenticated"], user),
            ("jane", &["system:authenticated", "b"], &["system:authenticated", "b"], user),
            ("jane", &["system:unauthenticated"], &["system:unauthenticated"], user),
            ("jane", &["system:masters"], &["system:masters", "system:authenticated"], None),
            ("jane", &[""], &["", "system:authenticated"], None),
            ("system:anonymous", &[], &["system:unauthenticated"], user),
            ("system:anonymous", &["b"], &["b", "system:unauthenticated"], user),
            (
                "system:serviceaccount:ns:a.b",
                &[],
                &["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
                account,
            ),
            ("system:serviceaccount:ns:a", &["b"], &["b", "system:authenticated"], None),
            ("system:serviceaccount:NS:a", &[], &["system:authenticated"], user),
            ("system:serviceaccount:ns:a:b", &[], &["system:authenticated"], user),
            ("system:node:n1", &[], &["system:nodes", "system:authenticated"], node),
            ("system:node:n1", &["b"], &["b", "system:authenticated"], None),
            ("system:node:N_1", &[], &["system:authenticated"], user),
        ] {
            let done = impersonate(&User::admin(), &wanted(name, asked), &LIST).unwrap();
            assert_eq!((done.user.name.as_str(), done.constraint), (name, constraint), "{asked:?}");
            assert_eq!(done.user.groups, texts(groups), "{name} {asked:?}");
        }
    }

    #[test]
    fn uid_and_extra_are_kept_and_odd_keys_need_the_wide_permission() {
        for (key, constraint) in [
            ("acme.com/project", Some("impersonate:user-info")),
            ("scopes", None),
            ("", None),
            ("acme.com/Project", None),
            ("acme.com/a b", None),
            ("-/a", None),
        ] {
            let mut user = User { uid: "7".to_owned(), ..wanted("jane", &[]) };
            user.extra.insert(key.to_owned(), texts(&["a", "b"]));
            let done = impersonate(&User::admin(), &user, &LIST).unwrap();
            assert_eq!(done.constraint, constraint, "{key:?}");
            assert_eq!((&done.user.uid, &done.user.extra), (&user.uid, &user.extra));
        }
    }

    #[test]
    fn others_are_told_the_narrow_permission_that_is_missing() {
        let guest = User::new("guest", []);
        let of = "in API group \"\" in the namespace";
        for (user, text) in [
            (
                wanted("jane", &["a"]),
                format!(
                    "configmaps is forbidden: User \"guest\" cannot impersonate-on:user-info:list resource \"configmaps\" {of} \"pb\""
                ),
            ),
            (
                wanted("system:serviceaccount:ns:a", &[]),
                format!(
                    "configmaps is forbidden: User \"guest\" cannot impersonate-on:serviceaccount:list resource \"configmaps\" {of} \"pb\""
                ),
            ),
            (
                wanted("system:serviceaccount:ns:a", &["b"]),
                format!(
                    "serviceaccounts \"a\" is forbidden: User \"guest\" cannot impersonate resource \"serviceaccounts\" {of} \"ns\""
                ),
            ),
        ] {
            let error = impersonate(&guest, &user, &LIST).unwrap_err();
            assert_eq!((error.code(), error.message()), (403, text.as_str()));
        }
        let path = Attributes::Path { verb: "get", path: "/healthz" };
        let error = impersonate(&User::anonymous(), &wanted("system:node:n1", &[]), &path).unwrap_err();
        assert_eq!(
            error.message(),
            "forbidden: User \"system:anonymous\" cannot impersonate-on:arbitrary-node:get path \"/healthz\""
        );
    }

    #[test]
    fn without_a_name_all_that_was_said_is_repeated_as_go_prints_it() {
        let mut user = User { uid: "5".to_owned(), ..wanted("", &["a\"\\", "b"]) };
        for (key, values) in [("b", &["view"][..]), ("a", &["1", "2"])] {
            user.extra.insert(key.to_owned(), texts(values));
        }
        let (none, all) = (nameless(&User::default()), nameless(&user));
        assert_eq!((none.code(), all.code()), (400, 400));
        assert_eq!(
            none.message(),
            "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string(nil), Extra:map[string][]string(nil)} without impersonating a user name"
        );
        assert_eq!(
            all.message(),
            "requested &user.DefaultInfo{Name:\"\", UID:\"5\", Groups:[]string{\"a\\\"\\\\\", \"b\"}, Extra:map[string][]string{\"a\":[]string{\"1\", \"2\"}, \"b\":[]string{\"view\"}}} without impersonating a user name"
        );
    }
}
