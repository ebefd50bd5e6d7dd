<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\ChatMoney\Ledger;
use Mj\ChatMoney\PdoConnection;
use Mj\Tests\Process\Nginx;
use Mj\Tests\Process\Until;
use Mj\Tests\Simulator\Png;
use PHPUnit\Framework\TestCase;

/** From the request that draws to the picture in the table, through real nginx, php-fpm and MariaDB, without a daemon. */
final class FlowTest extends TestCase
{
    private const RECORDS = 50;

    protected function setUp(): void
    {
        $missing = MariaDb::missing() ?? (Nginx::binary() === null ? 'nginx is not installed (apt-get install nginx)' : null);
        if ($missing !== null) {
            self::markTestSkipped("nothing is known of the flow: $missing");
        }
    }

    /** @return array<string, array{bool}> whether each key of the pool has a gateway session of its own */
    public function sessions(): array
    {
        return ['one key listens' => [false], 'each key listens' => [true]];
    }

    /** @dataProvider sessions */
    public function testEveryRecordGetsItsPictureOnceWhileOwnersAreKilled(bool $sessions): void
    {
        $site = new Deployment(5, ['hold_finals' => true], $sessions);
        $calls = [];
        for ($i = 1; $i <= self::RECORDS; ++$i) {
            $calls[] = ['draw', "a lighthouse, number $i of many"];
        }
        $ids = [];
        foreach (array_chunk($calls, 10) as $together) {
            $ids = [...$ids, ...$site->browsers->calls($together)];
        }
        self::assertSame(range(1, self::RECORDS), self::sorted($ids));
        $this->awaitHeld($site, $ids, self::RECORDS);

        $killed = [];
        foreach ([10, 20] as $done) {
            $this->release($site, 10);
            $progress = $this->pollUntil($site, $ids, static fn (array $records): bool => self::done($records) >= $done);
            $killed[] = $this->killOwner($site);
        }
        self::assertNotEmpty(array_filter($progress, static fn (int $one): bool => $one > 0 && $one < 100), 'progress is seen between 0 and 100');
        self::assertCount(2, array_unique($killed));

        // No request comes any more. Held jobs are released, and the cron runs once.
        $site->simulator->control('config', ['set' => ['hold_finals' => false]]);
        $site->simulator->control('release');
        self::assertLessThan(self::RECORDS, self::done($this->records($site, $ids)));
        $cron = $site->cron(50.0);
        self::assertSame(['busy' => false, 'owed' => 0, 'abandoned' => 0, 'open' => false], array_diff_key($cron, ['delivered' => 0, 'failed' => 0]));

        $pictures = array_column($site->simulator->control('record', ['sha256' => true])['interactions'], 'sha256', 'prompt');
        self::assertCount(self::RECORDS, $site->simulator->jobs(), 'nothing was sent twice');
        foreach ($this->records($site, $ids) as $record) {
            self::assertSame(['3', ''], [(string) $record['status'], $record['fail_reason']], json_encode($record));
            self::assertSame(self::pictureOf($pictures, $record['prompt']), hash_file('sha256', $record['image']), $record['prompt']);
            self::assertSame(
                ['upsample1', 'upsample2', 'upsample3', 'upsample4', 'variation1', 'variation2', 'variation3', 'variation4'],
                json_decode($record['able_actions'], true),
            );
        }
        self::assertSame(array_fill(0, self::RECORDS, 1), $site->notices(), 'each was notified exactly once');
        self::assertSame(array_fill(0, 5, self::RECORDS / 5), self::perAccount($site), 'the keys took turns');
    }

    /** @dataProvider sessions */
    public function testACronThatIsAnAddressDoesTheSame(bool $sessions): void
    {
        $site = new Deployment(2, [], $sessions);
        $bad = $site->fpm->call('draw', 'a harbour simulate:banned');
        $good = $site->fpm->call('draw', 'a harbour in the rain');
        $cron = $site->fpm->call('cron', 30);
        self::assertSame([2, 0, false], [$cron['delivered'], $cron['owed'], $cron['open']]);
        self::assertSame([3, 2], array_map('intval', [$site->site->record($good)['status'], $site->site->record($bad)['status']]));
        self::assertNotSame('', $site->site->record($bad)['fail_reason']);

        $upscaled = $site->fpm->call('uv', $good, 'upsample', 2);
        $varied = $site->fpm->call('uv', $good, 'variation', 1);
        $refused = $site->fpm->call('uv', $bad, 'variation', 1);
        $site->fpm->call('cron', 30);
        self::assertSame([[3, []], [3, 8], [2, null]], array_map(static function (int $id) use ($site): array {
            $actions = json_decode((string) $site->site->record($id)['able_actions'], true);

            return [(int) $site->site->record($id)['status'], $actions === [] || $actions === null ? $actions : count($actions)];
        }, [$upscaled, $varied, $refused]));
        self::assertStringContainsString($site->simulator->says['cdn_url'], $site->site->record($upscaled)['image_url']);
        self::assertSame(['upscale2', 'variation1'], self::sorted(array_column(array_filter(
            $site->simulator->jobs(),
            static fn (array $job): bool => $job['action'] !== 'imagine',
        ), 'action')));
        self::assertSame([1, 1, 1, 1], $site->notices());
    }

    public function testABaseImageIsWhatMidjourneyIsGiven(): void
    {
        $site = new Deployment(1);
        $picture = Png::coloured(7, 64, 64);
        $id = $site->fpm->call('draw', 'a harbour in this light', base64_encode($picture));
        $site->fpm->call('cron', 30);
        $record = $site->site->record($id);
        self::assertSame(3, (int) $record['status'], json_encode($record));
        self::assertMatchesRegularExpression('~^(https?://\S+) a harbour in this light~', $site->simulator->jobs()[0]['prompt']);
        $link = strtok($site->simulator->jobs()[0]['prompt'], ' ');
        self::assertSame(md5($picture), md5((string) file_get_contents((string) $link)), 'the same picture');
    }

    public function testARequestThatEndsInTheMiddleLeavesNoLock(): void
    {
        $site = new Deployment(1);
        $connection = (string) $site->fpm->call('lockAndExit');
        $left = $site->site->pdo->query('SELECT id FROM information_schema.processlist')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertContains($connection, array_map('strval', $left), 'the connection is still there');
        self::assertTrue((new Ledger(new PdoConnection($site->site->pdo), 'la_'))->lock());
    }

    /** @dataProvider sessions */
    public function testARepeatedRequestIsOneTask(bool $sessions): void
    {
        $site = new Deployment(2, [], $sessions);
        $driver = ['prompt' => 'a pier', 'image_base' => '', 'key' => 'record:7'];
        $first = $site->fpm->call('imagine', $driver);
        self::assertSame($first, $site->fpm->call('imagine', $driver));
        self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', $first['task_id']);
        self::assertLessThanOrEqual(30, strlen($first['task_id']));
    }

    public function testARequestThatIsKilledAfterItAskedLosesNoPicture(): void
    {
        $site = new Deployment(2);
        self::assertSame([null, null], $site->browsers->calls([['drawAndDie', 1], ['drawAndDie', 2]]));
        // The browser of the first tries again, the other one is closed.
        $again = $site->fpm->call('imagine', ['prompt' => 'a pier', 'image_base' => '', 'key' => 'record:1']);
        $cron = $site->cron(50.0);

        self::assertSame([2, 0, 0], [$cron['delivered'], $cron['owed'], $cron['abandoned']]);
        self::assertCount(2, $site->simulator->jobs(), 'the repeated request made no second picture');
        $records = $this->records($site, [1, 2]);
        self::assertSame([3, 3], array_map('intval', array_column($records, 'status')));
        self::assertSame($again['task_id'], array_values($records)[0]['task_id']);
        self::assertSame(2, (int) $site->site->pdo->query('SELECT COUNT(*) FROM notices')->fetchColumn());
    }

    /**
     * Polls as the front end does, in batches, only faster, until the records are as they should be.
     *
     * @param list<int>                                      $ids
     * @param callable(array<int, array<string, mixed>>): bool $enough
     *
     * @return array<int, int> the last progress of each record that was seen
     */
    private function pollUntil(Deployment $site, array $ids, callable $enough): array
    {
        $progress = [];
        Until::true(function () use ($site, $ids, $enough, &$progress): bool {
            $batches = array_map(static fn (array $batch): array => ['poll', $batch], array_chunk($ids, 10));
            $records = [];
            foreach ($site->browsers->calls($batches) as $batch) {
                // The request of a killed worker: the front end asks again.
                $records += $batch ?? [];
            }
            $progress = array_column($records, 'progress', 'id') + $progress;

            return $enough($records);
        }, 60.0, fn (): string => json_encode([$site->fpm->call('status')['queue'], $progress]));

        return $progress;
    }

    /** Every job waits for its release. */
    private function awaitHeld(Deployment $site, array $ids, int $count): void
    {
        Until::true(function () use ($site, $ids, $count): bool {
            $site->browsers->calls([['poll', [$ids[0]]]]);

            return count(self::held($site)) === $count;
        }, 60.0, static fn (): string => json_encode([count(self::held($site)), $site->fpm->call('status')['queue'], $site->fpm->log()]));
    }

    private function release(Deployment $site, int $count): void
    {
        foreach (array_slice(self::held($site), 0, $count) as $job) {
            $site->simulator->control('release', ['job_id' => $job]);
        }
    }

    /** @return list<string> */
    private static function held(Deployment $site): array
    {
        $held = array_filter($site->simulator->jobs(), static fn (array $job): bool => $job['state'] === 'held');

        return array_values(array_column($held, 'job_id'));
    }

    private function killOwner(Deployment $site): int
    {
        $pid = 0;
        Until::true(static function () use ($site, &$pid): bool {
            $owners = array_filter(array_column($site->fpm->call('status')['hubs'], 'owner'), static fn (?array $owner): bool => $owner['alive'] ?? false);
            $hubs = array_count_values(array_column($owners, 'pid'));
            arsort($hubs);
            // Of several the one that has most to lose.
            $pid = array_key_first($hubs) ?? 0;

            return $pid > 0;
        }, 60.0);
        self::assertContains($pid, $site->fpm->workerPids(), 'the owner is a worker of php-fpm');
        self::assertTrue(posix_kill($pid, SIGKILL));

        return $pid;
    }

    /**
     * @param list<int> $ids
     *
     * @return list<array<string, mixed>>
     */
    private function records(Deployment $site, array $ids): array
    {
        return array_map(static fn (int $id): array => $site->site->record($id), $ids);
    }

    /** @param array<array<string, mixed>> $records */
    private static function done(array $records): int
    {
        return count(array_filter($records, static fn (array $record): bool => (int) $record['status'] === 3));
    }

    /** @param array<string, string> $pictures by what Midjourney was asked for, parameters included */
    private static function pictureOf(array $pictures, string $prompt): string
    {
        foreach ($pictures as $asked => $sha256) {
            if ($asked === $prompt || str_starts_with($asked, "$prompt --")) {
                return $sha256;
            }
        }
        throw new \RuntimeException("Midjourney was not asked for $prompt");
    }

    /** @return list<int> */
    private static function perAccount(Deployment $site): array
    {
        return array_values(array_count_values(array_column($site->simulator->jobs(), 'user_id')));
    }

    /**
     * @param list<mixed> $list
     *
     * @return list<mixed>
     */
    private static function sorted(array $list): array
    {
        sort($list);

        return $list;
    }
}
