<?php

/**
 * The HTML of the studio.
 *
 * @var Mj\Studio\Page $page
 * @var string|null    $token    null shows the login
 * @var bool           $canLeave whether there is a session to leave
 */

declare(strict_types=1);

use Mj\Studio\Assets;

?>
<!doctype html>
<html lang="<?= $page->tag() ?>" data-theme="<?= $page->theme() ?>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<base href="<?= $page->base() ?>/">
<title><?= $page->say('title') ?></title>
<link rel="icon" href="<?= Assets::address('icon.svg') ?>" type="image/svg+xml">
<?php foreach (Assets::STYLES as $style): ?>
<link rel="stylesheet" href="<?= Assets::address("css/$style.css") ?>">
<?php endforeach ?>
<link rel="stylesheet" href="<?= Assets::address('css/dark.css') ?>" id="dark" media="<?= $page->dark() ?>">
<?php foreach (Assets::scripts() as $script): ?>
<link rel="modulepreload" href="<?= Assets::address($script) ?>">
<?php endforeach ?>
<script type="application/json" id="told"><?= $page->told($token) ?></script>
<script type="module" src="<?= Assets::address('js/studio.js') ?>"></script>
</head>
<body>
<svg hidden>
<symbol id="i-sail" viewBox="0 0 24 24"><path d="M13 3c4 3.2 5.6 7.2 5.6 11.4H13zM11.4 6.4v8H5.6c.8-3.4 2.6-6 5.8-8zM4 16.4h16c-.8 3-3 4.6-5.4 4.6H9.4C7 21 4.8 19.4 4 16.4z" fill="currentColor" stroke="none"/></symbol>
<symbol id="i-create" viewBox="0 0 24 24"><path d="M12 3l1.9 5.6L19.5 10.5l-5.6 1.9L12 18l-1.9-5.6L4.5 10.5l5.6-1.9zM19 16l.8 2.2L22 19l-2.2.8L19 22l-.8-2.2L16 19l2.2-.8z"/></symbol>
<symbol id="i-gallery" viewBox="0 0 24 24"><rect x="3.5" y="3.5" width="7" height="7" rx="1.5"/><rect x="13.5" y="3.5" width="7" height="7" rx="1.5"/><rect x="3.5" y="13.5" width="7" height="7" rx="1.5"/><rect x="13.5" y="13.5" width="7" height="7" rx="1.5"/></symbol>
<symbol id="i-system" viewBox="0 0 24 24"><path d="M3 12h4l3-7 4 14 3-7h4"/></symbol>
<symbol id="i-theme" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8.5"/><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/></symbol>
<symbol id="i-search" viewBox="0 0 24 24"><circle cx="11" cy="11" r="6.5"/><path d="M16 16l4.5 4.5"/></symbol>
<symbol id="i-arrow" viewBox="0 0 24 24"><path d="M12 19V5M5.5 11.5L12 5l6.5 6.5"/></symbol>
<symbol id="i-close" viewBox="0 0 24 24"><path d="M6 6l12 12M18 6L6 18"/></symbol>
<symbol id="i-picture" viewBox="0 0 24 24"><rect x="3.5" y="4.5" width="17" height="15" rx="2.5"/><circle cx="9" cy="10" r="1.7"/><path d="M4 17l5-4 3.5 2.8L16 12l4.5 4"/></symbol>
<symbol id="i-attach" viewBox="0 0 24 24"><path d="M12 5v14M5 12h14"/></symbol>
<symbol id="i-previous" viewBox="0 0 24 24"><path d="M14.5 5.5L8 12l6.5 6.5"/></symbol>
<symbol id="i-following" viewBox="0 0 24 24"><path d="M9.5 5.5L16 12l-6.5 6.5"/></symbol>
<symbol id="i-download" viewBox="0 0 24 24"><path d="M12 4v11M6.5 10.5L12 16l5.5-5.5M5 20h14"/></symbol>
<symbol id="i-leave" viewBox="0 0 24 24"><path d="M14 4h4.5A1.5 1.5 0 0 1 20 5.5v13a1.5 1.5 0 0 1-1.5 1.5H14M10 8l-4 4 4 4M6 12h9"/></symbol>
</svg>
<a class="skip" href="#main"><?= $page->say('skip') ?></a>
<header class="top">
  <a class="brand" href="#create"><svg class="icon" aria-hidden="true"><use href="#i-sail"/></svg><span>mj <b><?= $page->say('studio') ?></b></span></a>
<?php if ($token !== null): ?>
  <nav class="views" aria-label="<?= $page->say('views') ?>">
<?php foreach (['create', 'gallery', 'system'] as $view): ?>
    <a href="#<?= $view ?>" data-view="<?= $view ?>"><svg class="icon" aria-hidden="true"><use href="#i-<?= $view ?>"/></svg><span><?= $page->say($view) ?></span></a>
<?php endforeach ?>
  </nav>
<?php endif ?>
  <div class="tools">
<?php if ($token !== null): ?>
    <a class="health" href="#system" id="health" data-state="unknown"><i aria-hidden="true"></i><span></span></a>
<?php endif ?>
    <button type="button" class="plain" id="language" lang="<?= $page->isChinese() ? 'en' : 'zh-Hans' ?>"><?= $page->isChinese() ? 'English' : '中文' ?></button>
    <button type="button" class="plain round" id="theme" aria-label="<?= $page->say('theme') ?>" title="<?= $page->say('theme') ?>"><svg class="icon" aria-hidden="true"><use href="#i-theme"/></svg></button>
<?php if ($token !== null && $canLeave): ?>
    <button type="button" class="plain round" id="leave" aria-label="<?= $page->say('leave') ?>" title="<?= $page->say('leave') ?>"><svg class="icon" aria-hidden="true"><use href="#i-leave"/></svg></button>
<?php endif ?>
  </div>
</header>
<main id="main" tabindex="-1">
<?php if ($token === null): ?>
  <form class="login" id="login">
    <svg class="icon" aria-hidden="true"><use href="#i-sail"/></svg>
    <h1><?= $page->say('welcome') ?></h1>
    <p><?= $page->say('login_hint') ?></p>
    <label><span><?= $page->say('secret') ?></span><input type="password" name="secret" autocomplete="current-password" required maxlength="1024"></label>
    <p class="trouble" role="alert" hidden></p>
    <button class="primary"><?= $page->say('enter') ?></button>
  </form>
<?php else: ?>
  <section data-page="create" aria-labelledby="h-create">
    <h1 id="h-create" class="lead"><?= $page->say('lead') ?></h1>
    <form class="composer" id="composer" autocomplete="off">
      <div class="kinds" role="group" aria-label="<?= $page->say('kinds') ?>">
<?php foreach (['imagine', 'describe', 'blend', 'shorten'] as $kind): ?>
        <button type="button" class="kind" data-kind="<?= $kind ?>" aria-pressed="<?= $kind === 'imagine' ? 'true' : 'false' ?>"><?= $page->say($kind) ?></button>
<?php endforeach ?>
      </div>
      <div data-for="imagine shorten">
        <label class="unseen" for="prompt"><?= $page->say('prompt') ?></label>
        <textarea id="prompt" name="prompt" rows="2" maxlength="6000" placeholder="<?= $page->say('prompt_hint') ?>"></textarea>
      </div>
      <div id="pictures" hidden>
        <label class="drop" id="drop"><input type="file" id="files" accept="image/png,image/jpeg,image/webp,image/gif">
          <svg class="icon" aria-hidden="true"><use href="#i-picture"/></svg><span id="drop-hint"></span></label>
        <ul class="thumbs" id="thumbs" aria-label="<?= $page->say('chosen') ?>"></ul>
      </div>
      <div class="bar">
        <label class="attach" data-for="imagine" title="<?= $page->say('attach') ?>"><input type="file" id="attach" accept="image/png,image/jpeg,image/webp,image/gif" multiple aria-label="<?= $page->say('attach') ?>"><svg class="icon" aria-hidden="true"><use href="#i-attach"/></svg></label>
        <div class="chips" id="chips" data-for="imagine" role="group" aria-label="<?= $page->say('parameters') ?>"></div>
        <p class="hint" data-for="shorten" hidden><?= $page->say('shorten_hint') ?></p>
        <label class="select" data-for="blend" hidden><span><?= $page->say('shape') ?></span>
          <select id="dimensions"><option value=""><?= $page->say('square') ?></option><option value="portrait"><?= $page->say('portrait') ?></option><option value="landscape"><?= $page->say('landscape') ?></option></select></label>
        <button class="primary send" id="send"><span><?= $page->say('imagine') ?></span><svg class="icon" aria-hidden="true"><use href="#i-arrow"/></svg></button>
      </div>
      <p class="trouble" id="trouble" role="alert" hidden></p>
    </form>
    <h2 class="unseen"><?= $page->say('latest') ?></h2>
    <div class="feed" id="feed"></div>
  </section>
  <section data-page="gallery" aria-labelledby="h-gallery" hidden>
    <div class="head">
      <h1 id="h-gallery"><?= $page->say('gallery') ?></h1>
      <form class="search" role="search" id="search"><svg class="icon" aria-hidden="true"><use href="#i-search"/></svg><input type="search" id="words" aria-label="<?= $page->say('search') ?>" placeholder="<?= $page->say('search') ?>" maxlength="200"></form>
    </div>
    <div class="filters" id="filters" role="group" aria-label="<?= $page->say('filter') ?>">
<?php foreach (['all', 'pictures', 'upscales', 'words', 'open', 'failed'] as $kind): ?>
      <button type="button" class="chip" data-kind="<?= $kind ?>" aria-pressed="<?= $kind === 'all' ? 'true' : 'false' ?>"><?= $page->say("kind_$kind") ?></button>
<?php endforeach ?>
    </div>
    <ul class="tiles" id="tiles" aria-label="<?= $page->say('gallery') ?>"></ul>
    <p class="empty" id="none" hidden></p>
    <p class="more"><button type="button" class="quiet" id="more" hidden><?= $page->say('more') ?></button>
      <a class="quiet" id="all" download hidden><svg class="icon" aria-hidden="true"><use href="#i-download"/></svg><span></span></a></p>
  </section>
  <section data-page="system" aria-labelledby="h-system" hidden>
    <h1 id="h-system"><?= $page->say('system') ?></h1>
    <div id="status"></div>
    <div class="panel">
      <div class="head"><div><h2><?= $page->say('doctor') ?></h2><p><?= $page->say('doctor_hint') ?></p></div><button type="button" class="quiet" id="examine"><?= $page->say('examine') ?></button></div>
      <div id="report" aria-live="polite"></div>
    </div>
  </section>
<?php endif ?>
</main>
<dialog id="viewer" aria-labelledby="viewer-title"></dialog>
<div class="notice" id="notice" popover="manual"></div>
<div class="unseen" id="said" role="status" aria-live="polite"></div>
<noscript><p class="empty"><?= $page->say('noscript') ?></p></noscript>
</body>
</html>
