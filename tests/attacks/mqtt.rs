//! MQTT 5 by hand, so that an attacker can say what no library would: packets, a client, and a broker between that lies.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const SUBSCRIBE: u8 = 8;
const DISCONNECT: u8 = 14;
const RESPONSE_TOPIC: u8 = 8;
const CORRELATION_DATA: u8 = 9;
/// The property that holds a pair of texts.
const USER_PROPERTY: u8 = 0x26;

/// A message, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// User properties, in their order.
    pub(super) user: Vec<(String, String)>,
    /// All other properties, as they came.
    pub(super) other: Vec<u8>,
    pub(super) retain: bool,
    /// 0 or 1.
    pub(super) qos: u8,
    pub(super) packet_id: u16,
}

/// One connection of somebody who may publish.
pub(super) struct Client {
    stream: TcpStream,
    next_id: u16,
}

/// What a lying broker makes of each message: none, one or more.
pub(super) type Lie = Box<dyn FnMut(Message) -> Vec<Message> + Send>;

/// A broker that lies: it stands between a real one and whoever connects to it.
pub(super) struct LyingBroker {
    /// Where it listens.
    pub(super) port: u16,
    lie: Arc<Mutex<Lie>>,
}

impl Message {
    pub(super) fn new(topic: &str, payload: &[u8], signature: Option<&str>) -> Self {
        let user = signature.map(|it| (crate::trust::SIGNATURE_PROPERTY.to_owned(), it.to_owned()));
        Self { topic: topic.to_owned(), payload: payload.to_vec(), user: user.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn retained(self) -> Self {
        Self { retain: true, ..self }
    }

    /// With where an answer is expected, and what it carries; `None`: nowhere.
    pub(super) fn asking(mut self, response_topic: Option<&str>, correlation: &[u8]) -> Self {
        if let Some(topic) = response_topic {
            self.other.push(RESPONSE_TOPIC);
            put_text(&mut self.other, topic);
        }
        self.other.push(CORRELATION_DATA);
        let length = u16::try_from(correlation.len()).expect("it is short");
        self.other.extend_from_slice(&length.to_be_bytes());
        self.other.extend_from_slice(correlation);
        self
    }

    fn read(flags: u8, body: &[u8]) -> Option<Self> {
        let qos = flags >> 1 & 3;
        let (topic, rest) = text(body)?;
        let (packet_id, rest) = match qos {
            0 => (0, rest),
            _ => rest.split_first_chunk::<2>().map(|it| (u16::from_be_bytes(*it.0), it.1))?,
        };
        let (length, rest) = varint(rest)?;
        let (mut properties, payload) = rest.split_at_checked(length)?;
        let mut message = Self {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            retain: flags & 1 == 1,
            qos,
            packet_id,
            ..Self::default()
        };
        while let Some((&id, rest)) = properties.split_first() {
            let after = match id {
                0x01 => rest.get(1..)?,
                0x02 => rest.get(4..)?,
                0x23 => rest.get(2..)?,
                0x03 | 0x08 | 0x09 => rest.get(2 + usize::from(u16::from_be_bytes(*rest.first_chunk()?))..)?,
                0x0b => varint(rest)?.1,
                USER_PROPERTY => {
                    let (name, rest) = text(rest)?;
                    let (value, rest) = text(rest)?;
                    message.user.push((name.to_owned(), value.to_owned()));
                    properties = rest;
                    continue;
                }
                _ => return None,
            };
            message.other.extend_from_slice(&properties[..properties.len() - after.len()]);
            properties = after;
        }
        Some(message)
    }

    fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_text(&mut body, &self.topic);
        if self.qos > 0 {
            body.extend_from_slice(&self.packet_id.to_be_bytes());
        }
        let mut properties = self.other.clone();
        for (name, value) in &self.user {
            properties.push(USER_PROPERTY);
            put_text(&mut properties, name);
            put_text(&mut properties, value);
        }
        put_varint(&mut body, properties.len());
        body.extend_from_slice(&properties);
        body.extend_from_slice(&self.payload);
        packet(PUBLISH << 4 | self.qos << 1 | u8::from(self.retain), &body)
    }
}

impl Client {
    /// Connects, at a broker that lets everybody in.
    pub(super) fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut body = Vec::new();
        put_text(&mut body, "MQTT");
        // Version 5, a clean start, no keep-alive, no properties.
        body.extend_from_slice(&[5, 2, 0, 0, 0]);
        // The broker finds a name for it.
        put_text(&mut body, "");
        stream.write_all(&packet(CONNECT << 4, &body)).unwrap();
        let (_, answer) = read_packet(&mut stream).expect("a broker answers");
        assert_eq!(answer.get(1), Some(&0), "the broker lets it in");
        Self { stream, next_id: 1 }
    }

    /// Subscribes, and waits until the broker has it. From then on it hears alone.
    pub(super) fn subscribe(&mut self, filters: &[&str]) {
        let mut body = vec![0, 1, 0];
        for filter in filters {
            put_text(&mut body, filter);
            body.push(0);
        }
        self.stream.write_all(&packet(SUBSCRIBE << 4 | 2, &body)).unwrap();
        assert!(read_packet(&mut self.stream).is_some());
    }

    /// The next message that it hears.
    #[track_caller]
    pub(super) fn hear(&mut self) -> Message {
        loop {
            let (first, body) = read_packet(&mut self.stream).expect("something is said");
            if first >> 4 == PUBLISH {
                return Message::read(first & 0xf, &body).expect("a message");
            }
        }
    }

    /// Publishes, and waits until the broker has it.
    pub(super) fn publish(&mut self, message: &Message) {
        let sent = Message { qos: 1, packet_id: self.next_id, ..message.clone() };
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        self.stream.write_all(&sent.write()).unwrap();
        let (_, answer) = read_packet(&mut self.stream).expect("a broker answers");
        assert_eq!(answer.get(..2), Some(&sent.packet_id.to_be_bytes()[..]));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.stream.write_all(&packet(DISCONNECT << 4, &[])));
    }
}

impl LyingBroker {
    /// In front of a real one. It tells the truth until it is told to [`Self::lie`].
    pub(super) fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        let truth: Lie = Box::new(|message| vec![message]);
        let lie = Arc::new(Mutex::new(truth));
        let shared = Arc::clone(&lie);
        let serve = move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
                let (up, lie) = ((client.try_clone().unwrap(), broker.try_clone().unwrap()), Arc::clone(&shared));
                spawn("up", move || carry_up(up.0, up.1));
                spawn("down", move || carry_down(broker, client, &lie));
            }
        };
        spawn("lying broker", serve);
        Self { port: own, lie }
    }

    /// From now on.
    pub(super) fn lie(&self, lie: impl FnMut(Message) -> Vec<Message> + Send + 'static) {
        *self.lie.lock().unwrap() = Box::new(lie);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
}

fn carry_up(mut client: TcpStream, mut broker: TcpStream) {
    drop(std::io::copy(&mut client, &mut broker));
    drop(broker.shutdown(Shutdown::Both));
}

fn carry_down(mut broker: TcpStream, mut client: TcpStream, lie: &Mutex<Lie>) {
    while let Some((first, body)) = read_packet(&mut broker) {
        let message = if first >> 4 == PUBLISH { Message::read(first & 0xf, &body) } else { None };
        let written = match message {
            None => client.write_all(&packet(first, &body)),
            Some(message) => {
                let told = (lie.lock().unwrap())(message.clone());
                // What is not as the broker sent it is no business of its acknowledgements.
                let unasked = |it: &Message| Message { qos: 0, ..it.clone() };
                let told = told.iter().map(|it| if *it == message { it.clone() } else { unasked(it) });
                told.into_iter().try_for_each(|it| client.write_all(&it.write()))
            }
        };
        if written.is_err() {
            break;
        }
    }
    drop(client.shutdown(Shutdown::Both));
}

/// The first byte of a packet, and what follows its length. `None`: the connection has ended.
fn read_packet(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut first = [0];
    stream.read_exact(&mut first).ok()?;
    let (mut length, mut shift) = (0, 0);
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((first[0], body))
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    put_varint(&mut bytes, body.len());
    bytes.extend_from_slice(body);
    bytes
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&u16::try_from(text.len()).expect("MQTT's texts are shorter than 64 KiB").to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_varint(bytes: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(4) {
        number |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}
