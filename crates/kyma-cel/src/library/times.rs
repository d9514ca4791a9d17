//! Durations and timestamps: reading and writing them as Go does, arithmetic, and their parts.

mod parts;
mod reading;

pub(super) use parts::implementation;
pub(crate) use reading::{
    parse_date, parse_duration, parse_schema_duration, parse_schema_time, parse_timestamp,
};

use crate::error::EvalError;
use crate::number;
use crate::value::Timestamp;

/// The beginning of year 1.
pub(crate) const MIN_SECONDS: i64 = -62_135_596_800;

/// The end of year 9999.
const MAX_SECONDS: i64 = 253_402_300_799;

const NANOS: i64 = 1_000_000_000;

/// Whether a timestamp can have that many seconds since 1970.
pub(crate) fn in_range(seconds: i64) -> bool {
    (MIN_SECONDS..=MAX_SECONDS).contains(&seconds)
}

pub(crate) fn from_seconds(seconds: i64) -> Option<Timestamp> {
    in_range(seconds).then_some(Timestamp { seconds, nanos: 0, offset: 0 })
}

/// The timestamp that much later.
pub(super) fn add(time: Timestamp, nanos: i64) -> Result<Timestamp, EvalError> {
    let sum = i64::from(time.nanos) + nanos.rem_euclid(NANOS);
    let seconds = time.seconds.checked_add(nanos.div_euclid(NANOS) + sum / NANOS);
    match seconds.filter(|seconds| in_range(*seconds)) {
        Some(seconds) => {
            Ok(Timestamp { seconds, nanos: u32::try_from(sum % NANOS).unwrap_or_default(), ..time })
        }
        None => Err(EvalError::new("timestamp overflow")),
    }
}

/// The nanoseconds from `b` to `a`.
pub(super) fn between(a: Timestamp, b: Timestamp) -> Result<i64, EvalError> {
    let seconds = i128::from(a.seconds) - i128::from(b.seconds);
    let nanos = seconds * i128::from(NANOS) + i128::from(a.nanos) - i128::from(b.nanos);
    i64::try_from(nanos).map_err(|_| EvalError::new("integer overflow"))
}

/// A duration as text: its seconds with an `s`.
#[expect(clippy::cast_precision_loss, reason = "Go makes a floating point number of it, too")]
pub(crate) fn format_duration(nanos: i64) -> String {
    let seconds = (nanos / NANOS) as f64 + (nanos % NANOS) as f64 / 1e9;
    format!("{}s", number::decimal(seconds))
}

/// A duration as Go writes it: `1h2m3.5s`.
pub(crate) fn go_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let fraction = |value: u64, unit: u64| {
        let (whole, rest) = (value / unit, value % unit);
        let digits = unit.ilog10() as usize;
        let text = format!("{rest:0digits$}");
        let text = text.trim_end_matches('0');
        if text.is_empty() { whole.to_string() } else { format!("{whole}.{text}") }
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", fraction(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", fraction(nanos, 1_000_000)),
        _ => {
            let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
            let seconds = fraction(rest, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// Date and time of day at the timestamp's own offset.
fn civil(time: Timestamp) -> jiff::civil::DateTime {
    parts::at_offset(time, i64::from(time.offset))
}

/// A timestamp as RFC 3339 has it, with as many digits as it needs.
pub(crate) fn format_timestamp(time: Timestamp) -> String {
    let at = civil(time);
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if time.nanos != 0 {
        let digits = format!("{:09}", time.nanos);
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    if time.offset == 0 {
        text.push('Z');
    } else {
        let minutes = time.offset.abs() / 60;
        let sign = if time.offset < 0 { '-' } else { '+' };
        text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    text
}

/// A timestamp as Go prints it.
pub(crate) fn go_time(time: Timestamp) -> String {
    let text = format_timestamp(time);
    let (clock, zone) = text.split_at(text.len() - if time.offset == 0 { 1 } else { 6 });
    let zone = if zone == "Z" { "+0000 UTC".to_owned() } else { format!("{0} {0}", zone.replace(':', "")) };
    format!("{} {zone}", clock.replace('T', " "))
}
