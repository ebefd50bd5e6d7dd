<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\EngineException;
use Mj\Midjourney;
use Mj\Tests\Process\Cli;
use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** The client on the extension, where no network is needed. */
final class MidjourneyTest extends TestCase
{
    public function testClientsOfTwoHubsTakeTurns(): void
    {
        $state = new StateDirectory();
        $seen = self::inProcess(<<<'PHP'
            [$one, $two] = array_map(static fn (array $config) => new Mj\Midjourney($config), $data['configs']);
            $one->imagine('a cat');
            $two->imagine('a dog');
            $one->imagine('a bird');
            $hubs = [$one->status()['hub'], $two->status()['hub'], $one->status()['hub'], (new Mj\Midjourney())->status()['hub']];
            $prompts = static fn ($page) => array_map(static fn ($task) => $task->prompt, $page->tasks());
            return [
                array_map(static fn ($hub) => $hub === $hubs[0], $hubs),
                $prompts($two->tasks(['hub' => $hubs[0]])),
                $prompts($one->tasks(['hub' => $hubs[1]])),
            ];
            PHP, ['configs' => [self::config($state), self::config($state, ['channel_id' => '100000000000000009'])]]);

        self::assertSame([[true, false, true, true], ['a bird', 'a cat'], ['a dog']], $seen);
    }

    public function testAClientStaysWithItsHubWhateverOthersConfigure(): void
    {
        $state = new StateDirectory();
        $seen = self::inProcess(<<<'PHP'
            [$one, $two] = $data['configs'];
            $mj = new Mj\Midjourney($one);
            $hub = $mj->status()['hub'];
            // What else is in the process may use the functions.
            mj_configure($two);
            $other = mj_status()['hub'];
            $task = $mj->imagine('a cat');
            return [$other !== $hub, $mj->status()['hub'] === $hub, array_map(static fn ($task) => $task->prompt, $mj->tasks()->tasks()), $mj->poll($task)?->prompt];
            PHP, ['configs' => [self::config($state), self::config($state, ['channel_id' => '100000000000000009'])]]);

        self::assertSame([true, true, ['a cat'], 'a cat'], $seen);
    }

    public function testServeReturnsAtItsTime(): void
    {
        $state = new StateDirectory();
        $code = '$began = hrtime(true); (new Mj\Midjourney($data["config"]))->serve(0.2); return (hrtime(true) - $began) / 1e9;';
        $seconds = self::inProcess($code, ['config' => self::config($state, ['role' => 'auto'])]);

        self::assertGreaterThan(0.1, $seconds);
        self::assertLessThan(20.0, $seconds);
    }

    public function testAWrongSettingIsTheExtensionsException(): void
    {
        $code = 'try { new Mj\Midjourney(["colour" => "red"]); } catch (Mj\ConfigurationException $e) { return $e->getMessage(); }';

        self::assertStringContainsString('colour', (string) self::inProcess($code, []));
    }

    public function testAWatchOfBeforeAForkIsAnError(): void
    {
        $state = new StateDirectory();
        $seen = self::inProcess(<<<'PHP'
            $mj = new Mj\Midjourney($data['config']);
            $watch = $mj->watch();
            $watch->changed();
            $pair = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
            if (pcntl_fork() === 0) {
                try {
                    $watch->changed();
                } catch (Mj\EngineException $e) {
                    $watch->close();
                    $own = $mj->watch();
                    $mj->imagine('in the child');
                    fwrite($pair[1], json_encode([$e->getMessage(), count($own->changed()), count($own)]) . "\n");
                }
                posix_kill(getmypid(), SIGKILL);
            }
            $told = json_decode(fgets($pair[0]));
            return [$told, $watch->take(), $watch->take()];
            PHP, ['config' => self::config($state)]);

        self::assertStringContainsString('made before a fork', $seen[0][0]);
        self::assertSame([0, 1], array_slice($seen[0], 1));
        self::assertSame([true, false], array_slice($seen, 1));
    }

    public function testTheDoctorLooksAtTheSettingsOfItsClient(): void
    {
        $state = new StateDirectory();
        $seen = self::inProcess(<<<'PHP'
            [$one, $two] = array_map(static fn (array $config) => new Mj\Midjourney($config), $data['configs']);
            $options = ['only' => 'configuration', 'network' => false];
            $wrong = ['config' => ['channel_id' => 'general']] + $options;
            $none = new Mj\Midjourney();
            $ok = static fn ($report) => [$report->ok, (string) $report->check('configuration.ids')->status];
            return [$ok($one->doctor($options)), $ok($one->doctor($wrong)), $ok($none->doctor($wrong)), $two->status()['hub'] !== $one->status()['hub']];
            PHP, ['configs' => [self::config($state), self::config($state, ['channel_id' => '100000000000000009'])]]);

        self::assertSame([[true, 'ok'], [false, 'failed'], [false, 'failed'], true], $seen);
    }

    public function testTokensAreNotShownAndNotSerialized(): void
    {
        $state = new StateDirectory();
        $seen = self::inProcess(<<<'PHP'
            $mj = new Mj\Midjourney($data['config']);
            ob_start();
            var_dump($mj);
            print_r($mj);
            $shown = ob_get_clean();
            try {
                serialize($mj);
            } catch (Throwable $e) {
                return [$shown, $e::class, unserialize(serialize($mj->imagine('a cat')))->prompt];
            }
            PHP, ['config' => self::config($state)]);

        self::assertStringContainsString('set, hidden', $seen[0]);
        self::assertStringNotContainsString('TOKEN-OF-A-TEST', $seen[0]);
        self::assertSame(['Error', 'a cat'], [$seen[1], $seen[2]]);
    }

    public function testWithoutTheExtensionItSaysSo(): void
    {
        $this->expectException(EngineException::class);
        $this->expectExceptionMessage('the extension mj is not loaded');
        new Midjourney();
    }

    /** Runs code with `$data` and the extension in a process of its own; gives what it returns. */
    private static function inProcess(string $code, array $data): mixed
    {
        $data['autoload'] = __DIR__ . '/../../../php/autoload.php';
        $wrapped = 'require $data["autoload"]; echo json_encode((static function (array $data) { ' . $code . ' })($data));';

        return json_decode(Cli::run($wrapped, [], $data), true, 64, JSON_THROW_ON_ERROR);
    }

    /**
     * @param  array<string, mixed> $settings
     * @return array<string, mixed> a hub that no process will ever own, unless its role says so
     */
    private static function config(StateDirectory $state, array $settings = []): array
    {
        return $settings + [
            'state_dir' => $state->path,
            'role' => 'never',
            'user_token' => 'USER-TOKEN-OF-A-TEST',
            'bot_token' => 'BOT-TOKEN-OF-A-TEST',
            'guild_id' => '100000000000000001',
            'channel_id' => '100000000000000002',
            'api_url' => 'http://127.0.0.1:9',
            'gateway_url' => 'ws://127.0.0.1:9',
            'shutdown_grace' => 0,
        ];
    }
}
