//! On the way: who is let in at a broker, and which broker is believed. Each runs against a real Mosquitto of its own.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::mosquitto::Mosquitto;
use super::{Attack, Defended, Off, Outcome};
use crate::link::pki::{Authority, Issued, Purpose};
use crate::link::{Arrival, Link, LinkError, LinkOptions, LinkProblem, LinkState, Publish, TlsOptions, connect, now};
use crate::signal::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
const PATIENCE: Duration = Duration::from_secs(30);
/// What the devices may do.
const ACL: &str =
    "user viewer\ntopic read #\nuser pump\ntopic write plant/pump/#\nuser valve\ntopic write plant/valve/#\n";

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "G01",
        name: "No certificate",
        technique: "T1692.002",
        tried: "A stranger who believes the plant's authority connects to the broker, and shows no certificate.",
        off: Off::Other("with a broker that asks for none"),
        run: no_certificate,
    },
    Attack {
        id: "G02",
        name: "A stolen name under a stranger's authority",
        technique: "T1692.002",
        tried: "A stranger shows a certificate with the pump's name, issued by an authority of its own.",
        off: Off::Other("with a broker that believes that authority"),
        run: stolen_name,
    },
    Attack {
        id: "G03",
        name: "Expired certificate of a client",
        technique: "T0859",
        tried: "A client shows a certificate of the right authority whose time is over.",
        off: Off::Other("with one that is in its time"),
        run: expired_client,
    },
    Attack {
        id: "G04",
        name: "Certificate that was taken back",
        technique: "T0859",
        tried: "A client shows a stolen certificate, which its authority has taken back.",
        off: Off::Other("without the broker's list of them"),
        run: taken_back,
    },
    Attack {
        id: "G05",
        name: "A broker's certificate as a client's",
        technique: "T0848",
        tried: "Whoever has the broker's certificate connects with it as a client.",
        off: Off::Other("with one that was issued to a client"),
        run: borrowed,
    },
    Attack {
        id: "G06",
        name: "Another device's topic",
        technique: "T1692.002",
        tried: "The valve, let in with its own certificate under the pump's client id, publishes on the pump's topic.",
        off: Off::Other("without an access list"),
        run: other_topic,
    },
    Attack {
        id: "G07",
        name: "Rogue broker",
        technique: "T0830",
        tried: "Pollux is led to a broker whose certificate has the right name, and another authority.",
        off: Off::Other("with that authority believed"),
        run: rogue_broker,
    },
    Attack {
        id: "G08",
        name: "Expired certificate of a broker",
        technique: "T0830",
        tried: "Pollux is led to a broker with an old certificate of the right authority.",
        off: Off::Other("with one that is in its time"),
        run: expired_broker,
    },
    Attack {
        id: "G09",
        name: "Wrong host",
        technique: "T0830",
        tried: "Pollux is led to another broker of the same authority, with a good certificate for another name.",
        off: Off::Other("with one for the name that was asked for"),
        run: wrong_host,
    },
    Attack {
        id: "G10",
        name: "Downgrade to plain text",
        technique: "T0830",
        tried: "Whoever sits between takes the TLS off: what answers on the way to mqtts:// speaks plain MQTT.",
        off: Off::Other("where plain text is asked for"),
        run: stripped,
    },
    Attack {
        id: "G11",
        name: "Downgrade to an old TLS",
        technique: "T0830",
        tried: "The other side offers nothing but TLS 1.2 with a cipher that does not authenticate what it encrypts.",
        off: Off::Other("with one that does"),
        run: old_tls,
    },
    Attack {
        id: "G12",
        name: "Plain text over the network",
        technique: "T0842",
        tried: "A site names a broker on another machine without TLS, where all could be read and changed on the way.",
        off: Off::Other("with --allow-insecure"),
        run: plain_text,
    },
];

/// An authority, what it has issued, and a folder for what clients read.
struct Pki {
    authority: Authority,
    folder: tempfile::TempDir,
}

/// How a broker differs from one that is set up well.
#[derive(Default)]
struct Lax {
    asks_for_none: bool,
    believes_too: Option<String>,
    acl: Option<&'static str>,
    more: String,
}

impl Pki {
    fn new() -> Self {
        let authority = Authority::new("Plant CA", now() - DAY * 400, now() + DAY * 400).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.crt"), authority.own().certificate).unwrap();
        Self { authority, folder }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    fn issue(&self, name: &str, purpose: &Purpose, over: bool) -> Issued {
        let (from, to): (Timestamp, Timestamp) =
            if over { (now() - DAY * 90, now() - DAY) } else { (now() - DAY, now() + DAY * 90) };
        self.authority.issue(name, purpose, from, to).unwrap()
    }

    fn for_broker(&self, host: &str, over: bool) -> Issued {
        self.issue("broker", &Purpose::Broker(vec![host.to_owned()]), over)
    }

    /// What a client goes with that shows this.
    fn showing(&self, issued: &Issued, name: &str) -> TlsOptions {
        TlsOptions { ca: Some(self.ca()), identity: Some(issued.write(self.folder.path(), name).unwrap()) }
    }

    fn client(&self, name: &str) -> TlsOptions {
        self.showing(&self.issue(name, &Purpose::Client, false), name)
    }

    fn nobody(&self) -> TlsOptions {
        TlsOptions { ca: Some(self.ca()), identity: None }
    }

    /// A broker that shows this certificate.
    fn broker(&self, shown: &Issued, lax: Lax) -> Mosquitto {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let believed = [self.authority.own().certificate, lax.believes_too.unwrap_or_default()].concat();
        std::fs::write(file("ca.crt"), believed).unwrap();
        let own = shown.write(folder.path(), "broker").unwrap();
        let users = if lax.asks_for_none {
            "require_certificate false\nallow_anonymous true"
        } else {
            "require_certificate true\nuse_identity_as_username true"
        };
        let acl = lax.acl.map_or_else(String::new, |acl| {
            std::fs::write(file("acl"), acl).unwrap();
            format!("acl_file {}\n", file("acl").display())
        });
        let (ca, certificate, key) = (file("ca.crt"), own.certificate.display(), own.key.display());
        let conf = format!(
            "cafile {}\ncertfile {certificate}\nkeyfile {key}\n{users}\nuser root\n{acl}{}",
            ca.display(),
            lax.more
        );
        Mosquitto::start_with(None, folder, &conf)
    }
}

fn enter(url: &str, name: &str, tls: TlsOptions) -> (Link, Receiver<Vec<Arrival>>) {
    connect(LinkOptions {
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

/// Tries to get in. What keeps it out must be what it should be.
#[track_caller]
fn tries(url: &str, tls: TlsOptions, is_it: fn(&LinkProblem) -> bool, words: &str) -> Outcome {
    let (link, _arrivals) = enter(url, "somebody", tls);
    let began = now();
    let outcome = loop {
        match link.state() {
            LinkState::Connected { .. } => break Outcome::succeeded("the connection stood"),
            LinkState::Waiting { why, .. } => {
                assert!(is_it(&why), "kept out for another reason: {why}");
                break Outcome::Stopped(words.to_owned());
            }
            LinkState::Connecting | LinkState::Closed => assert!(now().since(began) < PATIENCE, "nothing is said"),
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    link.close();
    outcome
}

fn secure(broker: &Mosquitto) -> String {
    format!("mqtts://localhost:{}", broker.port)
}

fn no_certificate(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let lax = Lax { asks_for_none: !defended.up, ..Lax::default() };
    let broker = pki.broker(&pki.for_broker("localhost", false), lax);
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::NoCertificate { .. });
    tries(&secure(&broker), pki.nobody(), is_it, "the broker lets nobody in without a certificate")
}

fn stolen_name(defended: Defended<'_>) -> Outcome {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let believes_too = (!defended.up).then(|| stranger.authority.own().certificate);
    let broker = pki.broker(&pki.for_broker("localhost", false), Lax { believes_too, ..Lax::default() });
    let stolen = TlsOptions { ca: Some(pki.ca()), ..stranger.client("pump") };
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::OwnUnknown { .. });
    tries(&secure(&broker), stolen, is_it, "the broker does not know the authority")
}

fn expired_client(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let broker = pki.broker(&pki.for_broker("localhost", false), Lax::default());
    let shown = pki.issue("pump", &Purpose::Client, defended.up);
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::OwnExpired { .. });
    tries(&secure(&broker), pki.showing(&shown, "pump"), is_it, "the broker looks at its time")
}

fn taken_back(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let stolen = pki.issue("pump", &Purpose::Client, false);
    let list = pki.folder.path().join("revoked.crl");
    std::fs::write(&list, pki.authority.take_back(&[&stolen], now() - DAY, now() + DAY * 30).unwrap()).unwrap();
    let more = if defended.up { format!("crlfile {}\n", list.display()) } else { String::new() };
    let broker = pki.broker(&pki.for_broker("localhost", false), Lax { more, ..Lax::default() });
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::OwnRevoked { .. });
    tries(&secure(&broker), pki.showing(&stolen, "pump"), is_it, "the broker has the authority's list")
}

fn borrowed(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let broker = pki.broker(&pki.for_broker("localhost", false), Lax::default());
    let shown =
        if defended.up { pki.for_broker("localhost", false) } else { pki.issue("pump", &Purpose::Client, false) };
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::OwnRefused { .. });
    tries(&secure(&broker), pki.showing(&shown, "borrowed"), is_it, "the broker looks at what it was issued for")
}

fn other_topic(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let acl = defended.up.then_some(ACL);
    let broker = pki.broker(&pki.for_broker("localhost", false), Lax { acl, ..Lax::default() });
    let url = secure(&broker);
    let (viewer, seen) = enter(&url, "viewer", pki.client("viewer"));
    let (valve, _none) = enter(&url, "pump", pki.client("valve"));
    let began = now();
    let mut heard: Vec<bytes::Bytes> = Vec::new();
    // The broker works through one client's messages in their order: once its own is heard, the other's was decided on.
    while !heard.iter().any(|it| &it[..] == b"plant/valve/position") {
        assert!(now().since(began) < PATIENCE, "{:?} {:?}", viewer.state(), valve.state());
        for topic in ["plant/pump/speed", "plant/valve/position"] {
            let publish = Publish { topic: topic.to_owned(), payload: "66".into(), qos1: true, ..Publish::default() };
            // It may not be connected yet, and is asked again.
            drop(valve.publish(publish));
        }
        thread::park_timeout(Duration::from_millis(20));
        heard.extend(seen.try_iter().flatten().map(|it| it.topic));
    }
    viewer.close();
    valve.close();
    if heard.iter().any(|it| &it[..] == b"plant/pump/speed") {
        Outcome::succeeded("the viewer heard it")
    } else {
        Outcome::Stopped("the broker's access list goes by the name in the certificate".to_owned())
    }
}

fn rogue_broker(defended: Defended<'_>) -> Outcome {
    let (pki, rogue) = (Pki::new(), Pki::new());
    let broker = rogue.broker(&rogue.for_broker("localhost", false), Lax { asks_for_none: true, ..Lax::default() });
    let tls = if defended.up { pki.nobody() } else { rogue.nobody() };
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::UnknownAuthority { .. });
    tries(&secure(&broker), tls, is_it, "its authority is not the one that is pinned")
}

fn expired_broker(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let broker = pki.broker(&pki.for_broker("localhost", defended.up), Lax::default());
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::Expired { .. });
    tries(&secure(&broker), pki.client("viewer"), is_it, "its time is over")
}

fn wrong_host(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let host = if defended.up { "office.plant.example" } else { "localhost" };
    let broker = pki.broker(&pki.for_broker(host, false), Lax::default());
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::WrongName { .. });
    tries(&secure(&broker), pki.client("viewer"), is_it, "the name is not the one that was asked for")
}

fn stripped(defended: Defended<'_>) -> Outcome {
    let scheme = if defended.up { "mqtts" } else { "mqtt" };
    let url = format!("{scheme}://localhost:{}", defended.broker.port);
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::NoTls { .. });
    tries(&url, Pki::new().nobody(), is_it, "what was asked for with TLS is never spoken without")
}

fn old_tls(defended: Defended<'_>) -> Outcome {
    let pki = Pki::new();
    let ciphers = if defended.up { "ECDHE-ECDSA-AES128-SHA256" } else { "ECDHE+AESGCM" };
    let broker = Mosquitto::older_tls(&pki.authority, &pki.for_broker("localhost", false), ciphers);
    let is_it = |it: &LinkProblem| matches!(it, LinkProblem::OldTls { .. });
    tries(&secure(&broker), pki.client("viewer"), is_it, "no such suite is taken")
}

fn plain_text(defended: Defended<'_>) -> Outcome {
    let link = connect(LinkOptions {
        // An address for documentation (RFC 5737): nobody is there.
        url: "mqtt://192.0.2.1".parse().unwrap(),
        client_id: "viewer".to_owned(),
        filters: Vec::new(),
        arrivals_capacity: 1,
        allow_insecure: !defended.up,
        login: None,
        tls: None,
        will: None,
    });
    match link {
        Ok((link, _)) => {
            link.close();
            Outcome::succeeded("it would have been sent")
        }
        Err(LinkError::Insecure(_)) => Outcome::Stopped("plain text does not leave this machine unasked".to_owned()),
        Err(other) => panic!("{other}"),
    }
}
