//! Against a socket of ours that answers whatever a case wants.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::thread::JoinHandle;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, TXT};
use hickory_proto::rr::{Name, RData, Record as Wire};

use super::*;

type Answer = fn(&Message, usize) -> Vec<Message>;

/// Answers `questions` packets by UDP, each with what `answer` makes of it.
fn server(questions: usize, answer: Answer) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for nth in 0..questions {
            let mut buffer = [0; 600];
            let (read, from) = socket.recv_from(&mut buffer).unwrap();
            for reply in answer(&Message::from_vec(&buffer[..read]).unwrap(), nth) {
                socket.send_to(&reply.to_vec().unwrap(), from).unwrap();
            }
        }
    });
    (address, thread)
}

fn reply_to(question: &Message) -> Message {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.add_query(question.queries[0].clone());
    reply
}

fn with(question: &Message, records: &[(&str, RData)]) -> Message {
    let mut reply = reply_to(question);
    for (name, data) in records {
        reply.add_answer(Wire::from_rdata(Name::from_ascii(name).unwrap(), 5, data.clone()));
    }
    reply
}

fn text(words: &[&str]) -> RData {
    RData::TXT(TXT::new(words.iter().map(|word| (*word).to_owned()).collect()))
}

fn ask(server: SocketAddr, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError> {
    Dns::new(Servers::At(vec![server]), Duration::from_secs(4)).series().ask(name, kind)
}

#[test]
fn what_is_missing_and_what_could_not_be_asked_are_different_answers() {
    let cases: [(&str, Answer, Result<Vec<Record>, DnsError>); 5] = [
        (
            "the strings of one record belong together",
            |question, _| vec![with(question, &[("a.example.", text(&["v=spf1 ", "-all"]))])],
            Ok(vec![Record::Text("v=spf1 -all".into())]),
        ),
        (
            "no such name",
            |question, _| {
                let mut reply = reply_to(question);
                reply.metadata.response_code = ResponseCode::NXDomain;
                vec![reply]
            },
            Ok(vec![]),
        ),
        ("the name has other records only", |question, _| vec![reply_to(question)], Ok(vec![])),
        (
            "the answer to another question is passed over",
            |question, _| {
                let mut forged = with(question, &[("a.example.", text(&["forged"]))]);
                forged.metadata.id = question.metadata.id.wrapping_add(1);
                vec![forged, with(question, &[("a.example.", text(&["right"]))])]
            },
            Ok(vec![Record::Text("right".into())]),
        ),
        (
            "an alias is followed, and what stands beside it is not its own",
            |question, _| {
                let alias = RData::CNAME(CNAME(Name::from_ascii("b.example.").unwrap()));
                let records =
                    [("a.example.", alias), ("b.example.", text(&["there"])), ("c.example.", text(&["beside"]))];
                vec![with(question, &records)]
            },
            Ok(vec![Record::Text("there".into())]),
        ),
    ];
    for (name, answer, expected) in cases {
        let (address, thread) = server(1, answer);
        assert_eq!(ask(address, "a.example", Kind::Txt), expected, "{name}");
        thread.join().unwrap();
    }
}

#[test]
fn a_server_that_fails_is_asked_once_more_and_then_the_question_stays_open() {
    let failing: Answer = |question, _| {
        let mut reply = reply_to(question);
        reply.metadata.response_code = ResponseCode::ServFail;
        vec![reply]
    };
    let (address, thread) = server(2, failing);
    assert!(matches!(ask(address, "a.example", Kind::Txt), Err(DnsError::Refused(_))));
    thread.join().unwrap();
    let recovering: Answer = |question, nth| {
        let mut reply = with(question, &[("a.example.", RData::A(A([192, 0, 2, 1].into())))]);
        if nth == 0 {
            reply.metadata.response_code = ResponseCode::ServFail;
        }
        vec![reply]
    };
    let (address, thread) = server(2, recovering);
    let expected = vec![Record::Address([192, 0, 2, 1].into())];
    assert_eq!(ask(address, "a.example", Kind::A), Ok(expected));
    thread.join().unwrap();
}

#[test]
fn an_alias_is_asked_after_where_the_server_does_not_say_what_is_there() {
    let (address, thread) = server(2, |question, nth| {
        let alias = RData::CNAME(CNAME(Name::from_ascii("b.example.").unwrap()));
        let records = [("a.example.", alias), ("b.example.", text(&["there"]))];
        vec![with(question, &records[nth..=nth])]
    });
    assert_eq!(ask(address, "a.example", Kind::Txt), Ok(vec![Record::Text("there".into())]));
    thread.join().unwrap();
}

#[test]
fn an_answer_too_long_for_a_packet_is_fetched_by_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).unwrap();
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 600];
        let (read, from) = socket.recv_from(&mut buffer).unwrap();
        let question = Message::from_vec(&buffer[..read]).unwrap();
        socket.send_to(&reply_to(&question).truncate().to_vec().unwrap(), from).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 2 + read];
        stream.read_exact(&mut asked).unwrap();
        let long = with(&question, &[("a.example.", text(&["x".repeat(250).as_str(); 9]))]).to_vec().unwrap();
        let length = u16::try_from(long.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length[..], &long].concat()).unwrap();
    });
    assert_eq!(ask(address, "a.example", Kind::Txt), Ok(vec![Record::Text("x".repeat(2250))]));
    thread.join().unwrap();
}

#[test]
fn when_nobody_answers_the_rest_is_not_waited_for() {
    // Bound, and silent.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = Dns::new(Servers::At(vec![socket.local_addr().unwrap()]), Duration::from_millis(60));
    let series = dns.series();
    let answers: Vec<_> = (0..4).map(|_| series.ask("a.example", Kind::Txt).unwrap_err()).collect();
    assert_eq!(answers, [DnsError::TimedOut, DnsError::TimedOut, DnsError::GivenUp, DnsError::GivenUp]);
}

#[test]
fn the_machine_s_own_servers_are_read_line_by_line() {
    let cases = [
        ("", vec!["127.0.0.1:53"]),
        (
            "# nameserver 10.0.0.9\nsearch a.example\nnameserver 10.0.0.1\nnameserver\t2001:db8::1\n",
            vec!["10.0.0.1:53", "[2001:db8::1]:53"],
        ),
    ];
    for (text, expected) in cases {
        let found: Vec<String> = from_resolv_conf(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn an_address_is_looked_up_by_its_reverse_name() {
    let cases = [
        ("192.0.2.7", "7.2.0.192.in-addr.arpa"),
        ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
    ];
    for (ip, expected) in cases {
        assert_eq!(reverse_name(ip.parse().unwrap()), expected);
    }
}
