<?php

declare(strict_types=1);

namespace Mj\Studio;

/** How the studio is set up: by variables of the environment, as `MJ_STUDIO_SECRET`, or by hand. */
final class Settings
{
    /** Shorter secrets are not taken. */
    private const LEAST = 8;

    /**
     * @param string $secret    what visitors log in with; empty lets in whoever sits at this machine, and nobody else
     * @param string $directory where pictures are cached, and the key of the sessions lies; only PHP's user may enter it
     * @param float  $slice     seconds for which a stream of changes holds a worker
     * @param int    $cache     bytes of pictures that are kept
     */
    public function __construct(
        #[\SensitiveParameter]
        public string $secret,
        public string $directory,
        public float $slice = 10.0,
        public int $cache = 512 * 1024 * 1024,
    ) {
        if ($secret !== '' && strlen($secret) < self::LEAST) {
            throw new \ValueError('MJ_STUDIO_SECRET must be at least ' . self::LEAST . ' characters long');
        }
        if ($slice < 0 || $slice > 60) {
            throw new \ValueError('MJ_STUDIO_SLICE must be 0 to 60 seconds');
        }
        self::own($directory);
    }

    /** @return array<string, string> without the secrets */
    public function __debugInfo(): array
    {
        return ['secret' => $this->secret === '' ? 'none' : 'set, hidden', 'directory' => $this->directory];
    }

    public static function fromEnvironment(): self
    {
        // The user who runs PHP; the other one owns the script.
        $who = function_exists('posix_getpwuid') ? posix_getpwuid(posix_geteuid()) : false;
        $user = $who === false ? get_current_user() : $who['name'];
        // One worker that streams could answer nothing else meanwhile.
        $alone = PHP_SAPI === 'cli-server' && (int) getenv('PHP_CLI_SERVER_WORKERS') < 2;
        $slice = getenv('MJ_STUDIO_SLICE');

        return new self(
            trim((string) getenv('MJ_STUDIO_SECRET')),
            getenv('MJ_STUDIO_DIR') ?: sys_get_temp_dir() . "/mj-studio-$user",
            $alone ? 0.0 : (is_numeric($slice) ? (float) $slice : 10.0),
        );
    }

    /** Makes the directory, and sees that nobody else can enter it or has made it before. */
    private static function own(string $directory): void
    {
        if (!is_dir($directory) && !@mkdir($directory, 0700, true) && !is_dir($directory)) {
            throw new \ValueError("MJ_STUDIO_DIR: the directory $directory cannot be made");
        }
        $probe = @tempnam($directory, 'own');
        if ($probe === false || dirname($probe) !== realpath($directory)) {
            throw new \ValueError("MJ_STUDIO_DIR: $directory is not writable");
        }
        $owner = fileowner($probe);
        unlink($probe);
        if (is_link($directory) || fileowner($directory) !== $owner || ((int) fileperms($directory) & 0077) !== 0) {
            throw new \ValueError("MJ_STUDIO_DIR: $directory must belong to PHP's user alone (chmod 700)");
        }
    }
}
