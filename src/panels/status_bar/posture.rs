//! How the link is protected, in words: a few for the status bar, the rest for whoever points at them.

use egui::{Color32, Painter, Pos2};

use super::super::actions::Action;
use super::super::layout::Pane;
use super::super::unverified::Unverified;
use super::super::{format, icons, theme};
use super::segment::Segment;
use crate::link::{BrokerUrl, Posture, Roots, TlsVersion};
use crate::signal::Timestamp;

/// How the link is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) enum PostureLine {
    /// In plain text, to another machine.
    Exposed,
    /// In plain text, on this machine alone.
    Local,
    /// Encrypted.
    Secure {
        /// `TLS 1.3`, and what wants a person.
        text: String,
        /// Who the broker is, who we are, until when, and what that proves.
        hint: String,
        /// A certificate wants a person.
        warns: bool,
        /// The newest version is spoken.
        newest: bool,
    },
}

impl PostureLine {
    /// Of a link to an address. `None`: nothing is agreed upon yet.
    pub(in crate::panels) fn of(url: &BrokerUrl, posture: Option<&Posture>, now: Timestamp) -> Option<Self> {
        if !url.tls {
            return Some(if url.is_loopback() { Self::Local } else { Self::Exposed });
        }
        let posture = posture?;
        let protocol = posture.protocol?;
        let warnings = posture.warnings(now);
        let mut text = protocol.label().to_owned();
        for (whose, facts) in &warnings {
            text.push_str(&format!(" · {whose} certificate {}", facts.expiry_words(now)));
        }
        let own = match &posture.own {
            Some(own) => format!("we show the certificate of {}; it {}", own.words(), own.expiry_words(now)),
            None => "we show no certificate".to_owned(),
        };
        let peer = posture.peer.as_ref().map(|it| format!("its certificate {}", it.expiry_words(now)));
        let roots = posture.roots.as_ref().map(Roots::words);
        let proof = "this proves who the broker is, and nothing about what it passes on".to_owned();
        let told = [Some(posture.words()), peer, Some(own), roots, Some(proof)];
        let hint = told.into_iter().flatten().map(|it| format::sentence(&it)).collect::<Vec<_>>().join("\n");
        Some(Self::Secure { text, hint, warns: !warnings.is_empty(), newest: protocol == TlsVersion::V1_3 })
    }
}

/// How the link is protected. What leaves this machine in plain text is said at every width, for as long as it does.
pub(super) fn segment(posture: &PostureLine) -> Segment {
    let segment = |rank, text: &str, color, hint: &str, icon: fn(&Painter, Pos2, Color32)| Segment {
        color,
        icon: Some(icon),
        ..Segment::new(rank, text, hint)
    };
    match posture {
        PostureLine::Exposed => {
            let hint = "Anyone on the way to the broker can read and change everything. Use mqtts://.";
            segment(0, "unencrypted", theme::EXPOSED, hint, icons::open_lock)
        }
        PostureLine::Local => {
            let hint = "Not encrypted: what is sent to this broker does not leave this machine.";
            segment(6, "plain, this machine", theme::WEAK, hint, icons::open_lock)
        }
        PostureLine::Secure { text, hint, warns: true, .. } => Segment {
            action: Some(Action::Show(Pane::Diagnostics)),
            ..segment(0, text, theme::WARNING, hint, icons::triangle)
        },
        PostureLine::Secure { text, hint, newest, .. } => {
            segment(3, text, if *newest { theme::WEAK } else { theme::TEXT }, hint, icons::closed_lock)
        }
    }
}

/// What verifies nothing is said at every width, for as long as it does not.
pub(super) fn unverified_segment(it: &Unverified) -> Segment {
    Segment {
        color: theme::EXPOSED,
        icon: Some(icons::triangle),
        action: Some(Action::Show(Pane::Diagnostics)),
        ..Segment::new(0, it.text, format!("{} {}", format::sentence(it.what), it.hint))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::posture;
    use super::*;

    #[track_caller]
    fn check(url: &str, now: &str, want: Option<&str>) {
        let line = PostureLine::of(&url.parse().unwrap(), Some(&posture()), now.parse().unwrap());
        let text = match &line {
            Some(PostureLine::Secure { text, .. }) => Some(text.as_str()),
            Some(PostureLine::Local) => Some("local"),
            Some(PostureLine::Exposed) => Some("exposed"),
            None => None,
        };
        assert_eq!(text, want, "{url} {now}");
    }

    #[test]
    fn the_few_words_grow_with_what_wants_a_person() {
        check("mqtts://broker.local", "2026-02-01T00:00:00Z", Some("TLS 1.3"));
        check("mqtts://broker.local", "2026-05-20T00:00:00Z", Some("TLS 1.3 · our certificate expires in 12 days"));
        check("mqtt://127.0.0.1", "2026-02-01T00:00:00Z", Some("local"));
        check("mqtt://plant", "2026-02-01T00:00:00Z", Some("exposed"));
        assert_eq!(PostureLine::of(&"mqtts://plant".parse().unwrap(), None, Timestamp::MIN), None);
    }

    #[test]
    fn the_rest_tells_who_is_there_until_when_and_what_that_proves() {
        let url = "mqtts://broker.local".parse().unwrap();
        let line = PostureLine::of(&url, Some(&posture()), "2026-02-01T00:00:00Z".parse().unwrap());
        let Some(PostureLine::Secure { hint, warns: false, newest: true, .. }) = line else { panic!("{line:?}") };
        assert_eq!(
            hint,
            "TLS 1.3 · TLS13_AES_256_GCM_SHA384 · broker.local, issued by Demo CA, until 2027-01-31.\n\
             Its certificate expires in 364 days.\n\
             We show the certificate of desktop, issued by Demo CA, until 2026-06-01; it expires in 120 days.\n\
             The authorities of this system are believed.\n\
             This proves who the broker is, and nothing about what it passes on."
        );
    }
}
