//! The download itself: goes on where the last attempt ended, and tries again when one breaks off.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use ureq::Agent;
use ureq::http::{Response, StatusCode, Uri, header};

use super::{Fetch, FetchError, FetchPhase, io_error};

/// How often `cancel` is looked at while nothing arrives.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that may wait to be written; a slow disk then slows the download down.
const WAITING_PIECES: usize = 16;
const CUT: &str = "the connection ended early";

/// What the reading thread reports, in this order: `Begins` once, `Bytes` many times, `Ends` once.
enum Message {
    /// The server answered and sends from this byte on.
    Begins(u64),
    Bytes(Vec<u8>),
    Ends(Result<(), Break>),
}

/// Why an attempt ended before the archive did.
enum Break {
    /// Another attempt may do better.
    Passing(String),
    /// It would end the same.
    Lasting(String),
    /// The server has a file of this size.
    WrongSize(u64),
}

impl Fetch<'_> {
    /// Fills `partial` up to the size of the archive.
    pub(super) fn download(&mut self, partial: &mut File, path: &Path) -> Result<(), FetchError> {
        let total = self.archive.bytes;
        let size = |partial: &File| Ok(partial.metadata().map_err(io_error("read", path))?.len());
        let mut most = size(partial)?;
        if most > total {
            partial.set_len(0).map_err(io_error("write", path))?;
            most = 0;
        }
        let mut attempts = 0;
        loop {
            let kept = size(partial)?;
            if kept == total {
                return Ok(());
            }
            attempts += 1;
            let reason = match self.attempt(partial, path, kept)? {
                Ok(()) => CUT.to_owned(),
                Err(Break::Passing(reason)) => reason,
                Err(Break::Lasting(reason)) => {
                    return Err(FetchError::Refused { url: self.archive.url.clone(), reason });
                }
                Err(Break::WrongSize(bytes)) => return Err(self.wrong_size(bytes)),
            };
            let kept = size(partial)?;
            if kept == total {
                return Ok(());
            }
            // A server that cannot resume may cut at the same place for ever: only new bytes count.
            if kept > most {
                most = kept;
                attempts = 1;
            }
            let Some(&pause) = self.patience.pauses.get(attempts - 1) else {
                let url = self.archive.url.clone();
                return Err(FetchError::Unreachable { url, reason, attempts, kept, total });
            };
            self.report(FetchPhase::Waiting { reason, pause }, kept);
            self.wait(pause, kept)?;
        }
    }

    /// One request. Returns how it ended, or an error that ends the whole fetch.
    fn attempt(
        &mut self,
        partial: &mut File,
        path: &Path,
        kept: u64,
    ) -> Result<Result<(), Break>, FetchError> {
        self.report(FetchPhase::Connecting, kept);
        let messages = match self.start_reading(kept) {
            Ok(messages) => messages,
            Err(error) => return Ok(Err(Break::Passing(error.to_string()))),
        };
        let mut done = kept;
        loop {
            self.check_cancelled(done)?;
            match messages.recv_timeout(CANCEL_INTERVAL) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(Break::Passing("the reading thread ended".to_owned())));
                }
                Ok(Message::Begins(offset)) => {
                    partial.set_len(offset).map_err(io_error("write", path))?;
                    partial.seek(SeekFrom::Start(offset)).map_err(io_error("write", path))?;
                    done = offset;
                    self.report(FetchPhase::Downloading, done);
                }
                Ok(Message::Bytes(bytes)) => {
                    partial.write_all(&bytes).map_err(io_error("write", path))?;
                    done += bytes.len() as u64;
                    if done > self.archive.bytes {
                        partial.set_len(0).map_err(io_error("write", path))?;
                        return Ok(Err(Break::WrongSize(done)));
                    }
                    self.report(FetchPhase::Downloading, done);
                }
                Ok(Message::Ends(result)) => return Ok(result),
            }
        }
    }

    fn wait(&self, pause: Duration, kept: u64) -> Result<(), FetchError> {
        let end = Instant::now() + pause;
        loop {
            self.check_cancelled(kept)?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(CANCEL_INTERVAL));
        }
    }

    /// Requests the archive from byte `offset` on. The reading has its own thread because a read that waits
    /// for a silent server cannot be interrupted: on cancel the thread is left to its timeout.
    fn start_reading(&self, offset: u64) -> io::Result<Receiver<Message>> {
        let (sender, receiver) = bounded(WAITING_PIECES);
        let url = self.archive.url.clone();
        let total = self.archive.bytes;
        let stall = self.patience.stall;
        thread::Builder::new().name("download".to_owned()).spawn(move || {
            let result = read_archive(&url, offset, total, stall, &sender);
            // Nobody listens after a cancel.
            let _ = sender.send(Message::Ends(result));
        })?;
        Ok(receiver)
    }
}

fn agent(url: &str, stall: Duration) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(stall))
        .timeout_connect(Some(stall))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall));
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    if matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        // The proxy of the environment is on another machine, where these names mean that machine.
        config = config.proxy(None);
    }
    config.build().new_agent()
}

fn read_archive(
    url: &str,
    offset: u64,
    total: u64,
    stall: Duration,
    sender: &Sender<Message>,
) -> Result<(), Break> {
    // Without this the server may compress what it sends, and the ranges would be those of other bytes.
    let mut request = agent(url, stall).get(url).header(header::ACCEPT_ENCODING, "identity");
    if offset > 0 {
        request = request.header(header::RANGE, format!("bytes={offset}-"));
    }
    let response = request.call().map_err(|error| connection_break(error, stall))?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // Kept bytes of something else, or a server that is confused about ranges: begin again.
        let _ = sender.send(Message::Begins(0));
        return Err(Break::Passing("the server cannot go on from there".to_owned()));
    }
    let begin = check_response(&response, offset, total)?;
    if sender.send(Message::Begins(begin)).is_err() {
        return Ok(());
    }
    let mut body = response.into_body().into_reader();
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = body
            .read(&mut piece)
            .map_err(|error| connection_break(ureq::Error::from(error), stall))?;
        piece.truncate(read);
        if read == 0 || sender.send(Message::Bytes(piece)).is_err() {
            return Ok(());
        }
    }
}

/// From which byte on the server sends the archive. A server without ranges sends it from the beginning.
fn check_response<B>(response: &Response<B>, asked: u64, total: u64) -> Result<u64, Break> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status();
    let (begin, size) = match status {
        StatusCode::OK => {
            let length = header(header::CONTENT_LENGTH);
            (Some(0), length.and_then(|length| length.parse().ok()))
        }
        StatusCode::PARTIAL_CONTENT => {
            content_range(header(header::CONTENT_RANGE).unwrap_or_default())
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            return Err(Break::Passing(format!("the server answers {status}")));
        }
        status if status.is_server_error() => {
            return Err(Break::Passing(format!("the server answers {status}")));
        }
        status => return Err(Break::Lasting(format!("the server answers {status}"))),
    };
    if header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        // As the log-in page of a public network does, whatever was asked for.
        return Err(Break::Lasting("a web page comes instead of the file".to_owned()));
    }
    match (begin, size) {
        (_, Some(size)) if size != total => Err(Break::WrongSize(size)),
        (Some(begin), _) if begin == asked || begin == 0 => Ok(begin),
        _ => Err(Break::Lasting("the server sends another part than was asked for".to_owned())),
    }
}

/// The first byte and the whole size of `bytes 100-199/200`; the size may be `*`.
fn content_range(text: &str) -> (Option<u64>, Option<u64>) {
    let parts = text.strip_prefix("bytes ").and_then(|range| range.split_once('/'));
    let Some((range, size)) = parts else { return (None, None) };
    let first = range.split_once('-').and_then(|(first, _)| first.parse().ok());
    (first, size.parse().ok())
}

fn connection_break(error: ureq::Error, stall: Duration) -> Break {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Break::Lasting(format!("it is neither a web address nor a file ({error})"))
        }
        ureq::Error::TooManyRedirects => Break::Lasting("too many redirects".to_owned()),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Break::Passing(CUT.to_owned())
        }
        ureq::Error::HostNotFound => {
            Break::Passing("the server's name cannot be found; is there a network?".to_owned())
        }
        ureq::Error::Timeout(_) => {
            Break::Passing(format!("no data came for {} seconds", stall.as_secs_f32()))
        }
        ureq::Error::Io(error) => Break::Passing(error.to_string()),
        error => Break::Passing(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(content_range("bytes 100-199/200"), (Some(100), Some(200)));
        assert_eq!(content_range("bytes 100-199/*"), (Some(100), None));
        assert_eq!(content_range("bytes */200"), (None, Some(200)));
        for text in ["", "bytes", "items 1-2/3", "bytes x-y/z"] {
            assert_eq!(content_range(text), (None, None), "{text}");
        }
    }
}
