use http_body_util::Full;

use super::*;

fn gates(limits: Limits) -> Gates {
    Gates::new(limits)
}

#[test]
fn a_gate_gives_back_what_was_taken() {
    let gate = Gate::new(3);
    let first = gate.enter(2).unwrap();
    assert!(gate.enter(2).is_none());
    let mut second = gate.enter(1).unwrap();
    assert!(!second.grow(1));
    drop(first);
    assert!(second.grow(2));
    assert_eq!(gate.used(), 3);
    drop(second);
    assert_eq!(gate.used(), 0);
}

#[test]
fn masters_and_health_get_in_where_others_do_not_but_no_more_watches_than_fit() {
    let limits = Limits { max_requests_inflight: 1, max_watches: 1, ..Limits::default() };
    let gates = gates(limits);
    let (guest, admin) = (User::new("guest", []), User::admin());
    let held = gates.admit(Class::ReadOnly, Some(&guest));
    assert!(held.is_some());
    assert!(gates.admit(Class::ReadOnly, Some(&guest)).is_none());
    assert!(gates.admit(Class::ReadOnly, None).is_none());
    assert!(gates.admit(Class::Mutating, Some(&guest)).is_some(), "writes have their own limit");
    assert!(gates.admit(Class::Health, None).is_some());
    let exempt = gates.admit(Class::ReadOnly, Some(&admin));
    assert!(exempt.is_some());
    assert_eq!(gates.in_flight(), (2, 0), "who is exempt counts all the same");
    let watch = gates.admit(Class::LongRunning, Some(&guest));
    assert!(watch.is_some() && gates.admit(Class::LongRunning, Some(&admin)).is_none());
}

#[test]
fn the_shorter_time_counts() {
    let gates = gates(Limits::default());
    let timeout = |class, query| gates.timeout(class, Some(query));
    let seconds = |seconds| Ok(Some(Duration::from_secs(seconds)));
    assert_eq!(timeout(Class::ReadOnly, ""), seconds(60));
    assert_eq!(timeout(Class::Mutating, "timeout=5s"), seconds(5));
    assert_eq!(timeout(Class::Mutating, "timeout=5m"), seconds(60));
    assert_eq!(timeout(Class::Mutating, "timeout=0s"), seconds(60));
    assert_eq!(timeout(Class::Mutating, "timeout=-1s"), seconds(60));
    assert_eq!(timeout(Class::LongRunning, "timeout=x"), Ok(None));
    let error = timeout(Class::ReadOnly, "timeout=abc").unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (400, "invalid timeout specified in the request URL - time: invalid duration \"abc\"")
    );
}

#[tokio::test]
async fn bodies_are_bounded_each_and_all_together() {
    let limits = Limits { max_body_bytes: 10, max_body_bytes_inflight: 15, ..Limits::default() };
    let gates = gates(limits);
    let body = |bytes: usize| Full::new(Bytes::from(vec![b'x'; bytes]));
    let (bytes, held) = gates.read(body(10)).await.unwrap();
    assert_eq!((bytes.len(), gates.body_bytes()), (10, 10));
    let Err(Unread::Refused(error)) = gates.read(body(11)).await else { panic!("too large") };
    assert_eq!((error.code(), error.message()), (413, "Request entity too large: limit is 10"));
    assert!(matches!(gates.read(body(6)).await, Err(Unread::Overloaded)));
    assert_eq!(gates.body_bytes(), 10, "what was refused holds nothing");
    drop(held);
    assert!(gates.read(body(6)).await.is_ok());
}

#[tokio::test]
async fn who_sends_too_much_may_finish_and_hears_of_it() {
    let limits = Limits { max_body_bytes: 8, ..Limits::default() };
    let gates = gates(limits);
    for (pieces, read) in [(3, 3), (4, 4), (100, 4)] {
        let mut taken = 0;
        let frames = std::iter::repeat_n("abcd", pieces).inspect(|_| taken += 1);
        let frames =
            frames.map(|piece| Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from(piece))));
        let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
        assert!(matches!(gates.read(body).await, Err(Unread::Refused(_))));
        assert_eq!(taken, read + usize::from(pieces > 5) * 2, "of {pieces}");
        assert_eq!(gates.body_bytes(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_looks_at_is_read_without_hurry() {
    let gates = gates(Limits { max_body_bytes: 1 << 20, ..Limits::default() });
    let frames = std::iter::repeat_n(Bytes::from(vec![b'x'; 16 << 10]), 2 << 6);
    let frames = frames.map(|piece| Ok::<_, std::convert::Infallible>(http_body::Frame::data(piece)));
    let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
    let start = tokio::time::Instant::now();
    assert!(matches!(gates.read(body).await, Err(Unread::Refused(_))));
    // Two mebibytes, with a rest after more than 64 KiB each.
    assert_eq!(start.elapsed(), REST * 12 + LONG_REST * 12);
}

/// A body that says how long it is, and that nobody may have whole in memory.
#[tokio::test]
async fn a_body_that_is_too_large_by_its_own_account_is_not_kept() {
    struct Announced(usize, Arc<Gate>);
    impl http_body::Body for Announced {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            assert_eq!(self.1.used(), 0);
            let left = self.0.checked_sub(4);
            self.0 = left.unwrap_or(0);
            let frame = left.map(|_| Ok(http_body::Frame::data(Bytes::from_static(b"abcd"))));
            std::task::Poll::Ready(frame)
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(self.0 as u64)
        }
    }
    let gates = gates(Limits { max_body_bytes: 8, ..Limits::default() });
    let Err(Unread::Refused(error)) = gates.read(Announced(12, Arc::clone(&gates.bodies))).await else {
        panic!("too large")
    };
    assert_eq!((error.code(), error.message()), (413, "Request entity too large: limit is 8"));
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together_and_counted_as_it_comes() {
    let limits = Limits { max_body_bytes: 8, ..Limits::default() };
    let gates = gates(limits);
    let body = |pieces: &'static [&'static str]| {
        let frames = pieces
            .iter()
            .map(|piece| Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from(*piece))));
        http_body_util::StreamBody::new(futures_util::stream::iter(frames))
    };
    let (bytes, _held) = gates.read(body(&["ab", "", "cd", "efgh"])).await.unwrap();
    assert_eq!(bytes, "abcdefgh");
    assert!(matches!(gates.read(body(&["abcd", "efgh", "i"])).await, Err(Unread::Refused(_))));
    assert_eq!(gates.body_bytes(), 8);
}

#[tokio::test]
async fn large_bodies_have_half_of_the_machine() {
    let gates = gates(Limits::default());
    let mut turns = Vec::new();
    for _ in 0..large_at_a_time() {
        turns.push(gates.turn(LARGE_BODY + 1).await.unwrap());
    }
    assert!(gates.turn(LARGE_BODY).await.is_none(), "a small one does not wait");
    let mut next = std::pin::pin!(gates.turn(LARGE_BODY + 1));
    assert!(futures_util::poll!(next.as_mut()).is_pending());
    turns.pop();
    assert!(next.await.is_some());
}
