//! CustomResourceDefinitions and the kinds that they make.

use super::Script;

const DEFINITION: (&str, &str) = (
    "definition.yaml",
    "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.$NS.example.com}
spec:
  group: $NS.example.com
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget, shortNames: [gg], categories: [toys]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Phase, type: string, jsonPath: .status.phase, priority: 1}
    schema:
      openAPIV3Schema:
        type: object
        description: A thing to play with.
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, description: How large it is.}
              colour: {type: string, default: red, enum: [red, blue]}
          status: {type: object, properties: {phase: {type: string}}}
",
);

/// A second version, and another column.
const NEXT: (&str, &str) = (
    "next.yaml",
    "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.$NS.example.com}
spec:
  group: $NS.example.com
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget, shortNames: [gg]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Colour, type: string, jsonPath: .spec.colour}
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
  - name: v2
    served: true
    storage: false
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
",
);

const BROKEN: (&str, &str) = (
    "broken.yaml",
    "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wrong.$NS.example.com}
spec:
  group: $NS.example.com
  scope: Somewhere
  names: {plural: gadgets, kind: Gadget}
  versions:
  - {name: v1, served: true, storage: true}
",
);

const GADGETS: (&str, &str) = (
    "gadgets.yaml",
    "\
apiVersion: $NS.example.com/v1
kind: Gadget
metadata: {name: one, labels: {a: b}}
spec: {size: 3}
---
apiVersion: $NS.example.com/v1
kind: Gadget
metadata: {name: two}
spec: {size: 5, colour: blue}
",
);

const BAD_GADGET: (&str, &str) = (
    "bad-gadget.yaml",
    "apiVersion: $NS.example.com/v1\nkind: Gadget\nmetadata: {name: bad}\nspec: {size: 3, colour: green}\n",
);

pub(super) const SCRIPTS: &[Script] = &[
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
    Script {
        name: "kubectl/own-definitions",
        files: &[DEFINITION, NEXT, BROKEN, GADGETS, BAD_GADGET],
        lines: &[
            "get gadgets.$NS.example.com -n $NS",
            "create -f broken.yaml",
            "apply -f definition.yaml",
            "wait crd/gadgets.$NS.example.com --for=condition=Established --timeout=20s",
            "apply -f definition.yaml",
            "get crd gadgets.$NS.example.com",
            "get crd gadgets.$NS.example.com -o yaml",
            "describe crd gadgets.$NS.example.com",
            "api-resources --api-group=$NS.example.com -o wide",
            "create -n $NS -f gadgets.yaml --validate=false",
            "create -n $NS -f bad-gadget.yaml --validate=false",
            "get gadgets.$NS.example.com -n $NS",
            "get gadgets.$NS.example.com -n $NS -o wide",
            "get gadgets.$NS.example.com -n $NS --sort-by=.spec.size -o name",
            "get gadgets.v1.$NS.example.com one -n $NS -o yaml",
            "get toys -n $NS",
            "apply -n $NS -f gadgets.yaml --validate=false",
            "patch gadget.$NS.example.com one -n $NS --type=merge -p '{\"spec\":{\"size\":0}}'",
            "label crd gadgets.$NS.example.com seen=yes",
            "annotate crd gadgets.$NS.example.com note=a",
            "apply -f next.yaml",
            "get crd gadgets.$NS.example.com -o jsonpath='{.metadata.generation} {.status.storedVersions} {.spec.names.categories}'",
            "KUBE_EDITOR='sed -i s/Colour/Paint/' edit crd gadgets.$NS.example.com",
            "get crd gadgets.$NS.example.com -o jsonpath='{.spec.versions[*].additionalPrinterColumns[*].name}'",
            "patch crd gadgets.$NS.example.com --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/scope\",\"value\":\"Cluster\"}]'",
            "diff -f definition.yaml",
            "delete crd gadgets.$NS.example.com",
            "get gadgets.$NS.example.com -n $NS",
            "get crd gadgets.$NS.example.com",
        ],
    },
];
