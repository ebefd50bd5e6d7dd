//! Whose an answer is: Discord's, or of something that stands in between, told by status, headers and text. What is
//! wrong there comes with the line of nginx's configuration that mends it (docs/proxies).

use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::Host;
use crate::{
    doctor::text::{Shown, Text},
    network::Place,
};

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
        return redirect(host, page);
    }
    match page.speaker() {
        // Other applications too say what is wrong in a "message".
        Some(Place::Api) if host.place == Place::Elsewhere && !page.is_discords_error() => {}
        Some(other) if other != host.place => return of_other_host(host, other, page),
        Some(Place::Api) if status == 404 => return changed_path(host),
        _ => {}
    }
    if page
        .body
        .contains("plain HTTP request was sent to HTTPS port")
    {
        return (
            Text::with(
                "{0} is answered with 400: its port wants https, and the address says http",
                "{0} 返回 400：该端口要求 https，而地址写的是 http",
                [host.setting.into()],
            ),
            Text::with(
                "write {0} with https:// (the gateway with wss://)",
                "请将 {0} 改为 https://（网关为 wss://）",
                [host.setting.into()],
            ),
        );
    }
    if page.is_unknown_host() {
        return wrong_host(host, status);
    }
    match status {
        401 => login(host),
        403 if page.is_nginx() => denied(host),
        413 => super::upload::too_large(status),
        426 if host.place == Place::Gateway => no_upgrade(host, status),
        426 => old_http(host, status),
        429 => limited(status),
        502 if page.is_nginx() || !page.body.contains("cloudflare") => no_sni(host, status),
        504 => upstream_timed_out(host, status),
        500..=599 => in_trouble(host, status),
        _ if host.place == Place::Gateway && !page.is_html() => no_upgrade(host, status),
        404 if page.is_nginx() => no_location(host),
        _ => other_page(host, page),
    }
}

/// Where no reverse proxy of the operator's is in between.
fn of_discords_own(host: &Host, page: &Page) -> Told {
    match page.status {
        429 => limited(429),
        status @ 500..=599 => in_trouble(host, status),
        _ => other_page(host, page),
    }
}

/// nginx's own message for what Discord's servers refuse in the TLS handshake.
fn no_sni(host: &Host, status: u16) -> Told {
    (
        Text::with(
            "status {0}: the reverse proxy of {1} gets no answer from {2}",
            "状态 {0}：{1} 的反向代理无法从 {2} 得到应答",
            [status.into(), host.setting.into(), host.discords.into()],
        ),
        Text::with(
            "in its nginx configuration add \"proxy_ssl_server_name on;\" and \"proxy_ssl_name {0};\" (SNI): without them Discord breaks the connection off. If they are there, nginx's error log has the reason: \"resolver\", \"proxy_ssl_trusted_certificate\", or no way out to Discord",
            "请在其 nginx 配置中加入 “proxy_ssl_server_name on;” 与 “proxy_ssl_name {0};”（SNI），缺少时 Discord 会断开连接。若已存在，请查看 nginx 错误日志：resolver、proxy_ssl_trusted_certificate，或该服务器无法访问 Discord",
            [host.discords.into()],
        ),
    )
}

fn wrong_host(host: &Host, status: u16) -> Told {
    (
        Text::with(
            "status {0}: Discord does not know the name that the reverse proxy of {1} asks for",
            "状态 {0}：Discord 不认识 {1} 的反向代理所请求的域名",
            [status.into(), host.setting.into()],
        ),
        Text::with(
            "in its nginx configuration write \"proxy_set_header Host {0};\" in place of $host or $http_host",
            "请在其 nginx 配置中写 “proxy_set_header Host {0};”，不要使用 $host 或 $http_host",
            [host.discords.into()],
        ),
    )
}

/// A gateway that answers as to one who wants no WebSocket.
fn no_upgrade(host: &Host, status: u16) -> Told {
    let seen = Text::with(
        "status {0} in place of 101: what stands at {1} does not pass the request for a WebSocket on",
        "状态 {0} 而非 101：{1} 没有转发 WebSocket 升级请求",
        [status.into(), host.setting.into()],
    );
    let todo = if status == 426 {
        say_http_11()
    } else {
        Text::new(
            "in its nginx configuration add \"proxy_set_header Upgrade $http_upgrade;\", \"proxy_set_header Connection \"upgrade\";\" and \"proxy_http_version 1.1;\"",
            "请在其 nginx 配置中加入 “proxy_set_header Upgrade $http_upgrade;”、“proxy_set_header Connection \"upgrade\";” 与 “proxy_http_version 1.1;”",
        )
    };
    (seen, todo)
}

/// A server that wants more than HTTP/1.0.
fn old_http(host: &Host, status: u16) -> Told {
    (
        Text::with(
            "status {0}: the reverse proxy of {1} speaks HTTP/1.0 with {2}",
            "状态 {0}：{1} 的反向代理使用 HTTP/1.0 访问 {2}",
            [status.into(), host.setting.into(), host.discords.into()],
        ),
        say_http_11(),
    )
}

fn say_http_11() -> Text {
    Text::new(
        "in its nginx configuration add \"proxy_http_version 1.1;\": nginx speaks HTTP/1.0 without it",
        "请在其 nginx 配置中加入 “proxy_http_version 1.1;”，否则 nginx 使用 HTTP/1.0",
    )
}

fn redirect(host: &Host, page: &Page) -> Told {
    let target = page.header("location");
    let target = host.url.join(target).ok();
    let name = target.as_ref().and_then(Url::host_str).unwrap_or("?");
    if name == host.discords && host.is_own() {
        return (
            Text::with(
                "status {0}: Discord sends the reverse proxy of {1} from http to https",
                "状态 {0}：Discord 要求 {1} 的反向代理改用 https",
                [page.status.into(), host.setting.into()],
            ),
            Text::with(
                "in its nginx configuration write \"proxy_pass https://{0};\" in place of http://",
                "请在其 nginx 配置中写 “proxy_pass https://{0};”，不要使用 http://",
                [host.discords.into()],
            ),
        );
    }
    let is_same = host.url.host_str() == Some(name);
    let seen = Text::with(
        "status {0}: {1} redirects to {2}, which is not followed",
        "状态 {0}：{1} 重定向到 {2}，不会跟随",
        [page.status.into(), host.setting.into(), Shown::said(name)],
    );
    let todo = if is_same {
        Text::with(
            "write {0} with https:// (the gateway with wss://), or switch \"Force HTTPS\" off",
            "请将 {0} 写为 https://（网关为 wss://），或关闭“强制 HTTPS”",
            [host.setting.into()],
        )
    } else {
        Text::with(
            "set {0} to the address that answers itself",
            "请将 {0} 设为直接应答的地址",
            [host.setting.into()],
        )
    };
    (seen, todo)
}

fn of_other_host(host: &Host, other: Place, page: &Page) -> Told {
    let other = match other {
        Place::Api => "discord.com",
        Place::Cdn => "cdn.discordapp.com",
        Place::Upload => "discord-attachments-uploads-prd.storage.googleapis.com",
        Place::Gateway | Place::Elsewhere => "?",
    };
    // The gateway's host and the API's speak alike to one whose upgrade was lost.
    if host.place == Place::Gateway && other == "discord.com" {
        return no_upgrade(host, page.status);
    }
    (
        Text::with(
            "status {0}: {1} leads to {2}",
            "状态 {0}：{1} 指向了 {2}",
            [page.status.into(), host.setting.into(), other.into()],
        ),
        Text::with(
            "let it lead to {0}: \"proxy_pass https://{0};\" and \"proxy_set_header Host {0};\", and check that the addresses in the settings are not swapped",
            "应指向 {0}：“proxy_pass https://{0};” 与 “proxy_set_header Host {0};”，并检查各地址是否填反",
            [host.discords.into()],
        ),
    )
}

fn changed_path(host: &Host) -> Told {
    (
        Text::with(
            "status 404 by Discord: on the way through {0} the path is changed",
            "Discord 返回 404：经过 {0} 后路径被改动",
            [host.setting.into()],
        ),
        Text::with(
            "in its nginx configuration write \"proxy_pass https://{0};\" without a path or slash behind the name, and no \"rewrite\"",
            "请在其 nginx 配置中写 “proxy_pass https://{0};”，域名后不要有路径或斜杠，也不要使用 rewrite",
            [host.discords.into()],
        ),
    )
}

fn login(host: &Host) -> Told {
    (
        Text::with(
            "status 401: what answers at {0} wants a name and a password",
            "状态 401：{0} 要求登录",
            [host.setting.into()],
        ),
        Text::new(
            "take \"auth_basic\" (the panel's access restriction) out of its nginx configuration; let \"allow\" and \"deny\" say who may use it",
            "请从其 nginx 配置中去掉 auth_basic（面板的访问限制），用 allow 与 deny 控制访问",
        ),
    )
}

fn denied(host: &Host) -> Told {
    (
        Text::with(
            "status 403: the reverse proxy of {0} does not let this machine in",
            "状态 403：{0} 的反向代理不允许本机访问",
            [host.setting.into()],
        ),
        Text::new(
            "put this machine's address into its \"allow\" line, before \"deny all;\", or exempt the site in the panel's firewall",
            "请将本机地址写入其 allow（位于 deny all; 之前），或在面板防火墙中放行该站点",
        ),
    )
}

fn limited(status: u16) -> Told {
    (
        Text::with(
            "status {0}: this machine's or the proxy's address has asked too often",
            "状态 {0}：本机或代理的地址请求过于频繁",
            [status.into()],
        ),
        Text::new(
            "wait an hour, submit more slowly (mj.spacing), and see that nobody else uses the same address",
            "请等待一小时，降低频率（mj.spacing），并确认没有其他人使用同一地址",
        ),
    )
}

fn upstream_timed_out(host: &Host, status: u16) -> Told {
    (
        Text::with(
            "status {0}: the reverse proxy of {1} waits in vain for {2}",
            "状态 {0}：{1} 的反向代理等待 {2} 超时",
            [status.into(), host.setting.into(), host.discords.into()],
        ),
        Text::new(
            "see whether that machine itself reaches Discord (curl -v), its firewall, and \"proxy_connect_timeout\"",
            "请检查该服务器自身能否访问 Discord（curl -v）、其防火墙以及 proxy_connect_timeout",
        ),
    )
}

fn in_trouble(host: &Host, status: u16) -> Told {
    (
        Text::with(
            "status {0} from {1}: Discord or the server in between is in trouble",
            "{1} 返回状态 {0}：Discord 或中间服务器故障",
            [status.into(), host.setting.into()],
        ),
        Text::new(
            "look at https://discordstatus.com and at the error log of the server in between, then try again",
            "请查看 https://discordstatus.com 与中间服务器的错误日志，然后重试",
        ),
    )
}

fn no_location(host: &Host) -> Told {
    let location = match host.place {
        Place::Api => "location /api/ { … }",
        Place::Cdn => "location ~ ^/(attachments|ephemeral-attachments)/ { … }",
        Place::Gateway | Place::Upload | Place::Elsewhere => "location / { … }",
    };
    (
        Text::with(
            "status 404 by nginx itself: at {0} nothing is passed on to {1}",
            "nginx 自身返回 404：{0} 没有转发到 {1}",
            [host.setting.into(), host.discords.into()],
        ),
        Text::with(
            "in the nginx configuration of that name put \"{0}\" with \"proxy_pass https://{1};\", and remove other blocks (PHP, pictures, scripts) that catch the path first",
            "请在该域名的 nginx 配置中加入 “{0}” 与 “proxy_pass https://{1};”，并去掉会先匹配该路径的其他 location（PHP、图片、脚本）",
            [location.into(), host.discords.into()],
        ),
    )
}

fn other_page(host: &Host, page: &Page) -> Told {
    let title = page
        .title()
        .map_or(Shown::from("-"), |title| Shown::said(&title));
    let seen = Text::with(
        "status {0} with a page that is not Discord's (its title: {2}) at {1}",
        "状态 {0}：{1} 返回的页面不是 Discord 的（标题：{2}）",
        [page.status.into(), host.setting.into(), title],
    );
    let todo = if host.is_own() {
        Text::with(
            "another site answers to that name: in nginx check \"server_name\", that the site has its own \"location\" with \"proxy_pass https://{0};\", and that the name's DNS leads to this machine",
            "该域名由其他站点应答：请检查 nginx 的 server_name、该站点的 location 与 “proxy_pass https://{0};”，以及域名解析是否指向正确的服务器",
            [host.discords.into()],
        )
    } else {
        Text::with(
            "something in between answers for {0}: check mj.proxy, /etc/hosts and this machine's DNS, or set {1} to a reverse proxy of your own",
            "有中间设备冒充 {0} 应答：请检查 mj.proxy、/etc/hosts 与本机 DNS，或将 {1} 设为自己的反向代理",
            [host.discords.into(), host.setting.into()],
        )
    };
    (seen, todo)
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;

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
        let own = told(
            Place::Api,
            301,
            &[("location", "https://x.example/path")],
            "",
        );
        assert!(own.contains("Force HTTPS"), "{own}");
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
