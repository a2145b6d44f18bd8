import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { lintKeymap } from '@codemirror/lint'
import { EditorState, Prec, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder, tooltips } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { PromQLExtension } from '@prometheus-io/codemirror-promql'
import { nonce } from '../../nonce'
import { problems, type FindProblem } from './problems'

export interface EditorOptions {
  parent: HTMLElement
  label: string
  text: string
  onChange: (text: string) => void
  onRun: (text: string) => void
  /** What is wrong with a text, by whoever runs it. */
  findProblem: FindProblem
}

const NAMES_LIVE_MS = 60_000

export function createEditor({ parent, label, text, onChange, onRun, findProblem }: EditorOptions): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: (view) => ran(view, onRun) }])),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString())
        }),
        editing,
        promql(),
        problems(findProblem),
        look,
        placeholder('PromQL, such as rate(node_network_io[1m])'),
        EditorView.contentAttributes.of({ 'aria-label': label }),
      ],
    }),
  })
}

/** Puts another text in the field; one that stands there already leaves cursor and history alone. */
export function setText(view: EditorView, text: string): void {
  const current = view.state.doc.toString()
  if (current !== text) view.dispatch({ changes: { from: 0, to: current.length, insert: text } })
}

function ran(view: EditorView, onRun: (text: string) => void): boolean {
  onRun(view.state.doc.toString())
  return true
}

/** Names and labels for the completion come from this server, and so does what is wrong: the grammar here knows less than the one that runs. */
function promql(): Extension {
  return new PromQLExtension()
    .activateLinter(false)
    .setComplete({ remote: { url: '', cache: { maxAge: NAMES_LIVE_MS }, httpMethod: 'GET' } })
    .asExtension()
}

const editing: Extension = [
  highlightSpecialChars(),
  history(),
  drawSelection(),
  bracketMatching(),
  closeBrackets(),
  autocompletion({ icons: false }),
  tooltips({ position: 'fixed' }),
  EditorView.lineWrapping,
  // Tab leaves the field: a keyboard must not be trapped in it.
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
]

const colours = HighlightStyle.define([
  { tag: tags.function(tags.variableName), color: 'var(--fw-code-function)' },
  { tag: tags.string, color: 'var(--fw-code-string)' },
  { tag: tags.number, color: 'var(--fw-code-number)' },
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--fw-code-keyword)' },
  { tag: tags.comment, color: 'var(--fw-muted)', fontStyle: 'italic' },
])

const look: Extension = [
  syntaxHighlighting(colours),
  EditorView.theme({
    '&': { fontSize: '13px', color: 'var(--fw-text)' },
    '&.cm-focused': { outline: 'none' },
    '.cm-content': { fontFamily: 'var(--fw-mono)', padding: '6px 0', caretColor: 'var(--fw-text)' },
    '.cm-cursor': { borderLeftColor: 'var(--fw-text)' },
    '.cm-placeholder': { color: 'var(--fw-muted)' },
    '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { background: 'var(--fw-accent-soft)' },
    '.cm-tooltip': { background: 'var(--fw-raised)', border: '1px solid var(--fw-line)', borderRadius: '6px', boxShadow: 'var(--fw-shadow)' },
    '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--fw-accent)', color: 'var(--fw-accent-text)' },
    '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--fw-critical)', textUnderlineOffset: '3px' },
    '.cm-diagnostic-error': { borderLeftColor: 'var(--fw-critical)' },
    '.cm-completionInfo': { maxWidth: '360px', padding: '8px 10px' },
    '.cm-completionDetail': { color: 'inherit', opacity: '0.8' },
  }),
]
