//! Client-side apply, and diff.

use super::Script;
use super::files::{ALL_KINDS, CONFIG_MAP, KYMA, KYMA_CHANGED};

pub(super) const WRONG_TYPE: (&str, &str) = (
    "wrong-type.yaml",
    "\
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata: {name: bad}
spec: {components: [{name: 5}]}
",
);

/// A ConfigMap in three states: what apply makes of each after the one before.
const FIRST: (&str, &str) = (
    "first.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  labels: {app: x, tier: y}
  finalizers: [example.com/a, example.com/b]
data: {one: \"1\", two: \"2\"}
",
);

const SECOND: (&str, &str) = (
    "second.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  labels: {app: z}
  finalizers: [example.com/b, example.com/c]
data: {one: \"9\", three: \"3\"}
",
);

const THIRD: (&str, &str) =
    ("third.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, finalizers: []}\n");

/// One of each built-in kind that people apply.
const BUILT_IN: (&str, &str) = (
    "built-in.yaml",
    "\
apiVersion: v1
kind: Namespace
metadata: {name: $NS-other, labels: {team: a}}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: $NS}
stringData: {user: admin}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: l, namespace: $NS}
spec: {holderIdentity: me, leaseDurationSeconds: 15, renewTime: \"2020-01-01T00:00:00.000000Z\"}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: $NS}
involvedObject: {apiVersion: v1, kind: ConfigMap, name: c, namespace: $NS}
reason: Tested
message: it was tested
type: Normal
firstTimestamp: \"2020-01-01T00:00:00Z\"
lastTimestamp: \"2020-01-02T00:00:00Z\"
count: 3
source: {component: tester}
",
);

const KUSTOMIZATION: (&str, &str) = (
    "kustomization.yaml",
    "\
resources: [config-map.yaml]
namePrefix: pre-
commonAnnotations: {note: kustomized}
configMapGenerator:
- name: made
  literals: [a=b]
",
);

const LIST: (&str, &str) = (
    "list.yaml",
    "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: x, labels: {set: a}}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: y, labels: {set: a}}}
",
);

const SHORTER_LIST: (&str, &str) = (
    "shorter.yaml",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x, labels: {set: a}}}\n",
);

const WRONG_VALUE: (&str, &str) =
    ("wrong-value.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {one: 1}\n");

pub(super) const SCRIPTS: &[Script] = &[
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
        name: "kubectl/apply-changes",
        files: &[FIRST, SECOND, THIRD, WRONG_VALUE],
        lines: &[
            "apply -n $NS -f first.yaml --dry-run=client",
            "apply -n $NS -f first.yaml --dry-run=server",
            "apply -n $NS -f first.yaml --dry-run=none",
            "apply -n $NS -f first.yaml",
            "label cm c -n $NS mine=kept",
            "apply -n $NS -f second.yaml --dry-run=server",
            "apply -n $NS -f second.yaml",
            "get cm c -n $NS -o yaml",
            "apply -n $NS -f second.yaml -o name",
            "apply -n $NS -f second.yaml -o yaml",
            "patch cm c -n $NS --type=merge -p '{\"data\":{\"one\":\"by hand\",\"four\":\"4\"}}'",
            "apply -n $NS -f second.yaml",
            "get cm c -n $NS -o jsonpath={.data}",
            "apply -n $NS -f wrong-value.yaml",
            "apply -n $NS -f third.yaml",
            "get cm c -n $NS -o yaml",
            "apply -n $NS -f third.yaml --force",
            "apply -n $NS -f - < first.yaml",
            "get cm c -n $NS -o jsonpath='{.metadata.labels} {.metadata.finalizers}'",
            "patch cm c -n $NS -p '{\"metadata\":{\"finalizers\":null}}'",
            "delete -n $NS -f first.yaml",
        ],
    },
    Script {
        name: "kubectl/apply-built-in-kinds",
        files: &[BUILT_IN],
        lines: &[
            "apply -f built-in.yaml",
            "apply -f built-in.yaml",
            "get -f built-in.yaml",
            "get secret s -n $NS -o yaml",
            "get lease l -n $NS -o yaml",
            "get event e -n $NS -o yaml",
            "get ns $NS-other -o yaml",
            "delete -f built-in.yaml --wait=false",
        ],
    },
    Script {
        name: "kubectl/apply-last-applied",
        files: &[FIRST, SECOND, CONFIG_MAP],
        lines: &[
            "create -n $NS -f first.yaml",
            "apply view-last-applied cm/c -n $NS",
            "apply set-last-applied -n $NS -f first.yaml",
            "apply set-last-applied -n $NS -f first.yaml --create-annotation",
            "apply set-last-applied -n $NS -f config-map.yaml",
            "apply view-last-applied cm/c -n $NS",
            "apply view-last-applied cm/c -n $NS -o json",
            "apply view-last-applied -f second.yaml -n $NS",
            "apply view-last-applied cm/none -n $NS",
            "create -n $NS -f config-map.yaml --save-config",
            "apply view-last-applied cm/b -n $NS",
            "apply -n $NS -f second.yaml",
            "apply view-last-applied cm/c -n $NS",
            "KUBE_EDITOR='sed -i s/three/four/' apply edit-last-applied cm/c -n $NS",
            "apply view-last-applied cm/c -n $NS",
        ],
    },
    Script {
        name: "kubectl/apply-kustomize-and-prune",
        files: &[KUSTOMIZATION, CONFIG_MAP, LIST, SHORTER_LIST],
        lines: &[
            "kustomize .",
            "apply -n $NS -k .",
            "apply -n $NS -k .",
            "get -n $NS -k . -o name",
            "delete -n $NS -k .",
            "apply -n $NS -f list.yaml --prune -l set=a --prune-allowlist=core/v1/ConfigMap",
            "apply -n $NS -f shorter.yaml --prune -l set=a --prune-allowlist=core/v1/ConfigMap",
            "get cm -n $NS -l set=a",
        ],
    },
    Script {
        name: "kubectl/diff",
        files: &[FIRST, SECOND, KYMA, KYMA_CHANGED, WRONG_VALUE],
        lines: &[
            "diff -n $NS -f first.yaml",
            "apply -n $NS -f first.yaml",
            "diff -n $NS -f first.yaml",
            "diff -n $NS -f second.yaml",
            "diff -n $NS -f wrong-value.yaml",
            "diff -n $NS -f kyma.yaml",
            "apply -n $NS -f kyma.yaml",
            "diff -n $NS -f kyma.yaml",
            "diff -n $NS -f changed.yaml",
            "get cm c -n $NS -o jsonpath={.data}",
            "diff -f none.yaml",
        ],
    },
];
