//! A chart as SVG. What is drawn lies in an SVG of its own inside, whose view box is seconds by height: so a page can show a
//! part of the time by another view box, and nothing is drawn twice.

use std::fmt::Write;

use crate::panels::{Curve, Drawn, Panel, Unit};
use crate::summary::number;

/// Width and height of a chart, and of what is drawn inside of it.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;
/// Width and height of the drawing.
pub const INNER: (f64, f64) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
/// Lines across, without the one at the bottom.
const LINES: u32 = 4;
/// Numbers along the time.
const TICKS: u32 = 6;

/// Colours that can be told apart by most people, on light and on dark ground (after Okabe and Ito).
pub const COLOURS: [&str; 10] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6bb1", "#b8a000", "#7f7f7f",
    "#a65628",
];

/// What a panel has drawn, as SVG; `seconds` is the whole time.
#[must_use]
pub fn svg(panel: &Panel, drawn: &Drawn, seconds: f64) -> String {
    let seconds = if seconds > 0.0 { seconds } else { 1.0 };
    let top = top(panel, drawn);
    let mut text = opened(panel.title, top, &format!("0 0 {} {}", plain(seconds), INNER.1));
    let y = |value: f64| INNER.1 - value / top * INNER.1;
    for (_, value) in panel.original {
        let at = plain(y(*value));
        let _ = write!(text, r#"<path class="original" d="M0 {at}H{}"/>"#, plain(seconds));
    }
    for (curve, colour) in drawn.curves.iter().zip(COLOURS) {
        let _ = write!(text, r#"<path class="curve" stroke="{colour}" d="{}"/>"#, path(curve, y));
    }
    text.push_str("</svg>");
    lines(&mut text, top, panel.unit);
    ticks(&mut text, seconds, |at| format!("{} s", number(at)));
    text.push_str("</svg>");
    text
}

/// How times are spread: which share of them, in percent, is at most so long. `curves` are times and shares.
#[must_use]
pub fn shares(title: &str, curves: &[Curve]) -> String {
    let longest = curves.iter().flat_map(|curve| &curve.points).map(|(time, _)| *time).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let mut text = opened(title, 100.0, &format!("0 0 {} {}", plain(longest), INNER.1));
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let d = path(curve, |share| INNER.1 - share / 100.0 * INNER.1);
        let _ = write!(text, r#"<path class="curve" stroke="{colour}" d="{d}"/>"#);
    }
    text.push_str("</svg>");
    for line in 0..=LINES {
        let share = f64::from(line) / f64::from(LINES) * 100.0;
        across(&mut text, share / 100.0, &format!("{} %", number(share)));
    }
    ticks(&mut text, longest, |at| quantity(at, Unit::Seconds));
    text.push_str("</svg>");
    text
}

fn opened(title: &str, top: f64, view: &str) -> String {
    format!(
        concat!(
            r#"<svg class="chart" viewBox="0 0 {width} {height}" role="img" data-top="{top}">"#,
            "<title>{title}</title>",
            r#"<svg class="plot" x="{x}" y="{y}" width="{w}" height="{h}" viewBox="{view}" preserveAspectRatio="none">"#,
        ),
        width = WIDTH,
        height = HEIGHT,
        top = top,
        title = escaped(title),
        x = LEFT,
        y = TOP,
        w = INNER.0,
        h = INNER.1,
        view = view,
    )
}

fn path(curve: &Curve, y: impl Fn(f64) -> f64) -> String {
    let mut d = String::new();
    for (index, (x, value)) in curve.points.iter().enumerate() {
        let _ = write!(d, "{}{} {}", if index == 0 { 'M' } else { 'L' }, plain(*x), plain(y(*value)));
    }
    d
}

/// The lines across, and what they stand for.
fn lines(text: &mut String, top: f64, unit: Unit) {
    for line in 0..=LINES {
        let share = f64::from(line) / f64::from(LINES);
        across(text, share, &quantity(top * share, unit));
    }
}

fn across(text: &mut String, share: f64, label: &str) {
    let y = TOP + INNER.1 * (1.0 - share);
    let _ = write!(
        text,
        r#"<path class="line" d="M{LEFT} {y}h{}"/><text class="value" x="{}" y="{}">{label}</text>"#,
        INNER.0,
        LEFT - 6.0,
        y + 4.0
    );
}

fn ticks(text: &mut String, whole: f64, label: impl Fn(f64) -> String) {
    text.push_str(r#"<g class="ticks">"#);
    for tick in 0..=TICKS {
        let share = f64::from(tick) / f64::from(TICKS);
        let x = LEFT + INNER.0 * share;
        let _ =
            write!(text, r#"<text x="{}" y="{}">{}</text>"#, plain(x), HEIGHT - 6.0, label(whole * share));
    }
    text.push_str("</g>");
}

/// The value at the top: a round number that is not below any.
fn top(panel: &Panel, drawn: &Drawn) -> f64 {
    let values = drawn.curves.iter().flat_map(|curve| &curve.points).map(|(_, value)| *value);
    let largest = values.chain(panel.original.iter().map(|(_, value)| *value)).fold(0.0, f64::max);
    if largest <= 0.0 {
        return 1.0;
    }
    let base = if panel.unit == Unit::Bytes || panel.unit == Unit::BytesPerSecond {
        2_f64.powf(largest.log2().floor())
    } else {
        10_f64.powf(largest.log10().floor())
    };
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * base).find(|top| *top >= largest).unwrap_or(10.0 * base)
}

/// A value with its unit, short.
#[must_use]
pub fn quantity(value: f64, unit: Unit) -> String {
    let scaled = |steps: &[(f64, &str)], behind: &str| {
        let (size, name) = steps.iter().copied().find(|(size, _)| value.abs() >= *size).unwrap_or((1.0, ""));
        format!("{} {name}{behind}", number(value / size)).trim_end().to_owned()
    };
    const BYTES: [(f64, &str); 3] = [(1_073_741_824.0, "Gi"), (1_048_576.0, "Mi"), (1024.0, "Ki")];
    // Below, four digits are read as fast as one and a letter.
    let (of_thousands, thousands) = if value.abs() >= 1e4 { (1e3, "k") } else { (1.0, "") };
    match unit {
        Unit::Count => format!("{}{thousands}", number(value / of_thousands)),
        Unit::PerSecond => format!("{}{thousands}/s", number(value / of_thousands)),
        Unit::Seconds if value == 0.0 => "0".to_owned(),
        Unit::Seconds if value.abs() < 0.001 => format!("{} µs", number(value * 1e6)),
        Unit::Seconds if value.abs() < 1.0 => format!("{} ms", number(value * 1e3)),
        Unit::Seconds => format!("{} s", number(value)),
        Unit::Bytes => scaled(&BYTES, "B"),
        Unit::BytesPerSecond => scaled(&BYTES, "B/s"),
        Unit::Cores => number(value),
    }
}

/// A coordinate: as precise as a chart can show.
fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text as a part of a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::PANELS;

    #[test]
    fn values_read_well() {
        for (value, unit, text) in [
            (0.0, Unit::Seconds, "0"),
            (0.000_25, Unit::Seconds, "250 µs"),
            (0.0081, Unit::Seconds, "8.1 ms"),
            (67.0, Unit::Seconds, "67 s"),
            (1536.0, Unit::Bytes, "1.5 KiB"),
            (0.0, Unit::Bytes, "0 B"),
            (350e6, Unit::Bytes, "334 MiB"),
            (2048.0, Unit::BytesPerSecond, "2 KiB/s"),
            (72_000.0, Unit::Count, "72k"),
            (5.0, Unit::Count, "5"),
            (96.0, Unit::PerSecond, "96/s"),
            (12_800.0, Unit::PerSecond, "12.8k/s"),
            (0.2, Unit::Cores, "0.2"),
        ] {
            assert_eq!(quantity(value, unit), text);
        }
    }

    #[test]
    fn a_chart_is_well_formed_and_its_top_is_round() {
        let panel = PANELS.iter().find(|panel| panel.title == "CPU").unwrap();
        let curve = Curve { name: "operator".into(), points: vec![(0.0, 0.0), (10.0, 0.7), (20.0, 0.35)] };
        let drawn = Drawn { curves: vec![curve], note: None };
        let text = svg(panel, &drawn, 20.0);
        assert_eq!(top(panel, &drawn), 0.8);
        assert!(text.contains(r#"d="M0 216L10 27L20 121.5""#), "{text}");
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
        assert_eq!(text.matches("<text").count(), (LINES + 1 + TICKS + 1) as usize);
        let empty = Drawn { curves: vec![], note: None };
        assert_eq!(top(panel, &empty), 0.2, "that of the original");
    }

    #[test]
    fn what_names_say_is_no_markup() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
