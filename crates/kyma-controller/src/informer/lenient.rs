//! An object that may turn out to be unreadable.

use std::borrow::Cow;
use std::fmt::Debug;

use kube::api::ObjectMeta;
use kube::core::DynamicResourceScope;
use kube::{Api, Resource};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A `K`, or what little can be said of an object that is none.
///
/// kube decodes a page of a list at once, so a single object that does not fit `K` (written under an older schema,
/// say) would fail the page, and with it the list, for ever. Decoding here cannot fail.
#[derive(Clone, Debug)]
pub(super) enum Lenient<K> {
    Readable(K),
    Unreadable { meta: Box<ObjectMeta>, error: String },
}

impl<K: Resource<DynamicType = ()>> Lenient<K> {
    /// The same resource and namespace, decoded leniently.
    pub(super) fn api(api: Api<K>) -> Api<Self> {
        let namespace = api.namespace().map(str::to_owned);
        let client = api.into_client();
        match namespace {
            Some(namespace) => Api::namespaced_with(client, &namespace, &()),
            None => Api::all_with(client, &()),
        }
    }
}

/// The identity of an object and nothing that could be malformed.
#[derive(Deserialize)]
struct Identity {
    metadata: IdentityMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityMeta {
    name: Option<String>,
    namespace: Option<String>,
    resource_version: Option<String>,
    uid: Option<String>,
}

impl<'de, K: DeserializeOwned> Deserialize<'de> for Lenient<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text is borrowed from the response, which kube holds as a whole, so this costs one more look at it but
        // no copy. It relies on servers writing a watch event's type before its object, which all do.
        let text = <&RawValue>::deserialize(deserializer)?.get();
        match serde_json::from_str(text) {
            Ok(object) => Ok(Self::Readable(object)),
            Err(error) => {
                let Identity { metadata } = serde_json::from_str(text).map_err(D::Error::custom)?;
                let meta = ObjectMeta {
                    name: metadata.name,
                    namespace: metadata.namespace,
                    resource_version: metadata.resource_version,
                    uid: metadata.uid,
                    ..ObjectMeta::default()
                };
                Ok(Self::Unreadable { meta: Box::new(meta), error: error.to_string() })
            }
        }
    }
}

impl<K: Resource<DynamicType = ()>> Resource for Lenient<K> {
    type DynamicType = ();
    type Scope = DynamicResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn metadata_api() -> bool {
        K::metadata_api()
    }

    fn url_path((): &(), namespace: Option<&str>) -> String {
        K::url_path(&(), namespace)
    }

    fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Readable(object) => object.meta(),
            Self::Unreadable { meta, .. } => meta,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Readable(object) => object.meta_mut(),
            Self::Unreadable { meta, .. } => meta,
        }
    }
}
