//! The guard against an API server that says what it was told to say.

use serde_json::{Value, json};

use super::*;
use crate::fake::{Fake, Reply, failure};
use crate::metrics::Metrics;

fn request(authorization: Option<&str>) -> Request<()> {
    let builder = Request::get("/metrics");
    match authorization {
        Some(value) => builder.header(AUTHORIZATION, value).body(()).unwrap(),
        None => builder.body(()).unwrap(),
    }
}

fn token_of(user: Option<&str>) -> Reply {
    let status = match user {
        Some(user) => json!({"authenticated": true, "user": {"username": user, "groups": ["g"], "uid": "u"}}),
        None => json!({"error": "invalid bearer token"}),
    };
    Reply::Json(
        201,
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {}, "status": status}),
    )
}

fn access(allowed: bool) -> Reply {
    let status = json!({"allowed": allowed});
    Reply::Json(
        201,
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {}, "status": status}),
    )
}

fn guard(fake: &Fake) -> Guard {
    Guard::new(fake.client(&Metrics::new()))
}

fn bodies(fake: &Fake) -> Vec<Value> {
    fake.saw().into_iter().map(|saw| saw.body["spec"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_user_who_may_is_asked_about_once_a_minute() {
    let fake = Fake::default();
    let guard = guard(&fake);
    for _ in 0..2 {
        fake.write(token_of(Some("prometheus")));
        fake.write(access(true));
    }
    for _ in 0..3 {
        assert_eq!(guard.admit(&request(Some("Bearer t-1"))).await, Ok(()));
    }
    let asked = bodies(&fake);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], json!({"token": "t-1"}));
    let attributes = json!({"path": "/metrics", "verb": "get"});
    let expected =
        json!({"user": "prometheus", "groups": ["g"], "uid": "u", "nonResourceAttributes": attributes});
    assert_eq!(asked[1], expected);
    tokio::time::advance(YES).await;
    assert_eq!(guard.admit(&request(Some("bearer  t-1 "))).await, Ok(()));
    assert_eq!(bodies(&fake).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_is_nobody_or_may_not_is_refused() {
    let fake = Fake::default();
    let guard = guard(&fake);
    let long = format!("Bearer {}", "x".repeat(TOKEN_MAX + 1));
    for nobody in [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Basic dTpw"), Some(long.as_str())] {
        assert_eq!(guard.admit(&request(nobody)).await, Err(Refusal::Unauthorized));
    }
    assert!(fake.saw().is_empty(), "the server is not bothered with that");
    fake.write(token_of(None));
    assert_eq!(guard.admit(&request(Some("Bearer wrong"))).await, Err(Refusal::Unauthorized));
    fake.write(token_of(Some("joe")));
    fake.write(access(false));
    for _ in 0..2 {
        let refused = guard.admit(&request(Some("Bearer joe's"))).await.unwrap_err();
        assert_eq!(
            (refused.status(), refused.text().as_str()),
            (StatusCode::FORBIDDEN, "Authorization denied for user joe\n")
        );
    }
    assert_eq!(fake.saw().len(), 3);
    tokio::time::advance(NO).await;
    fake.write(token_of(Some("joe")));
    fake.write(access(true));
    assert_eq!(guard.admit(&request(Some("Bearer joe's"))).await, Ok(()), "rights may be given");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_asked_is_asked_again() {
    let fake = Fake::default();
    let guard = guard(&fake);
    fake.write(Reply::Json(403, failure(403, "Forbidden")));
    let refused = guard.admit(&request(Some("Bearer t"))).await.unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.text().as_str()), (500, "Authentication failed\n"));
    fake.write(token_of(Some("joe")));
    fake.write(Reply::Json(500, failure(500, "InternalError")));
    let refused = guard.admit(&request(Some("Bearer t"))).await.unwrap_err();
    assert_eq!(
        (refused.status().as_u16(), refused.text().as_str()),
        (500, "Authorization for user joe failed\n")
    );
    fake.write(token_of(Some("joe")));
    fake.write(access(true));
    assert_eq!(guard.admit(&request(Some("Bearer t"))).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn who_may_do_one_thing_may_not_do_another() {
    let fake = Fake::default();
    let guard = guard(&fake);
    fake.write(token_of(Some("joe")));
    fake.write(access(true));
    let head = Request::head("/metrics").header(AUTHORIZATION, "Bearer t").body(()).unwrap();
    assert_eq!(guard.admit(&head).await, Ok(()));
    fake.write(token_of(Some("joe")));
    fake.write(access(false));
    assert_eq!(guard.admit(&request(Some("Bearer t"))).await, Err(Refusal::Denied("joe".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn many_tokens_take_no_more_room_than_some() {
    let fake = Fake::default();
    let guard = guard(&fake);
    fake.write(token_of(Some("prometheus")));
    fake.write(access(true));
    assert_eq!(guard.admit(&request(Some("Bearer good"))).await, Ok(()));
    for number in 0..KEPT + 10 {
        fake.write(token_of(None));
        let _ = guard.admit(&request(Some(&format!("Bearer {number}")))).await;
    }
    assert!(guard.known.lock().len() <= KEPT);
    let asked = fake.saw().len();
    assert_eq!(guard.admit(&request(Some("Bearer good"))).await, Ok(()));
    assert_eq!(fake.saw().len(), asked, "who may is remembered all the same");
}
