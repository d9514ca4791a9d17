//! Logs go to standard error, in colour only on a terminal.

use std::io::IsTerminal as _;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::args::{LogArgs, LogFormat};
use crate::traces::Traces;

/// Starts logging. Directives that cannot be read fall back to warnings.
pub(crate) fn start(args: &LogArgs, traces: Option<&Traces>) {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(color);
    let lines = match args.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let lines = lines.with_filter(filter(&args.log_level));
    tracing_subscriber::registry().with(traces.map(Traces::layer)).with(lines).init();
}

/// What is logged at a level, or by directives.
fn filter(level: &str) -> EnvFilter {
    // kube's watcher repeats at each attempt what the informer says once.
    let directives = format!("kube_runtime=error,{level}");
    EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("kube_runtime=error,warn"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use http::{Method, Request};
    use kyma_apiserver::{ApiServer, User};
    use parking_lot::Mutex;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The JSON lines of two requests at a level: one that the server answers, and one that it takes for its own fault.
    async fn logged(level: &str) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter(level));
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        let server = ApiServer::builder().start().await.unwrap();
        let _guard = tracing::subscriber::set_default(subscriber);
        for (method, body) in [
            (Method::GET, ""),
            (Method::POST, r#"{"metadata":{"name":"a","resourceVersion":"7"},"data":{"a":"secret"}}"#),
        ] {
            let request = Request::builder()
                .method(method)
                .uri("/api/v1/namespaces/default/configmaps?pretty=secret")
                .header("impersonate-user", "jane")
                .header("impersonate-group", "system:masters");
            let request = request.body(body.to_owned()).unwrap();
            server.client(User::admin()).oneshot(request).await.unwrap();
        }
        let text = String::from_utf8(lines.0.lock().clone()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["target"] == "access").collect()
    }

    #[tokio::test]
    async fn requests_are_logged_where_that_is_asked_for_and_failures_always() {
        let failed = |line: &serde_json::Value| line["fields"]["code"] == 500;
        for level in ["warn", "info", "info,access=loud"] {
            let lines = logged(level).await;
            assert!(lines.len() == 1 && failed(&lines[0]), "{level}: {lines:?}");
            let fields = &lines[0]["fields"];
            assert_eq!((&lines[0]["level"], &fields["verb"]), (&"WARN".into(), &"create".into()));
            assert_eq!(
                (&fields["user"], &fields["impersonated"]),
                (&"kubernetes-admin".into(), &"jane".into())
            );
            assert_eq!(fields["failure"], "resourceVersion should not be set on objects to be created");
        }
        for level in ["warn,access=debug", "debug"] {
            let lines = logged(level).await;
            assert!(lines.len() == 2 && !failed(&lines[0]) && failed(&lines[1]), "{level}: {lines:?}");
            assert_eq!(lines[0]["fields"]["path"], "/api/v1/namespaces/default/configmaps");
        }
        assert!(logged("off").await.is_empty());
    }
}
