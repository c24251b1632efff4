//! The devices out there, simulated: they speak real MQTT 5 and know nothing of the viewer.
//!
//! One thread (`plant`) steps the site's physics, with its *true* parameters, in real time × the site's `field_speed`.
//! Another one (`field`) carries all devices: each is an MQTT client of its own with its client id and last will. The
//! two share a board of values; nobody waits for anybody.
//!
//! - A device says `online` (retained) on its status topic once it is connected; its last will says `offline`. When the
//!   field ends it ends as by a power cut: without a DISCONNECT, so that the broker publishes the last wills.
//! - Each topic is published at the shortest period of its signals, phases spread, as one JSON object with every
//!   signal at its pointer and the time at the pointer that the site names (milliseconds since 1970, UTC). A signal
//!   without a pointer is a bare payload. While a device is not connected it measures and keeps nothing.
//! - A device obeys the commands of its twins (`QoS` 1) and answers on the Response Topic with the same Correlation Data:
//!   `{"state":"accepted"}` or `{"state":"rejected","reason":…}` at once, and `{"state":"done"}` when what the command's
//!   `reports` signal measures has come to the value asked for (within the command's `within`, or what the sensor's
//!   noise and steps hide). If that takes longer than the command's `secs`, or a newer command for the same input comes,
//!   it stays silent. Retained commands are ignored; a command heard twice (`QoS` 1) is answered twice and obeyed once.
//! - With keys ([`FieldKeys`]) devices sign what they measure and answer, as the site says (`signing`, `envelope`); a status is
//!   the broker's word too, and is not signed. What a gateway vouches for is simulated at its devices: they publish it
//!   themselves, signed with the gateway's key, as the gateway would that heard them over a line of their own. With a
//!   registry, devices that sign obey the gate alone, each order once.

mod device;
mod order;
mod payload;
mod plan;
mod pulse;
mod sensor;
mod sign;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use crate::link::{BrokerUrl, Credentials, Dialer, Login, TlsSetupError};
use crate::physics::{self, Plant, Truth};
use crate::site::{Finding, Site};

pub use plan::PlanIssue;
pub use sign::FieldKeys;

/// How a field is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldOptions {
    /// Seed of the sensors' noise: the same seed, the same noise.
    pub seed: u64,
    /// Seconds of plant time in a second. `None`: as the site says (`field_speed`).
    pub speed: Option<f64>,
}

/// What a field has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldTally {
    /// How many devices there are.
    pub devices: usize,
    /// How many of them are connected now.
    pub connected: usize,
    /// Messages with measured values, handed to the network.
    pub published: u64,
    /// Commands answered, accepted or rejected.
    pub answered: u64,
    /// Connections lost.
    pub lost: u64,
    /// Blocks of physics that stand still because they cannot be computed.
    pub faults: usize,
}

/// Why there is no field.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// The physics is no good.
    #[error("the site's physics cannot run:{}", listed(.0))]
    Physics(Vec<Finding>),
    /// Sensors or commands that lead nowhere.
    #[error("the site's devices cannot be simulated:{}", listed(.0))]
    Plan(Vec<PlanIssue>),
    /// The site's time zone is unknown.
    #[error("{0:?} is no time zone that this system knows: write an IANA name such as Europe/Berlin")]
    TimeZone(String),
    /// A speed that makes no sense.
    #[error("a field's speed must be above 0 and at most 3600, not {0}")]
    Speed(f64),
    /// A device's certificate is no good.
    #[error("the device {0} cannot be connected")]
    Tls(String, #[source] TlsSetupError),
    /// No thread or no runtime.
    #[error("cannot start the field's threads")]
    Thread(#[source] io::Error),
}

/// Simulated devices, until it is stopped or dropped.
#[derive(Debug)]
pub struct Field {
    shared: Arc<Shared>,
    n_devices: usize,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads count.
#[derive(Debug, Default)]
struct Shared {
    connected: AtomicUsize,
    published: AtomicU64,
    answered: AtomicU64,
    lost: AtomicU64,
    faults: AtomicUsize,
    /// The threads are to end.
    stopping: AtomicBool,
    /// That no device is connected has been said.
    complained: AtomicBool,
}

impl Default for FieldOptions {
    fn default() -> Self {
        Self { seed: 1, speed: None }
    }
}

impl Field {
    /// Compiles the physics, then starts the threads. A broker that cannot be reached is no error: the devices try again.
    pub fn start(site: Arc<Site>, broker: BrokerUrl, options: FieldOptions) -> Result<Self, FieldError> {
        Self::start_as(site, broker, options, HashMap::<_, Credentials>::new())
    }

    /// The same, with a login or a certificate for each device by its id. A device without any is who the environment says.
    pub fn start_as(
        site: Arc<Site>,
        broker: BrokerUrl,
        options: FieldOptions,
        credentials: HashMap<String, impl Into<Credentials>>,
    ) -> Result<Self, FieldError> {
        Self::start_signing(site, broker, options, credentials, FieldKeys::default())
    }

    /// The same, with the devices' keys.
    pub fn start_signing(
        site: Arc<Site>,
        broker: BrokerUrl,
        options: FieldOptions,
        credentials: HashMap<String, impl Into<Credentials>>,
        keys: FieldKeys,
    ) -> Result<Self, FieldError> {
        let speed = options.speed.unwrap_or(site.field_speed);
        if !(speed > 0.0 && speed <= 3600.0) {
            return Err(FieldError::Speed(speed));
        }
        let hour = pulse::hour_of_day(&site.place.time_zone, crate::link::now())
            .ok_or_else(|| FieldError::TimeZone(site.place.time_zone.clone()))?;
        let plant =
            Plant::new(&site, Truth::Field).map_err(|errors| FieldError::Physics(physics::findings(&site, &errors)))?;
        let plans = plan::devices(&site, &plant, options.seed).map_err(FieldError::Plan)?;

        let passes = passes(&plans, &broker, credentials)?;
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(false);
        let n_devices = plans.len();
        let mut field = Self { shared: shared.clone(), n_devices, stop, threads: Vec::new() };
        let (pulse, board) = pulse::Pulse::new(plant, speed, hour);
        let for_plant = shared.clone();
        field.spawn("plant", move || pulse.run(&for_plant))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(FieldError::Thread)?;
        field.spawn("field", move || {
            device::run_all(&runtime, plans, device::Line { broker, board, shared, passes }, keys, stopped);
        })?;
        Ok(field)
    }

    /// What it has done so far.
    pub fn tally(&self) -> FieldTally {
        FieldTally {
            devices: self.n_devices,
            connected: self.shared.connected.load(Ordering::Relaxed),
            published: self.shared.published.load(Ordering::Relaxed),
            answered: self.shared.answered.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed),
            faults: self.shared.faults.load(Ordering::Relaxed),
        }
    }

    /// Ends it, as by a power cut, and returns when all connections are closed.
    pub fn stop(self) {
        drop(self);
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), FieldError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work).map_err(FieldError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // A panic of the thread has been reported by then.
            drop(thread.join());
        }
    }
}

/// What each device gets its sockets and its login from. The many without a certificate of their own share one.
fn passes(
    plans: &[plan::DevicePlan],
    broker: &BrokerUrl,
    credentials: HashMap<String, impl Into<Credentials>>,
) -> Result<HashMap<String, device::Pass>, FieldError> {
    let mut given: HashMap<String, Credentials> = credentials.into_iter().map(|(id, it)| (id, it.into())).collect();
    let mut shared: Option<Dialer> = None;
    let pass = |id: &String| {
        let Credentials { login, tls } = given.remove(id).unwrap_or_default();
        let dialer = match (&shared, tls) {
            (Some(shared), None) => shared.clone(),
            (_, tls) => {
                let own = Dialer::new(broker, tls.as_ref()).map_err(|why| FieldError::Tls(id.clone(), why))?;
                if tls.is_none() {
                    shared = Some(own.clone());
                }
                own
            }
        };
        Ok((id.clone(), device::Pass { login: login.or_else(Login::from_environment), dialer }))
    };
    plans.iter().map(|it| &it.id).map(pass).collect()
}

fn listed(items: &[impl ToString]) -> String {
    items.iter().map(|it| format!("\n- {}", it.to_string())).collect()
}
