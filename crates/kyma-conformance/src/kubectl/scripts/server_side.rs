//! Server-side apply, and who owns what.

use super::Script;
use super::files::{KYMA, KYMA_CHANGED};

const MINE: (&str, &str) = (
    "mine.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  labels: {app: x, tier: y}
  finalizers: [example.com/a]
data: {one: \"1\", two: \"2\"}
",
);

const LESS: (&str, &str) = (
    "less.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  labels: {app: x}
data: {one: \"1\"}
",
);

const OTHERS: (&str, &str) = (
    "others.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {one: \"9\", two: \"9\", three: \"3\"}
",
);

const UNKNOWN: (&str, &str) =
    ("unknown.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nsurplus: 1\n");

const DEPLOYMENT: (&str, &str) = (
    "deployment.yaml",
    "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      containers:
      - name: one
        image: example.com/one:1
        ports: [{containerPort: 80}]
        env: [{name: A, value: \"1\"}]
",
);

const SIDECAR: (&str, &str) = (
    "sidecar.yaml",
    "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  selector: {matchLabels: {app: d}}
  template:
    spec:
      containers:
      - name: two
        image: example.com/two:1
      - name: one
        env: [{name: B, value: \"2\"}]
",
);

pub(super) const SCRIPTS: &[Script] = &[
    Script {
        name: "kubectl/server-side-apply",
        files: &[MINE, LESS, OTHERS, UNKNOWN],
        lines: &[
            "apply -n $NS --server-side -f mine.yaml --dry-run=server -o name",
            "apply -n $NS --server-side -f mine.yaml",
            "apply -n $NS --server-side -f mine.yaml",
            "get cm c -n $NS -o yaml --show-managed-fields",
            "apply -n $NS --server-side -f others.yaml --field-manager=other",
            "apply -n $NS --server-side -f others.yaml --field-manager=other --force-conflicts",
            "get cm c -n $NS -o json --show-managed-fields",
            "apply -n $NS --server-side -f less.yaml",
            "apply -n $NS --server-side -f less.yaml --field-manager=third",
            "get cm c -n $NS -o yaml --show-managed-fields",
            "apply -n $NS --server-side -f unknown.yaml",
            "apply -n $NS --server-side -f unknown.yaml --validate=false",
            "apply -n $NS -f less.yaml --force-conflicts",
            "patch cm c -n $NS --type=json -p '[{\"op\":\"replace\",\"path\":\"/metadata/managedFields\",\"value\":[{}]}]'",
            "get cm c -n $NS -o yaml --show-managed-fields",
            "apply -n $NS --server-side -f less.yaml",
            "get cm c -n $NS -o yaml --show-managed-fields",
            "delete cm c -n $NS",
        ],
    },
    Script {
        name: "kubectl/server-side-apply-custom",
        files: &[KYMA, KYMA_CHANGED],
        lines: &[
            "apply -n $NS --server-side -f kyma.yaml",
            "get kyma one -n $NS -o yaml --show-managed-fields",
            "apply -n $NS --server-side -f changed.yaml --field-manager=other",
            "apply -n $NS --server-side -f changed.yaml --field-manager=other --force-conflicts",
            "get kyma one -n $NS -o yaml --show-managed-fields",
            "diff -n $NS --server-side -f kyma.yaml",
            "annotate kyma one -n $NS note=mine --field-manager=hand",
            "get kyma one -n $NS -o jsonpath='{.metadata.managedFields[*].manager}'",
        ],
    },
    Script {
        name: "kubectl/server-side-apply-deployment",
        files: &[DEPLOYMENT, SIDECAR],
        lines: &[
            "apply -n $NS --server-side -f deployment.yaml",
            "apply -n $NS --server-side -f sidecar.yaml --field-manager=sidecars",
            "get deploy d -n $NS -o jsonpath='{.spec.template.spec.containers[*].name}'",
            "get deploy d -n $NS -o jsonpath='{.spec.template.spec.containers[*].env}'",
            "get deploy d -n $NS -o jsonpath='{.metadata.managedFields}' --show-managed-fields",
            "set image deploy/d -n $NS one=example.com/one:2 --field-manager=hand",
            "apply -n $NS --server-side -f deployment.yaml",
            "apply -n $NS --server-side -f deployment.yaml --force-conflicts",
            "get deploy d -n $NS -o jsonpath='{.metadata.managedFields}' --show-managed-fields",
        ],
    },
    Script {
        name: "kubectl/from-client-side-to-server-side-apply",
        files: &[MINE, LESS],
        lines: &[
            "apply -n $NS -f mine.yaml",
            "get cm c -n $NS -o jsonpath='{.metadata.managedFields[*].manager}' --show-managed-fields",
            "apply -n $NS --server-side -f less.yaml",
            "get cm c -n $NS -o yaml --show-managed-fields",
            "apply view-last-applied cm/c -n $NS",
            "apply -n $NS -f mine.yaml",
            "apply -n $NS --server-side -f less.yaml",
            "patch cm c -n $NS --type=merge -p '{\"metadata\":{\"finalizers\":null}}'",
            "delete cm c -n $NS",
        ],
    },
];
