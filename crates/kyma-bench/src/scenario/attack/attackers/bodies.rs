//! Bodies that cost more than they should: too large, or large with very many parts.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{NAMESPACE, Scene};
use crate::client::{Answer, Call, Connection};
use crate::error::Error;

/// Bodies that the server has to refuse, each on a new connection since it may close on them.
pub(super) async fn too_large(scene: &Scene) -> Result<(), Error> {
    let body = Bytes::from(vec![b' '; scene.size.body_bytes]);
    together(scene, move |scene, _| send_too_large(scene, body.clone())).await
}

/// Objects whose labels the server has to take apart before it can refuse them: each attacker has one name, which is
/// taken from the second time on.
pub(super) async fn many_labels(scene: &Scene) -> Result<(), Error> {
    together(scene, |scene, attacker| {
        let call = Call::post(configmaps(), &with_labels(attacker, scene.size.labels));
        send_labels(scene, call)
    })
    .await
}

/// Starts all attackers at once.
async fn together<F>(scene: &Scene, attack: impl Fn(Scene, u32) -> F) -> Result<(), Error>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for attacker in 0..scene.size.senders {
        tasks.spawn(attack(scene.clone(), attacker));
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::Worker)?;
    }
    Ok(())
}

async fn send_too_large(scene: Scene, body: Bytes) {
    loop {
        if let Some(mut raw) = scene.tally.opened(scene.endpoint.connect_raw(None).await) {
            scene.tally.answered(&raw.post(&configmaps(), &body).await);
        }
        sleep(scene.size.body_pause).await;
    }
}

async fn send_labels(scene: Scene, call: Call) {
    let mut connection: Option<Connection> = None;
    loop {
        if connection.is_none() {
            connection = scene.tally.opened(scene.endpoint.connect().await);
        }
        if let Some(open) = &mut connection {
            let answer = open.send(&call).await.map(|Answer { status, .. }| status);
            scene.tally.answered(&answer);
            if answer.is_err() {
                connection = None;
            }
        }
        sleep(scene.size.label_pause).await;
    }
}

fn configmaps() -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/configmaps")
}

fn with_labels(attacker: u32, labels: usize) -> Value {
    let labels: Map<String, Value> = (0..labels).map(|i| (format!("label-{i:06}"), "x".into())).collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": format!("attacker-{attacker}"), "labels": labels},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_labels_are_no_body_that_is_too_large() {
        let object = with_labels(1, 100_000);
        assert_eq!(object["metadata"]["labels"].as_object().unwrap().len(), 100_000);
        assert!((1 << 20..3 << 20).contains(&object.to_string().len()));
    }
}
