<?php

declare(strict_types=1);

namespace Mj\Tests\Symfony;

use Symfony\Bundle\FrameworkBundle\Kernel\MicroKernelTrait;
use Symfony\Component\HttpKernel\Kernel as SymfonyKernel;

/** The kernel that a new Symfony application has, of the application in a folder. */
final class Kernel extends SymfonyKernel
{
    use MicroKernelTrait;

    public function __construct(private string $root, string $environment)
    {
        parent::__construct($environment, false);
        spl_autoload_register(static function (string $class) use ($root): void {
            $path = "$root/src/" . str_replace('\\', '/', substr($class, strlen('App\\'))) . '.php';
            if (str_starts_with($class, 'App\\') && is_file($path)) {
                require_once $path;
            }
        });
    }

    public function getProjectDir(): string
    {
        return $this->root;
    }
}
