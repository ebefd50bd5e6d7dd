<?php

declare(strict_types=1);

namespace Mj\Tests\Simulator\Documents;

use PhpParser\Node;
use PhpParser\Node\Expr;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitor\NameResolver;
use PhpParser\NodeVisitorAbstract;
use PhpParser\ParserFactory;

/**
 * Looks for names of ours in PHP code, and complains of those that there are not.
 *
 * It follows the types of variables only so far as examples need: from `new`, from what our methods give back, from the
 * types of parameters.
 */
final class Code extends NodeVisitorAbstract
{
    /** The shapes of what functions give back. */
    private const SHAPES = [
        'mj_poll' => 'MjTask', 'mj_wait' => 'MjTask', 'mj_status' => 'MjStatus', 'mj_doctor' => 'MjReport',
    ];

    /** @var list<string> */
    private array $complaints = [];

    /** @var array<string, string> classes and shapes by variable */
    private array $types = [];

    private function __construct(private Names $names) {}

    /** @return list<string> what is wrong with the code */
    public static function complaints(Names $names, string $code): array
    {
        $visitor = new self($names);
        $traverser = new NodeTraverser();
        $traverser->addVisitor(new NameResolver());
        $traverser->addVisitor($visitor);
        try {
            $traverser->traverse((array) (new ParserFactory())->create(ParserFactory::PREFER_PHP7)->parse($code));
        } catch (\PhpParser\Error $error) {
            return [$error->getMessage()];
        }

        return array_values(array_unique($visitor->complaints));
    }

    public function enterNode(Node $node): ?int
    {
        match (true) {
            $node instanceof Node\Name\FullyQualified => $this->name($node),
            $node instanceof Node\Param => $this->parameter($node),
            $node instanceof Expr\FuncCall => $this->call($node),
            $node instanceof Expr\MethodCall, $node instanceof Expr\NullsafeMethodCall => $this->method($node),
            $node instanceof Expr\StaticCall => $this->member($node->class, 'method', $node->name),
            $node instanceof Expr\ClassConstFetch => $this->member($node->class, 'constant', $node->name),
            $node instanceof Expr\PropertyFetch, $node instanceof Expr\NullsafePropertyFetch => $this->property($node),
            $node instanceof Expr\New_ => $this->made($node),
            $node instanceof Expr\ArrayDimFetch => $this->key($node),
            default => null,
        };

        return null;
    }

    public function leaveNode(Node $node): ?int
    {
        if ($node instanceof Expr\Assign && $node->var instanceof Expr\Variable && is_string($node->var->name)) {
            $this->types[$node->var->name] = (string) $this->type($node->expr);
        }

        return null;
    }

    private function name(Node\Name $name): void
    {
        $class = $name->toString();
        if (str_starts_with($class, 'Mj\\') && !$this->names->hasClass($class)) {
            $this->complaints[] = "there is no class $class";
        }
    }

    private function parameter(Node\Param $parameter): void
    {
        if ($parameter->type instanceof Node\Name && $parameter->var instanceof Expr\Variable) {
            $name = (string) $parameter->var->name;
            $this->types[$parameter->flags === 0 ? $name : "this->$name"] = $parameter->type->toString();
        }
    }

    private function call(Expr\FuncCall $call): void
    {
        $name = $call->name instanceof Node\Name ? $call->name->getLast() : '';
        if (!str_starts_with($name, 'mj_')) {
            return;
        }
        $arguments = $this->names->function($name);
        if ($arguments === null) {
            $this->complaints[] = "there is no function $name()";

            return;
        }
        $count = count($call->args);
        if ($count < $arguments[0] || $count > $arguments[1]) {
            $this->complaints[] = "$name() takes {$arguments[0]} to {$arguments[1]} arguments, not $count";
        }
        $words = 'Mj' . str_replace('_', '', ucwords(substr($name, 3), '_'));
        $this->options($call->args, "{$words}Options", $this->names->keys("{$words}Config") ?? $this->names->keys("{$words}Filter"));
    }

    private function method(Expr\MethodCall|Expr\NullsafeMethodCall $call): void
    {
        $class = $this->type($call->var);
        if ($class === null || !$call->name instanceof Node\Identifier || !str_starts_with($class, 'Mj\\')) {
            return;
        }
        $name = $call->name->toString();
        if (!$this->names->hasMember($class, 'method', $name)) {
            $this->complaints[] = "there is no method $class::$name()";
        }
        if (is_subclass_of($class, \Mj\Client::class) || $class === \Mj\Client::class) {
            $shape = in_array($name, ['upscale', 'variation', 'reroll'], true) ? 'Action' : ucfirst($name);
            $this->options($call->args, "Mj{$shape}Options", $this->names->keys("Mj{$shape}Filter"));
        }
    }

    /** @param string $kind `method` or `constant` */
    private function member(Node $class, string $kind, Node $name): void
    {
        $type = $class instanceof Node\Name ? $class->toString() : '';
        $member = $name instanceof Node\Identifier ? $name->toString() : 'class';
        if (str_starts_with($type, 'Mj\\') && $member !== 'class' && !$this->names->hasMember($type, $kind, $member)) {
            $this->complaints[] = "there is no $kind $type::$member";
        }
    }

    private function property(Expr\PropertyFetch|Expr\NullsafePropertyFetch $fetch): void
    {
        $class = $this->type($fetch->var);
        $name = $fetch->name instanceof Node\Identifier ? $fetch->name->toString() : null;
        if ($class !== null && $name !== null && str_starts_with($class, 'Mj\\') && !$this->names->hasMember($class, 'property', $name)) {
            $this->complaints[] = "there is no property $class::\$$name";
        }
    }

    private function made(Expr\New_ $new): void
    {
        if ($new->class instanceof Node\Name && $new->class->toString() === \Mj\Midjourney::class) {
            $this->options($new->args, 'MjConfigureConfig', null);
        }
    }

    private function key(Expr\ArrayDimFetch $fetch): void
    {
        $keys = $this->names->keys((string) $this->type($fetch->var));
        if ($keys !== null && $fetch->dim instanceof Node\Scalar\String_ && !in_array($fetch->dim->value, $keys, true)) {
            $this->complaints[] = "there is no key {$fetch->dim->value} in " . $this->type($fetch->var);
        }
    }

    /**
     * @param array<Node\Arg|Node\VariadicPlaceholder> $arguments
     * @param list<string>|null                        $further   keys where there are no options
     */
    private function options(array $arguments, string $shape, ?array $further): void
    {
        $known = $this->names->keys($shape) ?? $further;
        $last = end($arguments);
        $value = $last instanceof Node\Arg ? $last->value : null;
        foreach ($known !== null && $value instanceof Expr\Array_ ? $value->items : [] as $item) {
            $key = $item?->key;
            if ($key instanceof Node\Scalar\String_ && !in_array($key->value, $known, true)) {
                $this->complaints[] = "there is no {$key->value} in $shape";
            }
        }
    }

    /** The class or the shape of an expression. */
    private function type(Expr $expression): ?string
    {
        $type = match (true) {
            $expression instanceof Expr\Variable => is_string($expression->name) ? $this->types[$expression->name] ?? null : null,
            $expression instanceof Expr\New_ => $expression->class instanceof Node\Name ? $expression->class->toString() : null,
            $expression instanceof Expr\FuncCall => $this->given($expression),
            $expression instanceof Expr\MethodCall,
            $expression instanceof Expr\NullsafeMethodCall,
            $expression instanceof Expr\PropertyFetch,
            $expression instanceof Expr\NullsafePropertyFetch => $this->of($expression),
            $expression instanceof Expr\StaticCall => $expression->class instanceof Node\Name && $expression->name instanceof Node\Identifier
                ? $this->names->typeOf($expression->class->toString(), $expression->name->toString())
                : null,
            default => null,
        };

        return $type === '' ? null : $type;
    }

    /** What a function gives back; `app()` of a container what it is asked for. */
    private function given(Expr\FuncCall $call): ?string
    {
        $name = $call->name instanceof Node\Name ? $call->name->getLast() : '';
        $asked = isset($call->args[0]) && $call->args[0] instanceof Node\Arg ? $call->args[0]->value : null;
        if (in_array($name, ['app', 'resolve'], true) && $asked instanceof Expr\ClassConstFetch && $asked->class instanceof Node\Name) {
            return $asked->class->toString();
        }

        return self::SHAPES[$name] ?? null;
    }

    private function of(Expr\MethodCall|Expr\NullsafeMethodCall|Expr\PropertyFetch|Expr\NullsafePropertyFetch $expression): ?string
    {
        if (!$expression->name instanceof Node\Identifier) {
            return null;
        }
        $name = $expression->name->toString();
        if ($expression->var instanceof Expr\Variable && $expression->var->name === 'this') {
            return $this->types["this->$name"] ?? null;
        }
        $class = $this->type($expression->var);

        return $class === null ? null : $this->names->typeOf($class, $name);
    }
}
