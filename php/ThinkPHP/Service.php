<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\ChatMoney\SyncCommand as ChatMoneySync;
use Mj\Client;
use Mj\Framework\Application;
use Mj\Framework\Settings;
use Psr\Log\LoggerInterface;
use think\exception\Handle;
use think\Service as ThinkService;

/** Makes `Mj\Client` known to the container, with the settings of `config/mj.php`, and adds the commands. */
final class Service extends ThinkService
{
    public function register(): void
    {
        $this->provide(Settings::class, fn(): Settings => Settings::from($this->app->config->get('mj', []), 'thinkphp'));
        $this->provide(Client::class, fn(): Client => $this->made(Settings::class)->client(
            $this->logger(),
            fn(object $event): mixed => $this->app->event->trigger($event),
        ));
        $this->provide(Application::class, fn(): Application => new Application(
            $this->made(Settings::class),
            fn(): Client => $this->made(Client::class),
            fn(object $event): mixed => $this->app->event->trigger($event),
            fn(\Throwable $thrown) => $this->made(Handle::class)->report($thrown),
        ));
    }

    public function boot(): void
    {
        $commands = [ImagineCommand::class, DoctorCommand::class, ServeCommand::class];
        $known = $this->app->config->get('console.commands', []);
        // ChatMoney's bridge has a `mj:sync` of its own, which `config/console.php` names.
        if (!in_array(ChatMoneySync::class, is_array($known) ? $known : [], true)) {
            $commands[] = SyncCommand::class;
        }
        $this->commands($commands);
    }

    /** What `app/provider.php` says goes first: a test's fake, a client of the application's own. */
    private function provide(string $name, \Closure $how): void
    {
        if (!$this->app->has($name)) {
            $this->app->bind($name, $how);
        }
    }

    /**
     * @template T of object
     *
     * @param class-string<T> $class
     *
     * @return T what the container has of it
     */
    private function made(string $class): object
    {
        $made = $this->app->make($class);

        return $made instanceof $class ? $made : throw new \LogicException("the container has no $class");
    }

    private function logger(): ?LoggerInterface
    {
        $log = $this->app->has('log') ? $this->app->make('log') : null;

        return $log instanceof LoggerInterface ? $log : null;
    }
}
