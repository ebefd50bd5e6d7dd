<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

/**
 * What a scenario asks Midjourney for.
 *
 * A wish is `key` (its idempotency key), `call` (options to a function's name and arguments) and `identity`, by which the
 * {@see Judge} knows its job; null for an imagine, which is known by the seed that its task has.
 */
final class Wishes
{
    /**
     * A third with the same words, a third with links that Midjourney rewrites, a third of their own.
     *
     * @param list<string> $accounts names
     *
     * @return array<string, mixed>
     */
    public static function imagine(int $number, array $accounts): array
    {
        $prompt = match ($number % 3) {
            0 => 'the same words for all',
            1 => "https://example.com/pictures/$number.png a copy of this --ar 3:2",
            2 => "a picture of its own, number $number",
        };
        $account = ['account' => $accounts[$number % count($accounts)]];

        return [
            'key' => "chaos-$number",
            'identity' => null,
            'call' => static fn (array $options) => ['mj_imagine', $prompt, $options + $account],
        ];
    }

    /**
     * One of a grid's four pictures.
     *
     * @param array<string, mixed> $grid
     *
     * @return array<string, mixed>
     */
    public static function upscale(int $number, array $grid, int $index): array
    {
        return [
            'key' => "chaos-$number",
            'identity' => "press MJ::JOB::upsample::$index::{$grid['job_id']}",
            'call' => static fn (array $options) => ['mj_action', $grid['id'], "upscale$index", $options],
        ];
    }

    /**
     * A zoom of an upscaled picture through its form, which is a press and then a form of its own.
     *
     * @param array<string, mixed> $picture
     *
     * @return array<string, mixed>
     */
    public static function customZoom(int $number, array $picture): array
    {
        return [
            'key' => "chaos-$number",
            'identity' => "form $number",
            'call' => static fn (array $options) => ['mj_action', $picture['id'], 'custom_zoom', $options + ['prompt' => "seen from far, form $number --zoom 1.5"]],
        ];
    }

    /** The number of the wish that a form's words carry. */
    public static function numberOfForm(string $prompt): int
    {
        return preg_match('/form (\d+)/', $prompt, $match) === 1 ? (int) $match[1] : -1;
    }
}
