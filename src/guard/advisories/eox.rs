//! How long products are supported: `OpenEoX`.
//!
//! The dates are those of *`OpenEoX` Core 1.0* (OASIS CSD 01, section 6.2). Which product they belong to says the shell around
//! them, in its two drafted shapes: names (`vendorName`, `productName`, `productVersion`), or a CSAF product tree with
//! `product_ids`.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::csaf::{ProductTree, Products};
use super::library::Library;
use super::product::Product;
use super::text::Text;
use super::version::Versions;
use super::{Lifecycle, Until};
use crate::site::{Finding, Severity};

#[derive(Debug, Deserialize)]
struct ShellDoc {
    product_tree: Option<ProductTree>,
    statements: Vec<StatementDoc>,
}

#[derive(Debug, Deserialize)]
struct StatementDoc {
    core: CoreDoc,
    #[serde(rename = "vendorName", alias = "vendor_name")]
    vendor_name: Option<String>,
    #[serde(rename = "productName", alias = "product_name")]
    product_name: Option<String>,
    #[serde(rename = "productVersion", alias = "product_version")]
    product_version: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

/// Core, section 6.2: each an RFC 3339 instant, or `tba`.
#[derive(Debug, Deserialize)]
struct CoreDoc {
    end_of_life: Option<String>,
    end_of_security_support: Option<String>,
    end_of_sales: Option<String>,
}

/// Reads a shell. A core alone says of no product what it says.
pub(super) fn read(text: &mut Text<'_>, library: &mut Library, has_statements: bool) {
    if !has_statements {
        let message = "dates of support that belong to no product";
        let hint = "put them into a shell: statements: [{ core: { … }, vendorName, productName, productVersion }]";
        library.findings.push(Finding::of_file(Severity::Error, &text.file, message).hinting(hint));
        return;
    }
    let hint = "see the OpenEoX shell: statements, each with a core and a product";
    let Some(doc) = text.parse::<ShellDoc>("OpenEoX document", hint) else { return };
    let products = doc.product_tree.map(|it| Products::of(it, text)).unwrap_or_default();
    let mut count = 0;
    for statement in doc.statements {
        let dates = [
            day(text, statement.core.end_of_security_support.as_deref()),
            day(text, statement.core.end_of_life.as_deref()),
            day(text, statement.core.end_of_sales.as_deref()),
        ];
        let mut named = products.of_ids(&statement.product_ids, &statement.group_ids, text);
        if let Some(name) = &statement.product_name {
            let versions = statement.product_version.as_deref().map_or(Versions::All, Versions::one_or_range);
            named.push(Arc::new(Product::named(statement.vendor_name.as_deref(), name, versions)));
        }
        if named.is_empty() {
            let message = "a statement that names no product";
            let finding = Finding::of_file(Severity::Warning, &text.file, message);
            text.findings.push(finding.hinting("give it vendorName and productName, or product_ids of a product_tree"));
        }
        for product in named {
            if !text.takes(count) {
                return;
            }
            count += 1;
            text.check_versions(&product);
            let [end_of_security_support, end_of_life, end_of_sales] = dates;
            let file = Arc::clone(&text.file);
            library.lifecycles.push(Lifecycle { product, end_of_security_support, end_of_life, end_of_sales, file });
        }
    }
}

/// The day of an instant, where it was written: a maker's last day is its own.
fn day(text: &mut Text<'_>, written: Option<&str>) -> Option<Until> {
    let written = written?;
    if written.eq_ignore_ascii_case("tba") {
        return Some(Until::NotAnnounced);
    }
    let is_instant = written.parse::<Timestamp>().is_ok() || written.len() == 10;
    let day = written.get(..10).and_then(|it| it.parse::<Date>().ok()).filter(|_| is_instant);
    if day.is_none() {
        let message = format!("{written:?} is no date");
        text.warn(written, 0, message, "write an instant of RFC 3339, such as \"2029-12-31T23:59:59Z\", or \"tba\"");
    }
    day.map(Until::Day)
}
