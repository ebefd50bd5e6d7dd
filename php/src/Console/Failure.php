<?php

declare(strict_types=1);

namespace Mj\Console;

use Mj\ActionUnavailableException;
use Mj\ConfigurationException;
use Mj\EngineException;
use Mj\MjException;
use Mj\QueueFullException;
use Symfony\Component\Console\Exception\ExceptionInterface;
use Symfony\Component\Console\Output\ConsoleOutputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/** What was thrown, in words for the one who typed the command, and the exit code for the script that did. */
final class Failure
{
    /** Options that are not called as the extension calls what they give. */
    private const OPTIONS = ['images' => 'image', 'parent_id' => 'parent', 'group_id' => 'group'];

    public function __construct(private \Throwable $thrown) {}

    public function exitCode(): int
    {
        $thrown = $this->thrown;

        return match (true) {
            $thrown instanceof Refusal => (int) $thrown->getCode(),
            $thrown instanceof ConfigurationException => ExitCode::UNCONFIGURED,
            $thrown instanceof EngineException && !extension_loaded('mj') => ExitCode::UNCONFIGURED,
            $thrown instanceof ActionUnavailableException => ExitCode::USAGE,
            $thrown instanceof ExceptionInterface => ExitCode::USAGE,
            $this->isOfArgument() => ExitCode::USAGE,
            default => ExitCode::FAILED,
        };
    }

    /** The extension names its own arguments; who typed a command knows options and arguments of the command. */
    public function message(): string
    {
        // As in "give options.overwrite to replace it".
        $message = (string) preg_replace('/(?<!\S)options\.([a-z_]+)/', '--$1', $this->thrown->getMessage());
        if (!$this->isOfArgument()) {
            return $message;
        }
        $named = preg_replace_callback(
            '/^mj_\w+\(\): Argument #\d+ \(\$(\w+)\)(?: element "(\w+)[^"]*")?(?:: (?=is |has |must |lies )|(: )| )?/',
            static fn(array $found): string => self::subject($found[1], $found[2] ?? '', ($found[3] ?? '') !== ''),
            $message,
        );

        return (string) $named;
    }

    /** Says it on standard error: one line for people, one object for scripts. */
    public function tell(OutputInterface $output, bool $isJson): int
    {
        $errors = $output instanceof ConsoleOutputInterface ? $output->getErrorOutput() : $output;
        if ($isJson) {
            $errors->writeln(Text::json(['error' => $this->toArray()]), OutputInterface::OUTPUT_RAW | OutputInterface::VERBOSITY_QUIET);
        } else {
            foreach (explode("\n", $this->message()) as $line) {
                $errors->writeln('<error>mj:</error> ' . Text::line($line), OutputInterface::VERBOSITY_QUIET);
            }
        }
        if ($output->isDebug()) {
            foreach (explode("\n", $this->thrown::class . "\n" . $this->thrown->getTraceAsString()) as $line) {
                $errors->writeln(Text::line($line));
            }
        }

        return $this->exitCode();
    }

    /** @return array{type: string, message: string, exit_code: int, reason?: string, retry_after?: int} */
    private function toArray(): array
    {
        $thrown = $this->thrown;
        $error = [
            'type' => (new \ReflectionClass($thrown))->getShortName(),
            'message' => $this->message(),
            'exit_code' => $this->exitCode(),
        ];
        if ($thrown instanceof ActionUnavailableException) {
            $error['reason'] = $thrown->reason;
        }
        if ($thrown instanceof QueueFullException) {
            $error['retry_after'] = $thrown->retryAfter;
        }

        return $error;
    }

    private function isOfArgument(): bool
    {
        $thrown = $this->thrown;

        return !$thrown instanceof MjException
            && ($thrown instanceof \ValueError || $thrown instanceof \TypeError)
            && str_starts_with($thrown->getMessage(), 'mj_');
    }

    /** What the rest of the message is said of; a whole sentence needs no argument's name before it. */
    private static function subject(string $argument, string $element, bool $isSentence): string
    {
        $option = self::OPTIONS[$element] ?? strtr($element, '_', '-');

        return match (true) {
            preg_match('/^\d+$/D', $element) === 1 => 'picture ' . ((int) $element + 1) . ($isSentence ? ': ' : ' '),
            $element !== '' => "--$option" . ($isSentence ? ': ' : ' '),
            $isSentence => '',
            $argument === 'taskId' => 'the task ',
            $argument === 'jobId' => 'the job ',
            default => "the $argument ",
        };
    }
}
