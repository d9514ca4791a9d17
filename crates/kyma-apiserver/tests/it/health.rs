//! Health while things go wrong: a full disk, a failed sync, the end of the server.

use std::sync::Arc;

use http::{Method, StatusCode};
use kyma_store::{FaultyDisk, Options, Store};
use serde_json::json;

use crate::server::{Server, clock, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn on_disk(disk: &Arc<FaultyDisk>) -> Server {
    let store = Store::on_disk(Options::default(), clock(), Arc::clone(disk) as _).unwrap();
    Server::with(|builder| builder.store(store)).await
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_writes_until_there_is_room_and_reads_go_on() {
    let disk = Arc::new(FaultyDisk::new(1));
    let server = on_disk(&disk).await;
    server.config_map("before").await;
    // What the file has already may be used up; it does not grow.
    disk.set_room(Some(0));
    let large = "x".repeat(500_000);
    let mut kept = 0;
    let answer = loop {
        let body = json!({"metadata": {"name": format!("m{kept}")}, "data": {"a": large}});
        let (status, answer) = server.request(Method::POST, MAPS, Some(&body)).await;
        if status != StatusCode::CREATED {
            break answer;
        }
        kept += 1;
        assert!(kept < 100, "the disk never fills");
    };
    assert_eq!((&answer["code"], &answer["reason"]), (&json!(500), &json!("InternalError")), "{answer}");
    assert_eq!(server.code(&format!("{MAPS}/before")).await, 200);
    assert_eq!(server.code(&format!("{MAPS}/m{kept}")).await, 404);
    assert_eq!((server.code("/readyz").await.as_u16(), server.code("/livez").await.as_u16()), (200, 200));
    assert!(server.text("/metrics").await.1.contains("\nkymactl_store_writable 0\n"));

    disk.set_room(None);
    server.config_map("after").await;
    assert!(server.text("/metrics").await.1.contains("\nkymactl_store_writable 1\n"));
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_sync_the_server_is_read_only_and_says_so() {
    let disk = Arc::new(FaultyDisk::new(1));
    let server = on_disk(&disk).await;
    server.config_map("before").await;
    disk.fail_sync(0);
    for name in ["first", "second"] {
        let body = json!({"metadata": {"name": name}});
        assert_eq!(server.request(Method::POST, MAPS, Some(&body)).await.0, 500);
    }
    assert_eq!((server.code("/readyz").await.as_u16(), server.code("/livez").await.as_u16()), (500, 500));
    let (_, text) = server.text("/readyz").await;
    assert_eq!(text, "[+]ping ok\n[-]store failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n");
    let (parts, text) = server.text("/livez/store").await;
    assert_eq!(parts.status, 500);
    assert!(text.starts_with("internal server error: failed to sync the batch"), "{text}");
    assert_eq!(server.code(&format!("{MAPS}/before")).await, 200);
}

#[tokio::test(start_paused = true)]
async fn who_drains_is_not_ready_but_answers() {
    let server = Server::start().await;
    let (parts, text) = server.text("/readyz?verbose").await;
    assert_eq!(parts.headers["x-content-type-options"], "nosniff");
    assert_eq!(text, "[+]ping ok\n[+]store ok\n[+]shutdown ok\nreadyz check passed\n");
    server.server.drain();
    let (parts, text) = server.text("/readyz").await;
    assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("[-]shutdown failed: reason withheld\n"), "{text}");
    assert_eq!(server.code("/livez").await, 200);
    server.config_map("still").await;
    let watch = server.open(Method::GET, &format!("{MAPS}?watch=1&resourceVersion=1"), None).await;
    whole(watch).await;
}
