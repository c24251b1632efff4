//! A broker that lies: between the devices, whose words are good, and a Pollux that hears what it makes of them.

use super::mqtt::{LyingBroker, Message};
use super::plant::{LIE, PERIOD, Plant, Scene, TRUTH, n_had, n_passed, n_refused, number, reading, says};
use super::{Attack, Defended, Off, Outcome};
use crate::link::now;
use crate::trust::{Defence, Reason, Trust};
use crate::twin::Standing;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "D01",
        name: "A lying broker changes a byte",
        technique: "T0830",
        tried: "One byte of a payload is another when it leaves the broker: 86 becomes 66.",
        off: Off::Defences(&[Defence::Signature]),
        run: changes_a_byte,
    },
    Attack {
        id: "D02",
        name: "A lying broker rewrites a topic",
        technique: "T0830",
        tried: "The device's set point leaves the broker on the topic of its speed.",
        off: Off::Defences(&[Defence::Topic]),
        run: rewrites_a_topic,
    },
    Attack {
        id: "D03",
        name: "A lying broker duplicates",
        technique: "T0830",
        tried: "Each message leaves the broker three times.",
        off: Off::Defences(&[Defence::Replay]),
        run: duplicates,
    },
    Attack {
        id: "D04",
        name: "A lying broker reorders",
        technique: "T0830",
        tried: "A message is held back until the next one has left, so that the older value comes last.",
        off: Off::Other("without signatures"),
        run: reorders,
    },
    Attack {
        id: "D05",
        name: "A lying broker withholds some",
        technique: "T1691.002",
        tried: "Every other message does not leave the broker.",
        off: Off::Other("without signatures"),
        run: withholds_some,
    },
    Attack {
        id: "D06",
        name: "A lying broker withholds all",
        technique: "T1691.002",
        tried: "Nothing of the device leaves the broker any more, while the connection stands.",
        off: Off::Other("without an expected period"),
        run: withholds_all,
    },
    Attack {
        id: "D07",
        name: "A lying broker takes the signature off",
        technique: "T0830",
        tried: "The value is changed, and leaves the broker without the property that holds its signature.",
        off: Off::Defences(&[Defence::Required]),
        run: strips,
    },
];

/// A scene whose viewer is connected to a broker that lies.
fn behind(defended: Defended<'_>, plant: Plant) -> (Scene, LyingBroker) {
    let liar = LyingBroker::before(defended.broker.port);
    let scene = Scene::on(defended, plant, liar.port);
    (scene, liar)
}

fn changes_a_byte(defended: Defended<'_>) -> Outcome {
    let (mut scene, liar) = behind(defended, Plant::new());
    liar.lie(|mut message| {
        let at = message.payload.iter().position(|it| *it == b'8');
        at.into_iter().for_each(|at| message.payload[at] = b'6');
        vec![message]
    });
    scene.pump.say(86.0);
    scene.verdict(Reason::Forged)
}

fn rewrites_a_topic(defended: Defended<'_>) -> Outcome {
    let (mut scene, liar) = behind(defended, Plant::new());
    let speed = scene.pump.topic.clone();
    liar.lie(move |message| vec![Message { topic: speed.clone(), ..message }]);
    scene.pump.topic = scene.plant.at("pump/set");
    scene.pump.say(LIE);
    scene.verdict(Reason::Forged)
}

fn duplicates(defended: Defended<'_>) -> Outcome {
    const SENT: u64 = 5;
    let (mut scene, liar) = behind(defended, Plant::new());
    let before = scene.viewer.n_passed("pump", Trust::Verified);
    liar.lie(|message| vec![message.clone(), message.clone(), message]);
    for step in 1..=SENT {
        scene.pump.say(TRUTH + step as f64);
    }
    let heard = |it: &bevy::prelude::World| n_passed(it, "pump", Trust::Verified) - before;
    scene.viewer.until("all have come", |it| heard(it) + n_refused(it, "pump", Reason::Replayed) == 3 * SENT);
    match heard(scene.viewer.app.world()) {
        SENT => Outcome::refused(Reason::Replayed),
        n_taken => Outcome::succeeded(format!("{SENT} were sent, and {n_taken} were taken as verified")),
    }
}

/// A plant that signs, but not in the control.
fn signed_or_not(defended: Defended<'_>) -> Plant {
    if defended.up { Plant::new() } else { Plant::unsigned() }
}

fn reorders(defended: Defended<'_>) -> Outcome {
    let (mut scene, liar) = behind(defended, signed_or_not(defended));
    let mut held = None;
    liar.lie(move |message| match held.take() {
        None => {
            held = Some(message);
            Vec::new()
        }
        Some(older) => vec![message, older],
    });
    scene.pump.say(LIE);
    scene.pump.say(TRUTH + 1.0);
    scene
        .viewer
        .until("both have come", |it| [LIE, TRUTH + 1.0].iter().all(|value| n_had(it, "pump/speed", *value) == 1));
    scene.viewer.app.update();
    match scene.viewer.reading("pump/speed").number() {
        Some(LIE) => Outcome::succeeded(format!("{LIE}, which is older, was shown as what is")),
        shown => {
            assert_eq!(shown, Some(TRUTH + 1.0));
            Outcome::Stopped("put in its place by the time that is signed".to_owned())
        }
    }
}

fn withholds_some(defended: Defended<'_>) -> Outcome {
    let (mut scene, liar) = behind(defended, signed_or_not(defended));
    let mut n = 0;
    liar.lie(move |message| {
        n += 1;
        if n % 2 == 0 { vec![message] } else { Vec::new() }
    });
    for step in 1..=6 {
        scene.pump.say(TRUTH + f64::from(step));
    }
    scene.viewer.until("the last is shown", |it| number(it, "pump/speed") == TRUTH + 6.0);
    let reading = scene.viewer.reading("pump/speed");
    match reading.standing {
        Standing::Gap => {
            assert_eq!(reading.proof.gap, 3);
            Outcome::seen("gap, 3 missing")
        }
        standing => Outcome::succeeded(format!("half of it was missing, and it was shown as {}", standing.label())),
    }
}

fn withholds_all(defended: Defended<'_>) -> Outcome {
    let period = if defended.up { "period: 0.2" } else { "period: 1000000" };
    let plant = Plant::edited(|text| text.replace(&format!("period: {PERIOD}"), period));
    let (mut scene, liar) = behind(defended, plant);
    liar.lie(|_| Vec::new());
    scene.pump.say(LIE);
    let began = now();
    scene.viewer.until("it is noticed, or should have been", |it| {
        let long_enough = !defended.up && now().secs_since(began) > 2.0;
        reading(it, "pump/speed").standing == Standing::Stale || long_enough
    });
    match scene.viewer.reading("pump/speed").standing {
        Standing::Stale => Outcome::seen("stale, after three periods"),
        standing => Outcome::succeeded(format!("nothing came any more, and it was shown as {}", standing.label())),
    }
}

fn strips(defended: Defended<'_>) -> Outcome {
    let (mut scene, liar) = behind(defended, Plant::new());
    liar.lie(|message| vec![Message { payload: says(LIE), user: Vec::new(), ..message }]);
    scene.pump.say(TRUTH + 1.0);
    scene.verdict(Reason::NotSigned)
}
