//! Running the program.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Each line of the output, as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The only line of the output, as JSON.
    pub(crate) fn one(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        self.json().remove(0)
    }
}

/// The program, with no variables but these: what the machine has set must not matter.
pub(crate) fn program(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graph-calls"));
    command.env_clear().envs(variables.iter().copied()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run_with(arguments: &[&str], variables: &[(&str, &str)], input: &[u8]) -> Ran {
    let mut child = program(arguments, variables).spawn().unwrap();
    // Whoever does not read its input may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, &[], b"")
}

/// A run that goes on until it is told to stop. It is killed where nobody tells it.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    err: Option<BufReader<ChildStderr>>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::of(program(arguments, variables).stderr(Stdio::null()))
    }

    /// The same, whose logs are read with [`logged`](Self::logged).
    pub(crate) fn logging(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::of(&mut program(arguments, variables))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = child.stderr.take().map(BufReader::new);
        Self { child, out, err }
    }

    /// The first line of the log in which this stands.
    pub(crate) fn logged(mut self, part: &str) -> String {
        let err = self.err.take().unwrap();
        err.lines().map(Result::unwrap).find(|line| line.contains(part)).unwrap()
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Interrupts it, and returns its exit code and the rest of its output.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An emulator on a port of its own.
pub(crate) struct Emulator {
    pub(crate) running: Running,
    pub(crate) ready: Value,
}

impl Emulator {
    pub(crate) fn start() -> Self {
        let mut running = Running::start(&["emulator", "start", "--json-ready", "--port", "0"], &[]);
        let ready = serde_json::from_str(&running.line()).unwrap();
        Self { running, ready }
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }
}

/// POSTs a JSON body with a token and a cookie, and returns the status.
pub(crate) fn curl(url: &str, token: &str, body: &str) -> u16 {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncookie: planted-cookie\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
