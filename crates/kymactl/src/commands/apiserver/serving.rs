//! A server from its address to its end.

use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kyma_apiserver::serve::{
    ConnectionLimits, DRAIN_TIMEOUT, Identity, Kubeconfig, Listener, Names, ServeOptions,
};
use kyma_apiserver::{ApiServer, AuditOptions, Limits, TokioClock};
use kyma_controller::Shutdown;
use kyma_store::{Clock as _, Options, Store};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::home::Home;
use crate::exit::Failure;

/// How long everything may take after the first signal.
const END_TIMEOUT: Duration = Duration::from_millis(4_800);
/// File descriptors that are no connections: the store, logs, the operator's clients.
const OTHER_FILES: u64 = 64;

/// What a server allows, and what it keeps of its requests.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) connections: ConnectionLimits,
    pub(crate) requests: Limits,
    pub(crate) store: Options,
    pub(crate) audit: Option<AuditOptions>,
    /// Whether what kube-controller-manager does is left out.
    pub(crate) no_controllers: bool,
    /// The kubeconfig's namespace, where it is not `default`.
    pub(crate) namespace: Option<&'static str>,
}

/// A bound address.
pub(crate) struct Serving {
    listener: Listener,
}

impl Serving {
    /// Listens; nobody is answered yet.
    pub(crate) async fn bind(ip: IpAddr, port: Option<u16>) -> Result<Self, Failure> {
        let listener = Listener::bind(ip, port).await.map_err(|error| Failure::of(&error))?;
        Ok(Serving { listener })
    }

    /// Opens the store, starts a server on it, and writes the admin's kubeconfig.
    pub(crate) async fn start(
        self,
        home: &Home,
        names: Names,
        kubeconfig: PathBuf,
        settings: Settings,
    ) -> Result<Started, Failure> {
        let Settings { connections: limits, requests, store, audit, no_controllers, namespace } = settings;
        allow_files(limits.connections);
        let clock = TokioClock::starting_at(Timestamp::now());
        let store = home.store(store, &clock)?;
        let identity = home.identity(names, clock.now())?;
        let builder = ApiServer::builder()
            .clock(Arc::new(clock))
            .store(store.clone())
            .limits(requests)
            .controllers(!no_controllers);
        let builder = match audit {
            Some(options) => builder.audit(options),
            None => builder,
        };
        let server = builder.start().await.map_err(|error| Failure::of(&error))?;
        let kubeconfig = Kubeconfig { path: kubeconfig, url: self.listener.url(), namespace };
        kubeconfig.write(&identity).map_err(|error| Failure::of(&error))?;
        let options = ServeOptions {
            limits,
            clock: Arc::new(clock),
            kubeconfig: Some(kubeconfig.clone()),
            drain_timeout: DRAIN_TIMEOUT,
        };
        Ok(Started { listener: self.listener, server, store, identity, kubeconfig, options })
    }
}

/// A server that is ready to be served.
pub(crate) struct Started {
    listener: Listener,
    server: ApiServer,
    store: Store,
    identity: Identity,
    kubeconfig: Kubeconfig,
    options: ServeOptions,
}

impl Started {
    /// Where clients find it.
    pub(crate) fn url(&self) -> &str {
        &self.kubeconfig.url
    }

    /// How clients find it.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig.path
    }

    /// The server, for clients in this process.
    pub(crate) fn server(&self) -> &ApiServer {
        &self.server
    }

    /// Serves until `stop` is done, then closes the store.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let Started { listener, server, store, identity, options, .. } = self;
        listener.serve(server, identity, options, stop).await.map_err(|error| Failure::of(&error))?;
        // The last sync may take its time; elsewhere it keeps nothing else from ending.
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        closed.map_err(|error| Failure::new("failed to close the store", &error))
    }
}

/// Carries `work` to its end, but no longer than a few seconds after the first signal, and not beyond the second.
pub(crate) async fn until_cut_off(
    stop: &Shutdown,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let too_long = async {
        stop.draining().await;
        tokio::time::sleep(END_TIMEOUT).await;
    };
    tokio::select! {
        biased;
        done = work => done,
        () = stop.aborted() => Err(Failure::text("ended by a second signal; what was in progress is cut off")),
        () = too_long => Err(Failure::text(format!(
            "what was in progress did not end within {END_TIMEOUT:?} and is cut off"
        ))),
    }
}

/// Raises the soft limit of open files as far as the hard one allows, as Go programs do by themselves: shells and systemd
/// begin with 1024 for the sake of select(2).
fn allow_files(connections: usize) {
    let Rlimit { current: Some(current), maximum } = getrlimit(Resource::Nofile) else { return };
    let raised = maximum.map_or(u64::MAX, |maximum| maximum.max(current));
    if raised > current && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_err() {
        tracing::debug!(current, "the limit of open files could not be raised");
        return warn_of_files(current, connections);
    }
    warn_of_files(raised, connections);
}

fn warn_of_files(files: u64, connections: usize) {
    let needed = connections as u64 + OTHER_FILES;
    if files < needed {
        tracing::warn!(
            files,
            needed,
            "fewer files can be open than --max-connections needs: raise `ulimit -Hn`"
        );
    }
}

#[cfg(test)]
mod tests {
    use kyma_controller::shutdown;

    use super::*;

    #[tokio::test]
    async fn a_client_of_the_kubeconfig_verifies_the_server_and_finds_what_an_earlier_start_left() {
        use k8s_openapi::api::core::v1::ConfigMap;
        use kube::api::{Api, PostParams};

        let folder = tempfile::tempdir().unwrap();
        let home = Home::kept(&folder.path().join("data"));
        let mut files = Vec::new();
        for start in 0..2 {
            let serving = Serving::bind(super::super::LOOPBACK, Some(0)).await.unwrap();
            let kubeconfig = home.kubeconfig(None).unwrap();
            let names = Names::of(super::super::LOOPBACK);
            let started = serving.start(&home, names, kubeconfig.clone(), Settings::default()).await.unwrap();
            let kubeconfig = kube::config::Kubeconfig::read_from(&kubeconfig).unwrap();
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
            assert!(!config.accept_invalid_certs);
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let served = tokio::spawn(started.run(async move {
                let _ = stopped.await;
            }));
            let api: Api<ConfigMap> = Api::default_namespaced(kube::Client::try_from(config).unwrap());
            if start == 0 {
                let map = ConfigMap {
                    metadata: kube::api::ObjectMeta { name: Some("a".into()), ..Default::default() },
                    ..Default::default()
                };
                api.create(&PostParams::default(), &map).await.unwrap();
            }
            files.push(serde_json::to_string(&api.get("a").await.unwrap()).unwrap());
            stop.send(()).unwrap();
            served.await.unwrap().unwrap();
        }
        assert_eq!(files[0], files[1], "to the byte");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_outlives_the_second_signal_or_five_seconds() {
        let (drain, stop) = shutdown::channel();
        let done = until_cut_off(&stop, async { Ok(()) }).await;
        assert!(done.is_ok());

        let since = tokio::time::Instant::now();
        drain.begin();
        let cut = until_cut_off(&stop, std::future::pending()).await;
        assert!(cut.is_err() && since.elapsed() < Duration::from_secs(5));

        drain.abort();
        let since = tokio::time::Instant::now();
        let cut = until_cut_off(&stop, std::future::pending()).await;
        assert!(cut.is_err() && since.elapsed().is_zero());
    }
}
