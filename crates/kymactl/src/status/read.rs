//! Lists the fleet once, in pages.

use kube::api::{Api, ListParams, Request};
use kube::{Client, Resource};
use kyma_controller::informer::Seen;
use kyma_controller::{ObjectKey, Sink};
use kyma_inventory::{HelmComponent, Kyma};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Scope;
use super::records::Feed;
use crate::exit::Failure;

/// Objects per page, client-go's number: an answer stays at about half a megabyte.
const PAGE: u32 = 500;

/// A page of a list. Its items are decoded one by one, so that one that does not fit the schema costs only itself.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct PageMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// The identity of an object of which nothing else can be read.
#[derive(Deserialize)]
struct Nameless {
    #[serde(default)]
    metadata: NamelessMeta,
}

#[derive(Default, Deserialize)]
struct NamelessMeta {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

/// Lists all that is asked about.
///
/// # Errors
/// When a list fails; nothing is tried twice.
pub(super) async fn all(client: &Client, scope: &Scope) -> Result<Feed, Failure> {
    let feed = Feed::new(scope.clone());
    tokio::try_join!(
        list::<Kyma, _>(client, scope, PAGE, feed.clone()),
        list::<HelmComponent, _>(client, scope, PAGE, feed.clone())
    )?;
    Ok(feed)
}

/// Finds out with the smallest of lists whether the fleet can be read at all: watches would try for ever.
///
/// # Errors
/// When it cannot.
pub(super) async fn probe(client: &Client, scope: &Scope) -> Result<(), Failure> {
    tokio::try_join!(page::<Kyma>(client, scope, 1, None), page::<HelmComponent>(client, scope, 1, None))
        .map(|_| ())
}

/// Whether there is a Kyma in any namespace that may be looked at.
pub(super) async fn anywhere(client: &Client) -> bool {
    let found = Api::<Kyma>::all(client.clone()).list(&ListParams::default().limit(1)).await;
    found.is_ok_and(|list| !list.items.is_empty())
}

async fn list<K, S>(client: &Client, scope: &Scope, limit: u32, mut sink: S) -> Result<(), Failure>
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
    S: Sink<K>,
{
    sink.relist_begin();
    let mut next = None;
    loop {
        let text = page::<K>(client, scope, limit, next.as_deref()).await?;
        let page: Page<'_> = serde_json::from_str(&text).map_err(|error| {
            Failure::new(format!("the list of {} cannot be read", resource::<K>()), &error)
        })?;
        for item in page.items {
            take(item.get(), &mut sink);
        }
        next = page.metadata.next.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    sink.relist_end();
    Ok(())
}

fn take<K, S>(item: &str, sink: &mut S)
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
    S: Sink<K>,
{
    match serde_json::from_str(item) {
        Ok(object) => sink.apply(object, true),
        Err(error) => {
            let meta = serde_json::from_str(item)
                .map_or_else(|_| NamelessMeta::default(), |Nameless { metadata }| metadata);
            let key = ObjectKey::new(&meta.namespace, &meta.name);
            tracing::warn!(kind = %K::kind(&()), object = %key, "object cannot be read: {error}");
            sink.undecodable(key, Seen::Listed);
        }
    }
}

async fn page<K>(client: &Client, scope: &Scope, limit: u32, next: Option<&str>) -> Result<String, Failure>
where
    K: Resource<DynamicType = ()>,
{
    let params = ListParams::default().limit(limit);
    let params = ListParams { continue_token: next.map(str::to_owned), ..params };
    let request = Request::new(K::url_path(&(), scope.namespace.as_deref())).list(&params);
    let request = request.map_err(|error| Failure::of(&error))?;
    client.request_text(request).await.map_err(|error| explain::<K>(&error, scope))
}

/// A failed list in one line, with the way out.
fn explain<K: Resource<DynamicType = ()>>(error: &kube::Error, scope: &Scope) -> Failure {
    let what = resource::<K>();
    let place = match &scope.namespace {
        Some(namespace) => format!("the namespace {namespace}"),
        None => "all namespaces".to_owned(),
    };
    match error {
        kube::Error::Api(status) if status.code == 404 => Failure::text(
            "the CRDs are not installed: run `kymactl crds | kubectl apply -f -`, or `make install` in a checkout",
        ),
        kube::Error::Api(status) if status.code == 403 || status.code == 401 => {
            Failure::text(format!("not allowed to list {what} in {place}: {}", status.message))
        }
        kube::Error::Api(status) => {
            Failure::text(format!("failed to list {what} in {place}: {} ({})", status.message, status.code))
        }
        error => Failure::new(format!("failed to list {what} in {place}"), error),
    }
}

/// As RBAC and kubectl write it.
pub(super) fn resource<K: Resource<DynamicType = ()>>() -> String {
    format!("{}.{}", K::plural(&()), K::group(&()))
}
