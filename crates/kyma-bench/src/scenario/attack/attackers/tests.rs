//! Attackers against a small server on loopback, without TLS.

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::scenario::attack::table::tests::size;

/// A tally of these answers.
pub(in super::super) fn tally(answers: &[StatusCode]) -> Tally {
    let tallied = Tallied::default();
    for status in answers {
        tallied.answered::<()>(&Ok(*status));
    }
    tallied.total()
}

/// Answers the first piece of each request by `answer`, and then leaves it alone; says when so many have come.
async fn server(answer: &'static [u8], many: usize) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async move {
        let mut open = Vec::new();
        for _ in 0..many {
            let (mut stream, _) = listener.accept().await.unwrap();
            if !answer.is_empty() {
                let mut piece = [0; 1024];
                assert!(stream.read(&mut piece).await.unwrap() > 0);
                stream.write_all(answer).await.unwrap();
            }
            open.push(stream);
        }
    };
    (address, tokio::spawn(serving))
}

/// What attackers have got when the server has seen `many` connections.
async fn attack(attack: Attack, answer: &'static [u8], many: usize) -> Tally {
    let (address, served) = server(answer, many).await;
    let size = Size { turn: Duration::from_millis(100), connections: 3, watchers: 3, listers: 3, ..size() };
    let size = Size { body_pause: Duration::from_millis(1), senders: 2, ..size };
    let attackers = Attackers::start(attack, &Endpoint::plain(address), &size).unwrap();
    tokio::time::timeout(Duration::from_secs(20), served).await.unwrap().unwrap();
    attackers.stop().await.unwrap()
}

#[tokio::test]
async fn silent_connections_are_opened_once_each() {
    for kind in [Attack::SilentTcp, Attack::SilentTls] {
        let tally = attack(kind, b"", 3).await;
        assert!((2..=3).contains(&tally.held), "{tally}");
    }
}

#[tokio::test]
async fn refusals_are_counted() {
    let tally = attack(Attack::LargeBodies, b"HTTP/1.1 413 Payload Too Large\r\n\r\n", 7).await;
    assert!(tally.refused() >= 4 && tally.held == 0, "{tally}");
    let tally = attack(Attack::DeafWatchers, b"HTTP/1.1 429 Too Many Requests\r\n\r\n", 3).await;
    assert!(tally.refused() >= 2 && tally.held == 0, "{tally}");
}

#[tokio::test]
async fn nobody_does_nothing() {
    assert!(attack(Attack::Nobody, b"", 0).await.is_empty());
}
