//! Describe, with the Events of what is described.

use super::Script;
use super::files::ALL_KINDS;

const OBJECTS: (&str, &str) = (
    "objects.yaml",
    "\
apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {app: x}, annotations: {note: a text}}
data:
  short: value
  long: |
    two
    lines
binaryData: {b: AAEC}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: empty}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {user: admin, password: geheim}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: l}
spec: {holderIdentity: me, leaseDurationSeconds: 15, leaseTransitions: 2, acquireTime: \"2020-01-01T00:00:00.000000Z\"}
",
);

/// Events of the ConfigMap: one that happened once, one of a series.
const EVENTS: (&str, &str) = (
    "events.yaml",
    "\
apiVersion: v1
kind: Event
metadata: {name: c.1}
involvedObject: {apiVersion: v1, kind: ConfigMap, name: c, namespace: $NS}
reason: Seen
message: it was seen
type: Normal
firstTimestamp: \"2020-01-01T00:00:00Z\"
lastTimestamp: \"2020-01-01T00:00:00Z\"
count: 1
source: {component: tester, host: here}
---
apiVersion: v1
kind: Event
metadata: {name: c.2}
involvedObject: {apiVersion: v1, kind: ConfigMap, name: c, namespace: $NS}
reason: Failed
message: it failed again
type: Warning
firstTimestamp: \"2020-01-01T00:00:00Z\"
lastTimestamp: \"2021-01-01T00:00:00Z\"
count: 7
source: {component: tester}
---
apiVersion: v1
kind: Event
metadata: {name: one.1}
involvedObject: {apiVersion: inventory.kyma-project.io/v1alpha1, kind: Kyma, name: one, namespace: $NS}
reason: Reconciled
message: all components are there
type: Normal
eventTime: \"2020-01-01T00:00:00.123456Z\"
reportingComponent: example.com/tester
reportingInstance: tester-1
action: Reconcile
",
);

pub(super) const SCRIPTS: &[Script] = &[
    Script {
        name: "kubectl/describe",
        files: &[OBJECTS, EVENTS, ALL_KINDS],
        lines: &[
            "create -n $NS -f objects.yaml -f events.yaml -f all.yaml",
            "describe cm c -n $NS",
            "describe cm c -n $NS --show-events=false",
            "describe cm -n $NS -l app=x",
            "describe cm c empty -n $NS",
            "describe secret s -n $NS",
            "describe lease l -n $NS",
            "describe kyma one -n $NS",
            "describe kymas,clusters -n $NS",
            "describe helmcomponent -n $NS one",
            "describe -f objects.yaml -n $NS",
            "describe event c.2 -n $NS",
            "describe cm none -n $NS",
            "describe cm -n none",
            "describe none c -n $NS",
            "describe crd kymas.inventory.kyma-project.io --show-events=false",
        ],
    },
    Script {
        name: "kubectl/events",
        files: &[OBJECTS, EVENTS],
        lines: &[
            "events -n $NS",
            "create -n $NS -f objects.yaml -f events.yaml",
            "events -n $NS",
            "events -n $NS --types=Warning",
            "events -n $NS --types=Normal,Warning --no-headers",
            "events -n $NS --for=cm/c",
            "events -n $NS --for=configmap/empty",
            "events -n $NS --for=none/c",
            "events -n $NS --types=Strange",
            "events -n $NS -o json",
            "events -n $NS -o name",
            "get events -n $NS",
            "get events -n $NS -o wide",
            "get event c.2 -n $NS",
            "get events -n $NS --field-selector=involvedObject.name=c,type=Warning",
            "get events -n $NS --field-selector=reason=Reconciled,involvedObject.kind=Kyma -o name",
            "get events -n $NS --sort-by=.lastTimestamp -o name",
            "annotate event c.1 -n $NS note=a",
            "delete events -n $NS --field-selector=reason=Failed",
            "delete events -n $NS --all",
            "events -n $NS",
        ],
    },
];
