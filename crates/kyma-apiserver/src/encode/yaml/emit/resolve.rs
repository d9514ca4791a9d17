//! Which strings YAML 1.1 would read as something else when they stand unquoted: `resolve.go` and `isBase60Float`.

/// Whether the text, unquoted, would be read as null, a boolean, a number or a time.
pub(super) fn looks_like_another_type(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    match first {
        'y' | 'Y' | 'n' | 'N' | 't' | 'T' | 'f' | 'F' | 'o' | 'O' | '~' => is_word(text),
        '.' => matches!(text, ".nan" | ".NaN" | ".NAN") || is_infinity(text) || is_fraction(text),
        '+' | '-' => is_infinity(&text[1..]) || is_number(text) || is_base60(text),
        '0'..='9' => is_timestamp(text) || is_number(text) || is_base60(text),
        _ => false,
    }
}

/// The words for null and the booleans, which may be in lower case, capitalised, or in upper case.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
    let rest = text.get(1..).unwrap_or_default();
    let same_case = rest.bytes().all(|byte| byte.is_ascii_lowercase())
        || text.bytes().all(|byte| byte.is_ascii_uppercase());
    text == "~" || same_case && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn is_infinity(text: &str) -> bool {
    matches!(text, ".inf" | ".Inf" | ".INF")
}

/// Whether `strconv.ParseFloat` reads a text that begins with a point: with underscores between digits only.
fn is_fraction(text: &str) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let separates = |at: usize| at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1));
    text.match_indices('_').all(|(at, _)| separates(at)) && is_float(&text.replace('_', ""))
}

fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    is_integer(&plain) || is_float(&plain) || is_binary(&plain)
}

/// Whether `strconv.ParseInt` or `ParseUint` reads the text with base 0.
fn is_integer(text: &str) -> bool {
    let (sign, digits) = split_sign(text);
    let prefix = digits.get(..2).filter(|_| digits.len() > 2).unwrap_or_default();
    match prefix {
        "0b" | "0B" => is_in_range(sign, &digits[2..], 2),
        "0o" | "0O" => is_in_range(sign, &digits[2..], 8),
        "0x" | "0X" => is_in_range(sign, &digits[2..], 16),
        _ if digits.len() > 1 && digits.starts_with('0') => is_in_range(sign, &digits[1..], 8),
        _ => is_in_range(sign, digits, 10),
    }
}

/// Whether the text is a binary number with a sign at an odd place, since it is cut from its prefix once more.
fn is_binary(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("-0b") {
        return is_in_range(Some('-'), rest, 2);
    }
    text.strip_prefix("0b").map(split_sign).is_some_and(|(sign, digits)| is_in_range(sign, digits, 2))
}

fn split_sign(text: &str) -> (Option<char>, &str) {
    match text.chars().next() {
        Some(sign @ ('+' | '-')) => (Some(sign), &text[1..]),
        _ => (None, text),
    }
}

/// Whether 64 bits hold the number, without a sign those of an unsigned one.
fn is_in_range(sign: Option<char>, digits: &str, radix: u32) -> bool {
    let max = match sign {
        None => u64::MAX,
        Some('-') => 1 << 63,
        Some(_) => (1 << 63) - 1,
    };
    digits.chars().all(|char| char.is_digit(radix))
        && u64::from_str_radix(digits, radix).is_ok_and(|number| number <= max)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, with a value that 64 bits hold.
fn is_float(text: &str) -> bool {
    let (_, unsigned) = split_sign(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(split_sign(exponent).1)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`: what YAML 1.1 counts in minutes and degrees. Go reads these
/// as strings, but quotes them for others.
fn is_base60(text: &str) -> bool {
    let (_, unsigned) = split_sign(text);
    let (places, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digit_or_underscore = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let mut places = places.split(':');
    let first = places.next().unwrap_or_default();
    let mut rest = places.peekable();
    first.starts_with(|char: char| char.is_ascii_digit())
        && first.bytes().all(digit_or_underscore)
        && fraction.bytes().all(digit_or_underscore)
        && rest.peek().is_some()
        && rest.all(|place| matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// Whether Go's `time.Parse` reads the text in one of the formats `2006-1-2`, `2006-1-2T15:4:5.999999999Z07:00` (also
/// with a small t) and `2006-1-2 15:4:5.999999999`.
fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

fn timestamp(text: &str) -> Option<()> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, rest) = one_or_two_digits(text[4..].strip_prefix('-')?)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix('-')?)?;
    let within_month = (1..=days_in(year.parse().ok()?, month)?).contains(&day);
    let (rest, zoned) = match rest.chars().next() {
        None => return within_month.then_some(()),
        Some('T' | 't') => (&rest[1..], true),
        Some(' ') => (rest.trim_start_matches(' '), false),
        Some(_) => return None,
    };
    let (hour, rest) = one_or_two_digits(rest)?;
    let (minute, rest) = one_or_two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = one_or_two_digits(rest.strip_prefix(':')?)?;
    // A comma separates the fraction just as well; both without digits behind are no fraction.
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) if fraction.starts_with(|char: char| char.is_ascii_digit()) => {
            fraction.trim_start_matches(|char: char| char.is_ascii_digit())
        }
        _ => rest,
    };
    let zone_fits = if zoned { is_zone(rest) } else { rest.is_empty() };
    (within_month && hour < 24 && minute < 60 && second < 60 && zone_fits).then_some(())
}

fn one_or_two_digits(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

/// `Z`, or a sign with hours and minutes, of which Go takes 24 and 60 as well.
fn is_zone(text: &str) -> bool {
    let two_digits = |text: &str, max| {
        text.len() == 2
            && one_or_two_digits(text).is_some_and(|(value, rest)| rest.is_empty() && value <= max)
    };
    let offset = || text.strip_prefix(['+', '-'])?.split_once(':');
    text == "Z" || offset().is_some_and(|(hours, minutes)| two_digits(hours, 24) && two_digits(minutes, 60))
}
