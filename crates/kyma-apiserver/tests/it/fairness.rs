//! Fairness: who asks for much, or sends much, does not keep a thread from everybody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use kyma_apiserver::User;
use serde_json::{Map, Value, json};
use tokio::task::{JoinHandle, yield_now};

use crate::server::{Server, call, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Somebody else on the same thread, who counts how often their turn comes.
struct Other {
    turns: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Other {
    fn start() -> Self {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let task = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        });
        Other { turns, task }
    }

    fn turns(&self) -> usize {
        self.turns.load(Ordering::Relaxed)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn others_have_their_turn_while_a_large_list_is_written() {
    const OBJECTS: usize = 300;
    let server = Server::start().await;
    for i in 0..OBJECTS {
        let map = json!({"metadata": {"name": format!("m-{i}")}, "data": {"text": "x".repeat(4096)}});
        assert_eq!(server.request(Method::POST, MAPS, Some(&map)).await.0, 201);
    }
    let other = Other::start();
    yield_now().await;
    let before = other.turns();
    let (_, list) = server.text(MAPS).await;
    let turns = other.turns() - before;
    assert!(turns >= 10, "{turns} turns while {} bytes were written", list.len());
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), OBJECTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn others_have_their_turn_while_a_large_object_is_looked_at() {
    let server = Server::start().await;
    let mut labels: Map<String, Value> = (0..50_000).map(|i| (format!("l-{i}"), "x".into())).collect();
    // It is refused after all of it was looked at, and nothing is waited for.
    labels.insert("z".to_owned(), "not a label".into());
    let map = json!({"metadata": {"name": "large", "labels": labels}});
    let client = server.server.client(User::admin());
    let other = Other::start();
    // The thread that runs the test is none of the runtime's.
    let (turns, code) = tokio::spawn(async move {
        let before = other.turns();
        let answer = call(client, Method::POST, MAPS, Some(&map)).await;
        let turns = other.turns() - before;
        (turns, whole(answer).await.0.status)
    })
    .await
    .unwrap();
    assert_eq!(code, 422);
    assert!(turns > 10, "{turns} turns");
}
