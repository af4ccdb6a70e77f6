//! A submission server that takes everything and keeps nothing: "250" as soon as the final dot is read, no fsync.
//! One thread a connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// How the sink's kernel acknowledges what it was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Each segment at once (TCP_QUICKACK).
    AtOnce,
    /// As the kernel likes: up to 40 ms later. A client that writes twice without TCP_NODELAY waits for it.
    Delayed,
}

#[derive(Clone)]
pub struct Sink {
    pub address: SocketAddr,
    taken: Arc<AtomicU32>,
    /// The last mail of the first connection, as it was sent between DATA and the dot.
    sample: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    pub fn start(acks: Acks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sink = Self { address, taken: Arc::default(), sample: Arc::default() };
        let own = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sink = own.clone();
                // A client that hangs up ends its thread with an error of no interest.
                std::thread::spawn(move || sink.serve(stream.unwrap(), acks));
            }
        });
        sink
    }

    /// Mails taken so far.
    pub fn taken(&self) -> u32 {
        self.taken.load(Ordering::SeqCst)
    }

    pub fn sample(&self) -> Vec<u8> {
        self.sample.lock().unwrap().clone()
    }

    fn serve(&self, stream: TcpStream, acks: Acks) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        say(&mut reader, "220 sink ESMTP")?;
        let mut line = Vec::new();
        loop {
            line.clear();
            if read_line(&mut reader, &mut line, acks)? == 0 {
                return Ok(());
            }
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_slice() {
                b"EHLO" => say(&mut reader, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10000000")?,
                b"DATA" => {
                    say(&mut reader, "354 go on")?;
                    self.take_mail(&mut reader, acks)?;
                    say(&mut reader, "250 2.0.0 taken")?;
                }
                b"QUIT" => return say(&mut reader, "221 bye"),
                _ => say(&mut reader, "250 2.0.0 well")?,
            }
        }
    }

    fn take_mail(&self, reader: &mut BufReader<TcpStream>, acks: Acks) -> std::io::Result<()> {
        let mut mail = Vec::with_capacity(4096);
        let mut from = 0;
        while mail.get(from..) != Some(b".\r\n") {
            from = mail.len();
            if read_line(reader, &mut mail, acks)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        mail.truncate(from);
        if self.taken.fetch_add(1, Ordering::SeqCst) == 0 {
            *self.sample.lock().unwrap() = mail;
        }
        Ok(())
    }
}

fn say(reader: &mut BufReader<TcpStream>, words: &str) -> std::io::Result<()> {
    reader.get_mut().write_all(format!("{words}\r\n").as_bytes())
}

fn read_line(reader: &mut BufReader<TcpStream>, line: &mut Vec<u8>, acks: Acks) -> std::io::Result<usize> {
    if acks == Acks::AtOnce && reader.buffer().is_empty() {
        // The kernel forgets it after a while, so it is said again and again.
        reader.get_ref().set_quickack(true)?;
    }
    reader.read_until(b'\n', line)
}
