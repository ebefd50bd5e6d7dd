<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/**
 * A real nginx with the example files of docs/proxies, in front of the simulator. Between them stands an edge that is as
 * strict as Discord's: it has a certificate for the names it serves only, wants SNI, the same name in Host, and HTTP/1.1.
 *
 * In the examples only ports, certificates and the cache's directory are replaced; Discord's names lead to the edge by
 * `upstream` blocks in place of DNS.
 */
final class Nginx
{
    /** Where each of Discord's hosts leads to behind the edge. */
    private const HOSTS = [
        'discord.com' => 'api_url',
        'gateway.discord.gg' => 'gateway_url',
        'gateway-us-east1-b.discord.gg' => 'resume_gateway_url',
        'cdn.discordapp.com' => 'cdn_url',
        'discord-attachments-uploads-prd.storage.googleapis.com' => 'upload_url',
        '936929561302675456.discordsays.com' => 'activity_url',
    ];

    /** @var resource|null */
    private $process = null;

    private string $directory;

    /** @var array<string, int> by example */
    private array $ports = [];

    /** @param array<string, array<string, string>> $changes by example: what stands there, and what is to stand there */
    public function __construct(Simulator $simulator, array $changes = [])
    {
        $this->directory = sys_get_temp_dir() . '/mj-nginx-' . bin2hex(random_bytes(6));
        mkdir($this->directory, 0755);
        $this->makeCertificates();
        // Somebody else may take a port before nginx does.
        for ($tries = 1; !$this->starts($simulator, $changes); ++$tries) {
            if ($tries === 5) {
                throw new \RuntimeException('nginx did not start: ' . file_get_contents($this->directory . '/out.log') . $this->errors());
            }
        }
    }

    public function __destruct()
    {
        if ($this->process !== null) {
            proc_terminate($this->process, SIGTERM);
            proc_close($this->process);
        }
        exec('rm -rf ' . escapeshellarg($this->directory));
    }

    /** Debian's nginx; none when it is not installed. NGINX names another one. */
    public static function binary(): ?string
    {
        foreach ([getenv('NGINX') ?: '', '/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/nginx/sbin/nginx'] as $path) {
            if ($path !== '' && is_executable($path)) {
                return $path;
            }
        }

        return null;
    }

    /** @return array<string, string> files by name: api, gateway, … */
    public static function examples(): array
    {
        $files = glob(__DIR__ . '/../../docs/proxies/*.conf');

        return array_combine(array_map(static fn (string $file) => basename($file, '.conf'), $files), $files);
    }

    /** The address of an example's server. */
    public function url(string $name, string $scheme = 'https'): string
    {
        return "$scheme://localhost:{$this->ports[$name]}";
    }

    /** Its own directory, gone with it. */
    public function directory(): string
    {
        return $this->directory;
    }

    /** The authority that signed the certificates of the examples. */
    public function caFile(): string
    {
        return $this->directory . '/ca.pem';
    }

    /**
     * What `mj_configure()` is given to talk to the simulator through it.
     *
     * @return array<string, string>
     */
    public function config(): array
    {
        return [
            'api_url' => $this->url('api'),
            'gateway_url' => $this->url('gateway', 'wss'),
            'gateway_resume_url' => $this->url('gateway', 'wss') . '/{host}',
            'cdn_url' => $this->url('cdn'),
            'upload_url' => $this->url('upload'),
            'activity_url' => $this->url('activity'),
            'ca_file' => $this->caFile(),
        ];
    }

    /**
     * What came to the edge, in the order in which it ended.
     *
     * @return list<array{host: string, method: string, uri: string, protocol: string, upgrade: string, forwarded: string, status: int}>
     */
    public function seen(): array
    {
        $lines = file($this->directory . '/edge.log', FILE_IGNORE_NEW_LINES);

        return array_map(static fn (string $line) => json_decode($line, true, 8, JSON_THROW_ON_ERROR), $lines);
    }

    /**
     * Asks an example's server for a page, or for a WebSocket.
     *
     * @return array{int, string} status, 0 when the connection was ended without one, and what follows it unless $upgrade
     */
    public function ask(string $name, string $path, bool $upgrade = false, string $method = 'GET', string $body = ''): array
    {
        $context = stream_context_create(['ssl' => ['cafile' => $this->caFile(), 'peer_name' => 'localhost']]);
        $socket = stream_socket_client("ssl://127.0.0.1:{$this->ports[$name]}", $code, $message, 5.0, STREAM_CLIENT_CONNECT, $context);
        stream_set_timeout($socket, 10);
        $head = $upgrade
            ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            : "Connection: close\r\n";
        fwrite($socket, "$method $path HTTP/1.1\r\nHost: localhost\r\nUser-Agent: DiscordBot (a test, 1)\r\n{$head}Content-Length: " . strlen($body) . "\r\n\r\n$body");
        $status = (string) fgets($socket);
        $rest = $upgrade ? '' : (string) stream_get_contents($socket);

        return [(int) substr($status, 9, 3), $rest];
    }

    /** What nginx complained of. */
    public function errors(): string
    {
        return (string) @file_get_contents($this->directory . '/error.log');
    }

    /** @param array<string, array<string, string>> $changes */
    private function starts(Simulator $simulator, array $changes): bool
    {
        $this->ports = self::freePorts(array_keys(self::examples()));
        $servers = '';
        foreach (self::examples() as $name => $file) {
            $servers .= $this->adapted($name, file_get_contents($file), $changes[$name] ?? []);
        }
        file_put_contents($this->directory . '/nginx.conf', $this->frame($servers, $simulator));
        @unlink($this->directory . '/edge.sock');
        $command = [self::binary(), '-p', $this->directory, '-c', $this->directory . '/nginx.conf', '-e', $this->directory . '/error.log'];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', $this->directory . '/out.log', 'a']], $pipes);
        // It makes this file when it has all its ports.
        Until::true(fn () => is_file($this->directory . '/nginx.pid') || !proc_get_status($this->process)['running'], 60.0);
        if (is_file($this->directory . '/nginx.pid')) {
            return true;
        }
        proc_close($this->process);
        $this->process = null;

        return false;
    }

    /** @param array<string, string> $changes */
    private function adapted(string $name, string $text, array $changes): string
    {
        $places = [
            'listen 443 ssl;' => "listen 127.0.0.1:{$this->ports[$name]} ssl;",
            '/etc/letsencrypt/live/example.com/fullchain.pem' => "$this->directory/front.pem",
            '/etc/letsencrypt/live/example.com/privkey.pem' => "$this->directory/front.key",
            '/etc/ssl/certs/ca-certificates.crt' => "$this->directory/ca.pem",
        ] + ($name === 'cdn' ? ['/var/cache/nginx/mj' => "$this->directory/cache"] : []);
        foreach ($changes + $places as $place => $replacement) {
            if (substr_count($text, $place) !== 1) {
                throw new \RuntimeException("docs/proxies/$name.conf must have \"$place\" once");
            }
            $text = str_replace($place, $replacement, $text);
        }

        return $text;
    }

    /** The whole configuration: the examples, names in place of DNS, and the edge. */
    private function frame(string $servers, Simulator $simulator): string
    {
        $upstreams = $edges = '';
        foreach (self::HOSTS as $host => $key) {
            $upstreams .= "upstream $host { server unix:$this->directory/edge.sock; }\n";
            $target = preg_replace('/^ws/', 'http', $simulator->says[$key]);
            $edges .= "server { listen unix:$this->directory/edge.sock ssl; server_name $host; access_log $this->directory/edge.log seen;\n"
                . "client_max_body_size 0; if (\$ssl_server_name != \$host) { return 421; } if (\$server_protocol = HTTP/1.0) { return 426; }\n"
                . "location / { proxy_pass $target; proxy_http_version 1.1; proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection \$http_connection; "
                . "proxy_set_header Host \$host; proxy_read_timeout 600s; proxy_buffering off; } }\n";
        }
        $user = posix_geteuid() === 0 ? 'user root;' : '';
        $temporary = '';
        foreach (['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as $kind) {
            $temporary .= "{$kind}_temp_path $this->directory/$kind;\n";
        }

        return <<<CONF
            daemon off; worker_processes 1; $user pid $this->directory/nginx.pid;
            events { worker_connections 256; }
            http {
            server_names_hash_bucket_size 128; access_log off; $temporary
            log_format seen escape=json '{"host":"\$ssl_server_name","method":"\$request_method","uri":"\$request_uri","protocol":"\$server_protocol","upgrade":"\$http_upgrade","forwarded":"\$http_x_forwarded_for\$http_x_real_ip","status":\$status}';
            $upstreams
            $servers
            ssl_certificate $this->directory/edge.pem; ssl_certificate_key $this->directory/edge.key;
            server { listen unix:$this->directory/edge.sock ssl default_server; ssl_reject_handshake on; return 421; }
            $edges
            }
            CONF;
    }

    /** A throw-away authority, a certificate of the examples' servers and one of the edge. */
    private function makeCertificates(): void
    {
        $edge = implode(',', array_map(static fn (string $host) => "DNS:$host", array_keys(self::HOSTS)));
        $config = $this->directory . '/openssl.cnf';
        file_put_contents($config, "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"
            . "[front]\nsubjectAltName=DNS:localhost\n[edge]\nsubjectAltName=$edge\n");
        $options = ['config' => $config, 'digest_alg' => 'sha256', 'private_key_bits' => 2048, 'private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1'];
        $authority = $authorityKey = null;
        foreach (['ca', 'front', 'edge'] as $serial => $name) {
            $key = openssl_pkey_new($options);
            $request = openssl_csr_new(['commonName' => "throw-away $name"], $key, $options);
            $certificate = openssl_csr_sign($request, $authority, $authorityKey ?? $key, 2, ['x509_extensions' => $name] + $options, $serial + 1);
            openssl_x509_export_to_file($certificate, "$this->directory/$name.pem");
            openssl_pkey_export_to_file($key, "$this->directory/$name.key", null, $options);
            $authority ??= $certificate;
            $authorityKey ??= $key;
        }
    }

    /**
     * Ports that were free a moment ago, each another one.
     *
     * @param  list<string>       $names
     * @return array<string, int>
     */
    private static function freePorts(array $names): array
    {
        $servers = array_map(static fn () => stream_socket_server('tcp://127.0.0.1:0'), array_flip($names));

        return array_map(static fn ($server) => (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1), $servers);
    }
}
