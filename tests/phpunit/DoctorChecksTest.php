<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator;

use Mj\Tests\Process\StateDirectory;
use PHPUnit\Framework\TestCase;

/** No check of `mj_doctor()` is without a test that breaks what it looks at, nor without its line in the documents. */
final class DoctorChecksTest extends TestCase
{
    /** The test that breaks what a check looks at: a method of a class here, or a function of a Rust file. */
    private const BROKEN_BY = [
        'php.version' => 'src/engine/doctor/php.rs::a_php_that_is_too_old_is_named',
        'php.sapi' => 'DoctorMachineTest::testAnInterfaceThatKeepsNoProcess',
        'php.preload' => 'DoctorMachineTest::testCallsWhilePreloading',
        'php.functions' => 'DoctorMachineTest::testAFunctionThatIsDisabled',
        'php.open_basedir' => 'DoctorMachineTest::testAStateDirectoryThatScriptsMayRead',
        'extension.version' => 'DoctorHubTest::testAnOwnerOfAnotherVersion',
        'configuration.keys' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.tokens' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.ids' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.addresses' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.values' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.files' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'configuration.hub' => 'DoctorSettingsTest::testASettingThatIsWrong',
        'state_dir.path' => 'DoctorMachineTest::testALinkThatAnybodyCanReplace',
        'state_dir.exists' => 'DoctorMachineTest::testAStateDirectoryThatIsNotThere',
        'state_dir.file_system' => 'src/engine/doctor/directory.rs::a_network_file_system_is_named',
        'state_dir.owner' => 'DoctorMachineTest::testAStateDirectoryOfAnotherUser',
        'state_dir.mode' => 'DoctorMachineTest::testAStateDirectoryThatOthersMayWrite',
        'state_dir.writable' => 'DoctorMachineTest::testAStateDirectoryThatCanNotBeWritten',
        'state_dir.space' => 'DoctorMachineTest::testADiskThatIsFull',
        'state_dir.files' => 'DoctorMachineTest::testAFileOfAnotherUser',
        'database.writer' => 'DoctorMachineTest::testAProcessThatStaysInsideAWrite',
        'database.version' => 'DoctorMachineTest::testADatabaseOfANewerVersion',
        'database.open' => 'DoctorMachineTest::testADatabaseOfAnotherProgram',
        'database.integrity' => 'DoctorMachineTest::testADatabaseThatIsDamaged',
        'database.secret' => 'DoctorSettingsTest::testASecretThatIsAnother',
        'log.writable' => 'DoctorMachineTest::testALogThatCanNotBeWritten',
        'proxy' => 'DoctorHostsTest::testAProxyThatIsNotThere',
        'api.dns' => 'DoctorHostsTest::testANameWithoutAddress',
        'api.tcp' => 'DoctorHostsTest::testAPortWhereNobodyListens',
        'api.tls' => 'DoctorHostsTest::testACertificate',
        'api.answer' => 'DoctorHostsTest::testAnAnswerThatIsNotDiscords',
        'gateway.dns' => 'DoctorHostsTest::testANameWithoutAddress',
        'gateway.tcp' => 'DoctorHostsTest::testAPortWhereNobodyListens',
        'gateway.tls' => 'DoctorHostsTest::testACertificate',
        'gateway.upgrade' => 'DoctorHostsTest::testEachOmissionIsTold',
        'gateway.hello' => 'DoctorHostsTest::testAnAnswerThatIsNotDiscords',
        'gateway.buffering' => 'DoctorHostsTest::testAGatewayThatDoesNotListen',
        'gateway.idle' => 'DoctorHostsTest::testATimeOutBelowTheHeartbeat',
        'gateway.resume' => 'DoctorHostsTest::testNoResumeAddress',
        'cdn.dns' => 'DoctorHostsTest::testANameWithoutAddress',
        'cdn.tcp' => 'DoctorHostsTest::testAPortWhereNobodyListens',
        'cdn.tls' => 'DoctorHostsTest::testACertificate',
        'cdn.answer' => 'DoctorHostsTest::testAnAnswerThatIsNotDiscords',
        'upload.dns' => 'DoctorHostsTest::testANameWithoutAddress',
        'upload.tcp' => 'DoctorHostsTest::testAPortWhereNobodyListens',
        'upload.tls' => 'DoctorHostsTest::testACertificate',
        'upload.answer' => 'DoctorHostsTest::testAnAnswerThatIsNotDiscords',
        'upload.size' => 'DoctorHostsTest::testEachOmissionIsTold',
        'activity.dns' => 'DoctorHostsTest::testANameWithoutAddress',
        'activity.tcp' => 'DoctorHostsTest::testAPortWhereNobodyListens',
        'activity.tls' => 'DoctorHostsTest::testACertificate',
        'activity.answer' => 'DoctorHostsTest::testEachOmissionIsTold',
        'clock' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.tokens_swapped' => 'DoctorDiscordTest::testTokensThatAreSwapped',
        'discord.user_token' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.bot_token' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.account' => 'DoctorDiscordTest::testAnAccountThatMustBeVerified',
        'discord.identifies' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.guild' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.channel' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.permissions' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'discord.message_content' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'cdn.query' => 'DoctorHostsTest::testEachOmissionIsTold',
        'discord.midjourney' => 'DoctorDiscordTest::testNamesWhatIsBroken',
        'account.state' => 'DoctorHubTest::testAnAccountThatMidjourneyStopped',
        'owner.role' => 'DoctorHubTest::testNobodyWhoMayOwn',
        'owner.alive' => 'DoctorHubTest::testTasksWithoutAnOwner',
        'owner.configuration' => 'DoctorHubTest::testSettingsThatTheOwnerCanNotUse',
        'owner.gateway' => 'DoctorHubTest::testAGatewayThatDiscordClosed',
        'owner.network' => 'DoctorHubTest::testAHostThatTheOwnerDoesNotReach',
        'owner.identifies' => 'DoctorHubTest::testLoginsThatAreUsedUp',
        'tasks.queue' => 'DoctorHubTest::testAQueueThatIsFull',
        'tasks.in_doubt' => 'DoctorHubTest::testATaskInDoubt',
        'tasks.unseen' => 'DoctorHubTest::testATaskOfAnAccountWithoutASession',
        'tasks.unmatched' => 'DoctorHubTest::testMessagesThatAreNobodys',
        'webhooks' => 'DoctorHubTest::testAWebhookThatWasGivenUp',
    ];
    private const ROOT = __DIR__ . '/../..';
    private const DOCUMENTS = ['en' => 'doctor.md', 'zh' => 'doctor.zh-CN.md'];

    private static Diagnosis $report;

    private static StateDirectory $state;

    public static function setUpBeforeClass(): void
    {
        self::$state = new StateDirectory();
        self::$report = Diagnosis::of(['mj.state_dir' => self::$state->path]);
    }

    public function testEachCheckHasATestThatBreaksIt(): void
    {
        self::assertSame(self::$report->names(), array_keys(self::BROKEN_BY));
        foreach (self::BROKEN_BY as $check => $test) {
            [$place, $name] = explode('::', $test);
            $file = str_ends_with($place, '.rs') ? self::ROOT . "/$place" : __DIR__ . "/$place.php";
            $text = (string) file_get_contents($file);
            self::assertStringContainsString(" $name(", $text, "$check is broken by $test");
            if (!str_ends_with($place, '.rs')) {
                // Some name it for each place at once.
                $parts = explode('.', $check);
                $names = ["'$check', ", '"$place.' . end($parts) . '"'];
                self::assertTrue(array_filter($names, static fn (string $one) => str_contains($text, $one)) !== [], "$check is broken by $test");
            }
        }
    }

    public function testTheDocumentsHaveEachCheck(): void
    {
        foreach (self::DOCUMENTS as $lang => $document) {
            $found = [];
            foreach ($this->rows($document) as $cells) {
                if (count($cells) === 4 && preg_match('/^`([a-z_.]+)`$/', $cells[0], $name) === 1) {
                    $found[$name[1]] = $cells[1];
                }
            }
            $titles = array_column(self::$report->reports[$lang]['checks'], 'title', 'name');
            self::assertSame($titles, $found, "$document against mj_doctor()");
        }
    }

    /** Every symptom of the trouble-shooting list, ChatMoney's included, has its line, and each line names checks. */
    public function testTheDocumentsLeadFromEachSymptomToItsChecks(): void
    {
        foreach (self::DOCUMENTS as $document) {
            $symptoms = array_column($this->rows(str_replace('doctor', 'troubleshooting', $document)), 0);
            $lines = array_filter($this->rows($document), static fn (array $cells) => count($cells) === 2);
            self::assertSame($symptoms, array_values(array_column($lines, 0)), $document);
            foreach ($lines as [$symptom, $checks]) {
                preg_match_all('/`([^`]+)`/', $checks, $names);
                self::assertSame([], array_diff($names[1], self::$report->names()), "$document: $symptom");
                $isNone = preg_match('/^(none: |无：)/u', $checks) === 1;
                self::assertSame($isNone, $names[1] === [], "$document: $symptom");
            }
        }
    }

    /** @return list<list<string>> cells of the rows of all tables, without their heads */
    private function rows(string $document): array
    {
        $lines = explode("\n", (string) file_get_contents(self::ROOT . "/docs/$document"));
        $rows = [];
        foreach ($lines as $at => $line) {
            $isHead = str_starts_with($lines[$at + 1] ?? '', '|---');
            if (str_starts_with($line, '|') && !str_starts_with($line, '|---') && !$isHead) {
                $rows[] = array_map('trim', explode(' | ', substr($line, 1, -1)));
            }
        }

        return $rows;
    }
}
