export interface Command {
  id: string
  label: string
  about: string
  run: () => void
}

const MOST_SHOWN = 50

/** The commands that hold every typed word, the earlier they stand in a label, and the shorter it is, the earlier it comes. */
export function findCommands(commands: readonly Command[], text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return commands.slice(0, MOST_SHOWN)
  return commands
    .map((command) => ({ command, rank: rank(command.label.toLowerCase(), words) }))
    .filter((scored) => scored.rank < Infinity)
    .sort((left, right) => left.rank - right.rank || left.command.label.length - right.command.label.length)
    .slice(0, MOST_SHOWN)
    .map((scored) => scored.command)
}

function rank(label: string, words: string[]): number {
  return words.reduce((sum, word) => {
    const at = label.indexOf(word)
    return at < 0 ? Infinity : sum + at
  }, 0)
}
