<?php

declare(strict_types=1);

namespace Mj\Studio;

/** Whether somebody else could answer while this worker is busy with a stream. */
final class Workers
{
    /**
     * False where PHP-FPM says that every one of its workers has a request: then a stream ends at once, and the browser
     * looks again in a moment. Other servers do not tell.
     */
    public static function isOneFree(): bool
    {
        $status = PHP_SAPI === 'fpm-fcgi' && function_exists('fpm_get_status') ? fpm_get_status() : false;
        if (!is_array($status)) {
            return true;
        }
        // The count of idle workers that is told as well is up to a second old; what each does is true now.
        foreach ($status['procs'] as $worker) {
            if ($worker['state'] === 'Idle') {
                return true;
            }
        }

        return false;
    }
}
