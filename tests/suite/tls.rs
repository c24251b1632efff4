//! Encrypted connections to a real broker: who is let in, who is not, and that each is told why.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pollux::command::{GateState, Operator, Phase, Topics};
use pollux::field::{Field, FieldOptions};
use pollux::link::pki::{Authority, Issued, Purpose};
use pollux::link::{
    self, Arrival, BrokerUrl, Credentials, Identity, Link, LinkOptions, LinkProblem, LinkState, Publish, Roots,
    TlsOptions, TlsVersion,
};
use pollux::session::{Session, SessionPlugin};
use pollux::signal::Timestamp;

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, free_port, load, number, site_path, wait_until};

const DAY: Duration = Duration::from_secs(86_400);
/// What the devices of these tests may do.
const ACL: &str = "user viewer\ntopic read #\nuser nf-p1\ntopic write plant/p1/#\nuser nf-p2\ntopic write plant/p2/#\n";

/// A plant's certificates, and a folder for those that a client reads.
struct Plant {
    authority: Authority,
    folder: tempfile::TempDir,
    from: Timestamp,
    to: Timestamp,
}

impl Plant {
    fn new() -> Self {
        let now = link::now();
        Self::valid(now - DAY, now + DAY * 90)
    }

    /// With certificates that hold from one instant to another.
    fn valid(from: Timestamp, to: Timestamp) -> Self {
        let now = link::now();
        let authority = Authority::new("Plant CA", now - DAY * 400, now + DAY * 400).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.crt"), authority.own().certificate).unwrap();
        Self { authority, folder, from, to }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    fn broker(&self, names: &[&str]) -> Issued {
        let purpose = Purpose::Broker(names.iter().map(|&it| it.to_owned()).collect());
        self.authority.issue("broker", &purpose, self.from, self.to).unwrap()
    }

    /// Believes this plant's authority, and shows a certificate of this name that it has issued.
    fn client(&self, name: &str) -> TlsOptions {
        let issued = self.authority.issue(name, &Purpose::Client, self.from, self.to).unwrap();
        TlsOptions { ca: Some(self.ca()), identity: Some(issued.write(self.folder.path(), name).unwrap()) }
    }

    /// Believes this plant's authority, and shows nothing.
    fn stranger(&self) -> TlsOptions {
        TlsOptions { ca: Some(self.ca()), identity: None }
    }
}

fn enter(url: &str, name: &str, tls: TlsOptions) -> (Link, crossbeam_channel::Receiver<Vec<Arrival>>) {
    link::connect(LinkOptions {
        url: url.parse().unwrap(),
        client_id: name.to_owned(),
        filters: vec!["#".to_owned()],
        arrivals_capacity: 64,
        allow_insecure: false,
        login: None,
        tls: Some(tls),
        will: None,
    })
    .unwrap()
}

fn url(scheme: &str, port: u16) -> String {
    format!("{scheme}://localhost:{port}")
}

/// What keeps a client out.
#[track_caller]
fn problem(url: &str, tls: TlsOptions) -> LinkProblem {
    let (link, _arrivals) = enter(url, "test", tls);
    let mut said = None;
    wait_until("the link says what is wrong", || {
        assert!(!link.is_connected(), "it was let in");
        if let LinkState::Waiting { why, .. } = link.state() {
            said = Some(why);
        }
        said.is_some()
    });
    assert_eq!(link.posture(), None);
    link.close();
    let said = said.unwrap();
    assert!(said.to_string().contains("localhost:"), "{said}");
    said
}

#[track_caller]
fn let_in(link: &Link) {
    wait_until("the client is let in", || {
        if let LinkState::Waiting { why, .. } = link.state() {
            panic!("{why}");
        }
        link.is_connected()
    });
}

#[test]
fn a_good_certificate_is_let_in_and_the_posture_tells_what_was_agreed_upon() {
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost", "127.0.0.1"]), None);
    let (link, _arrivals) = enter(&url("mqtts", broker.port), "viewer", plant.client("viewer"));
    let_in(&link);
    let posture = link.posture().unwrap();
    assert_eq!(posture.protocol, Some(TlsVersion::V1_3));
    assert_eq!(posture.roots, Some(Roots::Pinned(plant.ca())));
    let (peer, own) = (posture.peer.as_ref().unwrap(), posture.own.as_ref().unwrap());
    assert_eq!((peer.subject.as_str(), peer.issuer.as_str()), ("broker", "Plant CA"));
    assert_eq!(peer.names, ["localhost", "127.0.0.1"]);
    assert_eq!((own.subject.as_str(), own.not_after.as_secs_f64()), ("viewer", plant.to.as_secs_f64().floor()));
    assert!(posture.words().starts_with("TLS 1.3 · TLS13_"), "{}", posture.words());
    assert!(posture.warnings(link::now()).is_empty());
    // An address in the certificate is as good as a name.
    let (by_address, _too) = enter(&format!("mqtts://127.0.0.1:{}", broker.port), "other", plant.client("other"));
    let_in(&by_address);
}

#[test]
fn tls_1_2_is_taken_and_said() {
    let plant = Plant::new();
    let shown = plant.broker(&["localhost"]);
    let broker = Mosquitto::older_tls(&plant.authority, &shown, "ECDHE+AESGCM");
    let (link, _arrivals) = enter(&url("mqtts", broker.port), "viewer", plant.client("viewer"));
    let_in(&link);
    let posture = link.posture().unwrap();
    assert_eq!(posture.protocol, Some(TlsVersion::V1_2));
    assert!(posture.words().starts_with("TLS 1.2 · TLS_ECDHE_ECDSA_WITH_AES_"), "{}", posture.words());
}

#[test]
fn an_old_tls_is_refused() {
    let plant = Plant::new();
    // No authenticated encryption: a suite that is no longer taken.
    let broker = Mosquitto::older_tls(&plant.authority, &plant.broker(&["localhost"]), "ECDHE-ECDSA-AES128-SHA256");
    let said = problem(&url("mqtts", broker.port), plant.client("viewer"));
    assert!(matches!(said, LinkProblem::OldTls { .. }), "{said}");
}

#[test]
fn who_shows_no_certificate_is_refused_and_told_to() {
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), None);
    let said = problem(&url("mqtts", broker.port), plant.stranger());
    assert!(matches!(said, LinkProblem::NoCertificate { .. }), "{said}");
    assert!(said.to_string().contains("--cert"), "{said}");
}

#[test]
fn a_stolen_name_under_a_strangers_authority_is_refused() {
    let (plant, stranger) = (Plant::new(), Plant::new());
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), Some(ACL));
    let stolen = TlsOptions { ca: Some(plant.ca()), ..stranger.client("nf-p1") };
    let said = problem(&url("mqtts", broker.port), stolen);
    assert!(matches!(said, LinkProblem::OwnUnknown { .. }), "{said}");
}

#[test]
fn a_rogue_broker_is_refused() {
    let (plant, rogue) = (Plant::new(), Plant::new());
    let broker = Mosquitto::tls(&rogue.authority, &rogue.broker(&["localhost"]), None);
    let said = problem(&url("mqtts", broker.port), plant.client("viewer"));
    assert!(matches!(said, LinkProblem::UnknownAuthority { .. }), "{said}");
    assert!(said.to_string().contains("--ca"), "{said}");
    // The authorities of the system do not know it either.
    let said = problem(&url("mqtts", broker.port), TlsOptions { ca: None, ..rogue.client("viewer") });
    assert!(matches!(said, LinkProblem::UnknownAuthority { .. }), "{said}");
}

#[test]
fn a_broker_whose_certificate_has_expired_is_refused() {
    let now = link::now();
    let (plant, past) = (Plant::new(), (now - DAY * 30, now - DAY * 2));
    let expired = Plant { from: past.0, to: past.1, ..Plant::new() };
    let broker = Mosquitto::tls(&expired.authority, &expired.broker(&["localhost"]), None);
    let trusting = TlsOptions { ca: Some(expired.ca()), ..plant.client("viewer") };
    let said = problem(&url("mqtts", broker.port), trusting);
    let LinkProblem::Expired { since: Some(since), .. } = said else { panic!("{said}") };
    assert!(since.secs_since(past.1).abs() < 1.0, "{since}");
}

#[test]
fn a_broker_whose_certificate_is_not_valid_yet_is_refused() {
    let now = link::now();
    let plant = Plant::valid(now + DAY, now + DAY * 30);
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), None);
    let said = problem(&url("mqtts", broker.port), plant.stranger());
    assert!(matches!(said, LinkProblem::NotYetValid { .. }), "{said}");
}

#[test]
fn the_right_authority_with_the_wrong_host_is_refused() {
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["broker.plant.example", "10.0.0.1"]), None);
    let said = problem(&url("mqtts", broker.port), plant.client("viewer"));
    let LinkProblem::WrongName { names, .. } = &said else { panic!("{said}") };
    assert_eq!(names, &["broker.plant.example", "10.0.0.1"], "{said}");
}

#[test]
fn a_client_whose_certificate_has_expired_is_refused() {
    let now = link::now();
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), None);
    let late = Plant { from: now - DAY * 30, to: now - DAY, ..plant };
    let said = problem(&url("mqtts", broker.port), late.client("viewer"));
    assert!(matches!(said, LinkProblem::OwnExpired { .. }), "{said}");
}

#[test]
fn a_client_whose_certificate_was_taken_back_is_refused() {
    let plant = Plant::new();
    let lost = plant.authority.issue("viewer", &Purpose::Client, plant.from, plant.to).unwrap();
    let list = plant.authority.take_back(&[&lost], plant.from, plant.to).unwrap();
    let broker = Mosquitto::tls_that_knows_of(&list, &plant.authority, &plant.broker(&["localhost"]));
    let identity = lost.write(plant.folder.path(), "lost").unwrap();
    let said = problem(&url("mqtts", broker.port), TlsOptions { identity: Some(identity), ..plant.stranger() });
    assert!(matches!(said, LinkProblem::OwnRevoked { .. }), "{said}");
    // The same name in a certificate that was not taken back is let in.
    let (link, _arrivals) = enter(&url("mqtts", broker.port), "viewer", plant.client("viewer"));
    let_in(&link);
}

#[test]
fn a_brokers_certificate_is_no_clients() {
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), None);
    let borrowed = plant.broker(&["localhost"]).write(plant.folder.path(), "borrowed").unwrap();
    let said = problem(&url("mqtts", broker.port), TlsOptions { identity: Some(borrowed), ..plant.stranger() });
    assert!(matches!(said, LinkProblem::OwnRefused { .. }), "{said}");
}

#[test]
fn plain_text_to_a_port_that_speaks_tls_and_the_reverse_are_told_apart() {
    let plant = Plant::new();
    let secure = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), None);
    let said = problem(&url("mqtt", secure.port), TlsOptions::default()).to_string();
    assert!(said.contains("mqtts://"), "{said}");
    let plain = Mosquitto::start();
    let said = problem(&url("mqtts", plain.port), plant.client("viewer"));
    assert!(matches!(said, LinkProblem::NoTls { .. }), "{said}");
    assert!(said.to_string().contains("mqtt://"), "{said}");
    let nobody = problem(&url("mqtts", free_port()), plant.client("nobody"));
    assert!(matches!(nobody, LinkProblem::Refused { .. }), "{nobody}");
}

#[test]
fn a_device_that_publishes_on_anothers_topic_is_refused_by_the_access_list() {
    let plant = Plant::new();
    let broker = Mosquitto::tls(&plant.authority, &plant.broker(&["localhost"]), Some(ACL));
    let url = url("mqtts", broker.port);
    let (viewer, seen) = enter(&url, "viewer", plant.client("viewer"));
    // Its MQTT client id is another's too: only the name in the certificate counts.
    let (device, _none) = enter(&url, "nf-p2", plant.client("nf-p1"));
    let_in(&viewer);
    let_in(&device);
    let send = |topic: &str| {
        let publish = Publish { topic: topic.to_owned(), payload: "1".into(), qos1: true, ..Publish::default() };
        device.publish(publish).is_ok()
    };
    let mut topics = Vec::new();
    // The broker works through one client's messages in their order: once its own is heard, the other's was decided on.
    wait_until("the device is heard on its own topic", || {
        // A slow machine has to wait until there is room for more.
        let _both = send("plant/p2/speed") && send("plant/p1/speed");
        topics.extend(seen.try_iter().flatten().map(|it| it.topic));
        topics.iter().any(|it| &it[..] == b"plant/p1/speed")
    });
    assert!(topics.iter().all(|it| &it[..] == b"plant/p1/speed"), "{topics:?}");
    assert_eq!(device.n_reconnects(), 0);
}

/// What `pollux pki demo` makes for a site.
fn made_for(site: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .args(["pki", "demo"])
        .arg(folder.path())
        .arg("--site")
        .arg(site)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

#[test]
fn a_whole_plant_runs_with_certificates_that_pki_demo_made() {
    let path = site_path("gated");
    let folder = made_for(&path);
    let (ca, clients) = (folder.path().join("ca.crt"), folder.path().join("clients"));
    let identity = |name: &str| {
        let file = |kind: &str| clients.join(format!("{name}.{kind}"));
        Identity { certificate: file("crt"), key: file("key") }
    };
    let tls = |name: &str| TlsOptions { ca: Some(ca.clone()), identity: Some(identity(name)) };
    let broker = Mosquitto::set_up(folder);
    let url: BrokerUrl = url("mqtts", broker.port).parse().unwrap();
    let (site, ids) = load(&path);

    let topics = Topics::of(&site);
    let devices = site.twins.iter().filter_map(|it| it.device.as_ref()).map(|it| it.id.clone());
    let devices: HashMap<String, TlsOptions> = devices.map(|it| (it.clone(), tls(&it))).collect();
    let field = Field::start_as(site.clone(), url.clone(), FieldOptions::default(), devices).unwrap();
    wait_until("all devices are let in", || field.tally().connected == field.tally().devices);

    let of_gate = identity("gate");
    let more = [("--ca", &ca), ("--cert", &of_gate.certificate), ("--cert-key", &of_gate.key)];
    let more = more.into_iter().flat_map(|(name, file)| [name.to_owned(), file.display().to_string()]).collect();
    let _gate = Gate::start_with(&path, &url.to_string(), more);

    let session = SessionPlugin::new(path, site, ids)
        .with_broker(url.clone())
        .with_credentials(Credentials::from(tls("desktop")));
    let mut twin = TestTwin::of(session);
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("operator");
    twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
    twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
    twin.ask("bench.pump/run", false, false);
    twin.until_newest_is(Phase::Confirmed);
    let link = twin.app.world().resource::<Session>().link.clone().unwrap();
    assert_eq!(link.posture().unwrap().own.as_ref().unwrap().subject, "desktop");

    // A desktop's certificate opens no way around the gate: no one but the gate publishes commands.
    let (listener, seen) = enter(&url.to_string(), "listener", tls("desktop"));
    let (desktop, _none) = enter(&url.to_string(), "another desktop", tls("desktop"));
    let_in(&listener);
    let_in(&desktop);
    let mut heard = Vec::new();
    // The broker works through one client's messages in their order: once the second is heard, the first was decided on.
    wait_until("what a desktop may say is heard", || {
        let send = |topic: &str| {
            let publish = Publish { topic: topic.to_owned(), payload: "true".into(), qos1: true, ..Publish::default() };
            desktop.publish(publish).is_ok()
        };
        // A slow machine has to wait until there is room for more.
        let _both = send("bench/pump/set/run") && send(&topics.request);
        heard.extend(seen.try_iter().flatten().map(|it| String::from_utf8_lossy(&it.topic).into_owned()));
        heard.contains(&topics.request)
    });
    assert!(!heard.iter().any(|it| it == "bench/pump/set/run"), "{heard:?}");
}

#[test]
fn an_authority_that_is_there_is_not_written_over() {
    let folder = made_for(&site_path("gated"));
    let before = std::fs::read(folder.path().join("ca.crt")).unwrap();
    let again = Command::new(env!("CARGO_BIN_EXE_pollux")).args(["pki", "demo"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("there is an authority in it already"), "{said}");
    assert_eq!(std::fs::read(folder.path().join("ca.crt")).unwrap(), before);
}

#[test]
fn a_device_without_a_good_certificate_is_told_of_before_the_field_starts() {
    let (site, _) = load(&site_path("gated"));
    let nowhere = Identity { certificate: "nowhere.crt".into(), key: "nowhere.key".into() };
    let plant = Plant::new();
    let tls = TlsOptions { ca: Some(plant.ca()), identity: Some(nowhere) };
    let devices = site.twins.iter().filter_map(|it| it.device.as_ref()).map(|it| (it.id.clone(), tls.clone()));
    let url = "mqtts://localhost:9".parse().unwrap();
    let error = Field::start_as(site.clone(), url, FieldOptions::default(), devices.collect()).unwrap_err();
    assert!(error.to_string().contains("cannot be connected"), "{error}");
}
