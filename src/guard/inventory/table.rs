//! The inventory as a table (CSV) and as a document (JSON), for other tools and for those who plan.

use std::io::{self, Write};

use jiff::civil::Date;
use serde::Serialize;

use super::{MadeOf, Outlook, Part, PartAdvisory, PartFinding, Share, Support, findings};
use crate::guard::advisories::{Until, VexState};
use crate::site::Site;
use crate::site::doc::Crypto;

const COLUMNS: [&str; 17] = [
    "address",
    "twin",
    "device",
    "maker",
    "model",
    "firmware",
    "serial",
    "installed",
    "end_of_support",
    "support",
    "support_says",
    "crypto",
    "crypto_used",
    "vouched_by",
    "affected_by",
    "advisories",
    "findings",
];

/// Writes a row for each part, as it will be on the day of the outlook. Lists within a cell are parted by `; `.
pub fn write_csv(parts: &[Part], outlook: &Outlook, into: impl Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(into);
    table.write_record(COLUMNS)?;
    for part in parts {
        let row = RowDoc::of(part, outlook.date);
        let named = |it: &PartAdvisory| {
            let perhaps = if it.certain { "" } else { " perhaps" };
            format!("{} {} {}{perhaps}", it.id, it.named(), it.state.label())
        };
        let affected: Vec<String> =
            part.advisories.iter().filter(|it| it.state == VexState::Affected).map(PartAdvisory::named).collect();
        let advisories: Vec<String> = part.advisories.iter().map(named).collect();
        let found: Vec<String> = row.findings.iter().map(ToString::to_string).collect();
        let option = |it: &Option<String>| it.clone().unwrap_or_default();
        let cells = [
            row.address.to_owned(),
            row.twin.to_owned(),
            row.device.to_owned(),
            row.maker.to_owned(),
            row.model.to_owned(),
            option(&part.firmware),
            option(&part.serial),
            option(&row.installed),
            option(&row.end_of_support),
            row.support.label().to_owned(),
            row.support_says.unwrap_or_default().to_owned(),
            row.crypto.map_or("", Crypto::label).to_owned(),
            row.crypto_used.map_or("", Crypto::label).to_owned(),
            option(&part.observed.vouched_by),
            affected.join("; "),
            advisories.join("; "),
            found.join("; "),
        ];
        table.write_record(cells.map(|it| harmless(&it)))?;
    }
    table.flush()
}

/// A text that comes from outside and that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// What `write_json` writes.
#[derive(Serialize)]
struct InventoryDoc<'a> {
    site: &'a str,
    /// The day that it is made for.
    date: String,
    summary: Share,
    systems: Vec<SystemDoc<'a>>,
    parts: Vec<RowDoc<'a>>,
}

#[derive(Serialize)]
struct SystemDoc<'a> {
    address: &'a str,
    name: &'a str,
    #[serde(flatten)]
    share: Share,
}

#[derive(Serialize)]
struct RowDoc<'a> {
    address: &'a str,
    twin: &'a str,
    device: &'a str,
    described: bool,
    maker: &'a str,
    model: &'a str,
    firmware: Option<&'a str>,
    serial: Option<&'a str>,
    installed: Option<String>,
    /// A day, or `tba`.
    end_of_support: Option<String>,
    support: Support,
    /// `site`, or the name of the file that says so.
    support_says: Option<&'a str>,
    crypto: Option<Crypto>,
    crypto_used: Option<Crypto>,
    vouched_by: Option<&'a str>,
    advisories: &'a [PartAdvisory],
    made_of: &'a [MadeOf],
    findings: Vec<PartFinding>,
}

impl<'a> RowDoc<'a> {
    fn of(part: &'a Part, date: Date) -> Self {
        let end = part.support.as_ref();
        Self {
            address: &part.address,
            twin: &part.name,
            device: &part.device,
            described: part.described,
            maker: &part.maker,
            model: &part.model,
            firmware: part.firmware.as_deref(),
            serial: part.serial.as_deref(),
            installed: part.installed.map(|it| it.to_string()),
            end_of_support: end.map(|it| match it.until {
                Until::Day(day) => day.to_string(),
                Until::NotAnnounced => "tba".to_owned(),
            }),
            support: part.support_at(date),
            support_says: end.map(|it| it.file.as_deref().unwrap_or("site")),
            crypto: part.capability,
            crypto_used: part.observed.used,
            vouched_by: part.observed.vouched_by.as_deref(),
            advisories: &part.advisories,
            made_of: &part.made_of,
            findings: findings(part, date),
        }
    }
}

/// Writes all that is known of all parts, as it will be on the day of the outlook.
pub fn write_json(site: &Site, parts: &[Part], outlook: &Outlook, mut into: impl Write) -> io::Result<()> {
    let doc = InventoryDoc {
        site: &site.name,
        date: outlook.date.to_string(),
        summary: outlook.whole,
        systems: outlook
            .systems(site)
            .map(|(twin, share)| SystemDoc { address: &twin.address, name: &twin.name, share })
            .collect(),
        parts: parts.iter().map(|it| RowDoc::of(it, outlook.date)).collect(),
    };
    serde_json::to_writer_pretty(&mut into, &doc)?;
    writeln!(into)
}
