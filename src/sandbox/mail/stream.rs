//! Lines and literals over a socket, with limits.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5 * 60);
const LONGEST_LINE: usize = 64 * 1024;

pub(super) struct Stream {
    socket: TcpStream,
    /// Received and not yet read.
    buffer: Vec<u8>,
}

impl Stream {
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    /// One line without its end. An error when the client is gone, silent for minutes, or endless.
    pub fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(line) = self.buffered_line() {
                return Ok(line);
            }
            self.fill()?;
        }
    }

    /// The next line if it comes within `wait`.
    pub fn line_within(&mut self, wait: Duration) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.buffered_line() {
            return Ok(Some(line));
        }
        self.socket.set_read_timeout(Some(wait))?;
        let filled = self.fill();
        self.socket.set_read_timeout(Some(PATIENCE))?;
        match filled {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(error) => Err(error),
            Ok(()) => Ok(self.buffered_line()),
        }
    }

    /// Exactly `length` bytes.
    pub fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.fill_up_to(length)?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref())
    }

    pub fn hang_up(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Both)
    }

    fn buffered_line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Some(line)
    }

    fn fill(&mut self) -> io::Result<()> {
        self.fill_up_to(LONGEST_LINE)
    }

    fn fill_up_to(&mut self, most: usize) -> io::Result<()> {
        if self.buffer.len() > most {
            return Err(io::Error::other("line too long"));
        }
        let mut chunk = [0; 16 * 1024];
        match self.socket.read(&mut chunk)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            length => {
                self.buffer.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}
