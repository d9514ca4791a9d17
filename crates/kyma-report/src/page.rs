//! `report.html`: a run in one file that needs nothing else.

use std::fmt::Write;

use crate::chart::{COLOURS, escaped, quantity, shares, svg};
use crate::panels::{Curve, Drawn, PANELS, Panel, Unit};
use crate::result::{Figure, RunResult};
use crate::spread::Spread;
use crate::summary::number;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The figures on top, by their names.
const HEADLINES: [&str; 6] = [
    "makespan_seconds",
    "makespan_ratio",
    "kymas_ready",
    "writes_per_kyma",
    "operator_memory_mib",
    "operator_cpu_ms_per_write",
];
/// The distributions that are drawn, by the end of their names.
const LATENESS: &str = "_lateness_seconds";

/// The run as a page.
#[must_use]
pub fn html(result: &RunResult) -> String {
    let mut text = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let name = escaped(&result.name);
    let _ = write!(
        text,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Load test {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    headline(&mut text, result);
    figures(&mut text, result);
    times(&mut text, result);
    surroundings(&mut text, result);
    charts(&mut text, result);
    let _ = write!(text, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    text
}

fn headline(text: &mut String, result: &RunResult) {
    let (class, verdict) = match &result.unfinished {
        None => ("good", "All have arrived".to_owned()),
        Some(why) => ("bad", format!("Not finished: {why}")),
    };
    let _ = write!(
        text,
        "<header>\n<h1>Load test {}</h1>\n<p class=\"verdict {class}\">{}</p>\n<p>{} s, begun {}</p>\n<ul class=\"cards\">\n",
        escaped(&result.name),
        escaped(&verdict),
        number(result.seconds),
        escaped(&result.started)
    );
    for name in HEADLINES {
        if let Some(figure) = result.figures.iter().find(|figure| figure.name == name) {
            let _ = writeln!(text, "<li><b>{}</b> {}</li>", value(figure), escaped(&figure.title));
        }
    }
    text.push_str("</ul>\n");
    if !result.remarks.is_empty() {
        text.push_str("<ul class=\"remarks\">\n");
        for remark in &result.remarks {
            let _ = writeln!(text, "<li>{}</li>", escaped(remark));
        }
        text.push_str("</ul>\n");
    }
    text.push_str("</header>\n");
}

fn value(figure: &Figure) -> String {
    figure.value.map_or_else(
        || "not known".to_owned(),
        |value| format!("{} {}", number(value), escaped(&figure.unit)),
    )
}

fn figures(text: &mut String, result: &RunResult) {
    text.push_str("<section>\n<h2>Figures</h2>\n<table>\n<thead><tr><th>figure</th><th>value</th><th>origin</th></tr></thead>\n<tbody>\n");
    for figure in &result.figures {
        let origin = figure.origin.word();
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td class=\"number\">{}</td><td>{origin}</td></tr>",
            escaped(&figure.title),
            value(figure)
        );
    }
    text.push_str("</tbody>\n</table>\n</section>\n");
}

fn times(text: &mut String, result: &RunResult) {
    text.push_str("<section>\n<h2>Times</h2>\n<p>Measured by a watch of the load test's own. Late is what comes later than the life cycle's table says.</p>\n");
    let late: Vec<Curve> = result
        .distributions
        .iter()
        .filter(|distribution| distribution.name.ends_with(LATENESS) && distribution.spread.count > 0)
        .map(|distribution| Curve { name: distribution.title.clone(), points: share(&distribution.spread) })
        .collect();
    if !late.is_empty() {
        text.push_str("<figure class=\"wide\">\n<figcaption>How late: the share of all that was at most so late</figcaption>\n");
        text.push_str(&shares("How late", &late));
        text.push_str("<p class=\"names\">");
        for (curve, colour) in late.iter().zip(COLOURS) {
            let _ =
                write!(text, "<span><i style=\"background:{colour}\"></i>{}</span> ", escaped(&curve.name));
        }
        text.push_str("</p>\n</figure>\n");
    }
    text.push_str("<table>\n<thead><tr><th>time</th><th>count</th><th>min</th><th>p50</th><th>p90</th><th>p99</th><th>max</th></tr></thead>\n<tbody>\n");
    for distribution in &result.distributions {
        let Spread { count, min, p50, p90, p99, max, .. } = distribution.spread;
        let _ =
            write!(text, "<tr><td>{}</td><td class=\"number\">{count}</td>", escaped(&distribution.title));
        for value in [min, p50, p90, p99, max] {
            let value = if count == 0 { String::new() } else { quantity(value, Unit::Seconds) };
            let _ = write!(text, "<td class=\"number\">{value}</td>");
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table>\n</section>\n");
}

/// Times with the share, in percent, of all that are at most so long.
fn share(spread: &Spread) -> Vec<(f64, f64)> {
    let mut seen = 0;
    let mut points = vec![(0.0, 0.0)];
    for (time, count) in &spread.bars {
        points.push((*time, seen as f64 / spread.count as f64 * 100.0));
        seen += count;
        points.push((*time, seen as f64 / spread.count as f64 * 100.0));
    }
    points
}

fn surroundings(text: &mut String, result: &RunResult) {
    text.push_str("<section>\n<h2>Settings and machine</h2>\n<dl>\n");
    let machine = &result.environment;
    let mut rows: Vec<(String, String)> =
        result.settings.iter().map(|setting| (setting.name.clone(), setting.value.clone())).collect();
    rows.push(("scenario".into(), result.scenario.to_string()));
    rows.push((
        "machine".into(),
        format!(
            "{}, {} cores, {} of memory, {}; load average {} at the start",
            machine.cpu,
            machine.cores,
            quantity(machine.memory_bytes as f64, Unit::Bytes),
            machine.kernel,
            number(machine.load)
        ),
    ));
    rows.push(("program".into(), result.tool.clone()));
    for (name, value) in rows {
        let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escaped(&name), escaped(&value));
    }
    text.push_str("</dl>\n</section>\n");
}

fn charts(text: &mut String, result: &RunResult) {
    text.push_str("<section id=\"charts\">\n<h2>Charts</h2>\n<p class=\"screen\">Point at a chart for the values at that time; drag over one to see that time in all, double-click for the whole. <button id=\"whole\" hidden>whole time</button></p>\n");
    for group in PANELS.chunk_by(|a, b| a.group == b.group) {
        let _ = write!(text, "<h3>{}</h3>\n<div class=\"group\">\n", escaped(group[0].group));
        for panel in group {
            chart(text, panel, &panel.draw(result), result.seconds);
        }
        text.push_str("</div>\n");
    }
    text.push_str("</section>\n");
}

fn chart(text: &mut String, panel: &Panel, drawn: &Drawn, seconds: f64) {
    let _ = writeln!(
        text,
        "<figure data-unit=\"{}\">\n<figcaption>{}</figcaption>",
        unit(panel.unit),
        escaped(panel.title)
    );
    if drawn.curves.is_empty() {
        let _ = writeln!(
            text,
            "<p class=\"empty\">{}</p>\n</figure>",
            escaped(drawn.note.as_deref().unwrap_or_default())
        );
        return;
    }
    text.push_str(&svg(panel, drawn, seconds));
    text.push_str("\n<table class=\"legend\">\n<thead><tr><th></th><th>min</th><th>avg</th><th>max</th><th class=\"now\"></th></tr></thead>\n<tbody>\n");
    for (curve, colour) in drawn.curves.iter().zip(COLOURS) {
        let values = || curve.points.iter().map(|(_, value)| *value);
        let (min, max) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        let mean = values().sum::<f64>() / curve.points.len().max(1) as f64;
        let _ = write!(text, "<tr><td><i style=\"background:{colour}\"></i>{}</td>", escaped(&curve.name));
        for value in [min, mean, max] {
            let _ = write!(text, "<td class=\"number\">{}</td>", quantity(value, panel.unit));
        }
        text.push_str("<td class=\"number now\"></td></tr>\n");
    }
    for (name, value) in panel.original {
        let _ = writeln!(
            text,
            "<tr class=\"elsewhere\"><td><i class=\"original\"></i>{}</td><td></td><td class=\"number\">{}</td><td></td><td class=\"now\"></td></tr>",
            escaped(name),
            quantity(*value, panel.unit)
        );
    }
    text.push_str("</tbody>\n</table>\n");
    if let Some(note) = &drawn.note {
        let _ = writeln!(text, "<p class=\"note\">{}</p>", escaped(note));
    }
    text.push_str("</figure>\n");
}

/// A unit's name, for the page's script.
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::PerSecond => "per-second",
        Unit::Seconds => "seconds",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes-per-second",
        Unit::Cores => "cores",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::tests::result;
    use crate::result::Distribution;

    #[test]
    fn a_page_has_all_panels_and_needs_nothing_else() {
        let mut run = result(&[
            ("operator", r#"workqueue_depth{name="<kyma>"}"#, &[(0.0, 1.0), (5.0, 3.0)]),
            ("operator", "process_cpu_seconds_total", &[(0.0, 1.0), (5.0, 3.0)]),
        ]);
        let mut durations = crate::spread::Durations::default();
        durations.record(std::time::Duration::from_millis(20));
        run.distributions.push(Distribution {
            name: "kyma_lateness_seconds".into(),
            title: "late".into(),
            spread: durations.spread(),
        });
        let page = html(&run);
        assert_eq!(page.matches("<figcaption>").count(), PANELS.len() + 1);
        assert!(
            page.contains("Load test a &lt;run&gt;")
                && page.contains("&lt;kyma&gt;")
                && !page.contains("<kyma>")
        );
        // The name of a language, which nobody fetches.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        for (open, close) in
            [("<table", "</table>"), ("<figure", "</figure>"), ("<svg", "</svg>"), ("<tr", "</tr>")]
        {
            assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
        }
    }

    #[test]
    fn shares_end_at_all() {
        let spread = Spread { count: 4, bars: vec![(0.1, 1), (0.5, 3)], ..Spread::default() };
        assert_eq!(share(&spread), [(0.0, 0.0), (0.1, 0.0), (0.1, 25.0), (0.5, 25.0), (0.5, 100.0)]);
    }
}
