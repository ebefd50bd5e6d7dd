<?php

declare(strict_types=1);

namespace Mj\ThinkPHP;

use Mj\Client;
use Mj\Midjourney;
use think\Service as ThinkService;

/** Makes `Mj\Client` known to the container, with the settings of `config/mj.php`, and adds the commands. */
final class Service extends ThinkService
{
    public function register(): void
    {
        $this->app->bind(Client::class, function (): Client {
            /** @var array<string, mixed>|null $config what is in it, mj_configure() checks */
            $config = $this->app->config->get('mj.config', []);

            return new Midjourney(is_array($config) && $config !== [] ? $config : null);
        });
    }

    public function boot(): void
    {
        $this->commands([ImagineCommand::class, SyncCommand::class, DoctorCommand::class, ServeCommand::class]);
    }
}
