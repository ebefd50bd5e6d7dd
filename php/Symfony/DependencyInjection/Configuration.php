<?php

declare(strict_types=1);

namespace Mj\Symfony\DependencyInjection;

use Symfony\Component\Config\Definition\Builder\ArrayNodeDefinition;
use Symfony\Component\Config\Definition\Builder\TreeBuilder;
use Symfony\Component\Config\Definition\ConfigurationInterface;

/** What `config/packages/mj.yaml` may say. `bin/console config:dump-reference mj` shows it. */
final class Configuration implements ConfigurationInterface
{
    public function getConfigTreeBuilder(): TreeBuilder
    {
        $tree = new TreeBuilder('mj');
        $root = $tree->getRootNode();
        assert($root instanceof ArrayNodeDefinition);
        $children = $root->children();
        $children->arrayNode('config')
            ->info('What mj_configure() takes, over php.ini; docs/configuration.md has it all. What is null or empty, php.ini decides.')
            ->example(['user_token' => '%env(default::MJ_USER_TOKEN)%', 'guild_id' => '%env(default::MJ_GUILD_ID)%'])
            ->normalizeKeys(false)
            ->useAttributeAsKey('name')
            ->variablePrototype();
        $children->scalarNode('consumer')
            ->info('Who reads the feed of changes in mj:sync. Another name begins at its beginning.')
            ->defaultValue('symfony');
        $children->booleanNode('tell_at_once')
            ->info('Whether listeners are told of a change, too, by the process that sees it: for an application without mj:sync.')
            ->defaultFalse();

        return $tree;
    }
}
