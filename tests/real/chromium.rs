//! A headless Chromium that shows a page of ours, spoken to by the DevTools protocol over a pipe.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A page in a browser of its own, which ends with it.
pub(crate) struct Page {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Value>,
    session: Option<String>,
    number: u64,
    /// Errors and warnings of the page, with where they come from.
    complaints: Vec<String>,
    loaded: bool,
    _profile: tempfile::TempDir,
}

impl Page {
    /// Opens a file at a width, in light or dark colours, with script or without.
    pub(crate) fn open(path: &Path, width: u32, dark: bool, script: bool) -> Page {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let data = format!("--user-data-dir={}", profile.path().display());
        // The protocol goes over the descriptors 3 and 4, which only a shell can make of standard input and output.
        let mut child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null", "sh"])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--hide-scrollbars", "--remote-debugging-pipe", &data, "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let value = serde_json::from_slice(&message).expect("JSON of the browser");
                if send.send(value).is_err() {
                    break;
                }
            }
        });
        let complaints = Vec::new();
        let (session, number, loaded) = (None, 0, false);
        let mut page = Page { child, input, answers, session, number, complaints, loaded, _profile: profile };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = page.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            page.call(domain, &json!({}));
        }
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        page.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        page.call("Emulation.setEmulatedMedia", &media);
        page.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !script }));
        page.loaded = false;
        page.call("Page.navigate", &json!({ "url": format!("file://{}", path.display()) }));
        while !page.loaded {
            page.receive();
        }
        page
    }

    /// What an expression gives.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let given = self.call("Runtime.evaluate", &json!({ "expression": expression, "returnByValue": true }));
        assert!(given["exceptionDetails"].is_null(), "{expression}: {given}");
        given["result"]["value"].clone()
    }

    /// Errors and warnings so far.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The whole page as a picture, in base64.
    pub(crate) fn picture(&mut self) -> String {
        let mut clip = self.call("Page.getLayoutMetrics", &json!({}))["cssContentSize"].clone();
        clip["scale"] = json!(1);
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true, "clip": clip }));
        shot["data"].as_str().expect("a picture").to_owned()
    }

    /// The page as it is printed, in base64.
    pub(crate) fn print(&mut self) -> String {
        let printed = self.call("Page.printToPDF", &json!({ "printBackground": true }));
        printed["data"].as_str().expect("a document").to_owned()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).unwrap_or_else(|e| panic!("chromium: {e} (tests/run installs it)"));
        loop {
            let answer = self.receive();
            if answer["id"] == json!(self.number) {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn receive(&mut self) -> Value {
        let answer = self.answers.recv_timeout(PATIENCE);
        let answer = answer.unwrap_or_else(|e| panic!("no answer of chromium: {e} (tests/run installs it)"));
        match answer["method"].as_str() {
            Some("Page.loadEventFired") => self.loaded = true,
            Some("Runtime.exceptionThrown") => self.complaints.push(answer["params"].to_string()),
            Some("Runtime.consoleAPICalled") => self.complaints.push(answer["params"].to_string()),
            Some("Log.entryAdded") => self.complaints.push(answer["params"]["entry"].to_string()),
            _ => {}
        }
        answer
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
