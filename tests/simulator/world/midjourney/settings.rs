//! What each account has chosen for itself in Midjourney, and the panel of `/settings`.

use serde_json::{Value, json};

use super::button::rows;
use super::prompt::{Defaults, Mode};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::interaction::Interaction;
use crate::world::people::NIJI;

/// Models to choose from: label, value of the menu, parameter.
const MODELS: &[(&str, &str, &str)] = &[
    ("Midjourney Model V5.2", "5.2", "--v 5.2"),
    ("Midjourney Model V6.0", "6", "--v 6.0"),
    ("Midjourney Model V6.1", "6.1", "--v 6.1"),
    ("Use the latest model (7)", "7", "--v 7.0"),
];
/// The same at the niji bot.
const NIJI_MODELS: &[(&str, &str, &str)] = &[
    ("Niji Model V5", "niji 5", "--niji 5"),
    ("Use the latest Niji model (6)", "niji 6", "--niji 6"),
];
/// Values of the stylize buttons and their labels.
const STYLIZE: &[(u32, &str)] = &[
    (50, "Stylize low"),
    (100, "Stylize med"),
    (250, "Stylize high"),
    (750, "Stylize very high"),
];
/// Midjourney's own `--s`.
const STYLIZE_DEFAULT: u32 = 100;

/// One account's settings.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches of the panel"
)]
pub(crate) struct AccountSettings {
    /// Remix mode: a press asks for a new prompt first. `/prefer remix` toggles it.
    pub(crate) remix: bool,
    pub(crate) mode: Mode,
    /// Stealth; the opposite of public mode.
    pub(crate) stealth: bool,
    raw: bool,
    stylize: u32,
    high_variation: bool,
    model: &'static str,
    niji_model: &'static str,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            remix: false,
            mode: Mode::Fast,
            stealth: false,
            raw: false,
            stylize: STYLIZE_DEFAULT,
            high_variation: true,
            model: "7",
            niji_model: "niji 6",
        }
    }
}

impl AccountSettings {
    fn models(application: Snowflake) -> &'static [(&'static str, &'static str, &'static str)] {
        if application == NIJI {
            NIJI_MODELS
        } else {
            MODELS
        }
    }

    fn model(&self, application: Snowflake) -> &'static str {
        if application == NIJI {
            self.niji_model
        } else {
            self.model
        }
    }

    /// What stands in for parameters that a prompt leaves out.
    pub(super) fn defaults(&self, application: Snowflake) -> Defaults {
        let chosen = self.model(application);
        let mut models = Self::models(application).iter();
        let version = models
            .find(|(_, value, _)| *value == chosen)
            .map_or("--v 7.0", |(_, _, parameter)| *parameter);
        Defaults {
            version: version.to_owned(),
            mode: self.mode,
            stealth: self.stealth,
            raw: self.raw,
            stylize: (self.stylize != STYLIZE_DEFAULT).then_some(self.stylize),
        }
    }

    /// Switches between strong and subtle variations.
    pub(super) fn toggle_variation(&mut self) -> bool {
        self.high_variation = !self.high_variation;
        self.high_variation
    }

    /// What a component of the panel does; false when there is no such component.
    fn press(&mut self, application: Snowflake, setting: &str, choices: &[String]) -> bool {
        match setting {
            "VersionSelector" => {
                let mut models = Self::models(application).iter();
                let chosen =
                    models.find(|(_, value, _)| choices.first().is_some_and(|c| c == value));
                match chosen {
                    Some((_, value, _)) if application == NIJI => self.niji_model = value,
                    Some((_, value, _)) => self.model = value,
                    None => return false,
                }
            }
            "Style::raw" => self.raw = !self.raw,
            "PrivateMode::on" => self.stealth = true,
            "PrivateMode::off" => self.stealth = false,
            "RemixMode" => self.remix = !self.remix,
            "HighVariabilityMode::1" => self.high_variation = true,
            "HighVariabilityMode::0" => self.high_variation = false,
            "TurboMode::on" => self.mode = Mode::Turbo,
            "RelaxMode::off" => self.mode = Mode::Fast,
            "RelaxMode::on" => self.mode = Mode::Relaxed,
            "Reset" => *self = Self::default(),
            _ => {
                let value = setting.strip_prefix("Stylize::");
                let Some(value) = value.and_then(|value| value.parse().ok()) else {
                    return false;
                };
                self.stylize = value;
            }
        }
        true
    }

    /// The panel: a menu of models and rows of buttons; what is on is green.
    pub(super) fn panel(&self, application: Snowflake) -> Vec<Value> {
        let models: Vec<Value> = Self::models(application)
            .iter()
            .map(|(label, value, _)| {
                let default = *value == self.model(application);
                json!({"label": label, "value": value, "default": default})
            })
            .collect();
        let menu = json!({
            "type": 3, "custom_id": "MJ::Settings::VersionSelector", "min_values": 1, "max_values": 1,
            "placeholder": "Choose a model", "options": models,
        });
        let mut style = vec![toggle("RAW Mode", "🔧", "Style::raw", self.raw)];
        style.extend(STYLIZE.iter().map(|(value, label)| {
            let setting = format!("Stylize::{value}");
            toggle(label, "🖌️", &setting, self.stylize == *value)
        }));
        let privacy = if self.stealth { "off" } else { "on" };
        let privacy = format!("PrivateMode::{privacy}");
        rows(vec![
            vec![menu],
            style,
            vec![
                toggle("Public mode", "👥", &privacy, !self.stealth),
                toggle("Remix mode", "🎛️", "RemixMode", self.remix),
                toggle(
                    "High Variation Mode",
                    "🎨",
                    "HighVariabilityMode::1",
                    self.high_variation,
                ),
                toggle(
                    "Low Variation Mode",
                    "🎨",
                    "HighVariabilityMode::0",
                    !self.high_variation,
                ),
            ],
            vec![
                toggle(
                    "Turbo mode",
                    "🚀",
                    "TurboMode::on",
                    self.mode == Mode::Turbo,
                ),
                toggle("Fast mode", "⚡", "RelaxMode::off", self.mode == Mode::Fast),
                toggle(
                    "Relax mode",
                    "🐢",
                    "RelaxMode::on",
                    self.mode == Mode::Relaxed,
                ),
                toggle("Reset Settings", "", "Reset", false),
            ],
        ])
    }
}

impl World {
    /// An account's settings; the defaults while it has changed nothing.
    pub(in crate::world) fn settings_of(&mut self, user: Snowflake) -> &mut AccountSettings {
        self.midjourney.settings.entry(user).or_default()
    }

    /// What stands in for parameters that this sender's prompt leaves out.
    pub(super) fn defaults_of(&self, interaction: &Interaction) -> Defaults {
        let settings = self.midjourney.settings.get(&interaction.user);
        settings
            .cloned()
            .unwrap_or_default()
            .defaults(interaction.application)
    }

    /// Whether an account's jobs are relaxed unless they say otherwise.
    pub(in crate::world) fn works_relaxed(&self, user: Snowflake) -> bool {
        let settings = self.midjourney.settings.get(&user);
        settings.is_some_and(|settings| settings.mode == Mode::Relaxed)
    }

    /// A component of the settings panel; false when it is none.
    pub(super) fn change_setting(&mut self, interaction: &Interaction, custom_id: &str) -> bool {
        let Some(setting) = custom_id.strip_prefix("MJ::Settings::") else {
            return false;
        };
        let choices = &interaction.filled.choices;
        self.settings_of(interaction.user)
            .press(interaction.application, setting, choices)
    }
}

fn toggle(label: &str, emoji: &str, setting: &str, on: bool) -> Value {
    let mut button = json!({
        "type": 2, "style": if on { 3 } else { 2 }, "label": label, "custom_id": format!("MJ::Settings::{setting}"),
    });
    if !emoji.is_empty() {
        button["emoji"] = json!({"name": emoji});
    }
    button
}
