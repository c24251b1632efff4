//! Checks of what a device is: its names, its dates, the folder with the advisories about it.

use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;

use super::build::Builder;
use super::doc::SiteDoc;
use super::problem::Problems;
use super::values::{Wrong, note};

/// The folder of advisories where the site names none.
const ADVISORIES: &str = "advisories";

impl Builder<'_> {
    /// What a device says of itself as a thing that was bought and installed.
    pub(super) fn check_inventory(&mut self, at: usize) {
        let flat = &self.flats[at];
        let Some(inventory) = flat.doc.device.as_ref().and_then(|it| it.inventory.as_ref()) else { return };
        let place = |field: &str| flat.place(&format!(".device.inventory.{field}"));
        for (field, text) in [("maker", &inventory.maker), ("model", &inventory.model)] {
            if text.trim().is_empty() {
                self.problems
                    .error(place(field), format!("a device without {field}"))
                    .expecting(format!("the {field} as advisories call it"));
            }
        }
        for (field, text) in [("firmware", &inventory.firmware), ("serial", &inventory.serial)] {
            if text.as_ref().is_some_and(|it| it.trim().is_empty()) {
                self.problems
                    .error(place(field), format!("an empty {field}"))
                    .hinting(format!("leave {field} out where it is not known"));
            }
        }
        for (field, checked) in [
            ("purl", inventory.purl.as_deref().map(check_purl)),
            ("cpe", inventory.cpe.as_deref().map(check_cpe)),
            ("end_of_support", inventory.end_of_support.as_deref().map(|it| check_day(it).map(|_| ()))),
            ("installed", inventory.installed.as_deref().map(|it| check_day(it).map(|_| ()))),
        ] {
            note(self.problems, checked.unwrap_or(Ok(())), || place(field));
        }
        if let (Some(installed), Some(end)) = (inventory.day_of_installation(), inventory.last_day_of_support())
            && installed > end
        {
            let message = format!("it was installed on {installed}, after its updates had ended on {end}");
            self.problems.warning(place("installed"), message);
        }
    }
}

/// Where the advisories are: the folder that the site names, else `advisories` where it is there.
pub(super) fn advisories_folder(doc: &SiteDoc, folder: &Path, problems: &mut Problems) -> Option<PathBuf> {
    const EXPECTED: &str = "a folder beside site.ron, such as \"advisories\"";
    let Some(name) = &doc.advisories else {
        return Some(folder.join(ADVISORIES)).filter(|it| it.is_dir());
    };
    let inside = Path::new(name).components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !inside {
        let message = "the folder of advisories must not be absolute or lead upwards";
        problems.error("advisories", message).expecting(EXPECTED);
        return None;
    }
    let path = folder.join(name);
    if !path.is_dir() {
        let message = format!("there is no folder {name:?} beside site.ron");
        problems.warning("advisories", message).expecting(EXPECTED).hinting("make it, or leave `advisories` out");
        return None;
    }
    Some(path)
}

/// A day of ISO 8601.
pub(super) fn check_day(text: &str) -> Result<Date, Wrong> {
    text.parse::<Date>().ok().filter(|_| text.len() == 10).ok_or_else(|| {
        let hint = meant(text).map(|it| format!("write \"{it}\""));
        (format!("{text:?} is no day"), "a day of ISO 8601, such as \"2029-12-31\"", hint)
    })
}

/// The day that was probably meant: written the other way round, or with its last part left out.
fn meant(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
    let number = |it: &str| it.parse::<i16>().ok();
    let day = |year: &str, month: &str, day: &str| {
        Date::new(number(year)?, i8::try_from(number(month)?).ok()?, i8::try_from(number(day)?).ok()?).ok()
    };
    match parts[..] {
        [year] if year.len() == 4 => day(year, "12", "31"),
        [year, month] if year.len() == 4 => Some(day(year, month, "1")?.last_of_month()),
        [year, month, d, ..] if year.len() == 4 => day(year, month, d),
        // With two numbers below 13 nobody knows which one is the month.
        [first, second, year] if year.len() == 4 => match (day(year, second, first), day(year, first, second)) {
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(one), Some(other)) if one == other || text.contains('.') => Some(one),
            (Some(_), Some(_)) | (None, None) => None,
        },
        _ => None,
    }
}

/// A package URL: `pkg:type/namespace/name@version`.
fn check_purl(text: &str) -> Result<(), Wrong> {
    const EXPECTED: &str = "a package URL, such as \"pkg:generic/maker/model@2.4.1\"";
    let rest = text.strip_prefix("pkg:").map(|it| it.trim_start_matches('/'));
    let Some(rest) = rest else { return Err((format!("{text:?} is no package URL"), EXPECTED, None)) };
    let path = rest.split(['@', '?', '#']).next().unwrap_or_default();
    let whole = path.split_once('/').is_some_and(|(kind, name)| !kind.is_empty() && !name.trim_matches('/').is_empty());
    let message = || format!("{text:?} is no package URL: it needs a type and a name");
    if whole { Ok(()) } else { Err((message(), EXPECTED, None)) }
}

/// A CPE 2.3 name with its eleven parts, or the URI of version 2.2.
fn check_cpe(text: &str) -> Result<(), Wrong> {
    const EXPECTED: &str = "a CPE 2.3 name, such as \"cpe:2.3:o:maker:model_firmware:2.4.1:*:*:*:*:*:*:*\"";
    const PARTS: usize = 11;
    if text.starts_with("cpe:/") {
        return Ok(());
    }
    let Some(rest) = text.strip_prefix("cpe:2.3:") else {
        return Err((format!("{text:?} is no CPE name"), EXPECTED, None));
    };
    // A colon within a part is written \:.
    let n_parts = 1 + rest.replace("\\:", "").matches(':').count();
    if n_parts == PARTS {
        return Ok(());
    }
    let hint = (n_parts < PARTS).then(|| format!("add {}", ":*".repeat(PARTS - n_parts)));
    Err((format!("{n_parts} parts after cpe:2.3, where a CPE name has {PARTS}"), EXPECTED, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: Result<(), Wrong>, want: Option<(&str, Option<&str>)>) {
        let got = got.err();
        assert_eq!(got.as_ref().map(|it| (it.0.as_str(), it.2.as_deref())), want);
    }

    #[test]
    fn a_day_that_is_written_otherwise_is_told_as_it_should_be() {
        let check = |text: &str, hint: Option<&str>| {
            let want = format!("{text:?} is no day");
            check(check_day(text).map(|_| ()), Some((&want, hint)));
        };
        check("31.12.2029", Some("write \"2029-12-31\""));
        check("05.06.2029", Some("write \"2029-06-05\""));
        check("12/31/2029", Some("write \"2029-12-31\""));
        check("05/06/2029", None);
        check("2029/12/31", Some("write \"2029-12-31\""));
        check("2029-02", Some("write \"2029-02-28\""));
        check("2029", Some("write \"2029-12-31\""));
        check("2029-12-31T00:00:00Z", Some("write \"2029-12-31\""));
        check("2029-02-30", None);
        check("soon", None);
        check("", None);
        assert_eq!(check_day("2029-12-31").unwrap(), jiff::civil::date(2029, 12, 31));
    }

    #[test]
    fn a_package_url_has_a_type_and_a_name() {
        check(check_purl("pkg:generic/maker/model@2.4.1"), None);
        check(check_purl("pkg:npm/x"), None);
        check(check_purl("maker/model"), Some(("\"maker/model\" is no package URL", None)));
        check(check_purl("pkg:generic"), Some(("\"pkg:generic\" is no package URL: it needs a type and a name", None)));
    }

    #[test]
    fn a_cpe_name_has_eleven_parts() {
        check(check_cpe("cpe:2.3:o:maker:model_firmware:2.4.1:*:*:*:*:*:*:*"), None);
        check(check_cpe("cpe:2.3:o:ma\\:ker:model:2.4.1:*:*:*:*:*:*:*"), None);
        check(check_cpe("cpe:/o:maker:model:2.4.1"), None);
        check(check_cpe("cpe:maker"), Some(("\"cpe:maker\" is no CPE name", None)));
        let message = "9 parts after cpe:2.3, where a CPE name has 11";
        check(check_cpe("cpe:2.3:o:maker:model:2.4.1:*:*:*:*:*"), Some((message, Some("add :*:*"))));
    }
}
