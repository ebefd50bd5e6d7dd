//! Midjourney's versions: which one a prompt runs on, and what that one offers.

use super::job_kind::Hd;

/// A version of Midjourney's or of niji's model.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    niji: bool,
}

impl Version {
    /// The version that an echoed prompt names; the newest that is named by default when it names none.
    pub(crate) fn of_echo(echo: &str) -> Self {
        let mut version = Self {
            major: 7,
            minor: 0,
            niji: false,
        };
        let mut words = echo.split_whitespace();
        while let Some(word) = words.next() {
            let niji = match word {
                "--v" | "--version" => false,
                "--niji" => true,
                _ => continue,
            };
            let Some(number) = words.next() else { break };
            let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
            if let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) {
                version = Self { major, minor, niji };
            }
        }
        version
    }

    /// Upscalers of one picture: name in the `custom_id`, which one, and whether messages name it.
    pub(crate) fn upscalers(self) -> &'static [(&'static str, Hd, bool)] {
        match (self.major, self.minor, self.niji) {
            (0..=4, ..) => &[
                ("upsample_max", Hd::Max, true),
                ("upsample_light", Hd::Light, true),
                ("upsample_beta", Hd::Beta, true),
            ],
            (5, ..) => &[
                ("upsample_v5_2x", Hd::TwoTimes, true),
                ("upsample_v5_4x", Hd::FourTimes, true),
            ],
            (6, 1.., false) => &[
                ("upsample_v6r1_2x_subtle", Hd::Subtle, true),
                ("upsample_v6r1_2x_creative", Hd::Creative, true),
            ],
            (6, ..) => &[
                ("upsample_v6_2x_subtle", Hd::Subtle, true),
                ("upsample_v6_2x_creative", Hd::Creative, true),
            ],
            (7, ..) => &[
                ("upsample_v7_2x_subtle", Hd::Subtle, false),
                ("upsample_v7_2x_creative", Hd::Creative, false),
            ],
            (8.., ..) => &[],
        }
    }

    /// Vary (Subtle), (Strong) and (Region), zoom and pan: since version 5.
    pub(crate) fn has_editor(self) -> bool {
        self.major >= 5
    }

    /// Videos out of pictures: captured under version 7.
    pub(crate) fn has_video(self) -> bool {
        self.major >= 7
    }
}

/// The upscaler whose name stands in a `custom_id`.
pub(crate) fn upscaler(name: &str) -> Option<(Hd, bool)> {
    let of = |major, minor| Version {
        major,
        minor,
        niji: false,
    };
    [of(4, 0), of(5, 0), of(6, 0), of(6, 1), of(7, 0)]
        .into_iter()
        .flat_map(Version::upscalers)
        .find(|(other, ..)| *other == name)
        .map(|(_, hd, named)| (*hd, *named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_upscalers() {
        let first = |echo: &str| {
            Version::of_echo(echo)
                .upscalers()
                .first()
                .map(|(name, ..)| *name)
        };
        for (echo, name) in [
            ("a cat --v 4", Some("upsample_max")),
            ("a cat --niji 4", Some("upsample_max")),
            ("a cat --v 5.2", Some("upsample_v5_2x")),
            ("a cat --v 6.0", Some("upsample_v6_2x_subtle")),
            ("a cat --v 6.1 --raw", Some("upsample_v6r1_2x_subtle")),
            ("a cat --niji 6", Some("upsample_v6_2x_subtle")),
            ("a cat --niji 7", Some("upsample_v7_2x_subtle")),
            ("a cat", Some("upsample_v7_2x_subtle")),
            ("a cat --v 8.1", None),
        ] {
            assert_eq!(first(echo), name, "{echo}");
        }
    }

    #[test]
    fn custom_ids_lead_back() {
        assert_eq!(
            upscaler("upsample_v6r1_2x_creative"),
            Some((Hd::Creative, true))
        );
        assert_eq!(upscaler("upsample_v7_2x_subtle"), Some((Hd::Subtle, false)));
        assert_eq!(upscaler("upsample_v9"), None);
    }
}
