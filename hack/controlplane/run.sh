#!/usr/bin/env bash
# Runs what build.sh built, as a throwaway control plane on loopback:
#
#   hack/controlplane/run.sh up [--no-manager]   # prints the admin kubeconfig's path
#   hack/controlplane/run.sh status              # exits 0 if all of it is live
#   hack/controlplane/run.sh down                # stops it and removes its data
#
# K8S_VERSION and CONTROLPLANE_CACHE mean what they mean for build.sh.
# CONTROLPLANE_NAME makes a further instance of the same version, with a run
# folder of its own. Ports are free ones unless CONTROLPLANE_ETCD_PORT and
# CONTROLPLANE_APISERVER_PORT say which.
set -euo pipefail

fail() {
  echo "run.sh: $*" >&2
  exit 1
}

usage() {
  echo "usage: run.sh up [--no-manager] | down | status" >&2
  exit 2
}

# Keys, tokens and the kubeconfig are written below: for this user only.
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${K8S_VERSION:-1.37.2}
version=${version#v}
name=${CONTROLPLANE_NAME:-}
[[ $name =~ ^([a-z0-9][a-z0-9-]*)?$ ]] ||
  fail "CONTROLPLANE_NAME '$name' is not made of a-z, 0-9 and '-'"

bin=${CONTROLPLANE_CACHE:-$here/../../.cache/controlplane}/$version
[[ -x $bin/kube-apiserver && -f $bin/stamp ]] ||
  fail "Kubernetes $version is not built; run: K8S_VERSION=$version ${here}/build.sh"
bin=$(cd "$bin" && pwd)
run=$bin/run${name:+-$name}
kubeconfig=$run/kubeconfig

cmdline() {
  if [[ -d /proc/self ]]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -ww -o args= -p "$1"
  fi 2>/dev/null
}

# Prints the PID of a component if it is live, and is the process that was
# started here: a PID alone may by now be somebody else's.
live_pid() {
  local pid args
  [[ -f $run/$1.pid ]] || return 1
  pid=$(<"$run/$1.pid")
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  args=$(cmdline "$pid") || return 1
  [[ $args == "$bin/$1 "*"$run/"* ]] || return 1
  echo "$pid"
}

# launch COMPONENT FLAG...: in a session of its own, so that what ends the
# caller's terminal or process group does not end the control plane. Fd 9 is
# the lock.
detach=$(command -v setsid || command -v nohup)
launch() {
  local component=$1
  shift
  local pid _
  "$detach" "$bin/$component" "$@" >"$run/$component.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid" >"$run/$component.pid"
  # Until it has exec'ed it does not have the command line live_pid looks for.
  for _ in {1..100}; do
    if live_pid "$component" >/dev/null || ! kill -0 "$pid" 2>/dev/null; then
      return
    fi
    sleep 0.02
  done
}

# The reverse of the starting order, so that each can still reach what it needs.
# A client's open watch makes kube-apiserver take a minute over it; at a second
# SIGTERM it ends at once.
stop_all() {
  local component pid tenths
  for component in kube-controller-manager kube-apiserver etcd; do
    pid=$(live_pid "$component") || continue
    kill -TERM "$pid" 2>/dev/null || true
    for tenths in {1..100}; do
      live_pid "$component" >/dev/null || break
      [[ $tenths != 20 ]] || kill -TERM "$pid" 2>/dev/null || true
      sleep 0.1
    done
    if pid=$(live_pid "$component"); then
      echo "run.sh: $component ($pid) ignored SIGTERM for 10 s; killing it" >&2
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}

ready() {
  "$bin/kubectl" --kubeconfig "$kubeconfig" get --raw /readyz --request-timeout 2s &>/dev/null
}

wanted() {
  echo etcd
  echo kube-apiserver
  [[ ! -f $run/with-manager ]] || echo kube-controller-manager
}

all_live() {
  local component
  [[ -f $kubeconfig ]] || return 1
  for component in $(wanted); do
    live_pid "$component" >/dev/null || return 1
  done
  ready
}

listens() {
  (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Below the range from which Linux takes the ports of outgoing connections.
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))
    if [[ $port != "${1:-}" ]] && ! listens "$port"; then
      echo "$port"
      return
    fi
  done
}

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# new_cert FILE SUBJECT EXTENSION...: signed by the CA of this run.
new_cert() {
  local file=$1 subject=$2 said
  shift 2
  new_key "$file.key"
  printf '%s\n' "basicConstraints=critical,CA:FALSE" \
    "keyUsage=critical,digitalSignature" "$@" >"$file.ext"
  openssl req -new -key "$file.key" -subj "$subject" -out "$file.csr"
  # It reports success on stderr too.
  said=$(openssl x509 -req -in "$file.csr" -CA ca.crt -CAkey ca.key \
    -set_serial "0x01$(openssl rand -hex 8)" -days 365 -sha256 \
    -extfile "$file.ext" -out "$file.crt" 2>&1) || fail "$said"
}

new_certs() {
  cd "$run/pki"
  new_key ca.key
  openssl req -x509 -new -key ca.key -subj "/CN=controlplane-$version" -days 365 -sha256 -out ca.crt
  # One certificate serves for etcd too, which also calls itself as a client.
  new_cert serving "/CN=kube-apiserver" "extendedKeyUsage=serverAuth,clientAuth" \
    "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  new_cert admin "/O=system:masters/CN=admin" "extendedKeyUsage=clientAuth"
  new_cert manager "/CN=system:kube-controller-manager" "extendedKeyUsage=clientAuth"
  new_key service-account.key
  openssl pkey -in service-account.key -pubout -out service-account.pub
}

# write_kubeconfig FILE CERTIFICATE
write_kubeconfig() {
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
clusters:
- name: controlplane
  cluster:
    server: https://127.0.0.1:$apiserver_port
    certificate-authority-data: $(openssl base64 -A -in "$run/pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(openssl base64 -A -in "$run/pki/$2.crt")
    client-key-data: $(openssl base64 -A -in "$run/pki/$2.key")
contexts:
- name: controlplane
  context:
    cluster: controlplane
    user: $2
current-context: controlplane
YAML
}

start_etcd() {
  # Nothing here outlives the run, so no write waits for the disk. TLS because
  # whoever reaches etcd owns the cluster, and loopback is open to every user.
  # Nobody needs the peer port, so any will do.
  launch etcd \
    --name controlplane \
    --data-dir "$run/etcd" \
    --unsafe-no-fsync \
    --listen-client-urls "https://127.0.0.1:$etcd_port" \
    --advertise-client-urls "https://127.0.0.1:$etcd_port" \
    --listen-peer-urls https://127.0.0.1:0 \
    --initial-advertise-peer-urls https://127.0.0.1:2380 \
    --initial-cluster controlplane=https://127.0.0.1:2380 \
    --cert-file "$run/pki/serving.crt" --key-file "$run/pki/serving.key" \
    --trusted-ca-file "$run/pki/ca.crt" --client-cert-auth \
    --peer-cert-file "$run/pki/serving.crt" --peer-key-file "$run/pki/serving.key" \
    --peer-trusted-ca-file "$run/pki/ca.crt" --peer-client-cert-auth \
    --log-level warn
}

start_apiserver() {
  # The API refuses a loopback address in the endpoints of the Service
  # "kubernetes"; the advertised one is of a range kept for documentation, so
  # the server also starts on a machine without a network.
  local flags=(
    --bind-address 127.0.0.1
    --secure-port "$apiserver_port"
    --advertise-address 192.0.2.1
    --cert-dir "$run/pki"
    --tls-cert-file "$run/pki/serving.crt"
    --tls-private-key-file "$run/pki/serving.key"
    --client-ca-file "$run/pki/ca.crt"
    --etcd-servers "https://127.0.0.1:$etcd_port"
    --etcd-cafile "$run/pki/ca.crt"
    --etcd-certfile "$run/pki/serving.crt"
    --etcd-keyfile "$run/pki/serving.key"
    --service-account-issuer https://kubernetes.default.svc
    --service-account-key-file "$run/pki/service-account.pub"
    --service-account-signing-key-file "$run/pki/service-account.key"
    --service-cluster-ip-range 10.96.0.0/16
    --authorization-mode "Node,RBAC"
    --allow-privileged=true
    --max-requests-inflight 2000
    --max-mutating-requests-inflight 1000
  )
  # Without the controller no namespace gets its service account "default",
  # and this plugin would refuse every Pod.
  [[ $manager == yes ]] || flags+=(--disable-admission-plugins ServiceAccount)
  launch kube-apiserver "${flags[@]}"
}

start_manager() {
  # Each controller acts as its own service account, with the permissions of a
  # real cluster. The default client limits, 20 a second, are for a busy one.
  launch kube-controller-manager \
    --kubeconfig "$run/manager.kubeconfig" \
    --controllers garbage-collector-controller,namespace-controller,serviceaccount-controller,clusterrole-aggregation-controller,root-ca-certificate-publisher-controller \
    --use-service-account-credentials \
    --root-ca-file "$run/pki/ca.crt" \
    --leader-elect=false \
    --secure-port 0 \
    --kube-api-qps 500 --kube-api-burst 1000
}

# wait_for WHAT SECONDS COMMAND...: also gives up as soon as a component ends.
wait_for() {
  local what=$1 deadline=$((SECONDS + $2)) component
  shift 2
  until "$@"; do
    for component in $(wanted); do
      [[ ! -f $run/$component.pid ]] || live_pid "$component" >/dev/null ||
        give_up "$component ended while waiting for $what"
    done
    ((SECONDS < deadline)) || give_up "no $what in time"
    sleep 0.1
  done
}

give_up() {
  local log
  echo "run.sh: $*; the ends of the logs in $run:" >&2
  for log in "$run"/*.log; do
    echo "--- $(basename "$log")" >&2
    tail -n 20 "$log" >&2
  done
  exit 1
}

# The controllers work once the namespace "default" has what they give it.
manager_works() {
  "$bin/kubectl" --kubeconfig "$kubeconfig" --namespace default get \
    serviceaccount/default configmap/kube-root-ca.crt --request-timeout 2s &>/dev/null
}

up() {
  local had port start=$SECONDS
  if all_live; then
    had=no
    [[ ! -f $run/with-manager ]] || had=yes
    [[ $had == "$manager" ]] ||
      fail "the control plane in $run is already up, with controller manager: $had; run 'down' first"
    echo "Kubernetes $version is already up" >&2
    echo "$kubeconfig"
    return
  fi

  # What is left of a run that failed or died.
  stop_all
  rm -rf "$run"
  mkdir -p "$run/pki"
  [[ $manager == no ]] || touch "$run/with-manager"
  trap stop_all EXIT

  (new_certs)
  etcd_port=${CONTROLPLANE_ETCD_PORT:-$(free_port)}
  apiserver_port=${CONTROLPLANE_APISERVER_PORT:-$(free_port "$etcd_port")}
  for port in "$etcd_port" "$apiserver_port"; do
    ! listens "$port" || fail "port $port is taken"
  done
  write_kubeconfig "$kubeconfig" admin
  write_kubeconfig "$run/manager.kubeconfig" manager

  start_etcd
  wait_for "etcd's port" 20 listens "$etcd_port"
  start_apiserver
  wait_for "/readyz of kube-apiserver" 60 ready
  if [[ $manager == yes ]]; then
    start_manager
    wait_for "work of kube-controller-manager" 60 manager_works
  fi

  trap - EXIT
  echo "Kubernetes $version is up after $((SECONDS - start)) s at https://127.0.0.1:$apiserver_port" >&2
  echo "$kubeconfig"
}

status() {
  local component pid
  if [[ ! -d $run ]]; then
    echo "Kubernetes $version: down"
    return 1
  fi
  for component in $(wanted); do
    if pid=$(live_pid "$component"); then
      echo "$component: live, PID $pid"
    else
      echo "$component: not live"
    fi
  done
  echo "kubeconfig: $kubeconfig"
  if ! all_live; then
    echo "Kubernetes $version: not ready; logs in $run"
    return 1
  fi
  echo "Kubernetes $version: ready"
}

down() {
  stop_all
  rm -rf "$run"
}

# Two calls for one run folder take turns.
lock() {
  if command -v flock >/dev/null; then
    exec 9>"$run.lock"
    flock 9
  fi
}

manager=yes
case "$#:$*" in
"1:up")
  lock
  up
  ;;
"2:up --no-manager")
  manager=no
  lock
  up
  ;;
"1:down")
  lock
  down
  ;;
"1:status") status ;;
*) usage ;;
esac
