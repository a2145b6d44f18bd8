import { parser } from '@prometheus-io/lezer-promql'
import type { SyntaxNode } from '@lezer/common'
import { compares, EMPTY, KNOWN, MATCH_OPERATORS, parametersOf, type Built, type Matcher, type Operation } from './model'

export type Reading = { built: Built } | { unsupported: string }

/** A query as the builder shows it; or the part that it has no place for, so that nothing is lost by trying. */
export function readBuilt(text: string): Reading {
  if (text.trim() === '') return { built: EMPTY }
  const { topNode } = parser.parse(text)
  const reader = new Reader(text)
  try {
    reader.refuseWhatIsLost(topNode)
    const expression = topNode.firstChild
    if (!expression) throw new Unsupported(text)
    return { built: reader.expression(expression) }
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.part }
    throw error
  }
}

class Unsupported extends Error {
  readonly part: string

  constructor(part: string) {
    super(`the builder has no place for ${part}`)
    this.part = part
  }
}

/** Reads one text from the outermost operation inwards. */
class Reader {
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Comments, and what is no PromQL. */
  refuseWhatIsLost(top: SyntaxNode): void {
    top.cursor().iterate(({ type, from, to }) => {
      if (type.isError) throw new Unsupported(this.text.slice(from, Math.max(to, from + 1)) || 'its end')
      if (type.name === 'LineComment') throw new Unsupported(this.text.slice(from, to))
    })
  }

  expression(node: SyntaxNode): Built {
    if (node.name === 'ParenExpr') return this.expression(this.only(childrenOf(node), node))
    if (node.name === 'VectorSelector') return { ...this.selector(node), operations: [] }
    if (node.name === 'BinaryExpr') return this.binary(node)
    if (node.name === 'AggregateExpr') return this.aggregate(node)
    if (node.name === 'FunctionCall') return this.call(node)
    throw this.unsupported(node)
  }

  private binary(node: SyntaxNode): Built {
    const [left, operator, ...rest] = childrenOf(node)
    const right = rest.at(-1)
    const bool = rest.length === 2 && rest[0]?.name === 'BoolModifier'
    if (!left || !operator || right?.name !== 'NumberDurationLiteral' || rest.length !== (bool ? 2 : 1)) throw this.unsupported(right ?? node)
    const name = this.of(operator)
    if (!KNOWN.binary[name] || (bool && !compares(name))) throw this.unsupported(operator)
    if (left.name === 'BinaryExpr' && !bindsTighter(this.operatorOf(left), name)) throw this.unsupported(node)
    return this.with(this.expression(left), { kind: 'binary', name, bool, parameters: [this.of(right)] })
  }

  private operatorOf(node: SyntaxNode): string {
    const operator = childrenOf(node)[1]
    return operator ? this.of(operator) : ''
  }

  private aggregate(node: SyntaxNode): Built {
    const name = this.of(this.child(node, 'AggregateOp')).toLowerCase()
    const modifier = node.getChild('AggregateModifier')
    const labels = modifier ? childrenOf(this.child(modifier, 'GroupingLabels')).map((label) => this.label(label)) : []
    const grouping = modifier?.getChild('Without') ? 'without' : 'by'
    const { inner, parameters } = this.arguments(node, 'aggregate', name)
    return this.with(this.expression(inner), { kind: 'aggregate', name, grouping, labels, parameters })
  }

  private call(node: SyntaxNode): Built {
    const name = this.of(this.child(node, 'FunctionIdentifier'))
    const kind = KNOWN.range[name] ? 'range' : 'function'
    const { inner, parameters } = this.arguments(node, kind, name)
    if (kind === 'function') return this.with(this.expression(inner), { kind, name, parameters })
    if (inner.name !== 'MatrixSelector') throw this.unsupported(inner)
    const window = this.of(this.child(inner, 'DurationExpr'))
    return { ...this.selector(this.child(inner, 'VectorSelector')), operations: [{ kind, name, window, parameters }] }
  }

  /** What a function is applied to, and its numbers. */
  private arguments(node: SyntaxNode, kind: 'aggregate' | 'range' | 'function', name: string): { inner: SyntaxNode; parameters: string[] } {
    const known = KNOWN[kind][name]
    if (!known) throw this.unsupported(node)
    const given = childrenOf(this.child(node, 'FunctionCallBody'))
    const place = known.before?.length ?? 0
    const inner = given[place]
    const numbers = given.filter((_, index) => index !== place)
    // What may be left out has its usual value then, but for a function whose only number says how to round.
    if (!inner || numbers.length > parametersOf({ kind, name }).length) throw this.unsupported(node)
    numbers.forEach((number) => {
      if (number.name !== 'NumberDurationLiteral') throw this.unsupported(number)
    })
    const usual = parametersOf({ kind, name }).map((parameter) => parameter.usual)
    return { inner, parameters: usual.map((one, index) => (numbers[index] ? this.of(numbers[index]) : one)) }
  }

  private selector(node: SyntaxNode): Pick<Built, 'metric' | 'matchers'> {
    const list = node.getChild('LabelMatchers')
    const quoted = list?.getChild('QuotedLabelName')
    const plain = node.getChild('Identifier')
    const parts = list ? childrenOf(list).filter((part) => part.name !== 'QuotedLabelName') : []
    const metric = quoted ? this.string(quoted) : ''
    return { metric: plain ? this.of(plain) : metric, matchers: parts.map((part) => this.matcher(part)) }
  }

  private matcher(node: SyntaxNode): Matcher {
    const [label, operator, value] = childrenOf(node)
    if (!label || !operator || !value) throw this.unsupported(node)
    const known = MATCH_OPERATORS.find((one) => one === this.of(operator))
    if (!known) throw this.unsupported(operator)
    return { label: this.label(label), operator: known, value: this.string(value) }
  }

  private label(node: SyntaxNode): string {
    return node.name === 'QuotedLabelName' ? this.string(node) : this.of(node)
  }

  /** A string in any of the three quotes. */
  private string(node: SyntaxNode): string {
    const written = this.of(node)
    const inside = written.slice(1, -1)
    if (written.startsWith('`') || (written.startsWith("'") && !/["\\]/.test(inside))) return inside
    try {
      return String(JSON.parse(written))
    } catch {
      throw this.unsupported(node)
    }
  }

  private with(built: Built, operation: Operation): Built {
    return { ...built, operations: [...built.operations, operation] }
  }

  private child(node: SyntaxNode, name: string): SyntaxNode {
    const found = node.getChild(name)
    if (!found) throw this.unsupported(node)
    return found
  }

  private only(nodes: readonly SyntaxNode[], parent: SyntaxNode): SyntaxNode {
    const [first, ...others] = nodes
    if (!first || others.length > 0) throw this.unsupported(parent)
    return first
  }

  private of({ from, to }: SyntaxNode): string {
    return this.text.slice(from, to)
  }

  private unsupported(node: SyntaxNode): Unsupported {
    return new Unsupported(this.of(node))
  }
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child)
  return found
}

/** `a * 2 > 1` is `(a * 2) > 1`: what stands left binds as tight or tighter, and `^` is read from the right. */
function bindsTighter(left: string, right: string): boolean {
  return right !== '^' && precedence(left) >= precedence(right)
}

function precedence(operator: string): number {
  if (operator === '^') return 4
  if (['*', '/', '%'].includes(operator)) return 3
  return compares(operator) ? 1 : 2
}
