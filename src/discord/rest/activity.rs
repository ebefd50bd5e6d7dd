//! The editor of Vary (Region): a page of Midjourney's own application, which takes the marked region over HTTP. It is
//! no part of Discord's API: no Discord token goes there, and Discord's error codes do not come back.

use serde_json::{Value, json};

use super::{Body, Method, Piece, Request, Route, Target};

/// Where the editor's page sends a marked region, at Midjourney's own application.
pub const REGION_PATH: &str = "/inpaint/api/submit-job";

/// What requests to Midjourney's own application are counted as.
const ROUTE: Route = Route {
    method: Method::Post,
    path: "activity",
    resource: 0,
};

impl Request {
    /// `POST /inpaint/api/submit-job` at Midjourney's application: changes what is white in `mask`, a file that the
    /// driver keeps, to `prompt`. `token` is what follows `MJ::iframe::` in the editor's `custom_id`.
    pub fn submit_region(token: &str, mask: &str, prompt: &str) -> Self {
        let front = format!(r#"{{"customId":{},"mask":""#, Value::from(token));
        let back = format!(
            r#"","prompt":{},"userId":"0","username":"0","full_prompt":null}}"#,
            Value::from(prompt)
        );
        region(REGION_PATH.to_owned(), front, mask, back)
    }

    /// The same by the address that Discord's own proxy gives the page, with the token in it.
    pub fn submit_region_by_proxy(token: &str, mask: &str, prompt: &str) -> Self {
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        let path = format!("/.proxy{REGION_PATH}/{token}");
        let back = format!(r#"","prompt":{}}}"#, json!(prompt));
        region(path, r#"{"mask":""#.to_owned(), mask, back)
    }
}

fn region(path: String, front: String, mask: &str, back: String) -> Request {
    Request {
        route: ROUTE,
        target: Target::Activity(path),
        body: Body::Pieces {
            content_type: "application/json".to_owned(),
            pieces: vec![
                Piece::Text(front),
                Piece::Base64(mask.to_owned()),
                Piece::Text(back),
            ],
        },
        auth: None,
        idempotent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hosts;

    fn body(request: &Request) -> Value {
        let Body::Pieces { pieces, .. } = &request.body else {
            panic!("no pieces")
        };
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Base64(_) => "iVBOR",
                Piece::File(_) => panic!("a file as it is"),
            })
            .collect();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_region_goes_to_midjourneys_application_without_a_token() {
        let request = Request::submit_region("a\"b", "0f.png", "a \"fox\"\n");
        assert!(!request.idempotent && request.auth.is_none());
        assert_eq!(
            request.url(&Hosts::default()).unwrap().path(),
            "/inpaint/api/submit-job"
        );
        assert_eq!(
            body(&request),
            json!({"customId": "a\"b", "mask": "iVBOR", "prompt": "a \"fox\"\n", "userId": "0", "username": "0",
                "full_prompt": null})
        );
    }

    #[test]
    fn the_other_address_has_the_token_in_its_path() {
        let request = Request::submit_region_by_proxy("a-b/c", "0f.png", "");
        assert_eq!(
            request.url(&Hosts::default()).unwrap().path(),
            "/.proxy/inpaint/api/submit-job/a-b%2Fc"
        );
        assert_eq!(body(&request), json!({"mask": "iVBOR", "prompt": ""}));
        assert_ne!(
            Request::current_user(crate::rest::TokenKind::User).route,
            request.route
        );
    }
}
