//! Tables of figures that were made up.

use http::StatusCode;

use super::*;
use crate::scenario::attack::attackers::tests::tally;

/// A size with whole numbers.
pub(crate) fn size() -> Size {
    Size {
        turn: Duration::from_secs(5),
        rate: 500,
        connections: 1000,
        watchers: 200,
        body_bytes: 10 << 20,
        labels: 100,
        senders: 4,
        body_pause: Duration::from_millis(500),
        label_pause: Duration::from_secs(1),
        listers: 16,
        list_objects: 5000,
        list_hold: Duration::from_secs(2),
    }
}

const HELP: &str = "--max-body-bytes N\n[default: 3145728]\n--max-body-bytes-inflight N\n[default: 67108864]\n\
                    --max-response-bytes-inflight N\n[default: 268435456]\n";

fn turn(p99_us: u64, cpu_ms: u64, peak_mib: u64) -> Turn {
    let mut latencies = vec![Duration::from_micros(p99_us); 2];
    latencies.extend(vec![Duration::from_micros(300); 98]);
    Turn {
        visit: Visit { latencies, ..Visit::default() },
        elapsed: Duration::from_secs(5),
        server_cpu: Duration::from_millis(cpu_ms),
        driver_cpu: Duration::from_millis(2 * cpu_ms),
        peak_kib: peak_mib * 1024,
    }
}

fn measured(attack: Attack, attacked_us: u64, attacked_mib: u64) -> Measured {
    Measured {
        attack,
        quiet: vec![turn(1000, 500, 20), turn(1000, 500, 90)],
        attacked: vec![turn(attacked_us, 1000, attacked_mib), turn(attacked_us, 1000, attacked_mib - 1)],
        tally: tally(&[StatusCode::PAYLOAD_TOO_LARGE; 2]),
    }
}

#[test]
fn a_row_says_what_others_and_attackers_got() {
    let all = [2100, 1900, 2500].map(|us| measured(Attack::LargeBodies, us, 50));
    let text = service(&size(), &all).to_markdown();
    let row = "| bodies that are too large | memory | HTTP/1.1, TLS, loopback | 4 at a time, 10 MiB each, 500 ms of pause \
               | 1 | 2.10 (1.90..2.50) | 0.300 | 0.300 | 2.10 (1.90..2.50) | at most 2 | missed | 6 × 413 | 6 | 0 \
               | 0.100, 0.200 | 0.200, 0.400 |\n";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("- Runs: 3, each attack"), "{text}");
    let text = service(&size(), &[measured(Attack::LargeBodies, 2000, 50)]).to_markdown();
    assert!(text.contains("| 2 | at most 2 | reached |"), "{text}");
}

#[test]
fn memory_grows_from_before_the_first_attack() {
    let limits = Limits::parse(HELP).unwrap();
    let text = memory(&size(), &limits, &[measured(Attack::SilentTls, 1000, 70)]).to_markdown();
    let row = "| connections without a request | 20 | 70 | 50 | 53.7 | reached | 1000 × 35 KiB; 4995 writes of others × 4 KiB |\n";
    assert!(text.contains(row), "{text}");
    let text = memory(&size(), &limits, &[measured(Attack::SilentTcp, 1000, 70)]).to_markdown();
    assert!(text.contains("| 20 | 70 | 50 | 34.2 | missed | 1000 × 15 KiB"), "{text}");
}

#[test]
fn errors_of_others_and_attacks_without_a_trace_are_problems() {
    let mut all = [measured(Attack::LargeBodies, 1000, 50), measured(Attack::Nobody, 1000, 50)];
    all[1].tally = Tally::default();
    assert_eq!(problems(&all), Vec::<String>::new());
    all[0].tally = Tally::default();
    all[0].attacked[1].visit.errors = 2;
    all[0].attacked[1].visit.first_error = Some("no".to_owned());
    assert_eq!(
        problems(&all),
        [
            "bodies that are too large: 2 errors of others, the first: no",
            "bodies that are too large: it did not happen"
        ]
    );
}
