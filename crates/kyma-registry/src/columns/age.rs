//! Ages as `kubectl get` shows them (`k8s.io/apimachinery/pkg/util/duration`).

use jiff::{SignedDuration, Timestamp};

use crate::names::parse_rfc3339;

/// How long ago a time of an object's metadata was; `<unknown>` for an empty one.
pub fn human_age(time: &str, now: Timestamp) -> String {
    parse_rfc3339(time).map_or_else(|_| "<unknown>".to_owned(), |time| age(time, now))
}

pub(super) fn age(time: Timestamp, now: Timestamp) -> String {
    // Go's zero time is no time.
    if time.as_second() == -62_135_596_800 {
        return "<unknown>".to_owned();
    }
    human_duration(now.duration_since(time))
}

/// A duration in two or three figures: `5s`, `3m20s`, `47h`, `2y101d`.
pub fn human_duration(duration: SignedDuration) -> String {
    // Go's durations end at 292 years.
    let seconds = duration.min(SignedDuration::from_nanos(i64::MAX)).as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |large: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{small_unit}") }
    };
    match seconds {
        // Clocks may differ by a second.
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}
