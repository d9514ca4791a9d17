//! A connection byte by byte, for clients that misbehave: what is not asked for here is never read.

use std::io;
use std::net::SocketAddr;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

/// How much of an answer is read for its status, at most: all of a short head.
const HEAD_MAX: usize = 256;

/// Bytes in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open connection.
pub(crate) struct Raw {
    authority: String,
    stream: Box<dyn Stream>,
}

impl Raw {
    /// Over a stream that is ready for HTTP.
    pub(super) fn new(authority: &str, stream: impl Stream + 'static) -> Self {
        Raw { authority: authority.to_owned(), stream: Box::new(stream) }
    }

    /// Asks, and reads no more of the answer than its status.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<StatusCode> {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\r\n", self.authority);
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.flush().await?;
        status(&mut self.stream).await
    }

    /// Sends a body until it is answered, and reads no more than the status. The answer may come long before the end.
    pub(crate) async fn post(&mut self, path: &str, body: &[u8]) -> io::Result<StatusCode> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.authority,
            body.len()
        );
        let (mut read, mut write) = split(&mut self.stream);
        let sending = async {
            write.write_all(head.as_bytes()).await?;
            write.write_all(body).await?;
            write.flush().await
        };
        let mut answer = std::pin::pin!(status(&mut read));
        tokio::select! {
            answer = answer.as_mut() => return answer,
            // Whoever refuses a body may close on what is still coming; the answer is there nevertheless.
            _ = sending => {}
        }
        answer.await
    }

    /// Waits, and reads nothing that it keeps, until the server closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut piece = [0; HEAD_MAX];
        while matches!(self.stream.read(&mut piece).await, Ok(1..)) {}
    }
}

/// Connects; `receive_bytes` is how much the system shall take for a client that does not read.
pub(super) async fn tcp(authority: &str, receive_bytes: Option<u32>) -> io::Result<TcpStream> {
    let Some(receive_bytes) = receive_bytes else { return TcpStream::connect(authority).await };
    let address = lookup_host(authority).await?.next();
    let address = address.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_recv_buffer_size(receive_bytes)?;
    socket.connect(address).await
}

async fn status(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<StatusCode> {
    let mut head = Vec::with_capacity(HEAD_MAX);
    loop {
        if let Some(status) = parse_status(&head) {
            return Ok(status);
        }
        let room = HEAD_MAX.saturating_sub(head.len()) as u64;
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The code of a status line whose three digits have come (RFC 9112, section 4).
fn parse_status(head: &[u8]) -> Option<StatusCode> {
    StatusCode::from_bytes(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[test]
    fn a_status_is_there_when_its_digits_are() {
        assert_eq!(parse_status(b"HTTP/1.1 413 Payload"), Some(StatusCode::PAYLOAD_TOO_LARGE));
        for head in [&b""[..], b"HTTP/1.1 41", b"HTTP/1.0 200 OK", b"HTTP/1.1 abc"] {
            assert_eq!(parse_status(head), None);
        }
    }

    #[tokio::test]
    async fn an_answer_before_the_end_of_the_body_is_seen() {
        let (client, mut server) = duplex(64);
        let mut raw = Raw::new("localhost", client);
        let serving = async {
            let mut first = [0; 40];
            server.read_exact(&mut first).await.unwrap();
            server.write_all(b"HTTP/1.1 413 Payload Too Large\r\n\r\n").await.unwrap();
            first
        };
        let (answer, first) = tokio::join!(raw.post("/a", &[b'x'; 4096]), serving);
        assert_eq!(answer.unwrap(), StatusCode::PAYLOAD_TOO_LARGE);
        assert!(first.starts_with(b"POST /a HTTP/1.1\r\nhost: localhost\r\n"));
        drop(server);
        raw.closed().await;
    }

    #[tokio::test]
    async fn a_connection_that_ends_without_an_answer_is_an_error() {
        let (client, mut server) = duplex(1024);
        let mut raw = Raw::new("localhost", client);
        let serving = async {
            let mut first = [0; 8];
            server.read_exact(&mut first).await.unwrap();
            drop(server);
        };
        let (answer, ()) = tokio::join!(raw.get("/a"), serving);
        assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
