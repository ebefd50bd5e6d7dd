<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

/**
 * Streams that become readable when it rings, as those of the extension: readable from the beginning, one byte at most.
 *
 * @internal
 */
final class Bell
{
    /** @var list<array{resource, resource}> the end that is given away, and ours */
    private array $pairs = [];

    /** @return resource */
    public function stream()
    {
        $family = \PHP_OS_FAMILY === 'Windows' ? STREAM_PF_INET : STREAM_PF_UNIX;
        $pair = stream_socket_pair($family, STREAM_SOCK_STREAM, 0);
        if ($pair === false) {
            throw new \RuntimeException('no stream: ' . (error_get_last()['message'] ?? ''));
        }
        [$stream, $ours] = $pair;
        stream_set_blocking($stream, false);
        $this->pairs[] = [$stream, $ours];
        fwrite($ours, "\n");

        return $stream;
    }

    public function ring(): void
    {
        $this->pairs = array_values(array_filter($this->pairs, static fn(array $pair): bool => is_resource($pair[0])));
        foreach ($this->pairs as [$stream, $ours]) {
            $read = [$stream];
            $write = $except = null;
            if (stream_select($read, $write, $except, 0) === 0) {
                fwrite($ours, "\n");
            }
        }
    }
}
