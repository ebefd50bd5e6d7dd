<?php

declare(strict_types=1);

namespace Mj\Webman;

use Mj\Framework\Feed;
use Mj\Framework\ListenerFailed;
use Mj\Midjourney;
use Mj\MjException;
use Workerman\Timer;

/**
 * A process of Webman's that stays as the owner of the hub and tells the listeners what changed, so that neither a worker
 * that serves pages nor a cron has to.
 *
 * It begins after the fork, and works in slices, so that Workerman can stop and reload it between them.
 */
final class HubProcess
{
    private ?Feed $feed = null;

    private float $notBefore = 0.0;

    /**
     * @param float $slice how long it serves before Workerman gets its turn, in seconds: less than the 2 that Workerman waits
     *                     for a process to stop
     * @param float $pause how long it waits after something went wrong, in seconds
     */
    public function __construct(private float $slice = 0.5, private float $pause = 5.0) {}

    public function onWorkerStart(): void
    {
        Timer::add(0.1, function (): void {
            $this->slice();
        });
    }

    public function onWorkerStop(): void
    {
        $this->feed?->end();
        $this->feed = null;
    }

    /** Serves for a moment, then tells what changed. What goes wrong is in the log, and is tried again. */
    public function slice(): void
    {
        if (hrtime(true) / 1e9 < $this->notBefore) {
            return;
        }
        try {
            $mj = Mj::client();
            if ($mj instanceof Midjourney) {
                $mj->serve($this->slice);
            }
            if (Mj::hasEvents()) {
                $this->tell();
            }
        } catch (ListenerFailed|MjException|\ValueError $thrown) {
            $this->notBefore = hrtime(true) / 1e9 + $this->pause;
            Mj::logger()->error('mj: ' . $thrown->getMessage());
        }
    }

    private function tell(): void
    {
        $feed = $this->feed ?? new Feed(Mj::application());
        if ($this->feed === null && !$feed->begin()) {
            // `mj:sync` is at it.
            $feed->end();

            return;
        }
        $this->feed = $feed;
        $feed->follow(0.0, static fn(): bool => false);
    }
}
