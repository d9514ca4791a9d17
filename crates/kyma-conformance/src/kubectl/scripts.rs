//! The scripts.

use super::Script;

/// All scripts.
pub(crate) fn scripts() -> &'static [Script] {
    SCRIPTS
}

const KYMA: (&str, &str) = (
    "kyma.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata:
  name: one
  labels: {team: a}
spec:
  components:
  - name: istio
    namespace: istio-system
  - name: ory
",
);

const KYMA_CHANGED: (&str, &str) = (
    "changed.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata:
  name: one
  labels: {team: b}
spec:
  components:
  - name: istio
  - name: rafter
",
);

const ALL_KINDS: (&str, &str) = (
    "all.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata: {name: one, labels: {team: a}}
spec:
  components: [{name: istio}]
---
apiVersion: inventory.kyma-project.io/v1alpha1
kind: HelmComponent
metadata: {name: one-istio, labels: {team: a}}
spec: {componentName: istio, namespace: istio-system, version: \"2.0\"}
---
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Cluster
metadata: {name: gcp, labels: {team: a}}
spec:
  provider: gcp
  oidc: {clientID: c, signingAlgs: [RS256]}
",
);

const UNKNOWN_FIELD: (&str, &str) = (
    "unknown-field.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata: {name: bad}
spec:
  components: [{name: istio, colour: red}]
  more: 1
",
);

const WRONG_TYPE: (&str, &str) = (
    "wrong-type.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata: {name: bad}
spec: {components: [{name: 5}]}
",
);

const NO_NAME: (&str, &str) = (
    "no-name.yaml",
    "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kyma\nmetadata: {labels: {a: b}}\n",
);

const ILLEGAL_NAME: (&str, &str) = (
    "illegal-name.yaml",
    "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kyma\nmetadata: {name: Illegal_Name}\n",
);

const UNKNOWN_KIND: (&str, &str) = (
    "unknown-kind.yaml",
    "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kymo\nmetadata: {name: bad}\n",
);

const UNKNOWN_VERSION: (&str, &str) =
    ("unknown-version.yaml", "apiVersion: inventory.kyma-project.io/v9\nkind: Kyma\nmetadata: {name: bad}\n");

const NO_KIND: (&str, &str) = ("no-kind.yaml", "apiVersion: v1\nmetadata: {name: bad}\n");

const ELSEWHERE: (&str, &str) = (
    "elsewhere.yaml",
    "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kyma\nmetadata: {name: bad, namespace: elsewhere}\n",
);

const CONFIG_MAP: (&str, &str) =
    ("config-map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {key: value}\n");

const CONFIG_MAP_CHANGED: (&str, &str) = (
    "config-map-changed.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {other: value}\n",
);

const SCRIPTS: &[Script] = &[
    Script {
        name: "kubectl/namespaces",
        files: &[],
        lines: &[
            "create namespace $NS-other",
            "create namespace $NS-other",
            "create namespace Illegal_Name",
            "create namespace $NS-dry --dry-run=server",
            "get namespace $NS-other",
            "get ns $NS-other -o wide",
            "get ns $NS-other -o yaml",
            "get ns $NS-other -o json",
            "get ns $NS-other -o name",
            "get ns $NS-other -o jsonpath={.status.phase}",
            "get ns $NS-other -o custom-columns=NAME:.metadata.name,PHASE:.status.phase",
            "get ns $NS-other --show-labels",
            "get ns $NS-other --no-headers",
            "get ns none",
            "get ns $NS-other none",
            "label ns $NS-other team=a",
            "label ns $NS-other team=b",
            "label ns $NS-other team=b --overwrite",
            "annotate ns $NS-other note='a text'",
            "get ns -l team=b,kubernetes.io/metadata.name=$NS-other",
            "get ns --field-selector=metadata.name=$NS-other",
            "label ns $NS-other team-",
            "get ns $NS-other -o jsonpath={.metadata.labels}",
            "delete namespace none",
            "delete namespace none --ignore-not-found",
            "delete namespace default",
            "delete namespace $NS-other --wait=false",
        ],
    },
    Script {
        name: "kubectl/namespace-deletion",
        files: &[ALL_KINDS],
        lines: &[
            "create namespace $NS-other",
            "create -n $NS-other -f all.yaml",
            "delete namespace $NS-other",
            "get ns $NS-other",
            "get kymas -n $NS-other",
        ],
    },
    Script {
        name: "kubectl/config-maps",
        files: &[CONFIG_MAP, CONFIG_MAP_CHANGED],
        lines: &[
            "create -n $NS -f config-map.yaml",
            "create -n $NS -f config-map.yaml",
            "get configmap b -n $NS",
            "get cm/b -n $NS -o yaml",
            "get cm b -n $NS -o json",
            "describe cm b -n $NS",
            "get cm none -n $NS",
            "get cm b -n none",
            "patch cm b -n $NS --type=merge -p '{\"data\":{\"more\":\"1\"}}'",
            "patch cm b -n $NS --type=merge -p '{\"data\":{\"more\":\"1\"}}'",
            "patch cm b -n $NS --type=json -p '[{\"op\":\"remove\",\"path\":\"/data/more\"}]'",
            "patch cm b -n $NS --type=json -p '[{\"op\":\"test\",\"path\":\"/data/key\",\"value\":\"other\"}]'",
            "patch cm none -n $NS --type=merge -p '{}'",
            "replace -n $NS -f config-map-changed.yaml",
            "get cm b -n $NS -o jsonpath={.data}",
            "delete -n $NS -f config-map.yaml",
            "delete -n $NS -f config-map.yaml",
            "delete cm b -n $NS",
            "get cm b -n $NS",
            "apply -n $NS -f config-map.yaml",
            "apply -n $NS -f config-map.yaml",
            "delete cm b -n $NS",
        ],
    },
    Script {
        name: "kubectl/create-without-a-file",
        files: &[],
        lines: &[
            "create configmap a -n $NS --from-literal=key=value",
            "create configmap a -n $NS --from-literal=key=value",
            "get cm a -n $NS",
            "get cm a -n $NS -o yaml",
            "create secret generic a -n $NS --from-literal=key=value",
            "get secret a -n $NS",
            "get secrets -n $NS",
            "get secret a -n $NS -o yaml",
            "describe secret a -n $NS",
            "delete secret a -n $NS",
            "get secrets -n $NS",
            "get events -n $NS",
            "get leases -n $NS",
        ],
    },
    Script {
        name: "kubectl/kymas",
        files: &[KYMA],
        lines: &[
            "get kymas -n $NS",
            "create -n $NS -f kyma.yaml",
            "create -n $NS -f kyma.yaml",
            "get kymas -n $NS",
            "get kyma one -n $NS",
            "get kymas.inventory.kyma-project.io one -n $NS",
            "get kymas.v1alpha1.inventory.kyma-project.io/one -n $NS -o name",
            "get kymas -n $NS -o wide",
            "get kymas -n $NS -o yaml",
            "get kymas -n $NS -o json",
            "get kymas -n $NS -o name",
            "get kyma one -n $NS -o yaml",
            "get kyma one -n $NS -o json",
            "get kyma one -n $NS -o jsonpath='{range .spec.components[*]}{.name} {end}'",
            "get kyma one -n $NS -o go-template='{{.metadata.generation}}'",
            "get kymas -n $NS --show-labels",
            "get kymas -n $NS -l team=a",
            "get kymas -n $NS -l team=b",
            "get kymas -n $NS -l 'team in ('",
            "get kymas -n $NS --field-selector=metadata.name=one",
            "get kymas -n $NS --field-selector=spec.none=one",
            "get kymas -A -l team=a --field-selector=metadata.namespace=$NS",
            "describe kyma one -n $NS",
            "get kyma none -n $NS",
            "get kyma one none -n $NS",
            "get kymo -n $NS",
            "patch kyma one -n $NS --type=merge -p '{\"spec\":{\"components\":[{\"name\":\"rafter\"}]}}'",
            "patch kyma one -n $NS --type=json -p '[{\"op\":\"add\",\"path\":\"/spec/components/-\",\"value\":{\"name\":\"ory\"}}]'",
            "patch kyma one -n $NS --type=merge -p '{\"spec\":{\"components\":5}}'",
            "patch kyma none -n $NS --type=merge -p '{}'",
            "get kyma one -n $NS -o yaml",
            "delete kyma one -n $NS",
            "delete kyma one -n $NS",
            "get kymas -n $NS",
        ],
    },
    Script {
        name: "kubectl/all-three-kinds",
        files: &[ALL_KINDS],
        lines: &[
            "create -n $NS -f all.yaml",
            "get -n $NS -f all.yaml",
            "get kymas,helmcomponents,clusters -n $NS",
            "get helmcomponents -n $NS",
            "get helmcomponent one-istio -n $NS -o yaml",
            "get clusters -n $NS",
            "get cluster gcp -n $NS -o yaml",
            "describe helmcomponent one-istio -n $NS",
            "describe cluster gcp -n $NS",
            "label kymas,clusters -n $NS --all seen=yes",
            "get kyma/one cluster/gcp -n $NS --show-labels",
            "delete helmcomponents -n $NS -l team=b",
            "delete helmcomponents -n $NS -l team=a",
            "delete kymas,clusters -n $NS --all",
            "get kymas,helmcomponents,clusters -n $NS",
        ],
    },
    Script {
        name: "kubectl/status",
        files: &[KYMA],
        lines: &[
            "create -n $NS -f kyma.yaml",
            "patch kyma one -n $NS --subresource=status --type=merge -p '{\"status\":{\"status\":\"reconciling\",\"waitingFor\":[\"istio\",\"ory\"]}}'",
            "get kyma one -n $NS",
            "get kyma one -n $NS --subresource=status",
            "wait kyma/one -n $NS --for=jsonpath={.status.status}=reconciling --timeout=10s",
            "wait kyma/one -n $NS --for=jsonpath={.status.status}=success --timeout=1s",
            "patch kyma one -n $NS --subresource=status --type=merge -p '{\"status\":{\"status\":5}}'",
            "patch kyma one -n $NS --type=merge -p '{\"status\":{\"status\":\"success\"}}'",
            "get kyma one -n $NS -o yaml",
            "describe kyma one -n $NS",
            "wait kyma/none -n $NS --for=delete --timeout=5s",
            "wait kyma/none -n $NS --for=condition=Ready --timeout=1s",
        ],
    },
    Script {
        name: "kubectl/apply",
        files: &[KYMA, KYMA_CHANGED, ALL_KINDS, WRONG_TYPE],
        lines: &[
            "apply -n $NS -f kyma.yaml",
            "apply -n $NS -f kyma.yaml",
            "apply -n $NS -f changed.yaml",
            "get kyma one -n $NS -o yaml",
            "apply view-last-applied kyma/one -n $NS",
            "apply -n $NS -f wrong-type.yaml",
            "apply -n $NS -f all.yaml",
            "apply -n $NS -f all.yaml",
            "apply -n $NS -f changed.yaml --dry-run=server",
            "apply -n $NS -f changed.yaml --dry-run=client",
            "get kymas,helmcomponents,clusters -n $NS",
            "delete -n $NS -f all.yaml",
            "apply -n $NS -f none.yaml",
        ],
    },
    Script {
        name: "kubectl/apply-what-was-created",
        files: &[KYMA, KYMA_CHANGED],
        lines: &[
            "create -n $NS -f kyma.yaml",
            "apply -n $NS -f changed.yaml",
            "get kyma one -n $NS -o jsonpath={.spec}",
        ],
    },
    Script {
        name: "kubectl/replace",
        files: &[KYMA, KYMA_CHANGED],
        lines: &[
            "replace -n $NS -f kyma.yaml",
            "create -n $NS -f kyma.yaml",
            "replace -n $NS -f changed.yaml",
            "get kyma one -n $NS -o yaml",
            "replace -n $NS --force -f kyma.yaml",
            "get kyma one -n $NS -o jsonpath={.metadata.generation}",
        ],
    },
    Script {
        name: "kubectl/invalid-manifests",
        files: &[
            UNKNOWN_FIELD,
            WRONG_TYPE,
            NO_NAME,
            ILLEGAL_NAME,
            UNKNOWN_KIND,
            UNKNOWN_VERSION,
            NO_KIND,
            ELSEWHERE,
            ("broken.yaml", "a: b: c\n\t- x\n"),
            ("empty.yaml", ""),
            ("list.yaml", "- a\n- b\n"),
        ],
        lines: &[
            "create -n $NS -f unknown-field.yaml",
            "create -n $NS -f unknown-field.yaml --validate=warn",
            "create -n $NS -f wrong-type.yaml",
            "create -n $NS -f no-name.yaml",
            "create -n $NS -f illegal-name.yaml",
            "create -n $NS -f unknown-kind.yaml",
            "create -n $NS -f unknown-version.yaml",
            "create -n $NS -f no-kind.yaml",
            "create -n $NS -f elsewhere.yaml",
            "create -f elsewhere.yaml",
            "create -n $NS -f broken.yaml",
            "create -n $NS -f empty.yaml",
            "create -n $NS -f list.yaml",
            "create -n $NS -f none.yaml",
            "create -n none -f wrong-type.yaml",
            "delete kyma bad -n $NS",
            "apply -n $NS -f unknown-field.yaml",
            "apply -n $NS -f illegal-name.yaml",
            "get kymas -n $NS",
        ],
    },
    Script {
        name: "kubectl/deletion",
        files: &[KYMA],
        lines: &[
            "create -n $NS -f kyma.yaml",
            "patch kyma one -n $NS --type=merge -p '{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}'",
            "delete kyma one -n $NS --wait=false",
            "get kyma one -n $NS -o jsonpath='{.metadata.finalizers} {.metadata.generation}'",
            "delete kyma one -n $NS --timeout=1s",
            "patch kyma one -n $NS --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'",
            "get kyma one -n $NS",
            "create -n $NS -f kyma.yaml",
            "delete kyma one -n $NS --cascade=orphan",
            "create -n $NS -f kyma.yaml",
            "delete kyma one -n $NS --cascade=foreground",
            "create -n $NS -f kyma.yaml",
            "delete kyma one -n $NS --dry-run=server",
            "delete kyma one -n $NS --now",
            "delete kymas -n $NS --all",
            "delete kymas -n $NS",
        ],
    },
    Script {
        name: "kubectl/pages-and-order",
        files: &[
            KYMA,
            (
                "two.yaml",
                "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kyma\nmetadata: {name: two}\n",
            ),
            (
                "three.yaml",
                "apiVersion: inventory.kyma-project.io/v1alpha1\nkind: Kyma\nmetadata: {name: three}\n",
            ),
        ],
        lines: &[
            "create -n $NS -f kyma.yaml -f two.yaml -f three.yaml",
            "get kymas -n $NS --chunk-size=1",
            "get kymas -n $NS --chunk-size=2 -o name",
            "get kymas -n $NS --sort-by=.metadata.creationTimestamp -o name",
            "get kymas -n $NS --sort-by='{.metadata.name}'",
            "get kymas two one -n $NS",
            "get kymas -n $NS --watch --request-timeout=2s",
            "get kymas -n $NS --watch --output-watch-events --request-timeout=2s",
        ],
    },
    Script {
        name: "kubectl/discovery",
        files: &[],
        lines: &[
            "api-resources --api-group=inventory.kyma-project.io",
            "api-resources --api-group=inventory.kyma-project.io -o wide",
            "api-resources --api-group=inventory.kyma-project.io -o name",
            "api-resources --api-group=coordination.k8s.io",
            "api-resources --api-group=apiextensions.k8s.io -o wide",
            "api-resources --api-group=nobody.example.com",
            "get --raw /healthz",
            "get --raw /readyz",
            "get --raw /nowhere",
            "get --raw /apis/inventory.kyma-project.io/v9",
        ],
    },
    Script {
        name: "kubectl/explain",
        files: &[],
        lines: &[
            // Not the whole kind: what the real server adds there are its own texts on metadata.
            "explain kymas.spec",
            "explain kyma.spec.components",
            "explain kyma.spec.components.name",
            "explain helmcomponent.spec --recursive",
            "explain cluster.spec.oidc",
            "explain kyma.status",
            "explain kyma.none",
            "explain kymo",
        ],
    },
    Script {
        name: "kubectl/definitions",
        files: &[],
        lines: &[
            "get crd kymas.inventory.kyma-project.io",
            "get crds kymas.inventory.kyma-project.io helmcomponents.inventory.kyma-project.io -o name",
            "get crd clusters.inventory.kyma-project.io -o wide",
            "get crd kymas.inventory.kyma-project.io -o yaml",
            "get crd helmcomponents.inventory.kyma-project.io -o json",
            "wait crd/kymas.inventory.kyma-project.io --for=condition=Established --timeout=5s",
            "get crd none.inventory.kyma-project.io",
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::scripts;

    #[test]
    fn names_are_unique_and_fit_into_a_namespace() {
        let names: BTreeSet<&str> = scripts().iter().map(|script| script.name).collect();
        assert_eq!(names.len(), scripts().len());
        // Behind a name come a run's five letters and `-other`.
        assert!(names.iter().all(|name| name.starts_with("kubectl/") && name.len() <= 63 - 6 - 6));
    }

    #[test]
    fn lines_mention_only_files_that_are_there() {
        for script in scripts() {
            for line in script.lines {
                for word in line.split(' ').filter(|word| word.ends_with(".yaml") && *word != "none.yaml") {
                    assert!(script.files.iter().any(|(name, _)| *name == word), "{}: {word}", script.name);
                }
            }
        }
    }
}
