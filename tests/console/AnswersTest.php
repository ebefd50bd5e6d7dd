<?php

declare(strict_types=1);

namespace Mj\Tests\Console;

use Mj\ActionUnavailableException;
use Mj\ConfigurationException;
use Mj\EngineException;
use Mj\FailCode;
use Mj\QueueFullException;
use Mj\StorageException;
use Mj\Testing\Outcome;

/** Exit codes, `--json`, and words of others. */
final class AnswersTest extends ConsoleTestCase
{
    /** @return array<string, array{\Throwable, int, string}> */
    public function troubles(): array
    {
        $full = new QueueFullException('too many tasks wait');
        $full->retryAfter = 30;

        return [
            'setting' => [new ConfigurationException('user_token is missing'), 3, 'user_token is missing'],
            'queue' => [$full, 1, 'too many tasks wait'],
            'store' => [new StorageException('the store cannot be written'), 1, 'the store cannot be written'],
            'button' => [new ActionUnavailableException('no such button'), 2, 'no such button'],
            'sentence' => [new \ValueError('mj_imagine(): Argument #1 ($prompt): the prompt is empty'), 2, 'the prompt is empty'],
            'option' => [new \ValueError('mj_imagine(): Argument #2 ($options) element "notify_url": not an address'), 2, '--notify-url: not an address'],
            'list' => [new \ValueError('mj_imagine(): Argument #2 ($options) element "images[1]" must be an address'), 2, '--image must be an address'],
            'address' => [new \ValueError('mj_describe(): Argument #1 ($image): lies in a private network'), 2, 'the image lies in a private network'],
            'one of several' => [new \ValueError('mj_blend(): Argument #1 ($images) element "1": there is no such file'), 2, 'picture 2: there is no such file'],
            'filter' => [new \ValueError('mj_tasks(): Argument #1 ($filter) element "parent_id": not a task id'), 2, '--parent: not a task id'],
            'type' => [new \TypeError('mj_imagine(): Argument #2 ($options) element "ar" must be of type string, int given'), 2, '--ar must be of type string, int given'],
            'argument' => [new \ValueError('mj_blend(): Argument #1 ($images) must have 2 to 5 pictures'), 2, 'the images must have 2 to 5 pictures'],
            'advice' => [new EngineException('a file is there; give options.overwrite to replace it'), extension_loaded('mj') ? 1 : 3, 'a file is there; give --overwrite to replace it'],
            'defect' => [new \TypeError('strlen(): Argument #1 ($string) must be of type string'), 1, 'strlen(): Argument #1 ($string) must be of type string'],
        ];
    }

    /** @dataProvider troubles */
    public function testWhatIsThrownIsALineAndAnExitCode(\Throwable $thrown, int $code, string $says): void
    {
        $this->mj->will(Outcome::throwing($thrown), Outcome::throwing($thrown));
        self::assertSame($code, $this->mj('imagine', 'a cat'));
        self::assertSame(["mj: $says\n", ''], [$this->err, $this->out]);

        self::assertSame($code, $this->mj('imagine', 'a cat', '--json'));
        $error = json_decode($this->err, true)['error'];
        self::assertSame([$says, $code], [$error['message'], $error['exit_code']]);
        self::assertSame($thrown instanceof QueueFullException ? 30 : null, $error['retry_after'] ?? null);
        self::assertSame('', $this->out);
    }

    public function testWithoutTheExtensionTheEngineIsNotConfigured(): void
    {
        if (extension_loaded('mj')) {
            self::markTestSkipped('the extension is loaded here');
        }
        $this->mj->will(Outcome::throwing(new EngineException('the extension mj is not loaded')));
        self::assertSame(3, $this->mj('imagine', 'a cat'));
    }

    /** @return array<string, array{list<string>, string}> */
    public function misuses(): array
    {
        return [
            'command' => [['draw'], 'Command "draw" is not defined.'],
            'option' => [['imagine', 'a cat', '--nonsense'], 'The "--nonsense" option does not exist.'],
            'argument' => [['upscale', 'ID'], 'Not enough arguments (missing: "which").'],
            'number' => [['imagine', 'a cat', '--seed=x'], '--seed must be a whole number'],
            'time' => [['imagine', 'a cat', '--timeout=soon'], '--timeout must be a number of seconds, 0 or more'],
            'infinite time' => [['imagine', 'a cat', '--timeout=1e999'], '--timeout must be a number of seconds, 0 or more'],
            'pictures' => [['imagine', 'a cat', '--pictures=ascii'], '--pictures must be one of auto, iterm, kitty, sixel, none'],
            'directory' => [['imagine', 'a cat', '--download=/proc/no'], '--download: the directory /proc/no cannot be made'],
            'modes' => [['imagine', 'a cat', '--fast', '--mode=relax'], '--fast and --mode=relax contradict each other'],
            'two switches' => [['imagine', 'a cat', '--fast', '--turbo'], '--fast and --turbo contradict each other'],
            'version of the model' => [['imagine', 'a cat', '--version', '7'], '--version tells the version of mj: give --v'],
            'empty key' => [['imagine', 'a cat', '--idempotency-key='], '--idempotency-key is empty'],
            'which' => [['upscale', 'ID', '5'], '"5" is none of 1, 2, 3, 4, subtle, creative'],
            'task' => [['task', 'NONE'], 'there is no task NONE'],
            'watched task' => [['watch', 'NONE'], 'there is no task NONE'],
            'status' => [['tasks', '--status=DONE'], '--status must be one of NOT_START, SUBMITTED'],
            'limit' => [['tasks', '--limit=0'], '--limit must be from 1 to 1000'],
            'language' => [['doctor', '--lang=fr'], '--lang must be en or zh'],
            'no task yet' => [['cancel', 'last'], 'there is no task yet'],
        ];
    }

    /**
     * @dataProvider misuses
     *
     * @param list<string> $command
     */
    public function testWrongUseEndsWith2AndSubmitsNothing(array $command, string $says): void
    {
        self::assertSame(2, $this->mj(...$command));
        self::assertStringStartsWith("mj: $says", $this->err);
        self::assertSame('', $this->out);
        $this->mj->assertNothingSubmitted();
        self::assertSame(2, $this->mj(...[...$command, '--json']));
        self::assertStringStartsWith($says, json_decode($this->err, true)['error']['message']);
    }

    public function testJsonIsTheTaskAndTellsItsIdAtOnce(): void
    {
        self::assertSame(0, $this->mj('imagine', 'a cat', '--json'));
        $task = $this->json();
        self::assertSame(array_keys($this->mj->poll($task['id'])->toArray()), array_keys($task));
        self::assertSame(['SUCCESS', 100, 'a cat'], [$task['status'], $task['progress'], $task['prompt']]);
        self::assertSame(['submitted' => $task['id']], json_decode($this->err, true));

        $this->mj->will(Outcome::failure(FailCode::BANNED_PROMPT), Outcome::stuck());
        self::assertSame(1, $this->mj('imagine', 'a cat', '--json'));
        self::assertSame('BANNED_PROMPT', $this->json()['fail_code']);
        self::assertSame(4, $this->mj('imagine', 'a cat', '--json', '--timeout=0.1'));
        self::assertNull($this->json()['finished_at']);
        self::assertSame(0, $this->mj('task', $task['id'], '--json'));
        self::assertSame(['', $task], [$this->err, $this->json()]);
    }

    public function testWordsOfOthersCommandNeitherTerminalNorFormatter(): void
    {
        $hostile = "a\e[2Jcat \u{9b}31m\u{202e}evil\r\n<<info>big</info> <href=https://evil.example>x</> <<<href=https://evil.example>>link a<<href=https://evil.example>>>b \\ \xff\0 end\\";
        $this->mj->on(static fn () => Outcome::failure(FailCode::REFUSED, $hostile));
        $task = $this->mj->wait($this->mj->imagine('x', ['state' => 's']));
        foreach ([['task', $task->id], ['tasks'], ['watch', $task->id]] as $command) {
            foreach ([fn () => $this->mj(...$command), fn () => $this->live($command, ['LANG' => 'C.UTF-8'])] as $run) {
                $run();
                $plain = preg_replace('/\e\[[\d;]*[mKJAG]/', '', $this->out);
                self::assertDoesNotMatchRegularExpression('/[\x00-\x09\x0b-\x1f\x7f]|\x{9b}|\x{202e}/u', $plain, implode(' ', $command));
            }
        }
        $this->mj('task', $task->id);
        self::assertStringContainsString('<<info>big</info> <href=https://evil.example>x</> <<<href=https://evil.example>>link a<<href=https://evil.example>>>b \\ ', $this->out);
        self::assertStringContainsString("end\\\n", $this->out);
        $this->live(['task', $task->id]);
        self::assertStringContainsString('<<info>big</info>', $this->out);
        self::assertStringContainsString('<<<href=https://evil.example>>link a<<href=https://evil.example>>>b', $this->out);
        self::assertStringNotContainsString("\e]8;;", $this->out);
    }

    public function testHostilePromptsStayOnTheirLine(): void
    {
        $task = $this->mj->wait($this->mj->imagine("one\ntwo <<fg=red>three \u{202e}four"));
        $this->live(['task', $task->id]);
        self::assertStringContainsString("\none two <<fg=red>three four\n", $this->out);

        $this->mj->will(Outcome::failure(FailCode::REFUSED, "\u{9b}31m\u{202e}reason\u{7f}"));
        $this->mj('imagine', 'x');
        self::assertStringContainsString("\n31m reason\n", $this->out);
    }
}
