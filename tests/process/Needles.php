<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

/** Secrets, and the shapes in which one may turn up: as it is, or encoded. */
final class Needles
{
    /** @var array<string, string> what it is called, by its shape */
    private array $shapes = [];

    /** @param array<string, string> $secrets by what they are of */
    public function __construct(array $secrets)
    {
        foreach ($secrets as $name => $secret) {
            if (strlen($secret) < 8) {
                throw new \LogicException("$name is too short to be told from other text");
            }
            $shapes = [$secret, rawurlencode($secret), urlencode($secret), bin2hex($secret), substr(json_encode($secret), 1, -1)];
            // Within longer text it may begin at each of the three places of a group; what its neighbours change is cut.
            for ($shift = 0; $shift < 3; ++$shift) {
                $encoded = base64_encode(str_repeat("\0", $shift) . $secret . "\0\0");
                $from = (int) ceil($shift * 8 / 6);
                $length = intdiv((strlen($secret) + $shift) * 8, 6) - $from;
                $shapes[] = substr($encoded, $from, $length);
                $shapes[] = strtr(substr($encoded, $from, $length), '+/', '-_');
            }
            $this->shapes += array_fill_keys(array_map('strtolower', $shapes), $name);
        }
    }

    /** @return list<string> whose secrets stand in the text */
    public function in(string $text): array
    {
        $text = strtolower($text);
        $found = [];
        foreach ($this->shapes as $shape => $name) {
            if (str_contains($text, (string) $shape)) {
                $found[$name] = $name;
            }
        }

        return array_values($found);
    }

    /** @return array<string, list<string>> the same for every file of a directory, without those that hold none */
    public function inFiles(string $directory): array
    {
        $found = [];
        $files = new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($directory, \FilesystemIterator::SKIP_DOTS));
        foreach ($files as $file) {
            if ($file->isFile()) {
                $found[$file->getFilename()] = $this->in($file->getFilename() . file_get_contents($file->getPathname()));
            }
        }

        return array_filter($found);
    }
}
