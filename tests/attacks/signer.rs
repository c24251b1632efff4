//! Who signed it: nobody, a stranger, another device, a key that is over or was stolen.

use super::forge::Draft;
use super::mqtt::Message;
use super::plant::{Device, LIE, Plant, Scene, TRUTH, date_in_secs, reading, says, stolen};
use super::{Attack, Defended, Off, Outcome};
use crate::link::now;
use crate::trust::{Defence, KeyDoc, KeyRole, Reason, SecretKey};
use crate::twin::Standing;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "A01",
        name: "Forged signature",
        technique: "T1692.002",
        tried: "A stranger signs with a key of its own and names the device's key, three times.",
        off: Off::Defences(&[Defence::Signature]),
        run: forged,
    },
    Attack {
        id: "A02",
        name: "Another value under a good signature",
        technique: "T1692.002",
        tried: "A signature that the device made goes beside another payload.",
        off: Off::Defences(&[Defence::Signature]),
        run: other_payload,
    },
    Attack {
        id: "A03",
        name: "Unsigned where it must be signed",
        technique: "T1692.002",
        tried: "A stranger publishes a bare value on the device's topic.",
        off: Off::Defences(&[Defence::Required]),
        run: unsigned,
    },
    Attack {
        id: "A04",
        name: "Unknown key",
        technique: "T1692.002",
        tried: "A stranger signs properly with a key that nobody registered.",
        off: Off::Defences(&[Defence::KnownKey]),
        run: unknown_key,
    },
    Attack {
        id: "A05",
        name: "Expired key",
        technique: "T0859",
        tried: "A key of the device whose time is over, found on an old disk, signs properly.",
        off: Off::Defences(&[Defence::KeyTime]),
        run: |it| old_key(it, Reason::Expired, |key| key.until = date_in_secs(-60)),
    },
    Attack {
        id: "A06",
        name: "Key before its time",
        technique: "T0859",
        tried: "The device's next key, stolen before its time has begun, signs properly.",
        off: Off::Defences(&[Defence::KeyTime]),
        run: |it| old_key(it, Reason::Expired, |key| key.from = date_in_secs(3600)),
    },
    Attack {
        id: "A07",
        name: "Revoked key",
        technique: "T0859",
        tried: "A stolen key of the device, which was revoked since, signs properly.",
        off: Off::Defences(&[Defence::Revocation]),
        run: |it| old_key(it, Reason::Revoked, |key| key.revoked = stolen()),
    },
    Attack {
        id: "A08",
        name: "A device that signs for another",
        technique: "T1692.002",
        tried: "Whoever has the valve signs for the pump, with the valve's good key.",
        off: Off::Defences(&[Defence::OwnKey]),
        run: other_device,
    },
    Attack {
        id: "A09",
        name: "A key of another office",
        technique: "T0859",
        tried: "The key with which the pump's recorder seals sessions signs measurements.",
        off: Off::Defences(&[Defence::OwnKey]),
        run: other_role,
    },
    Attack {
        id: "A10",
        name: "Vouching by the wrong gateway",
        technique: "T1692.002",
        tried: "A gateway of something else signs what it claims to have heard of the well.",
        off: Off::Defences(&[Defence::OwnKey]),
        run: |it| past_gateway(it, true),
    },
    Attack {
        id: "A11",
        name: "Past the gateway",
        technique: "T1692.002",
        tried: "A stranger publishes a bare value for a device that cannot sign, and that a gateway vouches for.",
        off: Off::Defences(&[Defence::Required]),
        run: |it| past_gateway(it, false),
    },
];

/// In the pump's next place, as somebody who has heard all of it would write it.
pub(super) fn next_in_line(scene: &Scene, key: &SecretKey, payload: &[u8]) -> Draft {
    let next = scene.pump.next();
    let place = (next.epoch, next.seq, now());
    let mut draft = Draft::beside(key.public().id(), scene.pump.bound_to(), place, payload);
    draft.place.3 = next.prev;
    draft
}

fn forged(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let draft = next_in_line(&scene, &scene.plant.keys.pump, &says(LIE));
    let stranger = SecretKey::generate();
    let attack = |scene: &mut Scene| scene.attack(&says(LIE), Some(&draft.sign_text(&stranger)));
    attack(&mut scene);
    let outcome = scene.outcome(Reason::Forged);
    if defended.up {
        attack(&mut scene);
        attack(&mut scene);
        scene
            .viewer
            .until("three of them are no accident", |it| reading(it, "pump/speed").standing == Standing::EvilTwin);
    }
    outcome
}

fn other_payload(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let true_one = scene.pump.sign(TRUTH);
    scene.attacker.publish(&Message { payload: says(LIE), ..true_one });
    scene.verdict(Reason::Forged)
}

fn unsigned(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    scene.attack(&says(LIE), None);
    scene.verdict(Reason::NotSigned)
}

fn unknown_key(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let stranger = SecretKey::generate();
    let signature = next_in_line(&scene, &stranger, &says(LIE)).sign_text(&stranger);
    scene.attack(&says(LIE), Some(&signature));
    scene.verdict(Reason::UnknownKey)
}

/// The pump has a second key, of which the registry says something.
fn old_key(defended: Defended<'_>, reason: Reason, edit: fn(&mut KeyDoc)) -> Outcome {
    let (mut plant, stolen) = (Plant::new(), SecretKey::generate());
    let mut key = KeyDoc::new("pump", KeyRole::Device, stolen.public());
    edit(&mut key);
    plant.docs.push(key);
    signed_by(defended, plant, &stolen, reason)
}

fn other_device(defended: Defended<'_>) -> Outcome {
    let plant = Plant::new();
    let key = plant.keys.valve.clone();
    signed_by(defended, plant, &key, Reason::WrongKey)
}

fn other_role(defended: Defended<'_>) -> Outcome {
    let (mut plant, key) = (Plant::new(), SecretKey::generate());
    plant.docs.push(KeyDoc::new("pump", KeyRole::Recorder, key.public()));
    signed_by(defended, plant, &key, Reason::WrongKey)
}

fn signed_by(defended: Defended<'_>, plant: Plant, key: &SecretKey, reason: Reason) -> Outcome {
    let mut scene = Scene::on(defended, plant, defended.broker.port);
    let signature = next_in_line(&scene, key, &says(LIE)).sign_text(key);
    scene.attack(&says(LIE), Some(&signature));
    scene.verdict(reason)
}

/// What a gateway vouches for is said by another one, or by nobody.
fn past_gateway(defended: Defended<'_>, by_other: bool) -> Outcome {
    let mut scene = Scene::open(defended);
    let topic = scene.plant.at("well/level");
    let mut gateway = Device::new(&defended, topic.clone(), &scene.plant.keys.gateway);
    scene.viewer.until_shown("well/level", TRUTH, || drop(gateway.say(TRUTH)));
    assert_eq!(scene.viewer.reading("well/level").standing, Standing::Vouched);
    let (message, reason) = if by_other {
        (Device::new(&defended, topic, &scene.plant.keys.other_gateway).sign(LIE), Reason::WrongKey)
    } else {
        (Message::new(&topic, &says(LIE), None), Reason::NotSigned)
    };
    scene.attacker.publish(&message);
    scene.outcome_at("well/level", "well", TRUTH, reason)
}
