//! Probes and life cycle handlers: how a container is asked, and told.

use super::super::super::spot::{Errors, Spot};
use super::Pod;
use crate::names;
use crate::reason::FieldError;

const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
const CYCLE_HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "sleep"];
const HIGHEST_PORT: i64 = 65_535;

/// The life cycle of a container, and its probes.
pub(super) fn check(pod: &Pod<'_>, container: &Spot<'_>, errors: &mut Errors) {
    let cycle = container.member("lifecycle");
    for event in ["postStart", "preStop"].map(|name| cycle.member(name)) {
        if event.is_set() {
            handler(pod, &event, &CYCLE_HANDLERS, errors);
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let at = container.member(name);
        if !at.is_set() {
            continue;
        }
        probe(pod, &at, errors);
        let (successes, grace) = (at.member("successThreshold"), at.member("terminationGracePeriodSeconds"));
        if name != "readinessProbe" && successes.number() != 1 {
            errors.push(FieldError::invalid(&successes.path, successes.number(), "must be 1"));
        }
        if name == "readinessProbe" && grace.is_set() {
            grace.invalid("must not be set for readinessProbes", errors);
        }
    }
}

fn probe(pod: &Pod<'_>, probe: &Spot<'_>, errors: &mut Errors) {
    handler(pod, probe, &HANDLERS, errors);
    for name in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        probe.member(name).nonnegative(errors);
    }
    let grace = probe.member("terminationGracePeriodSeconds");
    if grace.is_set() && grace.number() <= 0 {
        grace.invalid("must be greater than 0", errors);
    }
}

/// One handler, of those that there are here.
fn handler(pod: &Pod<'_>, at: &Spot<'_>, handlers: &[&str], errors: &mut Errors) {
    let given = handlers.iter().map(|name| (*name, at.member(name))).filter(|(_, handler)| handler.is_set());
    let mut count = 0;
    for (name, handler) in given {
        count += 1;
        if count > 1 {
            handler.forbidden("may not specify more than 1 handler type", errors);
            continue;
        }
        match name {
            "exec" => {
                let command = handler.member("command");
                if command.len() == 0 {
                    command.required("", errors);
                }
            }
            "httpGet" => http(&handler, errors),
            "tcpSocket" => port(&handler.member("port"), errors),
            "grpc" => {
                handler.member("port").between(1, HIGHEST_PORT, errors);
                let mode = handler.member("mode");
                if mode.is_set() {
                    mode.one_of(&["Plaintext", "TLS"], errors);
                }
            }
            _ => sleep(pod, &handler, errors),
        }
    }
    if count == 0 {
        at.required("must specify a handler type", errors);
    }
}

fn http(get: &Spot<'_>, errors: &mut Errors) {
    get.member("path").required_text(errors);
    port(&get.member("port"), errors);
    let (scheme, protocol, host) = (get.member("scheme"), get.member("protocol"), get.member("host"));
    scheme.one_of(&["HTTP", "HTTPS"], errors);
    let headers = get.member("httpHeaders");
    for header in headers.items() {
        let name = header.member("name").at(headers.path.clone());
        name.problems(names::header_name(name.text()), errors);
    }
    if !protocol.is_set() {
        return;
    }
    match protocol.text() {
        "HTTP2" if scheme.text() != "HTTP" => {
            protocol.invalid("is only supported with HTTP (H2C)", errors);
        }
        "HTTP2" if !host.text().is_empty() => {
            host.invalid("must be empty when `protocol` is \"HTTP2\"", errors);
        }
        _ => protocol.one_of(&["HTTP1", "HTTP2"], errors),
    }
}

fn sleep(pod: &Pod<'_>, sleep: &Spot<'_>, errors: &mut Errors) {
    let seconds = sleep.member("seconds").number();
    if let Some(grace) = pod.grace.filter(|grace| !(0..=*grace).contains(&seconds)) {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.push(FieldError::invalid(&sleep.path, seconds, detail));
    }
}

/// A port by its number or its name (`ValidatePortNumOrName`).
pub(in crate::builtin) fn port(port: &Spot<'_>, errors: &mut Errors) {
    if port.value.is_string() {
        port.problems(names::port_name(port.text()), errors);
    } else {
        port.between(1, HIGHEST_PORT, errors);
    }
}
