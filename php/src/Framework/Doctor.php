<?php

declare(strict_types=1);

namespace Mj\Framework;

/** `mj:doctor`: what is wrong, and what to do. Exits with 1 when something is. */
final class Doctor extends Command
{
    public const NAME = 'mj:doctor';
    public const DESCRIPTION = 'Say what is wrong with Midjourney on this machine';

    public static function parameters(): array
    {
        return [
            Parameter::flag('json', 'the report as JSON'),
            Parameter::flag('offline', 'leave out what needs the network'),
        ];
    }

    protected function work(array $given, callable $say): int
    {
        if (!function_exists('mj_doctor')) {
            $say('the extension mj is not loaded');

            return 1;
        }
        // The settings are handed over as they are: that one of them cannot be used is what it is to find out.
        $config = $this->application->settings()->config();
        $report = mj_doctor(['network' => ($given['offline'] ?? false) !== true] + ($config === null ? [] : ['config' => $config]));
        assert(is_array($report));
        if (($given['json'] ?? false) === true) {
            $say(json_encode($report, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR));

            return $report['ok'] ? 0 : 1;
        }
        foreach ($report['checks'] as $check) {
            $say("{$check['status']}  {$check['title']}: {$check['seen']}");
            if ($check['todo'] !== null) {
                $say("    {$check['todo']}");
            }
        }

        return $report['ok'] ? 0 : 1;
    }
}
