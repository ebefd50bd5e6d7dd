<?php

declare(strict_types=1);

namespace Mj\Tests\Faults;

/** What was seen of a cell, in words that are the same each time. */
final class Row
{
    /** How soon all is as before, in seconds. */
    private const CLASSES = ['within 10 s' => 10, 'within 30 s' => 30, 'within a minute' => 60, 'within 2 minutes' => 120];

    /** @param array<string, mixed> $seen */
    public function __construct(private string $target, private string $fault, private array $seen)
    {
    }

    public function text(): string
    {
        return '| ' . implode(' | ', [
            Matrix::words($this->target, $this->fault), $this->task(), $this->status(), $this->back(), $this->advice(),
        ]) . " |\n";
    }

    /** What the task says while the fault lasts. */
    private function task(): string
    {
        $task = $this->seen['task'];
        if ($this->target === 'cdn') {
            return '`SUCCESS`; `mj_download()` throws' . ($this->saved() === '' ? '' : ' "' . $this->saved() . '"') . '; the archive waits';
        }
        if ($task['status'] === 'FAILURE') {
            return "`FAILURE`, `{$task['fail_code']}`";
        }
        if ($task['status'] === 'SUCCESS') {
            return $this->target === 'gateway' ? '`SUCCESS`: its picture is read by REST' : '`SUCCESS`: the gateway shows its picture';
        }
        if ($this->seen['status']['account'] === 'paused') {
            return 'waits for its account';
        }
        if ($this->seen['status']['in_doubt'] > 0) {
            return 'waits in doubt: it is searched for, and sent again when proven absent';
        }

        return $this->target === 'upload' ? 'waits (`uploading`), tried again' : 'waits: nothing was sent, tried again';
    }

    private function saved(): string
    {
        $error = (string) $this->seen['saved']['error'];

        return str_contains($error, 'status') && !str_contains($error, 'mj.cdn_url') ? preg_replace('/^task \w+: /', '', $error) : '';
    }

    private function status(): string
    {
        $status = $this->seen['status'];
        $network = $status['network'][$this->target];
        $words = $network['state'] === 'failing'
            ? "`network.{$this->target}` `failing`: {$network['reason']}"
            : "`network.{$this->target}` `{$network['state']}`";
        if ($status['account'] !== 'usable') {
            $words .= "; account `{$status['account']}`, `{$status['code']}`";
        }

        return $words . ($this->target === 'gateway' ? '; both gateways `down`' : '');
    }

    /** When all is as before, once the fault is over. */
    private function back(): string
    {
        if (isset($this->seen['pause'])) {
            return 'when the pause is over, 10 min after the answer';
        }
        $seconds = max($this->seen['seconds'], $this->least());
        foreach (self::CLASSES as $words => $most) {
            if ($seconds <= $most) {
                return $words;
            }
        }

        return 'later than 2 minutes';
    }

    /** Times with chance in them are told by what they are at most. */
    private function least(): float
    {
        return match (true) {
            $this->target === 'cdn' && in_array($this->fault, ['silent', 'slow_loris'], true) => 120.0,
            $this->target === 'gateway', $this->target === 'cdn' => 60.0,
            $this->seen['task']['finished_at'] !== null => 0.0,
            in_array($this->fault, ['black_hole', 'silent', 'slow_loris'], true), $this->seen['status']['in_doubt'] > 0 => 60.0,
            default => 30.0,
        };
    }

    private function advice(): string
    {
        $status = $this->seen['status']['account'];

        return match (true) {
            $status === 'disabled' => 'see to the account or its token, configure it anew, submit again',
            $status === 'paused' => 'submit more slowly; nothing else',
            $this->target === 'cdn' => 'mend it, then call `mj_download()` again; the archive goes on by itself',
            $this->seen['task']['status'] === 'FAILURE' => 'mend it, then submit again',
            $this->seen['status']['network'][$this->target]['state'] === 'ok' => 'nothing',
            default => 'mend it; the task goes on by itself',
        };
    }
}
