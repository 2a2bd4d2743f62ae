//! An HTTP server for one file that misbehaves as planned.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with one request; without a range asked for, `from` is 0.
#[derive(Clone, Copy)]
pub enum Answer {
    /// The rest of the file from the asked byte on.
    Rest,
    /// The whole file, whatever was asked.
    IgnoreRange,
    /// Announces the rest, sends this many bytes of it and closes.
    CutAfter(usize),
    /// Announces the rest, sends this many bytes of it and falls silent.
    StallAfter(usize),
    /// A bare status line.
    Status(&'static str),
    /// The log-in page of a network.
    WebPage,
    /// The rest without a length, and then other bytes without end.
    Endless,
    /// As many bytes as the file has, but others.
    WrongBytes,
    /// Another file's size.
    WrongLength,
}

/// Serves a file with one planned answer per request; the last one repeats.
pub struct Server {
    pub url: String,
    /// The ranges asked for, in order.
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    pub fn start(content: &[u8], answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/cifar-10-binary.tar.gz", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (content, answers, seen) = (content.to_vec(), answers.to_vec(), Arc::clone(&ranges));
        thread::spawn(move || {
            for (request, stream) in listener.incoming().enumerate() {
                let answer = answers[request.min(answers.len() - 1)];
                let stream = stream.unwrap();
                let range = read_request(&stream);
                seen.lock().unwrap().push(range);
                let content = content.clone();
                // A client that has seen enough closes the connection.
                thread::spawn(move || answer_with(answer, &content, range, stream).ok());
            }
        });
        Self { url, ranges }
    }

    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

/// Reads the head of a request; the first byte of the range it asks for.
fn read_request(stream: &TcpStream) -> Option<usize> {
    let mut range = None;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(asked) = line.strip_prefix("range: bytes=") {
            range = Some(asked.trim_end_matches('-').parse().unwrap());
        }
    }
    range
}

fn answer_with(
    answer: Answer,
    content: &[u8],
    range: Option<usize>,
    mut stream: TcpStream,
) -> std::io::Result<()> {
    let from = range.unwrap_or(0);
    let rest = &content[from..];
    let whole = content.len();
    let head = match range {
        Some(from) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{whole}\r\n\
             Content-Length: {}\r\n\r\n",
            whole - 1,
            rest.len()
        ),
        None => format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n"),
    };
    let mut send = |head: &str, body: &[u8]| {
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)
    };
    match answer {
        Answer::Rest => send(&head, rest),
        Answer::IgnoreRange => {
            send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n"), content)
        }
        Answer::CutAfter(bytes) => send(&head, &rest[..bytes]),
        Answer::StallAfter(bytes) => {
            send(&head, &rest[..bytes])?;
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::Status(status) => {
            send(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"), b"")
        }
        Answer::WebPage => send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
            b"<html>Please log in</html>",
        ),
        Answer::Endless => {
            send("HTTP/1.1 200 OK\r\n\r\n", content)?;
            loop {
                send("", &[0; 4096])?;
            }
        }
        Answer::WrongBytes => send(&head, &vec![7; rest.len()]),
        Answer::WrongLength => send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"short"),
    }
}
