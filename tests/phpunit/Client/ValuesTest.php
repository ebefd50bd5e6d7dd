<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Client;

use Mj\Action;
use Mj\Button;
use Mj\FailCode;
use Mj\Internal\Record;
use Mj\Status;
use Mj\Task;
use Mj\Tests\Process\Cli;
use PHPUnit\Framework\TestCase;

/** Tasks and their words as objects, held equal to what the extension and its documents say. */
final class ValuesTest extends TestCase
{
    private const RECORD = [
        'id' => '01TASK00000000000000000000',
        'status' => 'FAILURE',
        'fail_code' => 'MODERATED',
        'created_at' => 1_780_000_000_042,
        'images' => [[
            'url' => 'https://example.com/a.png', 'width' => 2, 'height' => 1, 'size' => 9, 'content_type' => 'image/png',
            'expires_at' => 1_780_000_000_000, 'file' => null,
        ]],
        'buttons' => [[
            'action' => null, 'custom_id' => 'MJ::Settings::Model', 'label' => null, 'emoji' => null, 'style' => 0,
            'choices' => [['value' => '7', 'label' => 'Version 7', 'selected' => true]],
        ]],
    ];

    public function testATaskIsReadByName(): void
    {
        $task = new Task(self::RECORD + Record::BLANK);

        self::assertSame(Status::of('FAILURE'), $task->status);
        self::assertSame(FailCode::of(FailCode::MODERATED), $task->failCode);
        self::assertSame('2026-05-28T20:26:40.042+00:00', $task->createdAt->format(\DATE_RFC3339_EXTENDED));
        self::assertNull($task->finishedAt);
        self::assertSame([2, 1, 'image/png', '1780000000'], [
            $task->images[0]->width, $task->images[0]->height, $task->images[0]->contentType, $task->images[0]->expiresAt->format('U'),
        ]);
        self::assertTrue($task->buttons[0]->isMenu());
        self::assertSame('Version 7', $task->button('MJ::Settings::Model')->choices[0]->label);
        self::assertSame([true, false, false], [isset($task->failCode), isset($task->failReason), isset($task->nothing)]);
        self::assertSame(self::RECORD + Record::BLANK, json_decode((string) json_encode($task), true));
    }

    public function testATaskFromAnOlderExtensionHasAllProperties(): void
    {
        $task = new Task(['id' => 'X', 'new_key' => 7]);

        self::assertSame([[], [], null, 7], [$task->notes, $task->tasks, $task->notBefore, $task->newKey]);
        $this->expectException(\ValueError::class);
        new Task([]);
    }

    /** @return array<string, array{callable(Task): mixed}> */
    public function changes(): array
    {
        return [
            'set' => [static fn(Task $task) => $task->status = 'SUCCESS'],
            'unset' => [static function (Task $task): void {
                unset($task->status);
            }],
            'unknown' => [static fn(Task $task) => $task->colour],
            'word' => [static fn(Task $task) => $task->status->value = 'SUCCESS'],
            'clone' => [static fn(Task $task) => clone $task->status],
        ];
    }

    /**
     * @dataProvider changes
     *
     * @param callable(Task): mixed $change
     */
    public function testNothingOfATaskCanBeChanged(callable $change): void
    {
        $this->expectException(\Error::class);
        $change(new Task(self::RECORD + Record::BLANK));
    }

    public function testAnUnknownWordIsKept(): void
    {
        self::assertSame('SOMETHING_NEW', FailCode::of('SOMETHING_NEW')->value);
        self::assertTrue(Status::of('CANCEL')->is('SUCCESS', Status::of(Status::CANCEL)));
        self::assertSame('"IMAGINE"', json_encode(Action::of(Action::IMAGINE)));
    }

    public function testFailCodesAreThoseOfTheGuide(): void
    {
        $guide = (string) file_get_contents(__DIR__ . '/../../../docs/refusals.md');
        preg_match_all('/^\| `([A-Z_]+)` \| (task|account) \| (?:yes|no) \|/m', $guide, $rows, PREG_SET_ORDER);
        $concerns = array_column($rows, 2, 1);
        $ours = [];
        foreach (FailCode::cases() as $code) {
            $ours[$code->value] = $code->concernsAccount() ? 'account' : 'task';
        }
        ksort($concerns);
        ksort($ours);

        self::assertNotSame([], $concerns);
        self::assertSame($concerns, $ours);
    }

    public function testStatusesAndActionsAreThoseOfTheStub(): void
    {
        $stub = (string) file_get_contents(__DIR__ . '/../../../stubs/mj.stub.php');
        foreach (['status' => Status::cases(), 'action' => Action::cases()] as $key => $cases) {
            self::assertSame(1, preg_match("/^ \\*     $key: ('[A-Z_'|]+),$/m", $stub, $found), $key);
            $words = array_map('strval', $cases);
            $theirs = explode('|', str_replace("'", '', $found[1]));
            self::assertSame([], array_merge(array_diff($words, $theirs), array_diff($theirs, $words)), $key);
        }
        self::assertSame(['SUCCESS', 'FAILURE', 'CANCEL'], array_map('strval', array_values(array_filter(
            Status::cases(),
            static fn(Status $status): bool => $status->isFinal(),
        ))));
    }

    public function testButtonNamesAreThoseOfTheStub(): void
    {
        $stub = (string) file_get_contents(__DIR__ . '/../../../stubs/mj.stub.php');
        foreach ((new \ReflectionClass(Button::class))->getConstants() as $name => $word) {
            self::assertStringContainsString("`$word`", $stub, $name);
        }
        self::assertSame(['upscale4', 'variation1', 'imagine5'], [Button::upscale(4), Button::variation(1), Button::imagine(5)]);
    }

    public function testExceptionsWithoutTheExtensionAreItsOwn(): void
    {
        $describe = <<<'PHP'
            $seen = [];
            foreach ($data as $name) {
                $class = new ReflectionClass("Mj\\$name");
                $own = [];
                foreach ($class->getProperties() as $property) {
                    if ($property->getDeclaringClass()->getName() === $class->getName()) {
                        $own[] = [$property->getName(), (string) $property->getType(), $property->getDefaultValue(), $property->getModifiers()];
                    }
                }
                $seen[$name] = [$class->getParentClass()->getName(), $class->isInternal(), $class->isFinal(), $own];
            }
            return $seen;
            PHP;
        $names = array_map(static fn(string $file): string => basename($file, '.php'), (array) glob(__DIR__ . '/../../../php/polyfill/*.php'));
        $theirs = json_decode(Cli::run("echo json_encode((static function (\$data) { $describe })(\$data));", [], $names), true);
        $ours = (static fn(array $data): array => eval($describe))($names);

        self::assertCount(6, $names);
        foreach ($theirs as $name => [$parent, $isInternal, $isFinal, $properties]) {
            self::assertSame([$parent, !$isInternal, $isFinal, $properties], $ours[$name], $name);
        }
    }
}
