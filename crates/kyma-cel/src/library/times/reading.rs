//! Reads durations and points in time.

use crate::value::Timestamp;

/// Go's `time.ParseDuration`: `1h30m`, `-1.5s`, `0`.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, behind) = duration_part(rest)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63)?;
        rest = behind;
    }
    if negative {
        return 0_i64.checked_sub_unsigned(total);
    }
    i64::try_from(total).ok()
}

/// A number with its unit, and what is behind it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes the fraction in floating point"
)]
fn duration_part(text: &str) -> Option<(u64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole_length = digits(text);
    let (whole, mut rest) = text.split_at(whole_length);
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        (fraction, rest) = behind.split_at(digits(behind));
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_length);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut value = whole.checked_mul(unit).filter(|value| *value <= 1 << 63)?;
    if !fraction.is_empty() {
        // Digits that do not fit any more do not count.
        let mut number: u64 = 0;
        let mut scale = 1.0;
        for digit in fraction.bytes() {
            let Some(next) = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit - b'0')))
            else {
                break;
            };
            if next > 1 << 63 {
                break;
            }
            number = next;
            scale *= 10.0;
        }
        value = value.checked_add((number as f64 * (unit as f64 / scale)) as u64)?;
    }
    Some((value, rest))
}

/// A duration as schemas have it: Go's, or numbers with the names of units anywhere in the text.
pub(crate) fn parse_schema_duration(text: &str) -> Option<i64> {
    const UNITS: [(&[&str], i64); 8] = [
        (&["ns", "nano"], 1),
        (&["us", "\u{b5}s", "micro"], 1_000),
        (&["ms", "milli"], 1_000_000),
        (&["s", "sec"], 1_000_000_000),
        (&["m", "min"], 60_000_000_000),
        (&["h", "hr", "hour"], 3_600_000_000_000),
        (&["d", "day"], 86_400_000_000_000),
        (&["w", "wk", "week"], 604_800_000_000_000),
    ];
    if let Some(nanos) = parse_duration(text) {
        return Some(nanos);
    }
    let mut total: i64 = 0;
    let mut found = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = rest.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let spaced = behind.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
        let length = spaced.find(|c: char| !c.is_ascii_alphabetic() && c != '\u{b5}').unwrap_or(spaced.len());
        rest = behind;
        if length == 0 {
            continue;
        }
        let (unit, behind) = spaced.split_at(length);
        rest = behind;
        let number: i64 = number.parse().ok()?;
        let unit = unit.to_lowercase();
        for (names, nanos) in UNITS {
            for (place, name) in names.iter().enumerate() {
                let begins = place + 1 == names.len() && unit.starts_with(name);
                if begins || *name == unit {
                    found = true;
                    total = total.wrapping_add(number.wrapping_mul(nanos));
                }
            }
        }
    }
    found.then_some(total)
}

/// Reads digits of a fixed length.
fn fixed(text: &str, start: usize, length: usize) -> Option<i64> {
    let digits = text.get(start..start + length)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Days from 1970 to a date, if there is such a date.
fn days(text: &str) -> Option<i64> {
    let (year, month, day) = (fixed(text, 0, 4)?, fixed(text, 5, 2)?, fixed(text, 8, 2)?);
    let separated = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    let date =
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = date.ok().filter(|_| separated)?;
    Some(i64::from((date - epoch).get_days()))
}

/// `2006-01-02`.
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    let days = days(text).filter(|_| text.len() == 10)?;
    Some(Timestamp { seconds: days * 86_400, nanos: 0, offset: 0 })
}

/// RFC 3339 as Go's `time.Parse` has it.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let (mut time, rest) = parse_clock(text)?;
    if rest == "Z" {
        return Some(time);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (fixed(rest, 1, 2)?, fixed(rest, 4, 2)?);
    if rest.len() != 6 || rest.get(3..4) != Some(":") || hours > 24 || minutes > 60 {
        return None;
    }
    let offset = sign * (hours * 3600 + minutes * 60);
    time.seconds -= offset;
    time.offset = i32::try_from(offset).ok()?;
    Some(time)
}

/// Date and time of day without an offset, and what is behind it.
fn parse_clock(text: &str) -> Option<(Timestamp, &str)> {
    let days = days(text)?;
    // An hour may have one digit.
    let rest = text.get(10..)?.strip_prefix('T')?;
    let hour_digits = if rest.get(1..2) == Some(":") { 1 } else { 2 };
    let hour = fixed(rest, 0, hour_digits)?;
    let rest = rest.get(hour_digits..)?;
    let (minute, second) = (fixed(rest, 1, 2)?, fixed(rest, 4, 2)?);
    let separated = rest.get(0..1) == Some(":") && rest.get(3..4) == Some(":");
    if !separated || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = rest.get(6..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if length > 0 {
            let (digits, behind) = fraction.split_at(length);
            let digits: String = digits.chars().chain("000000000".chars()).take(9).collect();
            nanos = digits.parse().ok()?;
            rest = behind;
        }
    }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some((Timestamp { seconds, nanos, offset: 0 }, rest))
}

/// A date-time as schemas have it: an offset may be missing, and nothing at all is 1970.
pub(crate) fn parse_schema_time(text: &str) -> Option<Timestamp> {
    if text.is_empty() {
        return Some(Timestamp { seconds: 0, nanos: 0, offset: 0 });
    }
    parse_timestamp(text)
        .or_else(|| parse_clock(text).filter(|(_, rest)| rest.is_empty()).map(|(time, _)| time))
}
