//! Which device publishes what, and obeys which commands: worked out once from the site and its physics.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Duty;
use super::sensor::Sensor;
use crate::physics::{InputError, OutputId, Plant};
use crate::site::doc::{DeviceDoc, EnvelopeDoc, SigningDoc};
use crate::site::{Command, Signal, Site, TwinId};

/// One device: one MQTT client.
#[derive(Debug)]
pub(super) struct DevicePlan {
    /// Its client id.
    pub(super) id: String,
    /// Topic of `online` and `offline`.
    pub(super) status: Option<String>,
    /// What it publishes.
    pub(super) posts: Vec<Post>,
    /// What it obeys.
    pub(super) duties: Vec<Duty>,
    /// Whose keys may sign what it says. Empty: it does not sign.
    pub(super) signers: Vec<String>,
    /// How its signatures travel.
    pub(super) envelope: EnvelopeDoc,
}

/// One topic that a device publishes.
#[derive(Debug)]
pub(super) struct Post {
    /// The topic.
    pub(super) topic: String,
    /// Seconds between two messages.
    pub(super) period: f64,
    /// Seconds until the first message, so that devices do not all speak at once.
    pub(super) phase: f64,
    /// Where the time goes. `None`: it is not told.
    pub(super) time: Option<String>,
    /// What is measured.
    pub(super) parts: Vec<Part>,
}

/// One value of a [`Post`].
#[derive(Debug)]
pub(super) struct Part {
    /// The signal's address.
    pub(super) address: Arc<str>,
    /// Where it goes. `None`: it is the whole payload.
    pub(super) path: Option<String>,
    /// The true quantity.
    pub(super) output: OutputId,
    /// What becomes of it.
    pub(super) sensor: Sensor,
}

/// Why a sensor or a command cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanIssue {
    /// A simulated sensor of nothing.
    #[error("the sensor of `{signal}` measures {of:?}, which is no output of any physics")]
    UnknownOutput {
        /// The signal's address.
        signal: Arc<str>,
        /// As written.
        of: String,
    },
    /// A signal or command that no device speaks for.
    #[error("`{0}` belongs to no device: give its twin, or one above it, a `device`")]
    NoDevice(Arc<str>),
    /// A command that drives nothing.
    #[error("the command `{command}` cannot drive anything: {why}")]
    UnknownInput {
        /// The command's address.
        command: Arc<str>,
        /// What is wrong.
        why: InputError,
    },
    /// An interlock that watches nothing.
    #[error("the command `{command}` is refused while {output:?}, which is no output of any physics")]
    UnknownInterlock {
        /// The command's address.
        command: Arc<str>,
        /// As written.
        output: String,
    },
}

/// All devices of a site, or all that is wrong.
pub(super) fn devices(site: &Site, plant: &Plant, seed: u64) -> Result<Vec<DevicePlan>, Vec<PlanIssue>> {
    let mut plans: BTreeMap<String, DevicePlan> = BTreeMap::new();
    let mut issues = Vec::new();
    for doc in site.twins.iter().filter_map(|it| it.device.as_ref()) {
        plan_of(&mut plans, doc);
    }
    for signal in &site.signals {
        match part(site, plant, signal, seed) {
            Ok(Some(part)) => match site.device_of(signal.twin) {
                Some((_, doc)) => add_part(plan_of(&mut plans, doc), signal, part),
                None => issues.push(PlanIssue::NoDevice(signal.address.clone())),
            },
            Ok(None) => {}
            Err(issue) => issues.push(issue),
        }
    }
    for command in &site.commands {
        match duty(site, plant, command, seed) {
            Ok(duty) => match site.device_of(command.twin) {
                Some((_, doc)) => plan_of(&mut plans, doc).duties.push(duty),
                None if command.drives.is_none() => {}
                None => issues.push(PlanIssue::NoDevice(command.address.clone())),
            },
            Err(found) => issues.extend(found),
        }
    }
    if !issues.is_empty() {
        return Err(issues);
    }
    let mut plans: Vec<_> = plans.into_values().collect();
    spread(&mut plans);
    Ok(plans)
}

fn plan_of<'a>(plans: &'a mut BTreeMap<String, DevicePlan>, doc: &DeviceDoc) -> &'a mut DevicePlan {
    plans.entry(doc.id.clone()).or_insert_with(|| DevicePlan {
        id: doc.id.clone(),
        status: doc.status.clone(),
        posts: Vec::new(),
        duties: Vec::new(),
        signers: if doc.signing == SigningDoc::None { Vec::new() } else { doc.signers() },
        envelope: doc.envelope,
    })
}

/// What a signal's sensor measures; `None` where the field does not send it.
fn part(site: &Site, plant: &Plant, signal: &Signal, seed: u64) -> Result<Option<Part>, PlanIssue> {
    let Some(doc) = &signal.field else { return Ok(None) };
    let output = output_of(site, plant, signal.twin, &doc.of)
        .ok_or_else(|| PlanIssue::UnknownOutput { signal: signal.address.clone(), of: doc.of.clone() })?;
    let sensor = Sensor::new(signal.is, doc.clone(), seed ^ stable_hash(&signal.address));
    Ok(Some(Part {
        address: signal.address.clone(),
        path: signal.path.clone().filter(|it| !it.is_empty()),
        output,
        sensor,
    }))
}

/// Signals of one topic share a message, unless one is the whole of it.
fn add_part(plan: &mut DevicePlan, signal: &Signal, part: Part) {
    let period =
        if signal.period > 0.0 && signal.period.is_finite() { signal.period.clamp(0.01, 86_400.0) } else { 1.0 };
    let shared = plan
        .posts
        .iter_mut()
        .find(|it| it.topic == signal.topic && part.path.is_some() && it.parts.iter().all(|it| it.path.is_some()));
    match shared {
        Some(post) => {
            post.period = post.period.min(period);
            post.time = post.time.take().or_else(|| signal.time.clone());
            post.parts.push(part);
        }
        None => plan.posts.push(Post {
            topic: signal.topic.clone(),
            period,
            phase: 0.0,
            time: signal.time.clone().filter(|_| part.path.is_some()),
            parts: vec![part],
        }),
    }
}

fn duty(site: &Site, plant: &Plant, command: &Command, seed: u64) -> Result<Duty, Vec<PlanIssue>> {
    let mut issues = Vec::new();
    let drives = command.drives.as_deref().and_then(|address| match plant.input_id(address) {
        Ok(input) => Some(input),
        Err(why) => {
            issues.push(PlanIssue::UnknownInput { command: command.address.clone(), why });
            None
        }
    });
    let refused = command.refused_while.as_ref().and_then(|doc| {
        let output = output_of(site, plant, command.twin, &doc.output);
        if output.is_none() {
            issues.push(PlanIssue::UnknownInterlock { command: command.address.clone(), output: doc.output.clone() });
        }
        Some((output?, doc.reason.clone()))
    });
    if !issues.is_empty() {
        return Err(issues);
    }
    // A reported signal that leads nowhere is told of where the signals are planned.
    let reports = site.signal(command.reports).and_then(|it| part(site, plant, it, seed).ok().flatten());
    // The site's tolerance is that of the signal that confirms, which may be another one.
    let confirms_itself = command.confirm.signal == command.reports;
    let within = if confirms_itself { command.confirm.within } else { 0.0 };
    Ok(Duty {
        topic: command.topic.clone(),
        path: command.path.clone().filter(|it| !it.is_empty()),
        takes: command.takes.clone(),
        drives,
        refused,
        within: within.max(reports.as_ref().map_or(0.0, |it| it.sensor.tolerance())).max(1e-9),
        threshold: command.confirm.threshold.filter(|_| confirms_itself).unwrap_or(0.5),
        reports: reports.map(|it| (it.output, it.sensor)),
        secs: command.confirm.secs,
    })
}

fn output_of(site: &Site, plant: &Plant, twin: TwinId, address: &str) -> Option<OutputId> {
    let twin = site.twin(twin)?;
    plant.output_id(&crate::physics::absolute(&twin.address, address))
}

/// Phases by the golden ratio: however many topics share a period, they lie evenly in it.
fn spread(plans: &mut [DevicePlan]) {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    for (index, post) in plans.iter_mut().flat_map(|it| &mut it.posts).enumerate() {
        post.phase = (index as f64 * GOLDEN).fract() * post.period;
    }
}

/// FNV-1a: the same on every machine and in every version, so that a seed keeps its story.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
