<?php

declare(strict_types=1);

namespace Mj\Console\Command;

use Mj\Console\ExitCode;
use Mj\Console\Refusal;
use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Command\DumpCompletionCommand;
use Symfony\Component\Console\Completion\CompletionInput;
use Symfony\Component\Console\Completion\CompletionSuggestions;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

/**
 * `mj completion zsh`, for a Symfony Console that has a script for bash alone (before 6.2). The scripts for the others ask
 * for the values that bash is given.
 */
final class CompletionCommand extends Command
{
    private const FISH = <<<'FISH'
        function __mj_complete
            set -l given (commandline -opc) (commandline -ct)
            set -l asked $given[1] _complete --no-interaction -sbash -c(math (count $given) - 1)
            for word in $given
                test -n "$word"; and set -a asked -i$word
            end
            set -l values ($asked 2>/dev/null)
            if test (count $values) -gt 0
                printf '%s\n' $values
            else
                __fish_complete_path (commandline -ct)
            end
        end
        complete -c mj -f -a '(__mj_complete)'
        FISH;

    private const ZSH = <<<'ZSH'
        #compdef mj
        _mj() {
            local word
            local -a asked values
            asked=("${words[1]}" _complete --no-interaction -sbash "-c$((CURRENT - 1))")
            for word in "${words[@]}"; do
                [[ -n $word ]] && asked+=("-i$word")
            done
            values=("${(@f)$("${asked[@]}" 2>/dev/null)}")
            if [[ -n ${values[1]} ]]; then
                compadd -- "${values[@]}"
            else
                _files
            fi
        }
        compdef _mj mj
        ZSH;

    /** Whether Symfony's own command lacks something. */
    public static function isNeeded(): bool
    {
        $file = (new \ReflectionClass(Command::class))->getFileName();

        return !is_file(dirname((string) $file, 2) . '/Resources/completion.zsh');
    }

    public function complete(CompletionInput $input, CompletionSuggestions $suggestions): void
    {
        if ($input->mustSuggestArgumentValuesFor('shell')) {
            $suggestions->suggestValues(['bash', 'fish', 'zsh']);
        }
    }

    protected function configure(): void
    {
        $this->setName('completion')
            ->setDescription('Print the script that completes mj in a shell')
            ->addArgument('shell', InputArgument::OPTIONAL, 'bash, fish or zsh; $SHELL without it')
            ->setHelp(<<<'HELP'
                  <info>mj completion bash >/etc/bash_completion.d/mj</info>   needs the package bash-completion
                  <info>mj completion zsh >"${fpath[1]}/_mj"</info>
                  <info>mj completion fish >~/.config/fish/completions/mj.fish</info>
                HELP);
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $shell = $input->getArgument('shell');
        $shell = is_string($shell) ? $shell : basename((string) getenv('SHELL'));
        if ($shell === 'bash') {
            $own = new DumpCompletionCommand();
            $own->setApplication($this->getApplication());

            return $own->run(new ArrayInput(['shell' => 'bash']), $output);
        }
        $script = ['fish' => self::FISH, 'zsh' => self::ZSH][$shell] ?? throw Refusal::usage('the shell must be bash, fish or zsh');
        $output->writeln($script, OutputInterface::OUTPUT_RAW);

        return ExitCode::DONE;
    }
}
