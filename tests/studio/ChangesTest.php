<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Studio\Changes;
use Mj\Testing\Outcome;

/** The stream of changes. */
final class ChangesTest extends StudioTestCase
{
    /** @return list<array{event: string, id: string, data: array<string, mixed>}> */
    private static function events(string $stream): array
    {
        preg_match_all('/^event: (\w+)\nid: (\S+)\ndata: (.*)\n\n/m', $stream, $found, PREG_SET_ORDER);

        return array_map(static fn (array $one): array => ['event' => $one[1], 'id' => $one[2], 'data' => json_decode($one[3], true)], $found);
    }

    public function testEachChangeIsToldUntilTheEnd(): void
    {
        $task = $this->mj->imagine('a cat');
        $events = self::events(implode('', iterator_to_array((new Changes($this->mj, 10.0, 0.001))->since("$task->id.0"), false)));
        $last = array_pop($events);
        self::assertSame('end', $last['event']);
        $progress = array_column(array_column($events, 'data'), 'progress');
        self::assertSame(100, end($progress));
        self::assertGreaterThan(2, count($progress));
        $revisions = array_column(array_column($events, 'data'), 'revision');
        self::assertSame(array_values(array_unique($revisions)), $revisions, 'none twice');
        self::assertSame("$task->id." . end($revisions), $last['id']);
    }

    public function testAStreamEndsWithItsSliceAndGoesOnWhereItWas(): void
    {
        $this->enter();
        $task = $this->mj->imagine('a cat');
        $seen = [];
        $id = "$task->id.0";
        for ($connections = 0; $connections < 20 && !str_contains($stream ?? '', 'event: end'); $connections++) {
            $stream = self::text($this->ask('GET', "api/changes?tasks=$task->id.0", ['headers' => ['last-event-id' => $id]]));
            foreach (self::events($stream) as $event) {
                $id = $event['id'];
                if ($event['event'] === 'task') {
                    $seen[] = $event['data']['revision'];
                }
            }
        }
        self::assertGreaterThan(2, $connections, 'a slice of no length is one look');
        self::assertSame(range($seen[0], end($seen)), $seen, 'nothing lost, nothing twice');
    }

    public function testAStuckTaskHoldsAWorkerNoLongerThanTheSlice(): void
    {
        $task = $this->mj->will(Outcome::stuck())->imagine('a cat');
        $begun = microtime(true);
        $stream = implode('', iterator_to_array((new Changes($this->mj, 0.2, 0.01))->since("$task->id.0"), false));
        self::assertLessThan(20.0, microtime(true) - $begun);
        self::assertStringNotContainsString('event: end', $stream);
        self::assertStringStartsWith('retry: ', $stream);
    }

    public function testATaskThatIsGoneIsToldOf(): void
    {
        $gone = str_repeat('0', 26);
        $task = $this->mj->imagine('a cat');
        $events = self::events(implode('', iterator_to_array((new Changes($this->mj, 10.0, 0.001))->since("$gone.3_$task->id.0"), false)));
        $told = array_values(array_filter($events, static fn (array $one): bool => $one['event'] === 'gone'));
        self::assertSame([['id' => $gone]], array_column($told, 'data'), 'once');
        self::assertStringNotContainsString($gone, end($events)['id'], 'and never asked for again');
        self::assertSame('end', end($events)['event']);
    }

    public function testAStreamLeavesItsWorkerWhenNoneIsFree(): void
    {
        $task = $this->mj->will(Outcome::stuck())->imagine('a cat');
        $looks = 0;
        $free = static function () use (&$looks): bool {
            return ++$looks < 3;
        };
        $stream = implode('', iterator_to_array((new Changes($this->mj, 30.0, 0.001, $free))->since("$task->id.0"), false));
        self::assertSame(3, $looks);
        self::assertStringEndsWith("retry: 1000\n\n", $stream, 'the browser comes back in a second');
        self::assertStringNotContainsString('event: end', $stream);
    }

    public function testOnlyIdsAreTaken(): void
    {
        $this->enter();
        $many = implode('_', array_fill(0, Changes::MOST + 1, str_repeat('0', 26) . '.1'));
        foreach (['', 'x', str_repeat('0', 26), "\ndata: x", $many] as $bad) {
            self::assertRefused(422, 'invalid', $this->ask('GET', 'api/changes?tasks=' . rawurlencode($bad)));
        }
    }
}
