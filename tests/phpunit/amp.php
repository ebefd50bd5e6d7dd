<?php

/** Loads Amp 2 as Debian has it (php-amphp-amp), whose loader leaves its functions out. */

declare(strict_types=1);

foreach (['autoload', 'functions', 'Internal/functions'] as $file) {
    require "/usr/share/php/Amp/$file.php";
}
