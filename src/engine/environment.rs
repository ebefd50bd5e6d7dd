//! Settings from the environment, for containers: `MJ_BOT_TOKEN` for `mj.bot_token`, and `MJ_BOT_TOKEN_FILE` for a file
//! that holds it.
//!
//! Read once, when PHP loads the extension: then no other thread is there that could change the environment, and under
//! PHP-FPM it is the master's, before its workers are given another one (`clear_env`) and other rights.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io::{self, Read as _},
    sync::Arc,
};

use zeroize::{Zeroize as _, Zeroizing};

use crate::{config::KEYS, error::EngineError, setting::Setting, value::Value};

/// What the name of every variable begins with.
const PREFIX: &str = "MJ_";
/// What the name of a variable ends with that names a file.
const FILE: &str = "_FILE";
/// How large such a file is at most: no setting is longer.
const MOST: u64 = 64 * 1024;

/// What the environment said when it was read. Its `Debug` shows no value.
#[derive(Clone, Default)]
pub struct Environment(Arc<Vec<Variable>>);

struct Variable {
    key: &'static str,
    name: String,
    /// What is wrong with it, where something is.
    value: Result<Value, String>,
}

impl Drop for Variable {
    fn drop(&mut self) {
        if let Ok(value) = &mut self.value {
            value.wipe();
        }
    }
}

impl Environment {
    /// Reads the environment of the process. To be called while no other thread may change it.
    pub fn of_process() -> Self {
        Self::read(|name| std::env::var_os(name).map(OsString::into_encoded_bytes))
    }

    /// Reads what `variable` gives for names.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.trim_ascii().is_empty());
        let mut variables = Vec::new();
        for key in KEYS.iter().copied().filter(|key| *key != "accounts") {
            let name = Self::name_of(key);
            let file = format!("{name}{FILE}");
            let (name, value) = match (given(&name), given(&file)) {
                (None, None) => continue,
                (Some(value), None) => (name, Ok(value)),
                (None, Some(path)) => (file, contents(&path)),
                (Some(_), Some(_)) => {
                    let message = format!("is set, and {name} too: set one of them");
                    (file, Err(message))
                }
            };
            let value = value.map(text);
            variables.push(Variable { key, name, value });
        }
        Self(Arc::new(variables))
    }

    /// The variable of a setting.
    pub(crate) fn name_of(key: &str) -> String {
        PREFIX.to_owned() + &key.to_ascii_uppercase()
    }

    /// A setting, if the environment has it.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the variable.
    pub(crate) fn setting(&self, key: &str) -> Result<Option<Setting>, EngineError> {
        let Some(variable) = self.0.iter().find(|variable| variable.key == key) else {
            return Ok(None);
        };
        let name = variable.name.clone();
        match &variable.value {
            Ok(value) => Ok(Setting::new(name, value)),
            Err(message) => Err(EngineError::configuration(name, message.clone())),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|variable| &variable.name);
        f.debug_set().entries(names).finish()
    }
}

fn text(bytes: Vec<u8>) -> Value {
    String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
}

fn contents(path: &[u8]) -> Result<Vec<u8>, String> {
    let path = std::str::from_utf8(path).map_err(|_| "is not valid UTF-8".to_owned())?;
    let cannot = |error: io::Error| format!("names a file that cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    // Opening a FIFO would wait for its writer.
    if !metadata.is_file() {
        return Err("names no file".to_owned());
    }
    let mut contents = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(cannot)?;
    file.take(MOST + 1)
        .read_to_end(&mut contents)
        .map_err(cannot)?;
    if contents.len() as u64 > MOST {
        return Err(format!("names a file of more than {} kB", MOST / 1024));
    }
    let value = contents.trim_ascii().to_vec();
    contents.zeroize();
    if value.is_empty() {
        return Err("names a file that is empty".to_owned());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.as_bytes().to_vec())
        })
    }

    fn message(variables: &[(&str, &str)]) -> String {
        let environment = of(variables);
        environment.setting("user_token").unwrap_err().to_string()
    }

    #[test]
    fn a_file_holds_a_secret_without_its_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "hush\n").unwrap();
        let environment = of(&[
            ("MJ_USER_TOKEN_FILE", path.to_str().unwrap()),
            ("MJ_QUEUE_SIZE", "5"),
            ("MJ_LANG", " "),
            ("MJ_ACCOUNTS", "[]"),
        ]);
        let setting = |key| environment.setting(key).unwrap();
        let token = setting("user_token").unwrap();
        assert_eq!(token.label, "MJ_USER_TOKEN_FILE");
        assert_eq!(token.token().unwrap().expose(), "hush");
        assert_eq!(setting("queue_size").unwrap().number(1, 9).unwrap(), 5);
        assert!(setting("lang").is_none() && setting("accounts").is_none());
        let shown = format!("{environment:?}");
        assert!(shown.contains("MJ_USER_TOKEN_FILE") && !shown.contains("hush"));
    }

    #[test]
    fn a_file_that_is_none_is_named_by_its_variable() {
        let directory = tempfile::tempdir().unwrap();
        let there = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let large = there("large", &vec![b'x'; 65 * 1024]);
        let empty = there("empty", b"\n");
        for (path, what) in [
            ("/nowhere/at/all", "cannot be read: No such file"),
            (directory.path().to_str().unwrap(), "names no file"),
            (&large, "of more than 64 kB"),
            (&empty, "that is empty"),
        ] {
            let said = message(&[("MJ_USER_TOKEN_FILE", path)]);
            assert!(said.starts_with("MJ_USER_TOKEN_FILE: names "), "{said}");
            assert!(said.contains(what), "{said}");
        }
        let both = message(&[("MJ_USER_TOKEN_FILE", "/x"), ("MJ_USER_TOKEN", "hush")]);
        assert_eq!(
            both,
            "MJ_USER_TOKEN_FILE: is set, and MJ_USER_TOKEN too: set one of them"
        );
    }
}
