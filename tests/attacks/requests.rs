//! What is asked of the gate by whom nobody knows, in whichever number, and for a device that somebody mimics.

use std::thread;
use std::time::Duration;

use uuid::Uuid;

use super::commands::{Bench, OPERATOR, accounts};
use super::mqtt::{Client, Message};
use super::plant::EPOCH;
use super::{Attack, Defended, Off, Outcome};
use crate::command::{Act, REQUEST_TYPE, Request, Topics};
use crate::link::now;
use crate::signal::Value;
use crate::trust::{Account, Accounts, BESIDE_TYPE, Defence, Pen, SecretKey, seal};

const PATIENCE: Duration = Duration::from_secs(30);
/// How often something is said or asked again until it is heard.
const AGAIN: Duration = Duration::from_millis(100);
/// So much is asked at once.
const FLOOD: usize = 100;
/// So many refusals at once are told of each.
const TOLD: usize = 20;
/// Where the attacker wants to hear of it.
const ANSWERS: &str = "pollux/stranger/answers";

const IS_KNOWN: Off = Off::Other("with that key in the operators' file");

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "H15",
        name: "Command to a cloned device",
        technique: "T0831",
        tried: "Whoever has copied the pump's key mimics it, so that what the operator asks of the pump is done by nobody knows whom.",
        off: Off::Defences(&[Defence::Fork]),
        run: command_to_a_clone,
    },
    Attack {
        id: "H16",
        name: "Flood of requests",
        technique: "T0814",
        tried: "A stranger asks the gate for 100 things at once with a key of its own, to fill the disk with refusals.",
        off: IS_KNOWN,
        run: flood_of_requests,
    },
    Attack {
        id: "H17",
        name: "Flood of emergency stops",
        technique: "T0814",
        tried: "A stranger asks for the pump's emergency stop 100 times, each time anew, to have the gate flood the pump.",
        off: IS_KNOWN,
        run: flood_of_stops,
    },
];

/// Somebody with a key, who may publish requests.
struct Asker {
    key: SecretKey,
    client: Client,
    topic: String,
}

impl Asker {
    fn new(defended: Defended<'_>, bench: &Bench) -> Self {
        let client = Client::connect(defended.broker.port);
        Self { key: SecretKey::generate(), client, topic: Topics::of(&bench.site).request }
    }

    /// Asks for something; returns the number of it.
    fn ask(&mut self, act: Act) -> String {
        let request = Request::new(Uuid::now_v7(), act, now(), false);
        let bytes = seal(&self.key, REQUEST_TYPE, &self.topic, &request.to_bytes());
        let id = request.id.to_string();
        self.client.publish(&Message::new(&self.topic, &bytes, None).asking(Some(ANSWERS), id.as_bytes()));
        id
    }

    fn operate(&mut self, command: &str, value: impl Into<Value>) -> String {
        self.ask(Act::Operate { command: command.to_owned(), value: value.into() })
    }
}

/// The operator, with the key of somebody, and whoever else is known.
fn known(operator: &Asker, other: Option<&Asker>) -> Accounts {
    let all = accounts();
    let of = |it: &Asker| Account { key: it.key.public(), ..all.by_id(OPERATOR).unwrap().clone() };
    let mut known = Accounts::default();
    known.add(of(operator)).unwrap();
    if let Some(other) = other {
        known.add(Account { id: "other".to_owned(), ..of(other) }).unwrap();
    }
    known
}

/// Tries until the gate has written down something, and what came before that.
#[track_caller]
fn until_written(bench: &Bench, mut ask: impl FnMut(), holds: impl Fn(&str) -> bool) {
    let began = now();
    while !holds(&bench.audit()) {
        assert!(now().since(began) < PATIENCE, "it is not written down: {}", bench.audit());
        ask();
        thread::park_timeout(AGAIN);
    }
}

/// Until the gate hears what is asked.
#[track_caller]
fn until_there(bench: &Bench, operator: &mut Asker) {
    until_written(bench, || drop(operator.operate("bench.nothing/here", true)), |it| it.contains("bench.nothing/here"));
}

/// Asks for one thing more, and waits until it is written down: then all before it is, too.
#[track_caller]
fn until_all_is_judged(bench: &Bench, operator: &mut Asker) -> String {
    let last = operator.operate("bench.nothing/more", true);
    until_written(bench, || (), |it| it.contains(&last));
    last
}

fn command_to_a_clone(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let mut operator = Asker::new(defended, &bench);
    let _gate = bench.weak_gate(defended.defences, known(&operator, None));
    let mut ear = Client::connect(defended.broker.port);
    let orders = format!("{}/pump/set/run", bench.prefix);
    let events = Topics::of(&bench.site).events;
    ear.subscribe(&[&orders, &events]);
    let topic = format!("{}/pump/state", bench.prefix);
    let say = |pen: &mut Pen, client: &mut Client, speed: f64| {
        let millis = now().as_nanos() / 1_000_000;
        let payload = format!(r#"{{"t":{millis},"speed":{speed},"set":{speed},"running":true,"purging":false}}"#);
        let signature = pen.sign(BESIDE_TYPE, &topic, now(), payload.as_bytes());
        client.publish(&Message::new(&topic, payload.as_bytes(), Some(&signature)));
    };
    let mut pump = (Pen::new(bench.pump.clone(), EPOCH), Client::connect(defended.broker.port));
    // The gate has heard the pump, as it tells when it is asked for too large a step.
    let seen = |it: &str| it.contains("a step of 900");
    let mut ask = || {
        say(&mut pump.0, &mut pump.1, 1000.0);
        operator.operate("bench.pump/speed", 100.0);
    };
    until_written(&bench, &mut ask, seen);
    // The copy begins with the number that the pump used last: what the two have said then is not the same.
    let mut clone = (Pen::new(bench.pump.clone(), EPOCH), Client::connect(defended.broker.port));
    let seq = |it: &Pen| it.next_stamp(now()).seq;
    while seq(&clone.0) + 1 < seq(&pump.0) {
        clone.0.sign(BESIDE_TYPE, &topic, now(), b"");
    }
    // Where nobody tells the two apart, the step is away from what the copy says.
    let judged = |it: &str| it.contains(", evil twin") || it.contains("a step of 34");
    until_written(
        &bench,
        || {
            say(&mut pump.0, &mut pump.1, 1000.0);
            say(&mut clone.0, &mut clone.1, 66.0);
            operator.operate("bench.pump/speed", 100.0);
        },
        judged,
    );
    let id = operator.operate("bench.pump/run", false);
    loop {
        let message = ear.hear();
        if message.topic == orders {
            return Outcome::succeeded("the command was sent, to whichever of the two");
        }
        let said: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        if said["id"] == id.as_str() && said["phase"] == "rejected" {
            assert_eq!(said["cause"], "Blocked-by-Mode", "{said}");
            return Outcome::Stopped(
                "the gate refuses it, Blocked-by-Mode: commands to an evil twin are frozen".to_owned(),
            );
        }
    }
}

fn flood_of_requests(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let (mut operator, mut stranger) = (Asker::new(defended, &bench), Asker::new(defended, &bench));
    let gate = bench.weak_gate(defended.defences, known(&operator, (!defended.up).then_some(&stranger)));
    until_there(&bench, &mut operator);
    for _ in 0..FLOOD {
        stranger.operate("bench.garbage/none", true);
    }
    until_all_is_judged(&bench, &mut operator);
    // At its end it writes down what is left to tell.
    drop(gate);
    let audit = bench.audit();
    let n_records =
        audit.lines().filter(|it| it.contains("not known here") || it.contains("bench.garbage/none")).count();
    if n_records >= FLOOD {
        return Outcome::succeeded(format!("{n_records} refusals were written down, and told to all"));
    }
    assert_eq!(n_records, TOLD);
    assert!(audit.contains(&format!("and {} more within", FLOOD - TOLD)), "{audit}");
    Outcome::Stopped(format!("{TOLD} refusals are written down, and how many more there were"))
}

fn flood_of_stops(defended: Defended<'_>) -> Outcome {
    let bench = Bench::new(defended);
    let (mut operator, mut stranger) = (Asker::new(defended, &bench), Asker::new(defended, &bench));
    let gate = bench.weak_gate(defended.defences, known(&operator, (!defended.up).then_some(&stranger)));
    until_there(&bench, &mut operator);
    let mut ear = Client::connect(defended.broker.port);
    let orders = format!("{}/pump/set/run", bench.prefix);
    let events = Topics::of(&bench.site).events;
    ear.subscribe(&[&orders, &events, ANSWERS]);
    let mine: Vec<String> = (0..FLOOD).map(|_| stranger.ask(Act::Stop { twin: "bench.pump".to_owned() })).collect();
    let last = until_all_is_judged(&bench, &mut operator);
    let (mut n_orders, mut answered) = (0, std::collections::BTreeSet::new());
    loop {
        let message = ear.hear();
        let said: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        if message.topic == orders {
            n_orders += 1;
        } else if said["id"] == last.as_str() && message.topic == events {
            break;
        } else if let Some(stop) = said["stop"].as_str().filter(|it| mine.iter().any(|mine| mine == it))
            && said["phase"] == "sent"
        {
            answered.insert(stop.to_owned());
        }
    }
    drop(gate);
    if n_orders == FLOOD {
        return Outcome::succeeded(format!("{n_orders} orders went to the pump"));
    }
    // The first of them goes through; whoever asks then is told that it is on its way.
    assert!(n_orders < FLOOD / 10, "{n_orders}");
    assert_eq!(answered.len(), n_orders + TOLD);
    assert!(bench.audit().contains(&format!("and {} more within", FLOOD - TOLD - n_orders)), "{}", bench.audit());
    Outcome::Stopped("one order goes to the pump; who asks meanwhile is told that it is on its way".to_owned())
}
