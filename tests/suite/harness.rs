//! What the journeys stand on: a real broker of its own for each test, and a whole headless Pollux.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use pollux::Headless;
use pollux::session::{CurrentSite, SessionPlugin};
use pollux::signal::Value;
use pollux::site::{self, Ids, Site};
use pollux::twin::{Reading, Readings};

/// How long a condition may take before the test fails. Generous: it is no measurement.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// For deadlines alone.
#[expect(clippy::disallowed_methods, reason = "a deadline of the test, not the time of the twin")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A real Mosquitto on a port of its own, ended with the test.
pub(crate) struct Mosquitto {
    /// Where it listens.
    pub(crate) port: u16,
    child: Child,
    /// Holds its configuration; gone with it.
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    pub(crate) fn start() -> Self {
        Self::start_on(free_port())
    }

    pub(crate) fn start_on(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("mosquitto.conf");
        std::fs::write(&conf, format!("listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"))
            .unwrap();
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|it| Path::new(it).exists())
            .expect("mosquitto is missing: apt install mosquitto mosquitto-clients");
        let child =
            Command::new(program).arg("-c").arg(&conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("mosquitto listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        Self { port, child, _folder: folder }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Publishes with `mosquitto_pub`.
    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        let port = self.port.to_string();
        let status = Command::new("mosquitto_pub")
            .args(["-V", "5", "-p", &port, "-t", topic, "-m", payload])
            .status()
            .expect("mosquitto_pub is missing: apt install mosquitto-clients");
        assert!(status.success());
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) -> u16 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.port
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The site `tests/sites/NAME`.
pub(crate) fn site_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites").join(name).join("site.ron")
}

/// Loads a site that must be good.
#[track_caller]
pub(crate) fn load(path: &Path) -> (Arc<Site>, Ids) {
    let mut ids = Ids::default();
    match site::load(path, &mut ids) {
        Ok(loaded) => (Arc::new(loaded.site), ids),
        Err(error) => panic!("{error}"),
    }
}

/// An address on loopback, any port.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A whole Pollux without a window.
pub(crate) struct TestTwin {
    /// Its world.
    pub(crate) app: App,
}

impl TestTwin {
    /// On a site's file, connected to a broker.
    pub(crate) fn connected(path: &Path, broker: &str) -> Self {
        let mut app = Self::build(path, Some(broker));
        app.finish();
        app.cleanup();
        app.update();
        Self { app }
    }

    /// Before its first frame.
    pub(crate) fn build(path: &Path, broker: Option<&str>) -> App {
        let (site, ids) = load(path);
        let mut session = SessionPlugin::new(path.to_owned(), site, ids);
        if let Some(broker) = broker {
            session = session.with_broker(broker.parse().unwrap());
        }
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).add_plugins(Headless { session });
        app
    }

    /// A session that is made elsewhere: recorded, or replayed.
    pub(crate) fn of(session: SessionPlugin) -> Self {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).add_plugins(Headless { session });
        app.finish();
        app.cleanup();
        app.update();
        Self { app }
    }

    /// Frames until a condition holds.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) {
        let began = now();
        loop {
            self.app.update();
            if holds(self.app.world()) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// A reading by address.
    #[track_caller]
    pub(crate) fn reading(&self, address: &str) -> Reading {
        reading(self.app.world(), address)
    }
}

/// A reading by address.
#[track_caller]
pub(crate) fn reading(world: &World, address: &str) -> Reading {
    let signal = world.resource::<CurrentSite>().signal_at(address).unwrap_or_else(|| panic!("no signal {address}")).id;
    world.resource::<Readings>().get(signal).clone()
}

/// A reading's value as a number by address; NaN where there is none.
pub(crate) fn number(world: &World, address: &str) -> f64 {
    reading(world, address).value.as_ref().and_then(Value::as_number).unwrap_or(f64::NAN)
}
