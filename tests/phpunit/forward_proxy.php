<?php

declare(strict_types=1);

/**
 * A proxy for tests: `http` answers CONNECT, `socks5h` speaks SOCKS5 (RFC 1928, 1929). Both want "fox" and "red den", write
 * down what they are asked for, and lead every name to 127.0.0.1, IPv6 addresses to [::1]. Names with "forbidden" lead
 * nowhere, nor does Vary (Region)'s editor. It prints its port.
 */
[, $kind, $log] = $argv;
$server = stream_socket_server('tcp://127.0.0.1:0');
echo substr(strrchr(stream_socket_get_name($server, false), ':'), 1), "\n";

/** @var array<int, array{near: resource, far: ?resource, said: string, step: string}> $links */
$links = [];
$of = [];

$end = static function (int $id) use (&$links, &$of): void {
    foreach (array_filter([$links[$id]['near'], $links[$id]['far']]) as $stream) {
        unset($of[(int) $stream]);
        fclose($stream);
    }
    unset($links[$id]);
};

$connect = static function (int $id, string $host, int $port) use (&$links, &$of, $log): bool {
    file_put_contents($log, "$host:$port\n", FILE_APPEND);
    $here = str_contains($host, ':') ? '[::1]' : '127.0.0.1';
    $far = preg_match('/forbidden|discordsays/', $host) === 1 ? false : @stream_socket_client("tcp://$here:$port", $code, $message, 2.0);
    if ($far === false) {
        return false;
    }
    stream_set_blocking($far, false);
    $links[$id]['far'] = $far;
    $links[$id]['step'] = 'open';
    $of[(int) $far] = $id;

    return true;
};

$http = static function (int $id) use (&$links, $connect, $end): void {
    $said = &$links[$id]['said'];
    if (!str_contains($said, "\r\n\r\n")) {
        return;
    }
    [$head, $rest] = explode("\r\n\r\n", $said, 2);
    $near = $links[$id]['near'];
    if (!preg_match('/^CONNECT (\S+):(\d+) HTTP/', $head, $asked)) {
        fwrite($near, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
    } elseif (!preg_match('/^proxy-authorization: Basic ' . preg_quote(base64_encode('fox:red den'), '/') . '\r?$/mi', $head)) {
        fwrite($near, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
    } elseif (!$connect($id, $asked[1], (int) $asked[2])) {
        fwrite($near, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    } else {
        fwrite($near, "HTTP/1.1 200 Connection established\r\n\r\n");
        fwrite($links[$id]['far'], $rest);

        return;
    }
    $end($id);
};

$socks = static function (int $id) use (&$links, $connect, $end): void {
    $said = &$links[$id]['said'];
    $near = $links[$id]['near'];
    while (isset($links[$id]) && $links[$id]['step'] !== 'open') {
        $step = $links[$id]['step'];
        if ($step === 'begin' && strlen($said) >= 2 && strlen($said) >= 2 + ord($said[1])) {
            $methods = substr($said, 2, ord($said[1]));
            $said = substr($said, 2 + strlen($methods));
            if (!str_contains($methods, "\x02")) {
                fwrite($near, "\x05\xFF");
                $end($id);

                return;
            }
            fwrite($near, "\x05\x02");
            $links[$id]['step'] = 'login';
        } elseif ($step === 'login' && preg_match('/^\x01(.)/s', $said, $name) && strlen($said) > 2 + ord($name[1])) {
            $user = substr($said, 2, ord($name[1]));
            $behind = 3 + strlen($user);
            $length = ord($said[$behind - 1]);
            if (strlen($said) < $behind + $length) {
                return;
            }
            $password = substr($said, $behind, $length);
            $said = substr($said, $behind + $length);
            $isKnown = [$user, $password] === ['fox', 'red den'];
            fwrite($near, "\x01" . ($isKnown ? "\x00" : "\x01"));
            if (!$isKnown) {
                $end($id);

                return;
            }
            $links[$id]['step'] = 'request';
        } elseif ($step === 'request' && strlen($said) >= 5) {
            $isName = $said[3] === "\x03";
            $length = $isName ? 1 + ord($said[4]) : ($said[3] === "\x04" ? 16 : 4);
            if (strlen($said) < 4 + $length + 2) {
                return;
            }
            $host = $isName ? substr($said, 5, $length - 1) : (string) inet_ntop(substr($said, 4, $length));
            $port = unpack('n', substr($said, 4 + $length, 2))[1];
            $said = substr($said, 4 + $length + 2);
            if (!$connect($id, $host, $port)) {
                fwrite($near, "\x05\x02\x00\x01" . str_repeat("\x00", 6));
                $end($id);

                return;
            }
            fwrite($near, "\x05\x00\x00\x01" . str_repeat("\x00", 6));
            fwrite($links[$id]['far'], $said);
        } else {
            return;
        }
    }
};

for (;;) {
    $read = [$server];
    foreach ($links as $link) {
        $read[] = $link['near'];
        if ($link['far'] !== null) {
            $read[] = $link['far'];
        }
    }
    $write = $except = null;
    stream_select($read, $write, $except, null);
    foreach ($read as $stream) {
        if ($stream === $server) {
            $near = stream_socket_accept($server);
            stream_set_blocking($near, false);
            $links[(int) $near] = ['near' => $near, 'far' => null, 'said' => '', 'step' => 'begin'];
            $of[(int) $near] = (int) $near;
            continue;
        }
        $id = $of[(int) $stream] ?? null;
        if ($id === null) {
            continue;
        }
        $bytes = fread($stream, 65536);
        if ($bytes === '' || $bytes === false) {
            if (feof($stream)) {
                $end($id);
            }
            continue;
        }
        if ($links[$id]['step'] === 'open') {
            $to = $stream === $links[$id]['near'] ? $links[$id]['far'] : $links[$id]['near'];
            stream_set_blocking($to, true);
            @fwrite($to, $bytes);
            stream_set_blocking($to, false);
        } else {
            $links[$id]['said'] .= $bytes;
            $kind === 'http' ? $http($id) : $socks($id);
        }
    }
}
