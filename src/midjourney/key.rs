//! The key of a task: what an observer can read of it in a message. One function writes it for both, so that they can
//! be compared (ARCHITECTURE.md, invariant 5).
//!
//! No two open tasks hold one key at once: the queue sees to that. A key is text, stored in `work.key`.

use std::borrow::Cow;

use mj_discord::snowflake::{ApplicationId, MessageId, UserId};

use crate::{
    button::{Family, Motion, Press},
    job_id::JobId,
    prompt::{self, Prompt},
    read::{Form, Kind, Phase, Reading},
    task::{Call, PictureSource, PressRequest, Task},
};

/// `/blend`, of which an account has one unbound at a time: nothing in its messages tells two apart.
const BLEND: &str = "blend";
/// The same for `/describe` of an address.
const DESCRIBE: &str = "describe";

/// What tells a job from others of the same bot and user.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Job {
    /// The description of an uploaded picture: no other file has its name, whoever is told to have acted.
    File(String),
    /// A job brought back by its uuid.
    Show(String),
    /// A command of which there is only one at a time.
    Sole(&'static str),
    /// A command whose prompt has a seed, ours or the user's.
    Seed(u32),
    /// A command whose prompt has none, or that makes a video: its words.
    Words(String),
    /// A button: the pressed message, the family, and within it what its text shows.
    Press(MessageId, Family, Option<Cow<'static, str>>),
    /// A button that makes no job: the pressed message, and what it changes.
    Note(MessageId, &'static str),
    /// Midjourney's own seed of a job.
    SeedOf(String),
}

/// The one function: writes a key.
fn key(application: ApplicationId, user: UserId, job: &Job) -> String {
    match job {
        Job::File(name) => format!("{application}/file/{name}"),
        Job::Show(job) => format!("{application}/{user}/show/{job}"),
        Job::Sole(command) => format!("{application}/{user}/{command}"),
        Job::Seed(seed) => format!("{application}/{user}/seed/{seed}"),
        Job::Words(words) => format!("{application}/{user}/words/{words}"),
        Job::Press(message, family, None) => {
            format!("{application}/{user}/{message}/{}", family.as_str())
        }
        Job::Press(message, family, Some(detail)) => {
            format!(
                "{application}/{user}/{message}/{}/{detail}",
                family.as_str()
            )
        }
        Job::Note(message, what) => format!("{application}/{user}/{message}/{what}"),
        Job::SeedOf(job) => format!("{application}/{user}/seed_of/{job}"),
    }
}

/// The keys of a task when this user acts; none for one whose messages an observer can not know. There are two where
/// the caller's words may change what the text will show.
pub fn of_task(task: &Task, application: ApplicationId, user: UserId) -> Vec<String> {
    let jobs = match &task.work.press {
        None => of_call(task).into_iter().collect(),
        Some(press) => of_press(press, task.work.form_text.is_some()),
    };
    jobs.iter().map(|job| key(application, user, job)).collect()
}

/// What tells a command's job.
fn of_call(task: &Task) -> Option<Job> {
    Some(match &task.work.call {
        Call::Blend { .. } => Job::Sole(BLEND),
        Call::Describe => match &task.work.pictures.first()?.source {
            PictureSource::Stored(file) => Job::File(file.name.clone()),
            PictureSource::Fetch(_) | PictureSource::Link(_) => Job::Sole(DESCRIBE),
        },
        Call::Imagine => of_prompt(&task.whole_prompt()),
        Call::Seed { job_id } => Job::SeedOf(job_id.clone()),
        Call::Show { job_id } => Job::Show(job_id.parse::<JobId>().ok()?.to_string()),
        // Only their own account is shown the answer.
        Call::Plain { .. } | Call::Shorten => return None,
    })
}

/// What tells a button's job. A hand-edited video may get the other motion, so it stands for both.
fn of_press(press: &PressRequest, is_edited: bool) -> Vec<Job> {
    let message = press.message_id;
    let pressed = Press::read(&press.custom_id);
    if matches!(pressed, Press::Setting(_)) {
        return vec![Job::Note(message, "setting")];
    }
    if pressed == Press::Bookmark {
        return vec![Job::Note(message, "bookmark")];
    }
    let Some(family) = pressed.family() else {
        return Vec::new();
    };
    let is_edited = is_edited || matches!(pressed, Press::AnimateManual(_));
    if family == Family::Animate && is_edited {
        return [Motion::High, Motion::Low]
            .map(|motion| Job::Press(message, family, Some(Cow::Borrowed(motion.as_str()))))
            .into();
    }
    vec![Job::Press(
        message,
        family,
        detail(family, pressed.index(), pressed.variant()),
    )]
}

/// The keys that a reply to `pressed` may have; empty while its text does not show one whole. There are two where the
/// text leaves open which kind of message was pressed: a grid has V1 to V4, a single picture has Vary.
pub(crate) fn of_reply(
    application: ApplicationId,
    user: UserId,
    pressed: MessageId,
    reading: &Reading<'_>,
) -> Vec<String> {
    let index = reading.index;
    let jobs: Vec<(Family, Option<Cow<'static, str>>)> = match (reading.kind, reading.form) {
        (Kind::Job(_), Some(Form::Upscaling | Form::Upscale)) => {
            let mut jobs: Vec<_> = index
                .map(|_| (Family::Upscale, detail(Family::Upscale, index, None)))
                .into_iter()
                .collect();
            jobs.push((
                if reading.form == Some(Form::Upscale) {
                    Family::VideoUpscale
                } else {
                    Family::Hd
                },
                None,
            ));
            jobs
        }
        (Kind::Job(_), Some(Form::Variation(vary) | Form::Remix(vary))) => {
            let mut jobs = vec![(Family::Variation, None)];
            jobs.extend(vary.map(|vary| (Family::Vary, Some(Cow::Borrowed(vary.as_str())))));
            jobs
        }
        (Kind::Job(_), Some(Form::Pan(direction))) => {
            vec![(Family::Pan, Some(Cow::Borrowed(direction.as_str())))]
        }
        (Kind::Job(_), Some(Form::Zoom)) => vec![(Family::Zoom, None)],
        (Kind::Job(_), Some(Form::Hd(_))) => vec![(Family::Hd, None)],
        (Kind::Job(_), Some(Form::Video)) => of_video(reading),
        // A grid offers reroll, and neither zoom nor pan, whose starts look the same.
        (Kind::Job(_), Some(Form::Imagine)) => vec![(Family::Reroll, None)],
        _ => Vec::new(),
    };
    jobs.into_iter()
        .map(|(family, detail)| key(application, user, &Job::Press(pressed, family, detail)))
        .collect()
}

/// What the text of a video leaves open, as its message was pressed: one out of four is pressed on them, and so is
/// their reroll; a film is extended, a picture animated. Four videos offer to choose one, which one alone does not.
fn of_video(reading: &Reading<'_>) -> Vec<(Family, Option<Cow<'static, str>>)> {
    let offers = |family| {
        reading
            .buttons
            .iter()
            .any(|button| Press::read(&button.custom_id).family() == Some(family))
    };
    if offers(Family::Extend) && !offers(Family::VideoUpscale) {
        return vec![(Family::VideoUpscale, None)];
    }
    let mut jobs = vec![(Family::Extend, None), (Family::Reroll, None)];
    jobs.extend(
        motion(reading).map(|motion| (Family::Animate, Some(Cow::Borrowed(motion.as_str())))),
    );
    jobs
}

/// The key by which a command's answer names its task whatever else is under way: of the file that is described, or
/// of the job that is shown.
pub(crate) fn of_named(
    application: ApplicationId,
    user: Option<UserId>,
    reading: &Reading<'_>,
) -> Option<String> {
    if reading.kind == Kind::Describe {
        let file = Job::File(described_file(reading)?.to_owned());
        return Some(key(application, user.unwrap_or(UserId(0)), &file));
    }
    reading.phase()?;
    let job = Job::Show(reading.job?.to_string());
    Some(key(application, user?, &job))
}

/// The keys that a command's answer may have: from the echoed prompt, or from a notice's repetition of the command.
/// There are two where a prompt of nothing but pictures may be an imagine's or a blend's. `command` is its name, where
/// the message has it.
pub(crate) fn of_answer(
    application: ApplicationId,
    user: UserId,
    reading: &Reading<'_>,
    command: Option<&str>,
) -> Vec<String> {
    let is_by = |name: &str| command.is_none_or(|command| command == name);
    let mut jobs = Vec::new();
    if let Some(refusal) = &reading.refusal {
        match refusal.command.as_deref() {
            Some("imagine") => jobs.extend(refusal.prompt.as_deref().map(of_prompt)),
            Some("blend") => jobs.push(Job::Sole(BLEND)),
            Some("describe") => jobs.push(Job::Sole(DESCRIBE)),
            Some(_) | None => {}
        }
    } else if reading.kind == Kind::Describe {
        jobs.push(Job::Sole(DESCRIBE));
    } else if let Some(prompt) = reading.prompt.filter(|_| {
        matches!(reading.form, Some(Form::Imagine | Form::Video)) && reading.phase().is_some()
    }) {
        let job = match reading.form {
            Some(Form::Video) => Job::Words(prompt::clean_text(prompt)),
            _ => of_prompt(prompt),
        };
        if reading.form == Some(Form::Imagine) && is_by(BLEND) && has_only_pictures(&job) {
            jobs.push(Job::Sole(BLEND));
        }
        if is_by("imagine") {
            jobs.push(job);
        }
    }
    jobs.iter().map(|job| key(application, user, job)).collect()
}

/// Whether a prompt has no words of its own, as a blend's: its echo is empty or names the pictures.
fn has_only_pictures(job: &Job) -> bool {
    matches!(job, Job::Words(words) if words.split(' ').all(|word| matches!(word, "" | prompt::LINK)))
}

/// The name of the file that a description is of.
fn described_file<'m>(reading: &Reading<'m>) -> Option<&'m str> {
    let in_embed = reading.source.and_then(|url| {
        let path = url.split(['?', '#']).next()?;
        path.rsplit('/').next()
    });
    in_embed.or_else(|| Some(reading.pictures.first()?.filename.as_ref()))
}

/// Whether the message offers what only results offer.
pub(crate) fn has_result_buttons(reading: &Reading<'_>) -> bool {
    reading.kind == Kind::Job(Phase::Final) && reading.has_result_buttons()
}

/// What tells a prompt's job. A video's echo may have lost its seed, so that only its words are sure.
fn of_prompt(prompt: &str) -> Job {
    prompt::seed(prompt)
        .filter(|_| !prompt::has_parameter(prompt, "video"))
        .map_or_else(|| Job::Words(prompt::clean_text(prompt)), Job::Seed)
}

fn motion(reading: &Reading<'_>) -> Option<Motion> {
    let value = Prompt::parse(reading.prompt?).parameter("motion")?.value;
    [Motion::High, Motion::Low]
        .into_iter()
        .find(|motion| value.eq_ignore_ascii_case(motion.as_str()))
}

/// What tells jobs of one family apart in their texts.
fn detail(
    family: Family,
    index: Option<u8>,
    variant: Option<&'static str>,
) -> Option<Cow<'static, str>> {
    match family {
        Family::Upscale | Family::Choice => index.map(|index| Cow::Owned(index.to_string())),
        Family::Animate | Family::Pan | Family::Vary => variant.map(Cow::Borrowed),
        // Their finals show neither index nor factor nor kind.
        Family::Extend
        | Family::Hd
        | Family::Reroll
        | Family::Variation
        | Family::VideoUpscale
        | Family::Zoom => None,
    }
}
