//! The device's own words again, its key copied, its clock turned, and more than it can have to say.

use std::time::Duration;

use super::forge::digest;
use super::mqtt::Message;
use super::plant::{
    Device, EPOCH, LIE, Plant, Scene, TRUTH, Viewer, in_secs, n_passed, n_refused, number, reading, says,
};
use super::signer::next_in_line;
use super::{Attack, Defended, Off, Outcome};
use crate::link::now;
use crate::session::{Keys, Session};
use crate::trust::{Defence, Reason, SecretKey, Store, StoreError, Trust};
use crate::twin::Standing;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "B01",
        name: "Replay at once",
        technique: "T1692.002",
        tried: "A message that the device sent a moment ago is published again, unchanged.",
        off: Off::Defences(&[Defence::Replay]),
        run: replay,
    },
    Attack {
        id: "B02",
        name: "Replay after the device's restart",
        technique: "T1692.002",
        tried: "A message of the device's last life is published again, when it has begun to count anew.",
        off: Off::Defences(&[Defence::Epoch]),
        run: replay_of_last_life,
    },
    Attack {
        id: "B03",
        name: "Replay after our restart",
        technique: "T1692.002",
        tried: "Pollux ends in good order and begins again; before the device speaks, its last words are published again.",
        off: Off::Defences(&[Defence::Memory]),
        run: |it| replay_after_restart(it, false),
    },
    Attack {
        id: "B04",
        name: "Replay after our crash",
        technique: "T1692.002",
        tried: "The same, where Pollux was killed and wrote nothing more.",
        off: Off::Defences(&[Defence::Memory]),
        run: |it| replay_after_restart(it, true),
    },
    Attack {
        id: "B05",
        name: "Cut and paste between topics",
        technique: "T1692.002",
        tried: "What the device signed as its set point is caught on its way, and published as its speed.",
        off: Off::Defences(&[Defence::Topic]),
        run: cut_and_paste,
    },
    Attack {
        id: "B06",
        name: "Cloned key, a number later",
        technique: "T0859",
        tried: "Whoever copied the device's key uses a number that the device has used.",
        off: Off::Defences(&[Defence::Fork]),
        run: clone_behind,
    },
    Attack {
        id: "B07",
        name: "Cloned key, a number ahead",
        technique: "T0859",
        tried: "Whoever copied the key, and hears all that is said, says the next word before the device does.",
        off: Off::Defences(&[Defence::Fork]),
        run: clone_ahead,
    },
    Attack {
        id: "B08",
        name: "Cloned key, without having listened",
        technique: "T0859",
        tried: "Whoever copied the key guesses the next number, and cannot name the envelope before it.",
        off: Off::Defences(&[Defence::Chain]),
        run: clone_that_is_deaf,
    },
    Attack {
        id: "B09",
        name: "Rollback of the boot counter",
        technique: "T0859",
        tried: "A copy of the device from before its last start, key and counters, is switched on and speaks.",
        off: Off::Defences(&[Defence::Epoch]),
        run: old_copy,
    },
    Attack {
        id: "B10",
        name: "Stamp from the future",
        technique: "T1692.002",
        tried: "The device's clock was set ahead, to gather words that stay fresh for an hour.",
        off: Off::Defences(&[Defence::Future]),
        run: |it| other_time(it, 3600, Reason::Future),
    },
    Attack {
        id: "B11",
        name: "Stale stamp",
        technique: "T1692.002",
        tried: "Words that the device signed ten minutes ago, and that were kept back, are delivered now.",
        off: Off::Defences(&[Defence::Age]),
        run: |it| other_time(it, -600, Reason::Stale),
    },
    Attack {
        id: "B12",
        name: "Old words that the broker keeps",
        technique: "T1692.002",
        tried: "Old words of the device are published retained, so that each new subscriber hears them first.",
        off: Off::Defences(&[Defence::Age]),
        run: retained,
    },
    Attack {
        id: "B13",
        name: "Flood from one device",
        technique: "T0814",
        tried: "500 well-signed messages at once on the pump's topic, while the valve goes on.",
        off: Off::Defences(&[Defence::Rate]),
        run: flood,
    },
    Attack {
        id: "B14",
        name: "What cannot be",
        technique: "T0832",
        tried: "Whoever owns the device has it sign a value that no such machine can have.",
        off: Off::Other("without a range in the site"),
        run: impossible,
    },
    Attack {
        id: "B15",
        name: "Junk in a device's name",
        technique: "T0814",
        tried: "A stranger publishes forged messages in the pump's name, 200 before each word of the pump itself.",
        off: Off::Defences(&[Defence::Junk]),
        run: junk,
    },
];

fn replay(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let kept = scene.keep_a_word();
    scene.replay(&kept, Reason::Replayed)
}

fn replay_of_last_life(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let kept = scene.keep_a_word();
    scene.pump.begin_life(EPOCH + 1);
    scene.pump.say(TRUTH);
    scene.arm();
    scene.replay(&kept, Reason::Rollback)
}

fn replay_after_restart(defended: Defended<'_>, crash: bool) -> Outcome {
    let plant = Plant::new();
    let keys = Keys { store: Some(plant.store()), ..plant.keys() };
    let mut scene = Scene::with(defended, plant, defended.broker.port, keys);
    let kept = scene.keep_a_word();
    let (file, copy) = (scene.plant.folder.path().join("trust.redb"), scene.plant.folder.path().join("crashed.redb"));
    // What a killed program leaves is what lies on the disk while it runs.
    std::fs::copy(&file, &copy).unwrap();
    let Scene { plant, mut pump, viewer, mut attacker, .. } = scene;
    drop(viewer);
    let store = reopened(if crash { &copy } else { &file });
    let mut viewer =
        Viewer::start(&defended, &plant, defended.broker.port, Keys { store: Some(store), ..plant.keys() });
    // It is said until somebody listens.
    let mut said = crate::signal::Timestamp::MIN;
    viewer.until("the replay was judged", |world| {
        if now().since(said) > Duration::from_millis(200) {
            said = now();
            attacker.publish(&kept);
        }
        number(world, "pump/speed") == LIE || n_refused(world, "pump", Reason::Replayed) > 0
    });
    viewer.app.update();
    if viewer.reading("pump/speed").number() == Some(LIE) {
        return Outcome::succeeded(format!("{LIE} was shown as {}", viewer.reading("pump/speed").standing.label()));
    }
    assert_eq!(viewer.n_had("pump/speed", LIE), 0);
    viewer.until_shown("pump/speed", TRUTH, || drop(pump.say(TRUTH)));
    Outcome::refused(Reason::Replayed)
}

/// The threads of the Pollux that ended may hold it for a moment.
fn reopened(path: &std::path::Path) -> std::sync::Arc<Store> {
    let began = now();
    loop {
        match Store::open(path) {
            Ok(store) => return std::sync::Arc::new(store),
            Err(StoreError::Taken(_)) if now().since(began) < Duration::from_secs(30) => {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            Err(why) => panic!("{why}"),
        }
    }
}

fn cut_and_paste(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let speed = std::mem::replace(&mut scene.pump.topic, scene.plant.at("pump/set"));
    let set_point = scene.pump.sign(LIE);
    scene.attacker.publish(&Message { topic: speed, ..set_point });
    scene.verdict(Reason::Forged)
}

fn clone_behind(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let used = scene.pump.next();
    scene.pump.say(TRUTH);
    scene.arm();
    let key = scene.plant.keys.pump.clone();
    let mut draft = next_in_line(&scene, &key, &says(LIE));
    draft.place = (used.epoch, used.seq, now(), used.prev);
    scene.attack(&says(LIE), Some(&draft.sign_text(&key)));
    let outcome = scene.outcome(Reason::Cloned);
    if defended.up {
        assert_eq!(scene.viewer.reading("pump/speed").standing, Standing::EvilTwin);
    }
    outcome
}

fn clone_ahead(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let signature = next_in_line(&scene, &key, &says(LIE)).sign_text(&key);
    scene.attack(&says(LIE), Some(&signature));
    scene.viewer.until("nothing tells it from the device", |it| number(it, "pump/speed") == LIE);
    let before = scene.viewer.n_passed("pump", Trust::Verified);
    scene.pump.say(TRUTH);
    scene.viewer.until("the device speaks", |it| {
        n_refused(it, "pump", Reason::Cloned) > 0 || n_passed(it, "pump", Trust::Verified) > before
    });
    scene.viewer.app.update();
    match scene.viewer.reading("pump/speed").standing {
        Standing::EvilTwin => Outcome::seen("evil twin, as soon as the device itself speaks"),
        standing => Outcome::succeeded(format!("two speak under one key, shown as {}", standing.label())),
    }
}

fn clone_that_is_deaf(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let mut draft = next_in_line(&scene, &key, &says(LIE));
    draft.place.3 = digest(b"a guess");
    scene.attack(&says(LIE), Some(&draft.sign_text(&key)));
    scene.verdict(Reason::Broken)
}

fn old_copy(defended: Defended<'_>) -> Outcome {
    let mut scene = Scene::open(defended);
    let key = scene.plant.keys.pump.clone();
    let mut copy = Device::new(&defended, scene.pump.topic.clone(), &key);
    copy.begin_life(EPOCH - 1);
    scene.attacker.publish(&copy.sign(LIE));
    let outcome = scene.outcome(Reason::Rollback);
    if defended.up {
        assert_eq!(scene.viewer.reading("pump/speed").standing, Standing::EvilTwin);
    }
    outcome
}

fn other_time(defended: Defended<'_>, secs: i64, reason: Reason) -> Outcome {
    let mut scene = Scene::open(defended);
    let message = scene.pump.sign_at(LIE, in_secs(secs));
    scene.attacker.publish(&message);
    scene.verdict(reason)
}

fn retained(defended: Defended<'_>) -> Outcome {
    let plant = Plant::new();
    let mut pump = Device::new(&defended, plant.at("pump/speed"), &plant.keys.pump);
    let old = pump.sign_at(LIE, in_secs(-600));
    super::mqtt::Client::connect(defended.broker.port).publish(&old.retained());
    let mut viewer = Viewer::start(&defended, &plant, defended.broker.port, plant.keys());
    viewer.until_shown("pump/speed", TRUTH, || drop(pump.say(TRUTH)));
    if viewer.n_had("pump/speed", LIE) > 0 {
        return Outcome::succeeded(format!("{LIE} of ten minutes ago was shown as verified"));
    }
    assert_eq!(viewer.n_refused("pump", Reason::Stale), 1);
    assert_eq!(viewer.reading("pump/speed").standing, Standing::Verified, "what a broker keeps is no sign of anything");
    Outcome::refused(Reason::Stale)
}

fn flood(defended: Defended<'_>) -> Outcome {
    const FLOOD: usize = 500;
    let mut scene = Scene::open(defended);
    let mut valve = Device::new(&defended, scene.plant.at("valve/position"), &scene.plant.keys.valve);
    scene.viewer.until_shown("valve/position", TRUTH, || drop(valve.say(TRUTH)));
    let before = scene.viewer.n_passed("pump", Trust::Verified);
    for _ in 0..FLOOD {
        scene.pump.say(TRUTH);
    }
    valve.say(TRUTH + 1.0);
    scene.viewer.until("the valve goes on", |it| number(it, "valve/position") == TRUTH + 1.0);
    assert_eq!(scene.viewer.reading("valve/position").standing, Standing::Verified);
    let passed = scene.viewer.n_passed("pump", Trust::Verified) - before;
    let flooded = scene.viewer.n_refused("pump", Reason::Flood);
    assert_eq!(passed + flooded, FLOOD as u64);
    if flooded == 0 {
        return Outcome::succeeded("all of them were verified, and took their time");
    }
    assert!(passed < FLOOD as u64 / 2, "{passed}");
    assert_eq!(reading(scene.viewer.app.world(), "pump/speed").standing, Standing::Rejected);
    Outcome::refused(Reason::Flood)
}

fn impossible(defended: Defended<'_>) -> Outcome {
    let plant = if defended.up { Plant::new() } else { Plant::edited(|text| text.replace("range: (0, 2000)", "")) };
    let mut scene = Scene::on(defended, plant, defended.broker.port);
    scene.pump.say(1e6);
    scene.viewer.until("it is shown", |it| number(it, "pump/speed") == 1e6);
    match scene.viewer.reading("pump/speed").standing {
        Standing::Inconsistent => Outcome::seen("inconsistent: it is verified, and cannot be"),
        standing => Outcome::succeeded(format!("1000000 was shown as {}", standing.label())),
    }
}

fn junk(defended: Defended<'_>) -> Outcome {
    const WORDS: u64 = 5;
    const JUNK: u64 = 200;
    let mut scene = Scene::open(defended);
    let before = scene.viewer.n_passed("pump", Trust::Verified);
    let (key, stranger) = (scene.plant.keys.pump.clone(), SecretKey::generate());
    for word in 1..=WORDS {
        let forged = next_in_line(&scene, &key, &says(LIE)).sign_text(&stranger);
        for _ in 0..JUNK {
            scene.attack(&says(LIE), Some(&forged));
        }
        // Over the same connection, so that it comes when the junk has.
        let own = scene.pump.sign(TRUTH + word as f64);
        scene.attacker.publish(&own);
    }
    scene.viewer.until("all of it was judged", |it| {
        let seen = it.resource::<Session>().book.of("pump");
        let n_refused: u64 = seen.n_refused.values().sum();
        n_passed(it, "pump", Trust::Verified) - before + n_refused >= WORDS * (JUNK + 1)
    });
    scene.viewer.app.update();
    let lost = WORDS - (scene.viewer.n_passed("pump", Trust::Verified) - before);
    if lost > 0 {
        assert!(scene.viewer.n_refused("pump", Reason::Flood) >= lost);
        return Outcome::succeeded("what the pump itself said was refused as a flood");
    }
    assert_eq!(scene.viewer.n_refused("pump", Reason::Forged), WORDS * JUNK);
    assert_eq!(
        (scene.viewer.reading("pump/speed").number(), scene.viewer.n_had("pump/speed", LIE)),
        (Some(TRUTH + WORDS as f64), 0)
    );
    Outcome::Stopped("refused at *signature*: forged; all that the pump said is shown".to_owned())
}
