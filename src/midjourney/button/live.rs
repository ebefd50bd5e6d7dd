//! The buttons that a message has, and which of them a name means.

use std::fmt;

use mj_discord::payload::{Component, Update};

use super::Press;
use crate::task::{Choice, TaskButton};

/// The pressable buttons of a message in reading order, with our names; links and disabled ones are left out.
pub fn read_buttons(components: &Update<Vec<Component<'_>>>) -> Vec<TaskButton> {
    let mut buttons = Vec::new();
    if let Some(components) = components.value() {
        collect(components, &mut buttons);
    }
    name_redo_upscales(&mut buttons);
    buttons
}

/// Calls `visit` with every `custom_id` of a message, depth first.
pub(crate) fn each_component<'m, 'a>(
    components: &'m [Component<'a>],
    visit: &mut impl FnMut(&'m Component<'a>),
) {
    for component in components {
        visit(component);
        each_component(&component.components, visit);
    }
}

fn collect(components: &[Component<'_>], buttons: &mut Vec<TaskButton>) {
    each_component(components, &mut |component| {
        let Some(custom_id) = component.custom_id.as_deref() else {
            return;
        };
        if component.disabled || !matches!(component.kind, 2 | 3) {
            return;
        }
        buttons.push(TaskButton {
            action: Press::read(custom_id).action(),
            custom_id: custom_id.to_owned(),
            label: component.label.as_deref().map(str::to_owned),
            emoji: component
                .emoji
                .as_ref()
                .and_then(|emoji| emoji.name.as_deref())
                .map(str::to_owned),
            style: component.style.filter(|_| component.kind == 2).unwrap_or(0),
            choices: component
                .options
                .iter()
                .map(|option| Choice {
                    value: option.value.as_ref().to_owned(),
                    label: option.label.as_ref().to_owned(),
                    selected: option.default,
                })
                .collect(),
        });
    });
}

/// A larger picture offers its upscales as "Redo Upscale (…)" with the same `custom_id`s; only the label tells.
fn name_redo_upscales(buttons: &mut [TaskButton]) {
    for button in buttons {
        let redo = button
            .label
            .as_deref()
            .is_some_and(|label| label.trim_start().starts_with("Redo"));
        if let (true, Press::Hd(hd)) = (redo, Press::read(&button.custom_id)) {
            button.action = Some(format!("redo_upscale_{}", hd.as_str()));
        }
    }
}

/// An action that a message's buttons do not offer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActionUnavailable {
    /// What was asked for.
    pub action: String,
    /// Our names, or the `custom_id`s, of what there is.
    pub available: Vec<String>,
}

impl fmt::Display for ActionUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task offers no \"{}\"", self.action)?;
        if self.available.is_empty() {
            f.write_str("; it has no buttons")
        } else {
            write!(f, "; it offers: {}", self.available.join(", "))
        }
    }
}

impl std::error::Error for ActionUnavailable {}

/// Finds the button that `action` means: a `custom_id`, one of our names, or ChatMoney's `upsample1`.
///
/// # Errors
/// When no button fits, with what there is.
pub fn resolve<'b>(
    action: &str,
    buttons: &'b [TaskButton],
) -> Result<&'b TaskButton, ActionUnavailable> {
    let action = action.trim();
    let name = canonical(action);
    buttons
        .iter()
        .find(|button| button.custom_id == action)
        .or_else(|| {
            buttons
                .iter()
                .find(|button| button.action.as_deref() == Some(name.as_str()))
        })
        .or_else(|| animate_by_modal(&name, buttons))
        .ok_or_else(|| ActionUnavailable {
            action: action.to_owned(),
            available: buttons
                .iter()
                .map(|button| {
                    button
                        .action
                        .clone()
                        .unwrap_or_else(|| button.custom_id.clone())
                })
                .collect(),
        })
}

/// Under remix the plain Animate and Extend buttons open the modal that their manual names stand for.
fn animate_by_modal<'b>(name: &str, buttons: &'b [TaskButton]) -> Option<&'b TaskButton> {
    let plain = name.strip_suffix("_manual")?;
    buttons
        .iter()
        .find(|button| button.action.as_deref() == Some(plain))
}

/// Our name for what may be spelt in other ways: lower case, `upsample1`, `u1`, `v1`, `favorite`, `zoom_out_1.5x`.
fn canonical(action: &str) -> String {
    let name = action.to_ascii_lowercase().replace(['-', ' '], "_");
    let numbered = |prefix: &str, ours: &str| {
        let number: u8 = name
            .strip_prefix(prefix)?
            .trim_start_matches('_')
            .parse()
            .ok()?;
        Some(format!("{ours}{number}"))
    };
    if let Some(name) = numbered("upsample", "upscale")
        .or_else(|| numbered("upscale", "upscale"))
        .or_else(|| numbered("variation", "variation"))
        .or_else(|| numbered("imagine", "imagine"))
        .or_else(|| numbered("u", "upscale"))
        .or_else(|| numbered("v", "variation"))
    {
        return name;
    }
    match name.as_str() {
        "favorite" | "favourite" => "bookmark".to_owned(),
        "low_variation" => "vary_subtle".to_owned(),
        "high_variation" => "vary_strong".to_owned(),
        "zoom_out_1.5x" => "zoom_out_1_5x".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";

    fn button(custom_id: &str) -> TaskButton {
        TaskButton {
            action: Press::read(custom_id).action(),
            custom_id: custom_id.to_owned(),
            ..TaskButton::default()
        }
    }

    #[test]
    fn resolves_our_names_and_chatmoneys() {
        let buttons = [
            button("MJ::JOB::upsample::1::h"),
            button("MJ::JOB::variation::2::h"),
            button("MJ::JOB::animate_high::1::h"),
        ];
        for name in ["upscale1", "upsample1", "U1", "MJ::JOB::upsample::1::h"] {
            assert_eq!(
                resolve(name, &buttons).unwrap().custom_id,
                "MJ::JOB::upsample::1::h",
                "{name}"
            );
        }
        assert_eq!(
            resolve("variation2", &buttons).unwrap().custom_id,
            "MJ::JOB::variation::2::h"
        );
        assert_eq!(
            resolve("animate_high_manual", &buttons).unwrap().custom_id,
            "MJ::JOB::animate_high::1::h"
        );
        let error = resolve("upscale_subtle", &buttons).unwrap_err();
        assert_eq!(error.available, ["upscale1", "variation2", "animate_high"]);
        assert!(error.to_string().contains("upscale1, variation2"));
        assert!(
            resolve("", &[])
                .unwrap_err()
                .to_string()
                .contains("no buttons")
        );
    }

    #[test]
    fn redo_buttons_have_their_own_names() {
        let json = format!(
            r#"[{{"type":1,"components":[
                {{"type":2,"style":2,"label":"Redo Upscale (Subtle)","custom_id":"MJ::JOB::upsample_v7_2x_subtle::1::{UUID}::SOLO"}},
                {{"type":2,"style":5,"label":"Web","url":"https://example.org"}},
                {{"type":2,"style":2,"label":"U1","disabled":true,"custom_id":"MJ::JOB::upsample::1::{UUID}"}}]}}]"#
        );
        let components: Vec<Component<'_>> = serde_json::from_str(&json).unwrap();
        let buttons = read_buttons(&Update::Value(components));
        assert_eq!(buttons.len(), 1);
        assert_eq!(buttons[0].action.as_deref(), Some("redo_upscale_subtle"));
    }
}
