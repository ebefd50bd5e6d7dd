<?php

declare(strict_types=1);

namespace Mj\Tests\Relay\Clients;

/** Clients that are not ours, from the folder that MJ_RELAY_TOOLS names. */
final class Tools
{
    /**
     * @param  list<string>          $arguments
     * @param  array<string, string> $environment
     * @return string                what it wrote
     */
    public static function run(string $tool, array $arguments, array $environment, ?int &$status): string
    {
        $folder = getenv('MJ_RELAY_TOOLS');
        if ($folder === false || !is_executable("$folder/bin/$tool")) {
            throw new \RuntimeException("MJ_RELAY_TOOLS must name a folder with bin/$tool; `make test-relay` makes one");
        }
        // It keeps what it found where it runs.
        $log = tempnam(sys_get_temp_dir(), 'mj-tools');
        $process = proc_open(
            ["$folder/bin/$tool", ...$arguments],
            [['file', '/dev/null', 'r'], ['file', $log, 'w'], ['file', $log, 'a']],
            $pipes,
            $folder,
            $environment + getenv(),
        );
        $status = proc_close($process);
        $output = (string) file_get_contents($log);
        unlink($log);

        return $output;
    }
}
