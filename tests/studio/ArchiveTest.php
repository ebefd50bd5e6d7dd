<?php

declare(strict_types=1);

namespace Mj\Tests\Studio;

/** Pictures of several tasks in one ZIP file. */
final class ArchiveTest extends StudioTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        $this->enter();
    }

    public function testItHasEachPictureOnceAndIsWhole(): void
    {
        $cat = $this->mj->wait($this->mj->imagine('a cat'));
        $dog = $this->mj->wait($this->mj->imagine('a dog'));
        $answer = $this->ask('GET', "pictures.zip?tasks={$cat->id}_$dog->id");
        self::assertSame([200, 'application/zip'], [$answer->status, $answer->headers['Content-Type']]);
        self::assertMatchesRegularExpression('/^attachment; filename="mj-[\d-]+\.zip"$/', $answer->headers['Content-Disposition']);
        $files = self::unpacked(self::text($answer));
        self::assertSame(["$cat->id-1.png", "$dog->id-1.png"], array_keys($files));
        self::assertSame(self::text($this->ask('GET', "pictures/$dog->id/0")), $files["$dog->id-1.png"]);
    }

    public function testAGridComesWithItsCells(): void
    {
        $grid = $this->mj->wait($this->mj->imagine('a cat'));
        $answer = $this->ask('GET', "pictures.zip?tasks=$grid->id&cells=1");
        self::assertStringContainsString("\"$grid->id.zip\"", $answer->headers['Content-Disposition']);
        $files = self::unpacked(self::text($answer));
        self::assertSame("$grid->id-1.png", array_key_first($files));
        self::assertGreaterThan(1, count(preg_grep('/-cell-\d\.png$/', array_keys($files)) ?: []));
    }

    public function testWhatHasNoPictureIsLeftOut(): void
    {
        $cat = $this->mj->wait($this->mj->imagine('a cat'));
        $open = $this->mj->imagine('a dog');
        $gone = str_repeat('0', 26);
        self::assertCount(1, self::unpacked(self::text($this->ask('GET', "pictures.zip?tasks={$open->id}_{$gone}_$cat->id"))));
        self::assertRefused(404, 'no_image', $this->ask('GET', "pictures.zip?tasks={$open->id}_$gone"));
    }

    public function testOnlyIdsAreTaken(): void
    {
        foreach (['', '../key', implode('_', array_fill(0, 51, str_repeat('0', 26)))] as $bad) {
            self::assertRefused(422, 'invalid', $this->ask('GET', 'pictures.zip?tasks=' . rawurlencode($bad)));
        }
    }

    /**
     * What another program finds in it; it checks the sums too.
     *
     * @return array<string, string>
     */
    private static function unpacked(string $bytes): array
    {
        $script = 'import base64, io, json, sys, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); assert z.testzip() is None; '
            . 'print(json.dumps({i.filename: base64.b64encode(z.read(i)).decode() for i in z.infolist()}))';
        $process = proc_open(['python3', '-c', $script], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes);
        self::assertIsResource($process);
        fwrite($pipes[0], $bytes);
        fclose($pipes[0]);
        $told = (string) stream_get_contents($pipes[1]);
        self::assertSame(0, proc_close($process), 'Python cannot read it');

        return array_map('base64_decode', json_decode($told, true, 4, JSON_THROW_ON_ERROR));
    }
}
