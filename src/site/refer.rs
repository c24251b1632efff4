//! Finds what a reference means: `pumping.p1`, `pumping.p1/speed`, `./speed`, `.motor/power`, `../speed`.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::flat::FlatTwin;
use super::near::{did_you_mean, one_of};

/// All twins and signals, by address.
pub(super) struct Atlas<'a> {
    flats: &'a [FlatTwin],
    twins: HashMap<&'a str, usize>,
    /// By twin and id: position in the list of all signals.
    signals: HashMap<(usize, &'a str), usize>,
    /// By twin and id: position in the list of all commands.
    commands: HashMap<(usize, &'a str), usize>,
    roots: Vec<usize>,
    /// By their own ids, for hints: the first twin of that id.
    by_id: HashMap<&'a str, usize>,
}

/// A reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// What is wrong.
    pub(super) message: String,
    /// What there is.
    pub(super) expected: Option<String>,
    /// What was probably meant.
    pub(super) hint: Option<String>,
}

/// Names in a twin's physics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// What others may read.
    Output,
    /// What comes from outside.
    Input,
}

impl<'a> Atlas<'a> {
    /// Of all twins. Of two that are the same the first counts.
    pub(super) fn new(flats: &'a [FlatTwin]) -> Self {
        let mut atlas = Self {
            flats,
            twins: HashMap::with_capacity(flats.len()),
            signals: HashMap::new(),
            commands: HashMap::new(),
            roots: Vec::new(),
            by_id: HashMap::new(),
        };
        let (mut n_signals, mut n_commands) = (0, 0);
        for (at, flat) in flats.iter().enumerate() {
            atlas.twins.entry(&flat.address).or_insert(at);
            atlas.by_id.entry(&flat.doc.id).or_insert(at);
            if flat.parent.is_none() {
                atlas.roots.push(at);
            }
            for signal in &flat.doc.signals {
                atlas.signals.entry((at, &signal.id)).or_insert(n_signals);
                n_signals += 1;
            }
            for command in &flat.doc.commands {
                atlas.commands.entry((at, &command.id)).or_insert(n_commands);
                n_commands += 1;
            }
        }
        atlas
    }

    /// The position of a twin; `from` is the twin that a relative reference starts at.
    pub(super) fn twin(&self, from: Option<usize>, text: &str) -> Result<usize, Unknown> {
        let name = text.trim_start_matches('.');
        let n_dots = text.len() - name.len();
        if text.is_empty() {
            return Err(Unknown::expecting("an empty reference".to_owned(), "a twin, such as pumping.p1"));
        }
        let base = match self.base(from, n_dots) {
            ControlFlow::Continue(base) => base,
            ControlFlow::Break(message) => return Err(Unknown::expecting(message, "an address, such as pumping.p1")),
        };
        if name.is_empty() {
            let message = || format!("{text:?} leads above the top of the tree");
            return base.ok_or_else(|| Unknown::expecting(message(), "an address, such as pumping.p1"));
        }
        let address = match base {
            Some(base) => format!("{}.{name}", self.flats[base].address),
            None => name.to_owned(),
        };
        self.twins.get(address.as_str()).copied().ok_or_else(|| self.unknown_twin(text, &address))
    }

    /// The position of a signal in the list of all.
    pub(super) fn signal(&self, from: Option<usize>, text: &str) -> Result<usize, Unknown> {
        let keys = |it: &'a FlatTwin| it.doc.signals.iter().map(|it| it.id.as_str()).collect();
        let (twin, key) = self.split(from, text, "signal", keys)?;
        self.signals.get(&(twin, key)).copied().ok_or_else(|| self.unknown_key(twin, text, key, "signal", keys))
    }

    /// The position of a command in the list of all.
    pub(super) fn command(&self, from: Option<usize>, text: &str) -> Result<usize, Unknown> {
        let keys = |it: &'a FlatTwin| it.doc.commands.iter().map(|it| it.id.as_str()).collect();
        let (twin, key) = self.split(from, text, "command", keys)?;
        self.commands.get(&(twin, key)).copied().ok_or_else(|| self.unknown_key(twin, text, key, "command", keys))
    }

    /// The twin whose physics has an output or an input, and its absolute address.
    pub(super) fn port(&self, from: usize, text: &str, port: Port) -> Result<(usize, String), Unknown> {
        let (what, keys): (_, fn(&'a FlatTwin) -> Vec<&'a str>) = match port {
            Port::Output => {
                ("output", |it| it.doc.physics.iter().flat_map(|it| it.outputs.keys()).map(String::as_str).collect())
            }
            Port::Input => {
                ("input", |it| it.doc.physics.iter().flat_map(|it| it.inputs.keys()).map(String::as_str).collect())
            }
        };
        let (twin, key) = self.split(Some(from), text, what, keys)?;
        let flat = &self.flats[twin];
        let Some(physics) = &flat.doc.physics else {
            let message = format!("{text:?}: {} has no physics", flat.address);
            return Err(Unknown::expecting(message, "a twin with a `physics` block"));
        };
        let known = match port {
            Port::Output => physics.outputs.contains_key(key),
            Port::Input => physics.inputs.contains_key(key),
        };
        if !known {
            return Err(self.unknown_key(twin, text, key, what, keys));
        }
        Ok((twin, format!("{}/{key}", flat.address)))
    }

    /// Where a relative reference starts; `None` is the top.
    fn base(&self, from: Option<usize>, n_dots: usize) -> ControlFlow<String, Option<usize>> {
        if n_dots == 0 {
            return ControlFlow::Continue(None);
        }
        let Some(from) = from else {
            return ControlFlow::Break("a relative reference where there is no twin to start at".to_owned());
        };
        let mut base = Some(from);
        for _ in 1..n_dots {
            let Some(at) = base else {
                return ControlFlow::Break(format!("{n_dots} dots lead above the top of the tree"));
            };
            base = self.flats[at].parent;
        }
        ControlFlow::Continue(base)
    }

    fn split<'t>(
        &self,
        from: Option<usize>,
        text: &'t str,
        what: &str,
        keys: impl Fn(&'a FlatTwin) -> Vec<&'a str>,
    ) -> Result<(usize, &'t str), Unknown> {
        let Some((twin, key)) = text.rsplit_once('/') else {
            let own = from.filter(|it| keys(&self.flats[*it]).contains(&text));
            let whole = self.twin(from, text).ok().map(|it| keys(&self.flats[it]));
            let hint = match (own, whole) {
                (Some(_), _) => Some(format!("write \"./{text}\"")),
                (None, Some(keys)) => keys.first().map(|key| format!("write \"{text}/{key}\", for instance")),
                (None, None) => None,
            };
            let expected = format!("twin/{what}, such as pumping.p1/speed or ./speed");
            return Err(Unknown { message: format!("{text:?} names no {what}"), expected: Some(expected), hint });
        };
        Ok((self.twin(from, twin)?, key))
    }

    fn unknown_twin(&self, text: &str, address: &str) -> Unknown {
        // The tree is followed as far as it goes; there the name must be wrong.
        let mut known: Option<usize> = None;
        let mut wrong = address;
        let mut rest = "";
        let mut end = 0;
        for part in address.split('.') {
            let Some(&at) = self.twins.get(&address[..end + part.len()]) else {
                wrong = part;
                rest = &address[end + part.len()..];
                break;
            };
            known = Some(at);
            end += part.len() + 1;
        }
        let children = known.map_or(&self.roots, |it| &self.flats[it].children);
        let names = || children.iter().map(|it| self.flats[*it].doc.id.as_str());
        let prefix = known.map(|it| format!("{}.", self.flats[it].address)).unwrap_or_default();
        let near = super::near::nearest(wrong, names()).map(|it| format!("{prefix}{it}{rest}"));
        let last =
            address.rsplit('.').next().and_then(|it| self.by_id.get(it)).map(|it| self.flats[*it].address.to_string());
        let hint =
            near.filter(|it| self.twins.contains_key(it.as_str())).or(last).map(|it| format!("did you mean {it:?}?"));
        let expected = one_of(names()).map(|it| match known {
            Some(known) => format!("below {}: {it}", self.flats[known].address),
            None => it,
        });
        let full = if text == address { String::new() } else { format!(", which is {address}") };
        Unknown { message: format!("there is no twin {text:?}{full}"), expected, hint }
    }

    fn unknown_key(
        &self,
        twin: usize,
        text: &str,
        key: &str,
        what: &str,
        keys: impl Fn(&'a FlatTwin) -> Vec<&'a str>,
    ) -> Unknown {
        let flat = &self.flats[twin];
        let keys = keys(flat);
        let expected = one_of(keys.iter().copied()).unwrap_or_else(|| format!("none: {} has no {what}s", flat.address));
        let message = format!("{text:?}: {} has no {what} {key:?}", flat.address);
        Unknown { message, expected: Some(expected), hint: did_you_mean(key, keys) }
    }
}

impl Unknown {
    fn expecting(message: String, expected: &str) -> Self {
        Self { message, expected: Some(expected.to_owned()), hint: None }
    }
}
