//! The documents of the old form, their members in the order in which Go writes them
//! (`k8s.io/apimachinery/pkg/apis/meta/v1/types.go`, `k8s.io/apimachinery/pkg/version`).

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) major: &'static str,
    pub(super) minor: &'static str,
    pub(super) emulation_major: &'static str,
    pub(super) emulation_minor: &'static str,
    pub(super) min_compatibility_major: &'static str,
    pub(super) min_compatibility_minor: &'static str,
    pub(super) git_version: &'static str,
    pub(super) git_commit: &'static str,
    pub(super) git_tree_state: &'static str,
    pub(super) build_date: &'static str,
    pub(super) go_version: &'static str,
    pub(super) compiler: &'static str,
    pub(super) platform: String,
}

#[derive(Serialize)]
pub(super) struct Paths {
    pub(super) paths: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct ApiVersions<'a> {
    pub(super) kind: &'static str,
    pub(super) versions: [&'static str; 1],
    #[serde(rename = "serverAddressByClientCIDRs")]
    pub(super) addresses: [ServerAddress<'a>; 1],
}

#[derive(Serialize)]
pub(super) struct ServerAddress<'a> {
    #[serde(rename = "clientCIDR")]
    pub(super) client: &'static str,
    #[serde(rename = "serverAddress")]
    pub(super) address: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiGroupList {
    pub(super) kind: &'static str,
    pub(super) api_version: &'static str,
    pub(super) groups: Vec<ApiGroup>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api_version: Option<&'static str>,
    pub(super) name: String,
    pub(super) versions: Vec<VersionName>,
    #[serde(rename = "preferredVersion")]
    pub(super) preferred: Option<VersionName>,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionName {
    pub(super) group_version: String,
    pub(super) version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiResourceList {
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api_version: Option<&'static str>,
    pub(super) group_version: String,
    pub(super) resources: Vec<ApiResource>,
}

#[derive(Serialize, Default)]
pub(super) struct ApiResource {
    pub(super) name: String,
    #[serde(rename = "singularName")]
    pub(super) singular: String,
    pub(super) namespaced: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) group: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) version: &'static str,
    pub(super) kind: String,
    pub(super) verbs: Vec<&'static str>,
    #[serde(rename = "shortNames", skip_serializing_if = "Vec::is_empty")]
    pub(super) short: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) categories: Vec<String>,
    #[serde(rename = "storageVersionHash", skip_serializing_if = "String::is_empty")]
    pub(super) hash: String,
}
