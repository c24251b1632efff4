//! A small site for the panels' own tests: a station with two pumps, and a process about one of them.

use std::sync::Arc;

use crate::link::{CertificateFacts, Posture, Roots, TlsVersion};
use crate::signal::{SignalId, Unit};
use crate::site::doc::{
    AtDoc, Class, DeviceDoc, EnvelopeDoc, Kind, LimitsDoc, PlaceDoc, SigningDoc, TakesDoc, ValueKind, ViewpointDoc,
};
use crate::site::{Command, CommandId, Confirm, Index, Signal, Site, Twin, TwinId};

/// The station is 0, its pumps 1 and 2, the first pump's motor 3, the process 4. Each pump has a speed in rpm (signals
/// 0 and 2) and a flag that says whether it runs (1 and 3), a speed set point (commands 0 and 2) and a switch (1 and 3).
pub(super) fn site() -> Site {
    let twins = vec![
        twin(0, "pumping", "Pump station", Kind::System, None),
        twin(1, "pumping.p1", "Pump 1", Kind::Asset, Some(0)),
        twin(3, "pumping.p1.motor", "Motor", Kind::Component, Some(1)),
        twin(2, "pumping.p2", "Pump 2", Kind::Asset, Some(0)),
        Twin { involves: vec![TwinId(1)], ..twin(4, "supply", "Supplying the town", Kind::Process, None) },
    ];
    let signals = vec![
        signal(0, "pumping.p1/speed", "Speed", 1, ValueKind::Number, "rpm"),
        signal(1, "pumping.p1/running", "Running", 1, ValueKind::Flag, ""),
        signal(2, "pumping.p2/speed", "Speed", 2, ValueKind::Number, "rpm"),
        signal(3, "pumping.p2/running", "Running", 2, ValueKind::Flag, ""),
    ];
    let number = TakesDoc::Number { min: 0.0, max: 3000.0, step: 10.0 };
    let switch = TakesDoc::Switch { on: "Start".to_owned(), off: "Stop".to_owned() };
    let commands = vec![
        command(0, "pumping.p1/set_speed", "Speed set point", 1, number.clone(), 0),
        command(1, "pumping.p1/run", "Run", 1, switch.clone(), 1),
        command(2, "pumping.p2/set_speed", "Speed set point", 2, number, 2),
        command(3, "pumping.p2/run", "Run", 2, switch, 3),
    ];
    Site {
        index: Index::new(&twins, &signals, &commands),
        source: Arc::default(),
        name: "Test works".to_owned(),
        about: String::new(),
        place: PlaceDoc { latitude: 50.0, longitude: 8.0, time_zone: "UTC".to_owned(), heading: 0.0 },
        broker: None,
        authority: None,
        allow_insecure: false,
        folder: "test".into(),
        twins,
        signals,
        commands,
        alarms: Vec::new(),
        expectations: Vec::new(),
        flows: Vec::new(),
        props: Vec::new(),
        viewpoints: vec![ViewpointDoc {
            id: "overview".to_owned(),
            name: "Overview".to_owned(),
            eye: (1.0, 1.0, 1.0),
            target: (0.0, 0.0, 0.0),
        }],
        plots: Vec::new(),
        field_speed: 1.0,
        advisories: None,
        signal_capacity: 4,
        twin_capacity: 5,
    }
}

fn twin(id: u32, address: &str, name: &str, kind: Kind, parent: Option<u32>) -> Twin {
    let device = DeviceDoc {
        id: address.to_owned(),
        status: None,
        period: 1.0,
        signing: SigningDoc::None,
        keys: Vec::new(),
        envelope: EnvelopeDoc::Beside,
        inventory: None,
    };
    Twin {
        id: TwinId(id),
        address: address.into(),
        name: name.to_owned(),
        kind,
        about: String::new(),
        parent: parent.map(TwinId),
        at: AtDoc::default(),
        body: None,
        device: (kind == Kind::Asset).then_some(device),
        looks: Vec::new(),
        physics: None,
        involves: Vec::new(),
        emergency_stop: Vec::new(),
    }
}

fn signal(id: u32, address: &str, name: &str, twin: u32, is: ValueKind, unit: &str) -> Signal {
    let (topic, key) = address.split_once('/').unwrap();
    Signal {
        id: SignalId(id),
        address: Arc::from(address),
        key: key.to_owned(),
        name: name.to_owned(),
        twin: TwinId(twin),
        topic: topic.to_owned(),
        path: Some(format!("/{key}")),
        time: None,
        is,
        unit: unit.parse::<Unit>().unwrap(),
        range: (is == ValueKind::Number).then_some((0.0, 3200.0)),
        period: 1.0,
        decimals: None,
        field: None,
    }
}

fn command(id: u32, address: &str, name: &str, twin: u32, takes: TakesDoc, reports: u32) -> Command {
    let confirm = Confirm { signal: SignalId(reports), within: 20.0, threshold: None, secs: 5.0, when: None };
    Command {
        id: CommandId(id),
        address: Arc::from(address),
        name: name.to_owned(),
        twin: TwinId(twin),
        topic: format!("{address}/set"),
        path: None,
        takes,
        reports: SignalId(reports),
        confirm,
        drives: None,
        refused_while: None,
        class: Class::C1,
        normal: None,
        roles: Vec::new(),
        limits: LimitsDoc::default(),
        interlocks: Vec::new(),
        excludes: Vec::new(),
    }
}

/// TLS with a broker whose certificate holds until the end of January 2027, shown one of ours that holds until June 2026.
pub(super) fn posture() -> Posture {
    let facts = |subject: &str, until: &str| CertificateFacts {
        subject: subject.to_owned(),
        issuer: "Demo CA".to_owned(),
        names: Vec::new(),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: until.parse().unwrap(),
        serial: "01".to_owned(),
        fingerprint: String::new(),
    };
    Posture {
        protocol: Some(TlsVersion::V1_3),
        cipher: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        peer: Some(facts("broker.local", "2027-01-31T00:00:00Z")),
        own: Some(facts("desktop", "2026-06-01T00:00:00Z")),
        roots: Some(Roots::System),
    }
}
