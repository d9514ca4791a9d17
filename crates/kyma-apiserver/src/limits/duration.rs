//! Durations as Go writes them, such as `1m30s` (`time.ParseDuration`).

use std::time::Duration;

/// Why a text is no duration, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DurationError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: missing unit in duration {0:?}")]
    NoUnit(String),
    #[error("time: unknown unit {1:?} in duration {0:?}")]
    UnknownUnit(String, String),
}

/// Reads a duration; `None` where it is negative. More than about 292 years are none to Go, either.
pub(super) fn parse(text: &str) -> Result<Option<Duration>, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(Some(Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanoseconds: f64 = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        // A number that is none: two points, or a point alone.
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        nanoseconds += number
            * match unit {
                "" => return Err(DurationError::NoUnit(text.to_owned())),
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                unit => return Err(DurationError::UnknownUnit(text.to_owned(), unit.to_owned())),
            };
        rest = behind;
    }
    if nanoseconds > i64::MAX as f64 {
        return Err(invalid());
    }
    Ok((!negative).then(|| Duration::from_nanos(nanoseconds as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let seconds = |seconds| Ok(Some(Duration::from_secs_f64(seconds)));
        let error = |text: &str| Err(text.to_owned());
        for (text, expected) in [
            ("0", seconds(0.0)),
            ("+0", seconds(0.0)),
            ("2s", seconds(2.0)),
            ("1m30s", seconds(90.0)),
            ("1.5h", seconds(5400.0)),
            (".5s", seconds(0.5)),
            ("250ms", seconds(0.25)),
            ("3us2µs", seconds(0.000_005)),
            ("-2s", Ok(None)),
            ("", error("time: invalid duration \"\"")),
            ("-", error("time: invalid duration \"-\"")),
            ("abc", error("time: invalid duration \"abc\"")),
            (".s", error("time: invalid duration \".s\"")),
            ("1.2.3s", error("time: invalid duration \"1.2.3s\"")),
            ("10", error("time: missing unit in duration \"10\"")),
            ("10d", error("time: unknown unit \"d\" in duration \"10d\"")),
            ("9999999999h", error("time: invalid duration \"9999999999h\"")),
        ] {
            assert_eq!(parse(text).map_err(|error| error.to_string()), expected, "{text:?}");
        }
    }
}
