// Colours and language, both remembered in cookies, as the studio writes the page in them.

import { $, announce } from './dom.js';
import { say, told } from './language.js';

/** Seconds. */
const YEAR = 31536000;

/** Where css/dark.css counts, by the colours that were chosen. */
const DARK = { auto: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' };
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };

function remember(name, value) {
  const path = new URL(document.baseURI).pathname;
  document.cookie = `${name}=${value}; path=${path}; max-age=${YEAR}; samesite=strict`;
}

export function appearance() {
  $('language').addEventListener('click', () => {
    remember('mj_lang', told.language === 'zh' ? 'en' : 'zh');
    location.reload();
  });
  $('theme').addEventListener('click', () => {
    const root = document.documentElement;
    root.dataset.theme = NEXT[root.dataset.theme];
    $('dark').media = DARK[root.dataset.theme];
    remember('mj_theme', root.dataset.theme);
    announce(say(`theme_${root.dataset.theme}`));
  });
}
