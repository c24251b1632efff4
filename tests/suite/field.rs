//! The simulated field over real brokers: what any MQTT client sees of it.

use std::sync::{Arc, Mutex};
use std::thread;

use pollux::field::{Field, FieldError, FieldOptions};
use pollux::link::{Broker, now};
use pollux::site::Site;
use rumqttc::{
    Client, Event, LastWill, MqttOptions, Packet, Publish, PublishOptions, PublishProperties, QoS, SubscribeFilter,
};
use serde_json::{Value as Json, json};

use crate::harness::{Mosquitto, any_port, load, site_path, wait_until};

const ANSWERS: &str = "pollux/test/answers";

/// A client that has nothing of Pollux in it, and keeps all it hears.
struct Stranger {
    client: Client,
    heard: Arc<Mutex<Vec<Publish>>>,
}

impl Stranger {
    fn listen(url: &str, id: &str) -> Self {
        let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut options = MqttOptions::new(id, ("127.0.0.1", port));
        options.set_max_packet_size(Some(1 << 20));
        // A will of its own, so that a broker that mixes wills up is found out.
        options.set_last_will(LastWill::new("yard/stranger", "gone", QoS::AtMostOnce, false, None));
        let (client, mut connection) = Client::builder(options).capacity(100).build();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (subscriber, keep) = (client.clone(), heard.clone());
        thread::Builder::new()
            .name("stranger".to_owned())
            .spawn(move || {
                for event in connection.iter() {
                    match event {
                        Ok(Event::Incoming(Packet::ConnAck(_))) => {
                            let filters = ["yard/#", "pollux/#"].map(|it| SubscribeFilter::new(it, QoS::AtLeastOnce));
                            subscriber.try_subscribe_many(filters).unwrap();
                        }
                        Ok(Event::Incoming(Packet::Publish(message))) => keep.lock().unwrap().push(message),
                        Ok(_) => {}
                        Err(_) => return,
                    }
                }
            })
            .unwrap();
        Self { client, heard }
    }

    fn messages(&self, topic: &str) -> Vec<Publish> {
        self.heard.lock().unwrap().iter().filter(|it| it.topic == topic).cloned().collect()
    }

    fn newest(&self, topic: &str) -> Option<String> {
        self.messages(topic).last().map(|it| String::from_utf8(it.payload.to_vec()).unwrap())
    }

    fn newest_json(&self, topic: &str) -> Option<Json> {
        self.newest(topic).map(|it| serde_json::from_str(&it).unwrap())
    }

    fn answers(&self, correlation: &str) -> Vec<Json> {
        let mine = |it: &Publish| {
            it.properties.as_ref().is_some_and(|it| it.correlation_data.as_deref() == Some(correlation.as_bytes()))
        };
        self.messages(ANSWERS)
            .iter()
            .filter(|it| mine(it))
            .map(|it| serde_json::from_slice(&it.payload).unwrap())
            .collect()
    }

    fn command(&self, correlation: &str, payload: &str, retain: bool) {
        let properties = PublishProperties {
            response_topic: Some(ANSWERS.to_owned()),
            correlation_data: Some(correlation.to_owned().into()),
            message_expiry_interval: Some(10),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().retain(retain).properties(properties);
        self.client.publish("yard/valve/set", payload.to_owned(), options).unwrap();
    }

    #[track_caller]
    fn expect_rejected(&self, correlation: &str, payload: &str, reason: &str) {
        self.command(correlation, payload, false);
        wait_until("the command is answered", || !self.answers(correlation).is_empty());
        assert_eq!(self.answers(correlation), [json!({"state": "rejected", "reason": reason})]);
    }
}

fn field(url: &str) -> Field {
    Field::start(load(&site_path("two_devices")).0, url.parse().unwrap(), FieldOptions::default()).unwrap()
}

fn a_stranger_sees_values_and_is_obeyed(url: &str) {
    let stranger = Stranger::listen(url, "stranger");
    let field = field(url);
    wait_until("both devices are online", || {
        ["yard/tank/status", "yard/valve/status"].iter().all(|it| stranger.newest(it).as_deref() == Some("online"))
    });
    let level = || stranger.newest_json("yard/tank/state").and_then(|it| it.pointer("/level/metres")?.as_f64());
    let position = || stranger.newest("yard/valve/position").and_then(|it| it.parse::<f64>().ok());
    wait_until("the tank's true level falls", || level().is_some_and(|it| it > 1.0 && it < 2.4));
    wait_until("the valve tells its position", || position().is_some_and(|it| (it - 100.0).abs() < 1.0));
    wait_until("the valve tells its mode", || stranger.newest("yard/valve/mode").as_deref() == Some("remote"));
    let state = stranger.newest_json("yard/tank/state").unwrap();
    let age_ms = now().as_nanos() / 1_000_000 - state["t"].as_i64().unwrap();
    assert!((0..5_000).contains(&age_ms), "{state}");
    assert_eq!(state["low"], json!(false));

    stranger.command("one", r#"{"position": 0}"#, false);
    wait_until("the valve has done it", || {
        stranger.answers("one") == [json!({"state": "accepted"}), json!({"state": "done"})]
    });
    wait_until("telemetry shows it", || position().is_some_and(|it| it < 2.0));
    wait_until("nothing flows", || {
        stranger.newest_json("yard/tank/state").and_then(|it| it["outflow"].as_f64()).is_some_and(|it| it < 0.001)
    });

    // The same command once more is answered again, and not obeyed again.
    stranger.command("one", r#"{"position": 50}"#, false);
    wait_until("it is answered again", || stranger.answers("one").len() == 3);
    stranger.expect_rejected("two", r#"{"position": 101}"#, "101 is outside of 0 to 100");
    stranger.expect_rejected("three", r#"{"place": 1}"#, "the payload has nothing at /position or /local");
    assert!(position().unwrap() < 2.0);

    stranger.command("four", r#"{"local": "on"}"#, false);
    wait_until("it is worked by hand", || stranger.newest("yard/valve/mode").as_deref() == Some("local"));
    stranger.expect_rejected("five", r#"{"position": 10}"#, "the valve is worked by hand");
    assert_eq!(field.tally().answered, 6);
    assert_eq!(field.tally().connected, 2);
    assert!(field.tally().published > 20);

    // The power is cut. The last wills tell so, also to those who come later.
    drop(field);
    for topic in ["yard/tank/status", "yard/valve/status"] {
        wait_until("the last will is heard", || stranger.newest(topic).as_deref() == Some("offline"));
    }
    let latecomer = Stranger::listen(url, "latecomer");
    wait_until("the last will is kept", || latecomer.newest("yard/valve/status").as_deref() == Some("offline"));
    assert!(latecomer.messages("yard/valve/status")[0].retain);
}

#[test]
fn devices_speak_and_obey_through_the_embedded_broker() {
    let broker = Broker::start(any_port()).unwrap();
    a_stranger_sees_values_and_is_obeyed(&format!("mqtt://{}", broker.address()));
}

#[test]
fn devices_speak_and_obey_through_mosquitto() {
    let broker = Mosquitto::start();
    a_stranger_sees_values_and_is_obeyed(&broker.url());
}

#[test]
fn a_command_that_was_kept_by_the_broker_is_not_obeyed() {
    let broker = Mosquitto::start();
    let stranger = Stranger::listen(&broker.url(), "stranger");
    stranger.command("old", r#"{"position": 0}"#, true);
    wait_until("the broker has it", || !stranger.messages("yard/valve/set").is_empty());
    let field = field(&broker.url());
    stranger.command("new", r#"{"position": 60}"#, false);
    wait_until("the new one is done", || {
        if stranger.answers("new").is_empty() {
            // Sent before the device had subscribed, it reached nobody: a new one each time, as a person would.
            stranger.command("new", r#"{"position": 60}"#, false);
        }
        stranger.answers("new").contains(&json!({"state": "done"}))
    });
    assert_eq!(stranger.answers("old"), Vec::<Json>::new());
    drop(field);
}

#[test]
fn devices_come_back_after_their_broker_does() {
    let broker = Mosquitto::start();
    let field = field(&broker.url());
    wait_until("both devices are connected", || field.tally().connected == 2);
    let port = broker.kill();
    wait_until("both devices have noticed", || field.tally().connected == 0);
    let published = field.tally().published;
    let broker = Mosquitto::start_on(port);
    let stranger = Stranger::listen(&broker.url(), "stranger");
    wait_until("values come again", || stranger.messages("yard/tank/state").len() > 3);
    wait_until("both devices are connected again", || field.tally().connected == 2);
    assert_eq!(field.tally().lost, 2);
    assert!(field.tally().published > published);
    // Nothing of the time without a broker was kept for later.
    let first = &stranger.messages("yard/tank/state")[0];
    let state: Json = serde_json::from_slice(&first.payload).unwrap();
    assert!(now().as_nanos() / 1_000_000 - state["t"].as_i64().unwrap() < 30_000);
}

#[test]
fn a_field_that_cannot_be_simulated_tells_everything_at_once() {
    let url = || "mqtt://127.0.0.1:9".parse().unwrap();
    let broken = |break_it: fn(&mut Site)| {
        let mut site = Site::clone(&load(&site_path("two_devices")).0);
        break_it(&mut site);
        Field::start(Arc::new(site), url(), FieldOptions::default()).unwrap_err()
    };
    let error = broken(|site| {
        site.signals[0].field.as_mut().unwrap().of = "./gone".to_owned();
        site.commands[0].drives = Some("yard.valve/nowhere".to_owned());
        site.twins[1].device = None;
    });
    assert_eq!(
        error.to_string(),
        "the site's devices cannot be simulated:\n\
         - the sensor of `yard.tank/level` measures \"./gone\", which is no output of any physics\n\
         - `yard.tank/outflow` belongs to no device: give its twin, or one above it, a `device`\n\
         - `yard.tank/low` belongs to no device: give its twin, or one above it, a `device`\n\
         - the command `yard.valve/position` cannot drive anything: no block has an input \"yard.valve/nowhere\""
    );
    let error = broken(|site| site.twins[1].physics.as_mut().unwrap().equations.push_str(" F_i { 1 }"));
    assert!(matches!(&error, FieldError::Physics(found) if found.len() == 1), "{error}");
    assert!(matches!(broken(|site| site.place.time_zone = "Mars/Olympus".to_owned()), FieldError::TimeZone(_)));
    assert!(matches!(broken(|site| site.field_speed = 0.0), FieldError::Speed(_)));
}
