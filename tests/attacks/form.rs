//! Envelopes of a form that no honest writer gives them, and of a type or a topic that does not belong where they come in.

use ciborium::Value;

use super::forge::{Draft, PREV, TYP, nested, text, untext};
use super::mqtt::{LyingBroker, Message};
use super::plant::{Device, LIE, Plant, Scene, TRUTH, in_secs, n_refused, number, says};
use super::signer::next_in_line;
use super::{Attack, Defended, Off, Outcome};
use crate::codec::{PackedRow, Quality, pack};
use crate::link::now;
use crate::session::Session;
use crate::trust::{ANSWER_TYPE, Defence, ORDER_TYPE, Reason, SAMPLES_TYPE};
use crate::twin::Standing;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "C01",
        name: "Oversize",
        technique: "T0814",
        tried: "A device signs 70 KiB of JSON, of which all but a few bytes are blanks.",
        off: Off::Defences(&[Defence::Size]),
        run: oversize,
    },
    Attack {
        id: "C02",
        name: "Depth bomb",
        technique: "T0814",
        tried: "The header of an envelope holds arrays in arrays, 200 deep.",
        off: Off::Defences(&[Defence::Form]),
        run: |it| with_header(it, (Value::from(-70009), nested(200))),
    },
    Attack {
        id: "C03",
        name: "Double key",
        technique: "T0832",
        tried: "A header tells its type twice, once as an order and once as measurements: each reader takes another one.",
        off: Off::Defences(&[Defence::Form]),
        run: double_key,
    },
    Attack {
        id: "C04",
        name: "Written in another way",
        technique: "T0832",
        tried: "A good envelope is written anew with an array of no stated length: other bytes under the same number, so that the device looks cloned.",
        off: Off::Defences(&[Defence::Form]),
        run: |it| framed(it, |envelope| [&envelope[..1], &[0x9f], &envelope[2..], &[0xff]].concat()),
    },
    Attack {
        id: "C05",
        name: "Headers that nobody signs",
        technique: "T0832",
        tried: "A good envelope gets an unsigned header: other bytes under the same number, so that the device looks cloned.",
        off: Off::Defences(&[Defence::Form]),
        run: |it| framed(it, with_unsigned_header),
    },
    Attack {
        id: "C06",
        name: "Bytes behind the envelope",
        technique: "T0832",
        tried: "A good envelope gets bytes behind its end, so that the device looks cloned.",
        off: Off::Defences(&[Defence::Form]),
        run: |it| framed(it, |envelope| [envelope, &[0]].concat()),
    },
    Attack {
        id: "C07",
        name: "An answer as a measurement",
        technique: "T1692.002",
        tried: "What the device signed as its answer to a command is published as a measurement.",
        off: Off::Defences(&[Defence::Type]),
        run: |it| other_type(it, ANSWER_TYPE),
    },
    Attack {
        id: "C08",
        name: "A command as a measurement",
        technique: "T1692.002",
        tried: "What was signed as a command is published as a measurement.",
        off: Off::Defences(&[Defence::Type]),
        run: |it| other_type(it, ORDER_TYPE),
    },
    Attack {
        id: "C09",
        name: "Values of another device in one's own envelope",
        technique: "T1692.002",
        tried: "The valve's envelope, well-signed on the valve's topic, holds a value of the pump's speed.",
        off: Off::Defences(&[Defence::Binding]),
        run: foreign_row,
    },
    Attack {
        id: "C10",
        name: "A topic that nobody knows",
        technique: "T1692.002",
        tried: "What the device signed for a topic to which the site binds nothing is delivered there, though nobody asked for it.",
        off: Off::Other("with a site that binds it"),
        run: unknown_topic,
    },
    Attack {
        id: "C11",
        name: "A value from an hour ahead",
        technique: "T0832",
        tried: "An envelope of now holds a value of an hour ahead, beside which all that the device says until then would be late.",
        off: Off::Defences(&[Defence::SampleTime]),
        run: value_ahead,
    },
];

fn oversize(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let mut payload = says(LIE);
    payload.resize(70 << 10, b' ');
    let key = scene.plant.keys.pump.clone();
    let signature = next_in_line(&scene, &key, &payload).sign_text(&key);
    scene.attack(&payload, Some(&signature));
    scene.verdict(Reason::Oversize)
}

fn with_header(defended: Defended<'_>, entry: (Value, Value)) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let mut draft = next_in_line(&scene, &key, &says(LIE));
    draft.more.push(entry);
    scene.attack(&says(LIE), Some(&draft.sign_text(&key)));
    scene.verdict(Reason::Malformed)
}

fn double_key(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let good = next_in_line(&scene, &key, &says(LIE));
    let draft = Draft { typ: ORDER_TYPE, more: vec![(Value::from(TYP), Value::from(good.typ))], ..good };
    scene.attack(&says(LIE), Some(&draft.sign_text(&key)));
    scene.verdict(Reason::Malformed)
}

/// A good envelope is heard, and then once more as other bytes.
fn framed(defended: Defended<'_>, change: fn(&[u8]) -> Vec<u8>) -> Outcome {
    let mut scene = Scene::open(defended);
    let mut heard = None;
    scene.viewer.until_shown("pump/speed", TRUTH + 1.0, || heard = Some(scene.pump.say(TRUTH + 1.0)));
    let heard = heard.expect("it was said");
    let changed = text(&change(&untext(&heard.user[0].1)));
    scene.attack(&heard.payload, Some(&changed));
    scene.viewer.until("it was judged", |it| {
        [Reason::Malformed, Reason::Cloned].iter().any(|reason| n_refused(it, "pump", *reason) > 0)
    });
    scene.viewer.app.update();
    match scene.viewer.reading("pump/speed").standing {
        Standing::EvilTwin => Outcome::succeeded("an honest device was shown as an evil twin"),
        standing => {
            assert_eq!((standing, scene.viewer.n_refused("pump", Reason::Cloned)), (Standing::Rejected, 0));
            Outcome::refused(Reason::Malformed)
        }
    }
}

fn with_unsigned_header(envelope: &[u8]) -> Vec<u8> {
    let Value::Tag(tag, inner) = ciborium::from_reader(envelope).unwrap() else { panic!("no envelope") };
    let Value::Array(mut parts) = *inner else { panic!("no envelope") };
    parts[1] = Value::Map(vec![(Value::from(PREV), Value::Null)]);
    super::forge::bytes(&Value::Tag(tag, Box::new(Value::Array(parts))))
}

fn other_type(defended: Defended<'_>, typ: &'static str) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let draft = Draft { typ, ..next_in_line(&scene, &key, &says(LIE)) };
    scene.attack(&says(LIE), Some(&draft.sign_text(&key)));
    scene.verdict(Reason::Malformed)
}

fn foreign_row(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let mut valve = Device::new(&defended, scene.plant.at("valve/position"), &scene.plant.keys.valve);
    let at = now();
    let row = |signal: &str, value: f64| PackedRow {
        signal: signal.to_owned(),
        at,
        value: value.into(),
        quality: Quality::Good,
    };
    let topic = valve.topic.clone();
    let payload = pack(&[row("pump/speed", LIE), row("valve/position", TRUTH)]);
    let sealed = valve.pen.seal(SAMPLES_TYPE, &topic, at, &payload);
    scene.attacker.publish(&Message::new(&topic, &sealed, None));
    scene.viewer.until("what is the valve's own is shown", |it| number(it, "valve/position") == TRUTH);
    scene.viewer.app.update();
    if scene.viewer.reading("pump/speed").number() == Some(LIE) {
        return Outcome::succeeded(format!("{LIE} was shown as verified"));
    }
    assert_eq!(scene.viewer.n_had("pump/speed", LIE), 0);
    assert_eq!(scene.viewer.n_refused("valve", Reason::UnknownTopic), 1, "it is told of whoever signed it");
    Outcome::refused(Reason::UnknownTopic)
}

fn value_ahead(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let (topic, at) = (scene.pump.topic.clone(), now());
    let row =
        |at, value: f64| PackedRow { signal: "pump/speed".to_owned(), at, value: value.into(), quality: Quality::Good };
    let payload = pack(&[row(at, TRUTH), row(in_secs(3600), LIE)]);
    let sealed = scene.pump.pen.seal(SAMPLES_TYPE, &topic, at, &payload);
    scene.attacker.publish(&Message::new(&topic, &sealed, None));
    scene.verdict(Reason::Malformed)
}

fn unknown_topic(defended: Defended<'_>) -> Outcome {
    let plant = if defended.up { Plant::new() } else { Plant::edited(|text| text.replace("/pump/set", "/pump/other")) };
    let liar = LyingBroker::before(defended.broker.port);
    let mut scene = Scene::on(defended, plant, liar.port);
    let (speed, other) = (scene.pump.topic.clone(), scene.plant.at("pump/other"));
    scene.pump.topic.clone_from(&other);
    let signed = scene.pump.sign(LIE);
    liar.lie(move |message| vec![Message { topic: other.clone(), ..message }]);
    scene.attacker.publish(&Message { topic: speed, ..signed });
    scene
        .viewer
        .until("it was judged", |it| number(it, "pump/set") == LIE || n_refused(it, "", Reason::UnknownTopic) > 0);
    scene.viewer.app.update();
    if scene.viewer.reading("pump/set").number() == Some(LIE) {
        return Outcome::succeeded(format!("{LIE} was shown as a set point"));
    }
    let speed = scene.viewer.reading("pump/speed");
    assert_eq!((speed.number(), speed.standing), (Some(TRUTH), Standing::Verified));
    let session = scene.viewer.app.world().resource::<Session>();
    assert_eq!(session.book.of("pump").n_refused.len(), 0, "who may publish there can make it up");
    Outcome::refused(Reason::UnknownTopic)
}
