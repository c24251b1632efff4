//! What is not verified although the site has it signed: a few lasting words for the status bar, and what to do.

/// Something that verifies nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unverified {
    /// A few words.
    pub text: &'static str,
    /// What that means, as a sentence without its end.
    pub what: &'static str,
    /// What to do.
    pub hint: &'static str,
}

/// Where a site has what it says signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Devices of the site sign.
    pub is_signed: bool,
    /// A registry of keys is known here.
    pub has_keys: bool,
    /// A recording is shown.
    pub is_replay: bool,
    /// The gate has said that it goes on without a registry of keys.
    pub gate_is_unsigned: bool,
}

impl Unverified {
    /// All that verifies nothing.
    pub(super) fn of(seen: Seen) -> Vec<Self> {
        let here = (seen.is_signed && !seen.has_keys).then_some(Self {
            text: "nothing verified",
            what: "devices of this site sign, and no registry of keys is known here: nothing is verified, and all values are unsigned",
            hint: if seen.is_replay {
                "It was recorded without a registry of keys: how far it may be believed can no longer be told."
            } else {
                "Bring the site's keys.ron, put it beside the site or name it with --keys, and start again. Where there is none yet: pollux keys new FOLDER --site SITE."
            },
        });
        let gate = seen.gate_is_unsigned.then_some(Self {
            text: "gate verifies nothing",
            what: "the gate was started with --allow-unsigned and knows no registry of keys: its commands rely on whatever anybody publishes",
            hint: "Give the gate the site's keys.ron (pollux keys new FOLDER --site SITE makes one), and start it without --allow-unsigned.",
        });
        here.into_iter().chain(gate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is_signed: bool, has_keys: bool, gate_is_unsigned: bool, want: &[&str]) {
        let told = Unverified::of(Seen { is_signed, has_keys, is_replay: false, gate_is_unsigned });
        assert_eq!(told.iter().map(|it| it.text).collect::<Vec<_>>(), want);
        assert!(told.iter().all(|it| it.hint.contains("pollux keys new")));
    }

    #[test]
    fn a_site_that_signs_without_a_registry_of_keys_is_told_of_and_so_is_such_a_gate() {
        check(false, false, false, &[]);
        check(true, true, false, &[]);
        check(true, false, false, &["nothing verified"]);
        check(true, true, true, &["gate verifies nothing"]);
        check(true, false, true, &["nothing verified", "gate verifies nothing"]);
    }
}
