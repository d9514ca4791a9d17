//! Formats `date`, `date-time` and `duration` (`k8s.io/kube-openapi/pkg/validation/strfmt`).

use std::sync::LazyLock;

use regex::Regex;

/// A number and a unit; the letters are those that Go's pattern has.
static NUMBER_AND_UNIT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("([0-9]+)[\\t\\n\\f\\r ]*([A-Za-z\u{b5}]+)").ok());

/// `2006-01-02`.
pub(super) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, length: usize| {
        let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let small = |number: i16| i8::try_from(number).unwrap_or(i8::MAX);
    jiff::civil::Date::new(year, small(month), small(day)).is_ok()
}

/// RFC 3339, but laxer: upper or lower case, any character before the fraction, anything behind a second T.
pub(super) fn is_date_time(text: &str) -> bool {
    let mut parts = text.split(['t', 'T']);
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return false };
    let Some((clock, rest)) = time.split_at_checked(8) else { return false };
    let fraction = || {
        let mut chars = rest.chars();
        let separated = chars.next().is_some_and(|c| c != '\n');
        let rest = chars.as_str();
        let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        separated && zone.len() < rest.len() && is_zone(zone)
    };
    is_date(date) && is_clock(clock, ["23", "59", "59"]) && (is_zone(rest) || fraction())
}

/// `15:04:05`: two digits each, none above its maximum.
fn is_clock(text: &str, max: [&str; 3]) -> bool {
    let mut parts = text.split(':');
    let fits = |max: &str| parts.next().is_some_and(|part| is_two_digits(part) && part <= max);
    max.into_iter().all(fits)
}

fn is_zone(text: &str) -> bool {
    let offset = || text.strip_prefix(['+', '-']).and_then(|offset| offset.split_once(':'));
    matches!(text, "z" | "Z") || offset().is_some_and(|(h, m)| is_two_digits(h) && is_two_digits(m))
}

fn is_two_digits(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What Go's `time.ParseDuration` takes, or anything with a number and a unit in it.
pub(super) fn is_duration(text: &str) -> bool {
    if is_go_duration(text) {
        return true;
    }
    // Each unit: its names, the last one also as the beginning of a longer word.
    const UNITS: [&[&str]; 8] = [
        &["ns", "nano"],
        &["us", "\u{b5}s", "micro"],
        &["ms", "milli"],
        &["s", "sec"],
        &["m", "min"],
        &["h", "hr", "hour"],
        &["d", "day"],
        &["w", "wk", "week"],
    ];
    let known = |unit: &str| {
        UNITS
            .iter()
            .any(|names| names.contains(&unit) || names.last().is_some_and(|name| unit.starts_with(name)))
    };
    let Some(pattern) = NUMBER_AND_UNIT.as_ref() else { return false };
    let mut found = false;
    for captures in pattern.captures_iter(text) {
        let (_, [number, unit]) = captures.extract();
        if number.parse::<i64>().is_err() {
            return false;
        }
        found |= known(&unit.to_lowercase());
    }
    found
}

fn is_go_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    // Nanoseconds; Go's duration has 63 bits.
    let limit = if text.starts_with('-') { 1_u128 << 63 } else { (1_u128 << 63) - 1 };
    let (mut total, mut any) = (0_u128, false);
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, tail) = rest.split_at(digits(rest));
        let (fraction, tail) = match tail.strip_prefix('.') {
            Some(tail) => tail.split_at(digits(tail)),
            None => ("", tail),
        };
        let end = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let Some(nanoseconds) = unit_nanoseconds(unit) else { return false };
        if whole.is_empty() && fraction.is_empty() {
            return false;
        }
        let Ok(number) = format!("0{whole}").parse::<u128>() else { return false };
        let fraction: f64 = format!("0.{fraction}0").parse().unwrap_or_default();
        total = number.saturating_mul(nanoseconds).saturating_add(total);
        total = total.saturating_add((fraction * nanoseconds as f64) as u128);
        if total > limit {
            return false;
        }
        (any, rest) = (true, tail);
    }
    any
}

fn unit_nanoseconds(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}
