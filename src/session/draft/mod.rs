//! Drafts a site for data that comes without one: a twin for each topic, in groups, on a grid.
//!
//! A draft binds what is there and claims nothing else: no units, no ranges, no bodies but neutral ones.

mod foreign;
mod layout;
mod leaves;
mod text;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use self::foreign::of_recording;
use crate::site::doc::ValueKind;

/// The most signals that a draft binds: beyond them a person would not find their way.
pub const MOST_SIGNALS: usize = 2_000;

/// A site that was drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its `site.ron`.
    pub text: String,
    /// How many signals it binds.
    pub signals: usize,
    /// What was left out and why, for a person.
    pub findings: Vec<String>,
}

/// A topic to draft a twin for.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftTopic {
    /// As messages bear it.
    pub topic: String,
    /// Where its twin stands: the names of the groups around it, and its own at last. Never empty.
    pub place: Vec<String>,
    /// What its messages say. Never empty.
    pub signals: Vec<DraftSignal>,
    /// The usual time between two of its messages, seconds.
    pub period_secs: f64,
}

/// A signal of a drafted twin.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftSignal {
    /// What its id is made of: unique within its topic, but for what an id cannot hold.
    pub key: String,
    /// On the screen.
    pub name: String,
    /// JSON Pointer into the payload. `None`: the payload is the bare value.
    pub path: Option<String>,
    /// What kind of value.
    pub is: ValueKind,
    /// It never said anything else.
    pub constant: bool,
}

impl Draft {
    /// A site of a name for topics. Those beyond [`MOST_SIGNALS`] are left out, which is told.
    pub fn new(name: &str, mut topics: Vec<DraftTopic>) -> Self {
        let all: usize = topics.iter().map(|it| it.signals.len()).sum();
        let mut room = MOST_SIGNALS;
        for topic in &mut topics {
            topic.signals.truncate(room);
            room -= topic.signals.len();
        }
        topics.retain(|it| !it.signals.is_empty());
        let signals = MOST_SIGNALS - room;
        let mut findings = Vec::new();
        if signals < all {
            findings.push(format!(
                "the drafted site has the first {signals} of {all} values; name a site of your own with --site for others"
            ));
        }
        let tree = layout::lay_out(name, &topics);
        Self { text: text::site_text(name, &topics, &tree), signals, findings }
    }

    /// A site of a name with nothing to bind.
    fn nothing(name: &str) -> Self {
        let text = text::site_text(name, &[], &layout::lay_out(name, &[]));
        Self { text, signals: 0, findings: Vec::new() }
    }

    /// Puts the site into a folder. Returns its file.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join("site.ron");
        fs::write(&path, &self.text)?;
        Ok(path)
    }
}

/// An id out of a name: letters a-z, digits and `_`.
fn id_of(name: &str) -> String {
    let mut id: String =
        name.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '_' }).collect();
    if !id.starts_with(|it: char| it.is_ascii_lowercase()) {
        id.insert_str(0, "c_");
    }
    id
}

/// An id out of a name that none of the others is.
fn unique_id(name: &str, taken: &mut Vec<String>) -> String {
    let mut id = id_of(name);
    while taken.contains(&id) {
        id.push('_');
    }
    taken.push(id.clone());
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{self, Ids, Site};

    pub(super) fn loaded(draft: &Draft) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let path = draft.write(folder.path()).unwrap();
        site::load(&path, &mut Ids::default()).unwrap_or_else(|error| panic!("{error}\n{}", draft.text)).site
    }

    fn topic(topic: &str, names: &[&str]) -> DraftTopic {
        let signal = |it: &&str| DraftSignal {
            key: (*it).to_owned(),
            name: (*it).to_owned(),
            path: Some(format!("/{it}")),
            is: ValueKind::Number,
            constant: false,
        };
        let place = topic.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        DraftTopic { topic: topic.to_owned(), place, signals: names.iter().map(signal).collect(), period_secs: 1.0 }
    }

    #[test]
    fn a_drafted_site_is_good_whatever_things_are_called() {
        let topics = vec![
            topic("works/a \"pump\"/état", &["Volume Flow RateRMS", "2nd", "2nd!", "2nd?", "{x}\n"]),
            topic("works/a \"pump\"/state", &["v"]),
            topic("/works/a \"pump\"", &["v"]),
            topic("alone", &["v", "w"]),
            topic("deep/er/and/deeper/still", &["v"]),
        ];
        let draft = Draft::new("A \"table\" {1}", topics);
        let site = loaded(&draft);
        assert_eq!((draft.signals, site.signals.len()), (10, 10));
        assert!(draft.findings.is_empty());
        let address = |topic: &str| &*site.signals.iter().find(|it| it.topic == topic).unwrap().address;
        assert_eq!(address("works/a \"pump\"/state"), "works_a__pump_.state/v");
        assert_eq!(address("alone"), "alone/v");
    }

    #[test]
    fn more_signals_than_a_person_can_take_in_are_left_out_and_told() {
        let names: Vec<String> = (0..1_500).map(|it| format!("v{it}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let draft = Draft::new("Much", vec![topic("a", &names), topic("b", &names), topic("c", &names)]);
        assert_eq!(draft.signals, MOST_SIGNALS);
        assert!(draft.findings[0].contains("the first 2000 of 4500"), "{:?}", draft.findings);
        assert_eq!(loaded(&draft).signals.len(), MOST_SIGNALS);
    }
}
