//! Create, from manifests and without.

use super::Script;
use super::apply::WRONG_TYPE;
use super::files::CONFIG_MAP;

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

const SEVERAL: (&str, &str) = (
    "several.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
---
# Nothing here.
---
apiVersion: v1
kind: ConfigMap
metadata: {generateName: any-, labels: {made: by-prefix}}
---
apiVersion: v1
kind: Secret
metadata: {name: two}
type: example.com/token
data: {t: dG9rZW4=}
",
);

const SSH: (&str, &str) = (
    "ssh.yaml",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: d}\ntype: kubernetes.io/ssh-auth\ndata: {ssh-privatekey: eA==}\n",
);

const JSON: (&str, &str) =
    ("one.json", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"from-json\"}}");

/// ConfigMaps and others that no server should take.
const BAD_BUILT_IN: &[(&str, &str)] = &[
    ("number.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: 80, on: true}\n"),
    ("list.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [a, b]\n"),
    ("labels.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: 1}}\n"),
    ("label-value.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: b c}}\n"),
    ("key.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {'b/c': d}\n"),
    ("spec.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, lables: {a: b}}\nspec: {x: 1}\n"),
    (
        "twice.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {k: eA==}\ndata: {k: v}\n",
    ),
    ("base64.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: plain text}\n"),
    (
        "tls.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/tls\ndata: {a: eA==}\n",
    ),
    (
        "docker.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: eA==}\n",
    ),
    (
        "basic.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/basic-auth\ndata: {a: eA==}\n",
    ),
    (
        "ssh.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/ssh-auth\ndata: {a: eA==}\n",
    ),
    (
        "duration.yaml",
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: a}\nspec: {leaseDurationSeconds: 0, leaseTransitions: -1}\n",
    ),
    (
        "renew.yaml",
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: a}\nspec: {renewTime: \"2020-01-01T00:00:00Z\"}\n",
    ),
    ("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n"),
    (
        "event.yaml",
        "apiVersion: v1\nkind: Event\nmetadata: {name: a}\ninvolvedObject: {namespace: elsewhere}\n",
    ),
];

pub(super) const SCRIPTS: &[Script] = &[
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
        name: "kubectl/create-from-files",
        files: &[SEVERAL, JSON, CONFIG_MAP],
        lines: &[
            "create -n $NS -f several.yaml --dry-run=client -o name",
            "create -n $NS -f one.json",
            "create -n $NS -f - < one.json",
            "create -n $NS -f config-map.yaml --dry-run=client -o yaml",
            "create -n $NS -f config-map.yaml --dry-run=server -o yaml",
            "create -n $NS -f config-map.yaml --save-config -o yaml",
            "create -n $NS -f config-map.yaml -f one.json",
            "create -n $NS -f several.yaml -o jsonpath='{.kind} '",
            "get cm -n $NS -l made=by-prefix -o jsonpath='{.items[*].metadata.generateName}'",
            "get secret two -n $NS -o yaml",
            "create -n $NS -f none.json",
            "create -n $NS -f several.yaml --edit=false -o name -l none=such",
            "create",
        ],
    },
    Script {
        name: "kubectl/create-config-maps",
        files: &[
            ("plain.txt", "some text\nin two lines\n"),
            ("settings.env", "# a comment\nA=1\nB=two words\nC=\n"),
            ("binary.dat", "\u{1}\u{2}\u{fffd}"),
        ],
        lines: &[
            "create configmap a -n $NS --from-literal=x=1 --from-literal=y='two words' --from-literal=z=",
            "get cm a -n $NS -o yaml",
            "create cm b -n $NS --from-file=plain.txt --from-file=other=plain.txt",
            "get cm b -n $NS -o yaml",
            "create configmap c -n $NS --from-env-file=settings.env",
            "get cm c -n $NS -o jsonpath={.data}",
            "create configmap d -n $NS --from-file=binary.dat -o json",
            "create configmap e -n $NS --from-literal=x=1 --dry-run=client -o yaml",
            "create configmap e -n $NS --from-literal=x=1 --dry-run=server -o yaml",
            "create configmap e -n $NS --from-literal=x=1 --append-hash",
            "create configmap f -n $NS",
            "create configmap -n $NS",
            "create configmap g -n $NS --from-literal=x",
            "create configmap g -n $NS --from-literal=x=1 --from-literal=x=2",
            "create configmap g -n $NS --from-file=none.txt",
            "create configmap UPPER -n $NS --from-literal=x=1",
            "create configmap a -n none --from-literal=x=1",
            "get cm -n $NS --field-selector=metadata.name!=kube-root-ca.crt",
        ],
    },
    Script {
        name: "kubectl/create-secrets",
        files: &[("key.txt", "geheim"), SSH],
        lines: &[
            "create secret generic a -n $NS --from-literal=user=admin --from-file=key.txt",
            "get secret a -n $NS -o yaml",
            "get secret a -n $NS -o jsonpath={.data.user}",
            "get secret a -n $NS -o go-template='{{.data.user | base64decode}}'",
            "create secret generic b -n $NS --type=example.com/x --from-literal=a=b -o json",
            "create secret docker-registry c -n $NS --docker-server=r.example.com --docker-username=u --docker-password=p",
            "get secret c -n $NS -o yaml",
            "create -n $NS -f ssh.yaml",
            "get secret d -n $NS",
            "create secret tls e -n $NS --cert=none.crt --key=none.key",
            "create secret generic a -n $NS --from-literal=user=admin",
            "create secret generic f -n $NS --from-literal=user=admin --dry-run=client -o yaml",
            "create secret",
            "describe secret c -n $NS",
            "get secrets -n $NS",
        ],
    },
    Script {
        name: "kubectl/create-what-is-refused",
        files: BAD_BUILT_IN,
        lines: &[
            "create -n $NS -f number.yaml",
            "create -n $NS -f list.yaml",
            "create -n $NS -f labels.yaml",
            "create -n $NS -f label-value.yaml",
            "create -n $NS -f key.yaml",
            "create -n $NS -f spec.yaml",
            "create -n $NS -f twice.yaml",
            "create -n $NS -f base64.yaml",
            "create -n $NS -f tls.yaml",
            "create -n $NS -f docker.yaml",
            "create -n $NS -f basic.yaml",
            "create -n $NS -f ssh.yaml",
            "create -n $NS -f duration.yaml",
            "create -n $NS -f renew.yaml",
            "create -f namespace.yaml",
            "create -n $NS -f event.yaml",
            "apply -n $NS -f number.yaml",
            "apply -n $NS -f spec.yaml",
            "create -n $NS -f spec.yaml --validate=warn",
            "get cm a -n $NS -o jsonpath={.metadata.labels}",
            "replace -n $NS -f number.yaml",
            "replace -n $NS -f base64.yaml",
        ],
    },
];
