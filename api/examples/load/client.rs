//! A connection that is kept: HTTP/1.1 as far as it is needed here, so that the client takes as
//! little of the machine as can be.

use std::{fmt::Write as _, net::SocketAddr};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// A connection to a server, with the answer that came last.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a request and reads its whole answer; the status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        let status = self.next_line().await?.split(' ').nth(1).context("there is no status")?;
        let status: u16 = status.parse()?;
        let mut length: usize = 0;
        loop {
            let line = self.next_line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("a header has no colon")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            ensure!(!name.eq_ignore_ascii_case("transfer-encoding"), "the answer comes in pieces");
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok(status)
    }

    /// The body of the last answer, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of the last answer, as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    async fn next_line(&mut self) -> anyhow::Result<&str> {
        self.line.clear();
        let read = self.stream.read_line(&mut self.line).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(self.line.trim_end())
    }
}

/// A request as it goes over the wire.
pub(crate) fn request(method: &str, path: &str, token: &str, body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    if !token.is_empty() {
        write!(text, "authorization: Bearer {token}\r\n").expect("a text takes what is written");
    }
    let Some(body) = body else { return (text + "\r\n").into_bytes() };
    let body = body.to_string();
    let length = body.len();
    write!(text, "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .expect("a text takes what is written");
    text.into_bytes()
}
