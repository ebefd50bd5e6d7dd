//! The parameters that Midjourney is known to take (its documentation, "Parameter List", and echoes seen to 2026).

/// A parameter that we know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterKind {
    /// Its short name, as Midjourney's echo mostly writes it.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub value: Value,
}

impl Eq for ParameterKind {}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Switch,
    /// A number in this range.
    Number(f64, f64),
    /// Two numbers with a colon.
    Ratio,
    /// Anything.
    Text,
    /// Something, or nothing.
    Optional,
}

impl Value {
    /// Whether a value is of the known kind.
    pub fn accepts(self, value: &str) -> bool {
        match self {
            Self::Switch => value.is_empty(),
            Self::Number(from, to) => value
                .parse()
                .is_ok_and(|number: f64| (from..=to).contains(&number)),
            Self::Ratio => value
                .split_once([':', 'x', '/'])
                .is_some_and(|(width, height)| {
                    [width, height]
                        .iter()
                        .all(|side| side.trim().parse().is_ok_and(|side: f64| side > 0.0))
                }),
            Self::Text => !value.is_empty(),
            Self::Optional => true,
        }
    }
}

const fn kind_of(
    name: &'static str,
    aliases: &'static [&'static str],
    value: Value,
) -> ParameterKind {
    ParameterKind {
        name,
        aliases,
        value,
    }
}

static KINDS: &[ParameterKind] = &[
    kind_of("ar", &["aspect"], Value::Ratio),
    kind_of("bs", &["batchsize"], Value::Number(1.0, 4.0)),
    kind_of("c", &["chaos"], Value::Number(0.0, 100.0)),
    kind_of("cref", &[], Value::Text),
    kind_of("creative", &[], Value::Switch),
    kind_of("cw", &[], Value::Number(0.0, 100.0)),
    kind_of("draft", &[], Value::Switch),
    kind_of("end", &[], Value::Text),
    kind_of("exp", &[], Value::Number(0.0, 100.0)),
    kind_of("fast", &[], Value::Switch),
    kind_of("hd", &[], Value::Switch),
    kind_of("iw", &[], Value::Number(0.0, 3.0)),
    kind_of("loop", &[], Value::Switch),
    kind_of("motion", &[], Value::Text),
    kind_of("niji", &[], Value::Optional),
    kind_of("no", &[], Value::Text),
    kind_of("oref", &[], Value::Text),
    kind_of("ow", &[], Value::Number(1.0, 1000.0)),
    kind_of("p", &["personalize", "profile"], Value::Optional),
    kind_of("public", &[], Value::Switch),
    kind_of("q", &["quality"], Value::Number(0.25, 4.0)),
    kind_of("raw", &[], Value::Switch),
    kind_of("relax", &[], Value::Switch),
    kind_of("repeat", &["r"], Value::Number(1.0, 40.0)),
    kind_of("s", &["stylize"], Value::Number(0.0, 1000.0)),
    kind_of("sameseed", &[], Value::Number(0.0, 4_294_967_295.0)),
    kind_of("seed", &[], Value::Number(0.0, 4_294_967_295.0)),
    kind_of("sref", &[], Value::Text),
    kind_of("stealth", &[], Value::Switch),
    kind_of("stop", &[], Value::Number(10.0, 100.0)),
    kind_of("style", &[], Value::Text),
    kind_of("sv", &[], Value::Number(1.0, 20.0)),
    kind_of("sw", &[], Value::Number(0.0, 1000.0)),
    kind_of("test", &[], Value::Switch),
    kind_of("testp", &[], Value::Switch),
    kind_of("tile", &[], Value::Switch),
    kind_of("turbo", &[], Value::Switch),
    kind_of("upbeta", &[], Value::Switch),
    kind_of("uplight", &[], Value::Switch),
    kind_of("v", &["version"], Value::Text),
    kind_of("video", &[], Value::Optional),
    kind_of("w", &["weird"], Value::Number(0.0, 3000.0)),
];

/// The kind with this name or alias, in any case.
pub(super) fn kind(name: &str) -> Option<&'static ParameterKind> {
    KINDS.iter().find(|kind| {
        kind.name.eq_ignore_ascii_case(name)
            || kind
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_own_kind() {
        for known in KINDS {
            for name in known.aliases.iter().chain([&known.name]) {
                assert_eq!(kind(&name.to_uppercase()), Some(known));
            }
        }
        assert_eq!(kind("shine"), None);
    }

    #[test]
    fn values_are_compared_with_their_ranges() {
        assert!(
            Value::Ratio.accepts("16:9")
                && !Value::Ratio.accepts("16:")
                && !Value::Ratio.accepts("0:1")
        );
        assert!(Value::Number(0.0, 1.0).accepts("0.5") && !Value::Number(0.0, 1.0).accepts("2"));
        assert!(Value::Switch.accepts("") && !Value::Switch.accepts("x"));
    }
}
