//! Metrics: well-formed for Prometheus, and where that is asked for only for those who may see them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Operator, Scene, folder};
use crate::check::{Failure, Outcome, holds, same};
use crate::client::Http;
use crate::context::NAMESPACES;
use crate::fixture::text;
use crate::output::Verdict;
use crate::poll::eventually;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// The real server's authorizer learns of a new role by watch.
const ALLOWED: Duration = Duration::from_secs(30);

/// What Prometheus' own checker says of the names, types and help texts.
pub(super) async fn for_promtool(scene: &Scene<'_>) -> Verdict {
    let Some(promtool) = promtool() else {
        return Verdict::Skipped("there is no promtool: hack/prometheus.sh gets one".to_owned());
    };
    let checked = judged(scene, &promtool).await;
    scene.tidy().await;
    checked.map_or_else(Verdict::Failed, |()| Verdict::Passed)
}

async fn judged(scene: &Scene<'_>, promtool: &Path) -> Outcome {
    scene.create_namespace().await?;
    let folder = folder()?;
    let log = folder.path().join("operator.log");
    let mut operator = Operator::start(scene.server, scene.kymactl, log, &[], &[])?;
    operator.serves().await?;
    // Families without a sample say nothing of themselves.
    scene.create_kyma().await?;
    let metrics = Http::plain(operator.metrics())?.get("/metrics").await;
    operator.end().await?;
    let metrics = metrics?.text();
    let sampled = metrics.contains("controller_runtime_reconcile_time_seconds_bucket{");
    holds("it is a page of metrics, with samples", sampled, &metrics)?;
    check(promtool, &metrics).await?;
    if scene.server.label == "embedded" {
        check(promtool, &scene.http().get("/metrics").await?.text()).await?;
    }
    Ok(())
}

/// That of PATH, else the one that hack/prometheus.sh gets.
fn promtool() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    places.push(PathBuf::from(".cache/prometheus/usr/bin"));
    places.into_iter().map(|folder| folder.join("promtool")).find(|file| file.exists())
}

async fn check(promtool: &Path, metrics: &str) -> Outcome {
    let failed = |error: std::io::Error| Failure::new("promtool", "it runs", error.to_string());
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(metrics.as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    holds("`promtool check metrics` has nothing to say", output.status.success() && said.is_empty(), &said)
}

/// `--metrics-secure`: nobody without a token, nobody who may not, over TLS only.
pub(super) async fn for_the_few(scene: &Scene<'_>) -> Verdict {
    if scene.server.label == "embedded" {
        return Verdict::Skipped("the embedded server has no TokenReview".to_owned());
    }
    let http = scene.http();
    let checked = secured(scene).await;
    scene.tidy().await;
    for path in
        [format!("{RBAC}/clusterroles/{}", scene.name), format!("{RBAC}/clusterrolebindings/{}", scene.name)]
    {
        let _ = http.delete(&path).await;
    }
    checked.map_or_else(Verdict::Failed, |()| Verdict::Passed)
}

async fn secured(scene: &Scene<'_>) -> Outcome {
    let Scene { name, .. } = scene;
    scene.create_namespace().await?;
    let (reader, stranger) = (token(scene, "reader").await?, token(scene, "stranger").await?);
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
        "rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
    });
    scene.http().post(&format!("{RBAC}/clusterroles"), &role).await?.created()?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": name}],
    });
    scene.http().post(&format!("{RBAC}/clusterrolebindings"), &binding).await?.created()?;
    authorized(scene, name).await?;
    let folder = folder()?;
    let log = folder.path().join("operator.log");
    let mut operator = Operator::start(scene.server, scene.kymactl, log, &["--metrics-secure"], &[])?;
    operator.serves().await?;
    let asked = ask(&operator, name, &reader, &stranger).await;
    operator.end().await?;
    asked
}

async fn ask(operator: &Operator, name: &str, reader: &str, stranger: &str) -> Outcome {
    let https = Http::unverified(operator.metrics())?;
    let get = |token: &str| https.get("/metrics").header(header::AUTHORIZATION, &format!("Bearer {token}"));
    let nobody = https.get("/metrics").await?;
    same("without a token", &nobody.code(), &StatusCode::UNAUTHORIZED.as_u16())?;
    same("with a wrong one", &get("wrong").await?.code(), &StatusCode::UNAUTHORIZED.as_u16())?;
    let denied = get(stranger).await?;
    same("with one of somebody who may not", &denied.code(), &StatusCode::FORBIDDEN.as_u16())?;
    let user = format!("system:serviceaccount:{name}:stranger");
    same("what is said then", &denied.text(), &format!("Authorization denied for user {user}\n"))?;
    let allowed = get(reader).await?;
    same("with one of somebody who may", &allowed.code(), &StatusCode::OK.as_u16())?;
    holds("it is a page of metrics", allowed.text().contains("workqueue_depth{"), &allowed.text())?;
    let plain = Http::plain(operator.metrics())?.get("/metrics").await;
    holds("without TLS there is none", !plain.is_ok_and(|answer| answer.code() == 200), "there is")
}

/// A token of a new ServiceAccount.
async fn token(scene: &Scene<'_>, account: &str) -> Outcome<String> {
    let accounts = format!("{NAMESPACES}/{}/serviceaccounts", scene.name);
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}});
    scene.http().post(&accounts, &object).await?.created()?;
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let made: Value = scene.http().post(&format!("{accounts}/{account}/token"), &request).await?.created()?;
    Ok(text(&made, "/status/token").to_owned())
}

/// Waits until the server knows that the reader may.
async fn authorized(scene: &Scene<'_>, name: &str) -> Outcome {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": format!("system:serviceaccount:{name}:reader"),
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        },
    });
    eventually("the reader may", ALLOWED, || async {
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer = scene.http().post(path, &review).await?.created()?;
        Ok(if answer["status"]["allowed"] == true { Ok(()) } else { Err(answer["status"].to_string()) })
    })
    .await
}
