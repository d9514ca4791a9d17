//! Edit, patch and replace.

use super::Script;
use super::files::{CONFIG_MAP, CONFIG_MAP_CHANGED, KYMA, KYMA_CHANGED};

const HELD: (&str, &str) = (
    "held.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: h
  finalizers: [example.com/a, example.com/b]
  ownerReferences:
  - {apiVersion: v1, kind: ConfigMap, name: o, uid: 00000000-0000-0000-0000-000000000001}
data: {one: \"1\", two: \"2\"}
",
);

const STALE: (&str, &str) = (
    "stale.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, resourceVersion: \"1\"}\ndata: {key: stale}\n",
);

const FIXED: (&str, &str) = (
    "fixed.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fixed}\nimmutable: true\ndata: {key: value}\n",
);

const PATCH: (&str, &str) = ("patch.yaml", "data: {more: from a file}\n");

pub(super) const SCRIPTS: &[Script] = &[
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
        name: "kubectl/edit",
        files: &[CONFIG_MAP, KYMA],
        lines: &[
            "create -n $NS -f config-map.yaml -f kyma.yaml",
            "KUBE_EDITOR='sed -i s/value/changed/' edit cm b -n $NS",
            "get cm b -n $NS -o jsonpath={.data}",
            "KUBE_EDITOR=true edit cm b -n $NS",
            "KUBE_EDITOR='sed -i s/changed/again/' edit cm b -n $NS -o json",
            "KUBE_EDITOR='sed -i s/team:/teams:/' edit kyma one -n $NS -o yaml",
            "KUBE_EDITOR='sed -i s/name:/names:/' edit cm b -n $NS",
            "KUBE_EDITOR='sed -i s/key:/a%b:/' edit cm b -n $NS",
            "KUBE_EDITOR='sed -i s/-.name:.ory/-.names:.ory/' edit kyma one -n $NS",
            "KUBE_EDITOR='sed -i d' edit cm b -n $NS",
            "KUBE_EDITOR=false edit cm b -n $NS",
            "KUBE_EDITOR=true edit cm none -n $NS",
            "KUBE_EDITOR='sed -i s/again/once-more/' edit cm/b kyma/one -n $NS",
            "KUBE_EDITOR='sed -i s/once-more/saved/' edit cm b -n $NS --save-config",
            "KUBE_EDITOR='sed -i s/ory/rafter/' edit -f kyma.yaml -n $NS",
            "get cm/b kyma/one -n $NS -o jsonpath='{range .items[*]}{.data}{.spec}{end}'",
            "create cm d -n $NS --from-literal=a=b --dry-run=client -o yaml",
            "KUBE_EDITOR='sed -i s/key:/edited:/' create -n $NS -f config-map.yaml --edit",
        ],
    },
    Script {
        name: "kubectl/patch",
        files: &[HELD, PATCH],
        lines: &[
            "create -n $NS -f held.yaml",
            "patch cm h -n $NS -p '{\"data\":{\"one\":null,\"three\":\"3\"}}'",
            "patch cm h -n $NS -p '{\"data\":{\"three\":\"3\"}}'",
            "patch cm h -n $NS -p 'data: {four: \"4\"}'",
            "patch cm h -n $NS --patch-file=patch.yaml",
            "patch cm h -n $NS -p '{\"metadata\":{\"finalizers\":[\"example.com/c\"]}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"$deleteFromPrimitiveList/finalizers\":[\"example.com/a\"]}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"$setElementOrder/finalizers\":[\"example.com/c\",\"example.com/b\"]}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"ownerReferences\":[{\"uid\":\"00000000-0000-0000-0000-000000000001\",\"controller\":true}]}}'",
            "get cm h -n $NS -o yaml",
            "patch cm h -n $NS -p '{\"metadata\":{\"ownerReferences\":[{\"uid\":\"00000000-0000-0000-0000-000000000001\",\"$patch\":\"delete\"}]}}'",
            "patch cm h -n $NS -p '{\"data\":{\"$patch\":\"replace\",\"only\":\"this\"}}' -o yaml",
            "patch cm h -n $NS -p '{\"$retainKeys\":[\"metadata\",\"kind\",\"apiVersion\"],\"data\":null}' -o jsonpath={.data}",
            "patch cm h -n $NS -p '{\"metadata\":{\"finalizers\":null}}' -o name",
            "patch cm h -n $NS -p '{\"data\":{\"a\":5}}'",
            "patch cm h -n $NS -p '{\"data\":\"x\"}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"labels\":[\"x\"]}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"labels\":{\"x\":true}}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"name\":\"other\"}}'",
            "patch cm h -n $NS -p '{\"none\":1}'",
            "patch cm h -n $NS -p '[]'",
            "patch cm h -n $NS -p '{'",
            "patch cm h -n $NS -p '{\"$patch\":\"merge\"}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"ownerReferences\":[{\"name\":\"x\"}]}}'",
            "patch cm h -n $NS -p '{\"metadata\":{\"$setElementOrder/none\":[\"x\"]}}'",
            "patch cm h -n $NS -p '{\"$retainKeys\":[\"metadata\"],\"data\":{\"a\":\"b\"}}'",
            "patch cm h -n $NS --type=strategic -p '{\"data\":{\"dry\":\"run\"}}' --dry-run=server -o jsonpath={.data}",
            "patch cm h -n $NS --type=strategic -p '{\"data\":{\"dry\":\"run\"}}' --dry-run=client -o jsonpath={.data}",
            "patch cm h -n $NS --type=json -p '[{\"op\":\"add\",\"path\":\"/data\",\"value\":{\"a\":\"b\"}}]'",
            "patch cm h -n $NS --type=nonsense -p '{}'",
            "patch cm h -n $NS",
            "patch -f held.yaml -n $NS -p '{\"data\":{\"file\":\"too\"}}'",
            "get cm h -n $NS -o jsonpath='{.data} {.metadata.finalizers}'",
        ],
    },
    Script {
        name: "kubectl/patch-other-kinds",
        files: &[KYMA],
        lines: &[
            "create -n $NS -f kyma.yaml",
            "create secret generic s -n $NS --from-literal=a=b",
            "create namespace $NS-other",
            "patch kyma one -n $NS --subresource=status --type=merge -p '{\"status\":{\"status\":\"success\"}}' -o jsonpath={.status}",
            "patch secret s -n $NS -p '{\"stringData\":{\"c\":\"d\"}}'",
            "patch secret s -n $NS -p '{\"data\":{\"a\":null}}'",
            "patch secret s -n $NS -p '{\"data\":{\"x\":\"???\"}}'",
            "patch secret s -n $NS -p '{\"type\":\"other\"}'",
            "get secret s -n $NS -o jsonpath='{.data} {.type}'",
            "patch ns $NS-other -p '{\"metadata\":{\"labels\":{\"team\":\"a\"}}}'",
            "patch ns $NS-other -p '{\"spec\":{\"finalizers\":[]}}'",
            "patch ns $NS-other --subresource=status -p '{\"status\":{\"conditions\":[{\"type\":\"A\",\"status\":\"True\"}]}}'",
            "patch ns $NS-other --subresource=status -p '{\"status\":{\"conditions\":[{\"type\":\"B\",\"status\":\"False\"}]}}'",
            "get ns $NS-other -o jsonpath='{.spec} {.status} {.metadata.labels.team}'",
            "patch crd kymas.inventory.kyma-project.io -p '{\"metadata\":{\"labels\":{\"seen\":\"$NS\"}}}' --dry-run=server -o jsonpath={.metadata.labels.seen}",
        ],
    },
    Script {
        name: "kubectl/replace-built-in-kinds",
        files: &[CONFIG_MAP, CONFIG_MAP_CHANGED, STALE, FIXED, KYMA, KYMA_CHANGED],
        lines: &[
            "replace -n $NS -f config-map.yaml",
            "create -n $NS -f config-map.yaml -f fixed.yaml",
            "replace -n $NS -f stale.yaml",
            "replace -n $NS -f config-map-changed.yaml --dry-run=server -o yaml",
            "replace -n $NS -f config-map-changed.yaml --dry-run=client",
            "replace -n $NS -f config-map-changed.yaml --save-config",
            "get cm b -n $NS -o yaml",
            "replace -n $NS -f - < config-map.yaml",
            "replace -n $NS --force -f config-map-changed.yaml",
            "replace -n $NS --force -f kyma.yaml --grace-period=0 --timeout=20s",
            "replace -n $NS -f changed.yaml -f config-map.yaml",
            "patch cm fixed -n $NS -p '{\"data\":{\"key\":\"other\"}}'",
            "patch cm fixed -n $NS -p '{\"immutable\":false}'",
            "label cm fixed -n $NS may=change",
        ],
    },
];
