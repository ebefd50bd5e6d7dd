--TEST--
An archive is an absolute path or a whole S3 bucket
--EXTENSIONS--
mj
--FILE--
<?php
require __DIR__ . '/hub.inc';
thrown(fn () => mj_configure(hub(['archive' => 'pictures'])));
thrown(fn () => mj_configure(hub(['archive' => 's3://pictures/mj'])));
thrown(fn () => mj_configure(hub(['archive' => 's3://pictures', 'archive_key' => 'hush'])));
thrown(fn () => mj_configure(hub(['archive_secret' => 'hush'])));
thrown(fn () => mj_configure(hub(['archive' => '/srv/pictures', 'archive_region' => 'eu-west-1'])));
thrown(fn () => mj_configure(hub(['archive' => 's3://pictures', 'archive_endpoint' => 's3.example.com'])));
thrown(fn () => mj_configure(hub(['lang' => 'fr'])));
mj_configure(hub(['lang' => 'zh', 'archive' => sys_get_temp_dir()]));
?>
--EXPECT--
Mj\ConfigurationException: archive: must be the absolute path of a directory, or s3://bucket/prefix
Mj\ConfigurationException: mj.archive_key: is missing: mj.archive is a bucket
Mj\ConfigurationException: mj.archive_secret: is missing: mj.archive is a bucket
Mj\ConfigurationException: archive_secret: needs mj.archive, set to s3://bucket
Mj\ConfigurationException: archive_region: is for s3://bucket only, and mj.archive names a directory
Mj\ConfigurationException: archive_endpoint: must be an address that starts with https:// or http://
Mj\ConfigurationException: lang: must be one of en, zh
