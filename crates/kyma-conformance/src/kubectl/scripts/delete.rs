//! Delete: what is named, what becomes of dependents, and how long kubectl waits.

use super::Script;
use super::files::{CONFIG_MAP, KYMA};

const SET: (&str, &str) = (
    "set.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata: {name: x, labels: {set: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: y, labels: {set: a}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: z, labels: {set: b}}
",
);

pub(super) const SCRIPTS: &[Script] = &[
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
        name: "kubectl/delete-built-in-kinds",
        files: &[SET, CONFIG_MAP],
        lines: &[
            "create -n $NS -f set.yaml",
            "delete cm x -n $NS --dry-run=client",
            "delete cm x -n $NS --dry-run=server",
            "delete cm x -n $NS --dry-run=server -o name",
            "delete cm -n $NS -l set=a",
            "delete cm z -n $NS -o name",
            "delete -n $NS -f set.yaml",
            "delete -n $NS -f set.yaml --ignore-not-found",
            "create -n $NS -f set.yaml -f config-map.yaml",
            "delete cm x -n $NS --cascade=background",
            "delete cm y -n $NS --cascade=foreground",
            "delete cm z -n $NS --cascade=orphan",
            "delete cm/b -n $NS --now",
            "create -n $NS -f set.yaml",
            "delete cm x -n $NS --grace-period=0",
            "delete cm y -n $NS --grace-period=0 --force",
            "delete cm z -n $NS --wait=false",
            "delete cm z -n $NS --wait=true --timeout=2s",
            "create -n $NS -f set.yaml",
            "delete configmap/x configmap/none configmap/y -n $NS",
            "delete cm -n $NS --all --field-selector=metadata.name=z",
            "delete cm -n $NS",
            "delete -n $NS",
            "delete cm x -n $NS --all",
            "delete cm -n $NS -l set=none",
            "delete cm -n none --all",
            "delete none x -n $NS",
            "delete cm x -n $NS --cascade=nonsense",
            "delete -n $NS -f - < config-map.yaml",
            "delete --raw /api/v1/namespaces/$NS/configmaps/none",
            "delete ns kube-system",
        ],
    },
    Script {
        name: "kubectl/delete-what-is-held",
        files: &[KYMA, CONFIG_MAP],
        lines: &[
            "create -n $NS -f kyma.yaml -f config-map.yaml",
            "patch cm b -n $NS -p '{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}'",
            "delete cm b -n $NS --timeout=1s",
            "get cm b -n $NS -o jsonpath='{.metadata.finalizers} {.metadata.deletionGracePeriodSeconds}'",
            "describe cm b -n $NS",
            "create -n $NS -f config-map.yaml",
            "apply -n $NS -f config-map.yaml",
            "label cm b -n $NS still=there",
            "delete cm b -n $NS --wait=false",
            "delete cm b -n $NS --now --wait=false",
            "delete cm b -n $NS --cascade=orphan --wait=false",
            // The collector takes its own finalizer away when it comes to it, so only the first is looked at.
            "get cm b -n $NS -o jsonpath={.metadata.finalizers[0]}",
            "& delete cm b -n $NS --timeout=20s",
            "patch cm b -n $NS --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'",
            "wait cm/b -n $NS --for=delete --timeout=10s",
            "get cm b -n $NS --ignore-not-found",
            "delete kyma one -n $NS --cascade=foreground --wait=true",
            "get kymas -n $NS",
        ],
    },
];
