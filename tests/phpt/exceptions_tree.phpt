--TEST--
Exceptions form one tree under RuntimeException
--EXTENSIONS--
mj
--FILE--
<?php
foreach ((new ReflectionExtension('mj'))->getClassNames() as $name) {
    echo $name, ' < ', get_parent_class($name), "\n";
}
$full = new Mj\QueueFullException('full', 3);
var_dump($full->retryAfter, $full->getMessage(), $full->getCode());
var_dump((new Mj\ActionUnavailableException())->reason);
try {
    $full->retryAfter = 'soon';
} catch (TypeError $e) {
    echo $e->getMessage(), "\n";
}
var_dump(unserialize(serialize($full))->getMessage());
?>
--EXPECT--
Mj\MjException < RuntimeException
Mj\ConfigurationException < Mj\MjException
Mj\StorageException < Mj\MjException
Mj\QueueFullException < Mj\MjException
Mj\ActionUnavailableException < Mj\MjException
Mj\EngineException < Mj\MjException
int(0)
string(4) "full"
int(3)
string(0) ""
Cannot assign string to property Mj\QueueFullException::$retryAfter of type int
string(4) "full"
