//! What the journeys stand on: a real broker of its own for each test, and a whole headless Pollux.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use bevy::prelude::*;
use pollux::Headless;
use pollux::command::gate::{DESKTOP_USER, GATE_USER};
use pollux::command::{Ask, CommandLog, CommandRow, GateState, Operator, Phase, SignIn};
use pollux::link::Login;
use pollux::session::{CurrentSite, SessionPlugin};
use pollux::signal::Value;
use pollux::site::doc::Role;
use pollux::site::{self, Ids, Site};
use pollux::trust::{Account, Accounts};
use pollux::twin::{Reading, Readings};
use secrecy::SecretString;

pub(crate) use crate::mosquitto::{Mosquitto, PATIENCE, free_port, now, password_of, wait_until};

/// The login of a user of a guarded Mosquitto.
pub(crate) fn login_of(user: &str) -> Login {
    Login { user: user.to_owned(), password: password_of(user).into() }
}

/// The passphrase of an account of [`accounts`].
pub(crate) fn passphrase_of(account: &str) -> SecretString {
    format!("the passphrase of {account}").into()
}

/// One of each: `operator`, `engineer`, `supervisor`, and so on, and `deputy`, a second supervisor. Deriving keys takes its
/// time, so it is done once.
pub(crate) fn accounts() -> Accounts {
    static ACCOUNTS: OnceLock<Accounts> = OnceLock::new();
    let make = || {
        let mut accounts = Accounts::default();
        let people = Role::ALL.into_iter().map(|it| (it.label(), it)).chain([("deputy", Role::Supervisor)]);
        for (id, role) in people {
            accounts.add(Account::new(id, id, role, &passphrase_of(id)).unwrap()).unwrap();
        }
        accounts
    };
    ACCOUNTS.get_or_init(make).clone()
}

/// A gate as a process of its own, ended with the test.
pub(crate) struct Gate {
    child: Child,
    folder: Arc<tempfile::TempDir>,
    site: PathBuf,
    broker: String,
    /// Further arguments.
    more: Vec<String>,
}

impl Gate {
    /// Before a site, with [`accounts`], at a broker; as the user `gate` where that is guarded.
    pub(crate) fn start(site: &Path, broker: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        accounts().save(&folder.path().join("operators.ron")).unwrap();
        Self::begin(site.to_owned(), broker.to_owned(), Arc::new(folder), None, Vec::new())
    }

    /// The same, with further arguments.
    pub(crate) fn start_with(site: &Path, broker: &str, more: Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        accounts().save(&folder.path().join("operators.ron")).unwrap();
        Self::begin(site.to_owned(), broker.to_owned(), Arc::new(folder), None, more)
    }

    /// The same, where no file may grow beyond so many KiB: as on a full disk, what it writes then is refused.
    pub(crate) fn start_with_little_room(site: &Path, broker: &str, kib: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        accounts().save(&folder.path().join("operators.ron")).unwrap();
        Self::begin(site.to_owned(), broker.to_owned(), Arc::new(folder), Some(kib), Vec::new())
    }

    fn begin(
        site: PathBuf,
        broker: String,
        folder: Arc<tempfile::TempDir>,
        kib: Option<u32>,
        more: Vec<String>,
    ) -> Self {
        let file = |name: &str| folder.path().join(name);
        // Where keys lie beside the site, its own is one of them.
        let registered = site.with_file_name("secret").join("gate.key");
        let key = if registered.exists() { registered } else { file("gate.key") };
        let program = env!("CARGO_BIN_EXE_pollux");
        let mut command = match kib {
            None => Command::new(program),
            Some(kib) => {
                let mut shell = Command::new("bash");
                shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"")).arg(program);
                shell
            }
        };
        let child = command
            .arg("gate")
            .arg(&site)
            .args(["--broker", &broker, "--operators"])
            .arg(file("operators.ron"))
            .arg("--audit")
            .arg(file("audit.log"))
            .arg("--key")
            .arg(key)
            .env("XDG_DATA_HOME", folder.path())
            .args(&more)
            .env("POLLUX_MQTT_USER", GATE_USER)
            .env("POLLUX_MQTT_PASSWORD", password_of(GATE_USER))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, folder, site, broker, more }
    }

    /// Ends it at once, as a crash would. What it wrote stays.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Interrupts it, as Ctrl+C does, and waits until it has ended.
    pub(crate) fn interrupt(&mut self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success());
    }

    /// Begins it anew, with the same audit and key.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let (site, broker, folder) = (self.site.clone(), self.broker.clone(), Arc::clone(&self.folder));
        *self = Self::begin(site, broker, folder, None, self.more.clone());
    }

    /// Holds it still, as a machine that hangs: it hears and says nothing, and its connection stands.
    pub(crate) fn freeze(&self) {
        let stopped = Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status().unwrap();
        assert!(stopped.success());
    }

    /// What it wrote down: the JSON of each record.
    pub(crate) fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.audit_path()).unwrap_or_default();
        let json = |line: &str| serde_json::from_str::<serde_json::Value>(line.split_once(' ')?.1).ok();
        text.lines().filter_map(json).filter_map(|it| it.get("record").cloned()).collect()
    }

    /// Where it writes.
    pub(crate) fn audit_path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }
}

impl Drop for Gate {
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

    /// On a site's file, at a guarded broker, with [`accounts`] of whom one is signed in, once the gate is there.
    pub(crate) fn at_gate(path: &Path, broker: &str, account: &str) -> Self {
        let (site, ids) = load(path);
        let session = SessionPlugin::new(path.to_owned(), site, ids)
            .with_broker(broker.parse().unwrap())
            .with_login(Some(login_of(DESKTOP_USER)));
        let mut twin = Self::of(session);
        twin.app.insert_resource(Operator::of(accounts()));
        twin.sign_in(account);
        twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
        twin
    }

    /// Signs an account in.
    pub(crate) fn sign_in(&mut self, account: &str) {
        self.app.world_mut().write_message(SignIn { account: account.to_owned(), passphrase: passphrase_of(account) });
        let is_in = |it: &World| {
            let operator = it.resource::<Operator>();
            operator.account().is_some_and(|it| it.id == account) && !operator.is_locked()
        };
        self.until("somebody is signed in", is_in);
    }

    /// Asks for a command, with the passphrase of who is signed in where one is given.
    pub(crate) fn ask(&mut self, address: &str, value: impl Into<Value>, with_passphrase: bool) {
        let command = self.app.world().resource::<CurrentSite>().command_at(address).unwrap().id;
        let ask = Ask::new(command, value.into());
        let who = self.app.world().resource::<Operator>().account().map(|it| it.id.clone());
        let ask = if with_passphrase { ask.with_passphrase(passphrase_of(&who.unwrap())) } else { ask };
        self.app.world_mut().write_message(ask);
    }

    /// Frames until the newest command stands in a phase; returns its row.
    #[track_caller]
    pub(crate) fn until_newest_is(&mut self, phase: Phase) -> CommandRow {
        self.until(phase.label(), |it| newest_phase(it) == Some(phase));
        self.newest()
    }

    /// The newest command.
    #[track_caller]
    pub(crate) fn newest(&self) -> CommandRow {
        self.app.world().resource::<CommandLog>().rows.last().unwrap().clone()
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
            if began.elapsed() >= PATIENCE {
                let rows = self.app.world().get_resource::<CommandLog>().map(|it| it.rows.last());
                panic!("waited in vain until {what}; the newest command: {rows:?}");
            }
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// A reading by address.
    #[track_caller]
    pub(crate) fn reading(&self, address: &str) -> Reading {
        reading(self.app.world(), address)
    }
}

/// Where the newest command stands.
pub(crate) fn newest_phase(world: &World) -> Option<Phase> {
    world.resource::<CommandLog>().rows.last().map(|it| it.phase)
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
