//! A real broker for tests: Mosquitto, as its configuration says, ended with the test.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pollux::command::gate::{accesses, mosquitto_acl};
use pollux::link::pki::{Authority, Issued};
use pollux::site::Site;

/// How long a condition may take before the test fails. Generous: it is no measurement.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// In a Mosquitto's folder: what its OpenSSL is held to.
const OPENSSL_CONF: &str = "openssl.cnf";
/// In a Mosquitto's folder: its configuration.
const CONF: &str = "mosquitto.conf";

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
    folder: tempfile::TempDir,
}

impl Mosquitto {
    pub(crate) fn start() -> Self {
        Self::start_with(None, tempfile::tempdir().unwrap(), "allow_anonymous true\n")
    }

    pub(crate) fn start_on(port: u16) -> Self {
        Self::start_with(Some(port), tempfile::tempdir().unwrap(), "allow_anonymous true\n")
    }

    /// With the access list that the gate prints for a site, and a password for each of its users, see [`password_of`].
    pub(crate) fn guarded(site: &Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (passwords, acl) = (folder.path().join("passwords"), folder.path().join("acl"));
        std::fs::write(&acl, mosquitto_acl(site)).unwrap();
        let lines = accesses(site).into_iter().map(|it| format!("{}:{}\n", it.user, password_of(&it.user)));
        std::fs::write(&passwords, lines.collect::<String>()).unwrap();
        // Mosquitto reads these files as whom it runs as, and they hold secrets: it stays who it is.
        let hashed = Command::new("mosquitto_passwd").arg("-U").arg(&passwords).status();
        assert!(hashed.expect("mosquitto_passwd is missing: apt install mosquitto").success());
        let more = format!(
            "allow_anonymous false\npassword_file {}\nacl_file {}\nuser root\n",
            passwords.display(),
            acl.display()
        );
        Self::start_with(None, folder, &more)
    }

    /// One that speaks TLS alone, shows this certificate, lets in whom the authority has issued a certificate, and knows them
    /// by the name in it. Without an access list everybody may do everything.
    pub(crate) fn tls(authority: &Authority, shown: &Issued, acl: Option<&str>) -> Self {
        Self::tls_in(tempfile::tempdir().unwrap(), authority, shown, acl, "")
    }

    /// The same, which speaks nothing newer than TLS 1.2, with these ciphers (as OpenSSL writes them).
    pub(crate) fn older_tls(authority: &Authority, shown: &Issued, ciphers: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its own configuration knows no highest version: OpenSSL's does.
        let limits = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n[limits]\nMaxProtocol = TLSv1.2\n";
        std::fs::write(folder.path().join(OPENSSL_CONF), limits).unwrap();
        Self::tls_in(folder, authority, shown, None, &format!("ciphers {ciphers}\n"))
    }

    /// The same as the first, which refuses what this list takes back.
    pub(crate) fn tls_that_knows_of(revoked: &str, authority: &Authority, shown: &Issued) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("revoked.crl");
        std::fs::write(&list, revoked).unwrap();
        Self::tls_in(folder, authority, shown, None, &format!("crlfile {}\n", list.display()))
    }

    fn tls_in(folder: tempfile::TempDir, authority: &Authority, shown: &Issued, acl: Option<&str>, more: &str) -> Self {
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("ca.crt"), authority.own().certificate).unwrap();
        let own = shown.write(folder.path(), "broker").unwrap();
        let mut conf = format!(
            "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\nuse_identity_as_username true\nuser root\n{more}",
            file("ca.crt").display(),
            own.certificate.display(),
            own.key.display()
        );
        if let Some(acl) = acl {
            std::fs::write(file("acl"), acl).unwrap();
            conf.push_str(&format!("acl_file {}\n", file("acl").display()));
        }
        Self::start_with(None, folder, &conf)
    }

    /// As a folder's `mosquitto.conf` says, but for its port.
    pub(crate) fn set_up(folder: tempfile::TempDir) -> Self {
        let text = std::fs::read_to_string(folder.path().join(CONF)).unwrap();
        let (before, rest) = text.split_once("listener ").unwrap();
        let (_, after) = rest.split_once(' ').unwrap();
        Self::listening(None, folder, |port| format!("{before}listener {port} {after}"))
    }

    /// With these lines in its configuration; on this port, else on any.
    pub(crate) fn start_with(port: Option<u16>, folder: tempfile::TempDir, more: &str) -> Self {
        Self::listening(port, folder, |port| format!("listener {port} 127.0.0.1\nset_tcp_nodelay true\n{more}"))
    }

    /// On this port, else on one that nobody else has taken meanwhile.
    fn listening(port: Option<u16>, folder: tempfile::TempDir, conf: impl Fn(u16) -> String) -> Self {
        loop {
            let at = port.unwrap_or_else(free_port);
            std::fs::write(folder.path().join(CONF), conf(at)).unwrap();
            match Self::spawn(folder.path()) {
                Ok(child) => return Self { port: at, child, folder },
                Err(said) => assert!(port.is_none() && said.contains("Address already in use"), "{said}"),
            }
        }
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

    /// Publishes as a user of a guarded one. Tells whether the broker took it.
    pub(crate) fn publish_as(&self, user: &str, topic: &str, payload: &[u8], more: &[&str]) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), payload).unwrap();
        let output = Command::new("mosquitto_pub")
            .args(["-V", "5", "-q", "1", "-p", &self.port.to_string(), "-u", user, "-P", &password_of(user)])
            .args(["-t", topic, "-f"])
            .arg(file.path())
            .args(more)
            .output()
            .expect("mosquitto_pub is missing: apt install mosquitto-clients");
        // It ends well, too, where the broker does not let it: it says so alone.
        output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("Not authorized")
    }

    /// Ends it at once, as a crash would, and begins it anew on the same port.
    pub(crate) fn restart_after(&mut self, meanwhile: impl FnOnce()) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        meanwhile();
        self.child = Self::spawn(self.folder.path()).unwrap();
    }

    /// Begins it, and waits until it listens. Gives what it said where it ended instead.
    fn spawn(folder: &Path) -> Result<Child, String> {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|it| Path::new(it).exists())
            .expect("mosquitto is missing: apt install mosquitto mosquitto-clients");
        let (limits, log) = (folder.join(OPENSSL_CONF), folder.join("log"));
        let mut command = Command::new(program);
        if limits.exists() {
            command.env("OPENSSL_CONF", limits);
        }
        command.arg("-c").arg(folder.join(CONF)).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let said = || std::fs::read_to_string(&log).unwrap();
        let mut ended = false;
        // That somebody listens on the port is not enough: it may be another.
        wait_until("mosquitto listens", || {
            ended = child.try_wait().unwrap().is_some();
            ended || said().lines().any(|it| it.ends_with(" running"))
        });
        if ended { Err(said()) } else { Ok(child) }
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

/// The password of a user of a guarded Mosquitto.
pub(crate) fn password_of(user: &str) -> String {
    format!("the password of {user}")
}
