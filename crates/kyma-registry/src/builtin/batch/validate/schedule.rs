//! Schedules of cron (`ParseStandard` of `github.com/robfig/cron/v3`): whether one can be read, and why not.

/// A field: its bounds, and names for its numbers.
struct Field {
    min: u64,
    max: u64,
    names: &'static [&'static str],
    /// The number of the first name.
    first: u64,
}

const FIELDS: [Field; 5] = [
    Field { min: 0, max: 59, names: &[], first: 0 },
    Field { min: 0, max: 23, names: &[], first: 0 },
    Field { min: 1, max: 31, names: &[], first: 0 },
    Field {
        min: 1,
        max: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        first: 1,
    },
    Field { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"], first: 0 },
];

const DESCRIPTORS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Reads a schedule.
///
/// # Errors
/// Go's message.
pub(super) fn check(schedule: &str) -> Result<(), String> {
    let mut rest = schedule;
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let Some((_, tail)) = schedule.split_once(' ') else {
            // The parser does not expect the zone to be all there is.
            return Err("invalid schedule format: runtime error: slice bounds out of range [:-1]".to_owned());
        };
        rest = tail.trim();
    }
    if rest.starts_with('@') {
        return match rest.strip_prefix("@every ") {
            Some(text) => {
                duration(text).map_err(|problem| format!("failed to parse duration {rest}: time: {problem}"))
            }
            None if DESCRIPTORS.contains(&rest) => Ok(()),
            None => Err(format!("unrecognized descriptor: {rest}")),
        };
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let list = fields.join(" ");
        return Err(format!("expected exactly {} fields, found {}: [{list}]", FIELDS.len(), fields.len()));
    }
    for (text, field) in fields.iter().zip(&FIELDS) {
        text.split(',').filter(|range| !range.is_empty()).try_for_each(|range| field.range(range))?;
    }
    Ok(())
}

impl Field {
    /// `number`, `number-number` or a star, with a step or without.
    fn range(&self, text: &str) -> Result<(), String> {
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let bounds: Vec<&str> = range.split('-').collect();
        let (start, mut end) = match bounds.as_slice() {
            ["*" | "?", ..] => (self.min, self.max),
            [one] => {
                let number = self.number(one)?;
                (number, number)
            }
            [low, high] => (self.number(low)?, self.number(high)?),
            [low, ..] => {
                self.number(low)?;
                return Err(format!("too many hyphens: {text}"));
            }
            [] => return Ok(()),
        };
        let mut width = 1;
        if let Some(step) = step {
            if step.contains('/') {
                return Err(format!("too many slashes: {text}"));
            }
            width = integer(step)?;
            if bounds.len() == 1 {
                end = self.max;
            }
        }
        let (min, max) = (self.min, self.max);
        if start < min {
            return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
        }
        if end > max {
            return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
        }
        if start > end {
            return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
        }
        if width == 0 {
            return Err(format!("step of range should be a positive number: {text}"));
        }
        Ok(())
    }

    fn number(&self, text: &str) -> Result<u64, String> {
        let position = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match position.and_then(|position| u64::try_from(position).ok()) {
            Some(position) => Ok(position + self.first),
            None => integer(text),
        }
    }
}

fn integer(text: &str) -> Result<u64, String> {
    let failed =
        |problem: &str| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {problem}");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    let number: i64 = text.parse().map_err(|_| failed("value out of range"))?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

/// A duration as Go's `time.ParseDuration` reads it.
fn duration(text: &str) -> Result<(), String> {
    let invalid = || format!("invalid duration {text:?}");
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = rest.strip_suffix(number).unwrap_or_default();
        if !digits.bytes().any(|byte| byte.is_ascii_digit()) || digits.matches('.').count() > 1 {
            return Err(invalid());
        }
        let next = number.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(number.len());
        let (unit, tail) = number.split_at(next);
        match unit {
            "" => return Err(format!("missing unit in duration {text:?}")),
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => {}
            other => return Err(format!("unknown unit {other:?} in duration {text:?}")),
        }
        rest = tail;
    }
    Ok(())
}
