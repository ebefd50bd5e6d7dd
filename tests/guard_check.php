<?php

/** A panic in Rust reaches PHP as an exception that can be caught, and PHP goes on. `make test-guard` runs it. */

declare(strict_types=1);

foreach ([1, 2] as $time) {
    try {
        mj_panic();
        echo "guard-check: nothing thrown\n";
        exit(1);
    } catch (Error $e) {
        if (!str_contains($e->getMessage(), 'nothing above three')) {
            echo 'guard-check: ', $e->getMessage(), "\n";
            exit(1);
        }
    }
}
echo "guard-check: a panic is an Error\n";
