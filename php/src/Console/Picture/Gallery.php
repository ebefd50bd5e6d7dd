<?php

declare(strict_types=1);

namespace Mj\Console\Picture;

use Mj\Console\Preview;
use Mj\Task;
use Symfony\Component\Console\Output\OutputInterface;

/** The pictures of one task, among the lines that tell of it. */
final class Gallery
{
    /** Pictures of a finished task that are shown: a group may have forty. */
    private const MOST = 4;

    private Canvas $canvas;

    public function __construct(private OutputInterface $output, private Preview $preview, private Protocol $protocol, private Box $box)
    {
        $this->canvas = new Canvas($output, $protocol, $box);
    }

    /**
     * Shows the half-done picture, where it is another one than before.
     *
     * @param \Closure(): void $prepare called before something is drawn; the cursor is behind the last picture then
     */
    public function showHalfDone(Task $task, \Closure $prepare): void
    {
        $picture = $this->preview->halfDone($task);
        if ($picture !== null) {
            $prepare();
            $this->canvas->draw($picture);
        }
    }

    /** Shows the finished pictures; the first one takes the place of the half-done one. */
    public function showFinished(Task $task): void
    {
        foreach ($task->succeeded() ? $this->preview->finished($task, self::MOST) : [] as $number => $picture) {
            if ($number > 0) {
                $this->canvas = new Canvas($this->output, $this->protocol, $this->box);
            }
            $this->canvas->draw($picture);
        }
    }
}
