<?php

declare(strict_types=1);

namespace Mj\Testing;

use Mj\FailCode;

/** What becomes of a submission to the fake. Never changes; each `with…()` gives another one. */
final class Outcome
{
    /** @var list<int<0, 99>> what is seen before the end */
    private array $progress = [0, 35, 70];

    /** @var list<string>|null addresses */
    private ?array $images = null;

    /** @var list<string>|null names */
    private ?array $buttons = null;

    /** @var list<string>|array<string, string>|null */
    private ?array $texts = null;

    private bool $isLate = false;

    private function __construct(
        private ?FailCode $failCode = null,
        private string $failReason = '',
        private bool $isRetryable = false,
        private bool $isStuck = false,
        private ?\Throwable $thrown = null,
    ) {}

    /** It ends well, with what the extension would give: a grid, a picture, texts, buttons. */
    public static function success(): self
    {
        return new self();
    }

    /** It ends without a result: at once, or in the middle of the job where `withProgress()` says so. */
    public static function failure(string|FailCode $code, string $reason = 'refused', bool $retryable = false): self
    {
        return (new self(FailCode::of((string) $code), $reason, $retryable))->withProgress();
    }

    /** It never ends by itself, and stays at this progress: for time-outs and cancellation. */
    public static function stuck(int $progress = 35): self
    {
        $stuck = new self(isStuck: true);
        $stuck->progress = [max(0, min(99, $progress))];

        return $stuck;
    }

    /** It is not accepted at all: a `QueueFullException`, a `StorageException`, … */
    public static function throwing(\Throwable $thrown): self
    {
        return new self(thrown: $thrown);
    }

    /** What is seen before the end, each 0 to 99. */
    public function withProgress(int ...$progress): self
    {
        $other = clone $this;
        $other->progress = array_map(static fn(int $one): int => max(0, min(99, $one)), array_values($progress));

        return $other;
    }

    /** Its pictures, by their addresses. */
    public function withImages(string ...$urls): self
    {
        $other = clone $this;
        $other->images = array_values($urls);

        return $other;
    }

    /** Its buttons, by their names. */
    public function withButtons(string ...$actions): self
    {
        $other = clone $this;
        $other->buttons = array_values($actions);

        return $other;
    }

    /** @param list<string>|array<string, string> $texts prompts, or the fields of a panel */
    public function withTexts(array $texts): self
    {
        $other = clone $this;
        $other->texts = $texts;

        return $other;
    }

    /** First it fails, by its time-out; with the next step the picture comes all the same. */
    public function late(): self
    {
        $other = clone $this;
        $other->isLate = true;

        return $other;
    }

    /** @return list<int<0, 99>> */
    public function progress(): array
    {
        return $this->progress;
    }

    /** @return list<string>|null null for those that the extension would give */
    public function images(): ?array
    {
        return $this->images;
    }

    /** @return list<string>|null null for those that the extension would give */
    public function buttons(): ?array
    {
        return $this->buttons;
    }

    /** @return list<string>|array<string, string>|null null for those that the extension would give */
    public function texts(): ?array
    {
        return $this->texts;
    }

    public function failCode(): ?FailCode
    {
        return $this->failCode;
    }

    public function failReason(): string
    {
        return $this->failReason;
    }

    public function isRetryable(): bool
    {
        return $this->isRetryable;
    }

    public function isLate(): bool
    {
        return $this->isLate;
    }

    public function isStuck(): bool
    {
        return $this->isStuck;
    }

    public function thrown(): ?\Throwable
    {
        return $this->thrown;
    }
}
