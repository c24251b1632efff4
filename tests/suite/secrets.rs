//! Canaries: secrets that sing where they are found. They go in where secrets belong, and must be nowhere else: not in a log, however
//! talkative, not in what is recorded, written down or told, and not in what a panic would print.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pollux::command::{GateState, Operator, Phase, SignIn};
use pollux::field::FieldKeys;
use pollux::link::pki::Authority;
use pollux::link::{self, Credentials, LinkOptions, Login};
use pollux::session::recording::Recording;
use pollux::session::{Keys, KeysAt, SessionPlugin};
use pollux::trust::{Pen, SecretKey};
use secrecy::ExposeSecret;

use crate::harness::{Mosquitto, TestTwin, accounts, load, number, passphrase_of, password_of, site_path, wait_until};

const SPEED: &str = "bench.pump/speed";
/// Where secrets may lie.
const BELONG: [&str; 3] = ["secret/", "authority.key", "passwords"];

/// What must not be found, by what it is.
struct Canaries(Vec<(String, Vec<u8>)>);

impl Canaries {
    /// A text, as it is and as it may be written otherwise.
    fn add(&mut self, what: &str, secret: &str) {
        self.0.push((what.to_owned(), secret.as_bytes().to_vec()));
        self.add_bytes(what, secret.as_bytes());
    }

    fn add_bytes(&mut self, what: &str, secret: &[u8]) {
        let hex = |upper: bool| -> String {
            secret.iter().map(|it| if upper { format!("{it:02X}") } else { format!("{it:02x}") }).collect()
        };
        // As numbers in a list, as `Debug` prints bytes.
        let listed: Vec<String> = secret.iter().take(8).map(u8::to_string).collect();
        let forms = [hex(false), hex(true), STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret), listed.join(", ")];
        self.0.extend(forms.map(|it| (what.to_owned(), it.into_bytes())));
        self.0.push((what.to_owned(), secret.to_vec()));
    }

    /// A key's file: 64 digits.
    fn add_key(&mut self, what: &str, file: &Path) {
        let text = fs::read_to_string(file).unwrap();
        let digits = text.trim();
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        assert_eq!(bytes.len(), 32);
        self.add_bytes(what, &bytes);
    }

    /// What is found in some bytes.
    fn in_bytes(&self, bytes: &[u8]) -> Vec<&str> {
        let found = |it: &&(String, Vec<u8>)| bytes.windows(it.1.len()).any(|window| window == it.1);
        self.0.iter().filter(found).map(|it| it.0.as_str()).collect()
    }

    /// What is found in all files below a folder, but for those where secrets belong: each with its file.
    fn below(&self, folder: &Path, root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if BELONG.iter().any(|it| name.starts_with(it)) {
                continue;
            }
            if path.is_dir() {
                found.extend(self.below(&path, root));
            } else {
                let said = self.in_bytes(&fs::read(&path).unwrap());
                found.extend(said.into_iter().map(|it| format!("{it} in {name}")));
            }
        }
        found
    }
}

/// A program that tells all that it can tell into a file, ended with the test.
struct Talkative(Child);

impl Talkative {
    fn start(folder: &Path, name: &str, arguments: &[&str], user: &str, password: &str) -> Self {
        let log = File::create(folder.join(format!("{name}.log"))).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_pollux"))
            .args(arguments)
            .current_dir(folder)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full")
            .env("XDG_DATA_HOME", folder.join("home"))
            .env("POLLUX_MQTT_USER", user)
            .env("POLLUX_MQTT_PASSWORD", password)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A broker that lets in who has a password, and everybody do everything.
fn broker(folder: &Path, users: &[&str]) -> Mosquitto {
    let passwords = folder.join("passwords");
    let lines: String = users.iter().map(|it| format!("{it}:{}\n", password_of(it))).collect();
    fs::write(&passwords, lines).unwrap();
    let hashed = Command::new("mosquitto_passwd").arg("-U").arg(&passwords).status();
    assert!(hashed.expect("mosquitto_passwd is missing: apt install mosquitto").success());
    let more = format!("allow_anonymous false\npassword_file {}\nuser root\n", passwords.display());
    Mosquitto::start_with(None, tempfile::tempdir().unwrap(), &more)
}

/// The gated bench, whose pump signs, with keys that `pollux keys new` made.
fn set_up(folder: &Path) -> PathBuf {
    let path = folder.join("site.ron");
    let text = fs::read_to_string(site_path("gated")).unwrap();
    fs::write(&path, text.replace(r#"(id: "bench-pump","#, r#"(id: "bench-pump", signing: Required,"#)).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .args(["keys", "new", ".", "--site", "site.ron"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    accounts().save(&folder.join("operators.ron")).unwrap();
    path
}

#[test]
fn no_secret_is_found_where_it_does_not_belong() {
    let holder = tempfile::tempdir().unwrap();
    let folder = holder.path();
    let path = set_up(folder);
    let mut canaries = Canaries(Vec::new());
    for user in ["gate", "desktop", "field"] {
        canaries.add("a password", &password_of(user));
    }
    canaries.add("the wrong password", "a password that is wrong");
    canaries.add("a passphrase", passphrase_of("operator").expose_secret());
    for name in ["authority.key", "secret/gate.key", "secret/bench-pump.key"] {
        canaries.add_key(name, &folder.join(name));
    }
    let broker = broker(folder, &["gate", "desktop", "field"]);
    let url = broker.url();

    let gate = ["gate", "site.ron", "--broker", &url, "--audit", "audit.log", "--key", "secret/gate.key"];
    let gate = Talkative::start(folder, "gate", &gate, "gate", &password_of("gate"));
    let field = ["field", "site.ron", "--broker", &url, "--keys", "secret"];
    let field = Talkative::start(folder, "field", &field, "field", &password_of("field"));
    // One that is not let in, and one whose address holds its password.
    let refused = ["watch", "site.ron", "--broker", &url];
    let refused = Talkative::start(folder, "refused", &refused, "desktop", "a password that is wrong");
    let with_password = format!("mqtt://desktop:{}@127.0.0.1:{}", password_of("desktop"), broker.port);
    let mut spelled = Talkative::start(folder, "spelled", &["watch", "site.ron", "--broker", &with_password], "", "");

    // A person signs in at the desktop, and asks for something.
    let (site, ids) = load(&path);
    let at = KeysAt { file: None, authority: None, store: &folder.join("trust.redb") };
    let keys = Keys::find(&path, &site, at).unwrap();
    let login = Login { user: "desktop".to_owned(), password: password_of("desktop").into() };
    let session = SessionPlugin::new(path, site, ids)
        .with_broker(url.parse().unwrap())
        .with_login(Some(login.clone()))
        .with_keys(keys);
    let mut twin = TestTwin::of(session);
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("operator");
    twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
    twin.until("the pump is at speed", |it| (number(it, SPEED) - 1000.0).abs() < 20.0);
    let record = ["record", "site.ron", "--broker", &url, "--out", "run.mcap", "--for", "10s"];
    let mut record = Talkative::start(folder, "record", &record, "desktop", &password_of("desktop"));
    let file = folder.join("run.mcap");
    wait_until("the recording has begun", || Recording::open(&file).is_ok_and(|it| it.n_chunks() > 0));
    twin.ask(SPEED, 950.0, true);
    twin.until_newest_is(Phase::Confirmed);

    wait_until("the recording has ended", || record.0.try_wait().unwrap().is_some());
    wait_until("the address is refused", || spelled.0.try_wait().unwrap().is_some());
    wait_until("the wrong password is refused", || {
        fs::read_to_string(folder.join("refused.log")).unwrap().contains("POLLUX_MQTT_USER")
    });
    // What a panic would print of whatever holds a secret.
    let key = SecretKey::load(&folder.join("secret/gate.key")).unwrap();
    let printed = [
        format!("{login:?}"),
        format!("{:?}", Credentials::from(login.clone())),
        format!("{:?}", options_with(login)),
        format!("{key:?} {key} {:?}", Pen::new(key.clone(), 1)),
        format!("{:?}", FieldKeys { secrets: HashMap::from([("gate".to_owned(), key)]), registry: None }),
        format!("{:?}", SignIn { account: "operator".to_owned(), passphrase: passphrase_of("operator") }),
        format!("{:?}", twin.app.world().resource::<Operator>()),
    ];
    fs::write(folder.join("printed"), printed.join("\n")).unwrap();
    let authority = Authority::new("CA", link::now(), link::now() + std::time::Duration::from_secs(1000)).unwrap();
    let own = authority.own();
    let body: String = own.key.expose_secret().lines().filter(|it| !it.starts_with('-')).collect();
    assert!(!format!("{own:?}{authority:?}").contains(&body[20..60]), "a certificate's key prints");
    drop((twin, gate, field, refused));

    // What was recorded lies in it packed: it is looked at unpacked, too.
    let recording = Recording::open(&file).unwrap();
    let mut unpacked = File::create(folder.join("unpacked")).unwrap();
    let mut n_items = 0;
    for chunk in 0..recording.n_chunks() {
        for item in recording.items(chunk).0 {
            n_items += 1;
            writeln!(unpacked, "{item:?}").unwrap();
        }
    }
    for (name, data) in recording.files().unwrap() {
        writeln!(unpacked, "{name}").unwrap();
        unpacked.write_all(&data).unwrap();
    }
    drop(unpacked);
    assert!(n_items > 20, "{n_items}");
    for name in ["gate.log", "field.log", "record.log", "audit.log"] {
        let bytes = fs::metadata(folder.join(name)).unwrap().len();
        assert!(bytes > 500, "{name} has {bytes} bytes: nothing was told");
    }
    assert_eq!(canaries.below(folder, folder), Vec::<String>::new());

    // The control: each of them is found where it is planted.
    let planted = folder.join("planted");
    fs::create_dir(&planted).unwrap();
    for (what, secret) in &canaries.0 {
        fs::write(planted.join("a.log"), [b"log: ", &secret[..], b"\n"].concat()).unwrap();
        let found = canaries.below(&planted, folder);
        assert!(found.contains(&format!("{what} in planted/a.log")), "{what} is not found: {found:?}");
    }
}

fn options_with(login: Login) -> LinkOptions {
    LinkOptions {
        url: "mqtt://127.0.0.1:1".parse().unwrap(),
        client_id: "desktop".to_owned(),
        filters: Vec::new(),
        arrivals_capacity: 1,
        allow_insecure: false,
        login: Some(login),
        tls: None,
        will: None,
    }
}
