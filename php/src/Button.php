<?php

declare(strict_types=1);

namespace Mj;

use Mj\Internal\Value;

/**
 * A button of a finished task, or a menu where it has choices. `$mj->action($task, $button)` presses it; the constants
 * are the names that `action()` takes as well.
 *
 * @property-read string|null  $action   our name for it; null where we have none
 * @property-read string       $customId Discord's name, which `action()` takes too
 * @property-read string|null  $label
 * @property-read string|null  $emoji
 * @property-read int          $style    Discord's button style, 1 to 5; 0 for a menu
 * @property-read list<Choice> $choices  empty for a button
 */
final class Button extends Value
{
    public const ANIMATE_HIGH = 'animate_high';
    public const ANIMATE_HIGH_MANUAL = 'animate_high_manual';
    public const ANIMATE_LOW = 'animate_low';
    public const ANIMATE_LOW_MANUAL = 'animate_low_manual';
    public const BOOKMARK = 'bookmark';
    public const CUSTOM_ZOOM = 'custom_zoom';
    public const EXTEND_HIGH = 'extend_high';
    public const EXTEND_LOW = 'extend_low';
    /** All prompts of a describe or shorten result, as a group. */
    public const IMAGINE_ALL = 'imagine_all';
    public const MAKE_SQUARE = 'make_square';
    public const PAN_DOWN = 'pan_down';
    public const PAN_LEFT = 'pan_left';
    public const PAN_RIGHT = 'pan_right';
    public const PAN_UP = 'pan_up';
    public const REDO_UPSCALE_CREATIVE = 'redo_upscale_creative';
    public const REDO_UPSCALE_SUBTLE = 'redo_upscale_subtle';
    public const REROLL = 'reroll';
    /** Asks Midjourney for the job's own seed. */
    public const SEED = 'seed';
    public const UPSCALE_2X = 'upscale_2x';
    public const UPSCALE_4X = 'upscale_4x';
    public const UPSCALE_CREATIVE = 'upscale_creative';
    public const UPSCALE_SUBTLE = 'upscale_subtle';
    public const VARY_REGION = 'vary_region';
    public const VARY_STRONG = 'vary_strong';
    public const VARY_SUBTLE = 'vary_subtle';
    public const ZOOM_OUT_1_5X = 'zoom_out_1_5x';
    public const ZOOM_OUT_2X = 'zoom_out_2x';

    /** @param MjButton $record */
    public function __construct(private array $record) {}

    /**
     * The name of U1 to U4.
     *
     * @param int<1, 4> $index
     */
    public static function upscale(int $index): string
    {
        return "upscale$index";
    }

    /**
     * The name of V1 to V4.
     *
     * @param int<1, 4> $index
     */
    public static function variation(int $index): string
    {
        return "variation$index";
    }

    /**
     * The name of one prompt of a describe or shorten result.
     *
     * @param int<1, 5> $index
     */
    public static function imagine(int $index): string
    {
        return "imagine$index";
    }

    public function isMenu(): bool
    {
        return $this->choices !== [];
    }

    public function toArray(): array
    {
        return $this->record;
    }

    protected function typed(string $name): mixed
    {
        return match ($name) {
            'choices' => array_map(static fn(array $one): Choice => new Choice($one), $this->record['choices'] ?? []),
            default => null,
        };
    }
}
