//! One line of the log: a moment, a level, what happened, and its fields. Whatever a value holds, it stays one line,
//! and nothing in it can pass for another field, another line or another direction of reading.

use std::fmt::{self, Write as _};

use tracing::{
    Level,
    field::{Field, Visit},
};

use super::time::{clf, rfc3339};

/// The field that only `mj.log_prompts` lets in.
pub(super) const PROMPT: &str = "prompt";
/// The longest value, in characters.
const LONGEST: usize = 2_000;
/// The longest prompt, in characters: longer than any that Midjourney takes.
const LONGEST_PROMPT: usize = 8_000;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// A value as it was given.
#[derive(Debug)]
enum Datum {
    /// A number or a truth, in the words of JSON.
    Plain(String),
    /// Anything else.
    Text(String),
}

/// What an event says.
#[derive(Debug)]
pub(super) struct Line {
    has_prompts: bool,
    message: String,
    fields: Vec<(&'static str, Datum)>,
}

impl Line {
    /// Nothing yet.
    pub(super) fn new(has_prompts: bool) -> Self {
        Self {
            has_prompts,
            message: String::new(),
            fields: Vec::new(),
        }
    }

    /// What happened, without fields.
    pub(super) fn of(message: String) -> Self {
        Self {
            message,
            ..Self::new(false)
        }
    }

    /// As it stands in the log, without an end of line.
    pub(super) fn shown(&self, format: Format, unix_ms: u64, pid: u32, level: Level) -> String {
        match format {
            Format::Text => self.text(&rfc3339(unix_ms), pid, level),
            Format::Json => self.json(&rfc3339(unix_ms), pid, level),
        }
    }

    /// As PHP begins the lines of its own error log.
    pub(super) fn shown_to_php(
        &self,
        format: Format,
        unix_ms: u64,
        pid: u32,
        level: Level,
    ) -> String {
        format!(
            "[{}] mj: {}",
            clf(unix_ms),
            self.bare(format, unix_ms, pid, level)
        )
    }

    /// As it stands behind a time and a process id that somebody else has written.
    pub(super) fn bare(&self, format: Format, unix_ms: u64, pid: u32, level: Level) -> String {
        match format {
            Format::Text => {
                let mut line = level.to_string();
                self.tail(&mut line);
                line
            }
            Format::Json => self.json(&rfc3339(unix_ms), pid, level),
        }
    }

    fn text(&self, time: &str, pid: u32, level: Level) -> String {
        let mut line = format!("{time} {pid} {level}");
        self.tail(&mut line);
        line
    }

    fn tail(&self, line: &mut String) {
        line.push(' ');
        escape(line, &self.message);
        for (name, datum) in &self.fields {
            let _ = write!(line, " {name}=");
            match datum {
                Datum::Plain(text) => line.push_str(text),
                Datum::Text(text) if is_word(text) => line.push_str(text),
                Datum::Text(text) => quote(line, text),
            }
        }
    }

    fn json(&self, time: &str, pid: u32, level: Level) -> String {
        let level = level.as_str().to_ascii_lowercase();
        let mut line = format!(r#"{{"time":"{time}","level":"{level}","pid":{pid},"message":"#);
        quote(&mut line, &self.message);
        for (name, datum) in &self.fields {
            let _ = write!(line, ",\"{name}\":");
            match datum {
                Datum::Plain(text) => line.push_str(text),
                Datum::Text(text) => quote(&mut line, text),
            }
        }
        line.push('}');
        line
    }

    fn add(&mut self, field: &Field, datum: Datum) {
        match field.name() {
            PROMPT if !self.has_prompts => {}
            name => self.fields.push((name, datum)),
        }
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        let most = if field.name() == PROMPT {
            LONGEST_PROMPT
        } else {
            LONGEST
        };
        let text = match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        if field.name() == "message" {
            self.message = text;
        } else {
            self.add(field, Datum::Text(text));
        }
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.add(field, Datum::Plain(value.to_string()));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Datum::Plain(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Datum::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Datum::Plain(value.to_string()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }
}

/// Whether a value can stand without quotes and be taken for nothing else.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '+'))
}

fn quote(line: &mut String, text: &str) {
    line.push('"');
    escape(line, text);
    line.push('"');
}

/// As JSON escapes it, and besides what a terminal obeys or hides.
fn escape(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
            c => line.push(c),
        }
    }
}

/// Controls, ends of line and paragraph, and what has no width or turns the direction of what follows.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}
