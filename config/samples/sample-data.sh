#!/usr/bin/env bash
# Creates sample Kymas one by one with kubectl, then waits until the last one is a success.
set -euo pipefail

# One Kyma takes 67 s and its writes; longer than this after the last create, something is wrong.
readonly LIMIT_SECONDS=100
readonly POLL_SECONDS=2

usage() {
  cat <<USAGE
usage: $0 [FROM [TO]]

Creates the Kymas kyma-sample-FROM to kyma-sample-TO (by default 1 and FROM), each with the 18 sample
components, then polls the last one every ${POLL_SECONDS} s and prints what it waits for.
Fails when it is no success ${LIMIT_SECONDS} s after it was created; 68 s are to be expected.

environment:
  FROM, TO    as the arguments, which win
  NAMESPACE   the namespace, created when it is missing (pb)
  KUBECTL     the kubectl to call (kubectl)
USAGE
}

die() {
  echo "$0: $1" >&2
  exit "${2:-1}"
}

manifest() {
  cat <<KYMA
apiVersion: inventory.kyma-project.io/v1alpha1
kind: Kyma
metadata:
  name: $1
  namespace: ${namespace}
spec:
  components:
  - name: istio
    namespace: istio-system
  - name: cluster-essentials
  - name: certificates
    namespace: istio-system
  - name: istio-resources
  - name: logging
  - name: tracing
  - name: kiali
  - name: monitoring
  - name: eventing
  - name: ory
  - name: api-gateway
  - name: service-catalog
  - name: service-catalog-addons
  - name: rafter
  - name: helm-broker
  - name: cluster-users
  - name: serverless
  - name: application-connector
    namespace: kyma-integration
KYMA
}

field() {
  "${kubectl}" get kyma "${last}" --namespace "${namespace}" --output "jsonpath={$1}"
}

case "${1:-}" in
-h | --help)
  usage
  exit 0
  ;;
esac
if (($# > 2)); then
  usage >&2
  exit 2
fi

from="${1:-${FROM:-1}}"
to="${2:-${TO:-${from}}}"
namespace="${NAMESPACE:-pb}"
kubectl="${KUBECTL:-kubectl}"

for number in "${from}" "${to}"; do
  [[ "${number}" =~ ^[1-9][0-9]*$ ]] || die "FROM and TO are numbers from 1 on, not '${number}'" 2
done
((from <= to)) || die "FROM (${from}) is greater than TO (${to})" 2
command -v "${kubectl}" >/dev/null || die "there is no ${kubectl}; install it or set KUBECTL"

"${kubectl}" get namespace "${namespace}" >/dev/null 2>&1 || "${kubectl}" create namespace "${namespace}"

for ((i = from; i <= to; i++)); do
  manifest "kyma-sample-${i}" | "${kubectl}" create --filename -
done

last="kyma-sample-${to}"
started=${SECONDS}
while true; do
  state="$(field .status.status)"
  elapsed=$((SECONDS - started))
  if [[ "${state}" == "success" ]]; then
    break
  fi
  ((elapsed < LIMIT_SECONDS)) || die "${last} is not a success after ${elapsed} s, status: ${state:-none}"
  echo "${last}: ${elapsed} s, waiting for $(field .status.waitingFor)"
  sleep "${POLL_SECONDS}"
done
((elapsed < LIMIT_SECONDS)) || die "${last} took ${elapsed} s, which is ${LIMIT_SECONDS} s or more"
echo "${last}: success after ${elapsed} s"
