<?php

declare(strict_types=1);

namespace Mj\Tests\ChatMoney;

use Mj\Tests\Process\Cli;
use Mj\Tests\Process\Fpm;
use Mj\Tests\Process\Simulator;
use Mj\Tests\Process\StateDirectory;

/** The site on a MariaDB, a php-fpm and an nginx, with the simulator behind it. */
final class Deployment
{
    private const EXTENSIONS = ['pdo', 'mysqlnd', 'pdo_mysql'];

    public Simulator $simulator;

    public Fpm $fpm;

    public Browsers $browsers;

    public Site $site;

    private StateDirectory $state;

    private StateDirectory $files;

    /**
     * @param array<string, mixed> $conduct  of the simulator
     * @param bool                 $sessions whether each key of the pool listens; else one of them does
     */
    public function __construct(int $keys, array $conduct = [], bool $sessions = false)
    {
        $this->simulator = new Simulator(['--speed', '100', '--accounts', (string) $keys, '--config', json_encode($conduct + ['concurrency' => 15], JSON_THROW_ON_ERROR)]);
        $this->state = new StateDirectory();
        $this->files = new StateDirectory();
        $says = $this->simulator->says;
        $given = [
            'dsn' => MariaDb::running()->database(),
            // As the admin's page has it, with the simulator in place of the proxies' domains.
            'mddai' => [
                'proxy_url' => $says['cdn_url'], 'proxy_api' => $says['api_url'], 'proxy_wss' => $says['gateway_url'],
                'guild_id' => $says['guild_id'], 'channel_id' => $says['channel_id'], 'session_id' => $says['session_id'],
                'bot_token' => $says['bot_token'], 'timeout' => '10', 'status' => 1,
            ],
            'more' => ($sessions ? ['token_sessions' => true] : ['user_token' => $says['user_token']]) + ['concurrency' => 15, 'spacing' => '10ms', 'upload_url' => $says['upload_url'], 'activity_url' => $says['activity_url']],
            'pictures' => $this->files->path,
        ];
        file_put_contents($this->files->path . '/site.json', json_encode($given, JSON_THROW_ON_ERROR));
        chmod($this->files->path . '/site.json', 0644);
        $this->site = new Site($given);
        Site::install($this->site->pdo, array_column($says['accounts'], 'user_token'));
        $environment = [];
        foreach ($this->environment() as $name => $value) {
            $environment["env[$name]"] = "\"$value\"";
        }
        $this->fpm = new Fpm($this->ini(), 6, $environment, false, self::EXTENSIONS, true, __DIR__ . '/site.php');
        $this->browsers = new Browsers($this->fpm);
    }

    /**
     * Runs the cron once, in a process of its own.
     *
     * @return array<string, mixed>
     */
    public function cron(float $seconds): array
    {
        $code = 'foreach ($data["environment"] as $name => $value) { putenv("$name=$value"); } require $data["environment"]["MJ_ROOT"] . "/tests/phpunit/bootstrap.php";'
            . ' echo json_encode(Mj\Tests\ChatMoney\Site::ofEnvironment()->cron($data["seconds"]));';
        $out = Cli::run($code, $this->ini(), ['environment' => $this->environment(), 'seconds' => $seconds], $seconds + 30.0, self::EXTENSIONS);

        return json_decode($out, true, 8, JSON_THROW_ON_ERROR);
    }

    /** @return list<int> how often each task that was told of was told of */
    public function notices(): array
    {
        return array_map('intval', $this->site->pdo->query('SELECT COUNT(*) FROM notices GROUP BY task_id')->fetchAll(\PDO::FETCH_COLUMN));
    }

    /** @return array<string, string> */
    private function ini(): array
    {
        return ['mj.state_dir' => $this->state->path];
    }

    /** @return array<string, string> */
    private function environment(): array
    {
        return ['MJ_ROOT' => dirname(__DIR__, 2), 'MJ_SITE' => $this->files->path . '/site.json'];
    }
}
