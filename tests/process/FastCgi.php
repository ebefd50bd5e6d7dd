<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/**
 * A FastCGI client for php-fpm, with several requests under way at once.
 *
 * Speaks just what php-fpm needs: one request a connection, role responder.
 */
final class FastCgi
{
    private const BEGIN = 1;
    private const END = 3;
    private const PARAMS = 4;
    private const STDIN = 5;
    private const STDOUT = 6;
    private const STDERR = 7;

    /** @param array<string, string> $params further ones that the web server sets, such as PHP_ADMIN_VALUE */
    public function __construct(private string $socket, private string $script, private array $params = [])
    {
    }

    /**
     * Sends one request and waits for its answer.
     *
     * @return string the body
     */
    public function request(string $body, float $timeout = 30.0): string
    {
        return $this->requests([$body], $timeout)[0];
    }

    /**
     * Sends all requests at once, each on a connection of its own, and waits for all answers.
     *
     * @param  array<array-key, string> $bodies
     * @return array<array-key, string> answers by the same keys; '' for one whose worker died or that timed out
     */
    public function requests(array $bodies, float $timeout = 30.0): array
    {
        $open = [];
        $answers = [];
        foreach ($bodies as $key => $body) {
            $answers[$key] = '';
            $stream = @stream_socket_client('unix://' . $this->socket, $code, $message, 5.0);
            if ($stream === false) {
                continue;
            }
            $this->send($stream, $body);
            stream_set_blocking($stream, false);
            $open[$key] = ['stream' => $stream, 'buffer' => ''];
        }
        $until = microtime(true) + $timeout;
        while ($open !== [] && ($left = $until - microtime(true)) > 0) {
            $read = array_map(static fn (array $one) => $one['stream'], $open);
            $write = $except = null;
            if (@stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6)) === false) {
                break;
            }
            foreach (array_keys($read) as $key) {
                $chunk = fread($open[$key]['stream'], 65536);
                $open[$key]['buffer'] .= $chunk;
                if ($chunk === '' && feof($open[$key]['stream'])) {
                    $answers[$key] = self::body($open[$key]['buffer']);
                    fclose($open[$key]['stream']);
                    unset($open[$key]);
                }
            }
        }
        foreach ($open as $one) {
            fclose($one['stream']);
        }

        return $answers;
    }

    /**
     * Sends one request and waits for nothing.
     *
     * @return resource|null its connection; null where nobody listens
     */
    public function begin(string $body)
    {
        $stream = @stream_socket_client('unix://' . $this->socket, $code, $message, 5.0);
        if ($stream === false) {
            return null;
        }
        $this->send($stream, $body);

        return $stream;
    }

    /** @param resource $stream */
    private function send($stream, string $body): void
    {
        $params = '';
        foreach ([
            'GATEWAY_INTERFACE' => 'CGI/1.1',
            'REQUEST_METHOD' => 'POST',
            'SCRIPT_FILENAME' => $this->script,
            'SCRIPT_NAME' => '/' . basename($this->script),
            'REQUEST_URI' => '/' . basename($this->script),
            'SERVER_PROTOCOL' => 'HTTP/1.1',
            'CONTENT_TYPE' => 'application/json',
            'CONTENT_LENGTH' => (string) strlen($body),
        ] + $this->params as $name => $value) {
            $params .= self::length($name) . self::length($value) . $name . $value;
        }
        $bytes = self::record(self::BEGIN, pack('nCx5', 1, 0))
            . self::record(self::PARAMS, $params) . self::record(self::PARAMS, '');
        foreach ($body === '' ? [] : str_split($body, 32768) as $part) {
            $bytes .= self::record(self::STDIN, $part);
        }
        $bytes .= self::record(self::STDIN, '');
        for ($sent = 0; $sent < strlen($bytes); $sent += $written) {
            $written = @fwrite($stream, substr($bytes, $sent));
            if ($written === false || $written === 0) {
                return;
            }
        }
    }

    private static function body(string $records): string
    {
        $out = '';
        $ended = false;
        for ($at = 0; strlen($records) - $at >= 8; $at += 8 + $length + $padding) {
            ['type' => $type, 'length' => $length, 'padding' => $padding]
                = unpack('Cversion/Ctype/nid/nlength/Cpadding', substr($records, $at, 8));
            if ($type === self::STDOUT) {
                $out .= substr($records, $at + 8, $length);
            } elseif ($type === self::STDERR) {
                fwrite(STDERR, substr($records, $at + 8, $length) . "\n");
            } elseif ($type === self::END) {
                $ended = true;
            }
        }
        $head = strpos($out, "\r\n\r\n");

        return $ended && $head !== false ? substr($out, $head + 4) : '';
    }

    private static function record(int $type, string $content): string
    {
        return pack('CCnnCx', 1, $type, 1, strlen($content), 0) . $content;
    }

    private static function length(string $text): string
    {
        return strlen($text) < 128 ? chr(strlen($text)) : pack('N', strlen($text) | 0x80000000);
    }
}
