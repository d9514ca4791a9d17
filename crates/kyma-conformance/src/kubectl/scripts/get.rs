//! Get: what is selected, and how it is shown.

use super::Script;
use super::files::KYMA;

const MAPS: (&str, &str) = (
    "maps.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one, labels: {app: x, tier: front}}
data: {size: \"3\"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, labels: {app: x}}
data: {size: \"1\", more: a}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: three, labels: {app: y}}
binaryData: {b: eA==}
",
);

const COLUMNS: (&str, &str) = ("columns.txt", "NAME            APP\n.metadata.name  .metadata.labels.app\n");
const TEMPLATE: (&str, &str) = ("template.txt", "{{range .items}}{{.metadata.name}}={{.data.size}} {{end}}");

pub(super) const SCRIPTS: &[Script] = &[
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
        name: "kubectl/get-forms",
        files: &[MAPS, COLUMNS, TEMPLATE],
        lines: &[
            "create -n $NS -f maps.yaml",
            "get cm -n $NS -l app",
            "get cm -n $NS -l app -o wide",
            "get cm -n $NS -l app --no-headers",
            "get cm -n $NS -l app --show-labels",
            "get cm -n $NS -l app -L app -L tier,none",
            "get cm -n $NS -l app --show-kind",
            "get cm -n $NS -l app -o name",
            "get cm -n $NS -l app -o yaml",
            "get cm -n $NS -l app -o json",
            "get cm one -n $NS -o json --show-managed-fields=false",
            "get cm -n $NS -l app -o jsonpath='{.items[*].metadata.name}'",
            "get cm -n $NS -l app -o jsonpath='{range .items[*]}{.metadata.name}{\"\\t\"}{.data.size}{\"\\n\"}{end}'",
            "get cm -n $NS -l app -o jsonpath='{.items[?(@.data.size==\"1\")].metadata.name}'",
            "get cm one -n $NS -o jsonpath={.none}",
            "get cm one -n $NS -o jsonpath={.none",
            "get cm one -n $NS -o jsonpath-as-json={.data}",
            "get cm -n $NS -l app -o custom-columns=NAME:.metadata.name,SIZE:.data.size,NONE:.none",
            "get cm -n $NS -l app -o custom-columns-file=columns.txt",
            "get cm -n $NS -l app -o go-template-file=template.txt",
            "get cm -n $NS -l app -o go-template='{{len .items}}'",
            "get cm one -n $NS -o go-template='{{.none.such}}'",
            "get cm one -n $NS -o nonsense",
            "get cm -n $NS -l app --sort-by=.data.size -o name",
            "get cm -n $NS -l app --sort-by=.metadata.name",
            "get cm -n $NS -l app --sort-by=.none",
            "get cm -n $NS -l app --server-print=false",
            "get --raw /api/v1/namespaces/$NS/configmaps/one?fieldManager=x -o json",
            "get cm -n $NS -l app --label-columns=app --no-headers --chunk-size=1",
        ],
    },
    Script {
        name: "kubectl/get-selections",
        files: &[MAPS, KYMA],
        lines: &[
            "create -n $NS -f maps.yaml -f kyma.yaml",
            "create secret generic s -n $NS --from-literal=a=b",
            "get cm one three -n $NS",
            "get cm/one secret/s kyma/one -n $NS",
            "get cm,secrets -n $NS --field-selector=metadata.name!=kube-root-ca.crt",
            "get configmaps,kymas -n $NS -l app=x",
            "get ns,cm -n $NS --field-selector=metadata.name=one",
            "get cm,none -n $NS",
            "get cm one none other -n $NS",
            "get cm one none -n $NS --ignore-not-found",
            "get cm none -n $NS --ignore-not-found",
            "get cm none -n $NS -o yaml --ignore-not-found",
            "get cm/none secret/none -n $NS",
            "get cm -n none",
            "get cm -n $NS -l app=none",
            "get cm -n $NS -l 'app in (x,y),tier notin (back)'",
            "get cm -n $NS -l '!tier,app'",
            "get cm -n $NS -l app!=x --field-selector=metadata.name=three",
            "get cm -n $NS --field-selector=data.size=1",
            "get cm -n $NS --field-selector=metadata.name",
            "get cm -A -l tier=front --field-selector=metadata.namespace=$NS",
            "get cm one -A",
            "get secrets -n $NS --field-selector=type=Opaque",
            "get secrets -n $NS --field-selector=type=none",
            "get secret/s -n $NS -l a=b",
            "get -f maps.yaml -n $NS",
            "get -f maps.yaml -n $NS -o name",
            "get -n $NS",
            "get cm --all-namespaces=false -n $NS -l tier",
            "get configmap.v1. one -n $NS",
            "get configmaps.v2 one -n $NS",
            "get lease.coordination.k8s.io -n $NS",
            "get events,leases -n $NS",
            "get namespaces/$NS -o name",
            "get --raw /api/v1/namespaces/$NS/configmaps/none",
            "get --raw /apis/coordination.k8s.io/v1/namespaces/$NS/leases?limit=x",
        ],
    },
    Script {
        name: "kubectl/get-watch",
        files: &[MAPS],
        lines: &[
            "create -n $NS -f maps.yaml",
            "& get cm -n $NS -l app -w --request-timeout=6s",
            "& get cm -n $NS -l app -w --output-watch-events --request-timeout=6s",
            "& get cm one -n $NS -w -o name --request-timeout=6s",
            "& get cm -n $NS -l app --watch-only -o jsonpath='{.metadata.name} {.data.size}{\"\\n\"}' --request-timeout=6s",
            "label cm one -n $NS tier=back --overwrite",
            "patch cm two -n $NS -p '{\"data\":{\"size\":\"7\"}}'",
            "label cm three -n $NS app-",
            "delete cm two -n $NS",
            "create configmap four -n $NS --from-literal=size=4",
            "label cm four -n $NS app=z",
        ],
    },
];
