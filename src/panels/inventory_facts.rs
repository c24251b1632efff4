//! The inventory as the panels read it.

use jiff::civil::Date;

use super::facts::Facts;
use super::inventory::{BriefPart, InventoryRows};
use crate::guard::day_of;
use crate::site::TwinId;
use crate::site::doc::Kind;

impl Facts<'_, '_> {
    /// The day of the instant that is shown, at the site.
    pub(super) fn today(&self) -> Date {
        day_of(self.cursor.at, &self.site)
    }

    /// All that the panel of the inventory shows. `name` puts a twin's name into words.
    pub(super) fn inventory_rows<'a>(&'a self, name: &'a dyn Fn(TwinId) -> String) -> InventoryRows<'a> {
        let findings = self.inventory.findings();
        InventoryRows {
            parts: &self.inventory.parts,
            name,
            today: self.today(),
            selected: self.selection.twin.and_then(|it| Some(self.site.device_of(it)?.0.id)),
            is_reading: self.inventory.is_reading,
            n_advisories: self.inventory.n_advisories(),
            problem: findings.first().map(|it| {
                let file = it.file.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
                let place = if it.line > 0 { format!("{file}, line {}", it.line) } else { file };
                (findings.len(), format!("{place}: {}", it.message))
            }),
        }
    }

    /// A twin's name with that of what it is a part of, where many are called alike.
    pub(super) fn part_name(&self, twin: TwinId) -> String {
        let mut lineage = self.site.lineage(twin);
        match (lineage.next(), lineage.next()) {
            (Some(twin), Some(whole)) if whole.kind <= Kind::Asset => format!("{} · {}", whole.name, twin.name),
            (Some(twin), _) => twin.name.clone(),
            (None, _) => String::new(),
        }
    }

    /// The part that speaks for a twin. `None`: no device does.
    pub(super) fn brief_part(&self, twin: TwinId) -> Option<BriefPart<'_>> {
        let part = self.inventory.part_of(&self.site, twin)?;
        Some(BriefPart { part, today: self.today() })
    }
}
