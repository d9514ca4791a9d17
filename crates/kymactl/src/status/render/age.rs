//! Spans of time as kubectl shows ages.

use jiff::{SignedDuration, Timestamp};
use kyma_inventory::conditions;

/// Where there is no time to tell.
pub(super) const NONE: &str = "<none>";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A span with two or three digits that count, as `HumanDuration` of k8s.io/apimachinery/pkg/util/duration writes it.
pub(super) fn human(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    // Clocks of two machines differ: a little in the future is now.
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    if seconds < 2 * MINUTE {
        format!("{seconds}s")
    } else if seconds < 10 * MINUTE {
        two(seconds, MINUTE, "m", 1, "s")
    } else if seconds < 3 * HOUR {
        format!("{}m", seconds / MINUTE)
    } else if seconds < 8 * HOUR {
        two(seconds, HOUR, "h", MINUTE, "m")
    } else if seconds < 2 * DAY {
        format!("{}h", seconds / HOUR)
    } else if seconds < 8 * DAY {
        two(seconds, DAY, "d", HOUR, "h")
    } else if seconds < 2 * YEAR {
        format!("{}d", seconds / DAY)
    } else if seconds < 8 * YEAR {
        two(seconds, YEAR, "y", DAY, "d")
    } else {
        format!("{}y", seconds / YEAR)
    }
}

/// The age of something that began at `since`.
pub(super) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(|| "<unknown>".to_owned(), |since| human(now.duration_since(since)))
}

/// The time until something ends.
pub(super) fn until(end: Option<Timestamp>, now: Timestamp) -> String {
    end.map_or_else(|| NONE.to_owned(), |end| human(end.duration_since(now)))
}

/// The time itself.
pub(super) fn moment(time: Option<Timestamp>) -> String {
    time.map_or_else(|| NONE.to_owned(), conditions::seconds)
}

/// Two units; the smaller one only where there is some of it.
fn two(seconds: i64, large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match seconds % large / small {
        0 => format!("{}{large_unit}", seconds / large),
        rest => format!("{}{large_unit}{rest}{small_unit}", seconds / large),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of upstream's own table, duration_test.go, `TestHumanDuration` and its boundaries.
    #[test]
    fn ages_are_those_of_kubectl() {
        let cases = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (1, "1s"),
            (70, "70s"),
            (119, "119s"),
            (120, "2m"),
            (190, "3m10s"),
            (599, "9m59s"),
            (600, "10m"),
            (70 * MINUTE, "70m"),
            (3 * HOUR - 1, "179m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 10 * MINUTE, "3h10m"),
            (8 * HOUR, "8h"),
            (47 * HOUR, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + 3 * HOUR, "2d3h"),
            (8 * DAY, "8d"),
            (729 * DAY, "729d"),
            (2 * YEAR, "2y"),
            (2 * YEAR + DAY, "2y1d"),
            (8 * YEAR - DAY, "7y364d"),
            (8 * YEAR, "8y"),
            (9 * YEAR, "9y"),
        ];
        for (seconds, text) in cases {
            assert_eq!(human(SignedDuration::from_secs(seconds)), text, "{seconds}");
        }
    }
}
