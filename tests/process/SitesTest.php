<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use PHPUnit\Framework\TestCase;

/** Several sites that one process serves in turn, each with entries that its web server sets (`PHP_ADMIN_VALUE`). */
final class SitesTest extends TestCase
{
    public function testSitesOfOneWorkerKeepTheirHubsApart(): void
    {
        $simulators = [new Simulator(['--speed', '100']), new Simulator(['--speed', '100', '--seed', '2'])];
        $states = [new StateDirectory(), new StateDirectory()];
        $sites = $ids = [];
        foreach ($simulators as $number => $simulator) {
            $sites[] = $simulator->ini(['gateway' => 'user', 'state_dir' => $states[$number]->path, 'cdn_url' => "https://pictures$number.example.com"]);
        }
        $fpm = new Fpm([], 1);
        for ($i = 0; $i < 10; ++$i) {
            $ids[$i] = $fpm->callFor($sites[$i % 2], 'mj_imagine', 'asked by site ' . $i % 2);
        }
        // What a script of one site configures is not the other's, and is the first one's still when its turn comes.
        $given = ['cdn_url' => 'https://given.example.com', 'accounts' => null];
        $given += $simulators[0]->config(['gateway' => 'user']);
        $fpm->callFor($sites[0], 'configured', array_filter($given), 'pid');
        $address = 'https://cdn.discordapp.com/attachments/1/2/a.png';
        self::assertStringStartsWith('https://pictures1.', $fpm->callFor($sites[1], 'mj_image_url', $address));
        self::assertStringStartsWith('https://given.', $fpm->callFor($sites[0], 'mj_image_url', $address));

        foreach ($sites as $number => $ini) {
            $own = array_values(array_filter($ids, static fn (int $i) => $i % 2 === $number, ARRAY_FILTER_USE_KEY));
            Until::true(
                static fn () => array_unique(array_column($fpm->callFor($ini, 'mj_poll_many', $own), 'status')) === ['SUCCESS'],
                60.0,
                static fn () => json_encode($fpm->callFor($ini, 'mj_poll_many', $own)),
            );
            $jobs = $simulators[$number]->jobs();
            self::assertCount(5, $jobs);
            foreach ($jobs as $job) {
                self::assertStringStartsWith("asked by site $number", $job['prompt']);
            }
        }
    }
}
