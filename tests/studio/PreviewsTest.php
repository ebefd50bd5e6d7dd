<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Studio\Previews;
use Mj\Studio\Settings;

/** How half-done pictures are fetched. */
final class PreviewsTest extends StudioTestCase
{
    private const PNG = "\x89PNG\r\n\x1a\n and so on";

    /** @var resource|null */
    private $server = null;

    protected function tearDown(): void
    {
        if ($this->server !== null) {
            proc_terminate($this->server, SIGKILL);
            proc_close($this->server);
        }
    }

    public function testTheyComeThroughTheProxyThatWasNamed(): void
    {
        // It answers everything with a picture that is followed by what it was asked.
        $port = $this->serve('$c = stream_socket_accept($s); $r = ""; while (!str_contains($r, "\r\n\r\n")) { $r .= fread($c, 8192); } '
            . 'fwrite($c, "HTTP/1.0 200 OK\r\n\r\n" . hex2bin($argv[1]) . $r); fclose($c);');
        $previews = new Previews($this->settings()->directory, "http://fox:red%20den@127.0.0.1:$port");
        $asked = (string) $previews->fetch('http://cdn.invalid/preview.webp?ex=1');
        self::assertStringStartsWith(self::PNG . 'GET http://cdn.invalid/preview.webp?ex=1 HTTP/1.', $asked);
        self::assertStringContainsString('Proxy-Authorization: Basic ' . base64_encode('fox:red den'), $asked);
    }

    public function testWhereThereIsNoWayItIsNotTriedEachTime(): void
    {
        $port = $this->serve('$c = stream_socket_accept($s); fwrite($c, "HTTP/1.0 404 Not Found\r\n\r\n"); fclose($c); '
            . '$c = stream_socket_accept($s); fclose($c); while ($c = stream_socket_accept($s, 60)) { fread($c, 8192); fwrite($c, "HTTP/1.0 200 OK\r\n\r\n" . hex2bin($argv[1])); fclose($c); }');
        $directory = $this->settings()->directory;
        $previews = new Previews($directory);
        self::assertNull($previews->fetch("http://127.0.0.1:$port/gone"));
        self::assertFileDoesNotExist("$directory/previews-failed", 'it was answered');
        self::assertNull($previews->fetch("http://127.0.0.1:$port/cut"));
        self::assertFileExists("$directory/previews-failed");
        self::assertNull($previews->fetch("http://127.0.0.1:$port/there"), 'not tried');
        touch("$directory/previews-failed", time() - 61);
        clearstatcache();
        self::assertSame(self::PNG, $previews->fetch("http://127.0.0.1:$port/there"));
    }

    public function testOtherAddressesAreNotFetched(): void
    {
        foreach (['', '/etc/passwd', 'file:///etc/passwd', 'php://input', 'ftp://127.0.0.1/'] as $address) {
            self::assertNull((new Previews($this->settings()->directory))->fetch($address));
        }
    }

    public function testAnotherKindOfProxyIsNotTaken(): void
    {
        $directory = $this->settings()->directory;
        new Settings('', $directory, proxy: 'http://10.0.0.2:3128');
        foreach (['socks5h://10.0.0.2:1080', '10.0.0.2:3128', 'http://'] as $bad) {
            try {
                new Settings('', $directory, proxy: $bad);
                self::fail("$bad was taken");
            } catch (\ValueError $refused) {
                self::assertStringContainsString('MJ_STUDIO_PROXY', $refused->getMessage());
            }
        }
    }

    /** Runs these lines with a listening socket `$s`; gives its port. */
    private function serve(string $code): int
    {
        $code = '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1), "\n"; ' . $code;
        $this->server = proc_open([PHP_BINARY, '-n', '-r', $code, '--', bin2hex(self::PNG)], [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);

        return (int) fgets($pipes[1]);
    }
}
