//! A real Mosquitto, as its configuration says, ended with the test.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// So often it is looked whether it listens, and so many times.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS: usize = 6000;

/// A broker on a port of its own.
pub(crate) struct Mosquitto {
    /// Where it listens.
    pub(crate) port: u16,
    child: Child,
    /// Holds its configuration; gone with it.
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// One that lets everybody do everything.
    pub(crate) fn open() -> Self {
        Self::start(tempfile::tempdir().unwrap(), "allow_anonymous true\n")
    }

    /// On a port that nobody else has taken meanwhile, with these lines in its configuration.
    pub(crate) fn start(folder: tempfile::TempDir, more: &str) -> Self {
        loop {
            let port = free_port();
            let conf = format!("listener {port} 127.0.0.1\nset_tcp_nodelay true\nmax_inflight_messages 0\n{more}");
            std::fs::write(folder.path().join("mosquitto.conf"), conf).unwrap();
            match spawn(folder.path()) {
                Ok(child) => return Self { port, child, _folder: folder },
                Err(said) => assert!(said.contains("Address already in use"), "{said}"),
            }
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Begins it, and waits until it listens. Gives what it said where it ended instead.
fn spawn(folder: &Path) -> Result<Child, String> {
    let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
        .into_iter()
        .find(|it| Path::new(it).exists())
        .expect("mosquitto is missing: apt install mosquitto mosquitto-clients");
    let log = folder.join("log");
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("mosquitto.conf"));
    let mut child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    for _ in 0..LOOKS {
        if child.try_wait().unwrap().is_some() {
            return Err(said());
        }
        // That somebody listens on the port is not enough: it may be another.
        if said().lines().any(|it| it.ends_with(" running")) {
            return Ok(child);
        }
        thread::park_timeout(LOOK_EVERY);
    }
    panic!("mosquitto does not listen: {}", said());
}
