<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use Mj\Tests\Simulator\Exposition;
use PHPUnit\Framework\TestCase;

/** `mj_metrics()` through a real php-fpm: whichever worker is asked, and whoever owns the hub. */
final class MetricsTest extends TestCase
{
    public function testCountersOutliveTheirOwner(): void
    {
        $simulator = new Simulator(['--speed', '20']);
        $state = new StateDirectory();
        $fpm = new Fpm(['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user', 'spacing' => '20ms']), 4);
        $prompts = static fn (int ...$numbers) => array_map(static fn (int $i) => ['mj_imagine', "picture $i"], $numbers);
        $pages = [self::page($fpm)];
        $ids = $fpm->calls($prompts(...range(1, 4)));
        foreach ($ids as $id) {
            FpmTest::finished($fpm, $id);
            $pages[] = self::page($fpm);
        }

        $ids = [...$ids, ...$fpm->calls($prompts(...range(5, 10)))];
        Until::true(static fn () => self::page($fpm)->sum('mj_tasks_running') > 0.0, 60.0);
        $owner = $fpm->call('mj_status')['owner'];
        posix_kill($owner['pid'], SIGKILL);
        foreach ($ids as $id) {
            self::assertSame('SUCCESS', FpmTest::finished($fpm, $id)['status']);
            $pages[] = self::page($fpm);
        }
        // Other workers than the owner answer as well.
        foreach ($fpm->calls(array_fill(0, 8, ['mj_metrics'])) as $text) {
            $pages[] = new Exposition($text);
        }

        $last = end($pages);
        self::assertSame(10.0, $last->sum('mj_tasks_ended_total', ['status' => 'SUCCESS']), 'each once, whoever saw it');
        self::assertSame(10.0, $last->sum('mj_task_whole_seconds', [], '_count'));
        self::assertSame((float) $owner['epoch'] + 1, $last->sum('mj_owner_changes_total'));
        self::assertSame([1.0, 1.0], [$last->sum('mj_owner_alive'), $last->sum('mj_gateway_up')]);
        foreach (array_slice($pages, 1) as $at => $page) {
            self::assertSame([], $page->wentBack($pages[$at]));
        }
    }

    public function testADeadOwnerIsSeen(): void
    {
        $simulator = new Simulator();
        $state = new StateDirectory();
        $ini = ['mj.state_dir' => $state->path] + $simulator->ini(['gateway' => 'user']);
        $owner = new Cli('mj_serve(60);', $ini);
        $asked = static fn () => new Exposition(json_decode(Cli::run('echo json_encode(mj_metrics());', ['mj.role' => 'never'] + $ini)));
        Until::true(static fn () => $asked()->sum('mj_gateway_up') === 1.0, 60.0);
        self::assertSame(1.0, $asked()->sum('mj_owner_alive'));
        posix_kill($owner->pid(), SIGKILL);
        Until::true(static fn () => $asked()->sum('mj_owner_alive') === 0.0, 15.0);
        self::assertSame(0.0, $asked()->sum('mj_gateway_up'));
    }

    private static function page(Fpm $fpm): Exposition
    {
        return new Exposition($fpm->call('mj_metrics'));
    }
}
