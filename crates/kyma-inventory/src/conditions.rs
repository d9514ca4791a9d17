//! Conditions, in the manner of `metav1.Condition`.
//!
//! The upstream type is not used for reading, because one unreadable time in it would make the whole object
//! unreadable; here a time is a string until somebody needs it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The one condition type that the operator writes.
pub const READY: &str = "Ready";

/// The longest message that the operator writes, in bytes; what is longer is cut.
pub const MESSAGE_BYTES_MAX: usize = 1024;

/// One aspect of an object's current state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
#[schemars(extend("required" = ["lastTransitionTime", "message", "reason", "status", "type"]))]
pub struct Condition {
    /// Which aspect, for instance Ready.
    #[serde(rename = "type")]
    pub kind: String,
    /// "True", "False" or "Unknown".
    pub status: String,
    /// Why, in one word that programs may compare.
    pub reason: String,
    /// Why, in a sentence for people; may be empty.
    pub message: String,
    /// When the status last went from one value to another.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// The generation of the spec that this condition speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// What a Ready condition shall say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// True or False; the operator never says Unknown.
    pub ready: bool,
    /// One of the reasons in [`reason`] or of a stage.
    pub reason: &'static str,
    /// For people; at most [`MESSAGE_BYTES_MAX`].
    pub message: String,
}

/// The reasons of a Kyma's Ready condition, and of its Events.
pub mod reason {
    /// Components are on their way.
    pub const RECONCILING: &str = "Reconciling";
    /// All components have arrived.
    pub const SUCCESS: &str = "Success";
    /// The name of a component's object is taken by somebody else's.
    pub const NAME_CONFLICT: &str = "NameConflict";
    /// The server refuses a component's object.
    pub const INVALID_COMPONENT: &str = "InvalidComponent";
    /// A component is listed more than once.
    pub const DUPLICATE_COMPONENT: &str = "DuplicateComponent";
}

impl Ready {
    /// `status` as the API spells it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.ready { "True" } else { "False" }
    }

    /// The condition to write, given the one that is there.
    ///
    /// As upstream's `meta.SetStatusCondition`, the transition time moves only when the status does.
    #[must_use]
    pub fn condition(&self, previous: Option<Previous<'_>>, generation: i64, now: Timestamp) -> Condition {
        let kept = previous.filter(|previous| {
            previous.status == self.status() && previous.last_transition_time.parse::<Timestamp>().is_ok()
        });
        Condition {
            kind: READY.to_owned(),
            status: self.status().to_owned(),
            reason: self.reason.to_owned(),
            message: self.message.clone(),
            last_transition_time: kept
                .map_or_else(|| seconds(now), |previous| previous.last_transition_time.to_owned()),
            observed_generation: Some(generation),
        }
    }
}

/// What must be known of the condition that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous<'a> {
    /// Its status.
    pub status: &'a str,
    /// When that status began.
    pub last_transition_time: &'a str,
}

impl<'a> From<&'a Condition> for Previous<'a> {
    fn from(condition: &'a Condition) -> Self {
        Self { status: &condition.status, last_transition_time: &condition.last_transition_time }
    }
}

/// The condition of type Ready, if there is one.
#[must_use]
pub fn ready(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.kind == READY)
}

/// The list to write: everybody else's conditions as they are, in their order, and Ready last.
#[must_use]
pub fn with_ready(foreign: &[Condition], ready: Condition) -> Vec<Condition> {
    let mut all = Vec::with_capacity(foreign.len() + 1);
    all.extend(foreign.iter().filter(|condition| condition.kind != READY).cloned());
    all.push(ready);
    all
}

/// A time as `metav1.Time` writes it: RFC 3339 in UTC, whole seconds.
#[must_use]
pub fn seconds(time: Timestamp) -> String {
    // Truncated, not rounded: a condition must not begin in the future.
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    whole.to_string()
}

/// `text` cut to [`MESSAGE_BYTES_MAX`], at a character's border.
#[must_use]
pub fn bounded(mut text: String) -> String {
    const MARK: &str = "…";
    if text.len() > MESSAGE_BYTES_MAX {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX - MARK.len()));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Condition, MESSAGE_BYTES_MAX, READY, Ready, bounded, ready, seconds, with_ready};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn say(ready: bool, reason: &'static str) -> Ready {
        Ready { ready, reason, message: String::new() }
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let first = say(false, "Pending").condition(None, 1, at(0));
        let second = say(false, "Started").condition(Some((&first).into()), 2, at(5));
        let third = say(true, "Success").condition(Some((&second).into()), 2, at(9));
        assert_eq!(second.last_transition_time, first.last_transition_time);
        assert_eq!((second.reason.as_str(), second.observed_generation), ("Started", Some(2)));
        assert_eq!(third.last_transition_time, seconds(at(9)));
    }

    #[test]
    fn an_unreadable_transition_time_is_replaced() {
        let broken =
            Condition { status: "False".into(), last_transition_time: "soon".into(), ..Default::default() };
        let next = say(false, "Started").condition(Some((&broken).into()), 1, at(3));
        assert_eq!(next.last_transition_time, seconds(at(3)));
    }

    #[test]
    fn the_conditions_of_others_are_kept_in_order() {
        let other = |kind: &str| Condition { kind: kind.into(), ..Default::default() };
        let old = [other("Audited"), other(READY), other("Paused")];
        let new = with_ready(&old, say(true, "Success").condition(ready(&old).map(Into::into), 1, at(1)));
        let kinds: Vec<&str> = new.iter().map(|condition| condition.kind.as_str()).collect();
        assert_eq!(kinds, ["Audited", "Paused", READY]);
        assert_eq!(ready(&new).unwrap().status, "True");
    }

    #[test]
    fn seconds_are_cut_off_and_end_in_z() {
        let time: Timestamp = "2024-02-03T04:05:06.999999Z".parse().unwrap();
        assert_eq!(seconds(time), "2024-02-03T04:05:06Z");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        for filler in ["x", "é", "…", "🦀"] {
            let cut = bounded(filler.repeat(MESSAGE_BYTES_MAX + 1));
            assert!(
                cut.len() <= MESSAGE_BYTES_MAX && cut.len() > MESSAGE_BYTES_MAX - 8 && cut.ends_with('…')
            );
        }
        assert_eq!(bounded("short".into()), "short");
    }
}
