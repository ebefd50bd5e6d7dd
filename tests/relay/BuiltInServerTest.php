<?php

declare(strict_types=1);

namespace Mj\Tests\Relay;

use Mj\Tests\Process\Extension;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;
use Mj\Tests\Simulator\Receiver;
use PHPUnit\Framework\TestCase;

/** The front controller without nginx and php-fpm, and without what may be missing. */
final class BuiltInServerTest extends TestCase
{
    private const ENVIRONMENT = ['MJ_RELAY_SECRET' => 'the-right-secret', 'MJ_RELAY_RATE' => '0'];

    public function testItWorksAndReachesItselfWithoutBeingToldWhere(): void
    {
        $simulator = new Simulator(['--speed', '50']);
        $state = new StateDirectory('root');
        $ini = ['extension' => Extension::path()] + $simulator->ini(['gateway' => 'both', 'state_dir' => $state->path]);
        // Without curl, too.
        $server = new BuiltInServer($ini, self::ENVIRONMENT);
        $receiver = new Receiver();
        $reply = $server->ask('/mj/submit/imagine', ['prompt' => 'a cat', 'notifyHook' => $receiver->url])->json();
        self::assertSame(1, $reply['code'], (string) json_encode($reply));
        do {
            $post = $receiver->next()['task'];
        } while ($post['finishTime'] === null);
        self::assertSame([$reply['result'], 'SUCCESS'], [$post['id'], $post['status']]);
        self::assertSame($post, $server->ask("/mj/task/{$reply['result']}/fetch")->json());
        foreach ([$server->ask('/mj/account/list')->json()[0], $server->ask('/mj/account/main/fetch')->json()] as $account) {
            self::assertSame(['main', true], [$account['id'], $account['enable']]);
            $shown = [array_keys($account), array_keys($account['properties'])];
            self::assertSame([['id', 'enable', 'properties'], ['state', 'code', 'running']], $shown, 'and nothing secret');
        }
        self::assertSame(404, $server->ask('/index.php')->status);
        // Before the directory that it uses.
        unset($server);
    }

    public function testWithoutTheExtensionItSaysSoInJson(): void
    {
        $answer = (new BuiltInServer([], self::ENVIRONMENT))->ask('/mj/task/list');
        self::assertSame([503, 9], [$answer->status, $answer->json()['code']]);
    }

    public function testWithoutSettingsItSaysSoInJson(): void
    {
        $state = new StateDirectory('root');
        $server = new BuiltInServer(['extension' => Extension::path(), 'mj.state_dir' => $state->path], self::ENVIRONMENT);
        $answer = $server->ask('/mj/submit/imagine', ['prompt' => 'a cat']);
        self::assertSame([503, 9], [$answer->status, $answer->json()['code']]);
        self::assertStringNotContainsString('channel', $answer->body);
        unset($server);
    }
}
