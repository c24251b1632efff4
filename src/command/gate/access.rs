//! Who may publish what at the broker: without this, whoever reaches the broker goes around the gate.

use std::collections::{BTreeMap, BTreeSet};

use crate::command::Topics;
use crate::session::witness::{checkpoints_filter, witnessed_filter};
use crate::site::Site;

/// The user of the gate.
pub const GATE_USER: &str = "gate";
/// The user of all desktops.
pub const DESKTOP_USER: &str = "desktop";
/// The user of a person's own desktop, who is to be told from the others at the broker. It may do what a desktop may: what the
/// person may is told by the account.
pub const OPERATOR_USER: &str = "operator";

/// The user of witnesses.
pub const WITNESS_USER: &str = "witness";

/// What one user of the broker may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The user's name; a device's is its id.
    pub user: String,
    /// Topics, or filters, on which it may publish.
    pub publishes: BTreeSet<String>,
    /// Topics, or filters, to which it may subscribe.
    pub hears: BTreeSet<String>,
}

/// Who may do what at a site's broker: the gate alone publishes commands and what the gate says; desktops publish requests and
/// how far their recordings have come; witnesses what they have signed of that; a device publishes what it measures, its status, and its answers to the gate.
pub fn accesses(site: &Site) -> Vec<Access> {
    let topics = Topics::of(site);
    let set = |topics: &[&str]| topics.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
    let mut gate = set(&[&topics.events, &topics.status, &topics.quarantine, "pollux/+/answers"]);
    gate.extend(site.commands.iter().map(|it| it.topic.clone()));
    let seals = checkpoints_filter(&site.topic_name());
    let mut all = vec![
        Access { user: GATE_USER.to_owned(), publishes: gate, hears: set(&["#"]) },
        Access { user: DESKTOP_USER.to_owned(), publishes: set(&[&topics.request, &seals]), hears: set(&["#"]) },
        Access { user: OPERATOR_USER.to_owned(), publishes: set(&[&topics.request, &seals]), hears: set(&["#"]) },
        Access {
            user: WITNESS_USER.to_owned(),
            publishes: set(&[&witnessed_filter(&site.topic_name())]),
            hears: set(&[&seals, &witnessed_filter(&site.topic_name())]),
        },
    ];
    let mut devices: BTreeMap<&str, Access> = BTreeMap::new();
    for twin in &site.twins {
        let Some((_, device)) = site.device_of(twin.id) else { continue };
        let access = devices.entry(&device.id).or_insert_with(|| Access {
            user: device.id.clone(),
            publishes: set(&[&topics.answers]),
            hears: BTreeSet::new(),
        });
        access.publishes.extend(device.status.clone());
        access.publishes.extend(site.signals_of(twin.id).map(|it| it.topic.clone()));
        access.hears.extend(site.commands_of(twin.id).map(|it| it.topic.clone()));
    }
    all.extend(devices.into_values());
    all
}

/// The same as Mosquitto's `acl_file` has it. Whoever is not named may do nothing.
pub fn mosquitto_acl(site: &Site) -> String {
    let mut text = format!(
        "# Who may do what at the broker of {}. Set in mosquitto.conf: allow_anonymous false, password_file, acl_file.\n",
        site.name.replace(['\n', '\r'], " ")
    );
    for Access { user, publishes, hears } in accesses(site) {
        let lines = |what: &str, topics: &BTreeSet<String>| -> String {
            topics.iter().map(|it| format!("topic {what} {it}\n")).collect()
        };
        text.push_str(&format!("\nuser {user}\n{}{}", lines("write", &publishes), lines("read", &hears)));
    }
    text
}
