<?php

declare(strict_types=1);

namespace Mj\Tests\Chaos;

use Mj\Tests\Process\Prompt;

/** Compares what PHP was told with what the simulator did. */
final class Judge
{
    /**
     * @param  array<int, array<string, mixed>>      $wanted what PHP asked for, see {@see Wishes}
     * @param  array<int, string>                    $ids    what PHP was given for it, by the same keys
     * @param  array<int, array<string, mixed>|null> $tasks  each as PHP was told last; null where it is not known any more
     * @param  list<array<string, mixed>>            $jobs   what the simulator made, {@see \Mj\Tests\Process\Simulator::jobs()}
     */
    public static function verdict(array $wanted, array $ids, array $tasks, array $jobs): Verdict
    {
        $made = [];
        foreach ($jobs as $job) {
            $made[self::identity($job)][] = $job;
        }
        $verdict = new Verdict();
        foreach ($wanted as $key => $wish) {
            $task = $tasks[$key] ?? null;
            if ($task === null) {
                $verdict->lost[] = isset($ids[$key]) ? "task {$ids[$key]} is not known any more" : "the submission {$wish['key']} was never answered";
                continue;
            }
            ++$verdict->tasks;
            $identity = $wish['identity'] ?? "seed {$task['seed']}";
            self::judge($verdict, $task, $made[$identity] ?? []);
            unset($made[$identity]);
        }
        foreach ($made as $identity => $nobodys) {
            $verdict->lost[] = count($nobodys) . " jobs that no task has: $identity";
        }

        return $verdict;
    }

    /**
     * What tells a job from all others: a form by its words, a press by the button, which names the parent's job and the
     * index, an imagine by its seed.
     *
     * @param array<string, mixed> $job
     */
    private static function identity(array $job): string
    {
        if (isset($job['modal_id'])) {
            return 'form ' . Wishes::numberOfForm((string) $job['prompt']);
        }

        return isset($job['custom_id']) ? "press {$job['custom_id']}" : 'seed ' . Prompt::seed($job['prompt']);
    }

    /**
     * @param array<string, mixed>       $task
     * @param list<array<string, mixed>> $mine jobs made for it
     */
    private static function judge(Verdict $verdict, array $task, array $mine): void
    {
        $says = "{$task['id']} {$task['action']} {$task['status']} {$task['fail_code']}";
        if (count($mine) > 1) {
            $verdict->doubled[] = "$says: sent " . count($mine) . ' times: ' . implode(', ', array_column($mine, 'job_id'));
        }
        if ($task['status'] === 'SUCCESS') {
            self::judgePicture($verdict, $task, $mine, $says);
        } elseif ($task['status'] !== 'FAILURE') {
            $verdict->lost[] = "$says: did not end, with " . count($mine) . ' jobs made';
        } elseif ($mine !== []) {
            $verdict->lost[] = "$says: a picture that PHP was not given, job {$mine[0]['job_id']}";
        } elseif ($task['fail_code'] === 'SUBMIT_UNCONFIRMED') {
            ++$verdict->unconfirmed;
        } else {
            $verdict->failed[] = "$says: {$task['fail_reason']}";
        }
    }

    /**
     * @param array<string, mixed>       $task
     * @param list<array<string, mixed>> $mine
     */
    private static function judgePicture(Verdict $verdict, array $task, array $mine, string $says): void
    {
        ++$verdict->pictures;
        if ($mine === []) {
            $verdict->swapped[] = "$says: a picture of a job that was not made for it, {$task['job_id']}";

            return;
        }
        if (!in_array($task['job_id'], array_column($mine, 'job_id'), true)) {
            $verdict->swapped[] = "$says: another task's job, {$task['job_id']} instead of {$mine[0]['job_id']}";
        }
        $path = parse_url((string) ($task['images'][0]['url'] ?? ''), PHP_URL_PATH);
        if (!in_array($path, array_map(static fn (array $job) => parse_url((string) $job['picture_url'], PHP_URL_PATH), $mine), true)) {
            $verdict->swapped[] = "$says: another task's picture, $path";
        }
    }
}
