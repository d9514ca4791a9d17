//! Waiting for what a server does in the background.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::check::{Failure, Outcome};

const INTERVAL: Duration = Duration::from_millis(50);

/// Asks until the answer is `Some`, and fails with the last reason why not.
///
/// `ask` answers `Ok(Err(seen))` for "not yet, this is what I saw"; an `Err` ends the wait at once.
pub(crate) async fn eventually<T, F, R>(what: &str, limit: Duration, mut ask: F) -> Outcome<T>
where
    F: FnMut() -> R,
    R: Future<Output = Outcome<Result<T, String>>>,
{
    let deadline = Instant::now() + limit;
    loop {
        let seen = match ask().await? {
            Ok(value) => return Ok(value),
            Err(seen) => seen,
        };
        if Instant::now() >= deadline {
            return Err(Failure::new(what, format!("within {} s", limit.as_secs()), seen));
        }
        sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::eventually;
    use crate::check::Failure;

    #[tokio::test(start_paused = true)]
    async fn it_asks_until_there_is_an_answer() {
        let mut asked = 0;
        let answer = eventually("count", Duration::from_secs(5), || {
            asked += 1;
            let answer = if asked == 3 { Ok(asked) } else { Err(format!("{asked}")) };
            async move { Ok(answer) }
        });
        assert_eq!(answer.await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_with_what_was_seen_last() {
        let never =
            eventually("it", Duration::from_secs(2), || async { Ok(Err::<(), _>("still 7".to_owned())) });
        let failure = never.await.unwrap_err().to_string();
        assert!(failure.contains("within 2 s") && failure.contains("still 7"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_the_wait() {
        let error = Failure::new("send", "an answer", "refused");
        let failed = eventually("it", Duration::from_secs(9), || {
            let error = error.clone();
            async move { Err::<Result<(), String>, _>(error) }
        });
        assert_eq!(failed.await, Err(error.clone()));
    }
}
