//! The devices of a plant as things that were bought: who made them, what runs on them, until when they get updates, what is
//! known against them, and how they can protect what they say.
//!
//! Plain and without a clock: whoever asks says which day it is. [`parts`] makes a [`Part`] of each device, [`findings()`] says
//! what should be done about it, [`outlook()`] what a day will bring, and `table` writes it down.

mod findings;
mod outlook;
mod table;

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

pub use findings::{FindingKind, PartFinding, Urgency, findings};
pub use outlook::{Outlook, SOON_DAYS, Share, Support, outlook};
pub use table::{write_csv, write_json};

use super::advisories::{Concern, Identity, Library, Severity, Until, VexState};
use crate::site::doc::{Crypto, DeviceDoc};
use crate::site::{Site, Twin, TwinId};

/// One device, and all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The twin that it speaks for.
    pub twin: TwinId,
    /// The twin's address.
    pub address: Arc<str>,
    /// The twin's name.
    pub name: String,
    /// Its MQTT client id.
    pub device: String,
    /// The site says what it is. Where it does not, all that follows is empty.
    pub described: bool,
    /// Who made it.
    pub maker: String,
    /// Which of the maker's products.
    pub model: String,
    /// What runs on it. `None`: not known.
    pub firmware: Option<String>,
    /// The number on its plate. `None`: not known.
    pub serial: Option<String>,
    /// When it was installed. `None`: not known.
    pub installed: Option<Date>,
    /// Until when it gets updates. `None`: nobody says.
    pub support: Option<SupportEnd>,
    /// The most that it can do to protect what it says. `None`: not known.
    pub capability: Option<Crypto>,
    /// What is seen of that on the wire.
    pub observed: Observed,
    /// What is published about it, the worst first.
    pub advisories: Vec<PartAdvisory>,
    /// What it is made of, as a bill of materials says.
    pub made_of: Vec<MadeOf>,
}

/// Until when a device gets updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportEnd {
    /// Its last day with them.
    pub until: Until,
    /// The file that says so. `None`: the site itself.
    pub file: Option<String>,
    /// What a file says, where the site says something else.
    pub disputed: Option<Until>,
}

/// What is seen of a device on the wire. The default: nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// What it uses of what it can. `None`: not known.
    pub used: Option<Crypto>,
    /// The gateway that signs in its stead. `None`: none does.
    pub vouched_by: Option<String>,
}

/// What one advisory says about a device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartAdvisory {
    /// The id of the advisory.
    pub id: String,
    /// The id of the weakness.
    pub weakness: String,
    /// What it is, in a line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its CVSS base score. `None`: it has none.
    pub score: Option<f64>,
    /// Whether the device is affected.
    pub state: VexState,
    /// False where that hangs on a version that is not known.
    pub certain: bool,
    /// The part of the device in which it is. `None`: the device itself.
    pub through: Option<String>,
    /// Why the device is not affected.
    pub why: Option<String>,
    /// What the maker says to do.
    pub mend: Option<String>,
    /// The version in which it is mended. `None`: nobody has named one.
    pub fixed_in: Option<String>,
    /// Where to read more.
    pub link: Option<String>,
    /// The name of the file that says so.
    pub file: String,
}

/// Something that a device is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeOf {
    /// Its name, with its version.
    pub name: String,
    /// Its SHA-256 in hexadecimal digits. `None`: the bill names none.
    pub sha256: Option<String>,
}

/// Takes stock: a part for each device of a site, in the order of the site.
pub fn parts(site: &Site, library: &Library, observed: impl Fn(TwinId) -> Observed) -> Vec<Part> {
    let devices = site.twins.iter().filter_map(|it| Some((it, it.device.as_ref()?)));
    devices.map(|(twin, device)| part(twin, device, library, observed(twin.id))).collect()
}

fn part(twin: &Twin, device: &DeviceDoc, library: &Library, observed: Observed) -> Part {
    let mut part = Part {
        twin: twin.id,
        address: Arc::clone(&twin.address),
        name: twin.name.clone(),
        device: device.id.clone(),
        described: device.inventory.is_some(),
        maker: String::new(),
        model: String::new(),
        firmware: None,
        serial: None,
        installed: None,
        support: None,
        capability: None,
        observed,
        advisories: Vec::new(),
        made_of: Vec::new(),
    };
    let Some(doc) = &device.inventory else { return part };
    let identity =
        Identity::new(&doc.maker, &doc.model, doc.firmware.as_deref(), doc.purl.as_deref(), doc.cpe.as_deref());
    let of_file = library.support_of(&identity);
    let of_site = doc.last_day_of_support().map(Until::Day);
    part.support = of_site.or(of_file.map(|it| it.0)).map(|until| SupportEnd {
        until,
        file: of_file.filter(|_| of_site.is_none()).map(|it| file_name(&it.1.file)),
        disputed: of_file.map(|it| it.0).filter(|it| *it != until),
    });
    part.maker.clone_from(&doc.maker);
    part.model.clone_from(&doc.model);
    // A version in a package URL is as good as one of its own.
    part.firmware = identity.version.as_ref().map(ToString::to_string);
    part.serial.clone_from(&doc.serial);
    part.installed = doc.day_of_installation();
    part.capability = doc.crypto;
    part.advisories = library.concerns(&identity).iter().map(PartAdvisory::of).collect();
    let of_bills = library.bills_of(&identity).flat_map(|it| &it.parts);
    part.made_of = of_bills.map(|it| MadeOf { name: it.product.name.clone(), sha256: it.sha256.clone() }).collect();
    part
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned())
}

impl PartAdvisory {
    fn of(concern: &Concern<'_>) -> Self {
        let owned = |it: Option<&str>| it.map(str::to_owned);
        let advisory = concern.advisory;
        Self {
            id: advisory.id.clone(),
            weakness: advisory.weakness.clone(),
            title: advisory.title.clone(),
            severity: concern.score.map_or(advisory.severity, Severity::of_score),
            score: concern.score,
            state: concern.state,
            certain: concern.certain,
            through: owned(concern.through),
            why: owned(concern.why),
            mend: owned(concern.mend),
            fixed_in: concern.fixed_in.clone(),
            link: advisory.link.clone(),
            file: file_name(&advisory.file),
        }
    }

    /// The weakness with its score: `CVE-2026-0001 (CVSS 9.8)`.
    pub fn named(&self) -> String {
        match self.score {
            Some(score) => format!("{} (CVSS {score:.1})", self.weakness),
            None if self.severity == Severity::Unknown => self.weakness.clone(),
            None => format!("{} ({})", self.weakness, self.severity.label()),
        }
    }
}

impl Part {
    /// What it is, in a line: `Halden Drives FlowServ 200`.
    pub fn title(&self) -> String {
        format!("{} {}", self.maker, self.model).trim().to_owned()
    }

    /// Whether it is affected by something, as far as is known.
    pub fn is_affected(&self) -> bool {
        self.advisories.iter().any(|it| it.state == VexState::Affected)
    }
}

#[cfg(test)]
mod tests;
