//! One question to one server: UDP, and TCP when the answer does not fit (RFC 7766).

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use super::{DnsError, Kind, Record};

/// What one server said.
pub(super) struct Reply {
    pub records: Vec<Record>,
    /// The last name to which aliases led.
    pub alias: Option<String>,
}

/// Without EDNS an answer by UDP has at most 512 bytes; some servers send more all the same.
const MOST_UDP_BYTES: usize = 4096;

pub(super) fn exchange(server: SocketAddr, name: &str, kind: Kind, timeout: Duration) -> Result<Reply, DnsError> {
    let until = Instant::now() + timeout;
    let question = question(name, kind)?;
    let bytes = question.to_vec().map_err(|_| DnsError::BadName(name.to_owned()))?;
    let answer = by_udp(server, &question, &bytes, until)?;
    let answer = if answer.metadata.truncation { by_tcp(server, &question, &bytes, until)? } else { answer };
    read(&answer, kind)
}

fn question(name: &str, kind: Kind) -> Result<Message, DnsError> {
    let mut asked = Name::from_ascii(name).map_err(|_| DnsError::BadName(name.to_owned()))?;
    asked.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(asked, record_type(kind)));
    Ok(message)
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Txt => RecordType::TXT,
        Kind::Ptr => RecordType::PTR,
        Kind::Srv => RecordType::SRV,
    }
}

fn by_udp(server: SocketAddr, question: &Message, bytes: &[u8], until: Instant) -> Result<Message, DnsError> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).map_err(|error| failed(&error))?;
    // Connected: packets from elsewhere are dropped by the kernel.
    socket.connect(server).map_err(|error| failed(&error))?;
    socket.send(bytes).map_err(|error| failed(&error))?;
    let mut buffer = [0; MOST_UDP_BYTES];
    loop {
        socket.set_read_timeout(Some(left(until)?)).map_err(|error| failed(&error))?;
        let read = socket.recv(&mut buffer).map_err(|error| failed(&error))?;
        // A stray or forged packet does not end the wait for the right one.
        if let Some(answer) = answer_to(question, &buffer[..read]) {
            return Ok(answer);
        }
    }
}

fn by_tcp(server: SocketAddr, question: &Message, bytes: &[u8], until: Instant) -> Result<Message, DnsError> {
    let exchange = || -> io::Result<Vec<u8>> {
        let time = || left(until).map_err(|_| io::Error::from(io::ErrorKind::TimedOut));
        let mut stream = TcpStream::connect_timeout(&server, time()?)?;
        stream.set_write_timeout(Some(time()?))?;
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], bytes].concat())?;
        stream.set_read_timeout(Some(time()?))?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.set_read_timeout(Some(time()?))?;
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|error| failed(&error))?;
    answer_to(question, &answer).ok_or(DnsError::Unreadable)
}

/// The time that is left; none is an error, because a time-out of zero would mean "for ever".
fn left(until: Instant) -> Result<Duration, DnsError> {
    Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero()).ok_or(DnsError::TimedOut)
}

fn failed(error: &io::Error) -> DnsError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => DnsError::TimedOut,
        _ => DnsError::Unreachable(error.to_string()),
    }
}

/// The packet as an answer to this very question.
fn answer_to(question: &Message, bytes: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let is_ours = answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == question.queries;
    is_ours.then_some(answer)
}

fn read(answer: &Message, kind: Kind) -> Result<Reply, DnsError> {
    match answer.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        other => return Err(DnsError::Refused(other.to_string())),
    }
    let Some(asked) = answer.queries.first() else { return Err(DnsError::Unreadable) };
    let mut name = asked.name().clone();
    // As many steps as there are records: a circle ends.
    for _ in &answer.answers {
        let alias = answer.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == name => Some(target.0.clone()),
            _ => None,
        });
        match alias {
            Some(alias) => name = alias,
            None => break,
        }
    }
    let own = answer.answers.iter().filter(|record| record.name == name);
    let records = own.filter_map(|record| record_of(&record.data, kind)).collect();
    Ok(Reply { records, alias: (name != *asked.name()).then(|| plain(&name)) })
}

fn record_of(data: &RData, kind: Kind) -> Option<Record> {
    match (kind, data) {
        (Kind::A, RData::A(ip)) => Some(Record::Address(ip.0.into())),
        (Kind::Aaaa, RData::AAAA(ip)) => Some(Record::Address(ip.0.into())),
        (Kind::Mx, RData::MX(mail)) => Some(Record::Mail { preference: mail.preference, host: plain(&mail.exchange) }),
        (Kind::Txt, RData::TXT(text)) => Some(Record::Text(String::from_utf8_lossy(&text.txt_data.concat()).into())),
        (Kind::Ptr, RData::PTR(name)) => Some(Record::Name(plain(&name.0))),
        (Kind::Srv, RData::SRV(one)) => {
            Some(Record::Service { priority: one.priority, port: one.port, host: plain(&one.target) })
        }
        _ => None,
    }
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}
