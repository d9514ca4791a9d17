//! `kymactl sample`: the sample fleet, printed or created.

use std::ops::RangeInclusive;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use kyma_controller::Metrics;
use kyma_inventory::{Kyma, sample};

use crate::args::SampleArgs;
use crate::exit::Failure;
use crate::{connect, output};

/// How many Kymas are created at a time.
const CONCURRENCY: usize = 32;

/// Prints the namespace and the Kymas as YAML documents, one after the other, however many there are.
pub(crate) fn print(args: &SampleArgs) -> Result<(), Failure> {
    let range = range(args)?;
    let mut text = document(&namespace(&args.namespace), "v1", "Namespace")?;
    for i in range {
        text.push_str(&yaml(&sample::kyma(i, &args.namespace))?);
        if text.len() > 64 * 1024 {
            output::print(&text)?;
            text.clear();
        }
    }
    output::print(&text)
}

/// Creates the fleet in the cluster. What is there already is left as it is.
pub(crate) async fn apply(args: SampleArgs) -> Result<(), Failure> {
    let range = range(&args)?;
    let client = connect::client(&args.cluster, &connect::unlimited(), &Metrics::new()).await?;
    let since = tokio::time::Instant::now();
    let total = range.clone().count();
    let created = create(&client, &args.namespace, range).await?;
    let seconds = since.elapsed().as_secs_f64();
    output::line(&format!(
        "created {created} Kymas in the namespace {} in {seconds:.1} s ({} were there already)",
        args.namespace,
        total - created
    ))
}

fn range(args: &SampleArgs) -> Result<RangeInclusive<usize>, Failure> {
    if args.from == 0 || args.from > args.kymas.saturating_add(1) {
        return Err(Failure::usage("--from: must be between 1 and --kymas"));
    }
    Ok(args.from..=args.kymas)
}

/// Creates the namespace and the Kymas of these numbers; says how many are new.
pub(crate) async fn create(
    client: &kube::Client,
    namespace: &str,
    range: RangeInclusive<usize>,
) -> Result<usize, Failure> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    is_new(namespaces.create(&PostParams::default(), &self::namespace(namespace)).await, "the namespace")?;
    let api: Arc<Api<Kyma>> = Arc::new(Api::namespaced(client.clone(), namespace));
    let created = stream::iter(range).map(|i| {
        let (api, kyma) = (Arc::clone(&api), sample::kyma(i, namespace));
        async move { is_new(api.create(&PostParams::default(), &kyma).await, &sample::name(i)) }
    });
    created.buffer_unordered(CONCURRENCY).try_fold(0, async |sum, new| Ok(sum + usize::from(new))).await
}

/// Whether a creation made something new; what was there already is fine.
fn is_new<K>(created: Result<K, kube::Error>, what: &str) -> Result<bool, Failure> {
    match created {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(false),
        Err(kube::Error::Api(status)) if status.code == 404 => Err(Failure::text(format!(
            "failed to create {what}: the CRDs are not installed; run `kymactl crds | kubectl apply -f -`"
        ))),
        Err(error) => Err(Failure::new(format!("failed to create {what}"), &error)),
    }
}

fn namespace(name: &str) -> Namespace {
    Namespace {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    }
}

fn document(object: &impl serde::Serialize, api_version: &str, kind: &str) -> Result<String, Failure> {
    let mut value = serde_json::to_value(object).map_err(|error| Failure::of(&error))?;
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    yaml(&value)
}

fn yaml(object: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(object).map_err(|error| Failure::of(&error))?;
    Ok(format!("---\n{text}{}", if text.ends_with('\n') { "" } else { "\n" }))
}
