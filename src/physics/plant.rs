//! All blocks of a site together: who feeds whom, and the step that moves them.

use std::collections::HashMap;
use std::sync::Arc;

use super::block::Block;
use super::curve::DayCurve;
use super::error::{InputError, PhysicsError};
use super::names::NameFault;
use super::said::{Said, explain};
use super::source;
use crate::site::Site;
use crate::site::doc::{InputDoc, PhysicsDoc};

/// The longest time for which blocks do not hear of each other: seconds of plant time.
pub const COMMUNICATION_SECS: f64 = 0.05;

/// How often inputs and outputs are passed on at the start, until algebra that runs through several blocks has settled.
const SETTLING_PASSES: usize = 16;

/// With which parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// What the twin believes: `value`.
    Believed,
    /// What is true in the simulated field: `truly`, where given.
    Field,
}

/// An output's number in its [`Plant`], dense from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutputId(u32);

impl OutputId {
    /// The number, to index tables with.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An input's number in its [`Plant`], dense from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InputId(u32);

/// A block that stands still or has an output that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The twin's address.
    pub twin: &'a str,
    /// Why.
    pub why: &'a str,
}

/// The blocks of a site, coupled. See the [module's page](super) for how they are stepped.
pub struct Plant {
    blocks: Vec<Block>,
    inputs: Vec<Input>,
    /// Block and place, by [`OutputId`].
    outputs: Vec<(usize, usize)>,
    input_ids: HashMap<String, InputId>,
    output_ids: HashMap<String, OutputId>,
    /// Block and place of each parameter, by address.
    params: HashMap<String, (usize, usize)>,
    time: f64,
    started: bool,
}

struct Input {
    block: usize,
    place: usize,
    source: InputSource,
}

enum InputSource {
    Outputs(Vec<OutputId>),
    Set,
    HourOfDay,
    Daily(DayCurve),
}

impl Plant {
    /// Compiles all blocks of a site. All that is wrong comes at once.
    pub fn new(site: &Site, truth: Truth) -> Result<Self, Vec<PhysicsError>> {
        let blocks = site.twins.iter().filter_map(|twin| Some((&twin.address, twin.physics.as_ref()?)));
        Self::couple(&blocks.collect::<Vec<_>>(), truth)
    }

    /// As [`Self::new`], from twins' addresses and their blocks.
    pub(super) fn couple(described: &[(&Arc<str>, &PhysicsDoc)], truth: Truth) -> Result<Self, Vec<PhysicsError>> {
        let mut errors = Vec::new();
        let mut blocks = Vec::new();
        for (twin, doc) in described {
            match compile(twin, doc, truth) {
                Ok(block) => blocks.push(block),
                Err(found) => errors.extend(found),
            }
        }
        let mut outputs = Vec::new();
        let mut output_ids = HashMap::new();
        for (block, (twin, doc)) in described.iter().enumerate() {
            for (place, name) in doc.outputs.keys().enumerate() {
                output_ids.insert(format!("{twin}/{name}"), OutputId(outputs.len() as u32));
                outputs.push((block, place));
            }
        }
        let mut inputs = Vec::new();
        let mut input_ids = HashMap::new();
        let mut params = HashMap::new();
        for (block, (twin, doc)) in described.iter().enumerate() {
            for (place, name) in doc.params.keys().enumerate() {
                params.insert(format!("{twin}/{name}"), (block, place));
            }
            for (index, (name, input)) in doc.inputs.iter().enumerate() {
                match resolve(twin, name, input, &output_ids) {
                    Ok(source) => {
                        input_ids.insert(format!("{twin}/{name}"), InputId(inputs.len() as u32));
                        inputs.push(Input { block, place: doc.params.len() + index, source });
                    }
                    Err(found) => errors.extend(found),
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut plant = Self { blocks, inputs, outputs, input_ids, output_ids, params, time: 0.0, started: false };
        plant.settle(12.0);
        let unsound = plant.blocks.iter().filter(|it| !it.is_sound());
        let errors: Vec<_> = unsound.map(|it| PhysicsError::Start { twin: it.twin.clone() }).collect();
        if errors.is_empty() { Ok(plant) } else { Err(errors) }
    }

    /// Moves the plant on by `secs` of plant time. `hour_of_day` is the site's, at the beginning.
    ///
    /// Before the first step the outputs are those of noon.
    pub fn step(&mut self, secs: f64, hour_of_day: f64) {
        if !self.started {
            self.settle(hour_of_day);
            self.started = true;
        }
        if !(secs > 0.0 && secs.is_finite()) {
            return;
        }
        let n_steps = (secs / COMMUNICATION_SECS).ceil().max(1.0) as u64;
        let step_secs = secs / n_steps as f64;
        for step in 0..n_steps {
            let hour = hour_of_day + step as f64 * step_secs / 3600.0;
            self.feed_inputs(hour.rem_euclid(24.0));
            for block in &mut self.blocks {
                block.step(self.time, step_secs);
            }
            self.time += step_secs;
        }
    }

    /// Seconds of plant time since the start.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// The number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Blocks that cannot be computed now. They are tried again.
    pub fn faults(&self) -> impl Iterator<Item = Fault<'_>> {
        self.blocks.iter().filter_map(|it| Some(Fault { twin: &it.twin, why: it.fault.as_deref()? }))
    }

    /// An output's number, by `twin/output`.
    pub fn output_id(&self, address: &str) -> Option<OutputId> {
        self.output_ids.get(address).copied()
    }

    /// An output's value, by its number in this plant.
    pub fn value(&self, id: OutputId) -> f64 {
        let (block, place) = self.outputs[id.0 as usize];
        self.blocks[block].outputs[place]
    }

    /// All outputs' values, by their numbers in this plant.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.outputs.iter().map(|&(block, place)| self.blocks[block].outputs[place])
    }

    /// An output's value, by `twin/output`.
    pub fn output(&self, address: &str) -> Option<f64> {
        self.output_id(address).map(|it| self.value(it))
    }

    /// The addresses of all outputs, in order.
    pub fn output_addresses(&self) -> Vec<&str> {
        let mut addresses: Vec<_> = self.output_ids.keys().map(String::as_str).collect();
        addresses.sort_unstable();
        addresses
    }

    /// The number of an input that can be set, by `twin/input`.
    pub fn input_id(&self, address: &str) -> Result<InputId, InputError> {
        let id = *self.input_ids.get(address).ok_or_else(|| InputError::Unknown(address.to_owned()))?;
        match self.inputs[id.0 as usize].source {
            InputSource::Set => Ok(id),
            InputSource::Outputs(_) | InputSource::HourOfDay | InputSource::Daily(_) => {
                Err(InputError::NotSettable(address.to_owned()))
            }
        }
    }

    /// Sets an input, by its number in this plant. What is no finite number is ignored.
    pub fn set(&mut self, id: InputId, value: f64) {
        if value.is_finite() {
            let input = &self.inputs[id.0 as usize];
            self.blocks[input.block].given[input.place] = value;
        }
    }

    /// Sets an input, by `twin/input`.
    pub fn set_input(&mut self, address: &str, value: f64) -> Result<(), InputError> {
        let id = self.input_id(address)?;
        if !value.is_finite() {
            return Err(InputError::NotANumber(address.to_owned()));
        }
        self.set(id, value);
        Ok(())
    }

    /// Changes a parameter while the plant runs (a fault, wear, a better estimate), by `twin/param`.
    pub fn set_param(&mut self, address: &str, value: f64) -> Result<(), InputError> {
        let &(block, place) = self.params.get(address).ok_or_else(|| InputError::Unknown(address.to_owned()))?;
        if !value.is_finite() {
            return Err(InputError::NotANumber(address.to_owned()));
        }
        self.blocks[block].given[place] = value;
        Ok(())
    }

    /// Initial states and outputs that agree with each other, as far as passing them on a few times can bring it about.
    fn settle(&mut self, hour: f64) {
        for _ in 0..SETTLING_PASSES {
            self.feed_inputs(hour.rem_euclid(24.0));
            for block in &mut self.blocks {
                block.restart();
                block.compute_outputs(self.time);
            }
        }
    }

    fn feed_inputs(&mut self, hour: f64) {
        for input in &self.inputs {
            let value = match &input.source {
                InputSource::Set => continue,
                InputSource::Outputs(ids) => ids.iter().map(|&it| self.value(it)).sum(),
                InputSource::HourOfDay => hour,
                InputSource::Daily(curve) => curve.at(hour),
            };
            self.blocks[input.block].given[input.place] = value;
        }
    }
}

/// `./x` and `.motor/x` as addresses from the site's top; what is absolute stays.
pub(crate) fn absolute(twin: &str, reference: &str) -> String {
    match reference.strip_prefix('.') {
        Some(rest) if rest.starts_with('/') => format!("{twin}{rest}"),
        Some(rest) => format!("{twin}.{rest}"),
        None => reference.to_owned(),
    }
}

fn compile(twin: &Arc<str>, doc: &PhysicsDoc, truth: Truth) -> Result<Block, Vec<PhysicsError>> {
    let named = |fault: NameFault| PhysicsError::Name {
        twin: twin.clone(),
        name: fault.name,
        why: fault.issue.text(),
        expected: fault.issue.expected(),
        at: fault.at.map(|it| it.0..it.1),
    };
    let source = source::assemble(doc).map_err(|it| it.into_iter().map(named).collect::<Vec<_>>())?;
    let params = doc.params.iter().map(|(name, it)| {
        let value = match truth {
            Truth::Believed => it.value,
            Truth::Field => it.truly.unwrap_or(it.value),
        };
        (name, value)
    });
    let inputs = doc.inputs.iter().map(|(name, it)| {
        let start = match it {
            InputDoc::Set(value) => *value,
            InputDoc::From(_) | InputDoc::Sum(_) | InputDoc::HourOfDay | InputDoc::Daily(_) => 0.0,
        };
        (name, start)
    });
    let given: Vec<_> = params.chain(inputs).collect();
    let strange: Vec<_> = given
        .iter()
        .filter(|it| !it.1.is_finite())
        .map(|it| PhysicsError::NotANumber { twin: twin.clone(), name: it.0.clone() })
        .collect();
    if !strange.is_empty() {
        return Err(strange);
    }
    let complained = |it: Said| PhysicsError::Equations { twin: twin.clone(), said: it.text, at: it.at, hint: it.hint };
    Block::compile(twin.clone(), &source, given.into_iter().map(|it| it.1).collect())
        .map_err(|said| explain(&said, &source, doc).into_iter().map(complained).collect())
}

fn resolve(
    twin: &Arc<str>,
    name: &str,
    input: &InputDoc,
    outputs: &HashMap<String, OutputId>,
) -> Result<InputSource, Vec<PhysicsError>> {
    let references = match input {
        InputDoc::From(reference) => std::slice::from_ref(reference),
        InputDoc::Sum(references) => references,
        InputDoc::Set(_) => return Ok(InputSource::Set),
        InputDoc::HourOfDay => return Ok(InputSource::HourOfDay),
        InputDoc::Daily(points) => {
            let curve = DayCurve::new(points).map(InputSource::Daily);
            return curve.ok_or_else(|| vec![PhysicsError::Curve { twin: twin.clone(), input: name.to_owned() }]);
        }
    };
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for reference in references {
        match outputs.get(&absolute(twin, reference)) {
            Some(&id) => found.push(id),
            None => errors.push(PhysicsError::UnknownOutput {
                twin: twin.clone(),
                input: name.to_owned(),
                reference: reference.clone(),
                hint: hint(&absolute(twin, reference), outputs),
            }),
        }
    }
    if errors.is_empty() { Ok(InputSource::Outputs(found)) } else { Err(errors) }
}

/// The outputs that the named twin does have.
fn hint(address: &str, outputs: &HashMap<String, OutputId>) -> String {
    let twin = address.rsplit_once('/').map_or(address, |it| it.0);
    let mut there: Vec<_> = outputs.keys().filter_map(|it| it.strip_prefix(twin)?.strip_prefix('/')).collect();
    there.sort_unstable();
    if there.is_empty() { String::new() } else { format!(" (`{twin}` has {})", there.join(", ")) }
}
