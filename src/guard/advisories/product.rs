//! What a file calls a product, and whether a device is one of them.
//!
//! A device is found by its package URL, else by its CPE name, else by maker and model; a way that both sides offer
//! decides alone, so that two products of the same name are kept apart. Then its version must be among those meant.

use super::version::{Fits, Version, Versions, unescaped};

/// A product as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// For a person: `Halden Drives FlowServ 200, <2.4.1`.
    pub name: String,
    /// Who makes it. `None`: the file does not say.
    pub maker: Option<String>,
    /// What it is called: any of these.
    pub models: Vec<String>,
    /// Package URL, without its version.
    pub purl: Option<Purl>,
    /// CPE name, without its version.
    pub cpe: Option<Cpe>,
    /// Which versions of it are meant.
    pub versions: Versions,
}

/// What is known of a device, ready to be looked up.
#[derive(Debug, Clone)]
pub struct Identity {
    purl: Option<Purl>,
    cpe: Option<Cpe>,
    maker: String,
    model: String,
    /// What runs on it. `None`: not known.
    pub version: Option<Version>,
}

/// A package URL (ECMA-427), as far as it names a product: type, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Purl(String);

/// A CPE name (NIST IR 7695), as far as it names a product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cpe {
    /// `a`, `o` or `h`; `*` for whichever.
    part: String,
    vendor: String,
    product: String,
}

impl Purl {
    /// Reads a package URL. Returns its version beside it, where it names one.
    pub fn read(text: &str) -> Option<(Self, Option<Version>)> {
        let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split('#').next()?.split('?').next()?;
        // A scope such as %40scope is escaped: a bare @ begins the version.
        let (path, version) = rest.rsplit_once('@').map_or((rest, None), |(path, version)| (path, Some(version)));
        let parts: Vec<String> = path.split('/').filter(|it| !it.is_empty()).map(|it| folded(&unescaped(it))).collect();
        if parts.len() < 2 {
            return None;
        }
        let version = version.filter(|it| !it.is_empty()).map(|it| Version::new(&unescaped(it)));
        Some((Self(parts.join("/")), version))
    }
}

impl Cpe {
    /// Reads a CPE name of version 2.3, or the URI of 2.2. Returns its version beside it, where it names one.
    pub fn read(text: &str) -> Option<(Self, Option<Version>)> {
        let text = text.trim();
        let parts = match text.strip_prefix("cpe:2.3:") {
            Some(rest) => unbound(rest),
            None => text.strip_prefix("cpe:/")?.split(':').map(unescaped).collect(),
        };
        let part =
            |at: usize| parts.get(at).filter(|it| !it.is_empty()).map_or_else(|| "*".to_owned(), |it| folded(it));
        let (vendor, product) = (part(1), part(2));
        if vendor == "*" || product == "*" {
            return None;
        }
        let version = parts.get(3).filter(|it| !["*", "-", ""].contains(&it.as_str())).map(|it| Version::new(it));
        Some((Self { part: part(0), vendor, product }, version))
    }

    fn names(&self, other: &Self) -> bool {
        let same_part = self.part == other.part || self.part == "*" || other.part == "*";
        same_part && self.vendor == other.vendor && self.product == other.product
    }
}

/// The parts of a formatted string: parted by colons, where `\` takes the meaning of what follows away.
fn unbound(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => parts.push(std::mem::take(&mut part)),
            '\\' => part.extend(letters.next()),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts
}

/// As names are compared: without case.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// As the names of makers and models are compared: letters and digits alone, without case, so that `RT-200`, `rt 200` and
/// `RT200` are one.
fn squeezed(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Identity {
    /// Of what a site says of a device.
    pub fn new(maker: &str, model: &str, firmware: Option<&str>, purl: Option<&str>, cpe: Option<&str>) -> Self {
        let (purl, purl_version) = purl.and_then(Purl::read).unzip();
        let (cpe, cpe_version) = cpe.and_then(Cpe::read).unzip();
        let firmware = firmware.map(Version::new);
        let version = firmware.or(purl_version.flatten()).or(cpe_version.flatten());
        Self { purl, cpe, maker: squeezed(maker), model: squeezed(model), version }
    }

    /// By what it is looked up.
    pub(super) fn keys(&self) -> Vec<String> {
        let ways = [self.purl.as_ref().map(purl_key), self.cpe.as_ref().map(cpe_key)];
        ways.into_iter().flatten().chain(self.names()).collect()
    }
}

impl Identity {
    /// Maker and model, as a file may name them: apart, together, and with the version behind them.
    fn names(&self) -> Vec<String> {
        let Self { maker, model, .. } = self;
        if model.is_empty() {
            return Vec::new();
        }
        let full =
            self.version.as_ref().map(|it| name_key("", &format!("{maker}{model}{}", squeezed(&it.to_string()))));
        [name_key(maker, model), name_key("", &format!("{maker}{model}"))].into_iter().chain(full).collect()
    }
}

/// Neither a maker nor a model has a zero byte in it.
fn name_key(maker: &str, model: &str) -> String {
    format!("{maker}\0{model}")
}

fn purl_key(purl: &Purl) -> String {
    format!("pkg:{}", purl.0)
}

fn cpe_key(cpe: &Cpe) -> String {
    format!("cpe:{}:{}", cpe.vendor, cpe.product)
}

impl Product {
    /// A product that is known by name and version alone.
    pub fn named(maker: Option<&str>, model: &str, versions: Versions) -> Self {
        let name = [maker.unwrap_or_default(), model].join(" ").trim().to_owned();
        Self { name, maker: maker.map(str::to_owned), models: vec![model.to_owned()], purl: None, cpe: None, versions }
    }

    /// Takes in what it is identified by. What is no such text is left out: the names are still there.
    #[must_use]
    pub fn identified(mut self, purl: Option<&str>, cpe: Option<&str>) -> Self {
        let mut version = None;
        if let Some((purl, its_version)) = purl.and_then(Purl::read) {
            self.purl = Some(purl);
            version = its_version;
        }
        if let Some((cpe, its_version)) = cpe.and_then(Cpe::read) {
            self.cpe = Some(cpe);
            version = version.or(its_version);
        }
        // Where the file names versions of its own, those are the ones that are meant.
        if let (Versions::All, Some(version)) = (&self.versions, version) {
            self.versions = Versions::One(version);
        }
        self
    }

    /// By what it is found.
    pub(super) fn keys(&self) -> Vec<String> {
        let ways = [self.purl.as_ref().map(purl_key), self.cpe.as_ref().map(cpe_key)];
        ways.into_iter().flatten().chain(self.names()).collect()
    }

    fn names(&self) -> Vec<String> {
        let maker = self.maker.as_deref().map(squeezed).unwrap_or_default();
        self.models.iter().map(|it| squeezed(it)).filter(|it| !it.is_empty()).map(|it| name_key(&maker, &it)).collect()
    }

    /// Whether it is this product, whatever its version.
    pub fn is_of(&self, device: &Identity) -> bool {
        if let (Some(ours), Some(theirs)) = (&self.purl, &device.purl) {
            return ours == theirs;
        }
        if let (Some(ours), Some(theirs)) = (&self.cpe, &device.cpe) {
            return ours.names(theirs);
        }
        let names = device.names();
        self.names().iter().any(|it| names.contains(it))
    }

    /// Whether a device is one of those that are meant.
    pub fn fits(&self, device: &Identity) -> Fits {
        if self.is_of(device) { self.versions.fit(device.version.as_ref()) } else { Fits::No }
    }

    /// What it is, for looking it up in turn: a part of a device may be a product that others speak about.
    pub fn identity(&self) -> Identity {
        let version = match &self.versions {
            Versions::One(version) => Some(version.clone()),
            Versions::All | Versions::Range(_) | Versions::Unreadable(_) => None,
        };
        Identity {
            purl: self.purl.clone(),
            cpe: self.cpe.clone(),
            maker: self.maker.as_deref().map(squeezed).unwrap_or_default(),
            model: self.models.first().map(|it| squeezed(it)).unwrap_or_default(),
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device() -> Identity {
        let cpe = "cpe:2.3:o:halden_drives:flowserv_200_firmware:2.4:*:*:*:*:*:*:*";
        Identity::new(
            "Halden Drives",
            "FlowServ 200",
            Some("2.4.0"),
            Some("pkg:generic/halden/flowserv-200"),
            Some(cpe),
        )
    }

    #[test]
    fn a_name_is_compared_without_case_and_gaps() {
        let product = |maker, model| Product::named(maker, model, Versions::All);
        assert_eq!(product(Some("HALDEN drives"), "Flowserv-200").fits(&device()), Fits::Yes);
        assert_eq!(product(None, "Halden Drives FlowServ 200").fits(&device()), Fits::Yes);
        assert_eq!(product(None, "Halden Drives FlowServ 200 2.4.0").fits(&device()), Fits::Yes);
        assert_eq!(product(None, "FlowServ 200").fits(&device()), Fits::No, "others may call theirs so too");
        assert_eq!(
            product(Some("?"), "---").fits(&Identity::new("", "-", None, None, None)),
            Fits::No,
            "no name is no name"
        );
        assert_eq!(product(Some("Halden"), "FlowServ 200").fits(&device()), Fits::No);
        assert_eq!(product(Some("Halden Drives"), "FlowServ 2000").fits(&device()), Fits::No);
    }

    #[test]
    fn a_way_that_both_sides_offer_decides_alone() {
        let named = || Product::named(Some("Halden Drives"), "FlowServ 200", Versions::range("<2.4.1"));
        let check =
            |purl, cpe, want| assert_eq!(named().identified(purl, cpe).fits(&device()), want, "{purl:?} {cpe:?}");
        check(None, None, Fits::Yes);
        check(Some("pkg:generic/Halden/FlowServ-200@1.0?arch=arm#x"), None, Fits::Yes);
        check(Some("pkg:generic/halden/flowserv-300"), None, Fits::No);
        check(None, Some("cpe:2.3:o:halden_drives:flowserv_200_firmware:*:*:*:*:*:*:*:*"), Fits::Yes);
        check(None, Some("cpe:/o:halden_drives:flowserv_200_firmware"), Fits::Yes);
        check(None, Some("cpe:2.3:h:halden_drives:flowserv_200_firmware:*:*:*:*:*:*:*:*"), Fits::No);
        check(Some("pkg:generic/halden/flowserv-200"), Some("cpe:/o:other:thing"), Fits::Yes);
        check(Some("no purl"), None, Fits::Yes);
    }

    #[test]
    fn a_version_in_an_identifier_counts_where_no_other_is_named() {
        let product = |versions, purl| Product::named(None, "x", versions).identified(Some(purl), None);
        let it = product(Versions::All, "pkg:generic/halden/flowserv-200@2.4");
        assert_eq!(it.fits(&device()), Fits::Yes);
        assert_eq!(product(Versions::All, "pkg:generic/halden/flowserv-200@2.3").fits(&device()), Fits::No);
        let unknown =
            Identity::new("Halden Drives", "FlowServ 200", None, Some("pkg:generic/halden/flowserv-200"), None);
        assert_eq!(it.fits(&unknown), Fits::Perhaps);
    }

    #[test]
    fn a_cpe_name_may_hold_colons() {
        let (cpe, version) = Cpe::read("cpe:2.3:a:ma\\:ker:mo\\\\del:1\\.0:*:*:*:*:*:*:*").unwrap();
        let want = Cpe { part: "a".to_owned(), vendor: "ma:ker".to_owned(), product: "mo\\del".to_owned() };
        assert_eq!((cpe, version.unwrap().to_string()), (want, "1.0".to_owned()));
        assert!(Cpe::read("cpe:2.3:a:*:x:1:*:*:*:*:*:*:*").is_none(), "whoever's x is nobody's");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_fail(text in ".{0,80}") {
            for text in [text.clone(), format!("pkg:{text}"), format!("cpe:2.3:{text}"), format!("cpe:/{text}")] {
                let _ = Purl::read(&text);
                let _ = Cpe::read(&text);
            }
            let it = Product::named(Some(&text), &text, Versions::All);
            let want = if squeezed(&text).is_empty() { Fits::No } else { Fits::Yes };
            prop_assert_eq!(it.fits(&Identity::new(&text, &text, None, None, None)), want);
            prop_assert_eq!(it.fits(&it.identity()), want);
        }

        #[test]
        fn whatever_fits_is_found_by_its_keys(maker in "[A-C ]{1,3}", model in "[1-2 -]{1,3}", other in "[A-C 1-2]{1,6}") {
            let device = Identity::new(&maker, &model, Some("1"), None, None);
            for product in [Product::named(Some(&maker), &model, Versions::All), Product::named(None, &other, Versions::All)] {
                let found = product.keys().iter().any(|it| device.keys().contains(it));
                prop_assert!(found || product.fits(&device) == Fits::No);
            }
        }
    }
}
