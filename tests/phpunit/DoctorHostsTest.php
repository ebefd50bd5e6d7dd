<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Faults\Proxy;
use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\Until;

/** Names, connections, certificates, answers and the gateway's WebSocket, as `mj_doctor()` tells of them. */
final class DoctorHostsTest extends ExaminedTestCase
{
    /** Setting and scheme of each host. */
    private const HOSTS = ['api' => ['api_url', 'https'], 'gateway' => ['gateway_url', 'wss'], 'cdn' => ['cdn_url', 'https'], 'upload' => ['upload_url', 'https'], 'activity' => ['activity_url', 'https']];
    private const EDITOR = '936929561302675456.discordsays.com';

    public function testAllIsWell(): void
    {
        $found = new Examination(self::config(self::simulator()));
        self::assertHealthy($found, ['proxy', 'api.tls', 'gateway.tls', 'cdn.tls', 'upload.tls', 'activity.tls', 'gateway.idle', 'cdn.query']);
        self::assertStringContainsString('a heartbeat each 41.2 s', $found->words('gateway.hello'));
        self::assertStringContainsString('127.0.0.1', $found->words('api.dns'));
        self::assertStringContainsString('answers (status 405); no region was sent', $found->words('activity.answer'));
        self::assertStringContainsString('未提交任何重绘', $found->words('activity.answer', 'zh'));
    }

    public function testEachCheckOfTheNetworkIsBrokenByATest(): void
    {
        $tests = file_get_contents(__FILE__) . file_get_contents(__DIR__ . '/DoctorDiscordTest.php');
        // Each stands in one line with the status that it gets.
        foreach ((new Examination([], ['network' => false]))->names() as $name) {
            [$place, $step] = explode('.', $name) + [1 => ''];
            $isOfEachHost = isset(self::HOSTS[$place]) && in_array($step, ['dns', 'tcp', 'tls'], true);
            $words = $isOfEachHost ? '/assertFound\(.*"\$place\.' . $step . '"/' : '/(assertFound\(|=> \[|yield ).*\'' . preg_quote($name, '/') . '\', \'?(failed|warning|\[)/';
            self::assertMatchesRegularExpression($words, $tests, "$name is broken by no test");
        }
    }

    public function testAllIsWellOverIpv6(): void
    {
        if (@stream_socket_server('tcp://[::1]:0') === false) {
            self::markTestSkipped('this machine has no IPv6');
        }
        $simulator = self::simulator([], '--listen', '[::1]:0', '--listen-resume', '[::1]:0');
        $found = new Examination(self::config($simulator));
        self::assertHealthy($found);
        self::assertStringContainsString('connected to ::1', $found->words('gateway.tcp'));
    }

    /** @return iterable<string, array{string}> */
    public function places(): iterable
    {
        foreach (array_keys(self::HOSTS) as $place) {
            yield $place => [$place];
        }
    }

    /** @dataProvider places */
    public function testANameWithoutAddress(string $place): void
    {
        $found = new Examination(self::broken($place, "$place.mj-doctor.invalid", 443), ['timeout' => 3]);
        self::assertFound($found, "$place.dns", 'failed', ["$place.mj-doctor.invalid has no address", 'typing error'], ['无法解析', '拼写']);
        self::assertSame("$place.dns", $found->hindered()["$place.tls"]);
    }

    /** @dataProvider places */
    public function testAPortWhereNobodyListens(string $place): void
    {
        $found = new Examination(self::broken($place, '127.0.0.1', 1));
        self::assertFound($found, "$place.tcp", 'failed', ['the connection is refused', 'listens on port 1'], ['连接被拒绝', '监听端口 1']);
    }

    /** @return iterable<string, array{string, string, string, list<string>, list<string>}> */
    public function certificates(): iterable
    {
        foreach (array_keys(self::HOSTS) as $place) {
            yield "$place: expired" => [$place, 'tls_expired', 'failed', ['certificate of localhost expired', 'renew it'], ['已过期', '续签']];
            yield "$place: soon" => [$place, 'tls_soon', 'warning', ['5 days left', 'renew it'], ['剩余 5 天', '续签']];
        }
        yield 'another name' => ['api', 'tls_wrong_host', 'failed', ['for elsewhere.invalid, not for localhost', 'server_name'], ['elsewhere.invalid，而不是 localhost', 'server_name']];
        yield 'another authority' => ['api', 'tls_unknown_ca', 'failed', ['an authority that is not known here', 'mj.ca_file', 'fullchain.pem'], ['不信任', 'mj.ca_file']];
        yield 'self-signed' => ['api', 'tls_self_signed', 'failed', ['signed itself', 'mj.ca_file'], ['自签名', 'mj.ca_file']];
        yield 'an authority as its own host' => ['api', 'tls_authority', 'failed', ["an authority's own (CA:TRUE)", 'CA:FALSE', 'mj.ca_file'], ['CA:TRUE', 'CA:FALSE']];
        yield 'no name' => ['cdn', 'tls_nameless', 'failed', ['names no host at all', 'subjectAltName'], ['没有任何域名', 'subjectAltName']];
        yield 'silence' => ['cdn', 'black_hole', 'failed', ['no whole answer in time', 'is open and says nothing', 'MTU'], ['应答超时', 'MTU']];
        yield 'expired, or the clock is wrong' => ['gateway', 'tls_expired', 'failed', ["by this machine's clock (20", 'set the clock'], ['按本机时间（20', '校时']];
        yield 'no TLS' => ['gateway', 'tls_none', 'failed', ['does not speak TLS', ' ssl;'], ['不是 TLS', ' ssl;']];
        yield 'an old TLS' => ['cdn', 'tls_old', 'failed', ['neither TLS 1.2 nor 1.3', 'ssl_protocols TLSv1.2 TLSv1.3;'], ['TLS 1.2', 'ssl_protocols TLSv1.2 TLSv1.3;']];
        yield 'reset' => ['upload', 'reset_tls', 'failed', ['the connection is reset', 'error log'], ['连接被重置', '错误日志']];
    }

    /**
     * @dataProvider certificates
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    public function testACertificate(string $place, string $fault, string $status, array $en, array $zh): void
    {
        self::assertFound(self::through($place, $fault), "$place.tls", $status, $en, $zh);
    }

    /** @return iterable<string, array{string, string, string, list<string>, list<string>}> */
    public function answers(): iterable
    {
        yield 'a welcome page' => ['api', 'html200', 'api.answer', ['status 200 with a page', 'server_name'], ['状态 200', 'server_name']];
        yield 'a redirect' => ['api', 'loop301', 'api.answer', ['status 301', 'another page of its own name, ', 'or to itself'], ['状态 301', '或其自身']];
        yield 'Cloudflare' => ['api', 'cloudflare1015', 'api.answer', ['status 429', 'mj.spacing'], ['状态 429', 'mj.spacing']];
        yield 'the API broken off' => ['api', 'truncated', 'api.answer', ['broke before all was said', 'error log'], ['连接中断', '错误日志']];
        yield 'pictures: a welcome page' => ['cdn', 'html200', 'cdn.answer', ['status 200 with a page', 'proxy_pass https://cdn.discordapp.com;'], ['状态 200', 'proxy_pass']];
        yield 'pictures: 503' => ['cdn', 'status503', 'cdn.answer', ['status 503', 'discordstatus.com'], ['状态 503', 'discordstatus.com']];
        yield 'uploads: a welcome page' => ['upload', 'html200', 'upload.answer', ['status 200 with a page'], ['状态 200']];
        yield 'region editor: 502' => ['activity', 'status502', 'activity.answer', ['status 502', 'only Vary (Region) needs this host', 'proxy_ssl_server_name on;'], ['状态 502', '仅 Vary (Region)']];
        yield 'region editor: a redirect' => ['activity', 'loop301', 'activity.answer', ['status 301', 'or to itself'], ['状态 301', '或其自身']];
        yield 'region editor: broken off' => ['activity', 'truncated', 'activity.answer', ['broke before all was said', 'only Vary (Region)', 'error log'], ['连接中断', '仅 Vary (Region)']];
        yield 'gateway: a welcome page' => ['gateway', 'html200', 'gateway.upgrade', ['status 200 with a page', 'server_name'], ['状态 200', 'server_name']];
        yield 'gateway: reset behind Hello' => ['gateway', 'reset_hello', 'gateway.buffering', ['no answer', 'proxy_buffering off;'], ['没有得到应答', 'proxy_buffering off;']];
        yield 'gateway: no Hello' => ['gateway', 'no_hello', 'gateway.hello', ['Hello does not come', 'proxy_buffering off;'], ['没有收到 Hello', 'proxy_buffering off;']];
    }

    /**
     * @dataProvider answers
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    public function testAnAnswerThatIsNotDiscords(string $place, string $fault, string $check, array $en, array $zh): void
    {
        self::assertFound(self::through($place, $fault, ['timeout' => 3]), $check, 'failed', $en, $zh);
    }

    /** Nobody wrote down what Midjourney's host says to a GET: a page that could be its own is no failure. */
    public function testAPageThatMayBeTheEditors(): void
    {
        self::assertFound(self::through('activity', 'html200'), 'activity.answer', 'unknown', ['status 200', 'Welcome', 'try Vary (Region) once', 'docs/proxies/activity.conf'], ['状态 200', '无法判断', 'docs/proxies/activity.conf']);
    }

    /** Who never marks a region needs no reverse proxy for it. */
    public function testARegionEditorThatNobodySetUp(): void
    {
        $proxy = new ForwardProxy('http');
        $config = array_diff_key(self::remote($proxy), ['activity_url' => 0]);
        self::assertFound(new Examination($config), 'activity.tcp', 'warning', ['not lead to that host', 'only Vary (Region) needs this host', 'rules'], ['仅 Vary (Region)', '规则']);
    }

    public function testAGatewayThatDoesNotListen(): void
    {
        $simulator = self::simulator();
        // One for each language.
        $simulator->control('fault', ['gateway' => 'no_ack', 'times' => 2]);
        self::assertFound(new Examination(self::config($simulator), ['timeout' => 3]), 'gateway.buffering', 'failed', ['a heartbeat gets no answer', 'proxy_buffering off;'], ['心跳没有得到应答', 'proxy_buffering off;']);
    }

    public function testNoResumeAddress(): void
    {
        $simulator = self::simulator();
        $found = new Examination($simulator->config());
        self::assertFound($found, 'gateway.resume', 'warning', ['mj.gateway_resume_url is not', 'map $uri $mj_gateway'], ['未设置 mj.gateway_resume_url', 'map $uri $mj_gateway']);
    }

    public function testAResumeAddressWhereNobodyIs(): void
    {
        $simulator = self::simulator();
        $found = new Examination($simulator->config(['gateway_resume_url' => 'ws://127.0.0.1:1/{host}']));
        self::assertFound($found, 'gateway.resume', 'warning', ['mj.gateway_resume_url: 127.0.0.1, port 1', 'listens on port 1'], ['mj.gateway_resume_url：', '监听端口 1']);
    }

    public function testEverythingThroughTheExamples(): void
    {
        $simulator = self::simulator(['cdn_ttl_seconds' => 86400], '--discord-hosts');
        $nginx = self::nginx($simulator);
        self::showPicture($simulator);
        $found = new Examination(self::throughExamples($simulator, $nginx));
        self::assertHealthy($found);
        self::assertSame('ok', $found->status('cdn.query'));
        self::assertSame('ok', $found->status('upload.size'));
        self::assertMatchesRegularExpression('/^TLS 1\.[23]; certificate for localhost by throw-away ca/', $found->words('api.tls'));
        $uploads = array_filter($nginx->seen(), static fn (array $one) => $one['method'] === 'PUT');
        self::assertSame([], $uploads, 'nothing is sent to the storage');
        $looks = array_values(array_filter($nginx->seen(), static fn (array $one) => $one['host'] === self::EDITOR));
        self::assertSame([['GET', '/inpaint/api/submit-job', 405]], array_values(array_unique(array_map(static fn (array $one) => [$one['method'], $one['uri'], $one['status']], $looks), SORT_REGULAR)), 'no region is sent');
    }

    /** @return array<string, array{string, string, string, string, string, list<string>, list<string>}> */
    public function omissions(): array
    {
        $panel = 'location ^~ / { proxy_pass https://discord.com; proxy_set_header Host discord.com; } location /ours/ {';
        $sni = ['gets no answer from', 'proxy_ssl_server_name on;'];
        $host = ['does not know the name', 'in place of $host'];
        $welcome = 'default_type text/html; return 200 "<title>Congratulations, the site is created successfully!</title>";';

        return [
            'API without SNI' => ['api', 'proxy_ssl_server_name on;', '', 'api.answer', 'failed', ['status 502', ...$sni], ['状态 502', 'proxy_ssl_server_name on;']],
            'API with our Host' => ['api', 'proxy_set_header Host $discord;', 'proxy_set_header Host $host;', 'api.answer', 'failed', ['proxy_set_header Host discord.com;', ...$host], ['proxy_set_header Host discord.com;']],
            'API as a panel writes it' => ['api', 'location /api/ {', $panel, 'api.answer', 'failed', $sni, ['proxy_ssl_server_name on;']],
            'API over http' => ['api', 'proxy_pass https://$discord;', 'return 301 https://discord.com$request_uri;', 'api.answer', 'failed', ['from http to https', 'proxy_pass https://discord.com;'], ['改用 https', 'proxy_pass https://discord.com;']],
            'API with a path' => ['api', 'proxy_pass https://$discord;', 'proxy_pass https://$discord/elsewhere$request_uri;', 'api.answer', 'failed', ['the path is changed', 'without a path'], ['路径被改动']],
            'API without its location' => ['api', 'location /api/ {', 'location /apis/ {', 'api.answer', 'failed', ['status 404 by nginx', 'location /api/ {'], ['nginx 自身返回 404', 'location /api/ {']],
            'API with a password' => ['api', 'location /api/ {', 'location /api/ { auth_basic x; auth_basic_user_file /dev/null;', 'api.answer', 'failed', ['status 401', 'auth_basic'], ['状态 401', 'auth_basic']],
            'API for others' => ['api', 'location /api/ {', 'location /api/ { deny all;', 'api.answer', 'failed', ['status 403', 'allow'], ['状态 403', 'allow']],
            'gateway without SNI' => ['gateway', 'proxy_ssl_server_name on;', '', 'gateway.upgrade', 'failed', ['status 502', ...$sni], ['proxy_ssl_server_name on;']],
            'gateway with our Host' => ['gateway', 'proxy_set_header Host $mj_gateway;', 'proxy_set_header Host $host;', 'gateway.upgrade', 'failed', ['proxy_set_header Host gateway.discord.gg;', ...$host], ['proxy_set_header Host gateway.discord.gg;']],
            'gateway without Upgrade' => ['gateway', 'proxy_set_header Upgrade $http_upgrade;', '', 'gateway.upgrade', 'failed', ['in place of 101', 'proxy_set_header Upgrade $http_upgrade;'], ['而非 101', 'proxy_set_header Upgrade $http_upgrade;']],
            'gateway without Connection' => ['gateway', 'proxy_set_header Connection $mj_connection;', '', 'gateway.upgrade', 'failed', ['in place of 101', 'proxy_set_header Connection "upgrade";'], ['而非 101']],
            'gateway by HTTP/1.0' => ['gateway', 'proxy_http_version 1.1;', '', 'gateway.upgrade', 'failed', ['status 426', 'proxy_http_version 1.1;'], ['状态 426', 'proxy_http_version 1.1;']],
            'gateway without the query' => ['gateway', 'proxy_pass https://$mj_gateway/$is_args$args;', 'proxy_pass https://$mj_gateway/;', 'gateway.hello', 'failed', ['query', '$is_args$args'], ['查询参数', '$is_args$args']],
            'pictures without SNI' => ['cdn', 'proxy_ssl_server_name on;', '', 'cdn.answer', 'failed', $sni, ['proxy_ssl_server_name on;']],
            'pictures without the query' => ['cdn', 'proxy_pass https://$discord;', 'proxy_pass https://$discord$uri;', 'cdn.query', 'failed', ['signed itself', 'without a path'], ['ex、is、hm', 'proxy_pass']],
            'pictures cached by path' => ['cdn', 'proxy_cache_key $request_uri;', 'proxy_cache_key $uri;', 'cdn.query', 'warning', ['wrong signature too', 'proxy_cache_key $request_uri;'], ['缓存', 'proxy_cache_key $request_uri;']],
            'uploads without SNI' => ['upload', 'proxy_ssl_server_name on;', '', 'upload.answer', 'failed', $sni, ['proxy_ssl_server_name on;']],
            'region editor without SNI' => ['activity', 'proxy_ssl_server_name on;', '', 'activity.answer', 'failed', ['only Vary (Region)', ...$sni], ['状态 502', 'proxy_ssl_server_name on;']],
            'region editor with our Host' => ['activity', 'proxy_set_header Host $discord;', 'proxy_set_header Host $host;', 'activity.answer', 'failed', ['proxy_set_header Host ' . self::EDITOR . ';', ...$host], ['proxy_set_header Host ' . self::EDITOR . ';']],
            'region editor over http' => ['activity', 'proxy_pass https://$discord;', 'return 301 https://$discord$request_uri;', 'activity.answer', 'failed', ['from http to https', 'proxy_pass https://' . self::EDITOR . ';'], ['改用 https']],
            'region editor without its location' => ['activity', 'location / {', 'location /ours/ {', 'activity.answer', 'failed', ['status 404 by nginx', 'location / {'], ['nginx 自身返回 404', 'location / {']],
            'region editor for others' => ['activity', 'location / {', 'location / { deny all;', 'activity.answer', 'failed', ['status 403', 'allow'], ['状态 403', 'allow']],
            'region editor with a password' => ['activity', 'location / {', 'location / { auth_basic x; auth_basic_user_file /dev/null;', 'activity.answer', 'failed', ['status 401', 'auth_basic'], ['状态 401', 'auth_basic']],
            'region editor at a panel' => ['activity', 'location / {', "location / { $welcome", 'activity.answer', 'failed', ['status 200 with a page', 'created successfully', 'server_name'], ['状态 200', 'server_name']],
            'region editor by HTTP/1.0' => ['activity', 'proxy_http_version 1.1;', '', 'activity.answer', 'failed', ['status 426', 'HTTP/1.0', 'proxy_http_version 1.1;'], ['状态 426', 'proxy_http_version 1.1;']],
            'API by HTTP/1.0' => ['api', 'proxy_http_version 1.1;', '', 'api.answer', 'failed', ['status 426: the reverse proxy of mj.api_url speaks HTTP/1.0', 'proxy_http_version 1.1;'], ['状态 426', 'HTTP/1.0']],
            'uploads of 1 MiB' => ['upload', 'client_max_body_size 16m;', '', 'upload.size', 'failed', ['no file of 10 MiB', 'client_max_body_size 16m;'], ['10 MiB', 'client_max_body_size 16m;']],
        ];
    }

    /**
     * @dataProvider omissions
     *
     * @param list<string> $en
     * @param list<string> $zh
     */
    public function testEachOmissionIsTold(string $example, string $line, string $instead, string $check, string $status, array $en, array $zh): void
    {
        $simulator = self::simulator(['cdn_ttl_seconds' => 86400], '--discord-hosts');
        $nginx = self::nginx($simulator, [$example => [$line => $instead]]);
        self::showPicture($simulator);
        $config = self::throughExamples($simulator, $nginx);
        self::assertFound(new Examination($config), $check, $status, $en, $zh);
    }

    public function testATimeOutBelowTheHeartbeat(): void
    {
        $simulator = self::simulator(['heartbeat_interval' => 41_250], '--discord-hosts');
        $nginx = self::nginx($simulator, ['gateway' => ['proxy_read_timeout 120s;' => 'proxy_read_timeout 2s;']]);
        $found = new Examination(self::throughExamples($simulator, $nginx), ['idle' => 5]);
        self::assertFound($found, 'gateway.idle', 'failed', ['is cut after', 'each 41.2 s', 'proxy_read_timeout 120s;'], ['41.2', 'proxy_read_timeout 120s;']);
    }

    public function testATimeOutThatJustSuffices(): void
    {
        // As 60 s, nginx's default, are with Discord's 41 s.
        $simulator = self::simulator(['heartbeat_interval' => 1_500], '--discord-hosts');
        $nginx = self::nginx($simulator, ['gateway' => ['proxy_read_timeout 120s;' => 'proxy_read_timeout 2s;']]);
        $found = new Examination(self::throughExamples($simulator, $nginx), ['idle' => 5]);
        self::assertFound($found, 'gateway.idle', 'warning', ['is cut after', 'just suffices'], ['仅勉强够用']);
    }

    public function testATimeOutThatTheOwnerMeets(): void
    {
        $simulator = self::simulator(['heartbeat_interval' => 60_000], '--discord-hosts');
        $nginx = self::nginx($simulator, ['gateway' => ['proxy_read_timeout 120s;' => 'proxy_read_timeout 1s;']]);
        $hub = new Hub(['gateway' => 'user'] + $nginx->config(), $simulator, lasting: true);
        $said = static fn (string $lang) => $hub->call('mj_doctor', ['lang' => $lang, 'only' => 'gateway.idle'])['checks'][0];
        Until::true(static fn () => $said('en')['status'] === 'failed', 30.0, static fn () => json_encode($said('en')) . $nginx->errors());
        self::assertMatchesRegularExpression('/cut again and again after (0\.[89]|[1-9](\.\d)?) s of silence.* each 60 s/', $said('en')['seen']);
        self::assertStringContainsString('proxy_read_timeout 120s;', $said('en')['todo']);
        self::assertStringContainsString('总在静默', $said('zh')['seen']);
    }

    public function testASilentConnectionThatIsKept(): void
    {
        $simulator = self::simulator([], '--discord-hosts');
        $found = new Examination(self::throughExamples($simulator, self::nginx($simulator)), ['idle' => 2]);
        self::assertHealthy($found);
        // It is measured: a machine under load looks a little later.
        self::assertMatchesRegularExpression('/stays open for [2-9](\.\d)? s/', $found->words('gateway.idle'));
    }

    /** @return array<string, array{'http'|'socks5h'}> */
    public function proxies(): array
    {
        return ['HTTP CONNECT' => ['http'], 'SOCKS5' => ['socks5h']];
    }

    /**
     * @dataProvider proxies
     *
     * @param 'http'|'socks5h' $kind
     */
    public function testEverythingThroughAProxy(string $kind): void
    {
        $proxy = new ForwardProxy($kind);
        $config = self::remote($proxy);
        $found = new Examination($config);
        self::assertHealthy($found);
        self::assertStringContainsString('the proxy looks it up', $found->words('gateway.dns'));
        self::assertStringContainsString($kind, $found->words('proxy'));
        self::assertSame([substr($config['api_url'], strlen('https://'))], $proxy->targets());
    }

    public function testNamesThatOnlyTheProxyKnows(): void
    {
        $simulator = self::simulator();
        $proxy = new ForwardProxy('socks5h');
        $settings = ['proxy' => $proxy->url()];
        foreach (self::HOSTS as $place => [$setting]) {
            $scheme = parse_url($simulator->says[$setting], PHP_URL_SCHEME);
            $settings[$setting] = "$scheme://$place.mj.invalid:" . parse_url($simulator->says[$setting], PHP_URL_PORT);
        }
        $found = new Examination(self::config($simulator, $settings + ['gateway_resume_url' => $settings['gateway_url'] . '/{host}']));
        // Tokens go unencrypted to hosts that are not this machine.
        self::assertSame(['api.tls' => 'warning', 'gateway.tls' => 'warning'], $found->troubles(), $found->told());
        self::assertStringContainsString('write mj.api_url with https://', $found->words('api.tls'));
        self::assertStringContainsString('令牌会经过此处', $found->words('gateway.tls', 'zh'));
        $names = array_map(static fn (string $target) => explode(':', $target)[0], $proxy->targets());
        self::assertSame(['activity.mj.invalid', 'api.mj.invalid', 'cdn.mj.invalid', 'gateway.mj.invalid', 'upload.mj.invalid'], array_values(array_unique($names)));
    }

    /**
     * @dataProvider proxies
     *
     * @param 'http'|'socks5h' $kind
     */
    public function testAProxyThatWantsAPassword(string $kind): void
    {
        $proxy = new ForwardProxy($kind);
        foreach (['', 'fox:wrong@'] as $login) {
            $found = new Examination(['proxy' => $proxy->url($login)] + self::config(self::simulator()));
            self::assertFound($found, 'proxy', 'failed', ['wants a name and a password', 'http://name:password@host:port'], ['用户名与密码']);
            self::assertStringNotContainsString('wrong', $found->told());
        }
    }

    public function testAProxyOfTheOtherKind(): void
    {
        $proxy = new ForwardProxy('http');
        $found = new Examination(['proxy' => $proxy->url(kind: 'socks5h')] + self::config(self::simulator()), ['timeout' => 3]);
        self::assertSame(['proxy' => 'failed'], $found->troubles(), $found->told());
    }

    public function testAProxyThatIsNotThere(): void
    {
        $found = new Examination(['proxy' => 'socks5h://127.0.0.1:1'] + self::config(self::simulator()));
        self::assertFound($found, 'proxy', 'failed', ['socks5h://127.0.0.1:1: the connection is refused', 'mj.proxy'], ['连接被拒绝', 'mj.proxy']);
        // An address that nobody else has: 1080 of the first may be somebody's.
        $found = new Examination(['proxy' => 'socks5h://127.93.61.7'] + self::config(self::simulator()));
        self::assertFound($found, 'proxy', 'failed', ['mj.proxy names no port, so 1080 was tried'], ['未写端口，因此尝试了 1080']);
    }

    /**
     * @dataProvider proxies
     *
     * @param 'http'|'socks5h' $kind
     */
    public function testAProxyThatForbidsAHost(string $kind): void
    {
        $proxy = new ForwardProxy($kind);
        $config = ['cdn_url' => 'https://forbidden.mj.invalid'] + self::remote($proxy);
        self::assertFound(new Examination($config), 'cdn.tcp', 'failed', ['not lead to that host', 'rules'], ['规则']);
    }

    /**
     * A simulator behind a proxy, by TLS: without it an HTTP proxy is not asked to connect.
     *
     * @return array<string, mixed>
     */
    private static function remote(ForwardProxy $proxy): array
    {
        $simulator = self::simulator([], '--tls');
        $settings = ['proxy' => $proxy->url(), 'ca_file' => $simulator->says['ca_file']];
        foreach (self::HOSTS as [$setting, $scheme]) {
            $settings[$setting] = "$scheme://localhost:" . parse_url($simulator->says[$setting], PHP_URL_PORT);
        }

        return self::config($simulator, $settings + ['gateway_resume_url' => $settings['gateway_url'] . '/{host}']);
    }

    /**
     * One host has another address.
     *
     * @return array<string, mixed>
     */
    private static function broken(string $place, string $host, int $port): array
    {
        [$setting, $scheme] = self::HOSTS[$place];

        return [$setting => "$scheme://$host:$port"] + self::config(self::simulator());
    }

    /**
     * One host is reached through a reverse proxy with a fault.
     *
     * @param array<string, mixed> $options
     */
    private static function through(string $place, string $fault, array $options = []): Examination
    {
        [$setting, $scheme] = self::HOSTS[$place];
        $simulator = self::simulator();
        $proxy = new Proxy(preg_replace('~^\w+://~', '', $simulator->says['api_url']));
        $proxy->set($fault);

        return new Examination([$setting => "$scheme://localhost:$proxy->port", 'ca_file' => $proxy->caFile] + self::config($simulator), $options);
    }

    /** @param array<string, array<string, string>> $changes */
    private static function nginx(Simulator $simulator, array $changes = []): Nginx
    {
        if (Nginx::binary() === null) {
            self::markTestSkipped('nginx is not installed (apt-get install nginx)');
        }

        return self::running(new Nginx($simulator, $changes));
    }

    /** @return array<string, mixed> */
    private static function throughExamples(Simulator $simulator, Nginx $nginx): array
    {
        return $simulator->config($nginx->config());
    }

    /** Another member's picture is there to be fetched. */
    private static function showPicture(Simulator $simulator): void
    {
        $simulator->control('foreign', ['prompt' => 'a lighthouse']);
        $shown = static fn () => array_filter($simulator->control('messages'), static fn (array $one) => ($one['attachments'] ?? []) !== []);
        Until::true(static fn () => $shown() !== [], 60.0, static fn () => 'no picture came');
    }
}
