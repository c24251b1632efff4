//! Long after: arrivals with the times that they would have had, through the same ingest, and to whoever finds alarms.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::plant::{EPOCH, LIE, Plant, TRUTH, says};
use super::{Attack, Defended, Off, Outcome};
use crate::judge::{AlarmEvent, Engine, Listener, What};
use crate::link::{Arrival, Properties, now};
use crate::session::{History, Ingest, IngestOptions, Tally, Tap, Timeline, Told, Waker};
use crate::signal::Timestamp;
use crate::trust::{BESIDE_TYPE, Book, Defence, Pen, Reason, SIGNATURE_PROPERTY, Verifier};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "E01",
        name: "Replay after an hour",
        technique: "T1692.002",
        tried: "The device speaks for an hour, each second; then the first thing that it said is published again.",
        off: Off::Defences(&[Defence::Replay, Defence::Age]),
        run: replay_after_an_hour,
    },
    Attack {
        id: "E02",
        name: "Alarm kept from its delay",
        technique: "T0878",
        tried: "The speed is too high, and each second the device says so; between, somebody without a key says something else, \
                more often than the alarm's delay is long.",
        off: Off::Defences(&[Defence::Required]),
        run: alarm_kept_from_its_delay,
    },
];

fn replay_after_an_hour(defended: Defended<'_>) -> Outcome {
    const HOUR: u64 = 3600;
    let plant = Plant::new();
    let topic = plant.at("pump/speed");
    let mut pen = Pen::new(plant.keys.pump.clone(), EPOCH);
    let began = now() - Duration::from_secs(HOUR);
    let mut arrival = |secs: u64, value: f64| {
        let (received, payload) = (began + Duration::from_secs(secs), says(value));
        let signature = pen.sign(BESIDE_TYPE, &topic, received, &payload);
        let user = vec![(SIGNATURE_PROPERTY.to_owned(), signature)];
        Arrival {
            topic: topic.clone().into(),
            payload: payload.into(),
            received,
            retained: false,
            correlation: None,
            properties: Some(Box::new(Properties { user, ..Properties::default() })),
        }
    };
    let mut arrivals: Vec<Arrival> = vec![arrival(0, LIE)];
    arrivals.extend((1..HOUR).map(|it| arrival(it, TRUTH)));
    arrivals.push(Arrival { received: began + Duration::from_secs(HOUR), ..arrivals[0].clone() });

    let book = Arc::new(Book::default());
    let verifier = Verifier::new(&plant.site, Some(plant.registry())).unwrap().with_book(Arc::clone(&book));
    let history = Arc::new(History::new(usize::MAX, plant.site.signal_capacity));
    let options = IngestOptions {
        site: Arc::clone(&plant.site),
        word_topics: Vec::new(),
        history: Arc::clone(&history),
        tally: Arc::new(Tally::default()),
        waker: Waker::default(),
        timeline: Arc::new(Timeline::new(&plant.site)),
        recorder: None,
        tap: None,
        verifier: Some(verifier.with_defences(defended.defences)),
    };
    let (send, receive) = bounded(1);
    let mut ingest = Ingest::start(options, receive).unwrap();
    send.send(arrivals).unwrap();
    drop(send);
    ingest.finish();

    let signal = plant.site.signal_at("pump/speed").unwrap().id;
    let n_lies = history.samples(signal, Timestamp::MIN, Timestamp::MAX).iter().filter(|it| it.value == LIE).count();
    let seen = book.of("pump");
    let n_passed: u64 = seen.n_passed.values().sum();
    if n_passed == HOUR + 1 {
        return Outcome::succeeded("an hour later it was verified once more");
    }
    assert_eq!((n_passed, n_lies, history.newest(signal).map(|it| it.value)), (HOUR, 1, Some(TRUTH)));
    assert_eq!(seen.n_refused.get(&Reason::Replayed), Some(&1));
    Outcome::refused(Reason::Replayed)
}

fn alarm_kept_from_its_delay(defended: Defended<'_>) -> Outcome {
    const ALARM: &str = "alarms: [(id: \"fast\", name: \"Fast\", when: Above(signal: \"./speed\", limit: 1000), \
        on_delay: 3, consequence: Severe, respond_within: 5)], device: (id: \"pump\",";
    let plant = Plant::edited(|text| text.replace("device: (id: \"pump\",", ALARM));
    let topic = plant.at("pump/speed");
    let mut pen = Pen::new(plant.keys.pump.clone(), EPOCH);
    let began = now() - Duration::from_secs(60);
    let mut arrivals = Vec::new();
    for secs in 0..10 {
        let received = began + Duration::from_secs(secs);
        let said = says(TRUTH);
        let signature = pen.sign(BESIDE_TYPE, &topic, received, &said);
        let signed = Properties { user: vec![(SIGNATURE_PROPERTY.to_owned(), signature)], ..Properties::default() };
        let mut come = |millis: u64, payload: Vec<u8>, properties: Option<Properties>| {
            arrivals.push(Arrival {
                topic: topic.clone().into(),
                payload: payload.into(),
                received: received + Duration::from_millis(millis),
                retained: false,
                correlation: None,
                properties: properties.map(Box::new),
            });
        };
        come(0, said, Some(signed));
        come(300, says(LIE), None);
        come(700, b"nothing that could be read".to_vec(), None);
    }
    let verifier = || {
        let verifier = Verifier::new(&plant.site, Some(plant.registry())).unwrap();
        verifier.with_defences(defended.defences)
    };

    // As it comes in.
    let tap = Arc::new(Tap::default());
    tap.listen();
    let options = IngestOptions {
        site: Arc::clone(&plant.site),
        word_topics: Vec::new(),
        history: Arc::new(History::new(usize::MAX, plant.site.signal_capacity)),
        tally: Arc::new(Tally::default()),
        waker: Waker::default(),
        timeline: Arc::new(Timeline::new(&plant.site)),
        recorder: None,
        tap: Some(Arc::clone(&tap)),
        verifier: Some(verifier()),
    };
    let (send, receive) = bounded(1);
    let mut ingest = Ingest::start(options, receive).unwrap();
    send.send(arrivals.clone()).unwrap();
    drop(send);
    ingest.finish();
    let (mut told, mut engine) = (Vec::new(), Engine::new(Arc::clone(&plant.site)));
    tap.take(&mut told, None);
    for told in told {
        if let Told::Change(change) = told {
            engine.take(change);
        }
    }
    let live = engine.take_finds().events;
    // And as it is found in a recording of it.
    let mut listener = Listener::new(&plant.site, Some(verifier()));
    arrivals.iter().for_each(|it| listener.take(it));
    assert_eq!(listener.engine.take_finds().events, live);

    let raised: Vec<&AlarmEvent> = live.iter().filter(|it| it.what == What::Raised).collect();
    match raised[..] {
        [] => Outcome::succeeded("the alarm was never raised"),
        [event] if event.known == began + Duration::from_secs(3) && event.at == began => {
            let (reason, raised) = (Reason::NotSigned, "the alarm was raised when its delay was over");
            Outcome::Stopped(format!("refused at *{}*: {}; {raised}", reason.step().label(), reason.label()))
        }
        _ => panic!("{live:?}"),
    }
}
