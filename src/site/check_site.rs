//! Checks of the site as a whole: its place, its viewpoints, its props.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::broker_url::{BrokerUrl, UrlError};
use super::build::Builder;
use super::doc::{PlaceDoc, SiteDoc};
use super::near::did_you_mean;
use super::problem::Problems;
use super::values::{check_finite, check_positive, note};

/// All that stands outside of the twins.
pub(super) fn check_site(builder: &mut Builder<'_>, doc: &SiteDoc) {
    check_place(builder.problems, &doc.place);
    if doc.name.trim().is_empty() {
        builder.problems.error("name", "a site without name").expecting("the name on the screen");
    }
    if let Some(authority) = &doc.authority
        && !is_public_key(authority)
    {
        builder
            .problems
            .error("authority", format!("{authority:?} is no public key"))
            .expecting("ed25519: and 64 hexadecimal digits, as `pollux keys list` shows it");
    }
    if let Some(broker) = &doc.broker {
        check_broker(builder.problems, broker, doc.allow_insecure);
    }
    note(builder.problems, check_positive("a speed", doc.field_speed), || "field_speed".into());
    if doc.twins.is_empty() {
        builder.problems.error("twins", "a site without twins").expecting("twins: [(id: \"…\", kind: Asset)]");
    }
    if doc.viewpoints.is_empty() {
        builder
            .problems
            .warning("viewpoints", "a site without viewpoints: home is where all twins are seen")
            .expecting("viewpoints: [(id: \"home\", eye: (…), target: (…))]");
    }
    for (i, viewpoint) in doc.viewpoints.iter().enumerate() {
        builder.check_unique_id("viewpoint", "", &viewpoint.id, || format!("viewpoints[{i}].id").into());
        if viewpoint.eye == viewpoint.target {
            let path = format!("viewpoints[{i}].target");
            builder.problems.error(path, "the target is where the eye is").expecting("another point");
        }
    }
    for (i, prop) in doc.props.iter().enumerate() {
        builder.check_body(&prop.body, |below| format!("props[{i}].body{below}").into());
        for (n, at) in prop.at.iter().enumerate() {
            builder.check_at(at, |below| format!("props[{i}].at[{n}]{below}").into());
        }
    }
}

fn is_public_key(text: &str) -> bool {
    let digits = text.strip_prefix("ed25519:");
    digits.is_some_and(|it| it.len() == 64 && it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')))
}

fn check_broker(problems: &mut Problems, broker: &str, allow_insecure: bool) {
    match broker.parse::<BrokerUrl>() {
        Ok(url) if !url.tls && !url.is_loopback() && !allow_insecure => {
            problems
                .warning("broker", format!("{url} carries everything in plain text over the network"))
                .expecting("mqtts://host:port, or a broker on this machine")
                .hinting("without TLS it is used only with allow_insecure: true, or with --allow-insecure");
        }
        Ok(_) => (),
        Err(UrlError::Credentials) => {
            problems
                .error("broker", "a broker with credentials")
                .expecting("mqtt://host:port alone: a site file is no place for secrets")
                .hinting("set POLLUX_MQTT_USER and POLLUX_MQTT_PASSWORD in the environment");
        }
        Err(error) => {
            problems.error("broker", error.to_string());
        }
    }
}

fn check_place(problems: &mut Problems, place: &PlaceDoc) {
    for (what, degrees, limit, path) in [
        ("a latitude", place.latitude, 90.0, "place.latitude"),
        ("a longitude", place.longitude, 180.0, "place.longitude"),
    ] {
        if !(-limit..=limit).contains(&degrees) {
            problems.error(path, format!("{what} of {degrees}")).expecting(format!("degrees from -{limit} to {limit}"));
        }
    }
    note(problems, check_finite("a heading", place.heading), || "place.heading".into());
    check_time_zone(problems, &place.time_zone, jiff::tz::db());
}

fn check_time_zone(problems: &mut Problems, name: &str, known: &TimeZoneDatabase) {
    if TimeZone::get(name).is_ok() {
        return;
    }
    let names: Vec<String> = known.available().map(|it| it.as_str().to_owned()).collect();
    if names.is_empty() {
        let message = format!("this computer knows no time zones, so {name:?} is taken for UTC");
        problems.warning("place.time_zone", message).hinting("install the package tzdata");
        return;
    }
    let names = || names.iter().map(String::as_str);
    // Whoever writes the city alone means the zone that ends with it.
    let city = name.rsplit('/').next().unwrap_or(name);
    let same_city = names().find(|it| it.rsplit('/').next().is_some_and(|it| it.eq_ignore_ascii_case(city)));
    let hint = same_city.map(|it| format!("did you mean {it:?}?")).or_else(|| did_you_mean(name, names()));
    problems
        .error("place.time_zone", format!("there is no time zone {name:?}"))
        .expecting("a name of the IANA database, such as \"Europe/Berlin\"")
        .hinting(hint);
}
