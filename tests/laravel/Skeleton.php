<?php

declare(strict_types=1);

namespace Mj\Tests\Laravel;

use Illuminate\Contracts\Console\Kernel as ConsoleKernelContract;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Http\Kernel as HttpKernelContract;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Console\Kernel as ConsoleKernel;
use Illuminate\Foundation\Exceptions\Handler;
use Illuminate\Foundation\Http\Kernel as HttpKernel;

/** A Laravel application as small as one can be: what `laravel new` makes, without pages, users and tables. */
final class Skeleton
{
    /** Whether Laravel is there, and where it is loaded from: its own autoloader, or Debian's (MJ_LARAVEL for another one). */
    public static function load(): ?string
    {
        $named = getenv('MJ_LARAVEL');
        $autoload = is_string($named) && $named !== '' ? $named : 'Illuminate/autoload.php';
        if (!class_exists(Application::class) && stream_resolve_include_path($autoload) !== false) {
            require_once $autoload;
        }

        return class_exists(Application::class) ? null : 'Laravel is not here: make setup-frameworks';
    }

    /** The files that an application has of its own. The package is known as Composer makes it known. */
    public static function write(string $root): void
    {
        $write = static function (string $path, string $contents) use ($root): void {
            is_dir(dirname("$root/$path")) || mkdir(dirname("$root/$path"), 0700, true);
            file_put_contents("$root/$path", $contents);
        };
        foreach (['bootstrap/cache', 'storage/app', 'storage/framework/cache', 'storage/framework/views', 'storage/logs', 'routes', 'resources/views'] as $directory) {
            mkdir("$root/$directory", 0700, true);
        }
        $package = json_decode((string) file_get_contents(__DIR__ . '/../../php/composer.json'), true, 16, JSON_THROW_ON_ERROR);
        $write('vendor/composer/installed.json', json_encode(['packages' => [$package]], JSON_THROW_ON_ERROR));
        $write('composer.json', '{"autoload": {"psr-4": {"App\\\\": "app/"}}}');
        $write('config/app.php', <<<'PHP'
            <?php return ['env' => 'testing', 'debug' => true, 'key' => str_repeat('k', 32), 'cipher' => 'AES-256-CBC', 'locale' => 'en', 'fallback_locale' => 'en', 'timezone' => 'UTC', 'aliases' => [],
                'providers' => array_filter([Illuminate\Cache\CacheServiceProvider::class, Illuminate\Foundation\Providers\ConsoleSupportServiceProvider::class, Illuminate\Bus\BusServiceProvider::class, Illuminate\Database\DatabaseServiceProvider::class,
                    Illuminate\Filesystem\FilesystemServiceProvider::class, Illuminate\Foundation\Providers\FoundationServiceProvider::class, Illuminate\Queue\QueueServiceProvider::class,
                    Illuminate\Translation\TranslationServiceProvider::class, Illuminate\Validation\ValidationServiceProvider::class, Illuminate\View\ViewServiceProvider::class,
                    App\Providers\EventServiceProvider::class], 'class_exists')];
            PHP);
        $write('config/logging.php', "<?php return ['default' => 'single', 'channels' => ['single' => ['driver' => 'single', 'path' => '$root/storage/logs/laravel.log', 'level' => 'debug'],"
            . "'pictures' => ['driver' => 'single', 'path' => '$root/storage/logs/pictures.log', 'level' => 'debug']]];");
        $write('config/queue.php', "<?php return ['default' => 'sync', 'connections' => ['sync' => ['driver' => 'sync']]];");
        $write('config/database.php', "<?php return ['default' => 'none', 'connections' => [], 'migrations' => 'migrations'];");
        $write('config/cache.php', "<?php return ['default' => 'array', 'prefix' => '', 'stores' => ['array' => ['driver' => 'array']]];");
        $write('config/view.php', "<?php return ['paths' => ['$root/resources/views'], 'compiled' => '$root/storage/framework/views'];");
        $tests = var_export(dirname(__DIR__) . '/phpunit/bootstrap.php', true);
        $write('artisan', "<?php require_once $tests; " . <<<'PHP'
            Mj\Tests\Laravel\Skeleton::load();
            $app = Mj\Tests\Laravel\Skeleton::application(__DIR__);
            $kernel = $app->make(Illuminate\Contracts\Console\Kernel::class);
            $input = new Symfony\Component\Console\Input\ArgvInput($argv);
            $status = $kernel->handle($input, new Symfony\Component\Console\Output\ConsoleOutput());
            $kernel->terminate($input, $status);
            exit($status);
            PHP);
        // What public/index.php is, for one request that the command line names.
        $write('request', "<?php require_once $tests; " . <<<'PHP'
            Mj\Tests\Laravel\Skeleton::load();
            $app = Mj\Tests\Laravel\Skeleton::application(__DIR__);
            $kernel = $app->make(Illuminate\Contracts\Http\Kernel::class);
            $request = Illuminate\Http\Request::create($argv[2], $argv[1], [], [], [], ['CONTENT_TYPE' => 'application/json', 'HTTP_ACCEPT' => 'application/json'], $argv[3] ?? '');
            $app->instance('request', $request);
            $kernel->bootstrap();
            Illuminate\Support\Facades\Route::middleware([])->group(__DIR__ . '/routes/web.php');
            $response = $kernel->handle($request);
            echo $response->getStatusCode(), ' ', $response->getContent();
            $kernel->terminate($request, $response);
            PHP);
    }

    public static function application(string $root): Application
    {
        spl_autoload_register(static function (string $class) use ($root): void {
            $path = "$root/app/" . str_replace('\\', '/', substr($class, strlen('App\\'))) . '.php';
            if (str_starts_with($class, 'App\\') && is_file($path)) {
                require $path;
            }
        });
        $app = new Application($root);
        $app->singleton(ConsoleKernelContract::class, ConsoleKernel::class);
        $app->singleton(HttpKernelContract::class, HttpKernel::class);
        $app->singleton(ExceptionHandler::class, Handler::class);

        return $app;
    }
}
