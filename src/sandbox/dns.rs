//! A name server for the sandbox's domains: authoritative for all it was told, by UDP on a port of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::SandboxError;

/// Seconds; nobody here keeps an answer.
const TTL: u32 = 5;

/// Names are in lower case and without the dot at the end.
#[derive(Default)]
struct Zone {
    records: BTreeMap<String, Vec<RData>>,
    /// Asked for these, it says that it cannot answer.
    failing: Vec<String>,
    closing: bool,
}

/// A running name server. Dropping it ends it.
pub struct NameServer {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    pub fn start(at: IpAddr) -> Result<Self, SandboxError> {
        let listen = SocketAddr::new(at, 0);
        let socket = UdpSocket::bind(listen).map_err(|source| SandboxError::Listen { listen, source })?;
        let address = socket.local_addr().map_err(SandboxError::Thread)?;
        let zone = Arc::new(Mutex::new(Zone::default()));
        let served = zone.clone();
        let thread = std::thread::Builder::new()
            .name("sandbox-dns".into())
            .spawn(move || serve(&socket, &served))
            .map_err(SandboxError::Thread)?;
        Ok(Self { address, zone, thread: Some(thread) })
    }

    /// Replaces the records of one kind under a name; none removes them. Values as in a zone file, text without quotes.
    /// What cannot be read is left out.
    pub fn set(&self, name: &str, kind: &str, values: &[&str]) {
        let mut zone = locked(&self.zone);
        let records = zone.records.entry(name.to_lowercase()).or_default();
        let new: Vec<RData> = values.iter().filter_map(|value| record(kind, value)).collect();
        records.retain(|known| known.record_type().to_string() != kind);
        records.extend(new);
        if records.is_empty() {
            zone.records.remove(&name.to_lowercase());
        }
    }

    /// The records that a domain with its mail at Google has when its owner has done as Google says.
    pub(super) fn set_up_google(&self, domain: &str) {
        self.set(domain, "MX", &["1 smtp.google.com"]);
        self.set(domain, "TXT", &["v=spf1 include:_spf.google.com ~all"]);
        self.set(&format!("google._domainkey.{domain}"), "TXT", &["v=DKIM1; k=rsa; p=c2FuZGJveA=="]);
        self.set(&format!("_dmarc.{domain}"), "TXT", &["v=DMARC1; p=none"]);
        self.set("smtp.google.com", "A", &["192.0.2.25"]);
        self.set("_spf.google.com", "TXT", &["v=spf1 ip4:192.0.2.0/24 ~all"]);
    }

    /// From now on the server cannot answer about this name, or can again.
    pub fn fail(&self, name: &str, fails: bool) {
        let mut zone = locked(&self.zone);
        zone.failing.retain(|known| known != name);
        if fails {
            zone.failing.push(name.to_owned());
        }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        locked(&self.zone).closing = true;
        // Wakes the thread; it looks at `closing` first.
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(&[0], self.address);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn locked(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}

fn record(kind: &str, value: &str) -> Option<RData> {
    let name = |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).ok();
    match kind {
        "A" => Some(RData::A(A(value.parse().ok()?))),
        "AAAA" => Some(RData::AAAA(AAAA(value.parse().ok()?))),
        "CNAME" => Some(RData::CNAME(CNAME(name(value)?))),
        "PTR" => Some(RData::PTR(PTR(name(value)?))),
        "MX" => {
            let (preference, host) = value.split_once(' ')?;
            Some(RData::MX(MX::new(preference.parse().ok()?, name(host)?)))
        }
        // A string holds 255 bytes.
        "TXT" => {
            let parts = value.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into_owned());
            Some(RData::TXT(TXT::new(parts.collect())))
        }
        _ => None,
    }
}

fn serve(socket: &UdpSocket, zone: &Mutex<Zone>) {
    let mut buffer = [0; 1500];
    loop {
        let received = socket.recv_from(&mut buffer);
        if locked(zone).closing {
            return;
        }
        let Ok((read, from)) = received else { continue };
        let Ok(question) = Message::from_vec(&buffer[..read]) else { continue };
        if question.metadata.message_type != MessageType::Query {
            continue;
        }
        let answer = answer(&question, &locked(zone));
        if let Ok(bytes) = answer.to_vec() {
            let _ = socket.send_to(&bytes, from);
        }
    }
}

fn answer(question: &Message, zone: &Zone) -> Message {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    let Some(asked) = question.queries.first() else { return answer };
    answer.add_query(asked.clone());
    let name = asked.name().to_ascii().trim_end_matches('.').to_lowercase();
    if zone.failing.contains(&name) {
        answer.metadata.response_code = ResponseCode::ServFail;
        return answer;
    }
    let Some(records) = zone.records.get(&name) else {
        // Whoever is written to in a demo lives at such a domain; each has its mail somewhere.
        if asked.query_type() == RecordType::MX && is_example_domain(&name) {
            let mail = record("MX", &format!("10 mx.{name}"));
            answer.add_answers(mail.map(|data| Record::from_rdata(asked.name().clone(), TTL, data)));
            return answer;
        }
        answer.metadata.response_code = ResponseCode::NXDomain;
        return answer;
    };
    let wanted =
        |data: &&RData| matches!(data.record_type(), RecordType::CNAME) || data.record_type() == asked.query_type();
    let found = records.iter().filter(wanted);
    answer.add_answers(found.map(|data| Record::from_rdata(asked.name().clone(), TTL, data.clone())));
    answer
}

/// `fellside.example` (RFC 2606); `….invalid` names nothing at all.
fn is_example_domain(name: &str) -> bool {
    name.strip_suffix(".example").is_some_and(|own| !own.is_empty() && !own.contains('.'))
}
