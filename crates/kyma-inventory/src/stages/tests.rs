use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Progress, Stage, Step, due, format_time, parse_time, remaining, step};
use crate::sample;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn stage(word: &str) -> Stage {
    let stage = Stage::parse(word);
    assert_eq!(stage.word(), word);
    stage
}

fn progress(word: &str, last: Option<Timestamp>) -> Progress {
    Progress {
        stage: stage(word),
        name_bytes: 5,
        last_reconciliation: last,
        generation: 1,
        observed_generation: Some(1),
    }
}

#[test]
fn the_life_cycle_is_the_one_of_the_proof_of_concept() {
    let cycle: Vec<_> =
        Stage::all().map(|stage| (stage.word(), stage.delay(22).map(|d| d.as_secs()))).collect();
    let expected = [
        ("", Some(0)),
        ("pending", Some(1)),
        ("started", Some(22)),
        ("failing", Some(22)),
        ("retrying", Some(22)),
        ("success", None),
    ];
    assert_eq!(cycle, expected);
    assert_eq!((Stage::FIRST, Stage::SUCCESS), (stage("pending"), stage("success")));
    assert_eq!(Stage::SUCCESS.next(), None);
}

#[test]
fn an_unknown_word_counts_as_no_word() {
    for word in ["Success", "SUCCESS", "done", " pending", "🦀"] {
        assert_eq!(Stage::parse(word), Stage::EMPTY, "{word}");
    }
}

#[test]
fn reasons_are_legal_for_a_condition() {
    for stage in Stage::all() {
        assert!(stage.reason().chars().all(|c| c.is_ascii_alphabetic()) && !stage.reason().is_empty());
        assert_eq!(stage.ready().ready, stage == Stage::SUCCESS);
    }
}

#[test]
fn the_remaining_path_shrinks_with_each_stage() {
    let of = |word, n| remaining(stage(word), n);
    for n in [0, 1, 22, 253] {
        let bytes = n as u64;
        assert_eq!(of("", n), 1 + 3 * bytes);
        assert_eq!(of("pending", n), 1 + 3 * bytes);
        assert_eq!(of("started", n), 3 * bytes);
        assert_eq!(of("failing", n), 2 * bytes);
        assert_eq!(of("retrying", n), bytes);
        assert_eq!(of("success", n), 0);
    }
    let longest = sample::COMPONENTS.iter().map(|(name, _)| remaining(Stage::EMPTY, name.len())).max();
    assert_eq!(longest, Some(67));
    // Absurd lengths saturate instead of overflowing.
    assert_eq!(remaining(Stage::EMPTY, usize::MAX), 1 + 3 * u64::from(u32::MAX));
}

#[test]
fn each_stage_waits_for_its_time_and_leads_to_the_next() {
    let table = [
        ("", None, 0, Step::Enter(stage("pending"))),
        ("pending", Some(0), 0, Step::WaitUntil(at(1))),
        ("pending", Some(0), 1, Step::Enter(stage("started"))),
        ("started", Some(0), 4, Step::WaitUntil(at(5))),
        ("started", Some(0), 5, Step::Enter(stage("failing"))),
        ("failing", Some(0), 9, Step::Enter(stage("retrying"))),
        ("retrying", Some(0), 4, Step::WaitUntil(at(5))),
        ("retrying", Some(0), 5, Step::Enter(stage("success"))),
        ("success", Some(0), 999, Step::Rest),
        ("success", None, 0, Step::Rest),
    ];
    for (word, last, now, expected) in table {
        let decided = step(&progress(word, last.map(at)), at(now), at(now));
        assert_eq!(decided, expected, "{word} at {now}");
    }
}

#[test]
fn a_changed_spec_starts_again_from_any_stage() {
    for stage in Stage::all() {
        let changed = Progress { stage, generation: 2, ..progress("pending", Some(at(0))) };
        assert_eq!(step(&changed, at(0), at(0)), Step::Enter(Stage::FIRST), "{stage:?}");
        // Objects of the proof of concept carry no observedGeneration and are left alone.
        let old = Progress { observed_generation: None, ..changed };
        assert_ne!(stage != Stage::EMPTY, step(&old, at(0), at(0)) == Step::Enter(Stage::FIRST), "{stage:?}");
    }
}

#[test]
fn a_time_that_is_absent_or_ahead_costs_one_delay_and_no_more() {
    for last in [None, Some(at(100_000))] {
        let waiting = progress("started", last);
        assert_eq!(step(&waiting, at(10), at(10)), Step::WaitUntil(at(15)));
        assert_eq!(step(&waiting, at(10), at(15)), Step::Enter(stage("failing")));
    }
}

#[test]
fn due_is_clamped_to_one_delay_from_now() {
    assert_eq!(due(Some(at(0)), secs(5), at(2)), at(5));
    assert_eq!(due(Some(at(-50)), secs(5), at(2)), at(2));
    assert_eq!(due(Some(at(50)), secs(5), at(2)), at(7));
    assert_eq!(due(None, secs(5), at(2)), at(7));
    assert_eq!(due(Some(Timestamp::MAX), secs(5), Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn times_are_written_in_microseconds_and_read_leniently() {
    assert_eq!(format_time(at(0)), "2023-11-14T22:13:20.000000Z");
    let fine: Timestamp = "2023-11-14T22:13:20.123456789Z".parse().unwrap();
    assert_eq!(format_time(fine), "2023-11-14T22:13:20.123456Z");
    for text in ["2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14t22:13:20.000z"] {
        assert_eq!(parse_time(text), Some(at(0)), "{text}");
    }
    for text in ["", "yesterday", "2023-13-01T00:00:00Z"] {
        assert_eq!(parse_time(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_whole_life_takes_the_remaining_path_and_skips_nothing(name_bytes in 0_usize..300, late in 0_i64..5) {
        let mut progress = Progress { stage: Stage::EMPTY, name_bytes, ..progress("", None) };
        let (mut now, mut words, mut lateness) = (at(0), Vec::new(), 0);
        loop {
            match step(&progress, now, now) {
                Step::Enter(stage) => {
                    words.push(stage.word());
                    progress = Progress { stage, last_reconciliation: Some(now), ..progress };
                }
                // Whoever is late by some seconds lengthens the path by just that.
                Step::WaitUntil(due) => {
                    now = due + secs(late);
                    lateness += late;
                }
                Step::Rest => break,
            }
        }
        prop_assert_eq!(words, ["pending", "started", "failing", "retrying", "success"]);
        let path = i64::try_from(remaining(Stage::EMPTY, name_bytes)).unwrap();
        prop_assert_eq!(now, at(path + lateness));
    }
}
