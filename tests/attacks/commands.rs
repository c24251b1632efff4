//! Commands: what is sent to a device in the gate's name, to the gate in a device's, and to the desktop in the gate's.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bevy::prelude::*;
use secrecy::SecretString;

use super::mqtt::{Client, Message};
use super::plant::{EPOCH, Viewer, in_secs, number, reading};
use super::{Attack, Defended, Off, Outcome};
use crate::Gatehouse;
use crate::command::gate::{Gate, GateOptions, GatePlugin};
use crate::command::{
    Act, Ask, CommandLog, CommandRow, GateState, Operator, Phase, REQUEST_TYPE, Request, SignIn, Topics,
};
use crate::field::{Field, FieldKeys, FieldOptions};
use crate::link::{Credentials, now};
use crate::session::{CurrentSite, Keys, SessionPlugin};
use crate::signal::Timestamp;
use crate::site::doc::Role;
use crate::site::{Ids, Site};
use crate::trust::{
    Account, Accounts, BESIDE_TYPE, Defences, EVENT_TYPE, GATE_OWNER, KeyDoc, KeyRole, ORDER_TYPE, Pen, Registry,
    SecretKey, exchange, seal,
};
use crate::twin::{Quarantine, Standing};

/// What an attacker wants the pump's speed to be, and what it is.
const WANTED: f64 = 70.0;
const SET: f64 = 1000.0;
const SPEED: &str = "bench.pump/speed";
const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const OPERATOR: &str = "operator";

const NO_KEY: Off = Off::Other("with devices that do not know the gate's key");

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "H01",
        name: "Forged order",
        technique: "T1692.001",
        tried: "A stranger who may publish there sends the pump a set point, without a signature.",
        off: NO_KEY,
        run: |it| order(it, "not signed", |bench, payload| bench.order(payload, None)),
    },
    Attack {
        id: "H02",
        name: "Order signed by a device",
        technique: "T1692.001",
        tried: "Whoever has a device's key signs an order to the pump with it.",
        off: NO_KEY,
        run: |it| {
            order(it, "wrong key", |bench, payload| {
                let mut pen = Pen::new(bench.pump.clone(), EPOCH);
                bench.signed(&mut pen, ORDER_TYPE, payload, now())
            })
        },
    },
    Attack {
        id: "H03",
        name: "Order that was held back",
        technique: "T1692.001",
        tried: "An order that the gate sent a minute ago, and that was held back on its way, is delivered now.",
        off: NO_KEY,
        run: |it| {
            order(it, "too old", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                bench.signed(&mut pen, ORDER_TYPE, payload, in_secs(-60))
            })
        },
    },
    Attack {
        id: "H04",
        name: "Order under another number",
        technique: "T1692.001",
        tried: "An order of the gate is caught, and delivered under a number of one's own, to be obeyed once more.",
        off: NO_KEY,
        run: |it| {
            order(it, "forged", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                let signed = bench.signed(&mut pen, ORDER_TYPE, payload, now());
                let other = Message::new(&bench.set_topic(), payload, None).asking(Some(&bench.heard), b"another");
                Message { user: signed.user, ..other }
            })
        },
    },
    Attack {
        id: "H05",
        name: "Answer led elsewhere",
        technique: "T0831",
        tried: "An order of the gate gets another Response Topic on its way, so that the gate never hears what became of it.",
        off: NO_KEY,
        run: |it| {
            order(it, "forged", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                let spoken = exchange(payload, b"number", Some("pollux/gate/answers"));
                let signature = pen.sign(ORDER_TYPE, &bench.set_topic(), now(), &spoken);
                bench.order(payload, Some(&signature))
            })
        },
    },
    Attack {
        id: "H06",
        name: "An event as an order",
        technique: "T1692.001",
        tried: "What the gate signed as an event is sent to the device as an order.",
        off: NO_KEY,
        run: |it| {
            order(it, "malformed", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                bench.signed(&mut pen, EVENT_TYPE, payload, now())
            })
        },
    },
    Attack {
        id: "H07",
        name: "A measurement as an order",
        technique: "T1692.001",
        tried: "What a gateway in the gate's house signed as a measurement is sent to the device as an order.",
        off: NO_KEY,
        run: |it| {
            order(it, "malformed", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                bench.signed(&mut pen, BESIDE_TYPE, payload, now())
            })
        },
    },
    Attack {
        id: "H08",
        name: "Order of another command",
        technique: "T0836",
        tried: "An order of the gate for another command of the pump is sent on the topic of its set point.",
        off: NO_KEY,
        run: |it| {
            order(it, "forged", |bench, payload| {
                let mut pen = Pen::new(bench.gate.clone(), EPOCH);
                let spoken = exchange(payload, b"number", Some(&bench.heard));
                let signature = pen.sign(ORDER_TYPE, &format!("{}/pump/set/purge", bench.prefix), now(), &spoken);
                bench.order(payload, Some(&signature))
            })
        },
    },
    Attack {
        id: "H09",
        name: "Replayed order",
        technique: "T1692.001",
        tried: "An order that the gate gave and the pump obeyed is sent again, when the pump has been switched off and on.",
        off: NO_KEY,
        run: replayed_order,
    },
    Attack {
        id: "H10",
        name: "Spoofed answer",
        technique: "T0831",
        tried: "While the gate waits for the pump's answer, somebody else says in its name that it was accepted.",
        off: Off::Other("with a gate that knows no keys"),
        run: spoofed_answer,
    },
    Attack {
        id: "H11",
        name: "Spoofed last will",
        technique: "T0814",
        tried: "Somebody says for the broker that the pump is gone, so that no command is sent to it any more.",
        off: Off::Other("with a gate and a desktop that know no keys"),
        run: spoofed_will,
    },
    Attack {
        id: "H12",
        name: "Event in the gate's name",
        technique: "T0832",
        tried: "A stranger tells desktops in the gate's name of a command that nobody gave.",
        off: Off::Other("with a desktop that knows no keys"),
        run: forged_event,
    },
    Attack {
        id: "H13",
        name: "Rogue gate",
        technique: "T0848",
        tried: "A stranger tells desktops that the gate is there, under a key of its own, and takes the accounts of the demo.",
        off: Off::Other("with a desktop that knows no keys"),
        run: rogue_gate,
    },
    Attack {
        id: "H14",
        name: "Forged request",
        technique: "T1692.001",
        tried: "A stranger asks the gate in the operator's name, with a key of its own.",
        off: Off::Other("with that key in the operators' file"),
        run: forged_request,
    },
    Attack {
        id: "H21",
        name: "Released in the gate's name",
        technique: "T0832",
        tried: "A stranger has the broker keep a list of its own, signed with its own key, by which the gate isolates nothing.",
        off: Off::Other("with a desktop that knows no keys"),
        run: |it| {
            false_release(
                it,
                |bench, _| {
                    let topic = Topics::of(&bench.site).quarantine;
                    let signature =
                        Pen::new(SecretKey::generate(), EPOCH).sign(EVENT_TYPE, &topic, now(), NOTHING_ISOLATED);
                    Message::new(&topic, NOTHING_ISOLATED, Some(&signature))
                },
                "unknown key",
            )
        },
    },
    Attack {
        id: "H22",
        name: "Released by an old list",
        technique: "T0832",
        tried: "The gate's own list of before a twin was isolated is caught, and published again to be kept.",
        off: Off::Other("with a desktop that knows no keys"),
        run: |it| false_release(it, |_, caught| caught, "replayed"),
    },
];

/// The gate's list where it isolates nothing.
const NOTHING_ISOLATED: &[u8] = br#"{"isolated":[]}"#;

/// The gated bench under a name of its own, with a pump that signs.
pub(super) struct Bench {
    pub(super) prefix: String,
    pub(super) site: Arc<Site>,
    ids: Ids,
    path: PathBuf,
    folder: tempfile::TempDir,
    pub(super) pump: SecretKey,
    gate: SecretKey,
    registry: Arc<Registry>,
    /// Where the attacker hears answers.
    heard: String,
    url: String,
}

impl Bench {
    pub(super) fn new(defended: Defended<'_>) -> Self {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let prefix = format!("bench{}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let text = include_str!("../sites/gated/site.ron");
        let text = text
            .replace("\"bench/", &format!("\"{prefix}/"))
            .replace("(id: \"bench-pump\",", &format!("(id: \"{prefix}-pump\", signing: Required,"))
            .replace("bench-door", &format!("{prefix}-door"))
            .replace("name: \"Gated bench\"", &format!("name: \"Gated {prefix}\""));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.ron");
        std::fs::write(&path, text).unwrap();
        let mut ids = Ids::default();
        let site = crate::site::load(&path, &mut ids).map_or_else(|error| panic!("{error}"), |it| Arc::new(it.site));
        let (pump, gate) = (SecretKey::generate(), SecretKey::generate());
        let keys = vec![
            KeyDoc::new(format!("{prefix}-pump"), KeyRole::Device, pump.public()),
            KeyDoc::new(GATE_OWNER, KeyRole::Gate, gate.public()),
        ];
        let registry = Arc::new(Registry::made(keys, now(), &SecretKey::generate()));
        let heard = format!("{prefix}/heard");
        let url = format!("mqtt://127.0.0.1:{}", defended.broker.port);
        Self { prefix, site, ids, path, folder, pump, gate, registry, heard, url }
    }

    fn set_topic(&self) -> String {
        format!("{}/pump/set/speed", self.prefix)
    }

    /// An order to the pump, with whatever signature.
    fn order(&self, payload: &[u8], signature: Option<&str>) -> Message {
        Message::new(&self.set_topic(), payload, signature).asking(Some(&self.heard), b"number")
    }

    /// One that some pen signs properly, as some type and at some time.
    fn signed(&self, pen: &mut Pen, typ: &str, payload: &[u8], at: Timestamp) -> Message {
        let spoken = exchange(payload, b"number", Some(&self.heard));
        self.order(payload, Some(&pen.sign(typ, &self.set_topic(), at, &spoken)))
    }

    /// The devices. Without the registry they obey whoever publishes.
    fn field(&self, knows_the_gate: bool) -> Field {
        let secrets = HashMap::from([(format!("{}-pump", self.prefix), self.pump.clone())]);
        let keys = FieldKeys { secrets, registry: knows_the_gate.then(|| Arc::clone(&self.registry)) };
        let nobody = HashMap::<String, Credentials>::new();
        let url = self.url.parse().unwrap();
        Field::start_signing(Arc::clone(&self.site), url, FieldOptions::default(), nobody, keys).unwrap()
    }

    fn session(&self, knows_keys: bool) -> SessionPlugin {
        let registry = knows_keys.then(|| Arc::clone(&self.registry));
        SessionPlugin::new(self.path.clone(), Arc::clone(&self.site), self.ids.clone())
            .with_broker(self.url.parse().unwrap())
            .with_keys(Keys { registry, ..Keys::default() })
    }

    fn gate(&self, knows_keys: bool, accounts: Accounts) -> Gate {
        let (audit, key) = (self.audit_path(), self.gate.clone());
        let options = GateOptions { accounts, demo: false, audit, key, allow_unsigned: !knows_keys };
        self.gate_in(self.session(knows_keys), options)
    }

    /// A gate that knows the keys, with some of its defences down.
    pub(super) fn weak_gate(&self, defences: Defences, accounts: Accounts) -> Gate {
        let (audit, key) = (self.audit_path(), self.gate.clone());
        let options = GateOptions { accounts, demo: false, audit, key, allow_unsigned: false };
        self.gate_in(self.session(true).with_defences(defences), options)
    }

    fn gate_in(&self, session: SessionPlugin, options: GateOptions) -> Gate {
        let gate = GatePlugin::new(&self.site, options).unwrap();
        Gate::start(move || {
            let mut app = App::new();
            app.add_plugins(MinimalPlugins).add_plugins(Gatehouse { session, gate });
            app
        })
        .unwrap()
    }

    fn audit_path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    /// What the gate has written down so far.
    pub(super) fn audit(&self) -> String {
        std::fs::read_to_string(self.audit_path()).unwrap_or_default()
    }

    /// A desktop at which the operator is signed in, before the gate.
    fn desktop(&self, knows_keys: bool) -> Viewer {
        let mut viewer = Viewer::of(self.session(knows_keys));
        let world = viewer.app.world_mut();
        world.insert_resource(Operator::of(accounts()));
        world.write_message(SignIn { account: OPERATOR.to_owned(), passphrase: passphrase() });
        viewer.until("the operator is signed in", |it| it.resource::<Operator>().account().is_some());
        viewer.until("the gate is there", |it| it.resource::<GateState>().is_present());
        viewer
    }

    /// What the pump says of itself, until the attacker knows: its set point, or what it answered.
    #[track_caller]
    fn await_outcome(&self, ear: &mut Client, want: &str) -> Outcome {
        let began = now();
        let mut answer = None;
        loop {
            let message = ear.hear();
            let said: serde_json::Value = serde_json::from_slice(&message.payload).unwrap_or_default();
            if message.topic == self.heard {
                answer = said["reason"].as_str().map(str::to_owned).or(answer);
            } else if said["set"] == WANTED {
                return Outcome::succeeded(format!("the pump's set point was {WANTED} rpm"));
            } else if let Some(reason) = &answer {
                assert!(reason.starts_with(&format!("{want}: ")), "it was refused for another reason: {reason}");
                assert_eq!(said["set"], SET);
                return Outcome::Stopped(format!("the device refuses it: {want}"));
            }
            assert!(now().since(began) < PATIENCE, "the pump does not answer");
        }
    }

    /// Somebody who hears the pump and what it answers, once it is there.
    fn ear(&self, defended: Defended<'_>) -> Client {
        let mut ear = Client::connect(defended.broker.port);
        let state = format!("{}/pump/state", self.prefix);
        ear.subscribe(&[&state, &self.heard]);
        ear
    }
}

fn passphrase() -> SecretString {
    "the passphrase of the operator".into()
}

/// Deriving a key takes its time, so it is done once.
pub(super) fn accounts() -> Accounts {
    static ACCOUNTS: OnceLock<Accounts> = OnceLock::new();
    let make = || {
        let mut accounts = Accounts::default();
        accounts.add(Account::new(OPERATOR, "Operator", Role::Operator, &passphrase()).unwrap()).unwrap();
        accounts
    };
    ACCOUNTS.get_or_init(make).clone()
}

/// The pump runs, and gets an order that somebody made.
fn order(defended: Defended<'_>, want: &str, make: fn(&Bench, &[u8]) -> Message) -> Outcome {
    let bench = Bench::new(defended);
    let mut ear = bench.ear(defended);
    let _field = bench.field(defended.up);
    assert_eq!(ear.hear().topic, format!("{}/pump/state", bench.prefix));
    let mut attacker = Client::connect(defended.broker.port);
    attacker.publish(&make(&bench, format!("{{\"rpm\": {WANTED}}}").as_bytes()));
    bench.await_outcome(&mut ear, want)
}

fn replayed_order(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let mut ear = bench.ear(defended);
    let mut attacker = Client::connect(defended.broker.port);
    let mut pen = Pen::new(bench.gate.clone(), EPOCH);
    let field = bench.field(defended.up);
    ear.hear();
    let order = bench.signed(&mut pen, ORDER_TYPE, format!("{{\"rpm\": {WANTED}}}").as_bytes(), now());
    attacker.publish(&order);
    let first = bench.await_outcome(&mut ear, "");
    assert!(matches!(first, Outcome::Succeeded(_)), "the gate is obeyed");
    field.stop();
    let mut ear = bench.ear(defended);
    let _field = bench.field(defended.up);
    ear.hear();
    attacker.publish(&order);
    bench.await_outcome(&mut ear, "replayed")
}

/// Asks for a speed, and returns when the newest command stands in a phase.
#[track_caller]
fn ask(viewer: &mut Viewer, rpm: f64, phases: &[Phase], mut meanwhile: impl FnMut()) -> CommandRow {
    let command = viewer.app.world().resource::<CurrentSite>().command_at(SPEED).unwrap().id;
    viewer.app.world_mut().write_message(Ask::new(command, rpm.into()));
    viewer.until("the command stands somewhere", |it| {
        meanwhile();
        it.resource::<CommandLog>().rows.last().is_some_and(|it| phases.contains(&it.phase))
    });
    newest(viewer)
}

fn newest(viewer: &Viewer) -> CommandRow {
    viewer.app.world().resource::<CommandLog>().rows.last().unwrap().clone()
}

fn spoofed_answer(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let _gate = bench.gate(defended.up, accounts());
    let mut viewer = bench.desktop(true);
    // A pump that measures, and answers nothing.
    let (mut pump, mut pen) = (Client::connect(defended.broker.port), Pen::new(bench.pump.clone(), EPOCH));
    let topic = format!("{}/pump/state", bench.prefix);
    let mut said = Timestamp::MIN;
    let mut measure = || {
        let now = now();
        if now.since(said) > Duration::from_millis(100) {
            said = now;
            let millis = now.as_nanos() / 1_000_000;
            let payload = format!(r#"{{"t":{millis},"speed":1000,"set":1000,"running":true,"purging":false}}"#);
            let signature = pen.sign(BESIDE_TYPE, &topic, now, payload.as_bytes());
            pump.publish(&Message::new(&topic, payload.as_bytes(), Some(&signature)));
        }
    };
    viewer.until("the pump is believed", |it| {
        measure();
        reading(it, SPEED).standing == Standing::Verified
    });
    let sent = ask(&mut viewer, 950.0, &[Phase::Sent, Phase::Rejected], &mut measure);
    assert_eq!(sent.phase, Phase::Sent, "{sent:?}");
    let answer = Message::new(&Topics::of(&bench.site).answers, br#"{"state":"accepted"}"#, None);
    Client::connect(defended.broker.port).publish(&answer.asking(None, sent.correlation.as_bytes()));
    let told = |it: &CommandRow| it.notes.iter().any(|it| it.contains("was refused, not signed"));
    viewer.until("the gate has heard it", |it| {
        measure();
        it.resource::<CommandLog>().rows.last().is_some_and(|it| it.phase == Phase::Accepted || told(it))
    });
    let row = newest(&viewer);
    if row.phase == Phase::Accepted {
        return Outcome::succeeded("the command counted as accepted by the pump");
    }
    assert_eq!(row.phase, Phase::Sent);
    Outcome::Stopped("the gate refuses it, and tells the desktop and the audit: not signed".to_owned())
}

fn spoofed_will(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let _field = bench.field(true);
    let _gate = bench.gate(defended.up, accounts());
    let mut viewer = bench.desktop(defended.up);
    viewer.until("the pump is at speed", |it| (number(it, SPEED) - SET).abs() < 5.0);
    let will = Message::new(&format!("{}/pump/status", bench.prefix), b"offline", None);
    Client::connect(defended.broker.port).publish(&will.retained());
    let at = viewer.reading(SPEED).at;
    viewer.until("the pump has said more since", |it| reading(it, SPEED).at.secs_since(at) > 0.5);
    let row = ask(&mut viewer, 950.0, &[Phase::Sent, Phase::Accepted, Phase::Confirmed, Phase::Rejected], || ());
    match row.phase {
        Phase::Rejected => {
            // Each bench has a name of its own, which is no matter.
            let why = row.reason.as_deref().unwrap_or_default().replace(&bench.prefix, "bench");
            Outcome::succeeded(format!("the command was refused: {why}"))
        }
        _ => Outcome::Stopped("a device that has signed what it measured since is not gone".to_owned()),
    }
}

fn forged_event(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let _gate = bench.gate(true, accounts());
    let mut viewer = bench.desktop(defended.up);
    let event = format!(
        r#"{{"id":"{}","phase":"accepted","at":1,"asked":1,"command":"bench.pump/purge","value":true,"who":"operator"}}"#,
        uuid::Uuid::now_v7()
    );
    let events = Topics::of(&bench.site).events;
    Client::connect(defended.broker.port).publish(&Message::new(&events, event.as_bytes(), None));
    viewer.until("it is heard", |it| {
        it.resource::<GateState>().refused().is_some() || !it.resource::<CommandLog>().rows.is_empty()
    });
    match viewer.app.world().resource::<GateState>().refused() {
        None => Outcome::succeeded("the desktop showed a command that nobody gave"),
        Some((_, why)) => {
            assert!(why.contains("not signed") && viewer.app.world().resource::<CommandLog>().rows.is_empty(), "{why}");
            Outcome::Stopped("the desktop does not believe it, and says so: not signed".to_owned())
        }
    }
}

fn rogue_gate(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let gate = bench.gate(true, accounts());
    let mut viewer = bench.desktop(defended.up);
    // A gate that is there takes a stranger's word back at once: where nobody looks at keys, it has gone.
    let _gate = Some(gate).filter(|_| defended.up);
    let key = SecretKey::generate();
    let topic = Topics::of(&bench.site).status;
    let status = format!(r#"{{"state":"online","key":"{}","demo":true}}"#, key.public());
    let signature = Pen::new(key, EPOCH).sign(EVENT_TYPE, &topic, now(), status.as_bytes());
    let message = Message::new(&topic, status.as_bytes(), Some(&signature));
    Client::connect(defended.broker.port).publish(&message.retained());
    viewer.until("it is heard", |it| {
        let state = it.resource::<GateState>();
        state.refused().is_some() || state.is_demo()
    });
    let state = viewer.app.world().resource::<GateState>();
    if state.is_demo() {
        return Outcome::succeeded("the desktop took it for the gate");
    }
    assert_eq!(state.key(), Some(bench.gate.public()));
    Outcome::Stopped("the desktop does not believe it: unknown key".to_owned())
}

fn forged_request(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let stranger = SecretKey::generate();
    let mut known = accounts();
    if !defended.up {
        let operator = known.by_id(OPERATOR).unwrap().clone();
        known = Accounts::default();
        known.add(Account { key: stranger.public(), ..operator }).unwrap();
    }
    let _gate = bench.gate(true, known);
    let _field = bench.field(true);
    let mut viewer = Viewer::of(bench.session(true));
    viewer.until("the pump is at speed", |it| (number(it, SPEED) - SET).abs() < 5.0);
    viewer.until("the gate is there", |it| it.resource::<GateState>().is_present());
    let topic = Topics::of(&bench.site).request;
    let mut attacker = Client::connect(defended.broker.port);
    let act = Act::Operate { command: SPEED.to_owned(), value: 950.0.into() };
    let request = Request::new(uuid::Uuid::now_v7(), act, now(), false);
    attacker.publish(&Message::new(&topic, &seal(&stranger, REQUEST_TYPE, &topic, &request.to_bytes()), None));
    // What is refused is told to all desktops by the gate's events, or shown by the pump.
    let refused = |it: &World| it.resource::<CommandLog>().rows.iter().any(|it| it.phase == Phase::Rejected);
    viewer.until("it was judged", |it| {
        refused(it) || bench.audit().contains("not known here") || number(it, "bench.pump/set") == 950.0
    });
    if viewer.reading("bench.pump/set").number() == Some(950.0) {
        return Outcome::succeeded("the pump was set to 950 rpm");
    }
    Outcome::Stopped("the gate does not know the key, and writes it down".to_owned())
}

/// An engineer isolates the door; then somebody publishes another list.
fn false_release(defended: Defended<'_>, make: fn(&Bench, Message) -> Message, want: &str) -> Outcome {
    let bench = Bench::new(defended);
    let topics = Topics::of(&bench.site);
    let mut ear = Client::connect(defended.broker.port);
    ear.subscribe(&[&topics.quarantine]);
    let passphrase = SecretString::from("the passphrase of the engineer");
    let engineer = Account::new("engineer", "Engineer", Role::Engineer, &passphrase).unwrap();
    let key = engineer.unlock(&passphrase).unwrap();
    let mut known = Accounts::default();
    known.add(engineer).unwrap();
    let gate = bench.gate(true, known);
    let caught = ear.hear();
    assert_eq!(caught.payload, NOTHING_ISOLATED);
    let mut viewer = Viewer::of(bench.session(defended.up));
    viewer.until("the gate is there", |it| it.resource::<GateState>().is_present());
    let act = Act::Isolate { twin: "bench.door".to_owned(), why: "the switch was bridged".to_owned() };
    let request = Request::new(uuid::Uuid::now_v7(), act, now(), false);
    let mut attacker = Client::connect(defended.broker.port);
    attacker.publish(&Message::new(
        &topics.request,
        &seal(&key, REQUEST_TYPE, &topics.request, &request.to_bytes()),
        None,
    ));
    let door = bench.site.twin_at("bench.door").unwrap().id;
    let is_isolated = |it: &World| it.resource::<Quarantine>().now().own(door).is_some();
    viewer.until("the door is isolated", is_isolated);
    // A gate that is there says it anew: where nobody looks at keys, it has gone.
    let gate = Some(gate).filter(|_| defended.up);
    attacker.publish(&make(&bench, caught).retained());
    viewer.until("it is heard", |it| it.resource::<GateState>().refused().is_some() || !is_isolated(it));
    if !is_isolated(viewer.app.world()) {
        return Outcome::succeeded("the desktop relied on what the gate holds isolated");
    }
    let why = viewer.app.world().resource::<GateState>().refused().map(|it| it.1.to_owned()).unwrap_or_default();
    assert!(why.contains(want), "{why}");
    // And whoever comes later hears the gate's own list.
    let mut later = Viewer::of(bench.session(true));
    later.until("the gate has said it anew", is_isolated);
    drop(gate);
    Outcome::Stopped(format!("the desktop does not believe it, and the gate says its own anew: {want}"))
}
