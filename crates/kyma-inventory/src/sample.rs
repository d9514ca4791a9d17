//! The sample fleet: the same clusters, names and components in every tool and test.

use crate::kyma::{Component, Kyma, KymaSpec};

/// The namespace of the sample fleet.
pub const NAMESPACE: &str = "pb";

/// The components of a sample Kyma with their target namespaces, in order. Empty: the default namespace.
pub const COMPONENTS: [(&str, &str); 18] = [
    ("istio", "istio-system"),
    ("cluster-essentials", ""),
    ("certificates", "istio-system"),
    ("istio-resources", ""),
    ("logging", ""),
    ("tracing", ""),
    ("kiali", ""),
    ("monitoring", ""),
    ("eventing", ""),
    ("ory", ""),
    ("api-gateway", ""),
    ("service-catalog", ""),
    ("service-catalog-addons", ""),
    ("rafter", ""),
    ("helm-broker", ""),
    ("cluster-users", ""),
    ("serverless", ""),
    ("application-connector", "kyma-integration"),
];

/// The name of the `i`th sample Kyma.
#[must_use]
pub fn name(i: usize) -> String {
    format!("kyma-sample-{i}")
}

/// The components of one sample Kyma.
#[must_use]
pub fn components() -> Vec<Component> {
    let component =
        |(name, namespace): (&str, &str)| Component { name: name.into(), namespace: namespace.into() };
    COMPONENTS.into_iter().map(component).collect()
}

/// The `i`th sample Kyma, in `namespace`.
#[must_use]
pub fn kyma(i: usize, namespace: &str) -> Kyma {
    Kyma::new(namespace, &name(i), KymaSpec { components: components() })
}

/// The `i`th sample Kyma with `size` components: the first of the eighteen, then the same names again with a
/// number behind them.
#[must_use]
pub fn kyma_sized(i: usize, namespace: &str, size: usize) -> Kyma {
    let component = |n: usize| {
        let (name, namespace) = COMPONENTS[n % COMPONENTS.len()];
        let round = n / COMPONENTS.len();
        let name = if round == 0 { name.to_owned() } else { format!("{name}-{}", round + 1) };
        Component { name, namespace: namespace.to_owned() }
    };
    Kyma::new(namespace, &self::name(i), KymaSpec { components: (0..size).map(component).collect() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COMPONENTS, components, kyma, kyma_sized};
    use crate::{Cluster, HelmComponent, Kyma};

    #[test]
    fn the_sample_has_the_figures_that_others_rely_on() {
        let lengths: BTreeSet<usize> = COMPONENTS.iter().map(|(name, _)| name.len()).collect();
        assert_eq!((COMPONENTS.len(), lengths.len()), (18, 13));
        assert_eq!(lengths.last(), Some(&"service-catalog-addons".len()));
    }

    #[test]
    fn a_sample_kyma_is_written_as_the_script_writes_it() {
        insta::assert_snapshot!(serde_saphyr::to_string(&kyma(7, "pb")).unwrap());
    }

    /// The files are for people who have kubectl and nothing else; they must not drift from the types.
    #[test]
    fn the_files_in_config_samples_say_the_same() {
        let file = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/samples/");
            std::fs::read_to_string(format!("{folder}{name}")).unwrap()
        };
        let sample: Kyma = serde_saphyr::from_str(&file("inventory_v1alpha1_kyma.yaml")).unwrap();
        assert_eq!(sample.spec.components, components());
        let child: HelmComponent =
            serde_saphyr::from_str(&file("inventory_v1alpha1_helmcomponent.yaml")).unwrap();
        assert_eq!(child.spec.component_name, "istio");
        let cluster: Cluster = serde_saphyr::from_str(&file("inventory_v1alpha1_cluster.yaml")).unwrap();
        assert_eq!(cluster.spec.oidc.unwrap().issuer_url, "https://issuer.example.com");
        let script = file("sample-data.sh");
        let manifest = script.split("<<KYMA\n").nth(1).unwrap().split("KYMA\n").next().unwrap();
        let kyma: Kyma =
            serde_saphyr::from_str(&manifest.replace("$1", "n").replace("${namespace}", "pb")).unwrap();
        assert_eq!(kyma.spec.components, components());
    }

    #[test]
    fn other_sizes_have_distinct_names() {
        for size in [0, 1, 18, 19, 40] {
            let kyma = kyma_sized(1, "pb", size);
            let names: BTreeSet<&str> = kyma.spec.components.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(names.len(), size);
        }
        assert_eq!(kyma_sized(1, "pb", 18), kyma(1, "pb"));
    }
}
