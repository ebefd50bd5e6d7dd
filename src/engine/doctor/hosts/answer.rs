//! Whose an answer is: Discord's, or of something that stands in between, told by status, headers and text. What is
//! wrong there comes with the line of nginx's configuration that mends it (docs/proxies).

mod advice;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Host;
use crate::{doctor::text::Text, network::Place};

/// What is shown of a page's title, in characters.
const TITLE: usize = 60;
/// What Discord's CDN says of an address that is not signed, or no more.
pub(super) const NO_CONTENT: &str = "This content is no longer available.";

/// What only stands in pages that web servers and panels show in place of a site: nginx and its descendants, Apache,
/// IIS, BaoTa and aaPanel.
const WELCOMES: [&str; 11] = [
    "<title>Welcome to nginx",
    "<title>Welcome to OpenResty",
    "<title>Welcome to tengine",
    "<title>Test Page for the ",
    "<title>HTTP Server Test Page",
    "<title>IIS Windows",
    "Default Page: It works</title>",
    "<h1>It works!</h1>",
    "站点创建成功",
    "没有找到站点",
    "the site is created successfully",
];

/// What was seen, and what to do.
pub(in crate::doctor) type Told = (Text, Text);

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Its text, or the beginning of it.
    pub(super) body: String,
}

impl Page {
    pub(super) fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        Self {
            status,
            headers,
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }

    /// A header, empty when it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// How it is compressed, when it is.
    fn encoding(&self) -> Option<&str> {
        let encoding = self.header("content-encoding");
        (!matches!(encoding, "" | "identity")).then_some(encoding)
    }

    pub(super) fn is_html(&self) -> bool {
        self.header("content-type").starts_with("text/html")
            || self.body.trim_start().starts_with('<') && !self.body.starts_with("<?xml")
    }

    /// Whether nginx wrote it, or one of its descendants.
    fn is_nginx(&self) -> bool {
        let server = self.header("server").to_ascii_lowercase();
        let families = ["nginx", "openresty", "tengine"];
        families.iter().any(|family| {
            server.starts_with(family) || self.body.contains(&format!("<center>{family}"))
        })
    }

    /// Whether it is the page that a web server shows in place of a site.
    pub(super) fn is_welcome(&self) -> bool {
        WELCOMES.iter().any(|words| self.body.contains(words))
    }

    /// Whether a web server wrote it of itself: its name stands below.
    pub(super) fn is_web_servers_error(&self) -> bool {
        let signatures = [
            "<center>nginx",
            "<center>openresty",
            "<center>tengine",
            "<address>Apache/",
        ];
        signatures.iter().any(|name| self.body.contains(name))
    }

    /// Whether a web server wants a name and a password (RFC 7617).
    pub(super) fn wants_password(&self) -> bool {
        let wanted = self.header("www-authenticate").to_ascii_lowercase();
        self.status == 401 && wanted.starts_with("basic")
    }

    /// Whether Cloudflare refused it with one of its codes, without a page.
    pub(super) fn is_cloudflares_code(&self) -> bool {
        self.body.trim_start().starts_with("error code: ")
    }

    /// Whether Discord's API says that it knows no such path, or of itself that it is in trouble:
    /// `{"message": "404: Not Found", "code": 0}`.
    pub(super) fn is_discords_error(&self) -> bool {
        self.json().is_some_and(|json| {
            let message = json["message"].as_str().unwrap_or_default();
            json["code"] == 0 && message.starts_with(&format!("{}: ", self.status))
        })
    }

    /// Whether Cloudflare, which stands before Discord, does not know the name that it was asked for.
    pub(super) fn is_unknown_host(&self) -> bool {
        let says = |code: &str| {
            self.body.contains(&format!("error code: {code}"))
                || self.body.contains(&format!("Error {code}"))
        };
        matches!(self.status, 409 | 421) || says("1001") || says("1003")
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Which of Discord's hosts speaks so.
    pub(super) fn speaker(&self) -> Option<Place> {
        let body = self.body.trim();
        if body == NO_CONTENT {
            return Some(Place::Cdn);
        }
        if body.contains("<Error><Code>") {
            return Some(Place::Upload);
        }
        let json = self.json()?;
        (json.get("message").is_some() || json.get("url").is_some()).then_some(Place::Api)
    }

    pub(super) fn title(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("<title>")?;
        let (title, _) = rest.split_once("</title>")?;
        let title = title.trim();
        (!title.is_empty()).then(|| title.chars().take(TITLE).collect())
    }

    /// Whether it is the address of a gateway, as `GET /gateway` says it.
    pub(super) fn names_gateway(&self) -> bool {
        self.status == 200
            && self.json().is_some_and(|json| {
                json["url"]
                    .as_str()
                    .is_some_and(|url| url.starts_with("wss://") || url.starts_with("ws://"))
            })
    }

    /// When Discord answered by its own clock, in Unix seconds: by its rate limit, which no reverse proxy changes, else
    /// by `Date`, which nginx writes itself.
    pub(super) fn told_at(&self) -> Option<f64> {
        let number = |name| self.header(name).parse::<f64>().ok();
        let by_limit = number("x-ratelimit-reset")
            .zip(number("x-ratelimit-reset-after"))
            .map(|(reset, after)| reset - after);
        by_limit.or_else(|| {
            let date = httpdate::parse_http_date(self.header("date")).ok()?;
            let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
            // It has whole seconds only: the moment is half a second later, give or take as much.
            Some(since.as_secs_f64() + 0.5)
        })
    }
}

/// Why an answer is not the one of Discord's that was asked for.
pub(super) fn obstacle(host: &Host, page: &Page) -> Told {
    let status = page.status;
    if !host.is_own() {
        return of_discords_own(host, page);
    }
    if let 300..=399 = status {
        return advice::redirect(host, page);
    }
    match page.speaker() {
        // Other applications too say what is wrong in a "message".
        Some(Place::Api) if host.place == Place::Elsewhere && !page.is_discords_error() => {}
        Some(other) if other != host.place => return advice::of_other_host(host, other, page),
        Some(Place::Api) if status == 404 => return advice::changed_path(host),
        _ => {}
    }
    if page
        .body
        .contains("plain HTTP request was sent to HTTPS port")
    {
        return advice::not_plain(host);
    }
    if page.is_unknown_host() {
        return advice::wrong_host(host, status);
    }
    match status {
        401 => advice::login(host),
        403 if page.is_nginx() => advice::denied(host),
        413 => super::upload::too_large(status),
        426 if host.place == Place::Gateway => advice::no_upgrade(host, status),
        426 => advice::old_http(host, status),
        429 => advice::limited(status),
        502 if page.is_nginx() || !page.body.contains("cloudflare") => advice::no_sni(host, status),
        504 => advice::upstream_timed_out(host, status),
        500..=599 => advice::in_trouble(host, status),
        _ if page.encoding().is_none() && host.place == Place::Gateway && !page.is_html() => {
            advice::no_upgrade(host, status)
        }
        404 if page.is_nginx() => advice::no_location(host),
        _ => match page.encoding() {
            Some(encoding) => advice::compressed(host, encoding),
            None => advice::other_page(host, page),
        },
    }
}

/// Where no reverse proxy of the operator's is in between.
fn of_discords_own(host: &Host, page: &Page) -> Told {
    match page.status {
        429 => advice::limited(429),
        status @ 500..=599 => advice::in_trouble(host, status),
        _ => advice::other_page(host, page),
    }
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;
    use url::Url;

    use super::*;
    use crate::doctor::check::Check;

    fn host(place: Place) -> Host {
        Host {
            place,
            setting: "mj.x_url",
            is_own: true,
            discords: "cdn.discordapp.com",
            url: Url::parse("https://x.example/path").unwrap(),
            dns: Check::CdnDns,
            tcp: Check::CdnTcp,
            tls: Check::CdnTls,
        }
    }

    fn told(place: Place, status: u16, headers: &[(&'static str, &str)], body: &str) -> String {
        let headers = headers.iter().map(|(name, value)| {
            (
                reqwest::header::HeaderName::from_static(name),
                value.parse().unwrap(),
            )
        });
        let page = Page::new(status, headers.collect(), body.as_bytes());
        let (seen, todo) = obstacle(&host(place), &page);
        format!("{} -> {}", seen.words(Lang::En), todo.words(Lang::En))
    }

    #[test]
    fn tells_addresses_that_are_swapped() {
        let error = "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>";
        let told_of = told(Place::Cdn, 403, &[], error);
        assert!(
            told_of.contains("leads to discord-attachments-uploads-prd"),
            "{told_of}"
        );
        let told_of = told(Place::Api, 404, &[], NO_CONTENT);
        assert!(told_of.contains("leads to cdn.discordapp.com"), "{told_of}");
        let told_of = told(
            Place::Upload,
            404,
            &[],
            r#"{"message":"404: Not Found","code":0}"#,
        );
        assert!(told_of.contains("leads to discord.com"), "{told_of}");
    }

    #[test]
    fn tells_cloudflares_pages_apart() {
        for (status, body) in [
            (409, "error code: 1001"),
            (403, "error code: 1003"),
            (421, ""),
        ] {
            let told_of = told(Place::Api, status, &[], body);
            assert!(told_of.contains("proxy_set_header Host"), "{told_of}");
        }
        let down = told(Place::Api, 502, &[], "<html><center>cloudflare</center>");
        assert!(down.contains("discordstatus"), "{down}");
        let nginx = told(Place::Api, 502, &[("server", "nginx/1.22.1")], "<html>");
        assert!(nginx.contains("proxy_ssl_server_name on;"), "{nginx}");
    }

    #[test]
    fn tells_where_redirects_lead() {
        let own = told(Place::Api, 302, &[("location", "/login?next=secret")], "");
        assert!(own.contains("another page of its own name"), "{own}");
        assert!(!own.contains("secret"), "{own}");
        let mut plain = host(Place::Api);
        plain.url.set_scheme("http").unwrap();
        let mut page = Page::new(301, HeaderMap::default(), b"");
        page.headers
            .insert("location", "https://x.example/path".parse().unwrap());
        let (_, todo) = obstacle(&plain, &page);
        assert!(todo.words(Lang::En).contains("Force HTTPS"));
        let discords = told(
            Place::Cdn,
            301,
            &[("location", "https://cdn.discordapp.com/")],
            "",
        );
        assert!(
            discords.contains("proxy_pass https://cdn.discordapp.com;"),
            "{discords}"
        );
        let other = told(
            Place::Api,
            302,
            &[("location", "https://login.example/?s=secret")],
            "",
        );
        assert!(
            other.contains("login.example") && !other.contains("secret"),
            "{other}"
        );
    }

    #[test]
    fn tells_http_from_https() {
        let body = "<center>The plain HTTP request was sent to HTTPS port</center>";
        let told_of = told(Place::Api, 400, &[("server", "nginx")], body);
        assert!(
            told_of.contains("write mj.x_url with https://"),
            "{told_of}"
        );
    }

    #[test]
    fn tells_a_path_of_the_settings_from_one_of_the_proxys() {
        let page = Page::new(
            404,
            HeaderMap::default(),
            br#"{"message":"404: Not Found","code":0}"#,
        );
        let told = |url: &str| {
            let mut host = host(Place::Api);
            host.url = Url::parse(url).unwrap();
            obstacle(&host, &page).1.words(Lang::En).to_owned()
        };
        let own = told("https://x.example/discord/api/v9/gateway");
        assert!(own.starts_with("take /discord out of mj.x_url"), "{own}");
        let proxys = told("https://x.example/api/v9/gateway");
        assert!(proxys.contains("without a path or slash"), "{proxys}");
    }

    #[test]
    fn a_status_says_more_than_compression() {
        let gzip = [("content-encoding", "gzip"), ("server", "nginx")];
        let told_of = told(Place::Api, 502, &gzip, "");
        assert!(told_of.contains("proxy_ssl_server_name on;"), "{told_of}");
    }

    #[test]
    fn tells_what_has_no_title() {
        let json = [("content-type", "application/json; charset=utf-8")];
        for (headers, body, words) in [
            (
                &json[..],
                r#"{"code":200,"msg":"ok"}"#,
                r#"(application/json: {"code":200"#,
            ),
            (
                &[("content-type", "text/plain")],
                "error code: 1020",
                "(text/plain: error code: 1020)",
            ),
            (&[], "", "(nothing in it)"),
            (
                &[("content-encoding", "gzip")],
                "\u{fffd}\u{1}",
                "is compressed (gzip)",
            ),
            (
                &[("content-type", "image/png")],
                "\u{fffd}PNG",
                "(image/png)",
            ),
        ] {
            let told_of = told(Place::Api, 200, headers, body);
            assert!(told_of.contains(words), "{told_of}");
        }
    }

    #[test]
    fn reads_discords_clock() {
        let mut page = Page::default();
        assert_eq!(page.told_at(), None);
        let put = |page: &mut Page, name: &'static str, value: &str| {
            page.headers.insert(name, value.parse().unwrap());
        };
        put(&mut page, "date", "Thu, 01 Jan 1970 00:01:40 GMT");
        assert_eq!(page.told_at(), Some(100.5));
        put(&mut page, "x-ratelimit-reset", "205.25");
        put(&mut page, "x-ratelimit-reset-after", "5.0");
        assert_eq!(page.told_at(), Some(200.25), "nginx writes Date itself");
    }
}
