//! Manifests that several scripts use.

pub(super) const KYMA: (&str, &str) = (
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

pub(super) const KYMA_CHANGED: (&str, &str) = (
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

pub(super) const ALL_KINDS: (&str, &str) = (
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

pub(super) const CONFIG_MAP: (&str, &str) =
    ("config-map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {key: value}\n");

pub(super) const CONFIG_MAP_CHANGED: (&str, &str) = (
    "config-map-changed.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {other: value}\n",
);
