<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/** What came of a scenario's tasks. */
final class Verdict
{
    /** How many tasks PHP can tell of. */
    public int $tasks = 0;

    /** How many of them ended with a picture. */
    public int $pictures = 0;

    /** How many ended as `SUBMIT_UNCONFIRMED`, and nothing was made for them. */
    public int $unconfirmed = 0;

    /** @var list<string> tasks, answers or paid pictures that nobody has */
    public array $lost = [];

    /** @var list<string> tasks that Midjourney was asked for more than once */
    public array $doubled = [];

    /** @var list<string> tasks with another's job or picture */
    public array $swapped = [];

    /** @var list<string> tasks that failed in a way that the scenario does not explain */
    public array $failed = [];

    /** @return list<string> everything that must not be, at most ten of a kind */
    public function faults(): array
    {
        $faults = [];
        foreach (['lost', 'doubled', 'swapped', 'failed'] as $kind) {
            foreach (array_slice($this->$kind, 0, 10) as $fault) {
                $faults[] = "$kind: $fault";
            }
        }

        return $faults;
    }
}
