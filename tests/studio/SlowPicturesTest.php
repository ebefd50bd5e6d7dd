<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

use Mj\Client;
use Mj\EngineException;
use Mj\Studio\Pictures;
use Mj\Studio\Refusal;
use Mj\Testing\FakeMidjourney;

/** Where Discord's pictures do not come, or slowly. */
final class SlowPicturesTest extends StudioTestCase
{
    private const ALL = 0.0;

    /** @var list<int> seconds that each fetch was given */
    private array $given = [];

    private bool $isThere = false;

    private bool $isFree = true;

    /** @param float $quick seconds after which a picture counts as slow: none, where each does */
    private function finished(float $quick, string $letter): string
    {
        $fake = new FakeMidjourney();
        $task = $fake->wait($fake->imagine('a cat'));
        $client = $this->createStub(Client::class);
        $client->method('poll')->willReturn($task);
        $client->method('download')->willReturnCallback(function ($id, string $place, array $options): array {
            $this->given[] = $options['timeout'];
            if (!$this->isThere) {
                throw new EngineException('nobody answers');
            }
            file_put_contents("$place/picture.png", "\x89PNG\r\n\x1a\n");

            return ["$place/picture.png"];
        });
        $pictures = new Pictures($client, $this->settings(), fn (): bool => $this->isFree, $quick);
        try {
            return (string) $pictures->finished(str_repeat($letter, 26), 0, 640)->status;
        } catch (Refusal $refusal) {
            return $refusal->reason;
        }
    }

    public function testASlowPictureTakesNotTheLastWorker(): void
    {
        // One that took all its time: the next has more of it, while somebody else could answer.
        self::assertSame(['no_image', [20]], [$this->finished(self::ALL, 'A'), $this->given]);
        self::assertSame(['no_image', [20, 90]], [$this->finished(self::ALL, 'B'), $this->given]);
        $this->isFree = false;
        self::assertSame(['no_image', [20, 90]], [$this->finished(self::ALL, 'C'), $this->given]);
        // A slow way is no broken one.
        [$this->isFree, $this->isThere] = [true, true];
        self::assertSame(['200', [20, 90, 90]], [$this->finished(self::ALL, 'C'), $this->given]);
        self::assertSame(['200', [20, 90, 90, 90]], [$this->finished(60.0, 'D'), $this->given]);
        // One that came quickly: all is as before.
        $this->isFree = false;
        self::assertSame(['200', [20, 90, 90, 90, 20]], [$this->finished(60.0, 'E'), $this->given]);
        // What is kept needs nobody.
        self::assertSame('200', $this->finished(60.0, 'C'));
        self::assertCount(5, $this->given);
    }

    public function testWhatIsRefusedAtOnceIsNotSlow(): void
    {
        foreach (['A', 'B', 'C'] as $letter) {
            self::assertSame('no_image', $this->finished(60.0, $letter));
        }
        self::assertSame([20, 20, 20], $this->given);
    }
}
