//! The functions that PHP calls: each parses its arguments, calls the engine and converts what comes back.

use std::time::Duration;

use ext_php_rs::{flags::DataType, types::Zval, zend::ExecuteData};
use mj_engine::{EngineError, TaskId, doctor::doctor};

use crate::{
    arguments::{Array, Text, parse, seconds},
    convert::{self, Table},
    exceptions::Failure,
    guard,
    host::{engine, host, interrupted, php},
    record,
    signature::{Function, Parameter},
    stream,
    words::Word,
};

/// An array of options, which may hold `user_token`.
const OPTIONS: Parameter = Parameter::optional("options", DataType::Array, "[]").sensitive();
const TASK_ID: Parameter = Parameter::required("taskId", DataType::String);

macro_rules! functions {
    ($($name:ident ($($parameter:expr),*) -> $returns:ident $(or $or:ident)? $(| $null:ident)?;)*) => {
        /// Every function, in the order of the stub.
        pub(crate) static ALL: &[Function] = &[$(Function {
            name: stringify!($name),
            handler: entry::$name,
            parameters: &[$($parameter),*],
            returns: DataType::$returns,
            or_string: {
                const OR: &[DataType] = &[$(DataType::$or)?];
                !OR.is_empty()
            },
            nullable: {
                const NULL: &[&str] = &[$(stringify!($null))?];
                !NULL.is_empty()
            },
        }),*];

        /// What PHP calls: the same walls around each function.
        mod entry {
            use super::{ExecuteData, Zval};

            $(pub(super) extern "C" fn $name(call: &mut ExecuteData, result: &mut Zval) {
                super::answer(stringify!($name), call, result, super::$name);
            })*
        }
    };
}

functions! {
    mj_configure(Parameter::required("config", DataType::Array).sensitive()) -> Void;
    mj_imagine(Parameter::required("prompt", DataType::String), OPTIONS) -> String;
    mj_describe(Parameter::required("image", DataType::String), OPTIONS) -> String;
    mj_blend(Parameter::required("images", DataType::Array), OPTIONS) -> String;
    mj_shorten(Parameter::required("prompt", DataType::String), OPTIONS) -> String;
    mj_show(Parameter::required("jobId", DataType::String), OPTIONS) -> String;
    mj_action(TASK_ID, Parameter::required("action", DataType::String), OPTIONS) -> String;
    mj_command(
        Parameter::required("name", DataType::String),
        Parameter::optional("arguments", DataType::Array, "[]"),
        OPTIONS
    ) -> String;
    mj_poll(TASK_ID) -> Array | null;
    mj_poll_many(Parameter::required("taskIds", DataType::Array)) -> Array;
    mj_wait(TASK_ID, Parameter::optional("timeout", DataType::Double, "30.0")) -> Array;
    mj_tasks(
        Parameter::optional("filter", DataType::Array, "[]"),
        Parameter::optional("limit", DataType::Long, "50"),
        Parameter::optional("cursor", DataType::String, "null").or_null()
    ) -> Array;
    mj_events(
        Parameter::required("consumer", DataType::String),
        Parameter::optional("limit", DataType::Long, "100"),
        Parameter::optional("wait", DataType::Double, "0.0")
    ) -> Array;
    mj_ack(Parameter::required("consumer", DataType::String), Parameter::required("cursor", DataType::Long)) -> Void;
    mj_watch() -> Undef;
    mj_cancel(TASK_ID) -> Bool;
    mj_serve(Parameter::optional("seconds", DataType::Double, "INF")) -> Void;
    mj_status() -> Array;
    mj_metrics() -> String;
    mj_doctor(OPTIONS) -> Array or String;
    mj_image_url(Parameter::required("url", DataType::String)) -> String;
    mj_download(TASK_ID, Parameter::required("directory", DataType::String), OPTIONS) -> Array;
}

type Answer = Result<Zval, Failure>;

/// Runs `body` for PHP: its value is the result, its failure is thrown.
fn answer(
    name: &str,
    call: &mut ExecuteData,
    result: &mut Zval,
    body: fn(&mut ExecuteData) -> Answer,
) {
    guard::call(|| match body(call) {
        Ok(value) => *result = value,
        Err(failure) => {
            if let Some(function) = ALL.iter().find(|function| function.name == name) {
                failure.throw(function);
            }
        }
    });
}

fn task_id(id: &TaskId) -> Zval {
    convert::string(id.as_str().as_bytes())
}

fn mj_configure(call: &mut ExecuteData) -> Answer {
    let mut config = Array::default();
    parse!(call, c"h", config);
    engine()?.configure(&*config.value("config")?)?;
    Ok(Zval::null())
}

fn mj_imagine(call: &mut ExecuteData) -> Answer {
    let (mut prompt, mut options) = (Text::default(), Array::default());
    parse!(call, c"S|h", prompt, options);
    let id = engine()?.imagine(&prompt.value(), &*options.value("options")?)?;
    Ok(task_id(&id))
}

fn mj_describe(call: &mut ExecuteData) -> Answer {
    let (mut image, mut options) = (Text::default(), Array::default());
    parse!(call, c"S|h", image, options);
    let id = engine()?.describe(&image.value(), &*options.value("options")?)?;
    Ok(task_id(&id))
}

fn mj_blend(call: &mut ExecuteData) -> Answer {
    let (mut images, mut options) = (Array::default(), Array::default());
    parse!(call, c"h|h", images, options);
    let id = engine()?.blend(&*images.value("images")?, &*options.value("options")?)?;
    Ok(task_id(&id))
}

fn mj_shorten(call: &mut ExecuteData) -> Answer {
    let (mut prompt, mut options) = (Text::default(), Array::default());
    parse!(call, c"S|h", prompt, options);
    let id = engine()?.shorten(&prompt.value(), &*options.value("options")?)?;
    Ok(task_id(&id))
}

fn mj_show(call: &mut ExecuteData) -> Answer {
    let (mut job, mut options) = (Text::default(), Array::default());
    parse!(call, c"S|h", job, options);
    let id = engine()?.show(&job.lossy(), &*options.value("options")?)?;
    Ok(task_id(&id))
}

fn mj_action(call: &mut ExecuteData) -> Answer {
    let (mut task, mut action, mut options) = (Text::default(), Text::default(), Array::default());
    parse!(call, c"SS|h", task, action, options);
    let id = engine()?.action(
        &task.lossy(),
        action.utf8("action")?,
        &*options.value("options")?,
    )?;
    Ok(task_id(&id))
}

fn mj_command(call: &mut ExecuteData) -> Answer {
    let (mut name, mut arguments, mut options) =
        (Text::default(), Array::default(), Array::default());
    parse!(call, c"S|hh", name, arguments, options);
    let id = engine()?.command(
        name.utf8("name")?,
        &*arguments.value("arguments")?,
        &*options.value("options")?,
    )?;
    Ok(task_id(&id))
}

fn mj_poll(call: &mut ExecuteData) -> Answer {
    let mut task = Text::default();
    parse!(call, c"S", task);
    let record = engine()?.poll(&task.lossy())?;
    Ok(record.as_ref().map_or_else(Zval::null, record::task))
}

fn mj_poll_many(call: &mut ExecuteData) -> Answer {
    let mut tasks = Array::default();
    parse!(call, c"h", tasks);
    let records = engine()?.poll_many(&tasks.texts("taskIds")?)?;
    let mut found = Table::with_capacity(records.len());
    for (id, record) in &records {
        found.insert(id, record.as_ref().map_or_else(Zval::null, record::task));
    }
    Ok(found.into_zval())
}

fn mj_wait(call: &mut ExecuteData) -> Answer {
    let (mut task, mut timeout) = (Text::default(), 30.0_f64);
    parse!(call, c"S|d", task, timeout);
    let record = engine()?.wait(
        &task.lossy(),
        seconds(timeout, "timeout")?,
        &mut interrupted,
    )?;
    Ok(record::task(&record))
}

fn mj_tasks(call: &mut ExecuteData) -> Answer {
    let (mut filter, mut limit, mut cursor) = (Array::default(), 50_i64, Text::default());
    parse!(call, c"|hlS!", filter, limit, cursor);
    let (tasks, next) =
        engine()?.tasks(&*filter.value("filter")?, limit, cursor.optional("cursor")?)?;
    let mut page = Table::with_capacity(2);
    page.add(Word::Tasks, convert::list(&tasks, record::task));
    page.add(Word::Cursor, convert::optional_string(next));
    Ok(page.into_zval())
}

fn mj_events(call: &mut ExecuteData) -> Answer {
    let (mut consumer, mut limit, mut wait) = (Text::default(), 100_i64, 0.0_f64);
    parse!(call, c"S|ld", consumer, limit, wait);
    let events = engine()?.events(
        &consumer.lossy(),
        limit,
        seconds(wait, "wait")?,
        &mut interrupted,
    )?;
    Ok(convert::list(&events, |(cursor, record)| {
        let mut event = Table::with_capacity(2);
        event.add(Word::Cursor, convert::number(*cursor));
        event.add(Word::Task, record::task(record));
        event.into_zval()
    }))
}

fn mj_ack(call: &mut ExecuteData) -> Answer {
    let (mut consumer, mut cursor) = (Text::default(), 0_i64);
    parse!(call, c"Sl", consumer, cursor);
    engine()?.ack(&consumer.lossy(), cursor)?;
    Ok(Zval::null())
}

fn mj_watch(call: &mut ExecuteData) -> Answer {
    parse!(call, c"");
    let watch = engine()?.watch()?;
    let refused = || EngineError::Engine("no stream: PHP makes none".to_owned());
    Ok(stream::resource(watch).ok_or_else(refused)?)
}

fn mj_cancel(call: &mut ExecuteData) -> Answer {
    let mut task = Text::default();
    parse!(call, c"S", task);
    Ok(convert::truth(engine()?.cancel(&task.lossy())?))
}

fn mj_serve(call: &mut ExecuteData) -> Answer {
    let mut time = f64::INFINITY;
    parse!(call, c"|d", time);
    let time = seconds(time, "seconds")?;
    let endless = time >= Duration::from_secs(365 * 24 * 3600);
    engine()?.serve((!endless).then_some(time), &mut interrupted)?;
    Ok(Zval::null())
}

fn mj_status(call: &mut ExecuteData) -> Answer {
    parse!(call, c"");
    Ok(convert::to_zval(&engine()?.status()?))
}

fn mj_doctor(call: &mut ExecuteData) -> Answer {
    let mut options = Array::default();
    parse!(call, c"|h", options);
    let options = options.value("options")?;
    // Why there is no engine is what the doctor finds out.
    let engine = engine().ok();
    let report = doctor(
        &host(),
        &php(),
        engine.as_deref(),
        &options,
        &mut interrupted,
    )?;
    Ok(convert::to_zval(&report))
}

fn mj_metrics(call: &mut ExecuteData) -> Answer {
    parse!(call, c"");
    let page = engine()?.metrics()?;
    Ok(convert::string(page.as_bytes()))
}

fn mj_image_url(call: &mut ExecuteData) -> Answer {
    let mut url = Text::default();
    parse!(call, c"S", url);
    let url = engine()?.image_url(url.utf8("url")?)?;
    Ok(convert::string(url.as_bytes()))
}

fn mj_download(call: &mut ExecuteData) -> Answer {
    let (mut task, mut directory, mut options) =
        (Text::default(), Text::default(), Array::default());
    parse!(call, c"SS|h", task, directory, options);
    let directory = directory.utf8("directory")?;
    let files = engine()?.download(
        &task.lossy(),
        directory,
        &*options.value("options")?,
        &mut interrupted,
    )?;
    Ok(convert::list(&files, |file| {
        convert::string(file.as_bytes())
    }))
}
