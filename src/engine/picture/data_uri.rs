//! `data:` addresses (RFC 2397): the media type they say and the bytes they hold.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{LARGEST, PictureError};

/// More than any picture's media type has, in bytes.
const LONGEST_TYPE: usize = 64;
/// With and without padding, as browsers decode it (WHATWG Infra, "forgiving-base64 decode").
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The media type in lower case, empty when it says none, and the bytes.
pub(super) fn decode(uri: &str) -> Result<(String, Vec<u8>), PictureError> {
    let scheme = uri.get(..5).ok_or(PictureError::DataUri)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return Err(PictureError::DataUri);
    }
    // Each byte takes three characters at most.
    if uri.len() as u64 > 3 * LARGEST + 1_024 {
        return Err(PictureError::TooLarge);
    }
    let (head, data) = uri[5..].split_once(',').ok_or(PictureError::DataUri)?;
    let mut words = head.split(';');
    let said = words.next().unwrap_or_default().trim().to_ascii_lowercase();
    // It is said in messages: what is no media type may be a part of the picture, or anything else.
    let is_type = said.len() <= LONGEST_TYPE
        && said
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/+.-_".contains(&byte));
    if !is_type {
        return Err(PictureError::DataUri);
    }
    let is_base64 = words
        .next_back()
        .is_some_and(|word| word.trim().eq_ignore_ascii_case("base64"));
    let bytes = percent_decoded(data)?;
    if !is_base64 {
        return Ok((said, bytes));
    }
    let digits: Vec<u8> = bytes
        .into_iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = FORGIVING
        .decode(digits)
        .map_err(|_| PictureError::DataUri)?;
    Ok((said, bytes))
}

fn percent_decoded(text: &str) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            rest.next()
                .and_then(|digit| char::from(digit).to_digit(16))
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or(PictureError::DataUri)
        };
        bytes.push((digit()? << 4) | digit()?);
    }
    Ok(bytes)
}
