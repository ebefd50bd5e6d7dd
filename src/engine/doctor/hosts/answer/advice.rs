//! What is said of each answer that is not Discord's, and the line of nginx's configuration that mends it.

use url::Url;

use super::{Host, Page, TITLE, Told};
use crate::{
    doctor::text::{Shown, Text},
    network::Place,
};

/// A port that speaks TLS and is asked without.
pub(super) fn not_plain(host: &Host) -> Told {
    (
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
    )
}

/// nginx's own message for what Discord's servers refuse in the TLS handshake.
pub(super) fn no_sni(host: &Host, status: u16) -> Told {
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

pub(super) fn wrong_host(host: &Host, status: u16) -> Told {
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
pub(super) fn no_upgrade(host: &Host, status: u16) -> Told {
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
pub(super) fn old_http(host: &Host, status: u16) -> Told {
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

pub(super) fn redirect(host: &Host, page: &Page) -> Told {
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
    if is_same && host.is_secure() {
        return (
            Text::with(
                "status {0}: {1} redirects to another page of its own name, as a login or a welcome page does, or to itself",
                "状态 {0}：{1} 重定向到同一域名的其他页面（如登录页、欢迎页）或其自身",
                [page.status.into(), host.setting.into()],
            ),
            another_site(host),
        );
    }
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

pub(super) fn of_other_host(host: &Host, other: Place, page: &Page) -> Told {
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

pub(super) fn changed_path(host: &Host) -> Told {
    let path = host.url.path();
    let own = path.split("/api/").next().unwrap_or_default();
    if !own.is_empty() && own != path {
        return (
            Text::with(
                "status 404 by Discord: the path {1} of {0} reaches it",
                "Discord 返回 404：{0} 中的路径 {1} 被一并转发",
                [host.setting.into(), Shown::said(own)],
            ),
            Text::with(
                "take {1} out of {0}; or let the reverse proxy cut it off: \"location {1}/ { proxy_pass https://{2}/; }\"",
                "请从 {0} 中去掉 {1}；或让反向代理去掉它：“location {1}/ { proxy_pass https://{2}/; }”",
                [host.setting.into(), Shown::said(own), host.discords.into()],
            ),
        );
    }
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

pub(super) fn login(host: &Host) -> Told {
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

pub(super) fn denied(host: &Host) -> Told {
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

pub(super) fn limited(status: u16) -> Told {
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

pub(super) fn upstream_timed_out(host: &Host, status: u16) -> Told {
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

pub(super) fn in_trouble(host: &Host, status: u16) -> Told {
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

pub(super) fn no_location(host: &Host) -> Told {
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

pub(super) fn other_page(host: &Host, page: &Page) -> Told {
    let (status, setting) = (Shown::from(page.status), Shown::from(host.setting));
    let seen = match page.title() {
        Some(title) => Text::with(
            "status {0} with a page that is not Discord's (its title: {2}) at {1}",
            "状态 {0}：{1} 返回的页面不是 Discord 的（标题：{2}）",
            [status, setting, Shown::said(&title)],
        ),
        None => Text::with(
            "status {0} with an answer that is not Discord's ({2}) at {1}",
            "状态 {0}：{1} 返回的内容不是 Discord 的（{2}）",
            [status, setting, untitled(page)],
        ),
    };
    let todo = if host.is_own() {
        another_site(host)
    } else {
        Text::with(
            "something in between answers for {0}: check mj.proxy, /etc/hosts and this machine's DNS, or set {1} to a reverse proxy of your own",
            "有中间设备冒充 {0} 应答：请检查 mj.proxy、/etc/hosts 与本机 DNS，或将 {1} 设为自己的反向代理",
            [host.discords.into(), host.setting.into()],
        )
    };
    (seen, todo)
}

fn another_site(host: &Host) -> Text {
    Text::with(
        "another site or a firewall (WAF) answers to that name: in nginx check \"server_name\", that the site has its own \"location\" with \"proxy_pass https://{0};\", that the name's DNS leads to this machine, and exempt the site in the firewall",
        "该域名由其他站点或防火墙（WAF）应答：请检查 nginx 的 server_name、该站点的 location 与 “proxy_pass https://{0};”，以及域名解析是否指向正确的服务器，并在防火墙中放行该站点",
        [host.discords.into()],
    )
}

/// An answer without a title: what it says it is, and how it begins where that is a text.
fn untitled(page: &Page) -> Shown {
    if page.body.is_empty() {
        return Text::new("nothing in it", "内容为空").into();
    }
    let kind = page.header("content-type").split(';').next();
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or("?");
    let is_text = !page.body.contains(['\u{fffd}', '\0']);
    if !is_text {
        return Shown::said(kind);
    }
    let begin: String = page.body.trim().chars().take(TITLE).collect();
    Shown::said(&format!("{kind}: {begin}"))
}

/// An answer that is compressed, which nobody asked for and nobody here reads.
pub(super) fn compressed(host: &Host, encoding: &str) -> Told {
    (
        Text::with(
            "what comes through {0} is compressed ({1}), which was not asked for",
            "经过 {0} 的应答被压缩（{1}），而请求并未要求",
            [host.setting.into(), Shown::said(encoding)],
        ),
        Text::new(
            "switch compression off for that name: \"gzip off;\" in its nginx configuration, and the same in a CDN in front",
            "请为该域名关闭压缩：在其 nginx 配置中写 “gzip off;”，前面的 CDN 同样关闭",
        ),
    )
}
