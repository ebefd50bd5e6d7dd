<?php

declare(strict_types=1);

namespace Mj\Testing\Internal;

use Mj\Action;
use Mj\Button;
use Mj\FailCode;
use Mj\Status;
use Mj\Testing\Outcome;
use Mj\Testing\Submission;

/**
 * What becomes of a task, change by change, as the extension shows it.
 *
 * @internal
 *
 * @phpstan-type Step array<string, mixed>
 */
final class Script
{
    private const GRID = [
        'upscale1', 'upscale2', 'upscale3', 'upscale4', 'reroll', 'variation1', 'variation2', 'variation3', 'variation4',
    ];

    private const SINGLE = [
        'upscale_subtle', 'upscale_creative', 'vary_subtle', 'vary_strong', 'vary_region', 'zoom_out_2x', 'zoom_out_1_5x',
        'custom_zoom', 'pan_left', 'pan_right', 'pan_up', 'pan_down', 'animate_high', 'animate_low', 'bookmark',
    ];

    private const LARGE = [
        'redo_upscale_subtle', 'redo_upscale_creative', 'vary_subtle', 'vary_strong', 'animate_high', 'animate_low', 'bookmark',
    ];

    /** Buttons whose `custom_id` has another form than `MJ::JOB::<name>::1::<job>::SOLO`. */
    private const CUSTOM_IDS = [
        'bookmark' => 'MJ::BOOKMARK::%s',
        'custom_zoom' => 'MJ::CustomZoom::%s',
        'imagine_all' => 'MJ::Job::PicReader::all',
        'make_square' => 'MJ::Outpaint::100::1::%s::SOLO',
        'reroll' => 'MJ::JOB::reroll::0::%s::SOLO',
        'vary_region' => 'MJ::Inpaint::1::%s::SOLO',
        'vary_strong' => 'MJ::JOB::high_variation::1::%s::SOLO',
        'vary_subtle' => 'MJ::JOB::low_variation::1::%s::SOLO',
        'zoom_out_1_5x' => 'MJ::Outpaint::75::1::%s::SOLO',
        'zoom_out_2x' => 'MJ::Outpaint::50::1::%s::SOLO',
    ];

    private const INFO = [
        'subscription' => 'Standard', 'plan' => 'standard', 'mode' => 'fast', 'visibility' => 'public', 'fast_hours_left' => '15',
        'running_jobs' => 'None',
    ];

    /**
     * @param int    $number of the task, from 1: what its ids and addresses are made of
     * @param string $prompt as it is sent
     * @param string $job    Midjourney's id of the job
     */
    public function __construct(
        private Submission $submission,
        private Outcome $outcome,
        private int $number,
        private string $prompt,
        private string $job,
    ) {}

    /** The id of a new job. */
    public static function newJob(int $number): string
    {
        return sprintf('%08x-0000-4000-8000-%012x', $number, $number);
    }

    /** The kind of task that a submission makes. */
    public static function action(Submission $submission): string
    {
        if ($submission->call() !== 'action') {
            return strtoupper($submission->call());
        }

        return match (preg_replace('/\d$/', '', $submission->subject())) {
            'upscale' => Action::UPSCALE,
            'variation' => Action::VARIATION,
            'reroll' => Action::REROLL,
            'seed' => Action::SEED,
            default => Action::ACTION,
        };
    }

    /**
     * The changes of the task from its sending to its end; a stuck one has none at its end. A time is `true` here, and
     * becomes the time of the step.
     *
     * @return list<Step>
     */
    public function steps(): array
    {
        $steps = [['status' => Status::SUBMITTED, 'submitted_at' => true, 'account' => 'main', 'queue_position' => null]];
        if ($this->isMade()) {
            $begun = ['status' => Status::IN_PROGRESS, 'started_at' => true, 'message_id' => $this->messageId()];
            foreach ($this->outcome->progress() as $progress) {
                $preview = $progress > 0 ? ['preview_url' => $this->address('grid_0.webp')] : [];
                $steps[] = $begun + $preview + ['progress' => $progress];
                $begun = [];
            }
        }
        if ($this->outcome->isStuck()) {
            return $steps;
        }
        if ($this->outcome->isLate()) {
            $steps[] = self::failure(FailCode::TIMEOUT, 'no picture came within the time-out', false);
        }
        $code = $this->outcome->failCode();
        $steps[] = $code === null
            ? $this->success()
            : self::failure($code->value, $this->outcome->failReason(), $this->outcome->isRetryable());

        return $steps;
    }

    /** Whether Midjourney works on it for a while, so that there is progress. */
    private function isMade(): bool
    {
        $isQuick = in_array($this->submission->subject(), [Button::BOOKMARK, Button::SEED], true)
            || self::action($this->submission) === Action::UPSCALE;

        return in_array($this->submission->call(), ['imagine', 'blend', 'describe'], true)
            || ($this->submission->call() === 'action' && !$isQuick);
    }

    /** @return Step */
    private static function failure(string $code, string $reason, bool $isRetryable): array
    {
        return [
            'status' => Status::FAILURE,
            'fail_code' => $code,
            'fail_reason' => $reason,
            'retryable' => $isRetryable,
            'finished_at' => true,
        ];
    }

    /** @return Step */
    private function success(): array
    {
        $step = [
            'status' => Status::SUCCESS,
            'progress' => 100,
            'message_id' => $this->messageId(),
            'fail_code' => null,
            'fail_reason' => null,
            'retryable' => false,
            'late' => $this->outcome->isLate(),
            'finished_at' => true,
        ];
        [$images, $buttons, $texts] = $this->result();
        $images = $this->outcome->images() ?? $images;
        if ($images !== []) {
            $step['images'] = array_map([self::class, 'image'], $images);
            $step['image_url'] = $images[0];
        }
        if ($images !== [] && $this->submission->call() !== 'describe') {
            $step += ['job_id' => $this->job, 'final_prompt' => trim("$this->prompt --v 7.0"), 'mode' => 'fast'];
        }
        $step['texts'] = $this->outcome->texts() ?? $texts;
        $names = $this->outcome->buttons() ?? $buttons;
        $step['buttons'] = array_map(fn(string $name): array => $this->button($name), $names);

        return $step;
    }

    /** @return array{list<string>, list<string>, array<string>} addresses of pictures, names of buttons, texts */
    private function result(): array
    {
        $picture = [$this->address('picture.png')];
        $subject = $this->submission->subject();

        return match ($this->submission->call()) {
            'describe' => [$picture, [...self::numbered('imagine', 4), Button::REROLL, Button::IMAGINE_ALL], self::numbered('prompt ', 4)],
            'shorten' => [[], self::numbered('imagine', 5), self::numbered('prompt ', 5)],
            'command' => [[], [], $subject === 'info' ? self::INFO : ["\"$subject\" was done"]],
            'action' => self::pressed($subject, $picture),
            default => [$picture, self::GRID, []],
        };
    }

    /**
     * @param list<string> $picture
     *
     * @return array{list<string>, list<string>, array<string>}
     */
    private static function pressed(string $name, array $picture): array
    {
        return match (true) {
            in_array($name, [Button::BOOKMARK, Button::SEED], true) => [[], [], []],
            preg_match('/^upscale\d$/', $name) === 1 => [$picture, self::SINGLE, []],
            preg_match('/^(redo_)?upscale_/', $name) === 1 => [$picture, self::LARGE, []],
            default => [$picture, self::GRID, []],
        };
    }

    /** @return list<string> */
    private static function numbered(string $word, int $count): array
    {
        return array_map(static fn(int $one): string => "$word$one", range(1, $count));
    }

    /** @return MjImage */
    private static function image(string $url): array
    {
        return [
            'url' => $url,
            'width' => 1024,
            'height' => 1024,
            'size' => strlen(Picture::PNG),
            'content_type' => 'image/png',
            'expires_at' => null,
            'file' => null,
        ];
    }

    /** @return MjButton */
    private function button(string $name): array
    {
        $index = substr($name, -1);
        $customId = self::CUSTOM_IDS[$name] ?? match (preg_replace('/\d$/', '', $name)) {
            'upscale' => "MJ::JOB::upsample::$index::%s",
            'variation' => "MJ::JOB::variation::$index::%s",
            'imagine' => "MJ::Job::PicReader::$index",
            default => "MJ::JOB::$name::1::%s::SOLO",
        };

        return ['action' => $name, 'custom_id' => sprintf($customId, $this->job), 'label' => $name, 'emoji' => null, 'style' => 2];
    }

    private function address(string $file): string
    {
        return "https://cdn.discordapp.com/attachments/1/$this->number/$file";
    }

    private function messageId(): string
    {
        return (string) (1_500_000_000_000_000_000 + $this->number);
    }
}
