//! Times as `metav1.Time` and `metav1.MicroTime` read and write them: RFC 3339, UTC, whole seconds or microseconds.

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::reason::gotext::quote;

/// Reads a time as Go's `time.Parse(time.RFC3339, …)` does.
///
/// # Errors
/// Go's own message, which the real server passes on to the client.
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, String> {
    parse(text, "2006-01-02T15:04:05Z07:00")
}

/// Reads a time of six decimals, as `metav1.MicroTime` does.
///
/// # Errors
/// Go's own message.
pub(crate) fn parse_micro(text: &str) -> Result<Timestamp, String> {
    parse(text, MICRO_LAYOUT)
}

const MICRO_LAYOUT: &str = "2006-01-02T15:04:05.000000Z07:00";

fn parse(text: &str, layout: &'static str) -> Result<Timestamp, String> {
    let mut reader = Reader { text, rest: text, layout };
    let year = reader.digits(4, "2006")?;
    reader.literal("-")?;
    let month = reader.digits(2, "01")?;
    reader.literal("-")?;
    let day = reader.digits(2, "02")?;
    reader.literal("T")?;
    let hour = reader.hour()?;
    reader.literal(":")?;
    let minute = reader.digits(2, "04")?;
    reader.literal(":")?;
    let second = reader.digits(2, "05")?;
    let nanosecond = if layout == MICRO_LAYOUT { reader.micros()? } else { reader.fraction() };
    let offset = reader.zone()?;
    if !reader.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(reader.rest)));
    }
    let ranges = [
        ("month", month, 1, 12),
        ("day", day, 1, 31),
        ("hour", hour, 0, 23),
        ("minute", minute, 0, 59),
        ("second", second, 0, 59),
    ];
    let outside = |what: &str| format!("parsing time {}: {what} out of range", quote(text));
    if let Some((what, ..)) = ranges.into_iter().find(|(_, value, low, high)| value < low || value > high) {
        return Err(outside(what));
    }
    let part = |value: i32| i8::try_from(value).unwrap_or(i8::MAX);
    let year = i16::try_from(year).unwrap_or(i16::MAX);
    let date = jiff::civil::DateTime::new(
        year,
        part(month),
        part(day),
        part(hour),
        part(minute),
        part(second),
        nanosecond,
    );
    date.and_then(|date| offset.to_timestamp(date)).map_err(|_| outside("day"))
}

/// Writes a time as `metav1.Time` does: UTC, whole seconds, cut off and not rounded.
pub fn format_rfc3339(time: Timestamp) -> String {
    let seconds = Timestamp::new(time.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(0), 0);
    seconds.unwrap_or(time).to_string()
}

/// Writes a time as `metav1.MicroTime` does: UTC, six decimals, cut off and not rounded.
pub(crate) fn format_micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Walks the text the way Go's layout does, so that a failure names the same rest and the same element.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    layout: &'static str,
}

impl Reader<'_> {
    fn failure(&self, element: &str) -> String {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(self.text),
            quote(self.layout),
            quote(self.rest),
            quote(element)
        )
    }

    fn digits(&mut self, count: usize, element: &str) -> Result<i32, String> {
        let digits = self.rest.get(..count).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let value = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| self.failure(element))?;
        self.rest = &self.rest[count..];
        Ok(value)
    }

    /// The only element of the layout that Go lets have one digit.
    fn hour(&mut self) -> Result<i32, String> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        self.digits(digits.clamp(1, 2), "15")
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| self.failure(literal))?;
        Ok(())
    }

    /// An optional fraction of a second, in nanoseconds; more digits than nine are cut off.
    fn fraction(&mut self) -> i32 {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return 0;
        }
        let kept: String = digits[..count].chars().chain("000000000".chars()).take(9).collect();
        self.rest = &digits[count..];
        kept.parse().unwrap_or(0)
    }

    /// Exactly six decimals, in nanoseconds.
    fn micros(&mut self) -> Result<i32, String> {
        let element = ".000000";
        let digits = self.rest.get(..element.len()).and_then(|text| text.strip_prefix(['.', ',']));
        let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let micros: Option<i32> = digits.and_then(|digits| digits.parse().ok());
        let micros = micros.ok_or_else(|| self.failure(element))?;
        self.rest = &self.rest[element.len()..];
        Ok(micros * 1000)
    }

    fn zone(&mut self) -> Result<Offset, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(Offset::UTC);
        }
        let sign = match self.rest.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(self.failure("Z07:00")),
        };
        let two = |range| self.rest.get(range).filter(|text: &&str| text.bytes().all(|b| b.is_ascii_digit()));
        let parts = (two(1..3), self.rest.get(3..4), two(4..6));
        let (Some(hours), Some(":"), Some(minutes)) = parts else { return Err(self.failure("Z07:00")) };
        let (hours, minutes): (i32, i32) = (hours.parse().unwrap_or(0), minutes.parse().unwrap_or(0));
        let outside =
            |what: &str| format!("parsing time {}: time zone offset {what} out of range", quote(self.text));
        if hours > 24 {
            return Err(outside("hour"));
        }
        if minutes > 60 {
            return Err(outside("minute"));
        }
        let offset =
            Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| outside("hour"))?;
        self.rest = &self.rest[6..];
        Ok(offset)
    }
}
