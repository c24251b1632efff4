//! A twin that is made of several descriptions, and where each part of it stands.

use std::rc::Rc;
use std::sync::Arc;

use super::doc::{PhysicsDoc, TwinDoc};
use super::problem::Place;

/// A twin, made of everything that describes it.
#[derive(Debug)]
pub(super) struct FlatTwin {
    /// Merged, its texts filled in, without its children.
    pub(super) doc: TwinDoc,
    /// `pumping.p1`.
    pub(super) address: Arc<str>,
    /// Position of its parent in the list.
    pub(super) parent: Option<usize>,
    /// Positions of its children in the list.
    pub(super) children: Vec<usize>,
    /// Whether everything that describes it was found.
    pub(super) complete: bool,
    layers: Vec<Layer>,
}

/// One of the places that describe a twin: first the templates, innermost first, at last the twin itself.
#[derive(Debug)]
struct Layer {
    path: Rc<str>,
    template: Option<Rc<str>>,
    /// How many entries of each list come from here.
    n_signals: usize,
    n_commands: usize,
    n_stops: usize,
    n_alarms: usize,
    n_expects: usize,
    n_looks: usize,
    n_involves: usize,
    /// Which single values come from here.
    gives: Vec<&'static str>,
    /// Which of the physics' names come from here.
    physics: Vec<String>,
}

/// What one place says of a twin: the document without its children, its path, and the template that it is in.
pub(super) struct Described {
    pub(super) doc: TwinDoc,
    pub(super) path: Rc<str>,
    pub(super) template: Option<Rc<str>>,
}

impl FlatTwin {
    /// Where a single value of this twin stands, such as `.body` or `.physics.inputs["a"]`.
    pub(super) fn place(&self, below: &str) -> Place {
        let physics_key = below.strip_prefix(".physics.").map(|it| it.split_once("\"]").map_or(it, |it| it.0));
        let field = below.trim_start_matches('.').split(['.', '[', '@']).next().unwrap_or_default();
        let layer = self
            .layers
            .iter()
            .rev()
            .find(|it| physics_key.is_some_and(|key| it.physics.iter().any(|it| it == key)))
            .or_else(|| self.layers.iter().rev().find(|it| it.gives.contains(&field)))
            .or_else(|| self.layers.last());
        self.place_in(layer, below.to_owned())
    }

    /// Where something of the signal at a position stands, such as `.topic`.
    pub(super) fn signal_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "signals", below, |it| it.n_signals)
    }

    /// Where something of a command stands.
    pub(super) fn command_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "commands", below, |it| it.n_commands)
    }

    /// Where something of an emergency stop stands.
    pub(super) fn stop_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "emergency_stop", below, |it| it.n_stops)
    }

    /// Where something of an alarm stands.
    pub(super) fn alarm_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "alarms", below, |it| it.n_alarms)
    }

    /// Where something of an expectation stands.
    pub(super) fn expect_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "expects", below, |it| it.n_expects)
    }

    /// Where something of a look stands.
    pub(super) fn look_place(&self, position: usize, below: &str) -> Place {
        self.list_place(position, "looks", below, |it| it.n_looks)
    }

    /// Where the name of an involved twin stands.
    pub(super) fn involves_place(&self, position: usize) -> Place {
        self.list_place(position, "involves", "", |it| it.n_involves)
    }

    fn list_place(&self, position: usize, list: &str, below: &str, count: impl Fn(&Layer) -> usize) -> Place {
        let mut left = position;
        for layer in &self.layers {
            if left < count(layer) {
                return self.place_in(Some(layer), format!(".{list}[{left}]{below}"));
            }
            left -= count(layer);
        }
        self.place("")
    }

    fn place_in(&self, layer: Option<&Layer>, below: String) -> Place {
        let Some(layer) = layer else { return below.into() };
        let made = layer.template.as_ref().map(|it| (self.address.to_string(), it.to_string()));
        Place { path: format!("{}{below}", layer.path), made }
    }
}

/// Makes a twin of what describes it, templates first.
pub(super) fn merge(layers: Vec<Described>) -> FlatTwin {
    let mut doc = TwinDoc::default();
    let n_physics = layers.iter().filter(|it| it.doc.physics.is_some()).count();
    let layers = layers
        .into_iter()
        .map(|Described { doc: own, path, template }| {
            let mut gives = Vec::new();
            let mut take = |name, given: bool| {
                if given {
                    gives.push(name);
                }
                given
            };
            let physics = own.physics.as_ref().filter(|_| n_physics > 1).map(physics_keys).unwrap_or_default();
            let (n_signals, n_commands) = (own.signals.len(), own.commands.len());
            let (n_stops, n_alarms, n_expects) = (own.emergency_stop.len(), own.alarms.len(), own.expects.len());
            let (n_looks, n_involves) = (own.looks.len(), own.involves.len());
            if take("id", !own.id.is_empty()) {
                doc.id = own.id;
            }
            if take("name", !own.name.is_empty()) {
                doc.name = own.name;
            }
            if take("about", !own.about.is_empty()) {
                doc.about = own.about;
            }
            if take("kind", own.kind.is_some()) {
                doc.kind = own.kind;
            }
            if take("at", own.at != Default::default()) {
                doc.at = own.at;
            }
            if take("body", own.body.is_some()) {
                doc.body = own.body;
            }
            if take("device", own.device.is_some()) {
                doc.device = own.device;
            }
            if take("physics", own.physics.is_some())
                && let Some(own) = own.physics
            {
                merge_physics(doc.physics.get_or_insert_default(), own);
            }
            doc.signals.extend(own.signals);
            doc.commands.extend(own.commands);
            doc.emergency_stop.extend(own.emergency_stop);
            doc.alarms.extend(own.alarms);
            doc.expects.extend(own.expects);
            doc.looks.extend(own.looks);
            doc.involves.extend(own.involves);
            Layer {
                path,
                template,
                n_signals,
                n_commands,
                n_stops,
                n_alarms,
                n_expects,
                n_looks,
                n_involves,
                gives,
                physics,
            }
        })
        .collect();
    FlatTwin { doc, address: "".into(), parent: None, children: Vec::new(), complete: true, layers }
}

fn merge_physics(into: &mut PhysicsDoc, own: PhysicsDoc) {
    if !own.equations.trim().is_empty() {
        into.equations = own.equations;
    }
    into.params.extend(own.params);
    into.inputs.extend(own.inputs);
    into.outputs.extend(own.outputs);
}

/// As [`FlatTwin::place`] looks them up: `inputs["a`.
fn physics_keys(physics: &PhysicsDoc) -> Vec<String> {
    let equations = (!physics.equations.trim().is_empty()).then(|| "equations".to_owned());
    let params = physics.params.keys().map(|it| format!("params[\"{it}"));
    let inputs = physics.inputs.keys().map(|it| format!("inputs[\"{it}"));
    let outputs = physics.outputs.keys().map(|it| format!("outputs[\"{it}"));
    equations.into_iter().chain(params).chain(inputs).chain(outputs).collect()
}
