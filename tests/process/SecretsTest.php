<?php

declare(strict_types=1);

namespace Mj\Tests\Process;

use Mj\Tests\Simulator\Receiver;
use PHPUnit\Framework\TestCase;

/** A secret of its own in every secret setting, and then: is it in anything that a process has written? */
final class SecretsTest extends TestCase
{
    /** Entries that hide an address with a user name or password, and how such an address begins. */
    private const ADDRESSES = [
        'activity_url' => 'http', 'api_url' => 'http', 'archive_endpoint' => 'http', 'cdn_url' => 'http',
        'gateway_resume_url' => 'ws', 'gateway_url' => 'ws', 'proxy' => 'http', 'store' => 'http', 'upload_url' => 'http',
    ];

    private StateDirectory $state;

    /** @var array<string, string> what is in php.ini */
    private array $ini = [];

    /** @var array<string, string> secrets, by what they are of */
    private array $secrets = [];

    private Simulator $simulator;

    private Receiver $receiver;

    protected function setUp(): void
    {
        $this->simulator = new Simulator(['--speed', '50', '--accounts', '3']);
        $this->receiver = new Receiver();
        $this->state = new StateDirectory();
        $says = $this->simulator->says;
        $own = static fn (string $of): string => 'hush-' . $of . '-' . bin2hex(random_bytes(16));
        $this->secrets = [
            'archive_key' => $own('key'),
            'archive_secret' => $own('s3'),
            'bot_token' => $says['bot_token'],
            'notify_secret' => $own('signature'),
            'notify_url' => $own('hook'),
            'secret' => $own('seal'),
            'secret_previous' => $own('earlier'),
            'session_id' => $own('session'),
            'user_token' => $says['user_token'],
        ];
        $this->ini = $this->simulator->ini([
            'gateway' => 'both',
            'state_dir' => $this->state->path,
            'archive' => 's3://bucket/pictures',
            'archive_endpoint' => 'http://127.0.0.1:9',
            'notify_url' => "{$this->receiver->url}&key={$this->secrets['notify_url']}",
            'log' => $this->state->path . '/mj.log',
            'log_level' => 'debug',
            'log_prompts' => '1',
            'lang' => 'zh',
            'timeout' => '60',
        ] + array_diff_key($this->secrets, ['notify_url' => 0]));
    }

    /** Who adds a secret setting has to add it here, and one that is called like a secret has to be one. */
    public function testEverySecretSettingHasItsSecretHere(): void
    {
        $names = array_keys(json_decode(Cli::run('echo json_encode(ini_get_all("mj"));'), true));
        $hidden = static function (string $value) use ($names): array {
            $shown = json_decode(Cli::run('echo json_encode(ini_get_all("mj", false));', array_fill_keys($names, $value)), true);

            return array_map(static fn (string $name) => substr($name, 3), array_keys(array_diff($shown, [$value])));
        };
        self::assertSame($hidden('probe'), array_keys($this->secrets));
        self::assertEqualsCanonicalizing(
            $hidden('http://user:password@probe'),
            [...array_keys($this->secrets), ...array_keys(self::ADDRESSES)],
        );
        // This one says whether, and holds none.
        $secretive = array_diff(preg_grep('/token|secret|key|password|session/', $names), ['mj.token_sessions']);
        self::assertSame([], array_diff($secretive, array_map(static fn (string $name) => "mj.$name", array_keys($this->secrets))));
    }

    public function testNothingThatIsWrittenHoldsASecret(): void
    {
        $accounts = $this->simulator->says['accounts'];
        $wrong = 'hush-wrong-' . bin2hex(random_bytes(16));
        $hook = 'hush-own-' . bin2hex(random_bytes(16));
        $secrets = $this->secrets + [
            'wrong' => $wrong, 'hook' => $hook, 'option' => $accounts[1]['user_token'], 'account' => $accounts[2]['user_token'],
        ];
        $needles = new Needles($secrets);
        $given = ['accounts' => [['name' => 'second', 'user_token' => $secrets['account']]]];
        $refused = [];
        foreach (self::ADDRESSES as $key => $scheme) {
            $address = "$scheme://user:$wrong@127.0.0.1:1";
            $refused[] = [$key => str_replace('http', 'ftp', $address)] + $given;
            $refused[] = [$key => "$address?query=$wrong"] + $given;
            $refused[] = [$key => "$address:$wrong"] + $given;
        }
        $place = $this->script([
            'config' => $given,
            'option' => $secrets['option'],
            'wrong' => $wrong,
            'hook' => "{$this->receiver->url}&key=$hook",
            'keys' => [...array_keys($this->secrets), ...array_keys(self::ADDRESSES)],
            'refused' => $refused,
        ]);
        // The shapes are found where they are.
        self::assertSame(array_keys($this->secrets), array_values(array_intersect(array_keys($this->secrets), $needles->in((string) file_get_contents("$place/php.ini")))));
        self::assertSame(['wrong'], $needles->in(base64_encode("x$wrong!")));
        self::assertSame(['wrong'], $needles->in(rawurlencode(bin2hex($wrong))));

        [$code, $said, $errors] = $this->runPhp($place);

        self::assertStringContainsString('"status":"SUCCESS"', $said);
        self::assertStringContainsString('UNAUTHORIZED', $said);
        self::assertStringContainsString('Mj\ConfigurationException', $said);
        self::assertStringContainsString('set, hidden', $said);
        self::assertStringContainsString('ValueError', $errors . file_get_contents("{$this->state->path}/php.log"));
        self::assertSame(255, $code);
        self::assertFileExists($this->state->path . '/store.sqlite');
        self::assertStringContainsString('INFO', (string) file_get_contents($this->state->path . '/mj.log'));
        self::assertSame([], $needles->in($said), 'standard output');
        self::assertSame([], $needles->in($errors), 'standard error');
        self::assertSame([], $needles->inFiles($this->state->path));
        exec('rm -rf ' . escapeshellarg($place));
    }

    public function testBrokenProxiesGiveNothingAwayUnderPhpFpm(): void
    {
        $password = 'hush-password-' . bin2hex(random_bytes(16));
        $needles = new Needles($this->secrets + ['password' => $password]);
        // Nobody listens there, or who does speaks no such protocol.
        $places = ['http://user:%s@127.0.0.1:1', 'socks5h://user:%s@127.0.0.1:1', 'http://user:%s@' . parse_url($this->simulator->says['api_url'], PHP_URL_HOST) . ':' . parse_url($this->simulator->says['api_url'], PHP_URL_PORT)];
        $sites = $ids = [];
        foreach ($places as $number => $place) {
            $sites[] = ['mj.proxy' => sprintf($place, $password), 'mj.channel_id' => (string) (1100000000000000000 + $number)];
        }
        foreach (['api_url' => 'http', 'gateway_url' => 'ws', 'upload_url' => 'http', 'cdn_url' => 'http', 'activity_url' => 'http'] as $key => $scheme) {
            $sites[] = ["mj.$key" => "$scheme://user:$password@127.0.0.1:1", 'mj.channel_id' => (string) (1100000000000000100 + count($sites))];
        }
        $fpm = new Fpm(['mj.timeout' => '10', 'error_log' => $this->state->path . '/php.log', 'zend.exception_ignore_args' => '0'] + $this->ini, 2);
        foreach ($sites as $number => $site) {
            $ids[$number] = $fpm->callFor($site, 'mj_imagine', 'a fox behind a proxy');
        }
        $statuses = [];
        Until::true(static function () use ($fpm, $sites, $ids, &$statuses): bool {
            foreach ($ids as $number => $id) {
                $statuses[$number] = $fpm->callFor($sites[$number], 'mj_poll', $id)['status'];
            }

            return array_diff($statuses, ['SUCCESS', 'FAILURE']) === [];
        }, 60.0, static fn () => json_encode($statuses));
        self::assertContains('FAILURE', $statuses);
        $said = '';
        foreach ($sites as $site) {
            foreach (['mj_status', 'mj_tasks', 'mj_doctor', 'mj_metrics'] as $function) {
                $said .= json_encode($fpm->callFor($site, 'tried', $function));
            }
        }
        self::assertSame([], $needles->in($said));
        self::assertSame([], $needles->in($fpm->log()));
        unset($fpm);
        self::assertSame([], $needles->inFiles($this->state->path));
    }

    /**
     * A directory with the script, a php.ini and what the script reads.
     *
     * @param array<string, mixed> $data
     */
    private function script(array $data): string
    {
        $place = sys_get_temp_dir() . '/mj-secrets-' . bin2hex(random_bytes(6));
        mkdir($place, 0700);
        copy(__DIR__ . '/secrets.php', "$place/secrets.php");
        file_put_contents("$place/data.json", json_encode($data, JSON_THROW_ON_ERROR));
        $lines = [
            'extension="' . Extension::path() . '"', 'display_errors=stderr', 'log_errors=1', 'html_errors=0', 'error_reporting=-1',
            'error_log="' . $this->state->path . '/php.log"', 'zend.exception_ignore_args=0', 'zend.exception_string_param_max_len=1000',
        ];
        foreach ($this->ini as $name => $value) {
            $lines[] = "$name=\"$value\"";
        }
        file_put_contents("$place/php.ini", implode("\n", $lines) . "\n");

        return $place;
    }

    /** @return array{int, string, string} exit code, standard output and standard error */
    private function runPhp(string $place): array
    {
        $environment = array_diff_key(getenv(), ['PHP_INI_SCAN_DIR' => 0]) + ['PHP_INI_SCAN_DIR' => ''];
        $process = proc_open(
            [PHP_BINARY, '-c', "$place/php.ini", "$place/secrets.php"],
            [['file', '/dev/null', 'r'], ['file', "$place/out", 'w'], ['file', "$place/err", 'w']],
            $pipes,
            $place,
            $environment,
        );
        $code = -1;
        Until::true(static function () use ($process, &$code): bool {
            $status = proc_get_status($process);
            if (!$status['running']) {
                $code = $status['exitcode'];
            }

            return !$status['running'];
        }, 240.0, static fn () => (string) file_get_contents("$place/err"));

        return [$code, (string) file_get_contents("$place/out"), (string) file_get_contents("$place/err")];
    }
}
