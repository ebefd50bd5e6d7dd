//! The options of `mj_download()`.

use std::time::Duration;

use super::convert::{Conversion, Target};
use crate::{error::EngineError, options::wrong_type, value::Value};

/// How long one call may take unless `options.timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The longest side of a thumbnail; what is smaller stays as it is.
const LARGEST_THUMBNAIL: i64 = 8_192;
/// Of a JPEG where none is given.
const QUALITY: u8 = 90;

/// How pictures are saved.
#[derive(Clone, Debug)]
pub(crate) struct DownloadOptions {
    /// Whether files that are there are replaced.
    pub(super) overwrite: bool,
    /// Whether the half-done picture is wanted, in place of the finished ones.
    pub(crate) preview: bool,
    /// How long all of it may take.
    pub(super) timeout: Duration,
    /// What is made of each picture.
    pub(super) conversion: Conversion,
}

impl DownloadOptions {
    /// Reads the options.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Type`].
    pub(crate) fn read(options: &Value) -> Result<Self, EngineError> {
        let mut read = Self {
            overwrite: false,
            preview: false,
            timeout: TIMEOUT,
            conversion: Conversion {
                cells: Vec::new(),
                target: None,
                quality: QUALITY,
                thumbnail: None,
            },
        };
        let entries = options.as_map().ok_or_else(|| {
            EngineError::argument("options", "must be an array with option names as keys")
        })?;
        let (mut split, mut quality) = (None, None);
        for (key, value) in entries {
            match (key.as_str(), value) {
                (_, Value::Null) => {}
                ("overwrite", value) => read.overwrite = truth("options.overwrite", value)?,
                ("preview", value) => read.preview = truth("options.preview", value)?,
                ("split", value) => split = Some(truth("options.split", value)?),
                ("timeout", value) => read.timeout = timeout(value)?,
                ("cells", value) => read.conversion.cells = cells(value)?,
                ("format", value) => read.conversion.target = target(value)?,
                ("quality", value) => quality = Some(number("options.quality", value, 100)?),
                ("thumbnail", value) => {
                    let side = number("options.thumbnail", value, LARGEST_THUMBNAIL)?;
                    read.conversion.thumbnail = Some(side);
                }
                (other, _) => {
                    let message = "no such option; known are cells, format, overwrite, preview, quality, split, thumbnail, timeout";
                    return Err(EngineError::argument(format!("options.{other}"), message));
                }
            }
        }
        match (split, read.conversion.cells.is_empty()) {
            (Some(true), true) => read.conversion.cells = vec![1, 2, 3, 4],
            (Some(false), false) => {
                let message = "is false, and options.cells asks for cells";
                return Err(EngineError::argument("options.split", message));
            }
            _ => {}
        }
        if read.preview && !read.conversion.cells.is_empty() {
            let name = match split {
                Some(true) => "options.split",
                Some(false) | None => "options.cells",
            };
            let message = "cuts finished grids only: leave out options.preview";
            return Err(EngineError::argument(name, message));
        }
        if let Some(quality) = quality {
            if read.conversion.target != Some(Target::Jpeg) {
                let message = "is of JPEG only: give options.format jpeg";
                return Err(EngineError::argument("options.quality", message));
            }
            read.conversion.quality = u8::try_from(quality).unwrap_or(QUALITY);
        }
        Ok(read)
    }
}

fn truth(name: &'static str, value: &Value) -> Result<bool, EngineError> {
    let Value::Bool(truth) = value else {
        return Err(wrong_type(name.into(), "bool", value));
    };
    Ok(*truth)
}

fn number(name: &'static str, value: &Value, most: i64) -> Result<u32, EngineError> {
    let Value::Int(number) = value else {
        return Err(wrong_type(name.into(), "int", value));
    };
    u32::try_from(*number)
        .ok()
        .filter(|_| (1..=most).contains(number))
        .ok_or_else(|| EngineError::argument(name, format!("must be from 1 to {most}")))
}

fn timeout(value: &Value) -> Result<Duration, EngineError> {
    match value {
        Value::Int(seconds @ 1..=3_600) => Ok(Duration::from_secs(seconds.unsigned_abs())),
        Value::Float(seconds) if (1.0..=3_600.0).contains(seconds) => {
            Ok(Duration::from_secs_f64(*seconds))
        }
        Value::Int(_) | Value::Float(_) => Err(EngineError::argument(
            "options.timeout",
            "must be 1 to 3600 seconds",
        )),
        Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_) => Err(wrong_type("options.timeout".into(), "int|float", value)),
    }
}

fn cells(value: &Value) -> Result<Vec<u8>, EngineError> {
    let Value::List(values) = value else {
        return Err(wrong_type("options.cells".into(), "list", value));
    };
    let mut cells = Vec::with_capacity(values.len());
    for value in values {
        let Value::Int(cell @ 1..=4) = value else {
            let message = "must be a list of numbers from 1 to 4";
            return Err(EngineError::argument("options.cells", message));
        };
        let cell = u8::try_from(*cell).unwrap_or(1);
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    if cells.is_empty() {
        let message = "is empty: leave it out, or name cells from 1 to 4";
        return Err(EngineError::argument("options.cells", message));
    }
    Ok(cells)
}

fn target(value: &Value) -> Result<Option<Target>, EngineError> {
    let Value::Text(text) = value else {
        return Err(wrong_type("options.format".into(), "string", value));
    };
    match text.as_str() {
        "keep" => Ok(None),
        "jpeg" | "jpg" => Ok(Some(Target::Jpeg)),
        "png" => Ok(Some(Target::Png)),
        "webp" => Ok(Some(Target::Webp)),
        _ => Err(EngineError::argument(
            "options.format",
            "must be png, jpeg, webp or keep",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(entries: &[(&str, Value)]) -> Result<DownloadOptions, EngineError> {
        let entries = entries
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        DownloadOptions::read(&entries)
    }

    #[test]
    fn reads_what_is_wanted() {
        let read = options(&[]).unwrap();
        assert!(!read.overwrite && read.conversion.is_nothing());
        let read = options(&[("split", true.into()), ("format", "jpeg".into())]).unwrap();
        assert_eq!(read.conversion.cells, [1, 2, 3, 4]);
        assert_eq!(read.conversion.quality, QUALITY);
        let three = Value::List(vec![Value::Int(3), Value::Int(1), Value::Int(3)]);
        let read = options(&[("cells", three), ("thumbnail", Value::Int(256))]).unwrap();
        assert_eq!(read.conversion.cells, [3, 1]);
        assert_eq!(read.conversion.thumbnail, Some(256));
        let read = options(&[("format", "keep".into()), ("split", false.into())]).unwrap();
        assert!(read.conversion.is_nothing() && !read.preview);
        let read = options(&[("preview", true.into()), ("format", "png".into())]).unwrap();
        assert!(read.preview && !read.conversion.is_nothing());
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        for (entries, name) in [
            (vec![("cells", Value::List(vec![]))], "options.cells"),
            (
                vec![("cells", Value::List(vec![Value::Int(5)]))],
                "options.cells",
            ),
            (vec![("format", "gif".into())], "options.format"),
            (vec![("quality", Value::Int(80))], "options.quality"),
            (
                vec![("format", "jpeg".into()), ("quality", Value::Int(0))],
                "options.quality",
            ),
            (vec![("thumbnail", Value::Int(0))], "options.thumbnail"),
            (
                vec![
                    ("split", false.into()),
                    ("cells", Value::List(vec![Value::Int(1)])),
                ],
                "options.split",
            ),
            (
                vec![("preview", true.into()), ("split", true.into())],
                "options.split",
            ),
            (
                vec![
                    ("preview", true.into()),
                    ("cells", Value::List(vec![Value::Int(1)])),
                ],
                "options.cells",
            ),
            (vec![("timeout", Value::Int(0))], "options.timeout"),
            (vec![("colour", Value::Int(0))], "options.colour"),
        ] {
            match options(&entries) {
                Err(EngineError::Argument { name: given, .. }) => assert_eq!(given, name),
                other => panic!("{other:?}"),
            }
        }
        for name in ["split", "preview", "overwrite"] {
            assert!(matches!(
                options(&[(name, Value::Int(1))]),
                Err(EngineError::Type { .. })
            ));
        }
    }
}
