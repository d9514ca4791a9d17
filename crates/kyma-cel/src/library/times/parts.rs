//! Parts of durations and of timestamps, in UTC or in a zone.

use jiff::civil::{DateTime, Weekday};

use super::NANOS;
use crate::error::EvalError;
use crate::library::{Implementation, no_such_overload, text};
use crate::value::{Outcome, Timestamp, Value};

/// What one asks of a timestamp.
type Part = fn(DateTime, u32) -> i64;

/// Date and time of day that many seconds east of UTC.
pub(super) fn at_offset(time: Timestamp, offset: i64) -> DateTime {
    let seconds = time.seconds.saturating_add(offset);
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or_default();
    let rest = seconds.rem_euclid(86_400);
    let small = |value: i64| i8::try_from(value).unwrap_or_default();
    let date = epoch.saturating_add(jiff::Span::new().try_days(days).unwrap_or_default());
    date.at(small(rest / 3600), small(rest / 60 % 60), small(rest % 60), 0)
}

/// The offset from UTC in that zone: the name of one, or `+01:30`.
fn zone_offset(time: Timestamp, zone: &str) -> Result<i64, EvalError> {
    let Some((hours, minutes)) = zone.split_once(':') else {
        if zone.is_empty() || zone == "UTC" {
            return Ok(0);
        }
        let unknown = || EvalError::new(format!("unknown time zone {zone}"));
        // Names are written exactly so, and none is the machine's own zone.
        let found = jiff::tz::TimeZone::get(zone).map_err(|_| unknown())?;
        if found.iana_name() != Some(zone) {
            return Err(unknown());
        }
        let at = jiff::Timestamp::from_second(time.seconds).map_err(|_| unknown())?;
        return Ok(i64::from(found.to_offset(at).seconds()));
    };
    let number = |text: &str| {
        crate::number::parse_int(text)
            .ok_or_else(|| EvalError::new(format!("strconv.Atoi: parsing \"{text}\": invalid syntax")))
    };
    let (h, m) = (number(hours)?, number(minutes)?);
    let total = if zone.starts_with('-') {
        h.saturating_mul(60).saturating_sub(m)
    } else {
        h.saturating_mul(60).saturating_add(m)
    };
    Ok(total.saturating_mul(60))
}

fn part<'d>(args: &[Value<'d>], of: Part) -> Outcome<'d> {
    let Some(Value::Timestamp(time)) = args.first() else { return no_such_overload() };
    let offset = if args.len() > 1 { zone_offset(*time, text(args, 1)?)? } else { 0 };
    Ok(Value::Int(of(at_offset(*time, offset), time.nanos)))
}

/// A number of whole units of a duration.
fn units<'d>(args: &[Value<'d>], nanos: i64) -> Outcome<'d> {
    match args {
        [Value::Duration(value)] => Ok(Value::Int(value / nanos)),
        _ => no_such_overload(),
    }
}

macro_rules! part {
    ($of:expr) => {
        |args| part(args, $of)
    };
}

pub(in crate::library) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload.strip_suffix("_with_tz").unwrap_or(overload) {
        "timestamp_to_year" => part!(|at, _| i64::from(at.year())),
        "timestamp_to_month" => part!(|at, _| i64::from(at.month()) - 1),
        "timestamp_to_day_of_year" => part!(|at, _| i64::from(at.day_of_year()) - 1),
        "timestamp_to_day_of_month" => part!(|at, _| i64::from(at.day()) - 1),
        "timestamp_to_day_of_month_1_based" => part!(|at, _| i64::from(at.day())),
        "timestamp_to_day_of_week" => part!(|at, _| i64::from(Weekday::to_sunday_zero_offset(at.weekday()))),
        "timestamp_to_hours" => part!(|at, _| i64::from(at.hour())),
        "timestamp_to_minutes" => part!(|at, _| i64::from(at.minute())),
        "timestamp_to_seconds" | "timestamp_to_seconds_tz" => part!(|at, _| i64::from(at.second())),
        "timestamp_to_milliseconds" => part!(|_, nanos| i64::from(nanos / 1_000_000)),
        "duration_to_hours" => |args| units(args, 3600 * NANOS),
        "duration_to_minutes" => |args| units(args, 60 * NANOS),
        "duration_to_seconds" => |args| units(args, NANOS),
        "duration_to_milliseconds" => |args| units(args, 1_000_000),
        _ => return None,
    })
}
