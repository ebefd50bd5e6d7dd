<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

/** One hub for each kind of gateway, shared by the tests of a class, and the parents whose buttons they press. */
trait SharedHubs
{
    /** Chains of what is made before a test: a prompt, then the buttons that are pressed on each result. */
    private static array $parents = [
        'grid' => ['a grid of four --ar 3:2'],
        'single' => ['a grid of four --ar 3:2', 'upscale2'],
        'larger' => ['a grid of four --ar 3:2', 'upscale2', 'upscale_subtle'],
        'films' => ['a grid of four --ar 3:2', 'upscale2', 'animate_low'],
        'film' => ['a grid of four --ar 3:2', 'upscale2', 'animate_low', 'upscale3'],
        'v4' => ['an old picture --v 4', 'upscale1'],
        'v5.2' => ['an older picture --v 5.2', 'upscale1'],
        'v6' => ['a picture of last year --v 6', 'upscale1'],
        'v6.1' => ['a picture of this year --v 6.1', 'upscale1'],
        'niji' => ['a drawn picture --niji 6', 'upscale1'],
    ];

    /** @var array<string, Hub> by gateway */
    private static array $hubs = [];

    /** @var array<string, array<string, mixed>> finished tasks by gateway and how they were made */
    private static array $made = [];

    public static function tearDownAfterClass(): void
    {
        self::$hubs = self::$made = [];
    }

    protected function tearDown(): void
    {
        foreach (self::$hubs as $hub) {
            $hub->simulator->control('clear');
            $hub->simulator->control('config', ['set' => self::switches()]);
            $hub->simulator->control('release');
        }
    }

    /** @return array<string, mixed> the simulator's conduct when a test begins: as it is by default, and in no hurry to limit us */
    private static function switches(): array
    {
        return [
            'concurrency' => 12, 'hold_finals' => false, 'inpaint_path' => 'old', 'interaction_limit' => 1000, 'manual_buttons' => false,
            'modal_success' => true, 'modal_ttl' => 900_000, 'queue_size' => 50, 'rate_limits' => false, 'remix' => false,
        ];
    }

    /** The hub of the class for a kind of gateway. */
    private static function hub(string $gateway, int $accounts = 1): Hub
    {
        return self::$hubs["$gateway $accounts"] ??= new Hub(
            ['gateway' => $gateway, 'spacing' => '10ms', 'timeout' => 60, 'concurrency' => 12],
            ['--speed', '500', '--accounts', (string) $accounts, '--config', json_encode(self::switches(), JSON_THROW_ON_ERROR)],
            lasting: true,
        );
    }

    /**
     * A finished task by its name in `$parents`; made when it is needed first.
     *
     * @return array<string, mixed>
     */
    private static function parent(string $gateway, string $name): array
    {
        return self::made(self::hub($gateway), $gateway, ...self::$parents[$name]);
    }

    /** @return array<string, mixed> */
    private static function made(Hub $hub, string $gateway, string ...$chain): array
    {
        $key = implode(' > ', [$gateway, ...$chain]);
        if (!isset(self::$made[$key])) {
            $last = array_pop($chain);
            $task = $chain === [] ? $hub->picture($last) : $hub->press(self::made($hub, $gateway, ...$chain)['id'], $last);
            self::assertSame('SUCCESS', $task['status'], "$key: {$task['fail_code']} {$task['fail_reason']}");
            self::$made[$key] = $task;
        }

        return self::$made[$key];
    }

    /**
     * Holds a task's picture to what the simulator made.
     *
     * @param  array<string, mixed> $task
     * @return array<string, mixed> the interaction that made it: the press, or the modal that was sent back
     */
    private static function assertPictureIsTrue(Hub $hub, array $task, string $made): array
    {
        self::assertSame('SUCCESS', $task['status'], "{$task['fail_code']} {$task['fail_reason']}");
        $jobs = array_values(array_filter(
            $hub->simulator->jobs(),
            static fn (array $one) => in_array($task['job_id'], $one['job_ids'], true),
        ));
        self::assertCount(1, $jobs, 'the job is not one of ours');
        self::assertSame([$made, 'finished'], [$jobs[0]['action'], $jobs[0]['state']]);
        self::assertSame((string) $jobs[0]['final_message_id'], $task['message_id']);
        self::assertSame($jobs[0]['picture_path'], parse_url($task['image_url'], PHP_URL_PATH));
        self::assertFalse($task['late']);

        return $jobs[0];
    }

    /**
     * Holds a task to the button that was pressed for it.
     *
     * @param  array<string, mixed> $parent
     * @param  array<string, mixed> $task
     * @param  string               $customId `#` stands for the parent's job
     * @return array<string, mixed> the press
     */
    private static function assertPressMadeIt(Hub $hub, array $parent, array $task, string $customId, string $made): array
    {
        $press = self::assertPictureIsTrue($hub, $task, $made);
        self::assertSame(3, $press['type']);
        self::assertSame(str_replace('#', $parent['job_id'], $customId), $press['custom_id']);
        self::assertSame($parent['message_id'], (string) $press['message_id']);
        self::assertSame($parent['id'], $task['parent_id']);
        self::assertSame($parent['account'], $task['account']);

        return $press;
    }

    /**
     * The first file of a task is what the simulator drew.
     *
     * @param  array<string, mixed> $task
     * @return string its first bytes
     */
    private static function assertFileIsTrue(Hub $hub, array $task): string
    {
        $files = $hub->call('mj_download', $task['id'], $hub->directory());
        self::assertCount(1, $files);
        self::assertSame($hub->job($task)['sha256'], hash_file('sha256', $files[0]));

        return file_get_contents($files[0], false, null, 0, 64);
    }

    /**
     * What a refused call throws.
     *
     * @param  array<string, mixed> $options
     * @return array{string, string} message and reason
     */
    private static function unavailable(Hub $hub, string $id, string $action, array $options = []): array
    {
        return $hub->run(<<<'PHP'
            try {
                return [mj_action(...$data), "not refused"];
            } catch (Mj\ActionUnavailableException $e) {
                return [$e->getMessage(), $e->reason];
            }
            PHP, [$id, $action, $options]);
    }
}
