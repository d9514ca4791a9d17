# A thin front: what each target does is in cargo, xtask and hack/.

KYMAS ?= 100
OUT ?= .cache/loadtest
KILLS ?= 50
REQUESTS ?= 1000000
KYMA_QUEUE_OPS ?= 10000000
KYMA_FAULT_SEEDS ?= 1000
K8S_VERSION ?= 1.37.2
export K8S_VERSION

# The kubectl of PATH, else the one that `make controlplane` built.
KUBECTL ?= $(or $(shell command -v kubectl 2>/dev/null),$(wildcard .cache/controlplane/$(K8S_VERSION)/kubectl))

FUZZ_SECONDS ?= 60
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := .cache/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := .cache/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

.DEFAULT_GOAL := help
.PHONY: help up test loadtest build fmt manifests install uninstall run sample controlplane controlplane-up \
	controlplane-down promtool conformance differ peers queue faults example bench bench-real deny fuzz full clean kubectl

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' Makefile

up: ## an API server, the operator and a fleet of KYMAS=100, in one process (UP_FLAGS for more)
	cargo build --release --locked -p kymactl
	./target/release/kymactl up --kymas $(KYMAS) $(UP_FLAGS)

test: ## format, lints, all tests and the checks of the house; no cluster, no Go
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked
	cargo xtask check

build: ## the release binary
	cargo build --release --locked -p kymactl

fmt: ## format all sources
	cargo fmt --all

loadtest: ## the experiment with KYMAS=100, into the new folder OUT=.cache/loadtest
	cargo build --release --locked -p kymactl
	./target/release/kymactl loadtest --kymas $(KYMAS) --out $(OUT)

manifests: ## write config/crd/bases from the Rust types
	cargo xtask manifests

kubectl:
	@test -n "$(KUBECTL)" || { echo "no kubectl: put one into PATH, or build one with \`make controlplane\` (needs Go)" >&2; exit 1; }

install: kubectl ## install the CRDs into the cluster of the current kubeconfig
	$(KUBECTL) apply -f config/crd/bases

uninstall: kubectl ## remove the CRDs, and all objects of their kinds with them
	$(KUBECTL) delete --ignore-not-found -f config/crd/bases

run: ## run the operator against the cluster of the current kubeconfig
	cargo run --release --locked -p kymactl -- operator

sample: ## create the sample fleet of KYMAS=100 in the cluster of the current kubeconfig
	cargo run --release --locked -p kymactl -- sample --kymas $(KYMAS) --apply

controlplane: ## build the real control plane, K8S_VERSION=1.37.2 (needs Go)
	hack/controlplane/build.sh

promtool: ## Prometheus' checker of metrics and rules, unpacked from Debian's package
	@hack/prometheus.sh

controlplane-up: controlplane ## start it on loopback; prints the kubeconfig's path
	hack/controlplane/run.sh up

controlplane-down: ## stop it and remove its data
	hack/controlplane/run.sh down

conformance: controlplane ## the same cases against the embedded and the real API server, KILLS=50 of the first, a minute of random requests to both (needs Go)
	-@hack/prometheus.sh
	cargo xtask kinds --check
	cargo build --release --locked -p kymactl
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-conformance -- run
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-conformance -- durability --kills $(KILLS)
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-conformance -- differ --seconds 60

differ: controlplane ## REQUESTS=1000000 random requests to the embedded and the real API server, whose answers are compared (needs Go)
	cargo build --release --locked -p kymactl
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-conformance -- differ --requests $(REQUESTS)

queue: ## KYMA_QUEUE_OPS=10000000 random operations on the work queue, against a model
	KYMA_QUEUE_OPS=$(KYMA_QUEUE_OPS) cargo test --release --locked -p kyma-workqueue random_operations

faults: ## KYMA_FAULT_SEEDS=1000 runs of the operator in bad weather, on virtual time
	KYMA_FAULT_SEEDS=$(KYMA_FAULT_SEEDS) cargo test --locked -p kyma-operator --test it no_trouble

example: ## the test of somebody else's operator, with the API server as a git dependency
	hack/example.sh

peers: controlplane ## the suites of other projects against the real and the embedded API server (needs Go)
	hack/peers/build.sh
	cargo build --release --locked -p kymactl
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-conformance -- peers --out docs/evidence/peers.md

bench: ## the figures that need no real API server (BENCH_FLAGS="--out-dir DIR" keeps the tables)
	cargo build --release --locked -p kymactl
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-bench -- embedded $(BENCH_FLAGS)

bench-real: K8S_VERSION = 1.34.4
bench-real: controlplane ## the figures beside the real API server (needs Go)
	cargo build --release --locked -p kymactl
	KYMACTL_BIN=$(CURDIR)/target/release/kymactl cargo run --release --locked -p kyma-bench -- real $(BENCH_FLAGS)

$(CARGO_DENY):
	cargo install --locked --root .cache/tools/cargo-deny-$(CARGO_DENY_VERSION) cargo-deny@$(CARGO_DENY_VERSION)

deny: $(CARGO_DENY) ## licences, banned crates and sources of all dependencies
	$(CARGO_DENY) --locked check bans licenses sources

$(CARGO_FUZZ):
	cargo install --locked --root .cache/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION) cargo-fuzz@$(CARGO_FUZZ_VERSION)

fuzz: $(CARGO_FUZZ) ## hostile requests for FUZZ_SECONDS=60 (needs the nightly toolchain and a C++ compiler)
	@rustup run nightly rustc --version >/dev/null || { echo "no nightly toolchain: \`rustup toolchain install nightly\`" >&2; exit 1; }
	mkdir -p .cache/fuzz/request
	PATH="$(dir $(abspath $(CARGO_FUZZ))):$$PATH" cargo +nightly fuzz run request $(CURDIR)/.cache/fuzz/request fuzz/corpus/request -- \
		-max_total_time=$(FUZZ_SECONDS) -max_len=4096

full: test conformance differ queue faults example fuzz deny bench ## everything that continuous integration and a release look at

clean: ## remove what cargo built; the real control plane stays in .cache
	cargo clean
