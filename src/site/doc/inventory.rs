//! What a device is: who made it, what runs on it, until when it gets updates, how it can protect what it says.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What is known of a device as a thing that was bought and installed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryDoc {
    /// Who made it, as advisories call them.
    pub maker: String,
    /// Which of the maker's products, as advisories call it.
    pub model: String,
    /// The version that runs on it. `None`: not known.
    #[serde(default)]
    pub firmware: Option<String>,
    /// The number on its plate. `None`: not known.
    #[serde(default)]
    pub serial: Option<String>,
    /// Its package URL (ECMA-427), by which advisories find it with certainty.
    #[serde(default)]
    pub purl: Option<String>,
    /// Its Common Platform Enumeration, version 2.3 (NIST IR 7695), or the older URI.
    #[serde(default)]
    pub cpe: Option<String>,
    /// The last day on which its maker mends what is unsafe, `2029-12-31`. `None`: what an `OpenEoX` file says.
    #[serde(default)]
    pub end_of_support: Option<String>,
    /// The most that it can do to protect what it says. `None`: not known.
    #[serde(default)]
    pub crypto: Option<Crypto>,
    /// The day on which it was installed, `2019-05-14`. `None`: not known.
    #[serde(default)]
    pub installed: Option<String>,
}

/// How a device can protect what it says, from nothing to all: each step has what those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Crypto {
    /// Plain MQTT: whoever is on the network reads and alters it.
    Plain,
    /// Plain MQTT with a password, which goes over the network in the clear.
    Password,
    /// TLS: nobody on the way reads or alters it; the broker knows the device by a password at most.
    Tls,
    /// Mutual TLS: the broker knows the device by its certificate.
    MutualTls,
    /// Mutual TLS, and every batch is signed: whoever reads it knows who said it, whatever the broker does.
    Signed,
}

impl Crypto {
    /// All of them, the weakest first.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Password, Self::Tls, Self::MutualTls, Self::Signed];

    /// How many steps of the ladder it has climbed: 0 to 4.
    pub fn step(self) -> usize {
        self as usize
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Password => "password",
            Self::Tls => "TLS",
            Self::MutualTls => "mutual TLS",
            Self::Signed => "signed",
        }
    }

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Plain => "Plain MQTT: whoever is on the network can read and alter what it says.",
            Self::Password => {
                "A password in the clear: whoever is on the network can read it, and then speak in its name."
            }
            Self::Tls => "TLS: nobody on the way can read or alter what it says.",
            Self::MutualTls => "Mutual TLS: the broker knows it by its certificate.",
            Self::Signed => "Mutual TLS, and what it says is signed: not even the broker can alter it unseen.",
        }
    }
}

impl InventoryDoc {
    /// The last day with updates that the site itself names.
    pub fn last_day_of_support(&self) -> Option<Date> {
        self.end_of_support.as_ref()?.parse().ok()
    }

    /// The day on which it was installed.
    pub fn day_of_installation(&self) -> Option<Date> {
        self.installed.as_ref()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_goes_up_by_one_step_each() {
        let steps: Vec<usize> = Crypto::ALL.into_iter().map(Crypto::step).collect();
        assert_eq!(steps, [0, 1, 2, 3, 4]);
        assert!(Crypto::ALL.is_sorted());
    }
}
