//! Wait, with what it waits for going on beside it.

use super::Script;
use super::files::KYMA;

pub(super) const SCRIPTS: &[Script] = &[Script {
    name: "kubectl/wait",
    files: &[KYMA],
    lines: &[
        "create -n $NS -f kyma.yaml",
        "create cm held -n $NS --from-literal=a=b",
        "patch cm held -n $NS -p '{\"metadata\":{\"finalizers\":[\"example.com/a\"]}}'",
        "wait cm/held -n $NS --for=delete --timeout=1s",
        "& wait kyma/one -n $NS --for=jsonpath='{.status.status}'=success --timeout=20s",
        "& wait kyma/one -n $NS --for=jsonpath='{.status.status}' --timeout=20s",
        "& wait cm/held -n $NS --for=delete --timeout=20s",
        "& wait cm/late -n $NS --for=create --timeout=20s",
        "patch kyma one -n $NS --subresource=status --type=merge -p '{\"status\":{\"status\":\"success\"}}' -o name",
        "create cm late -n $NS --from-literal=a=b",
        "delete cm held -n $NS --wait=false",
        "patch cm held -n $NS -p '{\"metadata\":{\"finalizers\":null}}' -o name",
        "wait kyma --all -n $NS --for=jsonpath='{.status.status}'=success --timeout=5s",
        "wait kyma -l team=a -n $NS --for=jsonpath='{.status.status}'=success --timeout=5s",
        "wait kyma -l team=none -n $NS --for=jsonpath='{.status.status}'=success --timeout=1s",
        "wait kyma/one -n $NS --for=jsonpath='{.metadata.name}'=two --timeout=1s",
        "wait cm/none -n $NS --for=delete --timeout=1s",
        "wait cm/none -n $NS --for=jsonpath='{.data.a}'=b --timeout=1s",
        "wait cm/late -n $NS --for=create --timeout=1s",
        "wait cm/none -n $NS --for=create --timeout=1s",
        "wait cm/late -n $NS --for=condition=Ready --timeout=1s",
        "wait cm/late -n $NS --for=condition=Ready=false --timeout=0",
        "wait crd/kymas.inventory.kyma-project.io --for=condition=Established --timeout=5s",
        "wait crd/kymas.inventory.kyma-project.io --for=condition=Established=False --timeout=1s",
        "wait ns/$NS --for=jsonpath='{.status.phase}'=Active --timeout=5s",
        "wait cm/late -n $NS",
        "wait cm/late -n $NS --for=nonsense",
        "wait -f kyma.yaml -n $NS --for=jsonpath='{.spec.components[0].name}'=istio --timeout=5s",
    ],
}];
